//! The life of a secret, through the engine's own door.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "helpers of tests may fail loudly"
)]

mod common;

use std::collections::BTreeSet;

use common::{Ground, call, given, new_secret, path, tenant};
use futures_util::{StreamExt, TryStreamExt};
use proptest::prelude::*;
use strongroom_authz::{
    BrowseSecrets, CreateSecret, DeleteSecret, DestroySecretVersion, ListSecrets, PutSecretValue,
    ReadSecret, ReadSecretValue, UpdateSecretPolicy,
};
use strongroom_engine::{
    CreateSecretError, DestroyVersionError, PageRequest, PolicyDocument, PutValueError,
    RevealError, SecretView,
};
use strongroom_types::{Version, VersionStatus};

async fn view(tenant: &common::Tenant, engine: &strongroom_engine::Engine, at: &str) -> SecretView {
    let grant = tenant.grant::<ReadSecret>(engine, path(at)).await;
    engine
        .secrets()
        .read(grant, &call(), true)
        .await
        .unwrap()
        .into_inner()
}

async fn destroy(
    tenant: &common::Tenant,
    engine: &strongroom_engine::Engine,
    at: &str,
    version: u64,
) -> Result<(), DestroyVersionError> {
    let grant = tenant.grant::<DestroySecretVersion>(engine, path(at)).await;
    let version = Version::new(version).unwrap();
    engine
        .secrets()
        .destroy(grant, &call(), version)
        .await
        .map(|done| done.into_inner())
}

#[tokio::test]
async fn versions_come_and_go_and_numbers_are_never_used_twice() {
    let ground = Ground::new();
    let house = ground.open().await;
    let (engine, acme) = (&house.engine, tenant(&house.engine, "acme").await);

    acme.create(engine, "/app/db", b"one").await;
    assert_eq!(acme.put(engine, "/app/db", b"two").await, 2);
    // Larger than what travels inside the head.
    assert_eq!(acme.put(engine, "/app/db", &[7; 4096]).await, 3);
    assert_eq!(
        acme.reveal(engine, "/app/db", None).await.unwrap(),
        [7; 4096]
    );
    assert_eq!(
        acme.reveal(engine, "/app/db", Some(1)).await.unwrap(),
        b"one"
    );
    assert_eq!(
        acme.reveal(engine, "/app/db", Some(2)).await.unwrap(),
        b"two"
    );
    assert!(matches!(
        acme.reveal(engine, "/app/db", Some(4)).await,
        Err(RevealError::VersionNotFound(_))
    ));

    // The current version falls back to the latest that is left.
    destroy(&acme, engine, "/app/db", 3).await.unwrap();
    destroy(&acme, engine, "/app/db", 3).await.unwrap();
    assert_eq!(acme.reveal(engine, "/app/db", None).await.unwrap(), b"two");
    assert!(matches!(
        acme.reveal(engine, "/app/db", Some(3)).await,
        Err(RevealError::VersionDestroyed(_))
    ));
    assert_eq!(acme.put(engine, "/app/db", b"four").await, 4);
    destroy(&acme, engine, "/app/db", 2).await.unwrap();
    destroy(&acme, engine, "/app/db", 4).await.unwrap();
    assert_eq!(acme.reveal(engine, "/app/db", None).await.unwrap(), b"one");
    destroy(&acme, engine, "/app/db", 1).await.unwrap();
    assert!(matches!(
        acme.reveal(engine, "/app/db", None).await,
        Err(RevealError::NoActiveVersion)
    ));
    assert!(matches!(
        destroy(&acme, engine, "/app/db", 9).await,
        Err(DestroyVersionError::VersionNotFound(_))
    ));

    let seen = view(&acme, engine, "/app/db").await;
    let versions = seen.versions.unwrap();
    let numbers: Vec<_> = versions
        .iter()
        .map(|version| version.version.get())
        .collect();
    assert_eq!(numbers, [1, 2, 3, 4]);
    assert!(
        versions
            .iter()
            .all(|version| version.status == VersionStatus::Destroyed)
    );
    assert!(
        versions
            .iter()
            .all(|version| version.destroyed_at.is_some() && !version.current)
    );
    assert_eq!(seen.object_version, 8);
    assert_eq!(acme.put(engine, "/app/db", b"five").await, 5);
    assert_eq!(acme.reveal(engine, "/app/db", None).await.unwrap(), b"five");
    house.close().await;
}

#[tokio::test]
async fn a_deleted_secret_leaves_nothing_and_starts_anew() {
    let ground = Ground::new();
    let house = ground.open().await;
    let (engine, acme) = (&house.engine, tenant(&house.engine, "acme").await);
    acme.create(engine, "/a", b"one").await;
    acme.put(engine, "/a", b"two").await;
    acme.reveal(engine, "/a", None).await.unwrap();
    let grant = acme.grant::<CreateSecret>(engine, path("/a")).await;
    let again = engine
        .secrets()
        .create(grant, &call(), new_secret(acme.key, b"x"))
        .await;
    assert!(matches!(again, Err(CreateSecretError::Exists)));

    let grant = acme.grant::<DeleteSecret>(engine, path("/a")).await;
    let _ = engine.secrets().delete(grant, &call()).await.unwrap();
    assert!(matches!(
        acme.reveal(engine, "/a", None).await,
        Err(RevealError::NotFound)
    ));
    acme.create(engine, "/a", b"anew").await;
    let seen = view(&acme, engine, "/a").await;
    assert_eq!((seen.current_version, seen.object_version), (1, 1));
    assert_eq!(seen.last_accessed_at, None);
    assert_eq!(seen.versions.unwrap().len(), 1);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_puts_are_all_kept() {
    let ground = Ground::new();
    let house = ground.open().await;
    let acme = tenant(&house.engine, "acme").await;
    acme.create(&house.engine, "/a", b"0").await;
    let puts = futures_util::stream::iter(0..200u32)
        .map(|number| {
            let (engine, acme) = (&house.engine, &acme);
            async move { (acme.put(engine, "/a", &number.to_be_bytes()).await, number) }
        })
        .buffer_unordered(64)
        .collect::<Vec<_>>()
        .await;
    let numbers: BTreeSet<_> = puts.iter().map(|(version, _)| *version).collect();
    assert_eq!(numbers, (2..=201).collect());
    for (version, number) in puts {
        let value = acme
            .reveal(&house.engine, "/a", Some(version))
            .await
            .unwrap();
        assert_eq!(value, number.to_be_bytes());
    }
    house.close().await;
}

#[tokio::test]
async fn an_access_policy_gates_values_and_nothing_else() {
    let ground = Ground::new();
    let house = ground.open().await;
    let (engine, acme) = (&house.engine, tenant(&house.engine, "acme").await);
    acme.create(engine, "/a", b"one").await;
    let document = r#"{"conditions":[{"type":"ip","effect":"Allow","cidrs":["10.0.0.0/8"]}]}"#;
    let policy = PolicyDocument::parse(document).unwrap();
    let grant = acme.grant::<UpdateSecretPolicy>(engine, path("/a")).await;
    let _ = engine
        .secrets()
        .set_policy(grant, &call(), policy)
        .await
        .unwrap();

    assert!(matches!(
        acme.reveal(engine, "/a", None).await,
        Err(RevealError::AccessPolicy(_))
    ));
    let grant = acme.grant::<PutSecretValue>(engine, path("/a")).await;
    let put = engine.secrets().put(grant, &call(), given(b"x")).await;
    assert!(matches!(put, Err(PutValueError::AccessPolicy(_))));
    let seen = view(&acme, engine, "/a").await;
    assert_eq!(seen.policy.unwrap().as_str(), document);
    assert_eq!((seen.current_version, seen.last_accessed_at), (1, None));

    let grant = acme.grant::<UpdateSecretPolicy>(engine, path("/a")).await;
    let _ = engine
        .secrets()
        .set_policy(grant, &call(), None)
        .await
        .unwrap();
    assert_eq!(acme.reveal(engine, "/a", None).await.unwrap(), b"one");
    house.close().await;
}

#[tokio::test]
async fn access_times_are_seen_at_once_and_survive_a_clean_stop() {
    let ground = Ground::new();
    let house = ground.open().await;
    let acme = tenant(&house.engine, "acme").await;
    acme.create(&house.engine, "/a", b"one").await;
    acme.put(&house.engine, "/a", b"two").await;
    let before = view(&acme, &house.engine, "/a").await;
    ground.clock.turn(std::time::Duration::from_secs(60));
    acme.reveal(&house.engine, "/a", Some(1)).await.unwrap();
    let at = strongroom_types::Clock::now(&*ground.clock);
    let check = |seen: SecretView| {
        assert_eq!(seen.last_accessed_at, Some(at));
        let versions = seen.versions.unwrap();
        assert_eq!(versions[0].last_accessed_at, Some(at));
        assert_eq!(versions[1].last_accessed_at, None);
        assert_eq!(seen.updated_at, before.updated_at);
        assert_eq!(seen.object_version, before.object_version);
    };
    check(view(&acme, &house.engine, "/a").await);
    house.close().await;
    let house = ground.open().await;
    check(view(&acme, &house.engine, "/a").await);
    house.close().await;
}

/// `lastAccessedAt` is never a write per read: each would cost a sync of the disk.
#[tokio::test]
async fn reveals_write_nothing_until_the_stop() {
    let ground = Ground::new();
    let house = ground.open().await;
    let acme = tenant(&house.engine, "acme").await;
    acme.create(&house.engine, "/a", b"one").await;
    let commits = || house.store.stats().commits;
    let before = commits();
    for _ in 0..200 {
        ground.clock.turn(std::time::Duration::from_secs(1));
        acme.reveal(&house.engine, "/a", None).await.unwrap();
    }
    assert_eq!(commits(), before);
    house.engine.stop().await.unwrap();
    // The secret's time and the token's, and what a stop writes anyway; not one for each reveal.
    let written = commits() - before;
    assert!((1..10).contains(&written), "{written} commits");
    house.drop_hard().await;

    let house = ground.open().await;
    let seen = view(&acme, &house.engine, "/a").await;
    let last = strongroom_types::Clock::now(&*ground.clock);
    assert_eq!(seen.last_accessed_at, Some(last));
    house.close().await;
}

#[tokio::test]
async fn browsing_shows_one_level() {
    let ground = Ground::new();
    let house = ground.open().await;
    let (engine, acme) = (&house.engine, tenant(&house.engine, "acme").await);
    for at in [
        "/a", "/a/b", "/a/b/c", "/a/b-c", "/a/b.d/e", "/a0", "/b/x/y",
    ] {
        acme.create(engine, at, b"v").await;
    }
    for (directory, prefixes, secrets) in [
        ("/", vec!["/a/", "/b/"], vec!["/a", "/a0"]),
        ("/a", vec!["/a/b.d/", "/a/b/"], vec!["/a/b", "/a/b-c"]),
        ("/a/b/", vec![], vec!["/a/b/c"]),
        ("/b/", vec!["/b/x/"], vec![]),
        ("/none", vec![], vec![]),
    ] {
        let grant = acme
            .grant::<BrowseSecrets>(engine, directory.parse().unwrap())
            .await;
        let seen = engine
            .secrets()
            .browse(grant, &call(), PageRequest::default())
            .await;
        let seen = seen.unwrap().into_inner();
        assert_eq!(seen.prefixes, prefixes, "{directory}");
        let paths: Vec<_> = seen
            .secrets
            .iter()
            .map(|secret| secret.path.as_str())
            .collect();
        assert_eq!(paths, secrets, "{directory}");
    }
    house.close().await;
}

#[tokio::test]
async fn pages_add_up_to_the_whole() {
    let ground = Ground::new();
    let house = ground.open().await;
    let (engine, acme) = (&house.engine, tenant(&house.engine, "acme").await);
    let mut all: Vec<String> = (0..30).map(|n| format!("/d/{n}")).collect();
    all.extend((0..10).map(|n| format!("/d/{n}x/deep/{n}")));
    for at in &all {
        acme.create(engine, at, b"v").await;
    }
    all.sort();
    let mut entries = Vec::new();
    let mut after = None;
    loop {
        let page = PageRequest {
            limit: Some(7),
            after: after.take(),
        };
        let grant = acme
            .grant::<BrowseSecrets>(engine, "/d".parse().unwrap())
            .await;
        let seen = engine
            .secrets()
            .browse(grant, &call(), page)
            .await
            .unwrap()
            .into_inner();
        let mut step: Vec<_> = seen.prefixes;
        step.extend(
            seen.secrets
                .iter()
                .map(|secret| secret.path.as_str().to_owned()),
        );
        step.sort();
        let Some(last) = step.last() else { break };
        after = Some(last.clone());
        entries.extend(step);
    }
    assert_eq!(entries.len(), 40);
    assert!(entries.is_sorted());
    let listed = list(&acme, engine, &acme.token, "/d/", Some(11), Some("/d/19")).await;
    let expected: Vec<_> = all
        .iter()
        .filter(|p| p.as_str() > "/d/19")
        .take(11)
        .cloned()
        .collect();
    assert_eq!(listed, expected);
    house.close().await;
}

async fn list(
    tenant: &common::Tenant,
    engine: &strongroom_engine::Engine,
    token: &strongroom_crypto::PlainToken,
    prefix: &str,
    limit: Option<usize>,
    after: Option<&str>,
) -> Vec<String> {
    let grant = tenant
        .grant_as::<ListSecrets>(engine, token, prefix.parse().unwrap())
        .await;
    let page = PageRequest {
        limit,
        after: after.map(str::to_owned),
    };
    let listed = engine
        .secrets()
        .list(grant.unwrap(), &call(), page)
        .await
        .unwrap();
    let views: Vec<SecretView> = listed.into_inner().try_collect().await.unwrap();
    views
        .iter()
        .map(|view| view.path.as_str().to_owned())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Listed is readable, and nothing readable is missing, by list and by walking the tree.
    #[test]
    fn what_is_listed_is_what_can_be_read(
        paths in proptest::collection::btree_set("(/[ab.-]{1,2}){1,4}", 1..25),
        patterns in proptest::collection::vec("/[ab/*.-]{0,6}", 1..4),
        prefix in "/[ab]{0,1}",
    ) {
        let paths: Vec<String> = paths
            .into_iter()
            .filter(|p| p.parse::<strongroom_types::SecretPath>().is_ok())
            .collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let ground = Ground::new();
            let house = ground.open().await;
            let (engine, acme) = (&house.engine, tenant(&house.engine, "acme").await);
            for at in &paths {
                acme.create(engine, at, b"v").await;
            }
            let names: Vec<&str> = patterns.iter().map(String::as_str).collect();
            let token = acme
                .member(engine, &[("secret", &names, &["read"]), ("secret", &[], &["list"])])
                .await;
            let mut readable = Vec::new();
            for at in &paths {
                if acme.grant_as::<ReadSecret>(engine, &token, path(at)).await.is_ok() {
                    readable.push(at.clone());
                }
                // Reading metadata never gives the value.
                prop_assert!(
                    acme.grant_as::<ReadSecretValue>(engine, &token, path(at)).await.is_err()
                );
            }
            let listed = list(&acme, engine, &token, "/", None, None).await;
            prop_assert_eq!(&listed, &readable);
            let below: Vec<_> =
                readable.iter().filter(|at| at.starts_with(&prefix)).cloned().collect();
            prop_assert_eq!(list(&acme, engine, &token, &prefix, None, None).await, below);

            let mut walked = Vec::new();
            let mut todo = vec!["/".to_owned()];
            while let Some(directory) = todo.pop() {
                let target = directory.parse().unwrap();
                let grant = acme.grant_as::<BrowseSecrets>(engine, &token, target).await.unwrap();
                let seen = engine
                    .secrets()
                    .browse(grant, &call(), PageRequest::default())
                    .await
                    .unwrap()
                    .into_inner();
                prop_assert!(
                    directory == "/" || !(seen.prefixes.is_empty() && seen.secrets.is_empty()),
                    "{} is shown and holds nothing readable", directory
                );
                todo.extend(seen.prefixes);
                walked.extend(seen.secrets.iter().map(|s| s.path.as_str().to_owned()));
            }
            walked.sort();
            prop_assert_eq!(walked, readable);
            house.close().await;
            Ok(())
        })?;
    }
}

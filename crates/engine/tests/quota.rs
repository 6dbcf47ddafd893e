//! The limit of secrets per organisation, through the engine's own door.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "helpers of tests may fail loudly"
)]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{Ground, Opened, Tenant, call, new_secret, path, tenant};
use strongroom_authz::{CreateSecret, DeleteSecret};
use strongroom_engine::{CreateSecretError, KeyUnusable, NewSecret};
use strongroom_store::{Batch, Key, Scan};
use strongroom_types::{KeyId, Reference};
use tokio::task::JoinSet;

/// The table of secrets.
const SECRETS: u8 = 0x40;

fn limited(max: u64) -> Ground {
    Ground::with(|settings| settings.secrets_per_organisation = Some(max))
}

async fn try_create(
    house: &Opened,
    acme: &Tenant,
    at: &str,
    new: NewSecret,
) -> Result<(), CreateSecretError> {
    let grant = acme.grant::<CreateSecret>(&house.engine, path(at)).await;
    let made = house.engine.secrets().create(grant, &call(), new).await;
    made.map(|view| drop(view.into_inner()))
}

async fn create(house: &Opened, acme: &Tenant, at: &str) -> Result<(), CreateSecretError> {
    try_create(house, acme, at, new_secret(acme.key, b"v")).await
}

async fn delete(house: &Opened, acme: &Tenant, at: &str) {
    let grant = acme.grant::<DeleteSecret>(&house.engine, path(at)).await;
    let deleted = house.engine.secrets().delete(grant, &call()).await;
    deleted.unwrap().into_inner();
}

/// The rows of secrets, those of every organisation.
async fn rows(house: &Opened) -> Vec<Key> {
    house.store.keys(Scan::prefix([SECRETS])).await.unwrap()
}

#[track_caller]
fn refused(result: Result<(), CreateSecretError>, limit: u64) {
    match result {
        Err(CreateSecretError::TooManySecrets { max }) => assert_eq!(max, limit),
        other => panic!("expected the limit of {limit}, got {other:?}"),
    }
}

#[tokio::test]
async fn the_limit_holds_and_a_deletion_makes_room() {
    let ground = limited(3);
    let house = ground.open().await;
    let acme = tenant(&house.engine, "acme").await;
    for at in ["/a", "/b/c", "/d"] {
        create(&house, &acme, at).await.unwrap();
    }
    let before = rows(&house).await;
    refused(create(&house, &acme, "/e").await, 3);
    assert_eq!(rows(&house).await, before);
    // Versions are not secrets, and other organisations have limits of their own.
    acme.put(&house.engine, "/a", b"two").await;
    let other = tenant(&house.engine, "other").await;
    create(&house, &other, "/e").await.unwrap();

    delete(&house, &acme, "/b/c").await;
    create(&house, &acme, "/e").await.unwrap();
    refused(create(&house, &acme, "/f").await, 3);
    house.close().await;
}

#[tokio::test]
async fn a_reopened_engine_counts_what_is_there() {
    let mut ground = Ground::new();
    let house = ground.open().await;
    let acme = tenant(&house.engine, "acme").await;
    for at in ["/a", "/b", "/c"] {
        create(&house, &acme, at).await.unwrap();
    }
    house.close().await;

    ground.settings.secrets_per_organisation = Some(4);
    let house = ground.open().await;
    // A deletion before anything was counted.
    delete(&house, &acme, "/a").await;
    create(&house, &acme, "/d").await.unwrap();
    create(&house, &acme, "/e").await.unwrap();
    refused(create(&house, &acme, "/f").await, 4);
    house.close().await;

    // A limit below what is there takes nothing away.
    ground.settings.secrets_per_organisation = Some(1);
    let house = ground.open().await;
    refused(create(&house, &acme, "/f").await, 1);
    assert_eq!(acme.reveal(&house.engine, "/e", None).await.unwrap(), b"v");
    acme.put(&house.engine, "/e", b"w").await;
    house.close().await;
}

#[tokio::test]
async fn a_failed_create_gives_its_place_back() {
    let ground = limited(2);
    let house = ground.open().await;
    let acme = tenant(&house.engine, "acme").await;
    create(&house, &acme, "/a").await.unwrap();
    for _ in 0..3 {
        let again = create(&house, &acme, "/a").await;
        assert!(matches!(again, Err(CreateSecretError::Exists)));
        let mut new = new_secret(acme.key, b"v");
        new.key = Reference::Identity(KeyId::from_bytes([9; 16]));
        let keyless = try_create(&house, &acme, "/b", new).await;
        assert!(matches!(
            keyless,
            Err(CreateSecretError::Key(KeyUnusable::Missing))
        ));
    }
    create(&house, &acme, "/b").await.unwrap();
    // No room would help this one.
    let again = create(&house, &acme, "/a").await;
    assert!(matches!(again, Err(CreateSecretError::Exists)));
    refused(create(&house, &acme, "/c").await, 2);
    house.close().await;
}

/// Creates all of them at once, on several threads; says how many were made.
async fn create_together(scene: &Arc<(Opened, Tenant)>, paths: Vec<String>) -> usize {
    let mut creates = JoinSet::new();
    for at in paths {
        let scene = Arc::clone(scene);
        creates.spawn(async move { create(&scene.0, &scene.1, &at).await });
    }
    let done = creates.join_all().await;
    done.iter().filter(|done| done.is_ok()).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_creates_stay_within_the_limit() {
    let ground = limited(10);
    let house = ground.open().await;
    let acme = tenant(&house.engine, "acme").await;
    let scene = Arc::new((house, acme));
    for round in 0..6 {
        let (house, acme) = (&scene.0, &scene.1);
        let paths = (0..32).map(|number| format!("/{number}")).collect();
        assert_eq!(create_together(&scene, paths).await, 10);
        assert_eq!(rows(house).await.len(), 10);
        for number in 0..32 {
            let at = format!("/{number}");
            if acme.reveal(&house.engine, &at, None).await.is_ok() {
                delete(house, acme, &at).await;
            }
        }
        // In every other round all is counted anew while creates are under way.
        ground.clock.turn(Duration::from_secs(30 * round));
    }
    let (house, _) = Arc::into_inner(scene).unwrap();
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn creates_that_lose_a_race_leave_their_places() {
    let ground = limited(10);
    let house = ground.open().await;
    let acme = tenant(&house.engine, "acme").await;
    let scene = Arc::new((house, acme));
    let paths = (0..32).map(|number| format!("/{}", number % 4)).collect();
    // Who loses holds a place for that long, so that not every path need get one.
    let made = create_together(&scene, paths).await;
    assert!((1..=4).contains(&made));
    assert_eq!(rows(&scene.0).await.len(), made);
    let paths = (100..132).map(|number| format!("/{number}")).collect();
    assert_eq!(create_together(&scene, paths).await, 10 - made);
    let (house, _) = Arc::into_inner(scene).unwrap();
    house.close().await;
}

#[tokio::test]
async fn callers_that_hang_up_do_not_get_past_the_limit() {
    let ground = limited(5);
    let house = ground.open().await;
    let acme = tenant(&house.engine, "acme").await;
    create(&house, &acme, "/first").await.unwrap();
    for number in 0..20 {
        let at = path(&format!("/{number}"));
        let grant = acme.grant::<CreateSecret>(&house.engine, at).await;
        let (secrets, call) = (house.engine.secrets(), call());
        let create = secrets.create(grant, &call, new_secret(acme.key, b"v"));
        tokio::pin!(create);
        // Gone as soon as the store has the secret in hand, as far as there is room for it.
        drop(futures_util::poll!(create));
    }
    // The store takes commits in turn: behind one of somebody else, all of theirs are decided.
    tenant(&house.engine, "other").await;
    assert_eq!(rows(&house).await.len(), 5);
    // Once what became of them is certain they count like any other.
    for _ in 0..2 {
        ground.clock.turn(Duration::from_secs(60));
        refused(create(&house, &acme, "/last").await, 5);
    }
    delete(&house, &acme, "/0").await;
    create(&house, &acme, "/last").await.unwrap();
    refused(create(&house, &acme, "/more").await, 5);
    house.close().await;
}

#[tokio::test]
async fn what_other_nodes_did_is_counted_within_a_minute() {
    let ground = limited(3);
    let house = ground.open().await;
    let acme = tenant(&house.engine, "acme").await;
    create(&house, &acme, "/a").await.unwrap();
    let row = rows(&house).await.remove(0);
    // As another node would: this one is not told.
    let foreign = Key::from([row.as_bytes(), b"x"].concat().as_slice());
    let sealed = house.store.get(&row).await.unwrap().unwrap().value;
    let mut batch = Batch::new();
    batch.put(foreign.clone(), sealed);
    house.store.commit(batch).await.unwrap();

    create(&house, &acme, "/b").await.unwrap();
    create(&house, &acme, "/c").await.unwrap();
    refused(create(&house, &acme, "/d").await, 3);
    ground.clock.turn(Duration::from_secs(60));
    delete(&house, &acme, "/c").await;
    refused(create(&house, &acme, "/d").await, 3);

    let mut batch = Batch::new();
    batch.delete(foreign);
    house.store.commit(batch).await.unwrap();
    refused(create(&house, &acme, "/d").await, 3);
    ground.clock.turn(Duration::from_secs(60));
    create(&house, &acme, "/d").await.unwrap();
    refused(create(&house, &acme, "/e").await, 3);
    house.close().await;
}

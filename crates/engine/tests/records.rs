//! Every call is on record, and a change's record is never lost.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "helpers of tests may fail loudly"
)]

mod common;

use std::task::Poll;

use common::{Ground, call, given, path, tenant};
use strongroom_audit::{Filter, Page};
use strongroom_authz::{PutSecretValue, ReadSecretValue, authorize};

fn actions(journal: &strongroom_audit::Journal, filter: &Filter) -> Vec<String> {
    let page = Page::new(1, 500).unwrap();
    let found = journal.query(filter, page).unwrap();
    found
        .entries
        .iter()
        .map(|entry| entry.action().to_owned())
        .collect()
}

#[tokio::test]
async fn a_reveal_leaves_three_entries_and_a_refusal_says_why() {
    let ground = Ground::new();
    let house = ground.open().await;
    let (engine, acme) = (&house.engine, tenant(&house.engine, "acme").await);
    acme.create(engine, "/a", b"one").await;
    let of_secret = Filter {
        resource_types: vec!["secret".into()],
        resource_identity: Some("/a".into()),
        ..Filter::everything(acme.organisation)
    };
    let entered = acme
        .enter(engine, &acme.token, "nl-01", None)
        .await
        .unwrap();
    let scope = entered.scope().unwrap();
    let record = call();
    // The call that is recorded is the one that entered.
    let entry = strongroom_engine::Entry {
        organisation: Some("acme"),
        region: Some("nl-01"),
        ..strongroom_engine::Entry::default()
    };
    let credential = strongroom_engine::Credential::Token(acme.token.expose());
    let entered = engine
        .enter(&record, Some(&credential), entry)
        .await
        .unwrap();
    record.about::<ReadSecretValue>(&path("/a"));
    let grant = authorize::<ReadSecretValue>(entered.caller, scope, path("/a")).unwrap();
    let before = actions(&house.journal, &Filter::everything(acme.organisation)).len();
    let _ = engine.secrets().reveal(grant, &record, None).await.unwrap();
    let after = actions(&house.journal, &Filter::everything(acme.organisation));
    assert_eq!(after.len() - before, 3);
    let mut newest: Vec<_> = after.iter().take(3).map(String::as_str).collect();
    newest.sort_unstable();
    assert_eq!(newest, ["POST", "kms.decrypt", "secret.get_value"]);
    assert!(actions(&house.journal, &of_secret).contains(&"secret.get_value".to_owned()));
    house.close().await;
}

#[tokio::test]
async fn the_record_of_a_change_survives_a_crash_before_it_was_copied() {
    let ground = Ground::new();
    let house = ground.open().await;
    let acme = tenant(&house.engine, "acme").await;
    acme.create(&house.engine, "/a", b"one").await;
    let entry = strongroom_engine::Entry {
        organisation: Some("acme"),
        region: Some("nl-01"),
        ..strongroom_engine::Entry::default()
    };
    for _ in 0..3 {
        let record = call();
        let credential = strongroom_engine::Credential::Token(acme.token.expose());
        let entered = house
            .engine
            .enter(&record, Some(&credential), entry)
            .await
            .unwrap();
        let scope = entered.scope().unwrap();
        let grant = authorize::<PutSecretValue>(entered.caller, scope, path("/a")).unwrap();
        let _ = house
            .engine
            .secrets()
            .put(grant, &record, given(b"x"))
            .await
            .unwrap();
    }
    let puts = Filter {
        actions: vec!["secret.put_value".into()],
        ..Filter::everything(acme.organisation)
    };
    assert_eq!(
        actions(&house.journal, &puts).len(),
        0,
        "nothing copies them in this test"
    );
    house.drop_hard().await;

    // Twice: what was copied once is not copied again.
    for _ in 0..2 {
        let house = ground.open().await;
        assert_eq!(actions(&house.journal, &puts).len(), 3);
        house.drop_hard().await;
    }
}

#[tokio::test]
async fn a_caller_who_hangs_up_leaves_a_record_of_what_happened() {
    let ground = Ground::new();
    let house = ground.open().await;
    let acme = tenant(&house.engine, "acme").await;
    acme.create(&house.engine, "/a", b"one").await;
    let puts = Filter {
        actions: vec!["secret.put_value".into()],
        ..Filter::everything(acme.organisation)
    };
    let entry = strongroom_engine::Entry {
        organisation: Some("acme"),
        region: Some("nl-01"),
        ..strongroom_engine::Entry::default()
    };
    let mut hung_up = 0;
    for _ in 0..200 {
        if hung_up == 20 {
            break;
        }
        let record = call();
        let credential = strongroom_engine::Credential::Token(acme.token.expose());
        let entered = house
            .engine
            .enter(&record, Some(&credential), entry)
            .await
            .unwrap();
        let scope = entered.scope().unwrap();
        let grant = authorize::<PutSecretValue>(entered.caller, scope, path("/a")).unwrap();
        let secrets = house.engine.secrets();
        let mut put = Box::pin(secrets.put(grant, &record, given(b"x")));
        // Once is enough to send the change off, and too little to learn what became of it, unless
        // the store's thread is quicker than this one.
        match futures_util::poll!(&mut put) {
            Poll::Pending => hung_up += 1,
            Poll::Ready(done) => drop(done.unwrap().into_inner()),
        }
    }
    assert_eq!(hung_up, 20, "the store was quicker nearly always");
    let grant = acme
        .grant::<strongroom_authz::ReadSecret>(&house.engine, path("/a"))
        .await;
    house.engine.stop().await.unwrap();
    let seen = house
        .engine
        .secrets()
        .read(grant, &call(), false)
        .await
        .unwrap()
        .into_inner();
    let happened = usize::try_from(seen.current_version).unwrap() - 1;
    assert_eq!(actions(&house.journal, &puts).len(), happened);
    assert!(happened > 0, "no change was sent off");
    house.close().await;
}

#[tokio::test]
async fn copying_that_is_given_up_midway_copies_nothing_twice() {
    let ground = Ground::new();
    let house = ground.open().await;
    let acme = tenant(&house.engine, "acme").await;
    house.engine.stop().await.unwrap();
    let all = Filter {
        include_system: true,
        ..Filter::everything(acme.organisation)
    };
    let before = actions(&house.journal, &all).len();
    let directory = house.engine.directory();
    for number in 0..40 {
        let slug = format!("team-{number}").parse().unwrap();
        directory
            .create_team(acme.organisation, slug, vec![])
            .await
            .unwrap();
        let mut stop = Box::pin(house.engine.stop());
        // Far enough to hand records to the journal, now and then also to hear of them.
        for _ in 0..number % 4 {
            if futures_util::poll!(&mut stop).is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
    }
    house.engine.stop().await.unwrap();
    assert_eq!(actions(&house.journal, &all).len() - before, 40);
    house.close().await;
}

//! After every fault the state is the one before or the one after.

use strongroom_store::{CommitError, CommitFault, FaultPlan, ReadError, Scan, Store, Unavailable};

use crate::fixture::{Place, batch, content, key, put, value};

/// A store with two rows, the plan of its faults, and the place that it is in.
async fn faulty() -> (Store, FaultPlan, Place) {
    let place = Place::new();
    let plan = FaultPlan::new();
    let store = place.open().with_faults(plan.clone());
    let before = batch(|batch| {
        batch
            .put(key("a"), value("before"))
            .put(key("b"), value("before"));
    });
    store.commit(before).await.unwrap();
    (store, plan, place)
}

/// Makes a commit fail, and asserts what it reports and what is there then.
async fn check(fault: CommitFault, reported: fn(&CommitError) -> bool, state: &str) {
    let (store, plan, place) = faulty().await;
    plan.fail_commit(0, fault);
    let after = batch(|batch| {
        batch
            .put(key("a"), value("after"))
            .put(key("b"), value("after"));
    });
    let error = store.commit(after).await.unwrap_err();
    assert!(reported(&error), "{fault:?} was reported as {error:?}");
    for _ in 0..2 {
        assert_eq!(content(&store, "a").await.unwrap(), state.as_bytes());
        assert_eq!(content(&store, "b").await.unwrap(), state.as_bytes());
    }
    store.commit(put("c", "next")).await.unwrap();
    store.shutdown().await;
    let store = place.open();
    assert_eq!(content(&store, "a").await.unwrap(), state.as_bytes());
    assert_eq!(content(&store, "c").await.unwrap(), b"next");
}

#[tokio::test]
async fn a_commit_that_fails_before_it_is_applied() {
    let fault = CommitFault::NotApplied;
    check(
        fault,
        |error| matches!(error, CommitError::NotApplied(_)),
        "before",
    )
    .await;
}

#[tokio::test]
async fn a_commit_that_finds_the_disk_full() {
    let fault = CommitFault::Full;
    check(
        fault,
        |error| matches!(error, CommitError::Full(_)),
        "before",
    )
    .await;
}

#[tokio::test]
async fn a_commit_that_is_lost_before_it_is_applied() {
    let fault = CommitFault::LostBefore;
    let unknown = |error: &CommitError| matches!(error, CommitError::OutcomeUnknown(_));
    check(fault, unknown, "before").await;
}

#[tokio::test]
async fn a_commit_that_is_lost_after_it_is_applied() {
    let fault = CommitFault::LostAfter;
    let unknown = |error: &CommitError| matches!(error, CommitError::OutcomeUnknown(_));
    check(fault, unknown, "after").await;
}

#[tokio::test]
async fn a_read_that_fails_fails_alone() {
    let (store, plan, _place) = faulty().await;
    plan.fail_read(1);
    assert_eq!(content(&store, "a").await.unwrap(), b"before");
    let failed = store.get(&key("a")).await;
    assert!(matches!(failed, Err(ReadError::Failed(_))), "{failed:?}");
    plan.fail_read(0);
    let failed = store.scan(Scan::prefix(*b"")).await;
    assert!(matches!(failed, Err(ReadError::Failed(_))), "{failed:?}");
    plan.fail_read(0);
    let failed = store.keys(Scan::prefix(*b"")).await;
    assert!(matches!(failed, Err(ReadError::Failed(_))), "{failed:?}");
    assert_eq!(content(&store, "a").await.unwrap(), b"before");
}

#[tokio::test]
async fn an_outage_refuses_everything_until_it_ends() {
    let (store, plan, _place) = faulty().await;
    let reason = Unavailable::Poisoned;
    plan.outage(Some(reason));
    let refused = |error| matches!(error, ReadError::Unavailable(found) if found == reason);
    assert!(refused(store.get(&key("a")).await.unwrap_err()));
    assert!(refused(store.scan(Scan::prefix(*b"")).await.unwrap_err()));
    assert!(refused(store.keys(Scan::prefix(*b"")).await.unwrap_err()));
    assert!(refused(store.check().await.unwrap_err()));
    let commit = store.commit(put("a", "after")).await;
    assert!(matches!(commit, Err(CommitError::Unavailable(found)) if found == reason));
    plan.outage(None);
    store.check().await.unwrap();
    assert_eq!(content(&store, "a").await.unwrap(), b"before");
}

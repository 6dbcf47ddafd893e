//! Batches and their expectations.

use strongroom_store::{Batch, CommitError, Revision, Store};

use crate::fixture::{batch, content, key, on_every_store, put, value};

on_every_store!(
    what_is_put_is_found,
    what_is_deleted_is_gone,
    a_new_row_is_one_like_any_other,
    the_last_write_to_a_key_counts,
    revisions_grow_and_name_the_commit,
    an_absent_row_can_be_expected,
    a_revision_can_be_expected,
    a_conflict_changes_nothing,
    a_batch_that_only_checks,
    values_of_any_size,
    a_batch_that_is_too_large,
);

/// Asserts that a batch conflicts at a key.
#[track_caller]
fn assert_conflict(outcome: Result<Revision, CommitError>, name: &str) {
    match outcome {
        Err(CommitError::Conflict { key: found }) => assert_eq!(*found, key(name)),
        other => panic!("a conflict was expected, not {other:?}"),
    }
}

async fn what_is_put_is_found(store: Store) {
    assert_eq!(store.get(&key("a")).await.unwrap(), None);
    let revision = store.commit(put("a", "1")).await.unwrap();
    let row = store.get(&key("a")).await.unwrap().unwrap();
    assert_eq!(row.value, value("1"));
    assert_eq!(row.revision, revision);
    assert_eq!(content(&store, "b").await, None);
}

async fn what_is_deleted_is_gone(store: Store) {
    store.commit(put("a", "1")).await.unwrap();
    let delete = batch(|batch| {
        batch.delete(key("a")).delete(key("never there"));
    });
    store.commit(delete).await.unwrap();
    assert_eq!(content(&store, "a").await, None);
}

async fn a_new_row_is_one_like_any_other(store: Store) {
    let new = |name: &'static str, text: &'static str| {
        batch(|batch| {
            batch.put_new(key(name), value(text));
        })
    };
    let delete = batch(|batch| {
        batch.delete(key("a"));
    });
    let first = store.commit(new("a", "1")).await.unwrap();
    let row = store.get(&key("a")).await.unwrap().unwrap();
    assert_eq!((row.value, row.revision), (value("1"), first));
    store.commit(put("a", "2")).await.unwrap();
    assert_eq!(content(&store, "a").await.unwrap(), b"2");
    store.commit(delete.clone()).await.unwrap();
    assert_eq!(content(&store, "a").await, None);
    assert!(store.commit(new("a", "3")).await.unwrap() > first);
    assert_eq!(content(&store, "a").await.unwrap(), b"3");
    store.commit(delete).await.unwrap();
    assert_eq!(content(&store, "a").await, None);
}

async fn the_last_write_to_a_key_counts(store: Store) {
    let batch = batch(|batch| {
        batch
            .put(key("a"), value("1"))
            .delete(key("a"))
            .put(key("a"), value("2"))
            .put(key("b"), value("1"))
            .delete(key("b"));
    });
    store.commit(batch).await.unwrap();
    assert_eq!(content(&store, "a").await.unwrap(), b"2");
    assert_eq!(content(&store, "b").await, None);
}

async fn revisions_grow_and_name_the_commit(store: Store) {
    let first = store.commit(put("a", "1")).await.unwrap();
    let delete = batch(|batch| {
        batch.delete(key("a"));
    });
    let second = store.commit(delete).await.unwrap();
    let third = store.commit(put("a", "1")).await.unwrap();
    assert!(first < second && second < third);
    let row = store.get(&key("a")).await.unwrap().unwrap();
    assert_eq!(row.revision, third);
}

async fn an_absent_row_can_be_expected(store: Store) {
    let create = batch(|batch| {
        batch.expect_absent(key("a")).put(key("a"), value("1"));
    });
    store.commit(create.clone()).await.unwrap();
    assert_conflict(store.commit(create).await, "a");
}

async fn a_revision_can_be_expected(store: Store) {
    let first = store.commit(put("a", "1")).await.unwrap();
    let replace = |at: Revision| {
        batch(|batch| {
            batch
                .expect_revision(key("a"), at)
                .put(key("a"), value("2"));
        })
    };
    let second = store.commit(replace(first)).await.unwrap();
    assert_conflict(store.commit(replace(first)).await, "a");
    store.commit(replace(second)).await.unwrap();
    let missing = batch(|batch| {
        batch.expect_revision(key("b"), first);
    });
    assert_conflict(store.commit(missing).await, "b");
}

async fn a_conflict_changes_nothing(store: Store) {
    let before = store.commit(put("a", "1")).await.unwrap();
    let batch = batch(|batch| {
        batch
            .put(key("a"), value("2"))
            .put(key("b"), value("2"))
            .expect_revision(key("a"), before)
            .expect_revision(key("c"), before);
    });
    assert_conflict(store.commit(batch).await, "c");
    let row = store.get(&key("a")).await.unwrap().unwrap();
    assert_eq!((row.value, row.revision), (value("1"), before));
    assert_eq!(content(&store, "b").await, None);
}

async fn a_batch_that_only_checks(store: Store) {
    let revision = store.commit(put("a", "1")).await.unwrap();
    let check = batch(|batch| {
        batch
            .expect_revision(key("a"), revision)
            .expect_absent(key("b"));
    });
    assert_eq!(store.commit(check).await.unwrap(), revision);
    assert_eq!(store.commit(Batch::new()).await.unwrap(), revision);
    let next = store.commit(put("b", "1")).await.unwrap();
    assert!(revision < next);
}

async fn values_of_any_size(store: Store) {
    for size in [0, 1, 500, 4096, 16 << 10, (16 << 10) + 1, 2 << 20] {
        let bytes = vec![0xA5; size];
        store.commit(put("a", &bytes)).await.unwrap();
        for _ in 0..2 {
            assert!(content(&store, "a").await.unwrap() == bytes, "{size} bytes");
        }
    }
    store.commit(put("", "the empty key")).await.unwrap();
    assert_eq!(content(&store, "").await.unwrap(), b"the empty key");
}

async fn a_batch_that_is_too_large(store: Store) {
    let mut batch = put("a", "1");
    let half = value(vec![0; Batch::MAX_BYTES / 2]);
    batch.put(key("b"), half.clone()).put(key("c"), half);
    let outcome = store.commit(batch).await;
    assert!(matches!(outcome, Err(CommitError::TooLarge { .. })));
    assert_eq!(content(&store, "a").await, None);
}

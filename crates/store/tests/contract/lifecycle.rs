//! Opening, closing, copying and running out of space.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use rusqlite::Connection;
use strongroom_store::{
    BackupError, Batch, CommitError, EmbeddedOptions, OpenError, ReadError, Scan, Store,
    Unavailable,
};

use crate::fixture::{Place, batch, content, key, put, value};

#[tokio::test]
async fn rows_and_revisions_outlive_the_process() {
    let place = Place::new();
    let store = place.open();
    store.commit(put("a", "1")).await.unwrap();
    let delete = batch(|batch| {
        batch.delete(key("a"));
    });
    let last = store.commit(delete).await.unwrap();
    drop(store);
    let store = place.open();
    assert_eq!(content(&store, "a").await, None);
    let next = store.commit(put("a", "2")).await.unwrap();
    assert_eq!(next.as_u64(), last.as_u64() + 1);
}

#[tokio::test]
async fn the_installation_is_the_first_one_given() {
    let place = Place::new();
    drop(place.open());
    let mut options = place.options();
    options.installation = [9; 16];
    let store = Store::open_embedded(options).unwrap();
    assert_eq!(store.installation(), [7; 16]);
}

#[tokio::test]
async fn a_store_is_opened_once_at_a_time() {
    let place = Place::new();
    let store = place.open();
    let second = Store::open_embedded(place.options());
    assert!(matches!(second, Err(OpenError::Locked { .. })));
    let clone = store.clone();
    store.shutdown().await;
    let third = place.open();
    third.commit(put("a", "1")).await.unwrap();
    let read = clone.get(&key("a")).await;
    assert!(matches!(
        read,
        Err(ReadError::Unavailable(Unavailable::Closed))
    ));
    let commit = clone.commit(put("a", "2")).await;
    assert!(matches!(
        commit,
        Err(CommitError::Unavailable(Unavailable::Closed))
    ));
    let check = clone.check().await;
    assert!(matches!(
        check,
        Err(ReadError::Unavailable(Unavailable::Closed))
    ));
    clone.shutdown().await;
    third.check().await.unwrap();
}

#[tokio::test]
async fn files_are_for_their_owner_only() {
    let place = Place::new();
    let store = place.open();
    store.commit(put("a", "1")).await.unwrap();
    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(place.path()), 0o700);
    let mut files = 0;
    for entry in fs::read_dir(place.path()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(path.clone()), 0o600, "{}", path.display());
        files += 1;
    }
    assert_eq!(files, 6);
}

/// Changes the header of a store that is closed, and opens it.
fn open_with(place: &Place, pragma: &str, number: u32) -> Result<Store, OpenError> {
    drop(place.open());
    let connection = Connection::open(place.path().join("store.db")).unwrap();
    connection.pragma_update(None, pragma, number).unwrap();
    connection.close().unwrap();
    Store::open_embedded(place.options())
}

#[test]
fn a_later_format_is_refused() {
    let outcome = open_with(&Place::new(), "user_version", 3);
    let newer = |error: &OpenError| {
        matches!(
            error,
            OpenError::NewerFormat {
                found: 3,
                known: 2,
                ..
            }
        )
    };
    assert!(outcome.is_err_and(|error| newer(&error)));
}

#[test]
fn another_program_s_database_is_refused() {
    let outcome = open_with(&Place::new(), "application_id", 0x1234);
    let foreign = |error: &OpenError| matches!(error, OpenError::NotAStore { found: 0x1234, .. });
    assert!(outcome.is_err_and(|error| foreign(&error)));
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let place = Place::new();
    fs::create_dir(place.path()).unwrap();
    fs::write(place.path().join("store.db"), vec![b'x'; 8192]).unwrap();
    let outcome = Store::open_embedded(place.options());
    assert!(outcome.is_err_and(|error| matches!(error, OpenError::Database { .. })));
}

#[tokio::test]
async fn a_backup_is_a_store() {
    let place = Place::new();
    let store = place.open();
    let mut batch = Batch::new();
    for number in 0..1000_u32 {
        batch.put(key(number.to_be_bytes()), value(vec![1; 300]));
    }
    store.commit(batch).await.unwrap();
    let directory = place.path().join("backup");
    store.backup_to(directory.clone()).await.unwrap();
    store.commit(put("later", "1")).await.unwrap();

    let options = EmbeddedOptions::new(directory.clone(), [9; 16]);
    let copy = Store::open_embedded(options).unwrap();
    assert_eq!(copy.installation(), [7; 16]);
    assert_eq!(copy.scan(Scan::prefix(*b"")).await.unwrap().len(), 1000);
    let next = copy.commit(put("a", "1")).await.unwrap();
    assert_eq!(next.as_u64(), 2);
    assert_eq!(content(&store, "a").await, None);

    let again = store.backup_to(directory).await;
    assert!(matches!(again, Err(BackupError::Destination { .. })));
}

#[tokio::test]
async fn a_full_store_takes_deletions_and_gives_answers() {
    let place = Place::new();
    let mut options = place.options();
    options.max_bytes = Some(512 << 10);
    let store = Store::open_embedded(options.clone()).unwrap();
    let mut written = 0_u32;
    let error = loop {
        let name = written.to_be_bytes();
        match store.commit(put(name, vec![3; 10_000])).await {
            Ok(_) => written += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, CommitError::Full(_)), "{error:?}");
    assert!(written > 10);
    assert_eq!(content(&store, written.to_be_bytes()).await, None);
    assert_eq!(
        content(&store, 0_u32.to_be_bytes()).await.unwrap(),
        [3; 10_000]
    );
    let delete = batch(|batch| {
        batch
            .delete(key(0_u32.to_be_bytes()))
            .delete(key(1_u32.to_be_bytes()));
    });
    store.commit(delete).await.unwrap();
    store.commit(put("again", vec![4; 10_000])).await.unwrap();
    assert_eq!(content(&store, "again").await.unwrap(), [4; 10_000]);
    store.shutdown().await;
    let length = fs::metadata(place.path().join("store.db")).unwrap().len();
    assert!(length <= 512 << 10, "{length} bytes");
    let store = Store::open_embedded(options).unwrap();
    assert_eq!(content(&store, "again").await.unwrap(), [4; 10_000]);
}

#[tokio::test]
async fn the_log_stays_short_though_readers_are_idle() {
    let place = Place::new();
    let mut options = place.options();
    options.cache_bytes = 0;
    options.log_bytes = 128 << 10;
    let limit = options.log_bytes * 5;
    let store = Store::open_embedded(options).unwrap();
    store.commit(put("read", "1")).await.unwrap();
    let log = place.path().join("store.db-wal");
    for number in 0..1000_u32 {
        if number % 10 == 0 {
            // Leaves a snapshot behind on some connection.
            assert_eq!(content(&store, "read").await.unwrap(), b"1");
        }
        store
            .commit(put(number.to_be_bytes(), vec![5; 2000]))
            .await
            .unwrap();
        assert!(
            fs::metadata(&log).unwrap().len() <= limit,
            "commit {number}"
        );
    }
    assert!(store.stats().checkpoints > 0);
    store.shutdown().await;
    assert_eq!(fs::metadata(&log).unwrap().len(), 0);
}

#[tokio::test]
async fn what_is_deleted_leaves_no_trace_in_the_files() {
    let place = Place::new();
    let store = place.open();
    let marked = b"marked-0123456789".repeat(40);
    let find = || {
        fs::read_dir(place.path()).unwrap().any(|entry| {
            let bytes = fs::read(entry.unwrap().path()).unwrap();
            bytes
                .windows(17)
                .any(|window| window == b"marked-0123456789")
        })
    };
    store.commit(put("a", &marked)).await.unwrap();
    store.commit(put("neighbour", "1")).await.unwrap();
    store.shutdown().await;
    assert!(find());
    let store = place.open();
    let delete = batch(|batch| {
        batch.delete(key("a"));
    });
    store.commit(delete).await.unwrap();
    store.shutdown().await;
    assert!(!find());
}

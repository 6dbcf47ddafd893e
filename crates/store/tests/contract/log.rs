//! The embedded store's log: what is committed but not in the database yet.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use rusqlite::Connection;
use strongroom_store::{
    ApplyFault, BackupError, CommitError, EmbeddedOptions, FaultPlan, LogFault, OpenError, Scan,
    Store, Unavailable,
};

use crate::fixture::{Place, batch, content, key, put, value};

/// A store on a disk that fails as planned.
fn planned(place: &Place) -> (Store, FaultPlan) {
    let plan = FaultPlan::new();
    let mut options = place.options();
    options.faults = Some(plan.clone());
    (Store::open_embedded(options).unwrap(), plan)
}

/// Keeps the log from being written into the database until it is dropped.
struct Held(FaultPlan);

impl Held {
    fn new(plan: &FaultPlan) -> Self {
        plan.on_apply(Some(ApplyFault::Held));
        Self(plan.clone())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // A store that is held could not be closed.
        self.0.on_apply(None);
    }
}

/// What a crash at this moment would leave: the files as the system has them.
fn crash(place: &Place) -> Place {
    let copy = Place::new();
    fs::create_dir(copy.path()).unwrap();
    for entry in fs::read_dir(place.path()).unwrap() {
        let from = entry.unwrap().path();
        if !from.is_dir() {
            fs::copy(&from, copy.path().join(from.file_name().unwrap())).unwrap();
        }
    }
    copy
}

/// Asks for everything to be written into the database, without waiting for it.
fn settle(store: &Store, place: &Place) -> tokio::task::JoinHandle<Result<(), BackupError>> {
    let (store, directory) = (store.clone(), place.path().join("copy"));
    tokio::spawn(async move { store.backup_to(directory).await })
}

fn delete(name: &str) -> strongroom_store::Batch {
    batch(|batch| {
        batch.delete(key(name));
    })
}

async fn names(store: &Store) -> Vec<String> {
    let rows = store.scan(Scan::prefix(*b"")).await.unwrap();
    rows.iter()
        .map(|(key, _)| String::from_utf8_lossy(key.as_bytes()).into_owned())
        .collect()
}

/// Changes bytes of a log file.
fn write(place: &Place, file: &str, at: u64, bytes: &[u8]) {
    let path = place.path().join(file);
    let file = OpenOptions::new().write(true).open(path).unwrap();
    file.write_all_at(bytes, at).unwrap();
}

/// Where in a log file the frames begin.
fn frames(path: &Path) -> Vec<u64> {
    let bytes = fs::read(path).unwrap();
    let starts = (0..bytes.len()).step_by(8);
    starts
        .filter(|&at| bytes[at..].starts_with(b"SrCf"))
        .map(|at| at as u64)
        .collect()
}

#[tokio::test]
async fn what_is_only_in_the_log_survives_a_crash() {
    let place = Place::new();
    let (store, plan) = planned(&place);
    store.commit(put("a", "1")).await.unwrap();
    store.commit(put("b", "1")).await.unwrap();
    let held = Held::new(&plan);
    let settling = settle(&store, &place);
    tokio::task::yield_now().await;
    tokio::task::spawn_blocking({
        let plan = plan.clone();
        move || plan.await_held()
    })
    .await
    .unwrap();
    // One generation is frozen; these are in the next.
    store.commit(delete("a")).await.unwrap();
    let last = store.commit(put("c", "2")).await.unwrap();
    assert_eq!(names(&store).await, ["b", "c"]);
    assert_eq!(content(&store, "a").await, None);
    let crashed = crash(&place);
    drop(held);
    settling.await.unwrap().unwrap();
    assert_eq!(names(&store).await, ["b", "c"]);

    let store = crashed.open();
    assert_eq!(names(&store).await, ["b", "c"]);
    assert_eq!(content(&store, "b").await.unwrap(), b"1");
    let next = store.commit(put("d", "1")).await.unwrap();
    assert_eq!(next.as_u64(), last.as_u64() + 1);
}

#[tokio::test]
async fn a_crash_while_the_log_is_replayed_does_no_harm() {
    let place = Place::new();
    let (store, plan) = planned(&place);
    let held = Held::new(&plan);
    store.commit(put("a", "1")).await.unwrap();
    let crashed = crash(&place);
    drop(held);
    store.shutdown().await;
    let log = crashed.path().join("commits-0.log");
    let before = fs::read(&log).unwrap();
    crashed.open().shutdown().await;
    // As if the log had not been emptied any more, and others wrote on.
    fs::write(&log, &before).unwrap();
    let store = crashed.open();
    store.commit(put("a", "2")).await.unwrap();
    store.shutdown().await;
    fs::write(&log, &before).unwrap();
    assert_eq!(content(&crashed.open(), "a").await.unwrap(), b"2");
}

#[tokio::test]
async fn stale_frames_of_a_file_that_is_used_again_are_left_alone() {
    let place = Place::new();
    let store = place.open();
    for name in ["a", "b", "c"] {
        store.commit(put(name, "1")).await.unwrap();
    }
    for round in 0..2 {
        store
            .backup_to(place.path().join(round.to_string()))
            .await
            .unwrap();
        store.commit(delete("b")).await.unwrap();
    }
    let log = place.path().join("commits-0.log");
    // The deletion stands where the first of three puts was; the others still stand behind it.
    assert_eq!(frames(&log).len(), 3);
    let crashed = crash(&place);
    let store = crashed.open();
    assert_eq!(names(&store).await, ["a", "c"]);
}

#[tokio::test]
async fn a_torn_end_is_cut_off_and_damage_is_refused() {
    let place = Place::new();
    let (store, plan) = planned(&place);
    let _held = Held::new(&plan);
    for name in ["a", "b", "c"] {
        store.commit(put(name, "1")).await.unwrap();
    }
    let starts = frames(&place.path().join("commits-0.log"));
    assert_eq!(starts.len(), 3);
    let torn = crash(&place);
    write(&torn, "commits-0.log", starts[2] + 20, b"torn");
    assert_eq!(names(&torn.open()).await, ["a", "b"]);
    let torn = crash(&torn);
    assert_eq!(names(&torn.open()).await, ["a", "b"]);

    for damaged in &starts[..2] {
        let damage = crash(&place);
        write(&damage, "commits-0.log", damaged + 20, b"hurt");
        let outcome = Store::open_embedded(damage.options());
        assert!(outcome.is_err_and(|error| matches!(error, OpenError::Log { .. })));
    }
}

#[tokio::test]
async fn a_group_that_is_torn_or_not_synced_has_no_known_outcome() {
    for fault in [LogFault::Torn, LogFault::Unsynced] {
        let place = Place::new();
        let (store, plan) = planned(&place);
        plan.fail_log(1, fault);
        store.commit(put("a", "1")).await.unwrap();
        let outcome = store.commit(put("b", "1")).await;
        assert!(matches!(outcome, Err(CommitError::OutcomeUnknown(_))));
        let refused = store.commit(put("c", "1")).await;
        let poisoned = Unavailable::Poisoned;
        assert!(matches!(refused, Err(CommitError::Unavailable(reason)) if reason == poisoned));
        store.shutdown().await;
        drop(store);
        let expected: &[&str] = match fault {
            LogFault::Unsynced => &["a", "b"],
            LogFault::Torn | LogFault::Full => &["a"],
        };
        let store = place.open();
        assert_eq!(names(&store).await, expected);
        store.commit(put("c", "1")).await.unwrap();
    }
}

#[tokio::test]
async fn a_full_disk_refuses_commits_and_loses_none() {
    let place = Place::new();
    let (store, plan) = planned(&place);
    let is_full = |outcome| matches!(outcome, Err(CommitError::Full(_)));
    plan.fail_log(1, LogFault::Full);
    store.commit(put("a", "1")).await.unwrap();
    assert!(is_full(store.commit(put("b", "1")).await));
    store.commit(put("c", "1")).await.unwrap();

    plan.on_apply(Some(ApplyFault::Full));
    let backup = settle(&store, &place).await.unwrap();
    assert!(matches!(backup, Err(BackupError::Copy { .. })));
    assert!(is_full(store.commit(put("d", "1")).await));
    assert_eq!(names(&store).await, ["a", "c"]);
    let crashed = crash(&place);
    assert_eq!(names(&crashed.open()).await, ["a", "c"]);

    plan.on_apply(None);
    while is_full(store.commit(put("d", "1")).await) {
        tokio::task::yield_now().await;
    }
    assert_eq!(names(&store).await, ["a", "c", "d"]);

    plan.on_apply(Some(ApplyFault::Full));
    store.shutdown().await;
    drop(store);
    assert_eq!(names(&place.open()).await, ["a", "c", "d"]);
}

#[tokio::test]
async fn a_database_that_fails_stops_the_store() {
    let place = Place::new();
    let (store, plan) = planned(&place);
    store.commit(put("a", "1")).await.unwrap();
    plan.on_apply(Some(ApplyFault::Failed));
    let backup = settle(&store, &place).await.unwrap();
    let poisoned = Unavailable::Poisoned;
    assert!(matches!(backup, Err(BackupError::Unavailable(reason)) if reason == poisoned));
    let refused = store.commit(put("b", "1")).await;
    assert!(matches!(refused, Err(CommitError::Unavailable(reason)) if reason == poisoned));
    store.shutdown().await;
    drop(store);
    assert_eq!(names(&place.open()).await, ["a"]);
}

#[tokio::test]
async fn a_backup_has_what_was_acknowledged_before() {
    let place = Place::new();
    let store = place.open();
    for round in 0..20_u32 {
        store
            .commit(put(round.to_string(), vec![1; 3000]))
            .await
            .unwrap();
        let directory = place.path().join(format!("copy-{round}"));
        store.backup_to(directory.clone()).await.unwrap();
        let copy = Store::open_embedded(EmbeddedOptions::new(directory, [9; 16])).unwrap();
        assert_eq!(names(&copy).await.len() as u32, round + 1);
    }
}

#[tokio::test]
async fn a_clean_stop_leaves_the_log_empty() {
    let place = Place::new();
    let store = place.open();
    store.commit(put("a", "1")).await.unwrap();
    assert!(store.stats().wal_bytes > 0);
    store.shutdown().await;
    for name in ["commits-0.log", "commits-1.log", "store.db-wal"] {
        let length = fs::metadata(place.path().join(name)).unwrap().len();
        assert_eq!(length, 0, "{name}");
    }
}

#[tokio::test]
async fn a_store_of_the_format_before_is_taken_over() {
    let place = Place::new();
    fs::create_dir(place.path()).unwrap();
    let database = place.path().join("store.db");
    let connection = Connection::open(&database).unwrap();
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL;
             PRAGMA application_id = 0x53747267;
             PRAGMA user_version = 1;
             CREATE TABLE rows (
                 key BLOB NOT NULL UNIQUE, revision INTEGER NOT NULL, value BLOB NOT NULL
             ) STRICT;
             CREATE TABLE meta (
                 id INTEGER PRIMARY KEY CHECK (id = 1),
                 installation BLOB NOT NULL CHECK (length(installation) = 16),
                 revision INTEGER NOT NULL
             ) STRICT;
             INSERT INTO rows VALUES (x'61', 41, x'31');
             INSERT INTO meta VALUES (1, zeroblob(16), 41);",
        )
        .unwrap();
    connection.close().unwrap();
    let store = place.open();
    assert_eq!(store.installation(), [0; 16]);
    assert_eq!(content(&store, "a").await.unwrap(), b"1");
    let next = store.commit(put("a", "2")).await.unwrap();
    assert_eq!(next.as_u64(), 42);
    store.shutdown().await;
    assert_eq!(content(&place.open(), "a").await.unwrap(), b"2");
}

#[tokio::test]
async fn commits_wait_for_a_database_that_is_far_behind() {
    let place = Place::new();
    let plan = FaultPlan::new();
    let mut options = place.options();
    options.log_bytes = 16 << 10;
    options.faults = Some(plan.clone());
    let store = Store::open_embedded(options).unwrap();
    let held = Held::new(&plan);
    let writing = tokio::spawn({
        let store = store.clone();
        async move {
            for number in 0..100_u32 {
                let row = batch(|batch| {
                    batch.put(key(number.to_be_bytes()), value([3; 2000]));
                });
                store.commit(row).await.unwrap();
            }
        }
    });
    while store.stats().wal_bytes < 48 << 10 {
        tokio::task::yield_now().await;
    }
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    let waiting = store.stats().wal_bytes;
    drop(held);
    assert!(waiting < 64 << 10, "{waiting} bytes");
    writing.await.unwrap();
    assert_eq!(names(&store).await.len(), 100);
}

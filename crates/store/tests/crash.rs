//! Kills a process that commits, or takes its disk away, and looks at what is left.
//!
//! The test binary starts itself as the process to be killed. That one runs several tasks; each
//! commits batches of three rows and a head that counts them, and prints a number once the batch
//! is acknowledged.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use strongroom_crypto::Sealed;
use strongroom_store::{Batch, CommitError, EmbeddedOptions, Key, ReadError, Store, Unavailable};

const TASKS: u64 = 4;

/// Says to the binary that it is the process to be killed, and how long its log may be.
const ROLE: &str = "STRONGROOM_STORE_CRASH_LOG_BYTES";

/// Where that process has its store.
const PLACE: &str = "STRONGROOM_STORE_CRASH_DIRECTORY";

fn main() {
    if let Ok(log_bytes) = env::var(ROLE) {
        let directory = PathBuf::from(env::var(PLACE).unwrap());
        victim(directory, log_bytes.parse().unwrap());
        return;
    }
    acknowledged_batches_survive_a_kill();
    a_log_that_cannot_be_written_stops_the_store();
    a_database_that_cannot_be_written_stops_the_store();
}

/// Five processes on one store, each killed at another point.
fn acknowledged_batches_survive_a_kill() {
    let place = tempfile::tempdir().unwrap();
    let mut acknowledged = BTreeMap::new();
    for (round, log_bytes) in [8 << 20, 64 << 10, 8 << 20, 64 << 10, 256 << 10]
        .into_iter()
        .enumerate()
    {
        let program = env::current_exe().unwrap();
        let mut child = start(Command::new(program), place.path(), log_bytes);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let enough = 150 + 211 * round;
        for line in lines.by_ref().take(enough) {
            note(&line.unwrap(), &mut acknowledged);
        }
        child.kill().unwrap();
        assert!(!child.wait().unwrap().success());
        // What it printed before it died counts, too; its last line may be cut off.
        for line in lines.map_while(Result::ok) {
            note(&line, &mut acknowledged);
        }
        assert_eq!(acknowledged.len() as u64, TASKS);
        inspect(place.path(), &acknowledged);
    }
}

/// The log grows until the system refuses, as a broken disk would.
fn a_log_that_cannot_be_written_stops_the_store() {
    run_out_of_disk(8 << 20);
}

/// The log is kept short, so the database is what grows.
fn a_database_that_cannot_be_written_stops_the_store() {
    run_out_of_disk(64 << 10);
}

fn run_out_of_disk(log_bytes: u64) {
    let place = tempfile::tempdir().unwrap();
    let mut shell = Command::new("sh");
    // With the signal ignored, a write past the limit fails with an error of its own, which is not
    // that of a full disk.
    shell
        .arg("-c")
        .arg("trap '' XFSZ; ulimit -f 2048; exec \"$0\"")
        .arg(env::current_exe().unwrap());
    let mut child = start(shell, place.path(), log_bytes);
    let mut acknowledged = BTreeMap::new();
    let mut stopped = 0;
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        match line.unwrap().as_str() {
            "stopped" => stopped += 1,
            line => note(line, &mut acknowledged),
        }
    }
    assert!(child.wait().unwrap().success());
    assert_eq!(stopped, TASKS);
    inspect(place.path(), &acknowledged);
}

fn start(mut command: Command, place: &Path, log_bytes: u64) -> Child {
    command
        .env(ROLE, log_bytes.to_string())
        .env(PLACE, place.join("store"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Takes up a printed line: a task, and the number of its batch.
fn note(line: &str, acknowledged: &mut BTreeMap<u64, u64>) {
    let Some((task, number)) = line.split_once(' ') else {
        return;
    };
    if let (Ok(task), Some(Ok(number))) = (task.parse(), number.strip_suffix('.').map(str::parse)) {
        acknowledged.insert(task, number);
    }
}

/// Opens the store and checks that every acknowledged batch is there, and every batch whole.
fn inspect(place: &Path, acknowledged: &BTreeMap<u64, u64>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let store = Store::open_embedded(options(place.join("store"), 8 << 20)).unwrap();
        for (&task, &number) in acknowledged {
            let last = head(&store, task).await;
            assert!(last >= number, "task {task} has lost {last} to {number}");
            for number in 1..=last {
                let rows = count_rows(&store, task, number).await;
                assert_eq!(rows, 3, "batch {number} of task {task}");
            }
            let rows = count_rows(&store, task, last + 1).await;
            assert_eq!(rows, 0, "a batch of task {task} without its head");
        }
        store.shutdown().await;
    });
}

async fn head(store: &Store, task: u64) -> u64 {
    let row = store.get(&key(task, 0, "head")).await.unwrap();
    row.map_or(0, |row| {
        u64::from_be_bytes(row.value.as_stored().try_into().unwrap())
    })
}

async fn count_rows(store: &Store, task: u64, number: u64) -> usize {
    let mut rows = 0;
    for part in ["a", "b", "c"] {
        if let Some(row) = store.get(&key(task, number, part)).await.unwrap() {
            assert_eq!(row.value, content(number));
            rows += 1;
        }
    }
    rows
}

fn key(task: u64, number: u64, part: &str) -> Key {
    Key::from(format!("{task}/{number:08}/{part}").into_bytes())
}

/// From small to several pages.
fn content(number: u64) -> Sealed {
    let size = 50 + (number % 40) * 300;
    Sealed::from_stored(vec![number.to_le_bytes()[0]; size as usize])
}

fn options(directory: PathBuf, log_bytes: u64) -> EmbeddedOptions {
    let mut options = EmbeddedOptions::new(directory, [7; 16]);
    options.cache_bytes = 256 << 10;
    options.log_bytes = log_bytes;
    options
}

/// Commits until it is killed, or until the store stops.
fn victim(directory: PathBuf, log_bytes: u64) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    runtime.block_on(async {
        let store = Store::open_embedded(options(directory, log_bytes)).unwrap();
        let tasks: Vec<_> = (0..TASKS)
            .map(|task| tokio::spawn(commit_for_ever(store.clone(), task)))
            .collect();
        for task in tasks {
            let error = task.await.unwrap();
            assert!(is_stop(&error), "{error:?}: {:?}", error.source());
            // From now on it refuses everything.
            let read = store.get(&key(0, 0, "head")).await;
            assert!(matches!(
                read,
                Err(ReadError::Unavailable(Unavailable::Poisoned))
            ));
            say("stopped");
        }
    });
}

fn is_stop(error: &CommitError) -> bool {
    matches!(
        error,
        CommitError::OutcomeUnknown(_) | CommitError::Unavailable(Unavailable::Poisoned)
    )
}

async fn commit_for_ever(store: Store, task: u64) -> CommitError {
    let mut number = head(&store, task).await;
    loop {
        number += 1;
        let mut batch = Batch::new();
        let head = Sealed::from_stored(number.to_be_bytes());
        batch.put(key(task, 0, "head"), head);
        for part in ["a", "b", "c"] {
            batch
                .expect_absent(key(task, number, part))
                .put(key(task, number, part), content(number));
        }
        if let Err(error) = store.commit(batch).await {
            return error;
        }
        say(&format!("{task} {number}."));
    }
}

/// Prints a line at once, so that it counts even if the process dies right after.
fn say(line: &str) {
    let mut out = io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

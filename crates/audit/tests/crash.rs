//! What was acknowledged survives: torn ends at every byte, and processes killed in the act.
// The helpers of a test may fail as loudly as the test; clippy's setting covers only the latter.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::collections::HashSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use common::{append, check, copy, frames, id, open, record, segments};
use proptest::prelude::*;
use strongroom_audit::{Ends, Journal, JournalOptions, OpenError, RecordId};
use tempfile::TempDir;

fn ids(numbers: std::ops::Range<u64>) -> HashSet<RecordId> {
    numbers.map(id).collect()
}

/// A journal of five acknowledged records, as a crash leaves it.
fn crashed() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let image = tempfile::tempdir().unwrap();
    let journal = open(directory.path(), 8 << 10);
    for number in 0..5 {
        append(&journal, [number]);
    }
    copy(directory.path(), image.path());
    image
}

fn opens_with(directory: &Path, expected: u64) {
    let journal = open(directory, 8 << 10);
    assert_eq!(journal.head().sequence, expected);
    let found = journal.contains_since(0, &ids(0..9)).unwrap();
    assert_eq!(found, ids(0..expected));
    append(&journal, [7]);
    journal.close().unwrap();
    let verified = check(directory).unwrap();
    assert_eq!(
        (verified.records, verified.ends),
        (expected + 1, Ends::Closed)
    );
}

#[test]
fn a_torn_end_costs_only_what_was_torn() {
    let image = crashed();
    let segment = fs::read(&segments(image.path())[0]).unwrap();
    let places = frames(&segment);
    assert_eq!(places.len(), 5);
    for torn in places[4].clone() {
        let directory = tempfile::tempdir().unwrap();
        copy(image.path(), directory.path());
        let mut bytes = segment.clone();
        bytes[torn..].fill(0);
        fs::write(&segments(directory.path())[0], bytes).unwrap();
        assert_eq!(check(directory.path()).unwrap().ends, Ends::Open);
        opens_with(directory.path(), 4);
    }
}

#[test]
fn an_end_that_is_whole_counts_though_nobody_closed_it() {
    let image = crashed();
    let verified = check(image.path()).unwrap();
    assert_eq!((verified.records, verified.ends), (5, Ends::Open));
    opens_with(image.path(), 5);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// A disk that lost power may have written any part of the last write, in any order.
    #[test]
    fn whatever_a_torn_write_left_is_cut_off(
        garbage in proptest::collection::vec(any::<u8>(), 1..600),
    ) {
        let image = crashed();
        let path = &segments(image.path())[0];
        let mut bytes = fs::read(path).unwrap();
        let end = frames(&bytes).last().unwrap().end;
        bytes[end..end + garbage.len()].copy_from_slice(&garbage);
        fs::write(path, bytes).unwrap();
        opens_with(image.path(), 5);
    }
}

#[test]
fn damage_before_the_end_is_no_torn_end() {
    let image = crashed();
    let path = &segments(image.path())[0];
    let segment = fs::read(path).unwrap();
    let places = frames(&segment);
    for damaged in places[1].clone() {
        let mut bytes = segment.clone();
        bytes[damaged] ^= 0x55;
        fs::write(path, bytes).unwrap();
        let keys = common::keys();
        let opened = Journal::open(
            common::options(image.path(), 8 << 10),
            keys,
            common::TestClock::at(common::START),
        );
        // The link of a frame is the one place that its successor does not vouch for.
        let expected = if damaged < places[1].end - 32 { 2 } else { 3 };
        match opened {
            Err(OpenError::Damaged { sequence, .. }) => assert!(sequence <= expected),
            Err(error) => panic!("byte {damaged}: {error}"),
            Ok(_) => panic!("byte {damaged} goes unnoticed"),
        }
        assert!(check(image.path()).is_err());
    }
}

#[test]
fn a_spare_and_an_empty_segment_that_a_crash_left_are_used_again() {
    let image = tempfile::tempdir().unwrap();
    {
        let directory = tempfile::tempdir().unwrap();
        let journal = open(directory.path(), 8 << 10);
        copy(directory.path(), image.path());
        drop(journal);
    }
    fs::write(image.path().join("spare-77.tmp"), b"unfinished").unwrap();
    fs::write(image.path().join("spare-78"), b"of another size").unwrap();
    for round in 1..4 {
        let journal = open(image.path(), 8 << 10);
        append(&journal, [round]);
        journal.close().unwrap();
        let journal = open(image.path(), 8 << 10);
        journal.close().unwrap();
        let verified = check(image.path()).unwrap();
        assert_eq!((verified.records, verified.unused), (round, 0));
    }
    assert!(!image.path().join("spare-77.tmp").exists());
    assert!(!image.path().join("spare-78").exists());
}

#[test]
fn one_process_at_a_time() {
    let directory = tempfile::tempdir().unwrap();
    let journal = open(directory.path(), 8 << 10);
    let again = || {
        Journal::open(
            common::options(directory.path(), 8 << 10),
            common::keys(),
            common::TestClock::at(common::START),
        )
    };
    assert!(matches!(again(), Err(OpenError::InUse { .. })));
    journal.close().unwrap();
    assert!(again().is_ok());
}

const CHILD: &str = "STRONGROOM_AUDIT_CHILD";
const FIRST: &str = "STRONGROOM_AUDIT_FIRST";

/// Appends without end from several threads, and says which records are durable.
fn append_until_killed(directory: &str) {
    let options = JournalOptions {
        head_records: 50,
        ..common::options(Path::new(directory), 64 << 10)
    };
    let clock = common::TestClock::at(common::START);
    let journal = Journal::open(options, common::keys(), clock).unwrap();
    let next = AtomicU64::new(std::env::var(FIRST).unwrap().parse().unwrap());
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    append(&journal, [number]);
                    let mut output = std::io::stdout().lock();
                    writeln!(output, "durable {number}").unwrap();
                    output.flush().unwrap();
                }
            });
        }
    });
}

#[test]
fn a_killed_process_loses_nothing_that_it_acknowledged() {
    if let Ok(directory) = std::env::var(CHILD) {
        append_until_killed(&directory);
    }
    let directory = tempfile::tempdir().unwrap();
    let mut acknowledged = HashSet::new();
    for round in 0..5_u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "a_killed_process_loses_nothing_that_it_acknowledged",
            ])
            .arg("--nocapture")
            .env(CHILD, directory.path())
            .env(FIRST, (round * 1_000_000).to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut seen = 0;
        for line in lines.map_while(Result::ok) {
            let Some(number) = line.strip_prefix("durable ") else {
                continue;
            };
            acknowledged.insert(number.parse::<u64>().unwrap());
            seen += 1;
            if seen == 300 + 37 * round {
                // SIGKILL; what is still in the pipe was acknowledged too.
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        assert!(seen >= 300, "the child ended early: {seen}");
        let journal = open(directory.path(), 64 << 10);
        let expected: HashSet<_> = acknowledged.iter().copied().map(id).collect();
        assert_eq!(journal.contains_since(0, &expected).unwrap(), expected);
        drop(journal);
        check(directory.path()).unwrap();
    }
    // The record itself came back too, not only its identity.
    let journal = open(directory.path(), 64 << 10);
    let number = *acknowledged.iter().max().unwrap();
    let entry = journal.find(common::organisation(), id(number).entry(1));
    let entry = entry.unwrap().unwrap();
    assert_eq!(*entry.record(), record(number));
}

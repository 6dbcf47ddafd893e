//! Signed heads come on their schedule, and receipts work from async code.
// The helpers of a test may fail as loudly as the test; clippy's setting covers only the latter.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use common::{TestClock, append, keys, options};
use strongroom_audit::{Ends, Journal, JournalOptions};

#[test]
fn a_head_is_signed_after_so_many_records() {
    let directory = tempfile::tempdir().unwrap();
    let options = JournalOptions {
        head_records: 10,
        ..options(directory.path(), 64 << 10)
    };
    let journal = Journal::open(options, keys(), TestClock::at(common::START)).unwrap();
    append(&journal, 0..9);
    assert_eq!(journal.signed_head(), None);
    for number in 9..12 {
        append(&journal, [number]);
    }
    let public = keys().audit_signer().public_key();
    let signed = journal.signed_head().unwrap();
    // At once, or together with a record that came meanwhile.
    assert!((10..=11).contains(&signed.head.sequence), "{signed:?}");
    assert!(signed.verify(&public).is_ok());
    // The head itself took a place in the journal.
    assert_eq!(journal.head().sequence, 13);
}

#[test]
fn a_head_is_signed_after_some_time_if_there_is_something_to_sign() {
    let directory = tempfile::tempdir().unwrap();
    let clock = TestClock::at(common::START);
    let options = options(directory.path(), 64 << 10);
    let journal = Journal::open(options, keys(), clock.clone()).unwrap();
    append(&journal, 0..3);
    assert_eq!(journal.signed_head(), None);
    clock.advance(61);
    // The head follows the record that finds it due, and is there before the next record is.
    append(&journal, 3..4);
    append(&journal, 4..5);
    let first = journal.signed_head().unwrap();
    assert!((3..=4).contains(&first.head.sequence), "{first:?}");
    clock.advance(61);
    append(&journal, 5..6);
    append(&journal, 6..7);
    assert!(journal.signed_head().unwrap().head.sequence > first.head.sequence);
}

#[test]
fn closing_signs_the_end_and_a_restart_remembers_it() {
    let directory = tempfile::tempdir().unwrap();
    let journal = common::open(directory.path(), 64 << 10);
    append(&journal, 0..3);
    let head = journal.head();
    journal.clone().close().unwrap();
    // For every clone.
    assert!(matches!(
        journal.append(&common::record(4)),
        Err(strongroom_audit::AppendError::Closed)
    ));
    drop(journal);
    let journal = common::open(directory.path(), 64 << 10);
    assert_eq!(journal.signed_head().unwrap().head, head);
    assert_eq!(journal.head(), head);
    drop(journal);
    assert_eq!(common::check(directory.path()).unwrap().ends, Ends::Closed);
}

#[test]
fn receipts_are_futures() {
    let directory = tempfile::tempdir().unwrap();
    let journal = common::open(directory.path(), 64 << 10);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    let mut sequences = runtime.block_on(async {
        let tasks: Vec<_> = (0..500)
            .map(|number| {
                let journal = journal.clone();
                tokio::spawn(async move {
                    let receipt = journal.append(&common::record(number)).unwrap();
                    receipt.await.unwrap().sequence()
                })
            })
            .collect();
        let mut sequences = Vec::new();
        for task in tasks {
            sequences.push(task.await.unwrap());
        }
        sequences
    });
    sequences.sort_unstable();
    assert_eq!(sequences, (1..=500).collect::<Vec<_>>());
    let counters = journal.counters();
    assert_eq!((counters.accepted, counters.durable), (500, 500));
    assert_eq!(
        (counters.failed, counters.rejected, counters.faults),
        (0, 0, 0)
    );
    journal.close().unwrap();
    assert_eq!(common::check(directory.path()).unwrap().records, 500);
}

#[test]
fn options_that_contradict_each_other_are_named() {
    let directory = tempfile::tempdir().unwrap();
    let good = options(directory.path(), 64 << 10);
    let bad = [
        JournalOptions {
            segment_bytes: 4096,
            ..good.clone()
        },
        JournalOptions {
            queue_bytes: 1000,
            ..good.clone()
        },
        JournalOptions {
            head_records: 0,
            ..good.clone()
        },
        JournalOptions {
            deadline: std::time::Duration::ZERO,
            ..good
        },
    ];
    for options in bad {
        let error = Journal::open(options.clone(), keys(), TestClock::at(common::START));
        let error = error.err().unwrap().to_string();
        assert!(error.contains("must be at least"), "{options:?}: {error}");
    }
}

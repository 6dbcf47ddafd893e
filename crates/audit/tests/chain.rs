//! Verification finds whatever is changed, dropped, repeated or moved.
// The helpers of a test may fail as loudly as the test; clippy's setting covers only the latter.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod common;

use std::fs;
use std::path::Path;

use common::{append, check, copy, frames, options, segments};
use proptest::prelude::*;
use strongroom_audit::{Ends, Journal, Tampering, VerifyError, verify_with};
use strongroom_types::Timestamp;
use tempfile::TempDir;

/// A closed journal of several segments with a signed head now and then.
fn closed_journal() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for run in 0..2 {
        let options = strongroom_audit::JournalOptions {
            head_records: 7,
            ..options(directory.path(), 8 << 10)
        };
        let clock = common::TestClock::at(common::START + run);
        let journal = Journal::open(options, common::keys(), clock).unwrap();
        for number in 0..40 {
            append(&journal, [u64::try_from(run).unwrap() * 40 + number]);
        }
        journal.close().unwrap();
    }
    directory
}

fn tampering(directory: &Path) -> Option<Tampering> {
    match check(directory) {
        Ok(_) => None,
        Err(VerifyError::Tampered(tampered)) => Some(tampered.what),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn a_journal_reads_as_written() {
    let directory = closed_journal();
    let verified = check(directory.path()).unwrap();
    assert_eq!(verified.records, 80);
    assert_eq!(verified.ends, Ends::Closed);
    assert!(verified.segments >= 4, "{verified:?}");
    assert!(verified.signed_heads >= 10, "{verified:?}");
    assert_eq!(verified.unused, 0);
    assert_eq!(
        verified.newest_signed.map(|signed| signed.head),
        Some(verified.last)
    );
}

#[test]
fn an_empty_directory_holds_an_empty_journal() {
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(check(directory.path()).unwrap().ends, Ends::Empty);
    assert!(check(&directory.path().join("nowhere")).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_changed_byte_is_found(
        segment: proptest::sample::Index, byte: proptest::sample::Index, mask in 1..=u8::MAX,
    ) {
        let directory = shared_journal();
        let path = segment.get(&segments(directory.path())).clone();
        let mut bytes = fs::read(&path).unwrap();
        let at = byte.index(bytes.len());
        bytes[at] ^= mask;
        fs::write(&path, bytes).unwrap();
        prop_assert!(tampering(directory.path()).is_some(), "byte {} of {:?}", at, path);
    }

    #[test]
    fn a_frame_that_is_dropped_repeated_or_moved_is_found(
        segment: proptest::sample::Index,
        one: proptest::sample::Index,
        other: proptest::sample::Index,
        how in 0..3,
    ) {
        let directory = shared_journal();
        let path = segment.get(&segments(directory.path())).clone();
        let bytes = fs::read(&path).unwrap();
        let places = frames(&bytes);
        let (one, other) = (one.index(places.len()), other.index(places.len()));
        prop_assume!(how != 2 || one != other);
        let mut order: Vec<usize> = (0..places.len()).collect();
        match how {
            0 => { order.remove(one); }
            1 => order.insert(other, one),
            _ => order.swap(one, other),
        }
        let mut changed = bytes[..4096].to_vec();
        for index in order {
            changed.extend_from_slice(&bytes[places[index].clone()]);
        }
        changed.extend_from_slice(&bytes[places.last().unwrap().end..]);
        fs::write(&path, changed).unwrap();
        prop_assert!(tampering(directory.path()).is_some());
    }

    #[test]
    fn a_file_that_is_cut_is_found(
        segment: proptest::sample::Index, length: proptest::sample::Index,
    ) {
        let directory = shared_journal();
        let path = segment.get(&segments(directory.path())).clone();
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..length.index(bytes.len())]).unwrap();
        prop_assert!(tampering(directory.path()).is_some());
    }
}

/// A fresh copy of one journal.
fn shared_journal() -> TempDir {
    static ORIGINAL: std::sync::LazyLock<TempDir> = std::sync::LazyLock::new(closed_journal);
    let directory = tempfile::tempdir().unwrap();
    copy(ORIGINAL.path(), directory.path());
    directory
}

#[test]
fn segments_that_are_missing_swapped_or_renamed_are_found() {
    let directory = shared_journal();
    let paths = segments(directory.path());
    for middle in &paths[1..paths.len() - 1] {
        let directory = shared_journal();
        fs::remove_file(directory.path().join(middle.file_name().unwrap())).unwrap();
        assert!(tampering(directory.path()).is_some());
    }
    fs::remove_file(&paths[0]).unwrap();
    assert_eq!(tampering(directory.path()), Some(Tampering::Missing));

    let directory = shared_journal();
    let paths = segments(directory.path());
    let spare = directory.path().join("elsewhere");
    fs::rename(&paths[1], &spare).unwrap();
    fs::rename(&paths[2], &paths[1]).unwrap();
    fs::rename(&spare, &paths[2]).unwrap();
    assert_eq!(tampering(directory.path()), Some(Tampering::Renamed));
}

#[test]
fn another_key_does_not_verify() {
    let directory = shared_journal();
    let strangers =
        strongroom_crypto::Keyring::generate(&strongroom_crypto::SystemEntropy).unwrap();
    let own = common::keys();
    let by = |chain: &strongroom_crypto::Keyring, signer: &strongroom_crypto::Keyring| {
        strongroom_audit::verify(
            directory.path(),
            chain.audit_chain(),
            &signer.audit_signer().public_key(),
        )
    };
    assert!(by(&own, &own).is_ok());
    assert!(by(&strangers, &own).is_err());
    assert!(by(&own, &strangers).is_err());
}

#[test]
fn a_head_kept_elsewhere_finds_an_older_state() {
    let directory = tempfile::tempdir().unwrap();
    let older = tempfile::tempdir().unwrap();
    let journal = common::open(directory.path(), 64 << 10);
    append(&journal, 0..5);
    journal.close().unwrap();
    copy(directory.path(), older.path());
    let journal = common::open(directory.path(), 64 << 10);
    append(&journal, 5..9);
    journal.clone().close().unwrap();
    let anchor = journal.signed_head().unwrap();
    assert_eq!(anchor.head, journal.head());
    drop(journal);

    let keys = common::keys();
    let with = |directory: &Path, anchors: &[_]| {
        let public = keys.audit_signer().public_key();
        verify_with(directory, keys.audit_chain(), &public, anchors)
    };
    assert!(with(directory.path(), &[anchor]).is_ok());
    // The older state is whole in itself; only the anchor tells.
    assert!(with(older.path(), &[]).is_ok());
    assert!(matches!(
        with(older.path(), &[anchor]),
        Err(VerifyError::Tampered(tampered)) if tampered.what == Tampering::Anchor
    ));
    let reached = strongroom_audit::JournalOptions {
        reached: anchor.head.sequence,
        ..options(older.path(), 64 << 10)
    };
    assert!(matches!(
        Journal::open(
            reached,
            common::keys(),
            common::TestClock::at(common::START)
        ),
        Err(strongroom_audit::OpenError::Shortened {
            expected: 9,
            found: 5
        })
    ));
}

#[test]
fn retention_drops_whole_segments_and_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let clock = common::TestClock::at(common::START);
    let open = || {
        let options = options(directory.path(), 8 << 10);
        Journal::open(options, common::keys(), clock.clone()).unwrap()
    };
    let journal = open();
    for number in 0..100 {
        append(&journal, [number]);
        clock.advance(1);
    }
    let before = segments(directory.path()).len();
    let cut = Timestamp::from_second(common::START + 50).unwrap();
    let expired = journal.expire(cut).unwrap();
    assert!(expired.segments > 1 && expired.last <= 50, "{expired:?}");
    let after = segments(directory.path()).len();
    assert_eq!(before - after, usize::try_from(expired.segments).unwrap());
    // Nothing further is that old.
    assert_eq!(journal.expire(cut).unwrap().segments, 0);

    let filter = strongroom_audit::Filter::everything(common::organisation());
    let found = journal.query(&filter, strongroom_audit::Page::default());
    assert_eq!(found.unwrap().total, 2 * (100 - expired.last));
    journal.close().unwrap();
    let verified = check(directory.path()).unwrap();
    assert_eq!(verified.first, expired.last + 1);
    assert_eq!(verified.records, 100 - expired.last);

    // Whoever removes one more has no tombstone for it.
    fs::remove_file(&segments(directory.path())[0]).unwrap();
    assert_eq!(tampering(directory.path()), Some(Tampering::Missing));
}

#[test]
fn a_journal_goes_on_after_retention_and_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let clock = common::TestClock::at(common::START);
    let open = || {
        let options = options(directory.path(), 8 << 10);
        Journal::open(options, common::keys(), clock.clone()).unwrap()
    };
    for run in 0..4 {
        let journal = open();
        append(&journal, run * 30..run * 30 + 30);
        clock.advance(1000);
        let expired = journal.expire(clock_now(&clock)).unwrap();
        assert!(expired.segments > 0);
        journal.close().unwrap();
        check(directory.path()).unwrap();
    }
}

fn clock_now(clock: &common::TestClock) -> Timestamp {
    strongroom_types::Clock::now(clock)
}

//! How the journal behaves when the disk does not: nothing that was acknowledged is missing, and
//! everyone is answered in time.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use strongroom_types::{OrganisationId, Timestamp};

use crate::testing::{Fault, Faults, FaultyDisk, Noon, Operation, keys};
use crate::{
    AppendError, CloseError, Ends, Filter, Journal, JournalOptions, Page, Receipt, Record,
    RecordId, WriteFault, verify,
};

/// For tests that wait until a hanging disk is given up; long enough for one that is only busy.
const DEADLINE: Duration = Duration::from_secs(2);
/// Far beyond what any test needs: only one that would hang takes as long.
const NEVER: Duration = Duration::from_secs(60);

fn open(directory: &Path) -> (Journal, Arc<Faults>) {
    open_within(directory, NEVER)
}

fn open_within(directory: &Path, deadline: Duration) -> (Journal, Arc<Faults>) {
    let disk = FaultyDisk::default();
    let faults = disk.faults();
    let options = JournalOptions {
        segment_bytes: 16 << 10,
        deadline,
        backoff: Duration::from_millis(1),
        queue_bytes: 2 << 20,
        ..JournalOptions::usual(directory)
    };
    let journal = Journal::open_on(
        Arc::new(disk),
        options,
        Arc::clone(keys()) as _,
        Arc::new(Noon),
    );
    (journal.unwrap(), faults)
}

fn id(number: u64) -> RecordId {
    RecordId::new(Timestamp::UNIX_EPOCH, number.to_be_bytes())
}

fn append(journal: &Journal, number: u64) -> Result<Receipt, AppendError> {
    let path = "/v1/secrets/nl-01/a";
    let mut record = Record::new(id(number), Timestamp::UNIX_EPOCH, "GET", path, 200);
    record.organisation = Some(OrganisationId::from_bytes([1; 16]));
    journal.append(&record)
}

fn record(journal: &Journal, number: u64) -> Result<(), AppendError> {
    append(journal, number)?.wait().map(|_durable| ())
}

fn until(what: &str, condition: impl Fn() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < NEVER, "never {what}");
        thread::yield_now();
    }
}

/// Everything acknowledged is there, and the chain holds.
fn holds(directory: &Path, acknowledged: &HashSet<RecordId>) -> crate::Verified {
    let (journal, _) = open(directory);
    let found = journal.contains_since(0, acknowledged).unwrap();
    assert_eq!(found, *acknowledged);
    journal.close().unwrap();
    let public = keys().audit_signer().public_key();
    let verified = verify(directory, keys().audit_chain(), &public).unwrap();
    assert_eq!(verified.ends, Ends::Closed);
    verified
}

#[test]
fn a_failed_write_or_sync_answers_at_once_and_a_fresh_segment_takes_over() {
    for (operation, fault) in [
        (Operation::Write, Fault::Full),
        (Operation::Write, Fault::Broken),
        (Operation::Write, Fault::Torn),
        (Operation::SyncData, Fault::Broken),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let (journal, faults) = open(directory.path());
        record(&journal, 1).unwrap();
        faults.inject(operation, fault);
        let error = record(&journal, 2).unwrap_err();
        assert!(matches!(error, AppendError::Unavailable { .. }), "{error}");
        assert!(!journal.healthy(), "{operation:?} {fault:?}");
        // No waiting for what cannot come.
        assert!(matches!(
            append(&journal, 3),
            Err(AppendError::Unavailable { .. })
        ));
        faults.heal();
        until("healthy again", || journal.healthy());
        record(&journal, 4).unwrap();
        assert_eq!(journal.counters().failed, 1);
        journal.close().unwrap();
        let verified = holds(directory.path(), &HashSet::from([id(1), id(4)]));
        assert_eq!(verified.unused, 1, "{operation:?} {fault:?}");
    }
}

#[test]
fn short_writes_and_reads_lose_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let (journal, faults) = open(directory.path());
    faults.inject(Operation::Write, Fault::Short);
    faults.inject(Operation::Read, Fault::Short);
    // Over more than one segment.
    for number in 0..200 {
        record(&journal, number).unwrap();
    }
    assert_eq!(journal.counters().faults, 0);
    journal.close().unwrap();
    holds(directory.path(), &(0..200).map(id).collect());
}

#[test]
fn a_hanging_disk_does_not_hang_those_who_wait() {
    let directory = tempfile::tempdir().unwrap();
    let (journal, faults) = open_within(directory.path(), DEADLINE);
    record(&journal, 1).unwrap();
    faults.inject(Operation::SyncData, Fault::Hangs);
    let began = Instant::now();
    let waiting: Vec<_> = (2..20)
        .map(|number| append(&journal, number).unwrap())
        .collect();
    for receipt in waiting {
        let error = receipt.wait().unwrap_err();
        let AppendError::Unavailable { cause } = error else {
            panic!("{error}");
        };
        assert!(matches!(*cause, WriteFault::Deadline { .. }), "{cause}");
    }
    assert!(began.elapsed() < DEADLINE * 5, "{:?}", began.elapsed());
    assert!(append(&journal, 20).is_err());
    faults.heal();
    until("healthy again", || journal.healthy());
    record(&journal, 21).unwrap();
    journal.close().unwrap();
    holds(directory.path(), &HashSet::from([id(1), id(21)]));
}

#[test]
fn closing_on_a_hanging_disk_gives_up() {
    let directory = tempfile::tempdir().unwrap();
    let (journal, faults) = open_within(directory.path(), DEADLINE);
    record(&journal, 1).unwrap();
    faults.inject(Operation::SyncData, Fault::Hangs);
    assert!(matches!(journal.clone().close(), Err(CloseError::Deadline)));
    assert!(matches!(append(&journal, 2), Err(AppendError::Closed)));
    faults.heal();
}

#[test]
fn a_fresh_segment_that_reads_differently_is_not_used() {
    let directory = tempfile::tempdir().unwrap();
    let (journal, faults) = open(directory.path());
    record(&journal, 1).unwrap();
    faults.inject(Operation::SyncData, Fault::Broken);
    assert!(record(&journal, 2).is_err());
    faults.inject(Operation::Read, Fault::Corrupt);
    faults.inject(Operation::SyncData, Fault::Short);
    // One fresh segment after the other is begun, and none is trusted.
    let begun = journal.counters().segments;
    until("tried again", || journal.counters().segments > begun + 2);
    assert!(!journal.healthy());
    faults.heal();
    until("healthy again", || journal.healthy());
    record(&journal, 3).unwrap();
    journal.close().unwrap();
    holds(directory.path(), &HashSet::from([id(1), id(3)]));
}

#[test]
fn no_fresh_segment_is_better_than_a_bad_one() {
    for operation in [
        Operation::Create,
        Operation::Rename,
        Operation::SyncDirectory,
        Operation::SyncAll,
        Operation::SetLength,
    ] {
        let directory = tempfile::tempdir().unwrap();
        let (journal, faults) = open(directory.path());
        faults.inject(operation, Fault::Broken);
        let mut acknowledged = HashSet::new();
        // Enough to fill the segment and the spare.
        for number in 0..400 {
            if record(&journal, number).is_ok() {
                acknowledged.insert(id(number));
            }
        }
        assert!(acknowledged.len() < 400, "{operation:?} was not needed");
        faults.heal();
        until("healthy again", || journal.healthy());
        record(&journal, 1000).unwrap();
        acknowledged.insert(id(1000));
        journal.close().unwrap();
        let verified = holds(directory.path(), &acknowledged);
        assert_eq!(verified.records, acknowledged.len() as u64, "{operation:?}");
    }
}

#[test]
fn the_queue_is_bounded() {
    let directory = tempfile::tempdir().unwrap();
    let (journal, faults) = open(directory.path());
    record(&journal, 0).unwrap();
    faults.inject(Operation::SyncData, Fault::Hangs);
    let mut accepted = Vec::new();
    let error = loop {
        match append(&journal, accepted.len() as u64) {
            Ok(receipt) => accepted.push(receipt),
            Err(error) => break error,
        }
        assert!(accepted.len() < 40_000, "the queue grows without bound");
    };
    assert!(matches!(error, AppendError::Full), "{error}");
    assert_eq!(journal.counters().rejected, 1);
    faults.heal();
    // What was accepted is decided all the same.
    for receipt in accepted {
        let _decided = receipt.wait();
    }
}

#[test]
fn a_record_that_is_too_large_is_refused_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let (journal, _faults) = open(directory.path());
    let path = "/a".repeat(1000);
    let mut large = Record::new(id(1), Timestamp::UNIX_EPOCH, "GET", &path, 200);
    let event = crate::ServiceEvent::new(
        crate::Action::SecretGetValue,
        Some(crate::Resource::secret(&path)),
    );
    large.events = vec![event.clone(); 600];
    assert!(matches!(
        journal.append(&large),
        Err(AppendError::Record { .. })
    ));
    // Larger than a segment, and still a record.
    large.events.truncate(100);
    let _durable = journal.append(&large).unwrap().wait().unwrap();
    record(&journal, 2).unwrap();
    journal.close().unwrap();
    holds(directory.path(), &HashSet::from([id(1), id(2)]));
}

#[test]
fn readers_see_only_what_is_durable() {
    let directory = tempfile::tempdir().unwrap();
    let (journal, faults) = open(directory.path());
    let filter = Filter::everything(OrganisationId::from_bytes([1; 16]));
    let total = || journal.query(&filter, Page::default()).unwrap().total;
    record(&journal, 1).unwrap();
    assert_eq!(total(), 1);
    faults.inject(Operation::SyncData, Fault::Broken);
    assert!(record(&journal, 2).is_err());
    assert_eq!(total(), 1);
    faults.heal();
    until("healthy again", || journal.healthy());
    record(&journal, 3).unwrap();
    assert_eq!(total(), 2);
}

fn fault() -> impl Strategy<Value = (Operation, Fault)> {
    use Fault::{Broken, Corrupt, Full, Short, Torn};
    use Operation::{Create, Read, Rename, SetLength, SyncAll, SyncData, SyncDirectory, Write};
    prop::sample::select(vec![
        (Write, Full),
        (Write, Torn),
        (Write, Short),
        (SyncData, Broken),
        (SyncAll, Broken),
        (Create, Full),
        (Rename, Broken),
        (SyncDirectory, Broken),
        (SetLength, Broken),
        (Read, Corrupt),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn whatever_fails_nothing_acknowledged_is_missing(
        rounds in prop::collection::vec((prop::option::of(fault()), 1..60_u64, any::<bool>()), 1..12),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let (mut journal, mut faults) = open(directory.path());
        let mut acknowledged = HashSet::new();
        let mut number = 0;
        for (fault, records, crash) in rounds {
            if let Some((operation, fault)) = fault {
                faults.inject(operation, fault);
            }
            let waiting: Vec<_> = (number..number + records)
                .map(|number| (id(number), append(&journal, number)))
                .collect();
            number += records;
            for (id, receipt) in waiting {
                if receipt.and_then(Receipt::wait).is_ok() {
                    acknowledged.insert(id);
                }
            }
            if crash && fault.is_some() {
                // The next process finds the directory as the failing disk left it.
                let _failed = journal.close();
                (journal, faults) = open(directory.path());
            } else {
                faults.heal();
                until("healthy again", || journal.healthy());
            }
        }
        faults.heal();
        let _ended = journal.close();
        holds(directory.path(), &acknowledged);
    }
}

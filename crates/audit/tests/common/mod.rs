//! What the tests of the journal share.
#![allow(dead_code)] // Each test binary uses its own part of it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use strongroom_audit::{
    Action, Journal, JournalOptions, Record, RecordId, Resource, ServiceEvent, Verified,
    VerifyError, verify,
};
use strongroom_crypto::{Entropy, EntropyError, Keyring};
use strongroom_types::{Clock, OrganisationId, Timestamp};

/// Bytes that are the same in every process, so that a child has its parent's keys.
struct Counting(AtomicU64);

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        for byte in bytes {
            *byte = self.0.fetch_add(1, Ordering::Relaxed).to_le_bytes()[0];
        }
        Ok(())
    }
}

pub(crate) fn keys() -> Arc<Keyring> {
    Arc::new(Keyring::generate(&Counting(AtomicU64::new(1))).unwrap())
}

/// A clock that the test turns.
pub(crate) struct TestClock(AtomicI64);

impl TestClock {
    pub(crate) fn at(second: i64) -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(second)))
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(Ordering::Relaxed)).unwrap()
    }
}

pub(crate) const START: i64 = 1_800_000_000;

pub(crate) fn options(directory: &Path, segment_bytes: u64) -> JournalOptions {
    JournalOptions {
        segment_bytes,
        backoff: Duration::from_millis(1),
        ..JournalOptions::usual(directory)
    }
}

pub(crate) fn open(directory: &Path, segment_bytes: u64) -> Journal {
    let options = options(directory, segment_bytes);
    Journal::open(options, keys(), TestClock::at(START)).unwrap()
}

pub(crate) fn organisation() -> OrganisationId {
    OrganisationId::from_bytes([1; 16])
}

pub(crate) fn id(number: u64) -> RecordId {
    let at = Timestamp::from_millisecond(START * 1000 + i64::try_from(number).unwrap()).unwrap();
    RecordId::new(at, number.to_be_bytes())
}

/// The record of this number, which reads a secret.
pub(crate) fn record(number: u64) -> Record<'static> {
    let at = Timestamp::from_millisecond(id(number).millisecond()).unwrap();
    let mut record = Record::new(id(number), at, "POST", "/v1/secrets/nl-01/a:value", 200);
    record.organisation = Some(organisation());
    record.events = vec![
        ServiceEvent::new(Action::SecretGetValue, Some(Resource::secret("/a")))
            .with("number", usize::try_from(number).unwrap()),
    ];
    record
}

/// Appends and waits until all are durable.
pub(crate) fn append(journal: &Journal, numbers: impl IntoIterator<Item = u64>) {
    let receipts: Vec<_> = numbers
        .into_iter()
        .map(|number| journal.append(&record(number)).unwrap())
        .collect();
    for receipt in receipts {
        let _durable = receipt.wait().unwrap();
    }
}

pub(crate) fn check(directory: &Path) -> Result<Verified, VerifyError> {
    let keys = keys();
    verify(
        directory,
        keys.audit_chain(),
        &keys.audit_signer().public_key(),
    )
}

/// Copies a journal, which may be open: all but the spares, which come and go.
pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let name = entry.unwrap().file_name();
        if !name.to_str().unwrap().starts_with("spare-") {
            std::fs::copy(from.join(&name), to.join(&name)).unwrap();
        }
    }
}

/// The segments of a directory, oldest first.
pub(crate) fn segments(directory: &Path) -> Vec<std::path::PathBuf> {
    let mut segments: Vec<_> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "journal"))
        .collect();
    segments.sort();
    segments
}

/// Where the frames of a segment stand, read independently of the crate: bytes from 4096, a length
/// in the first four, 49 bytes around the payload.
pub(crate) fn frames(segment: &[u8]) -> Vec<std::ops::Range<usize>> {
    let mut places = Vec::new();
    let mut at = 4096;
    while let Some(head) = segment.get(at..at + 17) {
        let length = u32::from_le_bytes(head[..4].try_into().unwrap()) as usize;
        let kind = head[16];
        if length == 0 || !(1..=3).contains(&kind) || at + length + 49 > segment.len() {
            break;
        }
        places.push(at..at + length + 49);
        at += length + 49;
    }
    places
}

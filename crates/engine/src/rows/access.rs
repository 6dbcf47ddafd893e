//! When secrets were last revealed, many secrets in a row.
//!
//! A reveal must not cost a write, and a million reveals must not cost a million. So the times
//! stand together: a row holds those of all secrets whose incarnations share their first bits, and
//! one write brings many up to date.
//!
//! | Bytes of an entry | Meaning |
//! |---|---|
//! | 0–15 | the secret's incarnation |
//! | 16–23 | the version, big-endian |
//! | 24–31 | when it was last revealed: microseconds since 1970, big-endian |
//!
//! Entries are sorted, so that one is found without reading the others.

use minicbor::{Decode, Encode};
use strongroom_types::{Timestamp, Version};

/// Rows: enough that one stays small among a million secrets, few enough to share writes.
const BUCKETS: u16 = 1 << 14;

const ENTRY: usize = 32;
type Entry = [u8; ENTRY];

/// What a secret draws at its creation.
pub(crate) type Incarnation = [u8; 16];

/// When one version was last revealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct VersionAccess {
    pub(crate) version: Version,
    pub(crate) at: Timestamp,
}

/// The times of all secrets that share a row.
#[derive(Debug, Default, Encode, Decode)]
pub(crate) struct AccessBucket {
    #[cbor(n(0), with = "minicbor::bytes")]
    entries: Vec<u8>,
}

/// The row that a secret's times are in.
pub(crate) fn bucket(incarnation: &Incarnation) -> u16 {
    let [high, low, ..] = *incarnation;
    u16::from_be_bytes([high, low]) % BUCKETS
}

fn entry(incarnation: &Incarnation, access: VersionAccess) -> Entry {
    let mut entry = [0; ENTRY];
    let version = access.version.get().to_be_bytes();
    let at = access.at.as_microsecond().to_be_bytes();
    let fields = incarnation.iter().chain(&version).chain(&at);
    entry
        .iter_mut()
        .zip(fields)
        .for_each(|(to, from)| *to = *from);
    entry
}

fn is_of(entry: &Entry, incarnation: &Incarnation) -> bool {
    entry.starts_with(incarnation)
}

/// The incarnation and the version: what entries are sorted by, and no two of them share.
fn name(entry: &Entry) -> &[u8] {
    entry.split_at(24).0
}

fn access(entry: &Entry) -> Option<VersionAccess> {
    let (version, at) = entry.get(16..)?.split_first_chunk::<8>()?;
    Some(VersionAccess {
        version: Version::new(u64::from_be_bytes(*version)).ok()?,
        at: Timestamp::from_microsecond(i64::from_be_bytes(*at.first_chunk()?)).ok()?,
    })
}

impl AccessBucket {
    fn as_entries(&self) -> &[Entry] {
        self.entries.as_chunks().0
    }

    /// When the versions of a secret were last revealed.
    pub(crate) fn of(&self, incarnation: &Incarnation) -> Vec<VersionAccess> {
        let entries = self.as_entries();
        let first = entries.partition_point(|entry| entry.as_slice() < incarnation.as_slice());
        entries
            .iter()
            .skip(first)
            .take_while(|entry| is_of(entry, incarnation))
            .filter_map(access)
            .collect()
    }

    /// Brings the row up to date: the later time of a version counts, and secrets that were
    /// deleted are left out.
    pub(crate) fn update(
        &mut self,
        touched: impl Iterator<Item = (Incarnation, VersionAccess)>,
        deleted: impl Fn(&Incarnation) -> bool,
    ) {
        let touched = touched.map(|(incarnation, access)| entry(&incarnation, access));
        let mut all: Vec<Entry> = self.as_entries().iter().copied().chain(touched).collect();
        // Of two times of one version the later comes last, since times are positive numbers.
        all.sort_unstable();
        all.dedup_by(|later, kept| {
            let same = name(later) == name(kept);
            if same {
                *kept = *later;
            }
            same
        });
        all.retain(|entry| {
            entry
                .first_chunk()
                .is_none_or(|incarnation| !deleted(incarnation))
        });
        self.entries = all.concat();
    }

    /// Whether the row says nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(microsecond: i64) -> Timestamp {
        Timestamp::from_microsecond(microsecond).unwrap()
    }

    fn seen(version: u64, microsecond: i64) -> VersionAccess {
        VersionAccess {
            version: Version::new(version).unwrap(),
            at: at(microsecond),
        }
    }

    #[test]
    fn the_later_time_counts_and_the_deleted_go() {
        let (one, two, three) = ([1; 16], [2; 16], [3; 16]);
        let mut row = AccessBucket::default();
        let touched = [
            (two, seen(1, 50)),
            (one, seen(2, 70)),
            (one, seen(1, 60)),
            (two, seen(1, 40)),
            (three, seen(1, 10)),
        ];
        row.update(touched.into_iter(), |_| false);
        assert_eq!(row.of(&one), [seen(1, 60), seen(2, 70)]);
        assert_eq!(row.of(&two), [seen(1, 50)]);
        assert_eq!(row.of(&[9; 16]), []);
        let touched = [(one, seen(1, 65)), (one, seen(2, 1)), (two, seen(1, 90))];
        row.update(touched.into_iter(), |gone| *gone == two);
        assert_eq!(row.of(&one), [seen(1, 65), seen(2, 70)]);
        assert_eq!(row.of(&two), []);
        row.update(std::iter::empty(), |_| true);
        assert!(row.is_empty());
    }

    #[test]
    fn neighbours_in_one_row_are_not_mixed_up() {
        let mut row = AccessBucket::default();
        let incarnation = |last: u8| {
            let mut bytes = [7; 16];
            bytes[15] = last;
            bytes
        };
        let touched = (0..=255).map(|last| (incarnation(last), seen(1, i64::from(last) + 1)));
        row.update(touched, |_| false);
        for last in 0..=255 {
            assert_eq!(row.of(&incarnation(last)), [seen(1, i64::from(last) + 1)]);
        }
    }

    proptest! {
        #[test]
        fn a_damaged_row_is_read_without_a_panic(entries: Vec<u8>, incarnation: [u8; 16]) {
            let mut row = AccessBucket { entries };
            let _ = row.of(&incarnation);
            row.update([(incarnation, seen(1, 1))].into_iter(), |_| false);
            prop_assert!(row.of(&incarnation).iter().any(|seen| seen.version.get() == 1));
        }
    }
}

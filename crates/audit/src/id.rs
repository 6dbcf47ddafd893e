//! Identities of records and of their entries.
//!
//! | Bytes | Meaning |
//! |---|---|
//! | 0–5 | when the call began, in milliseconds since 1970, big-endian |
//! | 6–13 | random |
//! | 14–15 | which entry of the record, big-endian; 0 for the record and its generic entry |
//!
//! The time leads the look-up of a single entry to the few segments that can hold it.

use std::fmt;

use strongroom_types::{EventId, Timestamp};

/// The identity of one record (one call). Its entries' identities derive from it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId([u8; 16]);

impl RecordId {
    /// The identity of a record of a call that began at this instant, with 8 random bytes that the
    /// caller draws.
    pub fn new(at: Timestamp, random: [u8; 8]) -> Self {
        let milliseconds = u64::try_from(at.as_millisecond()).unwrap_or(0);
        let [_, _, a, b, c, d, e, f] = milliseconds.to_be_bytes();
        let [g, h, i, j, k, l, m, n] = random;
        Self([a, b, c, d, e, f, g, h, i, j, k, l, m, n, 0, 0])
    }

    /// The identity with these bytes, as stored. The entry index in them is set to zero.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, _, _] = bytes;
        Self([a, b, c, d, e, f, g, h, i, j, k, l, m, n, 0, 0])
    }

    /// The 16 bytes, as stored.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The identity of one of the record's entries: 0 is the generic one, 1 the first event.
    pub fn entry(&self, index: u16) -> EventId {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, _, _] = self.0;
        let [o, p] = index.to_be_bytes();
        EventId::from_bytes([a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p])
    }

    /// The record that an entry belongs to, and which of its entries it is.
    pub fn of_entry(entry: EventId) -> (Self, u16) {
        let [.., o, p] = *entry.as_bytes();
        (
            Self::from_bytes(*entry.as_bytes()),
            u16::from_be_bytes([o, p]),
        )
    }

    /// When the call began, in whole milliseconds since 1970.
    pub fn millisecond(&self) -> i64 {
        let [a, b, c, d, e, f, ..] = self.0;
        i64::from_be_bytes([0, 0, a, b, c, d, e, f])
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.entry(0), f)
    }
}

impl fmt::Debug for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_entry_leads_back_to_its_record(
            at in 0i64..=253_402_207_200_000, random: [u8; 8], index: u16,
        ) {
            let at = Timestamp::from_millisecond(at).unwrap();
            let record = RecordId::new(at, random);
            prop_assert_eq!(RecordId::of_entry(record.entry(index)), (record, index));
            prop_assert_eq!(record.millisecond(), at.as_millisecond());
            prop_assert_eq!(RecordId::from_bytes(*record.as_bytes()), record);
        }
    }

    #[test]
    fn a_call_before_1970_counts_as_1970() {
        let record = RecordId::new(Timestamp::from_second(-5).unwrap(), [9; 8]);
        assert_eq!(record.millisecond(), 0);
    }
}

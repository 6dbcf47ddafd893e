//! Records as bytes.

use std::convert::Infallible;

use crate::id::RecordId;
use crate::note::Note;
use crate::record::Record;

/// A record as bytes: what an outbox row holds and the journal appends unchanged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedRecord {
    id: RecordId,
    note: Note,
    bytes: Vec<u8>,
}

impl EncodedRecord {
    /// These bytes are that record.
    pub(crate) fn of(record: &Record<'_>, bytes: Vec<u8>) -> Self {
        Self {
            id: record.id,
            note: Note::of(record),
            bytes,
        }
    }

    /// The record that was stored as these bytes.
    ///
    /// # Errors
    ///
    /// The bytes are no record.
    pub fn from_stored(bytes: Vec<u8>) -> Result<Self, RecordError> {
        let record = Record::decode(&bytes)?;
        let (id, note) = (record.id, Note::of(&record));
        Ok(Self { id, note, bytes })
    }

    /// The identity of the record.
    pub fn id(&self) -> RecordId {
        self.id
    }

    pub(crate) fn note(&self) -> &Note {
        &self.note
    }

    /// The bytes to store.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Why a record cannot be encoded.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// Too many events for one record.
    #[error("an audit record has at most 65534 events, this one {found}: split the call")]
    Events {
        /// How many there are.
        found: usize,
    },
    /// Too many bytes for one record.
    #[error(
        "an audit record has at most {} bytes, this one {found}: split the call",
        Record::MAX_BYTES
    )]
    Bytes {
        /// How many there are.
        found: usize,
    },
    /// The codec failed.
    #[error("the audit record cannot be encoded")]
    Codec {
        /// The codec's reason.
        #[source]
        source: minicbor::encode::Error<Infallible>,
    },
}

/// Bytes that are no record.
#[derive(Debug, thiserror::Error)]
#[error("the bytes are no audit record")]
pub struct RecordError {
    /// The codec's reason.
    #[from]
    source: minicbor::decode::Error,
}

/// A buffer for the encoder, whose many short writes the compiler can then see through. This is
/// the hottest loop of the crate.
pub(crate) struct Sink<'a>(pub(crate) &'a mut Vec<u8>);

impl minicbor::encode::Write for Sink<'_> {
    type Error = Infallible;

    #[inline(always)]
    fn write_all(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        match bytes {
            [byte] => self.0.push(*byte),
            bytes => self.0.extend_from_slice(bytes),
        }
        Ok(())
    }
}

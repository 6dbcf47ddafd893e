//! The row of a record on its way to the journal.

use minicbor::{Decode, Encode};

/// A record that was made durable together with the change it is about.
#[derive(Debug, Encode, Decode)]
pub(crate) struct OutboxRow {
    /// How far the journal had come: the record can only stand behind this.
    #[n(0)]
    pub(crate) since: u64,
    /// The record, encoded.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub(crate) record: Vec<u8>,
}

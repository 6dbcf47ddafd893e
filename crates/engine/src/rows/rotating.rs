//! The rows of keys that replace each other by the clock: those that seal access tokens, and those
//! that sign ID tokens.

use minicbor::{Decode, Encode};
use strongroom_types::Timestamp;

use super::coded;

/// All keys of one kind, the oldest first.
#[derive(Debug, Clone, Default, Encode, Decode)]
pub(crate) struct RotatingKeysRow {
    #[n(0)]
    pub(crate) keys: Vec<RotatingKey>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct RotatingKey {
    #[cbor(n(0), with = "minicbor::bytes")]
    pub(crate) identity: [u8; 16],
    /// From when on it is used; it is known before.
    #[cbor(n(1), with = "coded")]
    pub(crate) active_from: Timestamp,
    /// Wrapped by the key encryption key.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub(crate) wrapped: Vec<u8>,
}

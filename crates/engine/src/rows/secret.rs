//! The rows of a secret.
//!
//! The head holds what is said of the secret and, while it is small, its current version whole,
//! so that a reveal reads one row. Every version lives in exactly one place: in the head or in a
//! row of its own.

use minicbor::{Decode, Encode};
use strongroom_types::{
    Description, KeyId, Labels, Timestamp, ValueFormat, Version, VersionStatus,
};

use super::coded;

/// A secret: what stays when versions come and go.
#[derive(Debug, Encode, Decode)]
pub(crate) struct SecretHead {
    /// Drawn at creation, so that a version of a deleted secret never opens under its successor.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub(crate) incarnation: [u8; 16],
    #[cbor(n(1), with = "coded")]
    pub(crate) description: Description,
    #[cbor(n(2), with = "coded")]
    pub(crate) labels: Labels,
    #[cbor(n(3), with = "coded")]
    pub(crate) annotations: Labels,
    #[cbor(n(4), with = "coded")]
    pub(crate) created_at: Timestamp,
    #[cbor(n(5), with = "coded")]
    pub(crate) updated_at: Timestamp,
    #[cbor(n(6), with = "coded")]
    pub(crate) key: KeyId,
    /// The latest active version; where none is active any more, the last that was (contract 1.12).
    #[cbor(n(7), with = "coded")]
    pub(crate) current: Option<Version>,
    /// The highest number ever used.
    #[cbor(n(8), with = "coded")]
    pub(crate) highest: Option<Version>,
    #[n(9)]
    pub(crate) object_version: u64,
    /// The access policy, exactly as it was given.
    #[n(10)]
    pub(crate) policy: Option<String>,
    /// The current version, where its envelope is small enough to travel with the head.
    #[n(11)]
    pub(crate) inline: Option<SecretVersion>,
}

/// One version of a secret.
#[derive(Debug, Encode, Decode)]
pub(crate) struct SecretVersion {
    #[cbor(n(0), with = "coded")]
    pub(crate) version: Version,
    #[cbor(n(1), with = "coded")]
    pub(crate) status: VersionStatus,
    #[cbor(n(2), with = "coded")]
    pub(crate) format: ValueFormat,
    #[cbor(n(3), with = "coded")]
    pub(crate) created_at: Timestamp,
    #[cbor(n(4), with = "coded")]
    pub(crate) destroyed_at: Option<Timestamp>,
    #[cbor(n(5), with = "coded")]
    pub(crate) key_version: Version,
    /// Gone once the version is destroyed.
    #[n(6)]
    pub(crate) envelope: Option<SealedValue>,
}

/// The two layers of a version's envelope; both are ciphertext.
#[derive(Debug, Encode, Decode)]
pub(crate) struct SealedValue {
    #[cbor(n(0), with = "minicbor::bytes")]
    pub(crate) wrapped_data_key: Vec<u8>,
    #[cbor(n(1), with = "minicbor::bytes")]
    pub(crate) ciphertext: Vec<u8>,
}

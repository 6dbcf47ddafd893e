//! The rows of a KMS key.

use minicbor::{Decode, Encode};
use strongroom_types::{
    Description, DisplayName, KeyId, KeyStatus, KeyType, Labels, OrganisationId, ProjectId, Slug,
    Timestamp, Version,
};

use super::coded;

/// A KMS key; its material is in rows of its own.
#[derive(Debug, Clone, Encode, Decode)]
pub(crate) struct KeyHead {
    #[cbor(n(0), with = "coded")]
    pub(crate) identity: KeyId,
    #[cbor(n(1), with = "coded")]
    pub(crate) name: DisplayName,
    #[cbor(n(2), with = "coded")]
    pub(crate) slug: Slug,
    #[cbor(n(3), with = "coded")]
    pub(crate) description: Description,
    #[cbor(n(4), with = "coded")]
    pub(crate) labels: Labels,
    #[cbor(n(5), with = "coded")]
    pub(crate) annotations: Labels,
    #[cbor(n(6), with = "coded")]
    pub(crate) key_type: KeyType,
    #[cbor(n(7), with = "coded")]
    pub(crate) status: KeyStatus,
    #[n(8)]
    pub(crate) export_allowed: bool,
    #[n(9)]
    pub(crate) rotation_enabled: bool,
    #[n(10)]
    pub(crate) rotation_period_days: Option<u32>,
    #[cbor(n(11), with = "coded")]
    pub(crate) min_decryption_version: Version,
    #[n(12)]
    pub(crate) versions: Vec<KeyVersionEntry>,
    #[cbor(n(13), with = "coded")]
    pub(crate) deletion_at: Option<Timestamp>,
    #[cbor(n(14), with = "coded")]
    pub(crate) created_at: Timestamp,
    #[cbor(n(15), with = "coded")]
    pub(crate) updated_at: Timestamp,
    #[n(16)]
    pub(crate) object_version: u64,
    /// Whether the first version's material came from outside.
    #[cbor(n(17), default)]
    pub(crate) imported: bool,
    /// Whether an imported key may get versions that the service makes.
    #[cbor(n(18), default)]
    pub(crate) imported_may_rotate: bool,
}

/// One version in a key's history.
#[derive(Debug, Clone, Copy, Encode, Decode)]
pub(crate) struct KeyVersionEntry {
    #[cbor(n(0), with = "coded")]
    pub(crate) version: Version,
    #[cbor(n(1), with = "coded")]
    pub(crate) created_at: Timestamp,
}

impl KeyHead {
    /// The version that new operations use.
    pub(crate) fn latest(&self) -> Version {
        self.versions
            .last()
            .map_or(Version::FIRST, |entry| entry.version)
    }

    /// Whether there is such a version.
    pub(crate) fn has(&self, version: Version) -> bool {
        self.versions.iter().any(|entry| entry.version == version)
    }

    /// Whether new versions may be made (contract 2.7).
    pub(crate) const fn may_rotate(&self) -> bool {
        !self.imported || self.imported_may_rotate
    }
}

/// Which key a slug names.
#[derive(Debug, Encode, Decode)]
pub(crate) struct KeySlug {
    #[cbor(n(0), with = "coded")]
    pub(crate) identity: KeyId,
}

/// A key version's material, wrapped by the key encryption key.
#[derive(Debug, Encode, Decode)]
pub(crate) struct WrappedMaterial {
    #[cbor(n(0), with = "minicbor::bytes")]
    pub(crate) wrapped: Vec<u8>,
}

/// How many encryptions a key version was lent to all nodes together.
#[derive(Debug, Clone, Copy, Encode, Decode)]
pub(crate) struct KeyUsage {
    /// At least as many as were made: nodes borrow ahead.
    #[n(0)]
    pub(crate) lent: u64,
}

/// A region's wrapping key, wrapped by the key encryption key.
#[derive(Debug, Encode, Decode)]
pub(crate) struct WrappingKeyRow {
    #[cbor(n(0), with = "minicbor::bytes")]
    pub(crate) wrapped: Vec<u8>,
}

/// A key that is due to be removed.
#[derive(Debug, Encode, Decode)]
pub(crate) struct KeyDeletion {
    #[cbor(n(0), with = "coded")]
    pub(crate) organisation: OrganisationId,
    #[n(1)]
    pub(crate) region: String,
    #[cbor(n(2), with = "coded")]
    pub(crate) project: Option<ProjectId>,
    #[cbor(n(3), with = "coded")]
    pub(crate) key: KeyId,
}

//! Sealed bytes, and what can go wrong on the way in and out.

use std::fmt;
use std::sync::Arc;

use strongroom_types::KeyType;

use crate::{EntropyError, LibraryError};

/// Ciphertext with its format byte in front: the only value that the store takes.
///
/// Cheap to clone. Printing it shows its length only.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(Arc<[u8]>);

impl Sealed {
    /// Sealed bytes as the store kept them. Whether they are genuine shows when they are opened.
    pub fn from_stored(bytes: impl Into<Arc<[u8]>>) -> Self {
        Self(bytes.into())
    }

    /// The bytes to store.
    pub fn as_stored(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes)", self.0.len())
    }
}

/// Why nothing was sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// There was no nonce.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The library failed.
    #[error(transparent)]
    Library(#[from] LibraryError),
}

/// Why sealed bytes did not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Not even a format byte, a nonce and a tag.
    #[error("the sealed bytes are cut off: restore them from a backup")]
    Truncated,
    /// Written by another release, or not sealed at all.
    #[error("the sealed bytes have format {found}, which this release does not know")]
    UnknownFormat {
        /// The first byte.
        found: u8,
    },
    /// The wrong key, the wrong place, or changed bytes: these cannot be told apart.
    #[error(
        "the sealed bytes do not open: they were sealed under another key or for another place, \
         or have been changed"
    )]
    Unauthentic,
    /// They opened, and hold what this release does not understand.
    #[error("the sealed bytes opened, but this release cannot use what they hold")]
    Contents(#[source] ContentsError),
    /// The library failed.
    #[error(transparent)]
    Library(#[from] LibraryError),
}

/// What is wrong with authentic contents, which another release must have written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContentsError {
    /// A layout from a later release.
    #[error("layout {found} is not known to this release")]
    Layout {
        /// The layout's number.
        found: u8,
    },
    /// Fewer or more bytes than the layout has.
    #[error("{found} bytes where {expected} were expected")]
    Length {
        /// What the layout asks for.
        expected: usize,
        /// What is there.
        found: usize,
    },
    /// A key type from a later release.
    #[error("key type number {found} is not known to this release")]
    KeyTypeNumber {
        /// The stored number.
        found: u8,
    },
    /// A private key that does not parse, or is of another type or size.
    #[error("the private key is none of type {key_type}: {reason}")]
    PrivateKey {
        /// The type that it was stored with.
        key_type: KeyType,
        /// What the parser said.
        reason: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printing_shows_only_the_length() {
        let sealed = Sealed::from_stored(*b"\x01canary");
        assert_eq!(format!("{sealed:?}"), "Sealed(7 bytes)");
        assert_eq!(sealed.as_stored(), b"\x01canary");
    }
}

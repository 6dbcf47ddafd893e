//! What the store holds: keys, values and the revision of each.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use strongroom_crypto::Sealed;

/// The name of a row: bytes, ordered as bytes are. Cheap to clone.
///
/// The store gives keys no meaning; what they are made of is the engine's business. Keys are kept
/// in the clear, so nothing secret belongs in one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Arc<[u8]>);

impl Key {
    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Key {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }
}

impl From<&[u8]> for Key {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }
}

impl From<Key> for Vec<u8> {
    fn from(key: Key) -> Self {
        key.0.to_vec()
    }
}

impl AsRef<[u8]> for Key {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// Lets a map of keys be searched by bytes.
impl Borrow<[u8]> for Key {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.0.escape_ascii())
    }
}

/// When a row was last written: the number of that commit, counted over the whole store.
///
/// Of two revisions the later commit has the greater. Numbers are never used twice, not even for
/// rows that were deleted in between.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Revision(u64);

impl Revision {
    /// The revision with this number, as it was once given out by [`Revision::as_u64`].
    pub const fn from_u64(number: u64) -> Self {
        Self(number)
    }

    /// The number, for a tag that a client can send back.
    pub const fn as_u64(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What the store has under a key. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The sealed bytes, exactly as they were put.
    pub value: Sealed,
    /// The commit that put them.
    pub revision: Revision,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_order_as_bytes_do() {
        let key = |bytes: &[u8]| Key::from(bytes);
        assert!(key(b"") < key(b"\0"));
        assert!(key(b"a") < key(b"a\0"));
        assert!(key(b"a\xff") < key(b"b"));
    }

    #[test]
    fn a_key_prints_readably() {
        assert_eq!(format!("{:?}", Key::from(vec![b'a', 0])), "Key(a\\x00)");
    }
}

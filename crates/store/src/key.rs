//! What the store holds: keys, values and the revision of each.

use std::borrow::Borrow;
use std::fmt;

use smallvec::SmallVec;
use strongroom_crypto::Sealed;

/// Keys up to this length, and so those of most secrets, stand where they are used: making one
/// allocates nothing, and finding one in a table looks at no other place in memory.
const SHORT: usize = 96;

/// The name of a row: bytes, ordered as bytes are.
///
/// The store gives keys no meaning; what they are made of is the engine's business. Keys are kept
/// in the clear, so nothing secret belongs in one.
#[derive(PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(SmallVec<[u8; SHORT]>);

impl Key {
    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// How many of them stand elsewhere than in the key itself.
    pub(crate) fn bytes_elsewhere(&self) -> usize {
        if self.0.spilled() { self.0.len() } else { 0 }
    }
}

/// Exactly as long: what `SmallVec` clones may have room to grow.
impl Clone for Key {
    fn clone(&self) -> Self {
        Self::from(self.as_bytes())
    }
}

impl From<Vec<u8>> for Key {
    fn from(bytes: Vec<u8>) -> Self {
        Self::from(bytes.as_slice())
    }
}

impl From<&[u8]> for Key {
    fn from(bytes: &[u8]) -> Self {
        Self(SmallVec::from_slice(bytes))
    }
}

/// These parts, one behind the other.
impl<'a> FromIterator<&'a [u8]> for Key {
    fn from_iter<T: IntoIterator<Item = &'a [u8]>>(parts: T) -> Self {
        let mut bytes = SmallVec::new();
        for part in parts {
            bytes.extend_from_slice(part);
        }
        bytes.shrink_to_fit();
        Self(bytes)
    }
}

impl From<Key> for Vec<u8> {
    fn from(key: Key) -> Self {
        key.0.into_vec()
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
    fn a_key_is_the_same_however_it_was_made() {
        for length in [0, 1, SHORT, SHORT + 1, 600] {
            let bytes = vec![b'k'; length];
            let (left, right) = bytes.split_at(length / 2);
            let key: Key = [left, right].into_iter().collect();
            assert_eq!(key, Key::from(bytes.as_slice()));
            assert_eq!(key, Key::from(bytes.clone()));
            assert_eq!(key.as_bytes(), bytes);
            assert_eq!(Vec::from(key), bytes);
        }
    }

    #[test]
    fn a_key_prints_readably() {
        assert_eq!(format!("{:?}", Key::from(vec![b'a', 0])), "Key(a\\x00)");
    }
}

//! Sealing bookkeeping rows.

use crate::binding::Binding;
use crate::siv::{KEY, SivKey};
use crate::{Entropy, LibraryError, OpenError, SealError, Sealed};

const PURPOSE: &str = "strongroom/row/1";

/// The key that seals every row of the store, bound to the row's own key.
///
/// AES-256-GCM-SIV (RFC 8452): with random nonces one key is good for about 2^48 rows, and a
/// repeated nonce would tell only that two rows were equal.
///
/// ```compile_fail
/// fn show(key: strongroom_crypto::StorageKey) -> String { format!("{key:?}") }
/// ```
pub struct StorageKey(SivKey);

impl StorageKey {
    pub(crate) fn new(key: &[u8; KEY]) -> Result<Self, LibraryError> {
        SivKey::new(key).map(Self)
    }

    /// Seals a row for its place, the row's key in the store.
    ///
    /// # Errors
    ///
    /// No random bytes, or the library failed.
    pub fn seal(
        &self,
        entropy: &dyn Entropy,
        place: &[u8],
        plaintext: &[u8],
    ) -> Result<Sealed, SealError> {
        self.0
            .seal(entropy, &binding(place), plaintext)
            .map(Sealed::from_stored)
    }

    /// The row, if it was sealed under this key for this very place.
    ///
    /// # Errors
    ///
    /// The row was moved, changed, cut off, or sealed under another key or in another format.
    pub fn open(&self, place: &[u8], sealed: &Sealed) -> Result<Vec<u8>, OpenError> {
        self.0.open(&binding(place), sealed.as_stored())
    }
}

fn binding(place: &[u8]) -> Binding {
    Binding::new(PURPOSE).field(place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemEntropy;
    use crate::testing::{FixedEntropy, NoEntropy, flipped, keyring};
    use data_encoding::HEXLOWER;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_row_opens_only_where_it_was_sealed(
            place: Vec<u8>,
            other: Vec<u8>,
            row: Vec<u8>,
            bit: proptest::sample::Index,
        ) {
            let keys = keyring();
            let sealed = keys.storage().seal(&SystemEntropy, &place, &row).unwrap();
            prop_assert_eq!(&keys.storage().open(&place, &sealed).unwrap(), &row);
            let elsewhere = keys.storage().open(&other, &sealed);
            prop_assert_eq!(elsewhere.is_ok(), place == other);
            let changed = flipped(sealed.as_stored(), bit.index(sealed.as_stored().len() * 8));
            prop_assert!(keys.storage().open(&place, &Sealed::from_stored(changed)).is_err());
            prop_assert!(matches!(
                keyring().storage().open(&place, &sealed),
                Err(OpenError::Unauthentic)
            ));
        }
    }

    #[test]
    fn the_same_row_never_looks_the_same() {
        let keys = keyring();
        let first = keys.storage().seal(&SystemEntropy, b"k", b"v").unwrap();
        let second = keys.storage().seal(&SystemEntropy, b"k", b"v").unwrap();
        assert_ne!(first, second);
    }

    #[test]
    fn what_is_wrong_with_a_row_is_told_apart() {
        let key = StorageKey::new(&[7; 32]).unwrap();
        let open = |bytes: &[u8]| key.open(b"k", &Sealed::from_stored(bytes));
        let sealed = key.seal(&SystemEntropy, b"k", b"").unwrap();
        assert!(matches!(open(&[]), Err(OpenError::Truncated)));
        assert!(matches!(open(&[FORMAT_BYTE]), Err(OpenError::Truncated)));
        let cut = &sealed.as_stored()[..28];
        assert!(matches!(open(cut), Err(OpenError::Truncated)));
        let mut other = sealed.as_stored().to_vec();
        other[0] = 2;
        assert!(matches!(
            open(&other),
            Err(OpenError::UnknownFormat { found: 2 })
        ));
        assert!(matches!(
            open(&flipped(sealed.as_stored(), 9)),
            Err(OpenError::Unauthentic)
        ));
    }

    #[test]
    fn without_entropy_nothing_is_sealed() {
        let key = StorageKey::new(&[7; 32]).unwrap();
        let sealed = key.seal(&NoEntropy, b"k", b"v");
        assert!(matches!(sealed, Err(SealError::Entropy(_))));
    }

    const FORMAT_BYTE: u8 = 1;

    /// A database of this release must open in every later one. The bytes were also computed with
    /// another implementation of RFC 8452.
    #[test]
    fn the_stored_form_is_pinned() {
        let key = StorageKey::new(&[7; 32]).unwrap();
        let sealed = key.seal(&FixedEntropy(3), b"place", b"row").unwrap();
        assert_eq!(
            HEXLOWER.encode(sealed.as_stored()),
            "0103030303030303030303030381c5a337acb82ec3fe7c20ea741bbfc1e8f635"
        );
        assert_eq!(key.open(b"place", &sealed).unwrap(), b"row");
    }
}

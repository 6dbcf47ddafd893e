//! The root key: the one key that is kept outside the store.

use strongroom_types::Plaintext;

use crate::binding::Binding;
use crate::entropy::random_secret;
use crate::siv::{KEY, SivKey};
use crate::{Entropy, EntropyError, LibraryError, OpenError, SealError, Sealed};

/// Why bytes are no root key.
#[derive(Debug, thiserror::Error)]
pub enum RootKeyError {
    /// Not 32 bytes.
    #[error("a root key has {} bytes, and these are {found}", RootKey::LENGTH)]
    Length {
        /// How many bytes there are.
        found: usize,
    },
    /// All bytes are zero.
    #[error("the root key is all zeros: this is a placeholder; generate a key from random bytes")]
    Blank,
    /// There were no random bytes to make one of.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The library failed.
    #[error(transparent)]
    Library(#[from] LibraryError),
}

/// The key that seals the [`Keyring`](crate::Keyring), and nothing else. 256 bits.
///
/// ```compile_fail
/// fn show(key: strongroom_crypto::RootKey) -> String { format!("{key:?}") }
/// ```
/// ```compile_fail
/// fn copy(key: &strongroom_crypto::RootKey) -> strongroom_crypto::RootKey { key.clone() }
/// ```
pub struct RootKey(SivKey);

impl RootKey {
    /// Bytes of a root key.
    pub const LENGTH: usize = KEY;

    /// The root key made of these bytes, which are wiped.
    ///
    /// # Errors
    ///
    /// Not 32 bytes, or all zeros.
    pub fn from_bytes(bytes: Plaintext) -> Result<Self, RootKeyError> {
        let found = bytes.len();
        let key: &[u8; KEY] = bytes
            .expose()
            .try_into()
            .map_err(|_| RootKeyError::Length { found })?;
        if crate::constant_time_eq(key, &[0; KEY]) {
            return Err(RootKeyError::Blank);
        }
        Ok(Self(SivKey::new(key)?))
    }

    /// A fresh random root key. It lives only as long as this value: nothing keeps its bytes.
    ///
    /// # Errors
    ///
    /// No random bytes.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, RootKeyError> {
        Self::from_bytes(random_secret(entropy, KEY)?)
    }

    /// Seals for one purpose in one installation.
    pub(crate) fn seal(
        &self,
        entropy: &dyn Entropy,
        purpose: &'static str,
        installation: &[u8],
        plaintext: &[u8],
    ) -> Result<Sealed, SealError> {
        let binding = Binding::new(purpose).field(installation);
        self.0
            .seal(entropy, &binding, plaintext)
            .map(Sealed::from_stored)
    }

    /// Opens what was sealed for this purpose in this installation.
    pub(crate) fn open(
        &self,
        purpose: &'static str,
        installation: &[u8],
        sealed: &Sealed,
    ) -> Result<Plaintext, OpenError> {
        let binding = Binding::new(purpose).field(installation);
        self.0
            .open(&binding, sealed.as_stored())
            .map(Plaintext::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemEntropy;
    use crate::testing::NoEntropy;

    #[test]
    fn a_root_key_is_32_bytes_that_are_not_all_zero() {
        for length in [0, 16, 31, 33, 64] {
            let made = RootKey::from_bytes(Plaintext::new(vec![1; length]));
            assert!(matches!(made, Err(RootKeyError::Length { found }) if found == length));
        }
        let blank = RootKey::from_bytes(Plaintext::new(vec![0; 32]));
        assert!(matches!(blank, Err(RootKeyError::Blank)));
        assert!(matches!(
            RootKey::generate(&NoEntropy),
            Err(RootKeyError::Entropy(_))
        ));
    }

    #[test]
    fn purpose_and_installation_are_bound() {
        let key = RootKey::from_bytes(Plaintext::new(vec![9; 32])).unwrap();
        let sealed = key.seal(&SystemEntropy, "a/1", b"here", b"text").unwrap();
        assert_eq!(key.open("a/1", b"here", &sealed).unwrap().expose(), b"text");
        assert!(key.open("b/1", b"here", &sealed).is_err());
        assert!(key.open("a/1", b"there", &sealed).is_err());
    }
}

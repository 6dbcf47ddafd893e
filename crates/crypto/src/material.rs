//! The material of KMS key versions (contract 2.4).

mod number;
mod place;
mod symmetric;
mod wrap;

use strongroom_types::{KeyType, Plaintext};

use crate::{Entropy, EntropyError, LibraryError, SealError};

pub use place::MaterialPlace;
use symmetric::SymmetricKey;
pub use wrap::KeyEncryptionKey;

/// Why there is no key material.
#[derive(Debug, thiserror::Error)]
pub enum MaterialError {
    /// This release has no operations for the type.
    #[error(
        "keys of type {0} are not supported yet; use aes128-gcm96, aes256-gcm96 or \
         chacha20-poly1305"
    )]
    NotYetSupported(KeyType),
    /// Imported bytes of another length than the type's keys have.
    #[error("a key of type {key_type} has {expected} bytes, and this material has {found}")]
    Length {
        /// The type asked for.
        key_type: KeyType,
        /// Bytes of its keys.
        expected: usize,
        /// Bytes given.
        found: usize,
    },
    /// There were no random bytes.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The library failed.
    #[error(transparent)]
    Library(#[from] LibraryError),
}

/// Why nothing was encrypted.
#[derive(Debug, thiserror::Error)]
pub enum EncryptError {
    /// There was no nonce or no data key.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The library failed.
    #[error(transparent)]
    Library(#[from] LibraryError),
}

impl From<SealError> for EncryptError {
    fn from(error: SealError) -> Self {
        match error {
            SealError::Entropy(cause) => Self::Entropy(cause),
            SealError::Library(cause) => Self::Library(cause),
        }
    }
}

/// A ciphertext that does not decrypt. Deliberately says no more, whatever was wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the ciphertext cannot be decrypted with this key")]
pub struct DecryptError;

/// One version of a KMS key, ready for use.
///
/// ```compile_fail
/// fn show(key: strongroom_crypto::KeyMaterial) -> String { format!("{key:?}") }
/// ```
/// ```compile_fail
/// fn copy(key: &strongroom_crypto::KeyMaterial) -> strongroom_crypto::KeyMaterial { key.clone() }
/// ```
pub struct KeyMaterial(Kind);

/// One variant for each family whose operations exist; see `KeyFamily` for all of them.
enum Kind {
    Symmetric(SymmetricKey),
}

impl KeyMaterial {
    /// Encryptions after which a version must have been replaced.
    ///
    /// With random 96-bit nonces the chance of a repetition stays below 2^-32 up to here
    /// (NIST SP 800-38D, section 8.3). Whoever counts should rotate well before.
    pub const ENCRYPTION_LIMIT: u64 = 1 << 32;

    /// Fresh material for a key of this type.
    ///
    /// # Errors
    ///
    /// The type is not supported yet, or there were no random bytes.
    pub fn generate(key_type: KeyType, entropy: &dyn Entropy) -> Result<Self, MaterialError> {
        let algorithm = symmetric::algorithm(key_type)?;
        let secret = crate::entropy::random_secret(entropy, algorithm.key_len())?;
        Self::import(key_type, secret)
    }

    /// Material from elsewhere: for the symmetric types the raw key.
    ///
    /// # Errors
    ///
    /// The type is not supported yet, or its keys have another length.
    pub fn import(key_type: KeyType, secret: Plaintext) -> Result<Self, MaterialError> {
        SymmetricKey::new(key_type, secret).map(|key| Self(Kind::Symmetric(key)))
    }

    /// The type of the key.
    pub fn key_type(&self) -> KeyType {
        match &self.0 {
            Kind::Symmetric(key) => key.key_type(),
        }
    }

    /// A copy of the bare material, for an export that the key allows: for the symmetric types
    /// the raw key.
    pub fn export_material(&self) -> Plaintext {
        Plaintext::new(self.secret().expose().to_vec())
    }

    /// Encrypts under a fresh random nonce: nonce (12) ‖ ciphertext ‖ tag (16). Any length works,
    /// none included; what callers may send is limited elsewhere (contract 2.4).
    ///
    /// # Errors
    ///
    /// No random bytes, or the library failed.
    pub fn encrypt(
        &self,
        entropy: &dyn Entropy,
        aad: &[u8],
        plaintext: &[u8],
    ) -> Result<Vec<u8>, EncryptError> {
        match &self.0 {
            Kind::Symmetric(key) => key.encrypt(entropy, aad, plaintext),
        }
    }

    /// Decrypts what [`KeyMaterial::encrypt`] made with the same associated data.
    ///
    /// # Errors
    ///
    /// The same error for everything that can be wrong.
    pub fn decrypt(&self, aad: &[u8], ciphertext: &[u8]) -> Result<Plaintext, DecryptError> {
        match &self.0 {
            Kind::Symmetric(key) => key.decrypt(aad, ciphertext),
        }
    }

    fn secret(&self) -> &Plaintext {
        match &self.0 {
            Kind::Symmetric(key) => key.secret(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemEntropy;
    use crate::testing::{NoEntropy, flipped};
    use proptest::prelude::*;
    use strongroom_types::KeyFamily;

    fn symmetric_types() -> impl Iterator<Item = KeyType> {
        let known = KeyType::ALL.into_iter();
        known.filter(|known| known.family() == KeyFamily::Aead)
    }

    #[test]
    fn the_three_symmetric_types_are_made_and_the_others_refused() {
        for key_type in KeyType::ALL {
            match KeyMaterial::generate(key_type, &SystemEntropy) {
                Ok(key) => {
                    assert_eq!(key_type.family(), KeyFamily::Aead);
                    assert_eq!(key.key_type(), key_type);
                    let length = if key_type == KeyType::Aes128Gcm96 {
                        16
                    } else {
                        32
                    };
                    assert_eq!(key.export_material().len(), length);
                }
                Err(MaterialError::NotYetSupported(named)) => {
                    assert_ne!(key_type.family(), KeyFamily::Aead);
                    assert_eq!(named, key_type);
                }
                Err(error) => panic!("{key_type}: {error}"),
            }
        }
    }

    #[test]
    fn imported_material_must_have_the_length_of_its_type() {
        for key_type in symmetric_types() {
            let right = if key_type == KeyType::Aes128Gcm96 {
                16
            } else {
                32
            };
            for length in [0, 15, 16, 17, 31, 32, 33] {
                let made = KeyMaterial::import(key_type, Plaintext::new(vec![3; length]));
                match made {
                    Ok(_) => assert_eq!(length, right),
                    Err(MaterialError::Length {
                        expected, found, ..
                    }) => {
                        assert_eq!((expected, found), (right, length));
                        assert_ne!(length, right);
                    }
                    Err(error) => panic!("{key_type}: {error}"),
                }
            }
        }
    }

    #[test]
    fn exported_material_imports_as_the_same_key() {
        for key_type in symmetric_types() {
            let key = KeyMaterial::generate(key_type, &SystemEntropy).unwrap();
            let again = KeyMaterial::import(key_type, key.export_material()).unwrap();
            let ciphertext = key.encrypt(&SystemEntropy, b"aad", b"text").unwrap();
            assert_eq!(
                again.decrypt(b"aad", &ciphertext).unwrap().expose(),
                b"text"
            );
        }
    }

    #[test]
    fn without_entropy_nothing_is_made_or_encrypted() {
        let made = KeyMaterial::generate(KeyType::Aes256Gcm96, &NoEntropy);
        assert!(matches!(made, Err(MaterialError::Entropy(_))));
        let key = KeyMaterial::generate(KeyType::Aes256Gcm96, &SystemEntropy).unwrap();
        let encrypted = key.encrypt(&NoEntropy, b"", b"");
        assert!(matches!(encrypted, Err(EncryptError::Entropy(_))));
    }

    proptest! {
        #[test]
        fn a_ciphertext_decrypts_only_with_its_key_data_and_bits(
            aad: Vec<u8>,
            other: Vec<u8>,
            text: Vec<u8>,
            bit: proptest::sample::Index,
        ) {
            for key_type in symmetric_types() {
                let key = KeyMaterial::generate(key_type, &SystemEntropy).unwrap();
                let sealed = key.encrypt(&SystemEntropy, &aad, &text).unwrap();
                prop_assert_eq!(sealed.len(), 12 + text.len() + 16);
                let opened = key.decrypt(&aad, &sealed).unwrap();
                prop_assert_eq!(opened.expose(), &text[..]);
                prop_assert_eq!(key.decrypt(&other, &sealed).is_ok(), aad == other);
                let changed = flipped(&sealed, bit.index(sealed.len() * 8));
                prop_assert!(key.decrypt(&aad, &changed).is_err());
                let cut = &sealed[..bit.index(sealed.len())];
                prop_assert!(key.decrypt(&aad, cut).is_err());
                let stranger = KeyMaterial::generate(key_type, &SystemEntropy).unwrap();
                prop_assert!(stranger.decrypt(&aad, &sealed).is_err());
            }
        }
    }
}

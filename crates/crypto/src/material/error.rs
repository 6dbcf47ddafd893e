//! What can go wrong with key material, and with what is asked of it.

use strongroom_types::{HashAlgorithm, KeyOperation, KeyType, SignatureScheme};

use crate::{EntropyError, LibraryError, SealError};

/// Why there is no key material.
#[derive(Debug, thiserror::Error)]
pub enum MaterialError {
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
    /// Imported bytes that are no private key of the type.
    #[error(
        "the material is not an unencrypted PKCS#8 private key in DER (RFC 5208) of type \
         {key_type}: {reason}"
    )]
    Pkcs8 {
        /// The type asked for.
        key_type: KeyType,
        /// What the parser said. It holds nothing of the material.
        reason: String,
    },
    /// An RSA key of another size than the type's.
    #[error("the material is an RSA key of {found} bits, and the type is {key_type}")]
    RsaSize {
        /// The type asked for.
        key_type: KeyType,
        /// Bits of the modulus.
        found: usize,
    },
    /// There were no random bytes.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The library failed.
    #[error(transparent)]
    Library(#[from] LibraryError),
}

/// Why a key did not encrypt, sign, verify or make an HMAC.
///
/// All but the last two are the caller's to mend.
#[derive(Debug, thiserror::Error)]
pub enum OperationError {
    /// The type has no such operation (contract 2.4).
    #[error("a key of type {key_type} cannot {operation}")]
    NotOffered {
        /// The key's type.
        key_type: KeyType,
        /// What was asked of it.
        operation: KeyOperation,
    },
    /// More bytes than one RSA-OAEP encryption holds (RFC 8017, section 7.1.1).
    #[error("a key of type {key_type} encrypts at most {limit} bytes at once")]
    TooLong {
        /// The key's type.
        key_type: KeyType,
        /// The most bytes that it encrypts.
        limit: usize,
    },
    /// A hash function that the type does not use.
    #[error(
        "a key of type {key_type} does not use {hash}; it uses {}",
        names(offered)
    )]
    Hash {
        /// The key's type.
        key_type: KeyType,
        /// What was asked for.
        hash: HashAlgorithm,
        /// What could be asked for.
        offered: &'static [HashAlgorithm],
    },
    /// A digest of another length than its hash function's.
    #[error("a {hash} digest has {expected} bytes, and the prehashed input has {found}")]
    DigestLength {
        /// The hash function.
        hash: HashAlgorithm,
        /// Bytes of its digests.
        expected: usize,
        /// Bytes given.
        found: usize,
    },
    /// A digest, for a key that signs only whole messages.
    #[error("a key of type {key_type} signs the message itself, not a digest: send it unhashed")]
    Prehashed {
        /// The key's type.
        key_type: KeyType,
    },
    /// A signing context, which no type takes.
    #[error("a key of type {key_type} takes no signing context: leave it empty")]
    Context {
        /// The key's type.
        key_type: KeyType,
    },
    /// A scheme, for a key that has only one.
    #[error("the scheme {scheme} is for RSA keys, and this key is of type {key_type}")]
    Scheme {
        /// The key's type.
        key_type: KeyType,
        /// What was asked for.
        scheme: SignatureScheme,
    },
    /// There were no random bytes.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The library failed.
    #[error(transparent)]
    Library(#[from] LibraryError),
}

/// Why nothing was encrypted.
pub type EncryptError = OperationError;

impl From<SealError> for OperationError {
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

fn names(hashes: &[HashAlgorithm]) -> String {
    let names: Vec<&str> = hashes.iter().map(|hash| hash.as_str()).collect();
    names.join(", ")
}

//! What is signed, and how.

use aws_lc_rs::digest::{self, Digest, SHA224, SHA256, SHA384, SHA512};
use strongroom_types::{HashAlgorithm, KeyType, SignatureScheme};

use super::OperationError;
use crate::LibraryError;

/// What to sign or verify, and how.
#[derive(Debug, Clone, Copy, Default)]
pub struct SignRequest<'a> {
    /// The message; with `prehashed` its digest. Any length.
    pub input: &'a [u8],
    /// Whether the input is a digest already, of exactly the hash function's length. Ed25519
    /// refuses it.
    pub prehashed: bool,
    /// The hash function; none means the key type's own: SHA-256 for RSA and P-256, SHA-384 for
    /// P-384, SHA-512 for P-521. Ed25519 always hashes with SHA-512 by itself, whatever is named
    /// here (RFC 8032).
    pub hash: Option<HashAlgorithm>,
    /// The scheme, which only RSA keys have; none means PSS.
    pub scheme: Option<SignatureScheme>,
    /// A signing context. No type takes one yet: it must be empty.
    pub context: &'a [u8],
}

impl SignRequest<'_> {
    /// Refuses what no key takes.
    pub(super) fn without_context(&self, key_type: KeyType) -> Result<(), OperationError> {
        if self.context.is_empty() {
            Ok(())
        } else {
            Err(OperationError::Context { key_type })
        }
    }

    /// Refuses a scheme, for the types that have none.
    pub(super) fn without_scheme(&self, key_type: KeyType) -> Result<(), OperationError> {
        match self.scheme {
            None => Ok(()),
            Some(scheme) => Err(OperationError::Scheme { key_type, scheme }),
        }
    }

    /// The digest of the input, or the one that it is.
    pub(super) fn digest(&self, hash: HashAlgorithm) -> Result<Digest, OperationError> {
        let algorithm = algorithm(hash);
        if !self.prehashed {
            return Ok(digest::digest(algorithm, self.input));
        }
        if self.input.len() != hash.digest_len() {
            return Err(OperationError::DigestLength {
                hash,
                expected: hash.digest_len(),
                found: self.input.len(),
            });
        }
        Digest::import_less_safe(self.input, algorithm)
            .map_err(|refusal| LibraryError::new(refusal).into())
    }
}

const fn algorithm(hash: HashAlgorithm) -> &'static digest::Algorithm {
    match hash {
        HashAlgorithm::Sha224 => &SHA224,
        HashAlgorithm::Sha256 => &SHA256,
        HashAlgorithm::Sha384 => &SHA384,
        HashAlgorithm::Sha512 => &SHA512,
    }
}

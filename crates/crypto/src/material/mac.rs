//! The three HMAC key types (RFC 2104, FIPS 198-1).
//!
//! A key is as long as the digest of its hash function, or 32 bytes where any hash function may be
//! asked for. Forging a MAC needs about 2^112 work with SHA-224 and 2^128 or more with the others.
//! Only whole MACs verify, in constant time.

use aws_lc_rs::hmac::{self, HMAC_SHA224, HMAC_SHA256, HMAC_SHA384, HMAC_SHA512};
use strongroom_types::{HashAlgorithm, KeyType, Plaintext};

use super::{MaterialError, OperationError, exactly};

/// What tells one HMAC type from another.
pub(super) struct MacSpec {
    /// Bytes of a key.
    pub(super) key_len: usize,
    default: HashAlgorithm,
    offered: &'static [HashAlgorithm],
}

/// The hash function is chosen with each call.
pub(super) const ANY: MacSpec = MacSpec {
    key_len: 32,
    default: HashAlgorithm::Sha256,
    offered: &HashAlgorithm::ALL,
};

/// Always SHA-256.
pub(super) const SHA256: MacSpec = MacSpec {
    key_len: 32,
    default: HashAlgorithm::Sha256,
    offered: &[HashAlgorithm::Sha256],
};

/// Always SHA-512.
pub(super) const SHA512: MacSpec = MacSpec {
    key_len: 64,
    default: HashAlgorithm::Sha512,
    offered: &[HashAlgorithm::Sha512],
};

/// An HMAC key: its bytes, to wrap or export, and its state for each hash function, to use.
pub(super) struct MacKey {
    key_type: KeyType,
    spec: &'static MacSpec,
    secret: Plaintext,
    keys: Vec<(HashAlgorithm, hmac::Key)>,
}

impl MacKey {
    pub(super) fn import(
        key_type: KeyType,
        spec: &'static MacSpec,
        secret: Plaintext,
    ) -> Result<Self, MaterialError> {
        let secret = exactly(key_type, spec.key_len, secret)?;
        let keys = spec.offered.iter();
        let keys = keys.map(|hash| (*hash, hmac::Key::new(algorithm(*hash), secret.expose())));
        Ok(Self {
            key_type,
            spec,
            keys: keys.collect(),
            secret,
        })
    }

    pub(super) fn secret(&self) -> &Plaintext {
        &self.secret
    }

    pub(super) fn mac(
        &self,
        input: &[u8],
        hash: Option<HashAlgorithm>,
    ) -> Result<Vec<u8>, OperationError> {
        let key = self.key(hash)?;
        Ok(hmac::sign(key, input).as_ref().to_vec())
    }

    pub(super) fn verify(
        &self,
        input: &[u8],
        hash: Option<HashAlgorithm>,
        tag: &[u8],
    ) -> Result<bool, OperationError> {
        let key = self.key(hash)?;
        Ok(hmac::verify(key, input, tag).is_ok())
    }

    fn key(&self, hash: Option<HashAlgorithm>) -> Result<&hmac::Key, OperationError> {
        let hash = hash.unwrap_or(self.spec.default);
        self.keys
            .iter()
            .find_map(|(known, key)| (*known == hash).then_some(key))
            .ok_or(OperationError::Hash {
                key_type: self.key_type,
                hash,
                offered: self.spec.offered,
            })
    }
}

pub(super) const fn algorithm(hash: HashAlgorithm) -> hmac::Algorithm {
    match hash {
        HashAlgorithm::Sha224 => HMAC_SHA224,
        HashAlgorithm::Sha256 => HMAC_SHA256,
        HashAlgorithm::Sha384 => HMAC_SHA384,
        HashAlgorithm::Sha512 => HMAC_SHA512,
    }
}

#[cfg(test)]
mod vectors;

//! The three symmetric key types: AES-GCM (NIST SP 800-38D) and ChaCha20-Poly1305 (RFC 8439).
//!
//! Nonces are random and have 96 bits, so one key encrypts at most 2^32 messages.

use aws_lc_rs::aead::Algorithm;
use strongroom_types::{KeyType, Plaintext};

use super::{DecryptError, MaterialError, OperationError, exactly};
use crate::Entropy;
use crate::aead::Cipher;

/// A symmetric key: its bytes, to wrap or export, and its expanded form, to use.
pub(super) struct SymmetricKey {
    secret: Plaintext,
    cipher: Cipher,
}

impl SymmetricKey {
    pub(super) fn import(
        key_type: KeyType,
        algorithm: &'static Algorithm,
        secret: Plaintext,
    ) -> Result<Self, MaterialError> {
        let secret = exactly(key_type, algorithm.key_len(), secret)?;
        let cipher = Cipher::new(algorithm, secret.expose())?;
        Ok(Self { secret, cipher })
    }

    pub(super) fn secret(&self) -> &Plaintext {
        &self.secret
    }

    pub(super) fn encrypt(
        &self,
        entropy: &dyn Entropy,
        aad: &[u8],
        plaintext: &[u8],
    ) -> Result<Vec<u8>, OperationError> {
        Ok(self.cipher.seal(entropy, aad, &[], plaintext)?)
    }

    pub(super) fn decrypt(&self, aad: &[u8], ciphertext: &[u8]) -> Result<Plaintext, DecryptError> {
        self.cipher
            .open(aad, ciphertext)
            .map(Plaintext::new)
            .map_err(|_| DecryptError)
    }
}

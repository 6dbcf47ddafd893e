//! The three symmetric key types.

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Algorithm, CHACHA20_POLY1305};
use strongroom_types::{KeyType, Plaintext};

use super::{DecryptError, EncryptError, MaterialError};
use crate::Entropy;
use crate::aead::Cipher;

/// A symmetric key: its bytes, to wrap or export, and its expanded form, to use.
pub(super) struct SymmetricKey {
    key_type: KeyType,
    secret: Plaintext,
    cipher: Cipher,
}

/// The cipher of a key type.
pub(super) fn algorithm(key_type: KeyType) -> Result<&'static Algorithm, MaterialError> {
    match key_type {
        KeyType::Aes128Gcm96 => Ok(&AES_128_GCM),
        KeyType::Aes256Gcm96 => Ok(&AES_256_GCM),
        KeyType::ChaCha20Poly1305 => Ok(&CHACHA20_POLY1305),
        KeyType::Rsa2048
        | KeyType::Rsa3072
        | KeyType::Rsa4096
        | KeyType::EcdsaP256
        | KeyType::EcdsaP384
        | KeyType::EcdsaP521
        | KeyType::Ed25519
        | KeyType::Hmac
        | KeyType::HmacSha256
        | KeyType::HmacSha512 => Err(MaterialError::NotYetSupported(key_type)),
    }
}

impl SymmetricKey {
    pub(super) fn new(key_type: KeyType, secret: Plaintext) -> Result<Self, MaterialError> {
        let algorithm = algorithm(key_type)?;
        if secret.len() != algorithm.key_len() {
            return Err(MaterialError::Length {
                key_type,
                expected: algorithm.key_len(),
                found: secret.len(),
            });
        }
        let cipher = Cipher::new(algorithm, secret.expose())?;
        Ok(Self {
            key_type,
            secret,
            cipher,
        })
    }

    pub(super) fn key_type(&self) -> KeyType {
        self.key_type
    }

    pub(super) fn secret(&self) -> &Plaintext {
        &self.secret
    }

    pub(super) fn encrypt(
        &self,
        entropy: &dyn Entropy,
        aad: &[u8],
        plaintext: &[u8],
    ) -> Result<Vec<u8>, EncryptError> {
        Ok(self.cipher.seal(entropy, aad, &[], plaintext)?)
    }

    pub(super) fn decrypt(&self, aad: &[u8], ciphertext: &[u8]) -> Result<Plaintext, DecryptError> {
        self.cipher
            .open(aad, ciphertext)
            .map(Plaintext::new)
            .map_err(|_| DecryptError)
    }
}

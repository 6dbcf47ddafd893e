//! RSA of 2048, 3072 and 4096 bits (RFC 8017): OAEP with SHA-256, PSS, PKCS#1 v1.5 signatures.
//!
//! One encryption holds at most the modulus less 66 bytes: 190, 318 or 446 bytes. Signatures hash
//! with SHA-256, SHA-384 or SHA-512, and by way of [`sha224`] with SHA-224. Padding is checked in
//! constant time, and everything that can be wrong with a ciphertext is one error.

pub(crate) mod sha224;
mod suite;
#[cfg(test)]
mod vectors;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{
    KeyPair, KeySize, OAEP_SHA256_MGF1SHA256, OaepAlgorithm, OaepPrivateDecryptingKey,
    OaepPublicEncryptingKey, PrivateDecryptingKey,
};
use aws_lc_rs::signature::KeyPair as _;
use strongroom_types::{KeyType, Plaintext};
use zeroize::Zeroizing;

use super::{DecryptError, MaterialError, OperationError, PublicKey, SignRequest, pkcs8};
use crate::LibraryError;
use suite::{Choice, Verifiers};

/// An RSA key, ready for everything that it does.
pub(crate) struct RsaKey {
    key_type: KeyType,
    secret: Plaintext,
    signing: KeyPair,
    encrypting: OaepPublicEncryptingKey,
    decrypting: OaepPrivateDecryptingKey,
    verifiers: Verifiers,
    public: PublicKey,
}

impl RsaKey {
    /// A fresh key, from the library's own generator. Takes from a tenth of a second to several.
    pub(crate) fn generate(key_type: KeyType, size: KeySize) -> Result<Self, MaterialError> {
        let pair = KeyPair::generate(size).map_err(LibraryError::new)?;
        Self::new(key_type, size, pair)
    }

    pub(crate) fn import(
        key_type: KeyType,
        size: KeySize,
        secret: &Plaintext,
    ) -> Result<Self, MaterialError> {
        pkcs8::whole(key_type, secret.expose())?;
        KeyPair::from_pkcs8(secret.expose())
            .map_err(pkcs8::rejected(key_type))
            .and_then(|pair| Self::new(key_type, size, pair))
    }

    fn new(key_type: KeyType, size: KeySize, signing: KeyPair) -> Result<Self, MaterialError> {
        let document: Pkcs8V1Der<'_> = signing.as_der().map_err(LibraryError::new)?;
        let private =
            PrivateDecryptingKey::from_pkcs8(document.as_ref()).map_err(LibraryError::new)?;
        // The bits, not the bytes: a modulus may be a few bits short of its bytes.
        let found = private.key_size_bits();
        if found != size.len() * 8 {
            return Err(MaterialError::RsaSize { key_type, found });
        }
        let public = private.public_key();
        let spki = public.as_der().map_err(LibraryError::new)?;
        Ok(Self {
            key_type,
            secret: Plaintext::new(document.as_ref().to_vec()),
            encrypting: OaepPublicEncryptingKey::new(public).map_err(LibraryError::new)?,
            decrypting: OaepPrivateDecryptingKey::new(private).map_err(LibraryError::new)?,
            verifiers: Verifiers::new(signing.public_key().as_ref())?,
            public: PublicKey::pem(&spki)?,
            signing,
        })
    }

    pub(crate) fn secret(&self) -> &Plaintext {
        &self.secret
    }

    pub(crate) fn public(&self) -> &PublicKey {
        &self.public
    }

    pub(super) fn encrypt(&self, label: &[u8], text: &[u8]) -> Result<Vec<u8>, OperationError> {
        let limit = self.encrypting.max_plaintext_size(&OAEP_SHA256_MGF1SHA256);
        if text.len() > limit {
            let key_type = self.key_type;
            return Err(OperationError::TooLong { key_type, limit });
        }
        let mut ciphertext = vec![0; self.encrypting.ciphertext_size()];
        let length = self
            .encrypting
            .encrypt(&OAEP_SHA256_MGF1SHA256, text, &mut ciphertext, Some(label))
            .map_err(LibraryError::new)?
            .len();
        ciphertext.truncate(length);
        Ok(ciphertext)
    }

    pub(super) fn decrypt(
        &self,
        label: &[u8],
        ciphertext: &[u8],
    ) -> Result<Plaintext, DecryptError> {
        self.open(&OAEP_SHA256_MGF1SHA256, label, ciphertext)
    }

    /// Decrypts with any of the library's variants of OAEP.
    pub(crate) fn open(
        &self,
        algorithm: &'static OaepAlgorithm,
        label: &[u8],
        ciphertext: &[u8],
    ) -> Result<Plaintext, DecryptError> {
        let mut buffer = Zeroizing::new(vec![0; self.decrypting.min_output_size()]);
        let plaintext = self
            .decrypting
            .decrypt(algorithm, ciphertext, &mut buffer, Some(label))
            .map_err(|_| DecryptError)?;
        Ok(Plaintext::new(plaintext.to_vec()))
    }

    /// Decrypts with OAEP over SHA-224, without a label.
    pub(crate) fn open_sha224(&self, ciphertext: &[u8]) -> Result<Plaintext, DecryptError> {
        sha224::open(&self.secret, ciphertext)
    }

    pub(super) fn sign(&self, request: &SignRequest<'_>) -> Result<Vec<u8>, OperationError> {
        let (suite, digest) = match self.verifiers.chosen(self.key_type, request)? {
            Choice::Sha224(scheme, digest) => {
                return sha224::sign(self.key_type, &self.secret, scheme, digest.as_ref());
            }
            Choice::Library(suite, _, digest) => (suite, digest),
        };
        let mut signature = vec![0; self.signing.public_modulus_len()];
        self.signing
            .sign_digest(suite.signing, &digest, &mut signature)
            .map_err(LibraryError::new)?;
        Ok(signature)
    }

    pub(super) fn verify(
        &self,
        request: &SignRequest<'_>,
        signature: &[u8],
    ) -> Result<bool, OperationError> {
        let spki = self.public.as_spki();
        self.verifiers
            .verify(self.key_type, spki, request, signature)
    }
}

//! The material of KMS key versions (contract 2.4).
//!
//! Whatever a key needs to work is parsed and expanded when it is made: an operation only computes.
//! Stored and exported are the raw bytes of symmetric and HMAC keys, and a PKCS#8 document
//! (RFC 5208) in DER of all others, written anew by the library whatever an import looked like.

mod ecdsa;
mod ed25519;
mod error;
mod export;
mod mac;
mod number;
mod pkcs8;
mod place;
mod public;
mod request;
mod rsa;
mod spec;
mod symmetric;
#[cfg(test)]
mod tests;
mod wrap;

use strongroom_types::{HashAlgorithm, KeyOperation, KeyType, Plaintext};

use crate::Entropy;
use crate::entropy::random_secret;

use ecdsa::EcdsaKey;
use ed25519::Ed25519Key;
pub use error::{DecryptError, EncryptError, MaterialError, OperationError};
use mac::MacKey;
pub use place::MaterialPlace;
pub(crate) use public::PEM_LABEL;
pub use public::PublicKey;
pub use request::SignRequest;
pub(crate) use rsa::{RsaKey, sha224};
use spec::Spec;
use symmetric::SymmetricKey;
pub use wrap::KeyEncryptionKey;
pub(crate) use wrap::in_contents;

/// One version of a KMS key, ready for use.
///
/// ```compile_fail
/// fn show(key: strongroom_crypto::KeyMaterial) -> String { format!("{key:?}") }
/// ```
/// ```compile_fail
/// fn copy(key: &strongroom_crypto::KeyMaterial) -> strongroom_crypto::KeyMaterial { key.clone() }
/// ```
pub struct KeyMaterial {
    key_type: KeyType,
    kind: Kind,
}

/// One variant for each `KeyFamily`.
enum Kind {
    Symmetric(SymmetricKey),
    Rsa(Box<RsaKey>),
    Ecdsa(EcdsaKey),
    Ed25519(Ed25519Key),
    Mac(MacKey),
}

impl KeyMaterial {
    /// Encryptions after which a version of a symmetric type must have been replaced.
    ///
    /// With random 96-bit nonces the chance of a repetition stays below 2^-32 up to here
    /// (NIST SP 800-38D, section 8.3). Whoever counts should rotate well before. RSA has no such
    /// limit.
    pub const ENCRYPTION_LIMIT: u64 = 1 << 32;

    /// Fresh material for a key of this type.
    ///
    /// The bytes of symmetric, HMAC and Ed25519 keys come from `entropy`; RSA and ECDSA keys are
    /// drawn by the library from its own generator, which is what `SystemEntropy` uses too. RSA
    /// takes long: a tenth of a second for 2048 bits, and up to several seconds for 4096.
    ///
    /// # Errors
    ///
    /// There were no random bytes, or the library failed.
    pub fn generate(key_type: KeyType, entropy: &dyn Entropy) -> Result<Self, MaterialError> {
        let kind = match spec::of(key_type) {
            Spec::Symmetric(algorithm) => {
                let secret = random_secret(entropy, algorithm.key_len())?;
                Kind::Symmetric(SymmetricKey::import(key_type, algorithm, secret)?)
            }
            Spec::Rsa(size) => Kind::Rsa(Box::new(RsaKey::generate(key_type, size)?)),
            Spec::Ecdsa(curve) => Kind::Ecdsa(EcdsaKey::generate(key_type, curve)?),
            Spec::Ed25519 => Kind::Ed25519(Ed25519Key::generate(entropy)?),
            Spec::Mac(spec) => {
                let secret = random_secret(entropy, spec.key_len)?;
                Kind::Mac(MacKey::import(key_type, spec, secret)?)
            }
        };
        Ok(Self { key_type, kind })
    }

    /// Material from elsewhere: the raw key for the symmetric and HMAC types, an unencrypted PKCS#8
    /// document (RFC 5208) in DER for the others.
    ///
    /// # Errors
    ///
    /// Raw keys of another length; documents that do not parse, do not end with their last byte,
    /// contradict themselves, or hold a key of another type, size or curve.
    pub fn import(key_type: KeyType, secret: Plaintext) -> Result<Self, MaterialError> {
        let kind = match spec::of(key_type) {
            Spec::Symmetric(algorithm) => {
                Kind::Symmetric(SymmetricKey::import(key_type, algorithm, secret)?)
            }
            Spec::Rsa(size) => Kind::Rsa(Box::new(RsaKey::import(key_type, size, &secret)?)),
            Spec::Ecdsa(curve) => Kind::Ecdsa(EcdsaKey::import(key_type, curve, &secret)?),
            Spec::Ed25519 => Kind::Ed25519(Ed25519Key::import(&secret)?),
            Spec::Mac(spec) => Kind::Mac(MacKey::import(key_type, spec, secret)?),
        };
        Ok(Self { key_type, kind })
    }

    /// The type of the key.
    pub fn key_type(&self) -> KeyType {
        self.key_type
    }

    /// A copy of the bare material, for an export that the key allows, in the form that
    /// [`KeyMaterial::import`] takes.
    pub fn export_material(&self) -> Plaintext {
        Plaintext::new(self.secret().expose().to_vec())
    }

    /// The public key, of the types that have one.
    pub fn public_key(&self) -> Option<&PublicKey> {
        match &self.kind {
            Kind::Rsa(key) => Some(key.public()),
            Kind::Ecdsa(key) => Some(key.public()),
            Kind::Ed25519(key) => Some(key.public()),
            Kind::Symmetric(_) | Kind::Mac(_) => None,
        }
    }

    /// Encrypts. Symmetric types: nonce (12) ‖ ciphertext ‖ tag (16) under a fresh random nonce,
    /// for any length, none included; what callers may send is limited elsewhere (contract 2.4).
    /// RSA: OAEP with SHA-256, as long as the modulus, with the associated data as its label and a
    /// seed that the library draws itself.
    ///
    /// # Errors
    ///
    /// The type does not encrypt, the plaintext is too long for an RSA key, there were no random
    /// bytes, or the library failed.
    pub fn encrypt(
        &self,
        entropy: &dyn Entropy,
        aad: &[u8],
        plaintext: &[u8],
    ) -> Result<Vec<u8>, OperationError> {
        match &self.kind {
            Kind::Symmetric(key) => key.encrypt(entropy, aad, plaintext),
            Kind::Rsa(key) => key.encrypt(aad, plaintext),
            Kind::Ecdsa(_) | Kind::Ed25519(_) | Kind::Mac(_) => {
                Err(self.not_offered(KeyOperation::Encrypt))
            }
        }
    }

    /// Decrypts what [`KeyMaterial::encrypt`] made with the same associated data.
    ///
    /// # Errors
    ///
    /// The same error for everything that can be wrong, for a type that does not decrypt too: ask
    /// [`KeyType::offers`] before, to tell a caller so.
    pub fn decrypt(&self, aad: &[u8], ciphertext: &[u8]) -> Result<Plaintext, DecryptError> {
        match &self.kind {
            Kind::Symmetric(key) => key.decrypt(aad, ciphertext),
            Kind::Rsa(key) => key.decrypt(aad, ciphertext),
            Kind::Ecdsa(_) | Kind::Ed25519(_) | Kind::Mac(_) => Err(DecryptError),
        }
    }

    /// Signs. RSA: as long as the modulus. ECDSA: DER, at most 72, 104 or 139 bytes.
    /// Ed25519: 64 bytes.
    ///
    /// # Errors
    ///
    /// The type does not sign or not so, a digest has another length than its hash function's, or
    /// the library failed.
    pub fn sign(&self, request: &SignRequest<'_>) -> Result<Vec<u8>, OperationError> {
        match &self.kind {
            Kind::Rsa(key) => key.sign(request),
            Kind::Ecdsa(key) => key.sign(request),
            Kind::Ed25519(key) => key.sign(request),
            Kind::Symmetric(_) | Kind::Mac(_) => Err(self.not_offered(KeyOperation::Sign)),
        }
    }

    /// Whether the signature is this key's for the request. A malformed one is not.
    ///
    /// # Errors
    ///
    /// The request is none that this key could sign.
    pub fn verify(
        &self,
        request: &SignRequest<'_>,
        signature: &[u8],
    ) -> Result<bool, OperationError> {
        match &self.kind {
            Kind::Rsa(key) => key.verify(request, signature),
            Kind::Ecdsa(key) => key.verify(request, signature),
            Kind::Ed25519(key) => key.verify(request, signature),
            Kind::Symmetric(_) | Kind::Mac(_) => Err(self.not_offered(KeyOperation::Verify)),
        }
    }

    /// The HMAC of the input, as long as the digest of its hash function. None means the type's
    /// own: SHA-512 for `hmac-sha512`, SHA-256 for the others.
    ///
    /// # Errors
    ///
    /// The type makes no HMACs or none with this hash function.
    pub fn mac(
        &self,
        input: &[u8],
        hash: Option<HashAlgorithm>,
    ) -> Result<Vec<u8>, OperationError> {
        match &self.kind {
            Kind::Mac(key) => key.mac(input, hash),
            _ => Err(self.not_offered(KeyOperation::Hmac)),
        }
    }

    /// Whether this is the whole HMAC of the input. Takes a time that tells nothing of where a wrong
    /// one differs.
    ///
    /// # Errors
    ///
    /// The type makes no HMACs or none with this hash function.
    pub fn verify_mac(
        &self,
        input: &[u8],
        hash: Option<HashAlgorithm>,
        mac: &[u8],
    ) -> Result<bool, OperationError> {
        match &self.kind {
            Kind::Mac(key) => key.verify(input, hash, mac),
            _ => Err(self.not_offered(KeyOperation::VerifyHmac)),
        }
    }

    fn not_offered(&self, operation: KeyOperation) -> OperationError {
        OperationError::NotOffered {
            key_type: self.key_type,
            operation,
        }
    }

    fn secret(&self) -> &Plaintext {
        match &self.kind {
            Kind::Symmetric(key) => key.secret(),
            Kind::Rsa(key) => key.secret(),
            Kind::Ecdsa(key) => key.secret(),
            Kind::Ed25519(key) => key.secret(),
            Kind::Mac(key) => key.secret(),
        }
    }
}

/// A raw key of exactly the length that its type has.
fn exactly(
    key_type: KeyType,
    expected: usize,
    secret: Plaintext,
) -> Result<Plaintext, MaterialError> {
    if secret.len() == expected {
        return Ok(secret);
    }
    Err(MaterialError::Length {
        key_type,
        expected,
        found: secret.len(),
    })
}

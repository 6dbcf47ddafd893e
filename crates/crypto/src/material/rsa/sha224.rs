//! RSA with SHA-224: OAEP for the wrap of imported keys, PSS and PKCS#1 v1.5 signatures (RFC 8017).
//!
//! `aws-lc-rs` offers RSA with no SHA-224, so this is RustCrypto's `rsa`, and only this. Its private
//! operations run in constant time and are blinded with bytes from the operating system; RUSTSEC-2023-0071
//! was about releases before 0.10. A key is parsed anew for each operation: they are rare, and so the
//! parsed form of a key does not stay in memory a second time.
//!
//! Its OAEP does not look at the first byte of the padding, which RFC 8017 wants to be zero: so says
//! draft-irtf-cfrg-rsa-guidance, because an answer that depends on it is what Manger's attack needs.

use rsa::pkcs8::{DecodePrivateKey, DecodePublicKey};
use rsa::sha2::Sha224;
use rsa::{PrivateKey, PublicKey};
use strongroom_types::{HashAlgorithm, KeyType, Plaintext, SignatureScheme};

use crate::LibraryError;
use crate::material::{DecryptError, OperationError};

/// What is left for a key that this library does not take, such as one with a factor that is much
/// longer than the other.
const OTHERS: [HashAlgorithm; 3] = [
    HashAlgorithm::Sha256,
    HashAlgorithm::Sha384,
    HashAlgorithm::Sha512,
];

/// Encrypts for a public key in DER (`SubjectPublicKeyInfo`, RFC 5280), without a label.
///
/// # Errors
///
/// The library refused the key, or there were no random bytes.
pub(crate) fn seal(spki: &[u8], text: &[u8]) -> Result<Vec<u8>, LibraryError> {
    let key = PublicKey::from_public_key_der(spki).map_err(LibraryError::new)?;
    key.oaep_encrypt::<Sha224>(text).map_err(LibraryError::new)
}

/// Decrypts with a private key in PKCS#8. Whatever is wrong is one error.
pub(super) fn open(secret: &Plaintext, ciphertext: &[u8]) -> Result<Plaintext, DecryptError> {
    let key = PrivateKey::from_pkcs8_der(secret.expose()).map_err(|_| DecryptError)?;
    let text = key.oaep_decrypt::<Sha224>(ciphertext);
    text.map(Plaintext::new).map_err(|_| DecryptError)
}

/// Signs a digest of 28 bytes; PSS with a salt as long.
pub(super) fn sign(
    key_type: KeyType,
    secret: &Plaintext,
    scheme: SignatureScheme,
    digest: &[u8],
) -> Result<Vec<u8>, OperationError> {
    let key = PrivateKey::from_pkcs8_der(secret.expose()).map_err(|_| refused(key_type))?;
    let signature = match scheme {
        SignatureScheme::Pss => key.pss_sign_prehash::<Sha224>(digest),
        SignatureScheme::Pkcs1v15 => key.pkcs1v15_sign_prehash::<Sha224>(digest),
    };
    Ok(signature.map_err(LibraryError::new)?)
}

/// Whether a signature is right for a digest and a public key in DER.
pub(super) fn verify(
    key_type: KeyType,
    spki: &[u8],
    scheme: SignatureScheme,
    digest: &[u8],
    signature: &[u8],
) -> Result<bool, OperationError> {
    let key = PublicKey::from_public_key_der(spki).map_err(|_| refused(key_type))?;
    let verified = match scheme {
        SignatureScheme::Pss => key.pss_verify_prehash::<Sha224>(digest, signature),
        SignatureScheme::Pkcs1v15 => key.pkcs1v15_verify_prehash::<Sha224>(digest, signature),
    };
    Ok(verified.is_ok())
}

fn refused(key_type: KeyType) -> OperationError {
    OperationError::Hash {
        key_type,
        hash: HashAlgorithm::Sha224,
        offered: &OTHERS,
    }
}

#[cfg(test)]
mod tests;

//! Bring your own key: the wrap around key material on its way in (contract 2.6).
//!
//! A blob is RSA-OAEP over an ephemeral AES-256 key, then AES-256-KWP (RFC 5649, NIST SP 800-38F)
//! under that key over the target. OAEP takes one hash function for itself and for MGF1, and no
//! label (RFC 8017, section 7.1). The target is what [`KeyMaterial::import`] takes: raw bytes for
//! the symmetric types, PKCS#8 in DER for RSA, ECDSA and Ed25519.

use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrapPadded};
use aws_lc_rs::rsa::{
    KeySize, OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OAEP_SHA384_MGF1SHA384,
    OAEP_SHA512_MGF1SHA512, OaepAlgorithm, OaepPublicEncryptingKey, PublicEncryptingKey,
};
use strongroom_types::{KeyOperation, KeyType, Plaintext, Region, WrapHash};
use zeroize::Zeroizing;

use crate::binding::Binding;
use crate::entropy::random_secret;
use crate::material::{PEM_LABEL, RsaKey, in_contents, sha224};
use crate::{
    DecryptError, Entropy, EntropyError, KeyEncryptionKey, KeyMaterial, LibraryError,
    MaterialError, OpenError, PublicKey, SealError,
};

mod target;

pub use target::{ImportTarget, TargetError};

const PURPOSE: &str = "strongroom/wrapping-key/1";

/// The type that wrapping keys would have if they were KMS keys.
const KEY_TYPE: KeyType = KeyType::Rsa4096;

/// Bytes of the modulus, and so of the part under OAEP.
const MODULUS: usize = 512;

/// Bytes of the ephemeral key.
const EPHEMERAL: usize = 32;

/// Bytes that KWP adds at most: its head of 8, and up to 7 of padding.
const KWP_OVERHEAD: usize = 15;

/// Bytes of the shortest blob: what KWP makes of at most 8 bytes has 16.
const SHORTEST: usize = MODULUS + 16;

/// Bytes of the longest blob. A PKCS#8 document of an RSA-4096 key has about 2400.
const LONGEST: usize = MODULUS + 8 * 1024;

/// Why a blob was not imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The service makes keys of this type itself.
    #[error("a key of type {0} cannot be imported")]
    NotImportable(KeyType),
    /// Too short to hold both parts, or longer than any key needs.
    #[error(
        "the wrapped key has {found} bytes, and must have {SHORTEST} to {LONGEST}: {MODULUS} of \
         RSA-OAEP over an AES-256 key, then AES-256-KWP over the key to import"
    )]
    BlobLength {
        /// Bytes given.
        found: usize,
    },
    /// It does not unwrap. Deliberately says no more, whatever was wrong.
    #[error(
        "the wrapped key does not unwrap: check that it is RSA-OAEP with this region's wrapping \
         key, the hash function named in the request (for MGF1 too) and no label over a fresh \
         AES-256 key, followed by AES-256-KWP (RFC 5649) under that key"
    )]
    Unwrap,
    /// It unwrapped, and what it holds is no key of the type.
    #[error(transparent)]
    Material(#[from] MaterialError),
}

/// Why nothing was wrapped for an import.
#[derive(Debug, thiserror::Error)]
pub enum WrapForImportError {
    /// The text is no public key in PEM.
    #[error("the wrapping key is not an RSA public key in PEM (RFC 7468): {reason}")]
    PublicKey {
        /// What the parser said.
        reason: String,
    },
    /// There is nothing to wrap, or more than a blob may hold.
    #[error("the key to import has {found} bytes, and must have 1 to {limit}")]
    TargetLength {
        /// Bytes given.
        found: usize,
        /// The most bytes that fit.
        limit: usize,
    },
    /// There was no ephemeral key.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The library failed.
    #[error(transparent)]
    Library(#[from] LibraryError),
}

/// The key that callers wrap their own keys for: RSA-4096, one for a region.
///
/// ```compile_fail
/// fn show(key: strongroom_crypto::WrappingKey) -> String { format!("{key:?}") }
/// ```
pub struct WrappingKey(RsaKey);

impl WrappingKey {
    /// What the API calls the key's algorithm.
    pub const ALGORITHM: &'static str = "RSA-OAEP-4096";

    /// A fresh key, from the library's own generator. Takes up to several seconds.
    ///
    /// # Errors
    ///
    /// The library failed.
    pub fn generate() -> Result<Self, MaterialError> {
        RsaKey::generate(KEY_TYPE, KeySize::Rsa4096).map(Self)
    }

    /// A key from its PKCS#8 document (RFC 5208) in DER.
    ///
    /// # Errors
    ///
    /// It does not parse, or is no RSA key of 4096 bits.
    pub fn import(secret: &Plaintext) -> Result<Self, MaterialError> {
        RsaKey::import(KEY_TYPE, KeySize::Rsa4096, secret).map(Self)
    }

    /// A copy of the PKCS#8 document.
    pub fn export_material(&self) -> Plaintext {
        Plaintext::new(self.0.secret().expose().to_vec())
    }

    /// The public key, to hand to callers.
    pub fn public_key(&self) -> &PublicKey {
        self.0.public()
    }

    /// Wraps the key for its region.
    ///
    /// # Errors
    ///
    /// No random bytes, or the library failed.
    pub fn wrap(
        &self,
        kek: &KeyEncryptionKey,
        entropy: &dyn Entropy,
        region: &Region,
    ) -> Result<Vec<u8>, SealError> {
        kek.wrap(entropy, &binding(region), self.0.secret().expose())
    }

    /// Unwraps a key that was wrapped under this key for this very region.
    ///
    /// # Errors
    ///
    /// It was moved, changed, cut off or wrapped under another key, or a later release wrote it.
    pub fn unwrap(
        kek: &KeyEncryptionKey,
        region: &Region,
        wrapped: &[u8],
    ) -> Result<Self, OpenError> {
        let mut contents = kek.unwrap(&binding(region), wrapped)?;
        Self::import(&Plaintext::new(std::mem::take(&mut *contents))).map_err(in_contents)
    }

    /// Takes the wrap off and makes a key of the given type of what was in it.
    ///
    /// # Errors
    ///
    /// The type is never imported, the blob has an impossible length or does not unwrap, or it holds
    /// no key of exactly this type, size and curve.
    pub fn unwrap_import(
        &self,
        key_type: KeyType,
        hash: WrapHash,
        blob: &[u8],
    ) -> Result<KeyMaterial, ImportError> {
        if !key_type.offers(KeyOperation::Import) {
            return Err(ImportError::NotImportable(key_type));
        }
        let target = match blob.split_first_chunk::<MODULUS>() {
            Some((head, body)) if (SHORTEST..=LONGEST).contains(&blob.len()) => {
                self.target(hash, head, body)
            }
            _ => return Err(ImportError::BlobLength { found: blob.len() }),
        };
        // What is wrong with the target is said openly: whoever got this far made the wrap, since
        // KWP authenticates what it holds.
        let target = target.map_err(|_| ImportError::Unwrap)?;
        Ok(KeyMaterial::import(key_type, target)?)
    }

    fn target(
        &self,
        hash: WrapHash,
        head: &[u8; MODULUS],
        body: &[u8],
    ) -> Result<Plaintext, DecryptError> {
        let ephemeral = match oaep(hash) {
            Some(algorithm) => self.0.open(algorithm, &[], head),
            None => self.0.open_sha224(head),
        }?;
        // Refuses an ephemeral key of another length.
        let kek = AesKek::new(&AES_256, ephemeral.expose()).map_err(|_| DecryptError)?;
        let mut buffer = Zeroizing::new(vec![0; body.len()]);
        let target = kek
            .unwrap_with_padding(body, &mut buffer)
            .map_err(|_| DecryptError)?;
        Ok(Plaintext::new(target.to_vec()))
    }
}

/// The caller's side: wraps a target for [`WrappingKey::unwrap_import`] with the public key that the
/// service gave in PEM.
///
/// # Errors
///
/// The text is no RSA public key of 2048 to 8192 bits in PEM, the target has an impossible length,
/// there were no random bytes, or the library failed.
pub fn wrap_for_import(
    entropy: &dyn Entropy,
    public_pem: &str,
    hash: WrapHash,
    target: &Plaintext,
) -> Result<Vec<u8>, WrapForImportError> {
    let (spki, public) = parse_public(public_pem)?;
    let limit = LONGEST - MODULUS - KWP_OVERHEAD;
    if target.is_empty() || target.len() > limit {
        let found = target.len();
        return Err(WrapForImportError::TargetLength { found, limit });
    }
    let ephemeral = random_secret(entropy, EPHEMERAL)?;
    let mut blob = match oaep(hash) {
        Some(algorithm) => encrypt(&public, algorithm, &ephemeral)?,
        None => sha224::seal(&spki, ephemeral.expose())?,
    };
    let mut body = vec![0; target.len() + KWP_OVERHEAD];
    let body = AesKek::new(&AES_256, ephemeral.expose())
        .and_then(|kek| kek.wrap_with_padding(target.expose(), &mut body))
        .map_err(LibraryError::new)?;
    blob.extend_from_slice(body);
    Ok(blob)
}

fn encrypt(
    public: &OaepPublicEncryptingKey,
    algorithm: &'static OaepAlgorithm,
    text: &Plaintext,
) -> Result<Vec<u8>, LibraryError> {
    let mut ciphertext = vec![0; public.ciphertext_size()];
    let length = public
        .encrypt(algorithm, text.expose(), &mut ciphertext, None)
        .map_err(LibraryError::new)?
        .len();
    ciphertext.truncate(length);
    Ok(ciphertext)
}

/// The key in DER, and ready to encrypt.
fn parse_public(pem: &str) -> Result<(Vec<u8>, OaepPublicEncryptingKey), WrapForImportError> {
    let refused = |reason: String| WrapForImportError::PublicKey { reason };
    let (label, der) =
        pem_rfc7468::decode_vec(pem.as_bytes()).map_err(|error| refused(error.to_string()))?;
    if label != PEM_LABEL {
        return Err(refused(format!("it must say BEGIN {PEM_LABEL}")));
    }
    let key = PublicEncryptingKey::from_der(&der).map_err(|error| refused(error.to_string()))?;
    let key = OaepPublicEncryptingKey::new(key).map_err(LibraryError::new)?;
    Ok((der, key))
}

fn binding(region: &Region) -> Binding {
    Binding::new(PURPOSE).field(region.as_str().as_bytes())
}

/// The library's variant of OAEP; it has none for SHA-224.
const fn oaep(hash: WrapHash) -> Option<&'static OaepAlgorithm> {
    match hash {
        WrapHash::Sha1 => Some(&OAEP_SHA1_MGF1SHA1),
        WrapHash::Sha224 => None,
        WrapHash::Sha256 => Some(&OAEP_SHA256_MGF1SHA256),
        WrapHash::Sha384 => Some(&OAEP_SHA384_MGF1SHA384),
        WrapHash::Sha512 => Some(&OAEP_SHA512_MGF1SHA512),
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;

//! ECDSA over P-256, P-384 and P-521 (FIPS 186-5, section 6), with signatures in DER.
//!
//! Any of the four hash functions goes with any curve. The library ties each curve to few of them,
//! but what ECDSA signs is a number: the leftmost bits of the digest, at most as many as the order
//! of the curve has (section 6.4.1, step 2). [`number`] brings every digest to the length of the
//! curve's own hash function without changing that number.

use aws_lc_rs::digest::{self, Digest, SHA256, SHA384, SHA512};
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1,
    ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1, ECDSA_P521_SHA512_ASN1_SIGNING,
    EcdsaKeyPair, EcdsaSigningAlgorithm, EcdsaVerificationAlgorithm, KeyPair, ParsedPublicKey,
};
use strongroom_types::{HashAlgorithm, KeyType, Plaintext};

use super::{MaterialError, OperationError, PublicKey, SignRequest, pkcs8};
use crate::LibraryError;

/// A curve with its own hash function.
pub(super) struct Curve {
    signing: &'static EcdsaSigningAlgorithm,
    verification: &'static EcdsaVerificationAlgorithm,
    digest: &'static digest::Algorithm,
    hash: HashAlgorithm,
}

/// secp256r1 with SHA-256.
pub(super) static P256: Curve = Curve {
    signing: &ECDSA_P256_SHA256_ASN1_SIGNING,
    verification: &ECDSA_P256_SHA256_ASN1,
    digest: &SHA256,
    hash: HashAlgorithm::Sha256,
};

/// secp384r1 with SHA-384.
pub(super) static P384: Curve = Curve {
    signing: &ECDSA_P384_SHA384_ASN1_SIGNING,
    verification: &ECDSA_P384_SHA384_ASN1,
    digest: &SHA384,
    hash: HashAlgorithm::Sha384,
};

/// secp521r1 with SHA-512.
pub(super) static P521: Curve = Curve {
    signing: &ECDSA_P521_SHA512_ASN1_SIGNING,
    verification: &ECDSA_P521_SHA512_ASN1,
    digest: &SHA512,
    hash: HashAlgorithm::Sha512,
};

/// An ECDSA key, ready to sign and to verify.
pub(super) struct EcdsaKey {
    key_type: KeyType,
    curve: &'static Curve,
    secret: Plaintext,
    pair: EcdsaKeyPair,
    verifier: ParsedPublicKey,
    public: PublicKey,
}

impl EcdsaKey {
    /// A fresh key, from the library's own generator.
    pub(super) fn generate(
        key_type: KeyType,
        curve: &'static Curve,
    ) -> Result<Self, MaterialError> {
        let pair = EcdsaKeyPair::generate(curve.signing).map_err(LibraryError::new)?;
        Self::new(key_type, curve, pair)
    }

    pub(super) fn import(
        key_type: KeyType,
        curve: &'static Curve,
        secret: &Plaintext,
    ) -> Result<Self, MaterialError> {
        pkcs8::whole(key_type, secret.expose())?;
        EcdsaKeyPair::from_pkcs8(curve.signing, secret.expose())
            .map_err(pkcs8::rejected(key_type))
            .and_then(|pair| Self::new(key_type, curve, pair))
    }

    fn new(
        key_type: KeyType,
        curve: &'static Curve,
        pair: EcdsaKeyPair,
    ) -> Result<Self, MaterialError> {
        let document = pair.to_pkcs8v1().map_err(LibraryError::new)?;
        let public = pair.public_key();
        let spki = public.as_der().map_err(LibraryError::new)?;
        Ok(Self {
            key_type,
            curve,
            secret: Plaintext::new(document.as_ref().to_vec()),
            verifier: curve.verifier(public.as_ref())?,
            public: PublicKey::pem(&spki)?,
            pair,
        })
    }

    pub(super) fn secret(&self) -> &Plaintext {
        &self.secret
    }

    pub(super) fn public(&self) -> &PublicKey {
        &self.public
    }

    pub(super) fn sign(&self, request: &SignRequest<'_>) -> Result<Vec<u8>, OperationError> {
        let signature = self.pair.sign_digest(&self.digest(request)?);
        Ok(signature.map_err(LibraryError::new)?.as_ref().to_vec())
    }

    pub(super) fn verify(
        &self,
        request: &SignRequest<'_>,
        signature: &[u8],
    ) -> Result<bool, OperationError> {
        let digest = self.digest(request)?;
        Ok(self.verifier.verify_digest_sig(&digest, signature).is_ok())
    }

    fn digest(&self, request: &SignRequest<'_>) -> Result<Digest, OperationError> {
        request.without_context(self.key_type)?;
        request.without_scheme(self.key_type)?;
        self.curve.digest(request)
    }
}

impl Curve {
    fn verifier(&self, point: &[u8]) -> Result<ParsedPublicKey, LibraryError> {
        ParsedPublicKey::new(self.verification, point).map_err(LibraryError::new)
    }

    /// What is signed, in the form of a digest of the curve's own hash function.
    fn digest(&self, request: &SignRequest<'_>) -> Result<Digest, OperationError> {
        let hash = request.hash.unwrap_or(self.hash);
        let digest = request.digest(hash)?;
        if hash == self.hash {
            return Ok(digest);
        }
        let number = number(digest.as_ref(), self.hash.digest_len());
        Digest::import_less_safe(&number, self.digest)
            .map_err(|refusal| LibraryError::new(refusal).into())
    }
}

/// The number that ECDSA takes from a digest, in `width` bytes: the leftmost bytes of a longer
/// digest, zeros in front of a shorter one.
///
/// Right for P-256 and P-384 because their orders have exactly as many bits as their own digests,
/// and for P-521 because no digest is longer than its order.
fn number(digest: &[u8], width: usize) -> Vec<u8> {
    let zeros = width.saturating_sub(digest.len());
    let leftmost = digest.iter().take(width);
    std::iter::repeat_n(&0, zeros)
        .chain(leftmost)
        .copied()
        .collect()
}

#[cfg(test)]
mod vectors;

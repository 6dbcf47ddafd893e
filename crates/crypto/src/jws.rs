//! Signatures of foreign tokens (RFC 7515, RFC 7518, RFC 8037): public keys of other issuers, and
//! whether one of them signed some bytes.
//!
//! Only signatures by asymmetric keys exist here. `none` and the HMAC family are no algorithms of
//! this file, so that no token can be verified with a public key as if it were a shared secret. A
//! key verifies nothing but the algorithms of its own type (RFC 8725, section 3.1).
//!
//! | Algorithm | Reference | Keys |
//! |---|---|---|
//! | RS256, RS384, RS512 | RFC 7518, section 3.3 | RSA, 2048 to 8192 bits |
//! | PS256, PS384, PS512 | RFC 7518, section 3.5 | the same |
//! | ES256, ES384 | RFC 7518, section 3.4 | P-256 with SHA-256, P-384 with SHA-384 |
//! | EdDSA | RFC 8037, section 3.1 | Ed25519 |

use std::str::FromStr;

use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters,
    VerificationAlgorithm,
};

#[cfg(test)]
mod tests;

/// An algorithm that this service does not verify: also `none` and the HMAC family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not one of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384 and EdDSA")]
pub struct UnsupportedAlgorithm;

/// How a foreign token is signed: its `alg`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of RFC 7518 and RFC 8037")]
pub enum JwsAlgorithm {
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    EdDsa,
}

impl FromStr for JwsAlgorithm {
    type Err = UnsupportedAlgorithm;

    fn from_str(text: &str) -> Result<Self, UnsupportedAlgorithm> {
        Ok(match text {
            "RS256" => Self::Rs256,
            "RS384" => Self::Rs384,
            "RS512" => Self::Rs512,
            "PS256" => Self::Ps256,
            "PS384" => Self::Ps384,
            "PS512" => Self::Ps512,
            "ES256" => Self::Es256,
            "ES384" => Self::Es384,
            // RFC 9864 gives the same algorithm a name of its own.
            "EdDSA" | "Ed25519" => Self::EdDsa,
            _ => return Err(UnsupportedAlgorithm),
        })
    }
}

impl JwsAlgorithm {
    const fn of_rsa(self) -> Option<&'static RsaParameters> {
        match self {
            Self::Rs256 => Some(&RSA_PKCS1_2048_8192_SHA256),
            Self::Rs384 => Some(&RSA_PKCS1_2048_8192_SHA384),
            Self::Rs512 => Some(&RSA_PKCS1_2048_8192_SHA512),
            Self::Ps256 => Some(&RSA_PSS_2048_8192_SHA256),
            Self::Ps384 => Some(&RSA_PSS_2048_8192_SHA384),
            Self::Ps512 => Some(&RSA_PSS_2048_8192_SHA512),
            Self::Es256 | Self::Es384 | Self::EdDsa => None,
        }
    }
}

/// Why bytes are no public key that this service verifies with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ForeignKeyError {
    /// An RSA modulus of another size.
    #[error("an RSA modulus must have 2048 to 8192 bits")]
    ModulusSize,
    /// An RSA public exponent that is even, one, or larger than any in use.
    #[error("an RSA public exponent must be odd, above 1 and below 2^33")]
    Exponent,
    /// The library does not take the parts for a key.
    #[error("its parts do not make a public key")]
    Rejected,
}

/// Why a signature proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureRefused {
    /// The key is of another type than the algorithm.
    #[error("the key is not one for this algorithm")]
    OtherKeyType,
    /// The key did not sign these bytes.
    #[error("the signature is wrong")]
    Wrong,
}

/// The public key of another issuer.
#[derive(Debug, Clone)]
pub struct ForeignKey(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Rsa(PublicKeyComponents<Vec<u8>>),
    P256(ParsedPublicKey),
    P384(ParsedPublicKey),
    Ed25519(ParsedPublicKey),
}

impl ForeignKey {
    /// An RSA key of its modulus and public exponent, in big-endian bytes; leading zeros count for
    /// nothing.
    ///
    /// # Errors
    ///
    /// The modulus has less than 2048 or more than 8192 bits, the exponent is unusable, or both make
    /// no key.
    pub fn rsa(modulus: &[u8], exponent: &[u8]) -> Result<Self, ForeignKeyError> {
        let (n, e) = (significant(modulus), significant(exponent));
        if !(2048..=8192).contains(&bits(n)) {
            return Err(ForeignKeyError::ModulusSize);
        }
        let odd = e.last().is_some_and(|last| last % 2 == 1);
        if !odd || e == [1] || bits(e) > 33 {
            return Err(ForeignKeyError::Exponent);
        }
        let components = PublicKeyComponents {
            n: n.to_vec(),
            e: e.to_vec(),
        };
        components
            .to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256)
            .map_err(|_| ForeignKeyError::Rejected)?;
        Ok(Self(Kind::Rsa(components)))
    }

    /// A key on P-256 of the coordinates of its point, 32 bytes each.
    ///
    /// # Errors
    ///
    /// The point is not on the curve.
    pub fn p256(x: &[u8], y: &[u8]) -> Result<Self, ForeignKeyError> {
        point(&ECDSA_P256_SHA256_FIXED, 32, x, y).map(|key| Self(Kind::P256(key)))
    }

    /// A key on P-384 of the coordinates of its point, 48 bytes each.
    ///
    /// # Errors
    ///
    /// The point is not on the curve.
    pub fn p384(x: &[u8], y: &[u8]) -> Result<Self, ForeignKeyError> {
        point(&ECDSA_P384_SHA384_FIXED, 48, x, y).map(|key| Self(Kind::P384(key)))
    }

    /// An Ed25519 key of its 32 bytes.
    ///
    /// # Errors
    ///
    /// They are not 32 bytes, or no key.
    pub fn ed25519(x: &[u8]) -> Result<Self, ForeignKeyError> {
        parsed(&ED25519, x, 32).map(|key| Self(Kind::Ed25519(key)))
    }

    /// Whether this key can have made a signature by this algorithm.
    pub fn permits(&self, algorithm: JwsAlgorithm) -> bool {
        match &self.0 {
            Kind::Rsa(_) => algorithm.of_rsa().is_some(),
            Kind::P256(_) => algorithm == JwsAlgorithm::Es256,
            Kind::P384(_) => algorithm == JwsAlgorithm::Es384,
            Kind::Ed25519(_) => algorithm == JwsAlgorithm::EdDsa,
        }
    }

    /// Checks a signature in the form of RFC 7518 (ECDSA: both numbers in fixed width).
    ///
    /// # Errors
    ///
    /// The key is of another type than the algorithm, or it did not sign this message.
    pub fn verify(
        &self,
        algorithm: JwsAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), SignatureRefused> {
        if !self.permits(algorithm) {
            return Err(SignatureRefused::OtherKeyType);
        }
        let verified = match (&self.0, algorithm.of_rsa()) {
            (Kind::Rsa(components), Some(parameters)) => {
                components.verify(parameters, message, signature)
            }
            (Kind::P256(key) | Kind::P384(key) | Kind::Ed25519(key), None) => {
                key.verify_sig(message, signature)
            }
            _ => return Err(SignatureRefused::OtherKeyType),
        };
        verified.map_err(|_| SignatureRefused::Wrong)
    }
}

/// A point in the uncompressed form of SEC 1, section 2.3.3.
fn point(
    curve: &'static dyn VerificationAlgorithm,
    width: usize,
    x: &[u8],
    y: &[u8],
) -> Result<ParsedPublicKey, ForeignKeyError> {
    if x.len() != width || y.len() != width {
        return Err(ForeignKeyError::Rejected);
    }
    let bytes = [&[4], x, y].concat();
    parsed(curve, &bytes, 1 + 2 * width)
}

fn parsed(
    algorithm: &'static dyn VerificationAlgorithm,
    bytes: &[u8],
    width: usize,
) -> Result<ParsedPublicKey, ForeignKeyError> {
    // The library takes other encodings of a key as well; a token's issuer has only this one.
    if bytes.len() != width {
        return Err(ForeignKeyError::Rejected);
    }
    ParsedPublicKey::new(algorithm, bytes).map_err(|_| ForeignKeyError::Rejected)
}

fn significant(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

fn bits(number: &[u8]) -> usize {
    let spare = number.first().map_or(0, |first| first.leading_zeros());
    number.len() * 8 - spare as usize
}

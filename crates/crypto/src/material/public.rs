//! Public keys, to be shown to anyone.

use aws_lc_rs::encoding::PublicKeyX509Der;
use data_encoding::BASE64;
use pem_rfc7468::LineEnding;

use crate::LibraryError;

/// The public half of a key, as text and as DER.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    text: String,
    spki: Vec<u8>,
}

/// What stands in the first and last line of a public key in PEM (RFC 7468, section 13).
pub(crate) const PEM_LABEL: &str = "PUBLIC KEY";

impl PublicKey {
    /// A key that is shown in PEM.
    pub(super) fn pem(spki: &PublicKeyX509Der<'_>) -> Result<Self, LibraryError> {
        let spki = spki.as_ref().to_vec();
        let text = pem_rfc7468::encode_string(PEM_LABEL, LineEnding::LF, &spki)
            .map_err(LibraryError::new)?;
        Ok(Self { text, spki })
    }

    /// A key that is shown as its bare bytes in base64.
    pub(super) fn base64(raw: &[u8], spki: &PublicKeyX509Der<'_>) -> Self {
        Self {
            text: BASE64.encode(raw),
            spki: spki.as_ref().to_vec(),
        }
    }

    /// The key as the API shows it (contract 2.4): PEM (RFC 7468) for RSA and ECDSA, padded base64
    /// of the raw 32 bytes for Ed25519.
    pub fn as_text(&self) -> &str {
        &self.text
    }

    /// The `SubjectPublicKeyInfo` in DER (RFC 5280), for every type.
    pub fn as_spki(&self) -> &[u8] {
        &self.spki
    }
}

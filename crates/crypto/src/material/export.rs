//! Key material in the form in which it leaves the service.

use pem_rfc7468::LineEnding;
use strongroom_types::{KeyFamily, Plaintext};
use zeroize::Zeroizing;

use super::KeyMaterial;
use crate::LibraryError;

/// What stands in the first and last line of a private key in PEM (RFC 7468, section 10).
const PEM_LABEL: &str = "PRIVATE KEY";

impl KeyMaterial {
    /// A copy of the material as other programs read it: the raw bytes of symmetric and HMAC keys,
    /// a PKCS#8 document in PEM (RFC 7468) of the others.
    ///
    /// # Errors
    ///
    /// The document could not be written as PEM.
    pub fn export_document(&self) -> Result<Plaintext, LibraryError> {
        let bare = self.export_material();
        match self.key_type().family() {
            KeyFamily::Aead | KeyFamily::Hmac => Ok(bare),
            KeyFamily::Rsa | KeyFamily::Ecdsa | KeyFamily::Ed25519 => pem(&bare),
        }
    }
}

fn pem(document: &Plaintext) -> Result<Plaintext, LibraryError> {
    let der = document.expose();
    let length = pem_rfc7468::encoded_len(PEM_LABEL, LineEnding::LF, der);
    let length = length.map_err(LibraryError::new)?;
    let mut text = Zeroizing::new(vec![0; length]);
    pem_rfc7468::encode(PEM_LABEL, LineEnding::LF, der, &mut text).map_err(LibraryError::new)?;
    Ok(Plaintext::new(std::mem::take(&mut *text)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::material;
    use strongroom_types::KeyType;

    #[test]
    fn asymmetric_keys_leave_as_pem_and_the_others_as_they_are() {
        for key_type in KeyType::ALL {
            let key = material(key_type);
            let (bare, exported) = (key.export_material(), key.export_document().unwrap());
            match key_type.family() {
                KeyFamily::Aead | KeyFamily::Hmac => {
                    assert_eq!(exported.expose(), bare.expose(), "{key_type}");
                }
                _ => {
                    let (label, der) = pem_rfc7468::decode_vec(exported.expose()).unwrap();
                    assert_eq!(label, "PRIVATE KEY", "{key_type}");
                    assert_eq!(der, bare.expose(), "{key_type}");
                }
            }
        }
    }
}

//! The key to import, as its owner has it in a file.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING,
    EcdsaKeyPair,
};
use strongroom_types::{KeyOperation, KeyType, Plaintext};
use zeroize::Zeroizing;

use crate::{KeyMaterial, MaterialError};

const PEM_START: &[u8] = b"-----BEGIN ";

/// Why a file holds no key that can be imported. Says nothing of what is in it.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// The service makes keys of this type itself.
    #[error("a key of type {0} cannot be imported")]
    NotImportable(KeyType),
    /// It is PEM, and holds no private key.
    #[error(
        "the key is PEM (RFC 7468), and not one PRIVATE KEY, EC PRIVATE KEY or RSA PRIVATE KEY: \
         {reason}"
    )]
    Pem {
        /// What is wrong with it.
        reason: String,
    },
    /// It needs a passphrase.
    #[error(
        "the key is encrypted: decrypt it first, with `openssl pkcs8 -topk8 -nocrypt -in key.pem \
         -out plain.pem`"
    )]
    Encrypted,
    /// A private key in a form that only OpenSSH uses.
    #[error(
        "the key is in OpenSSH's own form: convert a copy of it with `ssh-keygen -p -m PKCS8 -f \
         copy`, if its type allows that"
    )]
    OpenSsh,
    /// What follows the label of PEM is not what the label says.
    #[error(
        "the key says {label}, and does not parse as one on a curve or of a size that can be imported"
    )]
    Traditional {
        /// What stands in its first line.
        label: &'static str,
    },
    /// No type was named, and it is a key of none.
    #[error(
        "the key fits no type that can be imported: symmetric keys are 16 or 32 raw bytes, the \
         others unencrypted PKCS#8 in DER or PEM (RFC 5208); with a key type named, this message \
         says what is wrong"
    )]
    Unknown,
    /// It is no key of the type that was named.
    #[error(transparent)]
    Material(#[from] MaterialError),
}

/// A key that its owner may import: raw bytes of a symmetric key, PKCS#8 in DER of the others.
///
/// ```compile_fail
/// fn show(key: strongroom_crypto::ImportTarget) -> String { format!("{key:?}") }
/// ```
pub struct ImportTarget {
    key_type: KeyType,
    encoded: Plaintext,
}

impl ImportTarget {
    /// Reads raw bytes, DER (PKCS#8), or PEM: PKCS#8, or the traditional forms of RSA and ECDSA keys
    /// (PKCS#1, RFC 8017; SEC 1, RFC 5915), which become PKCS#8.
    ///
    /// Without a type it is the first that the key fits; 32 raw bytes fit two of them, which makes
    /// no difference to what is wrapped.
    ///
    /// # Errors
    ///
    /// The type cannot be imported, or this is no key of it.
    pub fn read(contents: Plaintext, key_type: Option<KeyType>) -> Result<Self, TargetError> {
        if let Some(refused) = key_type.filter(|named| !named.offers(KeyOperation::Import)) {
            return Err(TargetError::NotImportable(refused));
        }
        let encoded = if contents.expose().trim_ascii_start().starts_with(PEM_START) {
            from_pem(contents.expose())?
        } else {
            contents
        };
        let fits = |key_type| KeyMaterial::import(key_type, copy(&encoded));
        let key_type = match key_type {
            Some(named) => fits(named).map(|_| named)?,
            None => KeyType::ALL
                .into_iter()
                .filter(|known| known.offers(KeyOperation::Import))
                .find(|known| fits(*known).is_ok())
                .ok_or(TargetError::Unknown)?,
        };
        Ok(Self { key_type, encoded })
    }

    /// What it was read as.
    pub fn key_type(&self) -> KeyType {
        self.key_type
    }

    /// What is to be wrapped.
    pub fn encoded(&self) -> &Plaintext {
        &self.encoded
    }
}

fn copy(secret: &Plaintext) -> Plaintext {
    Plaintext::new(secret.expose().to_vec())
}

fn from_pem(text: &[u8]) -> Result<Plaintext, TargetError> {
    let wrong = |reason: String| TargetError::Pem { reason };
    let (label, der) = pem_rfc7468::decode_vec(private_key_in(text))
        .map(|(label, der)| (label, Zeroizing::new(der)))
        .map_err(|error| wrong(error.to_string()))?;
    match label {
        "PRIVATE KEY" => Ok(Plaintext::new(der.to_vec())),
        "EC PRIVATE KEY" => from_sec1(&der).ok_or(TargetError::Traditional {
            label: "EC PRIVATE KEY",
        }),
        "RSA PRIVATE KEY" => from_pkcs1(&der).ok_or(TargetError::Traditional {
            label: "RSA PRIVATE KEY",
        }),
        "ENCRYPTED PRIVATE KEY" => Err(TargetError::Encrypted),
        "OPENSSH PRIVATE KEY" => Err(TargetError::OpenSsh),
        other => Err(wrong(format!("it says {other}"))),
    }
}

/// What follows the parameters that `openssl ecparam -genkey` writes in front of a key.
fn private_key_in(text: &[u8]) -> &[u8] {
    const PARAMETERS_END: &[u8] = b"-----END EC PARAMETERS-----";
    let after = text
        .windows(PARAMETERS_END.len())
        .position(|window| window == PARAMETERS_END)
        .and_then(|at| text.get(at + PARAMETERS_END.len()..));
    after.unwrap_or(text).trim_ascii_start()
}

fn from_sec1(der: &[u8]) -> Option<Plaintext> {
    let curves = [
        &ECDSA_P256_SHA256_ASN1_SIGNING,
        &ECDSA_P384_SHA384_ASN1_SIGNING,
        &ECDSA_P521_SHA512_ASN1_SIGNING,
    ];
    curves.into_iter().find_map(|curve| {
        let pair = EcdsaKeyPair::from_private_key_der(curve, der).ok()?;
        let document = pair.to_pkcs8v1().ok()?;
        Some(Plaintext::new(document.as_ref().to_vec()))
    })
}

fn from_pkcs1(der: &[u8]) -> Option<Plaintext> {
    let pair = KeyPair::from_der(der).ok()?;
    let document: Pkcs8V1Der<'_> = pair.as_der().ok()?;
    Some(Plaintext::new(document.as_ref().to_vec()))
}

#[cfg(test)]
mod tests;

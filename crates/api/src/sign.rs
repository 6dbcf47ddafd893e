//! Signing, verifying and keyed hashes (contract K9 to K12, 2.5).

use serde::{Deserialize, Serialize};
use strongroom_types::{HashAlgorithm, Plaintext, SignatureScheme, Version};
use utoipa::ToSchema;

use crate::bytes::{optional_bytes, parsed, required_bytes};
use crate::key_version::read_key_version;
use crate::object::Object;
use crate::request_error::RequestError;

/// Names of the input; the second is older clients'.
const INPUT: &[&str] = &["input", "message"];
/// Names of the hash function.
const HASH: &[&str] = &["hashAlgorithm", "algorithm", "hash"];

/// What is to be signed, or was.
pub struct SignInput {
    /// The message, or its digest: 1 to 65,535 bytes.
    pub input: Plaintext,
    /// Whether the input is a digest already.
    pub prehashed: bool,
    /// The hash function; none means the key type's own.
    pub hash: Option<HashAlgorithm>,
    /// How an RSA key signs; none means PSS.
    pub scheme: Option<SignatureScheme>,
    /// A signing context, which no key type takes yet.
    pub context: Plaintext,
}

impl SignInput {
    fn read(object: &Object<'_>) -> Result<Self, RequestError> {
        let context = optional_bytes(object, &["context"])?;
        Ok(Self {
            input: required_bytes(object, INPUT)?,
            prehashed: object.boolean("prehashed")?.unwrap_or(false),
            hash: read_hash(object)?,
            scheme: parsed(object, &["signatureAlgorithm"], || {
                "pss or pkcs1v15".to_owned()
            })?,
            context: context.unwrap_or_else(|| Plaintext::new(Vec::new())),
        })
    }
}

fn read_hash(object: &Object<'_>) -> Result<Option<HashAlgorithm>, RequestError> {
    parsed(object, HASH, || {
        let names = HashAlgorithm::ALL.map(HashAlgorithm::as_str).join(", ");
        format!("one of {names}; sha2-256 and SHA-256 are spellings of sha256")
    })
}

/// The body of a sign.
pub struct Sign {
    /// What to sign, and how.
    pub what: SignInput,
    /// Which version of the key; none means the latest.
    pub key_version: Option<Version>,
}

impl Sign {
    /// Reads a body.
    pub fn parse(body: &[u8]) -> Result<Self, RequestError> {
        Self::read(&Object::parse(body)?)
    }

    pub(crate) fn read(object: &Object<'_>) -> Result<Self, RequestError> {
        Ok(Self {
            what: SignInput::read(object)?,
            key_version: read_key_version(object)?,
        })
    }
}

/// The body of a verify.
pub struct Verify {
    /// What was signed, and how.
    pub what: SignInput,
    /// The signature, as a sign answered it. What is none is not valid, and no error.
    pub signature: String,
}

impl Verify {
    /// Reads a body.
    pub fn parse(body: &[u8]) -> Result<Self, RequestError> {
        Self::read(&Object::parse(body)?)
    }

    pub(crate) fn read(object: &Object<'_>) -> Result<Self, RequestError> {
        read_key_version(object)?;
        Ok(Self {
            what: SignInput::read(object)?,
            signature: object.required_text("signature")?.as_str().to_owned(),
        })
    }
}

/// The body of an HMAC, and what it has in common with its verification.
pub struct Hmac {
    /// The message: 1 to 65,535 bytes.
    pub input: Plaintext,
    /// The hash function; none means the key type's own.
    pub hash: Option<HashAlgorithm>,
    /// Which version of the key; none means the latest.
    pub key_version: Option<Version>,
}

impl Hmac {
    /// Reads a body.
    pub fn parse(body: &[u8]) -> Result<Self, RequestError> {
        Self::read(&Object::parse(body)?)
    }

    fn read(object: &Object<'_>) -> Result<Self, RequestError> {
        Ok(Self {
            input: required_bytes(object, INPUT)?,
            hash: read_hash(object)?,
            key_version: read_key_version(object)?,
        })
    }
}

/// The body of an HMAC's verification.
pub struct VerifyHmac {
    /// What has the HMAC. Its `key_version` counts for nothing: the HMAC names its own.
    pub what: Hmac,
    /// The HMAC, as an hmac call answered it. What is none is not valid, and no error.
    pub hmac: String,
}

impl VerifyHmac {
    /// Reads a body.
    pub fn parse(body: &[u8]) -> Result<Self, RequestError> {
        let object = Object::parse(body)?;
        let hmac = crate::bytes::one_of(&object, &["hmac", "mac"])?;
        let (_, hmac) = hmac.ok_or(RequestError::Missing { field: "hmac" })?;
        Ok(Self {
            what: Hmac::read(&object)?,
            hmac: hmac.as_str().to_owned(),
        })
    }
}

/// What a sign answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignReply {
    /// The signature, which names the key's version in its prefix.
    pub signature: String,
    /// The version of the key that was used, as a string.
    pub key_version: String,
}

/// What an HMAC answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HmacReply {
    /// The HMAC, which names the key's version in its prefix.
    pub hmac: String,
    /// The version of the key that was used, as a string.
    pub key_version: String,
}

/// What a verification answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VerifyReply {
    /// Whether it is this key's for this input.
    pub valid: bool,
    /// The version of the key that it names; absent where it names none of the key's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_version: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_has_its_names() {
        for body in [
            r#"{"input":"aGk=","hashAlgorithm":"sha512","keyVersion":"2"}"#,
            r#"{"message":"aGk=","hash":"SHA-512","keyVersion":2}"#,
            r#"{"input":"aGk=","algorithm":"sha2-512","keyVersion":"v2"}"#,
        ] {
            let sign = Sign::parse(body.as_bytes()).unwrap();
            assert_eq!(sign.what.input.expose(), b"hi");
            assert_eq!(sign.what.hash, Some(HashAlgorithm::Sha512));
            assert_eq!(sign.key_version.map(Version::get), Some(2));
            let hmac = Hmac::parse(body.as_bytes()).unwrap();
            assert_eq!(hmac.hash, Some(HashAlgorithm::Sha512));
        }
        for body in [
            r#"{"input":"aGk=","hmac":"x"}"#,
            r#"{"input":"aGk=","mac":"x"}"#,
        ] {
            assert_eq!(VerifyHmac::parse(body.as_bytes()).unwrap().hmac, "x");
        }
        let sign = br#"{"input":"aGk=","prehashed":true,"signatureAlgorithm":"pkcs1v15"}"#;
        let sign = Sign::parse(sign).unwrap().what;
        assert!(sign.prehashed);
        assert_eq!(sign.scheme, Some(SignatureScheme::Pkcs1v15));
    }

    #[test]
    fn refusals_name_the_field() {
        for (body, field) in [
            (r#"{}"#, "`input` is required"),
            (r#"{"input":"hunter2!"}"#, "`input` is not standard base64"),
            (
                r#"{"input":"aGk=","message":"aGk="}"#,
                "also called message",
            ),
            (
                r#"{"input":"aGk=","hash":"md5"}"#,
                "`hash` must be one of sha224",
            ),
            (
                r#"{"input":"aGk=","prehashed":1}"#,
                "`prehashed` must be true",
            ),
            (
                r#"{"input":"aGk=","signatureAlgorithm":"x"}"#,
                "`signatureAlgorithm` must be pss",
            ),
        ] {
            let error = Sign::parse(body.as_bytes()).err().unwrap().to_string();
            assert!(error.contains(field), "{body}: {error}");
        }
        assert!(Verify::parse(br#"{"input":"aGk="}"#).is_err());
        assert!(VerifyHmac::parse(br#"{"input":"aGk="}"#).is_err());
    }
}

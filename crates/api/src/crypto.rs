//! Encrypting and decrypting with a key (contract K7, K8, 2.4, 2.5).

use serde::{Deserialize, Serialize};
use strongroom_types::{Plaintext, Version};
use utoipa::ToSchema;

use crate::encoding::decode_strict;
use crate::object::{Object, whole_part};
use crate::request_error::RequestError;
use crate::sensitive::{SensitiveBody, SensitiveJson};

/// The body of an encrypt.
pub struct Encrypt {
    /// What to encrypt: 1 to 65,535 bytes.
    pub plaintext: Plaintext,
    /// Which version of the key; none means the latest.
    pub key_version: Option<Version>,
}

impl Encrypt {
    /// The longest plaintext, in bytes.
    pub const MAX: usize = 65_535;

    /// Reads a body.
    pub fn parse(body: &[u8]) -> Result<Self, RequestError> {
        let object = Object::parse(body)?;
        let field = || "plaintext".to_owned();
        let text = object.required_text("plaintext")?;
        let plaintext =
            decode_strict(text.as_str()).ok_or_else(|| RequestError::Base64 { field: field() })?;
        let len = plaintext.len();
        if !(1..=Self::MAX).contains(&len) {
            return Err(RequestError::Size {
                field: field(),
                min: 1,
                max: Self::MAX,
                len,
            });
        }
        if object.text("context")?.is_some_and(|text| !text.is_empty()) {
            return Err(RequestError::Unsupported {
                field: "context",
                instead: "leave it out; this service does not bind ciphertexts to a context",
            });
        }
        Ok(Self {
            plaintext,
            key_version: read_key_version(&object)?,
        })
    }

    /// The body, as a client sends it.
    pub fn to_body(&self) -> SensitiveBody {
        let mut json = SensitiveJson::new(80 + self.plaintext.len().div_ceil(3) * 4);
        json.secret("plaintext", &self.plaintext);
        if let Some(version) = self.key_version {
            json.plain("keyVersion", &version);
        }
        json.finish()
    }
}

/// What an encrypt answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EncryptReply {
    /// The ciphertext, which names the key's version in its prefix.
    pub ciphertext: String,
    /// The version of the key that was used, as a string.
    pub key_version: String,
}

/// The body of a decrypt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decrypt {
    /// The ciphertext, as an encrypt answered it.
    pub ciphertext: String,
}

impl Decrypt {
    /// Reads a body. A `keyVersion`, which older clients send, must be well formed; the version
    /// in the ciphertext's own prefix decides.
    pub fn parse(body: &[u8]) -> Result<Self, RequestError> {
        let object = Object::parse(body)?;
        read_key_version(&object)?;
        Ok(Self {
            ciphertext: object.required_text("ciphertext")?.as_str().to_owned(),
        })
    }

    /// The body, as a client sends it.
    pub fn to_body(&self) -> String {
        serde_json::json!({ "ciphertext": self.ciphertext }).to_string()
    }
}

/// The body of a decrypt's reply.
pub fn decrypt_reply(plaintext: &Plaintext, key_version: Version) -> SensitiveBody {
    let mut json = SensitiveJson::new(80 + plaintext.len().div_ceil(3) * 4);
    json.secret("plaintext", plaintext);
    json.plain("keyVersion", &key_version);
    json.finish()
}

/// A decrypt's reply, as a client reads it.
pub struct DecryptReply {
    /// The bytes that were encrypted.
    pub plaintext: Plaintext,
    /// The version of the key that was used.
    pub key_version: Option<Version>,
}

impl DecryptReply {
    /// Reads a reply.
    pub fn parse(body: &[u8]) -> Result<Self, RequestError> {
        let object = Object::parse(body)?;
        let text = object
            .text("plaintext")?
            .ok_or(RequestError::Missing { field: "plaintext" })?;
        let wrong = || RequestError::Base64 {
            field: "plaintext".to_owned(),
        };
        let plaintext = decode_strict(text.as_str()).ok_or_else(wrong)?;
        Ok(Self {
            plaintext,
            key_version: read_key_version(&object)?,
        })
    }
}

/// A key version as text: `3` or `v3`.
pub fn parse_key_version(text: &str) -> Option<Version> {
    text.strip_prefix('v').unwrap_or(text).parse().ok()
}

/// The field `keyVersion`: `"3"`, `3`, `3.0` or `"v3"`; empty counts as absent.
fn read_key_version(object: &Object<'_>) -> Result<Option<Version>, RequestError> {
    let Some(raw) = object.raw("keyVersion").map(|raw| raw.get()) else {
        return Ok(None);
    };
    let text = raw
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or_else(|| whole_part(raw));
    if matches!(text, "" | "null") {
        return Ok(None);
    }
    let expected = "a version, as in \"3\"";
    let wrong = || RequestError::Type {
        field: object.named("keyVersion"),
        expected,
    };
    parse_key_version(text).map(Some).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Result<Option<u64>, String> {
        let body = format!(r#"{{"plaintext":"aGk=","keyVersion":{text}}}"#);
        let read = Encrypt::parse(body.as_bytes()).map_err(|error| error.to_string())?;
        Ok(read.key_version.map(Version::get))
    }

    #[test]
    fn a_key_version_has_three_spellings() {
        for text in ["\"3\"", "3", "\"v3\""] {
            assert_eq!(version(text), Ok(Some(3)), "{text}");
        }
        for text in ["null", "\"\""] {
            assert_eq!(version(text), Ok(None), "{text}");
        }
        for text in [
            "0",
            "-1",
            "1.5",
            "\"vv3\"",
            "\"03\"",
            "9223372036854775808",
            "{}",
            "true",
        ] {
            assert!(
                version(text)
                    .unwrap_err()
                    .starts_with("`keyVersion` must be"),
                "{text}"
            );
        }
    }

    #[test]
    fn a_plaintext_has_limits() {
        let body = |len: usize| {
            let plaintext = Plaintext::new(vec![7; len]);
            Encrypt {
                plaintext,
                key_version: None,
            }
            .to_body()
        };
        assert_eq!(
            Encrypt::parse(body(65_535).as_ref())
                .unwrap()
                .plaintext
                .len(),
            65_535
        );
        assert!(Encrypt::parse(body(65_536).as_ref()).is_err());
        assert!(Encrypt::parse(body(0).as_ref()).is_err());
        assert!(Encrypt::parse(br#"{"plaintext":"hunter2!"}"#).is_err());
        assert!(Encrypt::parse(br#"{"plaintext":"aGk=","context":"x"}"#).is_err());
        assert!(Encrypt::parse(br#"{"plaintext":"aGk=","context":""}"#).is_ok());
    }

    #[test]
    fn a_decrypts_reply_is_read_back() {
        let body = decrypt_reply(&Plaintext::new(b"hi".to_vec()), Version::FIRST);
        assert_eq!(body.as_ref(), br#"{"plaintext":"aGk=","keyVersion":"1"}"#);
        let read = DecryptReply::parse(body.as_ref()).unwrap();
        assert_eq!(read.plaintext.expose(), b"hi");
        assert_eq!(read.key_version, Some(Version::FIRST));
        let request = Decrypt {
            ciphertext: "thalassa:v1:AAAA".to_owned(),
        };
        assert_eq!(
            Decrypt::parse(request.to_body().as_bytes()).unwrap(),
            request
        );
        assert!(Decrypt::parse(b"{}").is_err());
    }
}

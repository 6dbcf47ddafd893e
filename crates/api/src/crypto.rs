//! Encrypting and decrypting with a key (contract K7, K8, 2.4, 2.5).

use serde::{Deserialize, Serialize};
use strongroom_types::{Plaintext, Version};
use utoipa::ToSchema;

use crate::bytes::{MAX_BYTES, associated_data, required_bytes};
use crate::encoding::decode_strict;
use crate::key_version::read_key_version;
use crate::object::Object;
use crate::request_error::RequestError;
use crate::sensitive::{SensitiveBody, SensitiveJson};

/// The body of an encrypt.
pub struct Encrypt {
    /// What to encrypt: 1 to 65,535 bytes.
    pub plaintext: Plaintext,
    /// Which version of the key; none means the latest.
    pub key_version: Option<Version>,
    /// What the ciphertext is bound to; empty binds it to nothing.
    pub associated_data: Plaintext,
}

impl Encrypt {
    /// The longest plaintext, in bytes.
    pub const MAX: usize = MAX_BYTES;

    /// Reads a body.
    pub fn parse(body: &[u8]) -> Result<Self, RequestError> {
        Self::read(&Object::parse(body)?)
    }

    pub(crate) fn read(object: &Object<'_>) -> Result<Self, RequestError> {
        Ok(Self {
            plaintext: required_bytes(object, &["plaintext"])?,
            key_version: read_key_version(object)?,
            associated_data: associated_data(object)?,
        })
    }

    /// The body, as a client sends it.
    pub fn to_body(&self) -> SensitiveBody {
        let bytes = self.plaintext.len() + self.associated_data.len();
        let mut json = SensitiveJson::new(112 + bytes.div_ceil(3) * 4);
        json.secret("plaintext", &self.plaintext);
        if !self.associated_data.is_empty() {
            json.secret("associatedData", &self.associated_data);
        }
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
pub struct Decrypt {
    /// The ciphertext, as an encrypt answered it.
    pub ciphertext: String,
    /// What it was bound to then; empty where it was bound to nothing.
    pub associated_data: Plaintext,
}

impl Decrypt {
    /// Reads a body. A `keyVersion`, which older clients send, must be well formed; the version
    /// in the ciphertext's own prefix decides.
    pub fn parse(body: &[u8]) -> Result<Self, RequestError> {
        Self::read(&Object::parse(body)?)
    }

    pub(crate) fn read(object: &Object<'_>) -> Result<Self, RequestError> {
        read_key_version(object)?;
        Ok(Self {
            ciphertext: object.required_text("ciphertext")?.as_str().to_owned(),
            associated_data: associated_data(object)?,
        })
    }

    /// The body, as a client sends it.
    pub fn to_body(&self) -> SensitiveBody {
        let bound = self.associated_data.len().div_ceil(3) * 4;
        // What comes from outside may need escapes; escaped, a byte becomes at most six.
        let text = serde_json::Value::from(self.ciphertext.as_str()).to_string();
        let mut json = SensitiveJson::new(64 + text.len() + bound);
        json.json("ciphertext", &text);
        if !self.associated_data.is_empty() {
            json.secret("associatedData", &self.associated_data);
        }
        json.finish()
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
                associated_data: Plaintext::new(Vec::new()),
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
    }

    #[test]
    fn a_ciphertext_is_bound_to_what_either_field_gives() {
        let read = |rest: &str| {
            let body = format!(r#"{{"plaintext":"aGk="{rest}}}"#);
            let read = Encrypt::parse(body.as_bytes()).map_err(|error| error.to_string());
            read.map(|read| read.associated_data.expose().to_vec())
        };
        assert_eq!(read(""), Ok(vec![]));
        assert_eq!(read(r#","context":"""#), Ok(vec![]));
        assert_eq!(read(r#","context":"aGk=""#), Ok(b"hi".to_vec()));
        assert_eq!(read(r#","associatedData":"aGk=""#), Ok(b"hi".to_vec()));
        let both = read(r#","associatedData":"aGk=","context":"aGk=""#).unwrap_err();
        assert!(
            both.contains("associatedData") && both.contains("context"),
            "{both}"
        );
        assert!(read(r#","context":"x""#).unwrap_err().contains("`context`"));
    }

    #[test]
    fn a_decrypts_reply_is_read_back() {
        let body = decrypt_reply(&Plaintext::new(b"hi".to_vec()), Version::FIRST);
        assert_eq!(body.as_ref(), br#"{"plaintext":"aGk=","keyVersion":"1"}"#);
        let read = DecryptReply::parse(body.as_ref()).unwrap();
        assert_eq!(read.plaintext.expose(), b"hi");
        assert_eq!(read.key_version, Some(Version::FIRST));
        let request = Decrypt {
            ciphertext: "thalassa:v1:AAAA\"".to_owned(),
            associated_data: Plaintext::new(b"hi".to_vec()),
        };
        let read = Decrypt::parse(request.to_body().as_ref()).unwrap();
        assert_eq!(read.ciphertext, request.ciphertext);
        assert_eq!(read.associated_data.expose(), b"hi");
        assert!(Decrypt::parse(b"{}").is_err());
    }
}

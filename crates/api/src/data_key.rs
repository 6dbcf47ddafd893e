//! What is ours beside the contract: re-encryption, data keys, random bytes (docs/kms.md).

use strongroom_types::{KeyId, Plaintext, Reference, Version};

use crate::bytes::{associated_data, one_of, optional_bytes};
use crate::crypto::Decrypt;
use crate::key_version::read_key_version;
use crate::object::Object;
use crate::request_error::RequestError;
use crate::sensitive::{SensitiveBody, SensitiveJson};

/// The body of a re-encryption.
pub struct Reencrypt {
    /// The ciphertext, and what it is bound to.
    pub source: Decrypt,
    /// The key of the new ciphertext; none means the same.
    pub target: Option<Reference<KeyId>>,
    /// The version of that key; none means the latest.
    pub key_version: Option<Version>,
    /// What the new ciphertext is bound to; none means the same.
    pub target_associated_data: Option<Plaintext>,
}

impl Reencrypt {
    /// Reads a body.
    pub fn parse(body: &[u8]) -> Result<Self, RequestError> {
        let object = Object::parse(body)?;
        let target = one_of(&object, &["targetKey"])?.map(|(field, text)| {
            let wrong = |_| RequestError::Word {
                field,
                expected: "the identity or slug of a key".to_owned(),
            };
            text.as_str().parse().map_err(wrong)
        });
        Ok(Self {
            source: Decrypt::read(&object)?,
            target: target.transpose()?,
            key_version: read_key_version(&object)?,
            target_associated_data: optional_bytes(&object, &["targetAssociatedData"])?,
        })
    }
}

/// The optional body of a call for a data key.
pub struct DrawDataKey {
    /// Its length in bytes, 16 to 128; 32 unless given.
    pub bytes: usize,
    /// Which version of the key wraps it; none means the latest.
    pub key_version: Option<Version>,
    /// What the wrapped form is bound to; empty binds it to nothing.
    pub associated_data: Plaintext,
    /// Whether only the wrapped form is answered.
    pub wrapped_only: bool,
}

impl DrawDataKey {
    /// Reads a body.
    pub fn parse(body: &[u8]) -> Result<Self, RequestError> {
        let object = Object::parse(body)?;
        Ok(Self {
            bytes: length(&object, 16, 128)?.unwrap_or(32),
            key_version: read_key_version(&object)?,
            associated_data: associated_data(&object)?,
            wrapped_only: object.boolean("wrappedOnly")?.unwrap_or(false),
        })
    }
}

/// The optional body of a call for random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DrawRandom {
    /// How many: 1 to 65,535; 32 unless given.
    pub bytes: usize,
}

impl DrawRandom {
    /// Reads a body.
    pub fn parse(body: &[u8]) -> Result<Self, RequestError> {
        let object = Object::parse(body)?;
        let bytes = length(&object, 1, crate::bytes::MAX_BYTES as u64)?;
        Ok(Self {
            bytes: bytes.unwrap_or(32),
        })
    }
}

fn length(object: &Object<'_>, min: u64, max: u64) -> Result<Option<usize>, RequestError> {
    let out_of_range = |_| RequestError::Range {
        field: "bytes".to_owned(),
        min,
        max,
    };
    let bytes = object.number("bytes", min, max)?;
    bytes.map(usize::try_from).transpose().map_err(out_of_range)
}

/// The body of a data key's reply; without its plaintext where only the wrapped form was asked for.
pub fn data_key_reply(
    plaintext: Option<&Plaintext>,
    ciphertext: &str,
    key_version: Version,
) -> SensitiveBody {
    let bytes = plaintext.map_or(0, Plaintext::len).div_ceil(3) * 4;
    let mut json = SensitiveJson::new(96 + bytes + ciphertext.len());
    if let Some(plaintext) = plaintext {
        json.secret("plaintext", plaintext);
    }
    json.plain("ciphertext", &ciphertext);
    json.plain("keyVersion", &key_version);
    json.finish()
}

/// The body of random bytes' reply.
pub fn random_reply(bytes: &Plaintext) -> SensitiveBody {
    let mut json = SensitiveJson::new(32 + bytes.len().div_ceil(3) * 4);
    json.secret("randomBytes", bytes);
    json.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_limits_and_defaults() {
        assert_eq!(DrawDataKey::parse(b"").unwrap().bytes, 32);
        assert_eq!(DrawRandom::parse(b"{}").unwrap().bytes, 32);
        for bytes in [16, 32, 64, 128] {
            let body = format!("{{\"bytes\":{bytes}}}");
            assert_eq!(DrawDataKey::parse(body.as_bytes()).unwrap().bytes, bytes);
        }
        for bytes in ["15", "129", "\"32\"", "-1"] {
            let body = format!("{{\"bytes\":{bytes}}}");
            assert!(DrawDataKey::parse(body.as_bytes()).is_err(), "{bytes}");
        }
        assert!(DrawRandom::parse(br#"{"bytes":0}"#).is_err());
        assert!(DrawRandom::parse(br#"{"bytes":65536}"#).is_err());
    }

    #[test]
    fn a_wrapped_key_alone_shows_no_plaintext() {
        let key = Plaintext::new(vec![7; 32]);
        let text = "thalassa:v1:AAAA";
        let both = data_key_reply(Some(&key), text, Version::FIRST);
        let both: serde_json::Value = serde_json::from_slice(both.as_ref()).unwrap();
        assert_eq!(both["plaintext"], crate::encode(&[7; 32]));
        let alone = data_key_reply(None, text, Version::FIRST);
        let expected = r#"{"ciphertext":"thalassa:v1:AAAA","keyVersion":"1"}"#;
        assert_eq!(alone.as_ref(), expected.as_bytes());
        let random = random_reply(&key);
        assert!(random.as_ref().starts_with(br#"{"randomBytes":"#));
    }

    #[test]
    fn a_reencryption_names_its_target_or_stays() {
        let read = |body: &str| Reencrypt::parse(body.as_bytes());
        let plain = read(r#"{"ciphertext":"x"}"#).unwrap();
        assert!(plain.target.is_none() && plain.target_associated_data.is_none());
        let other = read(r#"{"ciphertext":"x","targetKey":"other","keyVersion":2}"#).unwrap();
        assert_eq!(other.target, "other".parse().ok());
        let wrong = read(r#"{"ciphertext":"x","targetKey":"A/B"}"#)
            .err()
            .unwrap();
        assert!(wrong.to_string().contains("`targetKey`"));
        assert!(read("{}").is_err());
    }
}

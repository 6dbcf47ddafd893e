//! Reading a secret's value (contract 1.10).

use std::collections::BTreeMap;

use strongroom_types::{KeyId, SecretPath, SecretValue, Version};

use crate::encoding::decode_strict;
use crate::object::Object;
use crate::put_value::read_path;
use crate::request_error::RequestError;
use crate::sensitive::{SensitiveBody, SensitiveJson, value_len};

/// The optional body of a reveal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GetValue {
    /// The path again, as clients repeat it; must agree with the URL.
    pub path: Option<SecretPath>,
    /// Which version; none means the current one.
    pub version: Option<Version>,
}

impl GetValue {
    /// Reads a body; an empty one asks for the current version.
    pub fn parse(body: &[u8]) -> Result<Self, RequestError> {
        if body.is_empty() {
            return Ok(Self::default());
        }
        let object = Object::parse(body)?;
        let (min, max) = (1, i64::MAX as u64);
        let out_of_range = |_| RequestError::Range {
            field: "version".to_owned(),
            min,
            max,
        };
        let version = object.number("version", min, max)?;
        let version = version
            .map(Version::new)
            .transpose()
            .map_err(out_of_range)?;
        Ok(Self {
            path: read_path(&object)?,
            version,
        })
    }
}

/// What a reveal answers, still in the clear.
pub struct Reveal<'a> {
    /// The secret.
    pub path: &'a SecretPath,
    /// The version that was read.
    pub version: Version,
    /// Its value.
    pub value: &'a SecretValue,
    /// The key that opened it.
    pub key: KeyId,
    /// The version of that key.
    pub key_version: Version,
}

/// The body of a reveal's reply.
pub fn reveal_reply(reveal: &Reveal<'_>) -> SensitiveBody {
    // Field names, punctuation, two numbers of at most 20 digits and an identity of 30.
    const FRAME: usize = 160;
    let path = reveal.path.as_str();
    let mut json = SensitiveJson::new(FRAME + path.len() + value_len(reveal.value));
    json.plain("path", &path);
    json.number("version", reveal.version.get());
    json.value(reveal.value);
    json.plain("kmsKeyIdentity", &reveal.key);
    // A string, unlike `version` (contract 1.10).
    json.plain("kmsKeyVersion", &reveal.key_version);
    json.finish()
}

/// A reveal's reply, as a client reads it.
pub struct RevealReply {
    /// The secret.
    pub path: SecretPath,
    /// The version that was read.
    pub version: Version,
    /// Its value.
    pub value: SecretValue,
    /// The key that opened it.
    pub kms_key_identity: String,
    /// The version of that key.
    pub kms_key_version: String,
}

impl RevealReply {
    /// Reads a reply.
    pub fn parse(body: &[u8]) -> Result<Self, RequestError> {
        let object = Object::parse(body)?;
        let text = |name| Ok::<_, RequestError>(object.required_text(name)?.as_str().to_owned());
        let request = GetValue::parse(body)?;
        let missing = |field| RequestError::Missing { field };
        Ok(Self {
            path: request.path.ok_or_else(|| missing("path"))?,
            version: request.version.ok_or_else(|| missing("version"))?,
            value: read_value(&object)?,
            kms_key_identity: text("kmsKeyIdentity")?,
            kms_key_version: text("kmsKeyVersion")?,
        })
    }
}

fn read_value(object: &Object<'_>) -> Result<SecretValue, RequestError> {
    if let Some(text) = object.text("secretString")? {
        let wrong = || RequestError::Base64 {
            field: "secretString".to_owned(),
        };
        return decode_strict(text.as_str())
            .map(SecretValue::String)
            .ok_or_else(wrong);
    }
    let map = object
        .object("secretKeyValues")?
        .ok_or(RequestError::Missing {
            field: "secretString",
        })?;
    let mut entries = BTreeMap::new();
    for (name, raw) in map.fields() {
        let wrong = || RequestError::Base64 {
            field: map.named(name),
        };
        let bytes = decode_strict(map.text_of(name, raw)?.as_str()).ok_or_else(wrong)?;
        let field = "secretKeyValues";
        let name = name
            .parse()
            .map_err(|source| RequestError::EntryName { field, source })?;
        entries.insert(name, bytes);
    }
    Ok(SecretValue::KeyValue(entries))
}

#[cfg(test)]
mod tests {
    use strongroom_types::Plaintext;

    use super::*;

    #[test]
    fn a_reply_holds_exactly_the_contracts_fields() {
        let path: SecretPath = "/app/db+1".parse().unwrap();
        let reveal = Reveal {
            path: &path,
            version: Version::new(3).unwrap(),
            value: &SecretValue::String(Plaintext::new(b"hi".to_vec())),
            key: KeyId::from_bytes([0; 16]),
            key_version: Version::FIRST,
        };
        let body = reveal_reply(&reveal);
        assert_eq!(
            std::str::from_utf8(body.as_ref()).unwrap(),
            r#"{"path":"/app/db+1","version":3,"secretString":"aGk=","kmsKeyIdentity":"kms-00000000000000000000000000","kmsKeyVersion":"1"}"#
        );
        let read = RevealReply::parse(body.as_ref()).unwrap();
        assert_eq!(read.path, path);
        assert_eq!(read.version.get(), 3);
        assert!(matches!(read.value, SecretValue::String(bytes) if bytes.expose() == b"hi"));
        assert_eq!(read.kms_key_version, "1");
    }

    #[test]
    fn the_longest_frame_fits_without_growing() {
        let path: SecretPath = format!("/{}", "a".repeat(511)).parse().unwrap();
        let last = Version::new(i64::MAX as u64).unwrap();
        let reveal = Reveal {
            path: &path,
            version: last,
            value: &SecretValue::KeyValue(BTreeMap::new()),
            key: KeyId::from_bytes([255; 16]),
            key_version: last,
        };
        // Debug builds assert that the buffer never moved.
        assert!(reveal_reply(&reveal).as_ref().len() > 600);
    }

    #[test]
    fn every_body_that_clients_send_is_read() {
        for (body, version) in [
            ("", None),
            ("  ", None),
            ("null", None),
            ("{}", None),
            (r#"{"version":null}"#, None),
            (r#"{"version":2,"more":[]}"#, Some(2)),
            (r#"{"path":"/a","version":1}"#, Some(1)),
        ] {
            let read = GetValue::parse(body.as_bytes()).unwrap();
            assert_eq!(read.version.map(Version::get), version, "{body}");
        }
    }

    #[test]
    fn what_is_no_version_is_refused() {
        for text in [
            "0",
            "-1",
            "1.5",
            "0.0",
            "9223372036854775808",
            "\"1\"",
            "[1]",
            "true",
        ] {
            let error = GetValue::parse(format!("{{\"version\":{text}}}").as_bytes()).unwrap_err();
            assert!(
                error.to_string().starts_with("`version` must be"),
                "{text}: {error}"
            );
        }
        assert!(GetValue::parse(br#"{"path":"/a/../b"}"#).is_err());
    }
}

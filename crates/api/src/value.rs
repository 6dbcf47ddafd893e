//! The three ways to give a value (contract 1.8).

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use strongroom_types::{EntryName, LabelLimits, Plaintext, SecretValue};

use crate::encoding::{Encoding, decode};
use crate::object::Object;
use crate::request_error::RequestError;

/// What the server's settings allow in requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// How value texts are read.
    pub encoding: Encoding,
    /// The longest value or entry, in bytes after decoding.
    pub max_value_bytes: usize,
    /// The greatest number of entries of a key-value secret.
    pub max_entries: usize,
    /// Whether a secret may be created without a value.
    pub allow_empty_secret: bool,
    /// Whether issuers of foreign tokens may be named by `http://` URLs.
    pub plain_issuers: bool,
    /// Limits of labels and annotations.
    pub labels: LabelLimits,
}

impl Default for Rules {
    /// The contract's own limits.
    fn default() -> Self {
        Self {
            encoding: Encoding::Strict,
            max_value_bytes: 4096,
            max_entries: 256,
            allow_empty_secret: false,
            plain_issuers: false,
            labels: LabelLimits::default(),
        }
    }
}

/// A new value.
pub enum ValueInput {
    /// The caller's own.
    Given {
        /// The bytes.
        value: SecretValue,
        /// Whether a text was no base64 and was taken as it stood (lenient mode only).
        taken_raw: bool,
    },
    /// Random bytes that the server draws.
    Generate {
        /// How many, 16 to 4096.
        bytes: usize,
    },
}

impl ValueInput {
    /// How many bytes `generateSecret` draws unless told otherwise.
    pub const GENERATED_BYTES: usize = 32;
    /// The fewest bytes that can be drawn.
    pub const GENERATED_MIN: usize = 16;
    /// The most bytes that can be drawn.
    pub const GENERATED_MAX: usize = 4096;

    /// Reads the inputs of a create or put; `None` where there is none.
    ///
    /// An empty `secretString` or `secretKeyValues` counts as not given.
    pub(crate) fn read(object: &Object<'_>, rules: &Rules) -> Result<Option<Self>, RequestError> {
        let string = object.text("secretString")?.filter(|text| !text.is_empty());
        let entries = object
            .object("secretKeyValues")?
            .filter(|map| map.fields().len() > 0);
        let generate = object.object("generateSecret")?;
        match (string, entries, generate) {
            (None, None, None) => Ok(None),
            (Some(text), None, None) => {
                let (bytes, taken_raw) =
                    decode(text.as_str(), rules.encoding, || "secretString".to_owned())?;
                let bytes = sized(bytes, rules, || "secretString".to_owned())?;
                Ok(Some(Self::Given {
                    value: SecretValue::String(bytes),
                    taken_raw,
                }))
            }
            (None, Some(map), None) => read_entries(&map, rules).map(Some),
            (None, None, Some(options)) => read_length(&options).map(Some),
            _ => Err(RequestError::Inputs {
                found: "several are",
            }),
        }
    }

    /// As [`ValueInput::read`], where a value is required.
    pub(crate) fn require(object: &Object<'_>, rules: &Rules) -> Result<Self, RequestError> {
        Self::read(object, rules)?.ok_or(RequestError::Inputs { found: "none is" })
    }
}

fn sized(
    bytes: Plaintext,
    rules: &Rules,
    field: impl FnOnce() -> String,
) -> Result<Plaintext, RequestError> {
    let (len, max) = (bytes.len(), rules.max_value_bytes);
    if (1..=max).contains(&len) {
        Ok(bytes)
    } else {
        Err(RequestError::Size {
            field: field(),
            min: 1,
            max,
            len,
        })
    }
}

fn read_entries(map: &Object<'_>, rules: &Rules) -> Result<ValueInput, RequestError> {
    const FIELD: &str = "secretKeyValues";
    let (len, max) = (map.fields().len(), rules.max_entries);
    if len > max {
        return Err(RequestError::Entries {
            field: FIELD,
            max,
            len,
        });
    }
    let mut entries = BTreeMap::new();
    let mut any_raw = false;
    for (name, raw) in map.fields() {
        let parsed: EntryName = name.parse().map_err(|source| RequestError::EntryName {
            field: FIELD,
            source,
        })?;
        let (bytes, taken_raw) = read_entry(map, name, raw, rules)?;
        any_raw |= taken_raw;
        entries.insert(parsed, bytes);
    }
    Ok(ValueInput::Given {
        value: SecretValue::KeyValue(entries),
        taken_raw: any_raw,
    })
}

fn read_entry<'a>(
    map: &Object<'a>,
    name: &str,
    raw: &'a RawValue,
    rules: &Rules,
) -> Result<(Plaintext, bool), RequestError> {
    let text = map.text_of(name, raw)?;
    let (bytes, taken_raw) = decode(text.as_str(), rules.encoding, || map.named(name))?;
    Ok((sized(bytes, rules, || map.named(name))?, taken_raw))
}

fn read_length(options: &Object<'_>) -> Result<ValueInput, RequestError> {
    const MIN: u64 = ValueInput::GENERATED_MIN as u64;
    const MAX: u64 = ValueInput::GENERATED_MAX as u64;
    // `length` is what clients sent before 0.35; a zero is how Go spells "not set".
    let mut wanted = ValueInput::GENERATED_BYTES;
    for name in ["length", "byteLength"] {
        let out_of_range = || RequestError::Range {
            field: options.named(name),
            min: MIN,
            max: MAX,
        };
        match options.number(name, 0, MAX) {
            Ok(None | Some(0)) => {}
            Ok(Some(bytes)) if bytes >= MIN => {
                wanted = usize::try_from(bytes).map_err(|_| out_of_range())?;
            }
            Ok(Some(_)) | Err(RequestError::Range { .. }) => return Err(out_of_range()),
            Err(other) => return Err(other),
        }
    }
    Ok(ValueInput::Generate { bytes: wanted })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str, rules: &Rules) -> Result<String, String> {
        let object = Object::parse(body.as_bytes()).map_err(|error| error.to_string())?;
        let show = |bytes: &Plaintext| String::from_utf8_lossy(bytes.expose()).into_owned();
        match ValueInput::require(&object, rules).map_err(|error| error.to_string())? {
            ValueInput::Generate { bytes } => Ok(format!("generate {bytes}")),
            ValueInput::Given {
                value: SecretValue::String(bytes),
                taken_raw,
            } => Ok(format!("{} {taken_raw}", show(&bytes))),
            ValueInput::Given {
                value: SecretValue::KeyValue(map),
                taken_raw,
            } => {
                let pairs: Vec<_> = map
                    .iter()
                    .map(|(n, b)| format!("{}={}", n.as_str(), show(b)))
                    .collect();
                Ok(format!("{} {taken_raw}", pairs.join(",")))
            }
        }
    }

    #[test]
    fn each_input_alone_is_read() {
        let rules = Rules::default();
        for (body, value) in [
            (r#"{"secretString":"aGk="}"#, "hi false"),
            (
                r#"{"secretString":"aGk=","secretKeyValues":{},"generateSecret":null}"#,
                "hi false",
            ),
            (
                r#"{"secretString":"","secretKeyValues":{"b":"aGk=","a":"aGk="}}"#,
                "a=hi,b=hi false",
            ),
            (r#"{"generateSecret":{}}"#, "generate 32"),
            (r#"{"generateSecret":{"byteLength":0}}"#, "generate 32"),
            (r#"{"generateSecret":{"byteLength":16}}"#, "generate 16"),
            (
                r#"{"generateSecret":{"length":64,"characterSet":"hex"}}"#,
                "generate 64",
            ),
        ] {
            assert_eq!(read(body, &rules).as_deref(), Ok(value), "{body}");
        }
    }

    #[test]
    fn zero_or_several_inputs_are_refused() {
        let rules = Rules::default();
        for body in [
            "{}",
            r#"{"secretString":""}"#,
            r#"{"secretKeyValues":{}}"#,
            r#"{"secretString":"aGk=","generateSecret":{}}"#,
            r#"{"secretString":"aGk=","secretKeyValues":{"a":"aGk="}}"#,
        ] {
            let message = read(body, &rules).unwrap_err();
            assert!(
                message.starts_with("give exactly one of"),
                "{body}: {message}"
            );
        }
    }

    #[test]
    fn limits_name_the_field() {
        let rules = Rules {
            max_value_bytes: 2,
            max_entries: 1,
            ..Rules::default()
        };
        for (body, message) in [
            (
                r#"{"secretString":"YWJj"}"#,
                "`secretString` must have 1 to 2 bytes",
            ),
            (
                r#"{"secretKeyValues":{"a":"YWJj"}}"#,
                "`secretKeyValues.a` must have 1 to 2 bytes",
            ),
            (
                r#"{"secretKeyValues":{"a":""}}"#,
                "`secretKeyValues.a` must have 1 to 2 bytes",
            ),
            (
                r#"{"secretKeyValues":{"a":1}}"#,
                "`secretKeyValues.a` must be a string",
            ),
            (
                r#"{"secretKeyValues":{"a":"?"}}"#,
                "`secretKeyValues.a` is not standard base64",
            ),
            (
                r#"{"secretKeyValues":{"a b":"YQ=="}}"#,
                "`secretKeyValues` has an entry whose name",
            ),
            (
                r#"{"secretKeyValues":{"a":"YQ==","b":"YQ=="}}"#,
                "`secretKeyValues` must have 1 to 1",
            ),
            (
                r#"{"generateSecret":{"byteLength":15}}"#,
                "`generateSecret.byteLength` must be a w",
            ),
            (
                r#"{"generateSecret":{"byteLength":4097}}"#,
                "`generateSecret.byteLength` must be a",
            ),
            (
                r#"{"generateSecret":{"byteLength":-1}}"#,
                "`generateSecret.byteLength` must be a w",
            ),
            (
                r#"{"generateSecret":7}"#,
                "`generateSecret` must be a JSON object",
            ),
        ] {
            let found = read(body, &rules).unwrap_err();
            assert!(found.starts_with(message), "{body}: {found}");
        }
    }

    #[test]
    fn one_raw_entry_marks_the_whole_value() {
        let rules = Rules {
            encoding: Encoding::Lenient,
            ..Rules::default()
        };
        let body = r#"{"secretKeyValues":{"a":"aGk=","b":"not base64!"}}"#;
        assert_eq!(read(body, &rules).as_deref(), Ok("a=hi,b=not base64! true"));
    }
}

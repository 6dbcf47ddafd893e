//! Creating a secret (contract 1.8).

use serde_json::value::RawValue;
use strongroom_types::{Description, KeyId, Labels, Reference, SecretPath};

use crate::object::Object;
use crate::policy::given_policy;
use crate::request_error::RequestError;
use crate::sensitive::{SensitiveBody, SensitiveJson, value_len};
use crate::value::{Rules, ValueInput};

/// The body of a create.
pub struct CreateSecret {
    /// Where the secret will live.
    pub path: SecretPath,
    /// The key that will protect it.
    pub key: Reference<KeyId>,
    /// Its first value; none only where the server's settings allow that.
    pub value: Option<ValueInput>,
    /// What it is for.
    pub description: Description,
    /// Labels, echoed exactly.
    pub labels: Labels,
    /// Annotations, echoed exactly.
    pub annotations: Labels,
    /// The access policy as it was written, not yet understood.
    pub access_policy: Option<Box<RawValue>>,
}

impl CreateSecret {
    /// Reads a body.
    pub fn parse(body: &[u8], rules: &Rules) -> Result<Self, RequestError> {
        let object = Object::parse(body)?;
        let path = object
            .required_text("path")?
            .as_str()
            .parse()
            .map_err(|source| RequestError::Path {
                field: "path",
                source,
            })?;
        let field = "kmsKeyIdentity";
        let key = object
            .required_text(field)?
            .as_str()
            .parse()
            .map_err(|source| RequestError::Reference { field, source })?;
        let value = if rules.allow_empty_secret {
            ValueInput::read(&object, rules)?
        } else {
            Some(ValueInput::require(&object, rules)?)
        };
        Ok(Self {
            path,
            key,
            value,
            description: read_description(&object)?,
            labels: read_labels(&object, "labels", rules)?,
            annotations: read_labels(&object, "annotations", rules)?,
            access_policy: given_policy(&object)?,
        })
    }

    /// The body, as a client sends it.
    pub fn to_body(&self) -> SensitiveBody {
        let key = reference_text(&self.key);
        let description = json_text(self.description.as_str());
        let labels = json_map(&self.labels);
        let annotations = json_map(&self.annotations);
        let policy = self
            .access_policy
            .as_ref()
            .map_or("", |policy| policy.get());
        let texts = [
            self.path.as_str(),
            &key,
            &description,
            &labels,
            &annotations,
            policy,
        ];
        let room = texts.iter().map(|text| text.len() + 24).sum::<usize>();
        let mut json = SensitiveJson::new(room + self.value.as_ref().map_or(0, input_len));
        json.plain("path", &self.path);
        json.plain("kmsKeyIdentity", &key);
        for (name, value) in [
            ("description", &description),
            ("labels", &labels),
            ("annotations", &annotations),
        ] {
            if !matches!(value.as_str(), "\"\"" | "{}") {
                json.json(name, value);
            }
        }
        if self.access_policy.is_some() {
            json.json("accessPolicy", policy);
        }
        if let Some(input) = &self.value {
            write_input(&mut json, input);
        }
        json.finish()
    }
}

pub(crate) fn read_description(object: &Object<'_>) -> Result<Description, RequestError> {
    let field = "description";
    object.text(field)?.map_or_else(
        || Ok(Description::default()),
        |text| {
            text.as_str()
                .parse()
                .map_err(|source| RequestError::Text { field, source })
        },
    )
}

pub(crate) fn read_labels(
    object: &Object<'_>,
    field: &'static str,
    rules: &Rules,
) -> Result<Labels, RequestError> {
    Labels::new(object.texts(field)?, &rules.labels)
        .map_err(|source| RequestError::Labels { field, source })
}

fn reference_text(reference: &Reference<KeyId>) -> String {
    match reference {
        Reference::Identity(identity) => identity.to_string(),
        Reference::Slug(slug) => slug.as_str().to_owned(),
    }
}

fn json_text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn json_map(labels: &Labels) -> String {
    let map = labels
        .as_map()
        .iter()
        .map(|(key, value)| (key.clone(), value.as_str().into()));
    serde_json::Value::Object(map.collect()).to_string()
}

/// The most bytes that [`write_input`] writes.
pub(crate) fn input_len(input: &ValueInput) -> usize {
    match input {
        ValueInput::Given { value, .. } => value_len(value),
        ValueInput::Generate { .. } => 64,
    }
}

/// Writes a value input.
pub(crate) fn write_input(json: &mut SensitiveJson, input: &ValueInput) {
    match input {
        ValueInput::Given { value, .. } => json.value(value),
        ValueInput::Generate { bytes } => {
            json.json("generateSecret", &format!("{{\"byteLength\":{bytes}}}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use strongroom_types::{Plaintext, SecretValue};

    use super::*;

    fn refusal(body: &str) -> String {
        CreateSecret::parse(body.as_bytes(), &Rules::default())
            .err()
            .unwrap()
            .to_string()
    }

    #[test]
    fn what_a_client_writes_is_what_the_server_reads() {
        let rules = Rules::default();
        let labels = BTreeMap::from([("te\"am".to_owned(), "\u{1f511} a".to_owned())]);
        let policy = r#"{"conditions":[ {"type":"ip"} ]}"#;
        let create = CreateSecret {
            path: "/app/db".parse().unwrap(),
            key: "primary".parse().unwrap(),
            value: Some(ValueInput::Given {
                value: SecretValue::String(Plaintext::new(vec![7; 4096])),
                taken_raw: false,
            }),
            description: "what \\ it\nis".parse().unwrap(),
            labels: Labels::new(labels, &rules.labels).unwrap(),
            annotations: Labels::default(),
            access_policy: Some(RawValue::from_string(policy.to_owned()).unwrap()),
        };
        let read = CreateSecret::parse(create.to_body().as_ref(), &rules).unwrap();
        assert_eq!(read.path, create.path);
        assert_eq!(read.key, create.key);
        assert_eq!(read.description, create.description);
        assert_eq!(read.labels, create.labels);
        assert_eq!(read.annotations, create.annotations);
        assert_eq!(read.access_policy.unwrap().get(), policy);
    }

    #[test]
    fn refusals_name_the_field() {
        for (body, start) in [
            ("{}", "`path` is required"),
            (r#"{"path":"app/db"}"#, "`path`: a path starts with a slash"),
            (
                r#"{"path":"/app//db"}"#,
                "`path`: a path has no empty segment",
            ),
            (r#"{"path":"/a"}"#, "`kmsKeyIdentity` is required"),
            (
                r#"{"path":"/a","kmsKeyIdentity":"A B"}"#,
                "`kmsKeyIdentity` must be an identity",
            ),
            (
                r#"{"path":"/a","kmsKeyIdentity":"k"}"#,
                "give exactly one of",
            ),
            (
                r#"{"path":"/a","kmsKeyIdentity":"k","secretString":"hi!"}"#,
                "`secretString` is not",
            ),
            (
                r#"{"path":"/a","kmsKeyIdentity":"k","generateSecret":{},"labels":{"":"x"}}"#,
                "`labels`: a key must have",
            ),
            (
                r#"{"path":"/a","kmsKeyIdentity":"k","generateSecret":{},"description":"\u0000"}"#,
                "`description`: it must not contain",
            ),
        ] {
            let message = refusal(body);
            assert!(message.starts_with(start), "{body}: {message}");
        }
    }

    #[test]
    fn a_secret_without_a_value_needs_the_setting() {
        let rules = Rules {
            allow_empty_secret: true,
            ..Rules::default()
        };
        let body = br#"{"path":"/a","kmsKeyIdentity":"k","accessPolicy":null}"#;
        let read = CreateSecret::parse(body, &rules).unwrap();
        assert!(read.value.is_none() && read.access_policy.is_none());
    }
}

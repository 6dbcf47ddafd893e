//! Creating a key (contract 2.3).

use strongroom_types::{Description, DisplayName, KeyType, Labels};

use crate::create_secret::{read_description, read_labels};
use crate::object::Object;
use crate::request_error::RequestError;
use crate::value::Rules;

/// The body that creates a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateKey {
    /// What people will call it; its slug is made of this.
    pub name: DisplayName,
    /// What it is for; `aes256-gcm96` unless given.
    pub key_type: KeyType,
    /// What it is for, in words.
    pub description: Description,
    /// Labels, echoed exactly.
    pub labels: Labels,
    /// Annotations, echoed exactly.
    pub annotations: Labels,
    /// Whether its material may be exported later.
    pub export_allowed: bool,
    /// Whether it rotates by itself.
    pub rotation_enabled: bool,
    /// How often, in days: 1 to 3650.
    pub rotation_period_days: Option<u32>,
}

impl CreateKey {
    /// Reads a body.
    pub fn parse(body: &[u8], rules: &Rules) -> Result<Self, RequestError> {
        let object = Object::parse(body)?;
        let name = object
            .required_text("name")?
            .as_str()
            .parse()
            .map_err(|source| RequestError::Text {
                field: "name",
                source,
            })?;
        if object
            .text("importKeyMaterial")?
            .is_some_and(|text| !text.is_empty())
        {
            return Err(RequestError::Unsupported {
                field: "importKeyMaterial",
                instead: "create the key without it and let the server draw its material",
            });
        }
        let rotation_enabled = object.boolean("keyRotationEnabled")?.unwrap_or(false);
        // Clients that cannot leave a number out send 0.
        let rotation_period_days = read_period(&object, 0)?.filter(|days| *days != 0);
        if rotation_enabled && rotation_period_days.is_none() {
            return Err(RequestError::Missing {
                field: "rotationPeriodInDays",
            });
        }
        Ok(Self {
            name,
            key_type: read_type(&object)?,
            description: read_description(&object)?,
            labels: read_labels(&object, "labels", rules)?,
            annotations: read_labels(&object, "annotations", rules)?,
            export_allowed: object.boolean("exportAllowed")?.unwrap_or(false),
            rotation_enabled,
            rotation_period_days,
        })
    }

    /// The body, as a client sends it.
    pub fn to_body(&self) -> String {
        let mut body = serde_json::json!({
            "name": self.name.as_str(),
            "keyType": self.key_type.as_str(),
            "exportAllowed": self.export_allowed,
            "keyRotationEnabled": self.rotation_enabled,
            "description": self.description.as_str(),
            "labels": self.labels.as_map(),
            "annotations": self.annotations.as_map(),
        });
        if let (Some(days), Some(map)) = (self.rotation_period_days, body.as_object_mut()) {
            map.insert("rotationPeriodInDays".to_owned(), days.into());
        }
        body.to_string()
    }
}

fn read_type(object: &Object<'_>) -> Result<KeyType, RequestError> {
    let field = "keyType";
    match object.text(field)?.filter(|text| !text.is_empty()) {
        None => Ok(KeyType::Aes256Gcm96),
        Some(text) => text.as_str().parse().map_err(|_| RequestError::Word {
            field,
            expected: format!("one of {}", KeyType::ALL.map(KeyType::as_str).join(", ")),
        }),
    }
}

/// The rotation period, in days, from `min` to 3650.
pub(crate) fn read_period(object: &Object<'_>, min: u64) -> Result<Option<u32>, RequestError> {
    let field = "rotationPeriodInDays";
    let range = || RequestError::Range {
        field: field.to_owned(),
        min: 1,
        max: 3650,
    };
    match object.number(field, min, 3650) {
        Ok(days) => days.map(u32::try_from).transpose().map_err(|_| range()),
        Err(RequestError::Range { .. }) => Err(range()),
        Err(other) => Err(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(body: &str) -> Result<CreateKey, String> {
        CreateKey::parse(body.as_bytes(), &Rules::default()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_name_is_enough() {
        let key = parse(r#"{"name":"Primary"}"#).unwrap();
        assert_eq!(key.key_type, KeyType::Aes256Gcm96);
        assert!(!key.export_allowed && !key.rotation_enabled);
        assert_eq!(key.rotation_period_days, None);
        assert_eq!(parse(&key.to_body()), Ok(key));
    }

    #[test]
    fn rotation_needs_a_period() {
        let key = parse(r#"{"name":"k","keyRotationEnabled":true,"rotationPeriodInDays":3650}"#);
        let key = key.unwrap();
        assert_eq!(key.rotation_period_days, Some(3650));
        assert_eq!(parse(&key.to_body()), Ok(key));
        for (body, message) in [
            (
                r#"{"name":"k","keyRotationEnabled":true}"#,
                "`rotationPeriodInDays` is required",
            ),
            (
                r#"{"name":"k","keyRotationEnabled":true,"rotationPeriodInDays":0}"#,
                "`rotationPeriodInDays` is required",
            ),
            (
                r#"{"name":"k","rotationPeriodInDays":3651}"#,
                "`rotationPeriodInDays` must be a whole number from 1 to 3650",
            ),
        ] {
            assert_eq!(parse(body), Err(message.to_owned()), "{body}");
        }
    }

    #[test]
    fn refusals_name_the_field() {
        assert_eq!(parse("{}"), Err("`name` is required".to_owned()));
        assert_eq!(
            parse(r#"{"name":" "}"#),
            Err("`name`: it must not be empty".to_owned())
        );
        let message = parse(r#"{"name":"k","keyType":"aes"}"#).unwrap_err();
        assert!(
            message.starts_with("`keyType` must be one of aes128-gcm96"),
            "{message}"
        );
        let message = parse(r#"{"name":"k","importKeyMaterial":"AAAA"}"#).unwrap_err();
        assert!(
            message.starts_with("`importKeyMaterial` is not supported"),
            "{message}"
        );
        assert_eq!(
            parse(r#"{"name":"k","keyType":"ec-p256"}"#)
                .unwrap()
                .key_type,
            KeyType::EcdsaP256
        );
    }
}

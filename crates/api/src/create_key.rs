//! Creating a key (contract 2.3).

use strongroom_types::{Description, DisplayName, KeyType, Labels, WrapHash};

use crate::bytes::{optional_bytes, parsed};
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
    /// Material from elsewhere; none lets the service draw its own.
    pub import: Option<ImportKey>,
}

/// Key material from elsewhere (contract 2.6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportKey {
    /// The material, wrapped for the region's wrapping key.
    pub wrapped: Vec<u8>,
    /// The hash function of the wrap; SHA-256 unless given.
    pub hash: WrapHash,
    /// Whether the key may rotate later.
    pub allow_rotation: bool,
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
            import: read_import(&object)?,
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
        if let (Some(import), Some(map)) = (&self.import, body.as_object_mut()) {
            let wrapped = crate::encode(&import.wrapped);
            map.insert("importKeyMaterial".to_owned(), wrapped.into());
            map.insert("hashFunction".to_owned(), import.hash.as_str().into());
            map.insert("allowRotation".to_owned(), import.allow_rotation.into());
        }
        body.to_string()
    }
}

/// The fields of an import. Without material the others mean nothing and must only be well formed:
/// clients send them for keys that the service makes, too.
fn read_import(object: &Object<'_>) -> Result<Option<ImportKey>, RequestError> {
    let allow_rotation = object.boolean("allowRotation")?.unwrap_or(false);
    let Some(wrapped) = optional_bytes(object, &["importKeyMaterial"])? else {
        object.text("hashFunction")?;
        return Ok(None);
    };
    let hash = parsed(object, &["hashFunction"], || {
        let names = WrapHash::ALL.map(WrapHash::as_str).join(", ");
        format!("one of {names}; SHA-256 is a spelling of sha256")
    });
    Ok(Some(ImportKey {
        wrapped: wrapped.expose().to_vec(),
        hash: hash?.unwrap_or_default(),
        allow_rotation,
    }))
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
    fn an_import_travels_with_its_hash() {
        let key = parse(r#"{"name":"k","importKeyMaterial":"AAAA","allowRotation":true}"#);
        let key = key.unwrap();
        let import = key.import.clone().unwrap();
        assert_eq!(
            (import.wrapped, import.hash),
            (vec![0; 3], WrapHash::Sha256)
        );
        assert!(import.allow_rotation);
        assert_eq!(parse(&key.to_body()), Ok(key));
        let ignored = parse(r#"{"name":"k","hashFunction":"sha224","importKeyMaterial":""}"#);
        assert_eq!(ignored.unwrap().import, None);
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
        for (rest, field) in [
            (r#""importKeyMaterial":"!""#, "`importKeyMaterial`"),
            (
                r#""importKeyMaterial":"AAAA","hashFunction":"md5""#,
                "`hashFunction`",
            ),
            (r#""allowRotation":1"#, "`allowRotation`"),
            (r#""hashFunction":1"#, "`hashFunction`"),
        ] {
            let message = parse(&format!(r#"{{"name":"k",{rest}}}"#)).unwrap_err();
            assert!(message.starts_with(field), "{message}");
        }
        assert_eq!(
            parse(r#"{"name":"k","keyType":"ec-p256"}"#)
                .unwrap()
                .key_type,
            KeyType::EcdsaP256
        );
    }
}

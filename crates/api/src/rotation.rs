//! Changing how a key rotates (contract K13, 2.7).

use crate::create_key::read_period;
use crate::object::Object;
use crate::request_error::RequestError;
use strongroom_types::Version;

/// The body that changes rotation; what is absent stays as it is, `{}` changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rotation {
    /// Whether the key rotates by itself.
    pub enabled: Option<bool>,
    /// How often, in days: 1 to 3650.
    pub period_days: Option<u32>,
    /// The oldest version that still decrypts and verifies (ours, contract 2.7).
    pub min_decryption_version: Option<Version>,
}

impl Rotation {
    /// Reads a body.
    pub fn parse(body: &[u8]) -> Result<Self, RequestError> {
        let object = Object::parse(body)?;
        let (field, max) = ("minDecryptionVersion", i64::MAX as u64);
        let oldest = object.number(field, 1, max)?.map(Version::new);
        let oldest = oldest.transpose().map_err(|_| RequestError::Range {
            field: field.to_owned(),
            min: 1,
            max,
        })?;
        Ok(Self {
            enabled: object.boolean("keyRotationEnabled")?,
            period_days: read_period(&object, 1)?,
            min_decryption_version: oldest,
        })
    }

    /// The body, as a client sends it.
    pub fn to_body(&self) -> String {
        let enabled = self
            .enabled
            .map(|on| ("keyRotationEnabled".to_owned(), on.into()));
        let period = self
            .period_days
            .map(|days| ("rotationPeriodInDays".to_owned(), days.into()));
        let oldest = self
            .min_decryption_version
            .map(|version| ("minDecryptionVersion".to_owned(), version.get().into()));
        let fields = enabled.into_iter().chain(period).chain(oldest);
        serde_json::Value::Object(fields.collect()).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_absent_stays_as_it_is() {
        let read = |body: &str| Rotation::parse(body.as_bytes());
        assert_eq!(read("").unwrap(), Rotation::default());
        assert_eq!(read("{}").unwrap(), Rotation::default());
        let both = Rotation {
            enabled: Some(false),
            period_days: Some(30),
            min_decryption_version: Some(Version::FIRST),
        };
        assert_eq!(read(&both.to_body()).unwrap(), both);
        for body in [
            r#"{"rotationPeriodInDays":0}"#,
            r#"{"rotationPeriodInDays":"30"}"#,
        ] {
            let message = read(body).unwrap_err().to_string();
            assert!(
                message.starts_with("`rotationPeriodInDays` must be a whole"),
                "{message}"
            );
        }
        assert!(read(r#"{"keyRotationEnabled":"yes"}"#).is_err());
    }
}

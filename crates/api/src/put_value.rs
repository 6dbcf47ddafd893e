//! Adding a version (contract 1.9).

use serde::{Deserialize, Serialize};
use strongroom_types::SecretPath;
use utoipa::ToSchema;

use crate::create_secret::{input_len, write_input};
use crate::object::Object;
use crate::request_error::RequestError;
use crate::sensitive::{SensitiveBody, SensitiveJson};
use crate::value::{Rules, ValueInput};

/// The body of a put.
pub struct PutValue {
    /// The path again, as clients repeat it; must agree with the URL.
    pub path: Option<SecretPath>,
    /// The new value.
    pub value: ValueInput,
}

impl PutValue {
    /// Reads a body; exactly one value input is required.
    pub fn parse(body: &[u8], rules: &Rules) -> Result<Self, RequestError> {
        let object = Object::parse(body)?;
        Ok(Self {
            path: read_path(&object)?,
            value: ValueInput::require(&object, rules)?,
        })
    }

    /// The body, as a client sends it.
    pub fn to_body(&self) -> SensitiveBody {
        let path = self.path.as_ref().map_or("", SecretPath::as_str);
        let mut json = SensitiveJson::new(16 + path.len() + input_len(&self.value));
        if self.path.is_some() {
            json.plain("path", &path);
        }
        write_input(&mut json, &self.value);
        json.finish()
    }
}

/// The `path` that clients repeat in bodies. Older ones send it without its leading slash; as it
/// only has to agree with the URL, that is understood.
pub(crate) fn read_path(object: &Object<'_>) -> Result<Option<SecretPath>, RequestError> {
    let Some(text) = object.text("path")? else {
        return Ok(None);
    };
    let parsed = match text.as_str() {
        bare if !bare.is_empty() && !bare.starts_with('/') => format!("/{bare}").parse(),
        whole => whole.parse(),
    };
    parsed.map(Some).map_err(|source| RequestError::Path {
        field: "path",
        source,
    })
}

/// What a put answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PutReply {
    /// The secret.
    pub path: String,
    /// The new version, now the current one.
    pub version: u64,
    /// The key that protects it.
    pub kms_key_identity: String,
    /// The version of that key, as a string.
    pub kms_key_version: String,
}

#[cfg(test)]
mod tests {
    use strongroom_types::{Plaintext, SecretValue};

    use super::*;

    #[test]
    fn what_a_client_writes_is_what_the_server_reads() {
        let put = PutValue {
            path: Some("/app/db".parse().unwrap()),
            value: ValueInput::Given {
                value: SecretValue::String(Plaintext::new(vec![0, 1, 255])),
                taken_raw: false,
            },
        };
        let read = PutValue::parse(put.to_body().as_ref(), &Rules::default()).unwrap();
        assert_eq!(read.path, put.path);
        assert!(matches!(
            read.value,
            ValueInput::Given { value: SecretValue::String(bytes), .. }
                if bytes.expose() == [0, 1, 255]
        ));
    }

    #[test]
    fn a_repeated_path_may_lack_its_slash() {
        let path = |body: &str| {
            let object = Object::parse(body.as_bytes()).unwrap();
            read_path(&object)
                .map(|path| path.map(|p| p.as_str().to_owned()))
                .ok()
        };
        assert_eq!(
            path(r#"{"path":"app/db"}"#),
            Some(Some("/app/db".to_owned()))
        );
        assert_eq!(
            path(r#"{"path":"/app/db"}"#),
            Some(Some("/app/db".to_owned()))
        );
        assert_eq!(path("{}"), Some(None));
        for body in [
            r#"{"path":""}"#,
            r#"{"path":"/"}"#,
            r#"{"path":"/a/"}"#,
            r#"{"path":"../a"}"#,
        ] {
            assert_eq!(path(body), None, "{body}");
        }
    }
}

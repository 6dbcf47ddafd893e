//! Service accounts and their access credentials (contract 4.4).

use serde::{Deserialize, Serialize};
use strongroom_types::{Description, Networks, Timestamp};
use utoipa::ToSchema;

use crate::create_secret::read_description;
use crate::naming::{networks, optional_name, optional_time, scopes};
use crate::object::Object;
use crate::request_error::RequestError;
use crate::sensitive::{SensitiveBody, SensitiveJson};
use crate::{AppUser, Described, Organisation, RoleBinding, Time};

/// A non-human principal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServiceAccount {
    /// Its identity.
    pub identity: String,
    /// What it says about itself.
    #[serde(flatten)]
    pub described: Described,
    /// Who made it; absent where the installation or a service account did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<AppUser>,
    /// The organisation that it belongs to.
    pub organisation: Organisation,
    /// The roles that it has in the whole organisation, as far as the caller may read them.
    pub role_bindings: Vec<RoleBinding>,
}

/// The body that issues an access credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateAccessCredential {
    /// What it is called; possibly nothing.
    pub name: String,
    /// What it is for.
    pub description: Description,
    /// When it ends; never, unless given.
    pub expires_at: Option<Timestamp>,
    /// What it is limited to; empty means nothing.
    pub scopes: Vec<String>,
    /// Where it may be used from: `allowedIps`, a list of addresses and ranges.
    pub allowed_ips: Networks,
}

impl CreateAccessCredential {
    /// Reads a body.
    pub fn parse(body: &[u8]) -> Result<Self, RequestError> {
        let object = Object::parse(body)?;
        Ok(Self {
            name: optional_name(&object)?,
            description: read_description(&object)?,
            expires_at: optional_time(&object, "expiresAt")?,
            scopes: scopes(&object)?,
            allowed_ips: networks(&object, "allowedIps")?,
        })
    }
}

/// An access credential, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccessCredential {
    /// Its identity.
    pub identity: String,
    /// What it is called.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// When it was issued.
    pub created_at: Time,
    /// When it was last used, to the minute; absent until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Time>,
    /// When it ends; absent where it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Time>,
    /// The client id.
    pub access_key: String,
    /// What it is limited to; empty means nothing.
    pub scopes: Vec<String>,
    /// The ranges of addresses that it may be used from; absent where that is anywhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_ips: Vec<String>,
}

/// A personal access token, without its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PersonalToken {
    /// Its identity.
    pub identity: String,
    /// What it is called.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// When it was issued.
    pub created_at: Time,
    /// When it was last used, to the minute; absent until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Time>,
    /// When it ends; absent where it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Time>,
    /// What it is limited to; empty means nothing.
    pub scopes: Vec<String>,
    /// The ranges of addresses that it may be used from; absent where that is anywhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_ips: Vec<String>,
    /// The identity of the only organisation that it counts in; absent where that is every one that
    /// its user belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation_identity: Option<String>,
}

/// The body that hands out a new personal access token: letters, digits, `-`, `_`.
pub fn personal_token_reply(identity: &str, token: &str, scopes: &[String]) -> SensitiveBody {
    let scopes = serde_json::Value::from(scopes.to_vec()).to_string();
    let texts = [identity, token, &scopes];
    let mut json = SensitiveJson::new(texts.iter().map(|text| text.len() + 24).sum());
    json.plain("identity", &identity);
    json.plain("token", &token);
    json.json("scopes", &scopes);
    json.finish()
}

/// The body that hands out a new access credential, with its secret: letters, digits, `-`, `_`.
pub fn access_credential_reply(
    identity: &str,
    access_key: &str,
    access_secret: &str,
    scopes: &[String],
) -> SensitiveBody {
    let scopes = serde_json::Value::from(scopes.to_vec()).to_string();
    let texts = [identity, access_key, access_secret, &scopes];
    let room = texts.iter().map(|text| text.len() + 24).sum();
    let mut json = SensitiveJson::new(room);
    json.plain("identity", &identity);
    json.plain("accessKey", &access_key);
    json.plain("accessSecret", &access_secret);
    json.json("scopes", &scopes);
    json.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_may_have_no_name_and_has_an_end_that_is_a_time() {
        let parse = |body: &str| CreateAccessCredential::parse(body.as_bytes());
        let none = parse(r#"{"name":""}"#).unwrap();
        assert_eq!((none.name.as_str(), none.expires_at), ("", None));
        let some = parse(r#"{"name":"ci","expiresAt":"2026-07-01T10:00:00+02:00"}"#).unwrap();
        assert_eq!(some.expires_at, "2026-07-01T08:00:00Z".parse().ok());
        let message = parse(r#"{"expiresAt":"tomorrow"}"#)
            .unwrap_err()
            .to_string();
        assert!(
            message.starts_with("`expiresAt` must be a time"),
            "{message}"
        );
    }

    #[test]
    fn the_reply_is_json() {
        let scopes = ["api:read".to_owned()];
        let body = access_credential_reply("cred-1", "TCAK1", "s3_-cret", &scopes);
        let json: serde_json::Value = serde_json::from_slice(body.as_ref()).unwrap();
        assert_eq!(
            json,
            serde_json::json!({
                "identity": "cred-1", "accessKey": "TCAK1", "accessSecret": "s3_-cret",
                "scopes": ["api:read"],
            })
        );
    }
}

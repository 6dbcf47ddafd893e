//! Federated identity providers (contract 4.4).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use strongroom_types::{Description, DisplayName, Labels};
use utoipa::ToSchema;

use crate::federated_field::{self as field, UrlRule};
use crate::{AppUser, NamingChange, Object, RequestError, Rules, SignIn, Time};

/// The longest set of pinned keys, in bytes.
const LONGEST_KEYS: usize = 64 * 1024;

/// The body that makes a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateFederatedProvider {
    /// Its name.
    pub name: DisplayName,
    /// What it is for.
    pub description: Description,
    /// Labels, echoed exactly.
    pub labels: Labels,
    /// Annotations, echoed exactly.
    pub annotations: Labels,
    /// The `iss` of its tokens.
    pub issuer: String,
    /// Where its keys are, instead of where its discovery document says.
    pub jwks_uri: Option<String>,
    /// Its keys, as a JSON Web Key Set.
    pub local_jwks: Option<String>,
    /// Whether its tokens count; so unless said otherwise.
    pub active: bool,
    /// How people sign in through it, if they do.
    pub sign_in: Option<SignIn>,
}

impl CreateFederatedProvider {
    /// Reads a body.
    pub fn parse(body: &[u8], rules: &Rules) -> Result<Self, RequestError> {
        let object = Object::parse(body)?;
        let missing = |field| RequestError::Missing { field };
        let naming = NamingChange::read(&object, rules)?;
        let name = naming.name.ok_or_else(|| missing("name"))?;
        let issuer = read_issuer(&object, rules)?.ok_or_else(|| missing("providerIssuer"))?;
        Ok(Self {
            name,
            description: naming.description.unwrap_or_default(),
            labels: naming.labels.unwrap_or_default(),
            annotations: naming.annotations.unwrap_or_default(),
            issuer,
            jwks_uri: read_jwks_uri(&object, rules)?.flatten(),
            local_jwks: field::document(&object, "localJwks", LONGEST_KEYS)?,
            active: read_status(&object)?.unwrap_or(true),
            sign_in: SignIn::read(&object)?.flatten(),
        })
    }
}

/// The body that changes a provider: what is absent stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[allow(
    missing_docs,
    reason = "the fields are those of `CreateFederatedProvider`"
)]
pub struct UpdateFederatedProvider {
    pub name: Option<DisplayName>,
    pub description: Option<Description>,
    pub labels: Option<Labels>,
    pub annotations: Option<Labels>,
    /// The issuer, if it is repeated.
    pub issuer: Option<String>,
    /// `Some(None)`, sent as an empty text, goes back to discovery.
    pub jwks_uri: Option<Option<String>>,
    /// `Some(None)`, sent as a set without keys, goes back to fetching them.
    pub local_jwks: Option<Option<String>>,
    pub active: Option<bool>,
    /// `Some(None)`, sent as an object without a client, ends signing in.
    pub sign_in: Option<Option<SignIn>>,
}

impl UpdateFederatedProvider {
    /// Reads a body.
    pub fn parse(body: &[u8], rules: &Rules) -> Result<Self, RequestError> {
        let object = Object::parse(body)?;
        let keys = field::document(&object, "localJwks", LONGEST_KEYS)?;
        let naming = NamingChange::read(&object, rules)?;
        Ok(Self {
            name: naming.name,
            description: naming.description,
            labels: naming.labels,
            annotations: naming.annotations,
            issuer: read_issuer(&object, rules)?,
            jwks_uri: read_jwks_uri(&object, rules)?,
            local_jwks: keys.map(|keys| (!has_no_keys(&keys)).then_some(keys)),
            active: read_status(&object)?,
            sign_in: SignIn::read(&object)?,
        })
    }
}

fn has_no_keys(set: &str) -> bool {
    let set: serde_json::Value = serde_json::from_str(set).unwrap_or_default();
    set.get("keys")
        .and_then(serde_json::Value::as_array)
        .is_some_and(Vec::is_empty)
}

fn read_issuer(object: &Object<'_>, rules: &Rules) -> Result<Option<String>, RequestError> {
    let rule = UrlRule {
        plain: rules.plain_issuers,
        query: false,
    };
    Ok(rule.read(object, "providerIssuer")?.flatten())
}

fn read_jwks_uri(
    object: &Object<'_>,
    rules: &Rules,
) -> Result<Option<Option<String>>, RequestError> {
    let rule = UrlRule {
        plain: rules.plain_issuers,
        query: true,
    };
    rule.read(object, "providerJwksUri")
}

fn read_status(object: &Object<'_>) -> Result<Option<bool>, RequestError> {
    let field = "status";
    match object.text(field)?.as_ref().map(|text| text.as_str()) {
        None | Some("") => Ok(None),
        Some("active") => Ok(Some(true)),
        Some("inactive") => Ok(Some(false)),
        Some(_) => Err(RequestError::Word {
            field,
            expected: "active or inactive".to_owned(),
        }),
    }
}

/// An issuer whose tokens an organisation trusts.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FederatedProvider {
    /// Its identity, as in `fip-…`.
    pub identity: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Labels, exactly as they were given.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Annotations, exactly as they were given.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// When it was made.
    pub created_at: Time,
    /// When it last changed; absent until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Time>,
    /// Starts at 1 and grows with every change.
    pub object_version: u64,
    /// The `iss` of its tokens; unique in the organisation.
    pub provider_issuer: String,
    /// Where its keys are; absent where its discovery document says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_jwks_uri: Option<String>,
    /// Its pinned keys, exactly as they were given; absent where they are fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub local_jwks: Option<Box<RawValue>>,
    /// `active` or `inactive`.
    pub status: String,
    /// How people sign in through it; absent where they do not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sign_in: Option<SignIn>,
    /// Who made it; absent for a service account, or once they left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<AppUser>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn create(body: &str) -> Result<CreateFederatedProvider, String> {
        CreateFederatedProvider::parse(body.as_bytes(), &Rules::default())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_name_and_an_issuer_are_enough() {
        let made = create(r#"{"name":"GitHub","providerIssuer":"https://i.example"}"#).unwrap();
        assert_eq!(made.issuer, "https://i.example");
        assert!(made.active && made.jwks_uri.is_none() && made.local_jwks.is_none());
    }

    #[test]
    fn refusals_name_the_field() {
        const ISSUER: &str = r#""name":"n","providerIssuer":"https://i.example""#;
        for (body, start) in [
            (
                r#"{"providerIssuer":"https://i"}"#.to_owned(),
                "`name` is required",
            ),
            (r#"{"name":"n"}"#.to_owned(), "`providerIssuer` is required"),
            (
                r#"{"name":"n","providerIssuer":"http://i"}"#.to_owned(),
                "`providerIssuer` must be an https:// URL",
            ),
            (
                format!(r#"{{{ISSUER},"providerJwksUri":"x"}}"#),
                "`providerJwksUri` must be",
            ),
            (
                format!(r#"{{{ISSUER},"localJwks":[]}}"#),
                "`localJwks` must be a JSON object",
            ),
            (
                format!(r#"{{{ISSUER},"status":"expired"}}"#),
                "`status` must be active or",
            ),
            (
                format!(r#"{{{ISSUER},"labels":[]}}"#),
                "`labels` must be a JSON object",
            ),
        ] {
            let message = create(&body).unwrap_err();
            assert!(message.starts_with(start), "{message}");
        }
    }

    #[test]
    fn an_update_says_what_changes_and_no_more() {
        let read = |body: &str| {
            UpdateFederatedProvider::parse(body.as_bytes(), &Rules::default()).unwrap()
        };
        assert_eq!(read("{}"), UpdateFederatedProvider::default());
        let emptied = read(r#"{"providerJwksUri":"","localJwks":{"keys":[]},"labels":{}}"#);
        assert_eq!(
            (emptied.jwks_uri, emptied.local_jwks),
            (Some(None), Some(None))
        );
        assert_eq!(emptied.labels, Some(Labels::default()));
        assert_eq!(read(r#"{"status":"inactive"}"#).active, Some(false));
    }
}

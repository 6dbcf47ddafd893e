//! Federated identities (contract 4.4).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use strongroom_types::{Description, DisplayName, Labels, Reference, ServiceAccountId, Timestamp};
use utoipa::ToSchema;

use crate::federated_field as field;
use crate::federated_provider::FederatedProvider;
use crate::{AppUser, NamingChange, Object, RequestError, Rules, SCOPES, Time};

/// Audiences of one federated identity.
pub(crate) const MOST_AUDIENCES: usize = 32;
/// The longest conditions, in bytes.
const LONGEST_CONDITIONS: usize = 16 * 1024;
/// How the audiences of a token must meet the trusted ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AudienceMode {
    /// The token has exactly one, and it is trusted.
    Exact,
    /// One of the token's is trusted.
    #[default]
    Any,
    /// The token has all that are trusted.
    All,
}

impl AudienceMode {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Exact, Self::Any, Self::All];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Any => "any",
            Self::All => "all",
        }
    }
}

/// What a request sets the status of a federated identity to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewStatus {
    /// It admits tokens.
    Active,
    /// It admits none for now.
    Inactive,
    /// It admits none any more.
    Revoked,
}

/// The body that makes a federated identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateFederatedIdentity {
    /// Its name.
    pub name: DisplayName,
    /// What it is for.
    pub description: Description,
    /// Labels, echoed exactly.
    pub labels: Labels,
    /// Annotations, echoed exactly.
    pub annotations: Labels,
    /// The service account, by identity or slug.
    pub service_account: Reference<ServiceAccountId>,
    /// The provider, by identity.
    pub provider: String,
    /// A pattern over `sub`.
    pub subject: String,
    /// The trusted audiences.
    pub audiences: Vec<String>,
    /// How they must meet the token's.
    pub audience_mode: AudienceMode,
    /// What access tokens are limited to.
    pub scopes: Vec<String>,
    /// When this ends.
    pub expires_at: Option<Timestamp>,
    /// What further claims must be, as a JSON object.
    pub conditions: Option<String>,
}

impl CreateFederatedIdentity {
    /// Reads a body.
    pub fn parse(body: &[u8], rules: &Rules) -> Result<Self, RequestError> {
        let object = Object::parse(body)?;
        let missing = |field| RequestError::Missing { field };
        let account = object.required_text("serviceAccountIdentity")?;
        let account = account.as_str().parse();
        let audiences = field::list(&object, "trustedAudiences", MOST_AUDIENCES)?;
        let naming = NamingChange::read(&object, rules)?;
        Ok(Self {
            name: naming.name.ok_or_else(|| missing("name"))?,
            description: naming.description.unwrap_or_default(),
            labels: naming.labels.unwrap_or_default(),
            annotations: naming.annotations.unwrap_or_default(),
            service_account: account.map_err(|source| RequestError::Reference {
                field: "serviceAccountIdentity",
                source,
            })?,
            provider: object
                .required_text("providerIdentity")?
                .as_str()
                .to_owned(),
            subject: object.required_text("providerSubject")?.as_str().to_owned(),
            audiences: audiences.ok_or_else(|| missing("trustedAudiences"))?,
            audience_mode: read_mode(&object)?.unwrap_or_default(),
            scopes: read_scopes(&object)?.ok_or_else(|| missing("allowedScopes"))?,
            expires_at: read_end(&object)?.flatten(),
            conditions: read_conditions(&object)?.flatten(),
        })
    }
}

/// The body that changes a federated identity: what is absent stays as it is. Service account,
/// provider and subject never change.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[allow(
    missing_docs,
    reason = "the fields are those of `CreateFederatedIdentity`"
)]
pub struct UpdateFederatedIdentity {
    pub name: Option<DisplayName>,
    pub description: Option<Description>,
    pub labels: Option<Labels>,
    pub annotations: Option<Labels>,
    pub audiences: Option<Vec<String>>,
    pub audience_mode: Option<AudienceMode>,
    pub scopes: Option<Vec<String>>,
    pub status: Option<NewStatus>,
    /// `Some(None)`, sent as an empty text, lets it never end.
    pub expires_at: Option<Option<Timestamp>>,
    /// `Some(None)`, sent as `{}`, takes them away.
    pub conditions: Option<Option<String>>,
}

impl UpdateFederatedIdentity {
    /// Reads a body.
    pub fn parse(body: &[u8], rules: &Rules) -> Result<Self, RequestError> {
        let object = Object::parse(body)?;
        for field in [
            "serviceAccountIdentity",
            "providerIdentity",
            "providerSubject",
        ] {
            if object.given(field).is_some() {
                let instead = "it never changes; make another federated identity";
                return Err(RequestError::Unsupported { field, instead });
            }
        }
        let naming = NamingChange::read(&object, rules)?;
        Ok(Self {
            name: naming.name,
            description: naming.description,
            labels: naming.labels,
            annotations: naming.annotations,
            audiences: field::list(&object, "trustedAudiences", MOST_AUDIENCES)?,
            audience_mode: read_mode(&object)?,
            scopes: read_scopes(&object)?,
            status: read_status(&object)?,
            expires_at: read_end(&object)?,
            conditions: read_conditions(&object)?,
        })
    }
}

fn read_mode(object: &Object<'_>) -> Result<Option<AudienceMode>, RequestError> {
    let field = "audienceMatchMode";
    let Some(text) = object.text(field)?.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let mut modes = AudienceMode::ALL.into_iter();
    let mode = modes.find(|mode| mode.as_str() == text.as_str());
    mode.map(Some).ok_or_else(|| RequestError::Word {
        field,
        expected: "exact, any or all".to_owned(),
    })
}

fn read_scopes(object: &Object<'_>) -> Result<Option<Vec<String>>, RequestError> {
    let field = "allowedScopes";
    let scopes = field::list(object, field, SCOPES.len())?;
    let known = |scope: &String| SCOPES.contains(&scope.as_str());
    if scopes
        .as_ref()
        .is_some_and(|scopes| !scopes.iter().all(known))
    {
        return Err(RequestError::Word {
            field,
            expected: format!("an array of {}", SCOPES.join(", ")),
        });
    }
    Ok(scopes)
}

fn read_status(object: &Object<'_>) -> Result<Option<NewStatus>, RequestError> {
    let field = "status";
    match object.text(field)?.as_ref().map(|text| text.as_str()) {
        None | Some("") => Ok(None),
        Some("active") => Ok(Some(NewStatus::Active)),
        Some("inactive") => Ok(Some(NewStatus::Inactive)),
        Some("revoked") => Ok(Some(NewStatus::Revoked)),
        Some(_) => Err(RequestError::Word {
            field,
            expected: "active, inactive or revoked".to_owned(),
        }),
    }
}

fn read_end(object: &Object<'_>) -> Result<Option<Option<Timestamp>>, RequestError> {
    let field = "expiresAt";
    match object.text(field)? {
        None => Ok(None),
        Some(text) if text.is_empty() => Ok(Some(None)),
        Some(text) => {
            let end = text.as_str().parse().map_err(|_| RequestError::Word {
                field,
                expected: "an instant such as 2030-01-31T12:00:00Z".to_owned(),
            })?;
            Ok(Some(Some(end)))
        }
    }
}

fn read_conditions(object: &Object<'_>) -> Result<Option<Option<String>>, RequestError> {
    let field = "conditions";
    let text = field::document(object, field, LONGEST_CONDITIONS)?;
    let is_empty = object
        .object(field)?
        .is_none_or(|object| object.fields().len() == 0);
    Ok(text.map(|text| (!is_empty).then_some(text)))
}

/// A service account, as a federated identity names its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServiceAccountRef {
    /// Its identity, as in `sa-…`.
    pub identity: String,
    /// Its name.
    pub name: String,
    /// Its slug.
    pub slug: String,
    /// When it was made.
    pub created_at: Time,
}

/// Which foreign subjects may act as which service account.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FederatedIdentity {
    /// Its identity, as in `fid-…`.
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
    /// The service account; absent once that was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_account: Option<ServiceAccountRef>,
    /// The provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<FederatedProvider>,
    /// A pattern over `sub`.
    pub provider_subject: String,
    /// The trusted audiences.
    pub trusted_audiences: Vec<String>,
    /// `exact`, `any` or `all`.
    pub audience_match_mode: String,
    /// What access tokens are limited to.
    pub allowed_scopes: Vec<String>,
    /// `active`, `inactive`, `expired` or `revoked`.
    pub status: String,
    /// When it ends; absent where it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Time>,
    /// When it last got a token, to the minute; absent until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Time>,
    /// What further claims must be, exactly as it was given; absent where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub conditions: Option<Box<RawValue>>,
    /// Who made it; absent for a service account, or once they left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<AppUser>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"{"name":"n","serviceAccountIdentity":"robot","providerIdentity":"fip-x",
        "providerSubject":"repo:acme/*","trustedAudiences":["a"],"allowedScopes":["api:read"]}"#;

    fn create(body: &str) -> Result<CreateFederatedIdentity, String> {
        CreateFederatedIdentity::parse(body.as_bytes(), &Rules::default())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_left_out_has_a_default() {
        let made = create(WHOLE).unwrap();
        assert_eq!(made.audience_mode, AudienceMode::Any);
        assert_eq!((made.expires_at, made.conditions), (None, None));
    }

    #[test]
    fn refusals_name_the_field() {
        for (from, to, start) in [
            (r#""name":"n","#, "", "`name` is required"),
            (
                r#""robot""#,
                r#""Robot X""#,
                "`serviceAccountIdentity` must be an identity",
            ),
            (r#""fip-x""#, "7", "`providerIdentity` must be a string"),
            (r#""repo:acme/*""#, r#""""#, "`providerSubject` is required"),
            (
                r#"["a"]"#,
                "[]",
                "`trustedAudiences` must have 1 to 32 entries",
            ),
            (
                r#"["a"]"#,
                r#"[""]"#,
                "`trustedAudiences` must be an array of texts",
            ),
            (r#"["a"]"#, "null", "`trustedAudiences` is required"),
            (
                r#""api:read""#,
                r#""api:everything""#,
                "`allowedScopes` must be an array of",
            ),
            (r#"["api:read"]"#, "null", "`allowedScopes` is required"),
            (
                r#"{"name""#,
                r#"{"audienceMatchMode":"none","name""#,
                "`audienceMatchMode` must",
            ),
            (
                r#"{"name""#,
                r#"{"expiresAt":"soon","name""#,
                "`expiresAt` must be an instant",
            ),
            (
                r#"{"name""#,
                r#"{"conditions":[],"name""#,
                "`conditions` must be a JSON object",
            ),
        ] {
            let message = create(&WHOLE.replacen(from, to, 1)).unwrap_err();
            assert!(message.starts_with(start), "{message}");
        }
    }

    #[test]
    fn an_update_says_what_changes_and_no_more() {
        let read = |body: &str| {
            UpdateFederatedIdentity::parse(body.as_bytes(), &Rules::default())
                .map_err(|error| error.to_string())
        };
        assert_eq!(read("{}"), Ok(UpdateFederatedIdentity::default()));
        let emptied = read(r#"{"expiresAt":"","conditions":{}}"#).unwrap();
        assert_eq!(
            (emptied.expires_at, emptied.conditions),
            (Some(None), Some(None))
        );
        assert_eq!(
            read(r#"{"status":"revoked"}"#).unwrap().status,
            Some(NewStatus::Revoked)
        );
        let expired = read(r#"{"status":"expired"}"#).unwrap_err();
        assert!(expired.starts_with("`status` must be active"), "{expired}");
        let fixed = read(r#"{"providerSubject":"x"}"#).unwrap_err();
        assert!(fixed.contains("never changes"), "{fixed}");
    }
}

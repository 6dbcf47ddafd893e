//! Why somebody may do something, or what is missing (ours).

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use strongroom_types::{ProjectId, Reference, ServiceAccountId, Timestamp, UserId};
use utoipa::ToSchema;

use crate::naming::optional_time;
use crate::object::Object;
use crate::request_error::RequestError;
use crate::role::user_identity;
use crate::{NamedRef, RoleRule, Time};

/// The longest path, identity or slug, in bytes.
const LONGEST_NAME: usize = 1024;

/// Whose rights are asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A member.
    User(UserId),
    /// A service account.
    ServiceAccount(Reference<ServiceAccountId>),
}

/// The body that asks about somebody's rights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explain {
    /// Whose they are; none means the caller's own.
    pub subject: Option<Subject>,
    /// The type of the thing, in the words of rules.
    pub resource: String,
    /// What is to be done to it, in the words of rules.
    pub permission: String,
    /// The thing: a secret's path, else an identity or slug; none means any.
    pub resource_identity: Option<String>,
    /// Where secrets and keys are.
    pub region: Option<String>,
    /// In which project.
    pub project: Option<Reference<ProjectId>>,
    /// From where.
    pub client_ip: Option<IpAddr>,
    /// When.
    pub time: Option<Timestamp>,
}

impl Explain {
    /// Reads a body.
    pub fn parse(body: &[u8]) -> Result<Self, RequestError> {
        let object = Object::parse(body)?;
        let text = |field| {
            let text = object.text(field)?.filter(|text| !text.is_empty());
            Ok::<_, RequestError>(text.map(|text| text.as_str().to_owned()))
        };
        let client_ip = text("clientIp")?.map(|text| text.parse());
        let name = text("resourceIdentity")?;
        if name.as_ref().is_some_and(|name| name.len() > LONGEST_NAME) {
            return Err(RequestError::Word {
                field: "resourceIdentity",
                expected: format!("at most {LONGEST_NAME} bytes long"),
            });
        }
        Ok(Self {
            subject: subject(text("userIdentity")?, text("serviceAccountIdentity")?)?,
            resource: object.required_text("resource")?.as_str().to_owned(),
            permission: object.required_text("permission")?.as_str().to_owned(),
            resource_identity: name,
            region: text("region")?,
            project: reference("projectIdentity", text("projectIdentity")?)?,
            client_ip: client_ip.transpose().map_err(|_| RequestError::Word {
                field: "clientIp",
                expected: "an IPv4 or IPv6 address".to_owned(),
            })?,
            time: optional_time(&object, "time")?,
        })
    }
}

fn subject(user: Option<String>, account: Option<String>) -> Result<Option<Subject>, RequestError> {
    match (user, account) {
        (None, None) => Ok(None),
        (Some(user), None) => Ok(Some(Subject::User(user_identity(&user)?))),
        (None, account) => {
            let account = reference("serviceAccountIdentity", account)?;
            Ok(account.map(Subject::ServiceAccount))
        }
        (Some(_), Some(_)) => Err(RequestError::Word {
            field: "userIdentity",
            expected: "the only one of userIdentity and serviceAccountIdentity".to_owned(),
        }),
    }
}

fn reference<T: std::str::FromStr>(
    field: &'static str,
    text: Option<String>,
) -> Result<Option<Reference<T>>, RequestError>
where
    Reference<T>: std::str::FromStr<Err = strongroom_types::SlugError>,
{
    let parsed = text.map(|text| text.parse());
    parsed
        .transpose()
        .map_err(|source| RequestError::Reference { field, source })
}

/// Why somebody may do something, or what is missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// Whether they may.
    pub allowed: bool,
    /// What decided: `owner`, `rule`, `no_rule`, `credential_scope`, `access_policy` or
    /// `key_permission`.
    pub reason: String,
    /// The same in a sentence.
    pub message: String,
    /// Whose rights it is about.
    pub principal: ExplainedPrincipal,
    /// The type of the thing.
    pub resource: String,
    /// What was asked for.
    pub permission: String,
    /// The thing; absent where any was asked about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_identity: Option<String>,
    /// The project; absent at the organisation's own level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<NamedRef>,
    /// The rules that allow it.
    pub grounds: Vec<ExplainedRule>,
    /// The rules that would allow it, if something did not keep them from counting.
    pub cut: Vec<ExplainedRule>,
    /// The right that is missing; absent where none is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<MissingRight>,
    /// What the secret's access policy says; absent where it is not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_policy: Option<ExplainedPolicy>,
}

/// Whose rights an explanation is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExplainedPrincipal {
    /// `user` or `service_account`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The identity.
    pub identity: String,
    /// The name.
    pub name: String,
}

/// A rule, and how somebody came by it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExplainedRule {
    /// Where it comes from: `organisation_role`, or `iam_policy` of the level or of one above.
    pub source: String,
    /// The role or policy.
    pub role: NamedRef,
    /// The rule.
    pub rule: RoleRule,
    /// What gives the role to them.
    pub binding: ExplainedBinding,
    /// Why it does not count: `scopes` or `expired`; absent where it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut_by: Option<String>,
}

/// What gives a role to somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExplainedBinding {
    /// Its identity.
    pub identity: String,
    /// What it is called; possibly nothing.
    pub name: String,
    /// Whether they have it as members of a team.
    pub through_team: bool,
    /// The team; absent where there is none, or the caller may not read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<NamedRef>,
    /// What it is limited to; empty means nothing.
    pub scopes: Vec<String>,
    /// When it ends; absent where it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Time>,
}

/// A right that is missing: one of these permissions would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MissingRight {
    /// The type of the thing.
    pub resource: String,
    /// The permissions, of which any one suffices.
    pub permissions: Vec<String>,
}

/// What a secret's access policy says of a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExplainedPolicy {
    /// Whether it lets the call through; so does one that is not there.
    pub allowed: bool,
    /// Why not; absent where it does, and without the right to read the secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The condition that decided, from 0 among `conditions`, then `conditionals.allowed`, then
    /// `conditionals.denied`; absent where no single one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<usize>,
    /// The statement that decided, from 0; absent where no single one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<usize>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(body: serde_json::Value) -> Result<Explain, String> {
        Explain::parse(body.to_string().as_bytes()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_question_names_a_resource_and_a_permission_and_perhaps_more() {
        let least = serde_json::json!({"resource": "secret", "permission": "list"});
        let least = parse(least).unwrap();
        assert_eq!((least.subject, least.time), (None, None));
        let all = serde_json::json!({
            "serviceAccountIdentity": "shop", "userIdentity": null, "resource": "secret",
            "permission": "getSecretValue", "resourceIdentity": "/app/db", "region": "nl-01",
            "projectIdentity": "web", "clientIp": "2001:db8::1", "time": "2026-07-01T10:00:00Z",
        });
        let all = parse(all).unwrap();
        assert!(matches!(all.subject, Some(Subject::ServiceAccount(_))));
        assert_eq!(all.client_ip, "2001:db8::1".parse().ok());
        assert_eq!(all.resource_identity.as_deref(), Some("/app/db"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let user = UserId::from_bytes([7; 16]).to_string();
        for (field, value, part) in [
            (
                "resource",
                serde_json::Value::Null,
                "`resource` is required",
            ),
            ("permission", "".into(), "`permission` is required"),
            (
                "clientIp",
                "nowhere".into(),
                "`clientIp` must be an IPv4 or IPv6 address",
            ),
            ("time", "noon".into(), "`time` must be a time"),
            ("userIdentity", "ann".into(), "the identity of a user"),
            (
                "projectIdentity",
                "Ä".into(),
                "`projectIdentity` must be an identity or a slug",
            ),
            (
                "resourceIdentity",
                "x".repeat(1025).into(),
                "at most 1024 bytes",
            ),
            ("serviceAccountIdentity", "shop".into(), "the only one of"),
        ] {
            let mut body = serde_json::json!({"resource": "secret", "permission": "list"});
            if field == "serviceAccountIdentity" {
                body["userIdentity"] = user.clone().into();
            }
            body[field] = value;
            let message = parse(body).unwrap_err();
            assert!(message.contains(part), "{message}");
        }
    }
}

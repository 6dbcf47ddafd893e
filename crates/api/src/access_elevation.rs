//! Asking for a policy for a while, and who may do what (contract 4.4).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use strongroom_types::{Description, Labels, Reference, RoleId, Slug};
use utoipa::ToSchema;

use crate::create_secret::read_labels;
use crate::object::Object;
use crate::request_error::RequestError;
use crate::until::Until;
use crate::value::Rules;
use crate::{AppUser, IamPolicyBinding, NamedRef, Time};

/// Somebody's request for a policy.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccessElevation {
    /// Its identity.
    pub identity: String,
    /// Labels, exactly as they were given.
    pub labels: BTreeMap<String, String>,
    /// Annotations, exactly as they were given.
    pub annotations: BTreeMap<String, String>,
    /// When it was made.
    pub created_at: Time,
    /// When it last changed; at first, when it was made.
    pub updated_at: Time,
    /// Starts at 1 and grows with every change.
    pub object_version: u64,
    /// The project where the policy is to count; absent on the organisation's own level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_id: Option<String>,
    /// The same project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<NamedRef>,
    /// The policy; absent where it is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iam_policy: Option<NamedRef>,
    /// Who asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requester: Option<AppUser>,
    /// `pending`, `approved`, `rejected`, `cancelled`, `expired` or `revoked`.
    pub status: String,
    /// Why it is needed.
    pub reason: String,
    /// When it ends, decided or not.
    pub requested_expires_at: Time,
    /// When somebody decided; absent until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewed_at: Option<Time>,
    /// Who decided; absent where a service account did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewed_by: Option<AppUser>,
    /// Why they decided so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_note: Option<String>,
    /// What gives the policy, as long as it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iam_policy_binding: Option<IamPolicyBinding>,
}

/// A member with all that gives them rights on a level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProjectMember {
    /// The member.
    pub user: AppUser,
    /// What they have.
    pub bindings: Vec<ProjectMemberAccess>,
}

/// One thing that gives a member rights.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProjectMemberAccess {
    /// `iam_policy` or `organisation_role`.
    pub source: String,
    /// The binding.
    pub binding_identity: String,
    /// What the binding is called.
    pub binding_name: String,
    /// When it ends; absent where it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Time>,
    /// The policy or role.
    pub policy_identity: String,
    /// What it is called.
    pub policy_name: String,
    /// Its slug.
    pub policy_slug: String,
}

/// Who may do something to a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResourceAccess {
    /// What the resource is called.
    pub resource_identity: String,
    /// Who may, and by what.
    pub bindings: Vec<ResourceAccessBinding>,
}

/// What one principal holds on a resource by one binding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResourceAccessBinding {
    /// The type that the resource is taken to be of.
    pub resource_type: String,
    /// `iam_policy`, `organisation_role` or `owner`.
    pub binding_type: String,
    /// The binding; an owner's own identity.
    pub binding_identity: String,
    /// The policy or role; absent for an owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_identity: Option<String>,
    /// What it is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_name: Option<String>,
    /// `user` or `service_account`.
    pub principal_type: String,
    /// Who.
    pub principal_identity: String,
    /// What they are called.
    pub principal_display_name: String,
    /// What they may do to it.
    pub permissions: Vec<String>,
    /// When it ends; absent where it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Time>,
}

/// The body that asks for a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateAccessElevation {
    /// The policy.
    pub policy: Reference<RoleId>,
    /// Why it is needed; never empty.
    pub reason: Description,
    /// When it is to end.
    pub until: Until,
    /// Labels, echoed exactly.
    pub labels: Labels,
    /// Annotations, echoed exactly.
    pub annotations: Labels,
}

impl CreateAccessElevation {
    /// Reads a body.
    pub fn parse(body: &[u8], rules: &Rules) -> Result<Self, RequestError> {
        let object = Object::parse(body)?;
        let policy = object.required_text("policyIdentity")?;
        // One that comes with the service also goes by its name.
        let named = |_| Slug::of_name(policy.as_str()).map(Reference::Slug);
        let policy = policy.as_str().parse().or_else(named);
        let reason = text(object.required_text("reason")?.as_str(), "reason")?;
        Ok(Self {
            policy: policy.map_err(|source| RequestError::Reference {
                field: "policyIdentity",
                source,
            })?,
            reason,
            until: Until::read(&object)?.ok_or(RequestError::Missing {
                field: "duration or expiresAt",
            })?,
            labels: read_labels(&object, "labels", rules)?,
            annotations: read_labels(&object, "annotations", rules)?,
        })
    }
}

/// The body that decides about a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewAccessElevation {
    /// Why; possibly nothing.
    pub note: Description,
}

impl ReviewAccessElevation {
    /// Reads a body.
    pub fn parse(body: &[u8]) -> Result<Self, RequestError> {
        let object = Object::parse(body)?;
        let note = object.text("reviewNote")?;
        let note = note.map(|note| text(note.as_str(), "reviewNote"));
        Ok(Self {
            note: note.transpose()?.unwrap_or_default(),
        })
    }
}

fn text(text: &str, field: &'static str) -> Result<Description, RequestError> {
    text.parse()
        .map_err(|source| RequestError::Text { field, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_says_what_why_and_until_when() {
        let parse = |body: serde_json::Value| {
            let body = body.to_string();
            CreateAccessElevation::parse(body.as_bytes(), &Rules::default())
        };
        let full = serde_json::json!({"policyIdentity": "secrets:FullAccess", "reason": "incident",
            "duration": "1h", "expiresAt": null, "labels": null, "annotations": null});
        let parsed = parse(full.clone()).unwrap();
        assert_eq!(parsed.policy.to_string(), "secrets-fullaccess");
        for field in ["policyIdentity", "reason", "duration"] {
            let mut without = full.clone();
            without[field] = "".into();
            let message = parse(without).unwrap_err().to_string();
            assert!(
                message.contains(field) && message.contains("is required"),
                "{message}"
            );
        }
    }

    #[test]
    fn a_decision_may_come_without_a_note() {
        assert_eq!(ReviewAccessElevation::parse(b"").unwrap().note.as_str(), "");
        assert!(ReviewAccessElevation::parse(br#"{"reviewNote":7}"#).is_err());
    }
}

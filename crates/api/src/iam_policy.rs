//! The policies of a project, or of the organisation's own level (contract 4.3, 4.4).

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use strongroom_types::{Description, Labels};
use utoipa::ToSchema;

use crate::create_secret::{read_description, read_labels};
use crate::naming::{Naming, NamingChange, optional_name};
use crate::object::Object;
use crate::request_error::RequestError;
use crate::role::{Grantee, grantee};
use crate::until::Until;
use crate::value::Rules;
use crate::{AppUser, Described, NamedRef, RoleRule, Time};

/// A policy.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct IamPolicy {
    /// Its identity.
    pub identity: String,
    /// What it says about itself.
    #[serde(flatten)]
    pub described: Described,
    /// Whether it cannot be changed here: it comes with the service, or from a project above.
    pub is_read_only: bool,
    /// Whether it comes with the service.
    pub system: bool,
    /// Whether it counts in the projects below, too.
    pub replicate_to_children: bool,
    /// The policy itself, where it comes from above; absent where it is the level's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_iam_policy: Option<NamedRef>,
    /// The project on whose level this is; absent on the organisation's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<NamedRef>,
    /// When and from where it counts, exactly as it was given; absent where always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub conditionals: Option<serde_json::Value>,
    /// What it allows.
    pub rules: Vec<RoleRule>,
    /// Who has it on this level.
    pub bindings: Vec<IamPolicyBinding>,
}

/// A policy given to somebody.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct IamPolicyBinding {
    /// Its identity.
    pub identity: String,
    /// What it says about itself.
    #[serde(flatten)]
    pub described: Described,
    /// The policy; absent where it is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iam_policy: Option<NamedRef>,
    /// The binding itself, where it comes from above and is changed only there; absent where it is the
    /// level's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_iam_policy_binding: Option<NamedRef>,
    /// The project on whose level this is; absent on the organisation's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_id: Option<String>,
    /// The same project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<NamedRef>,
    /// The member who has it; absent where somebody else does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<AppUser>,
    /// The service account that has it; absent where somebody else does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_account: Option<NamedRef>,
    /// When it ends; absent where it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Time>,
}

/// The body that makes a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateIamPolicy {
    /// What it says about itself.
    pub naming: Naming,
    /// Whether it counts in the projects below, too.
    pub replicates: bool,
    /// When and from where it counts, verbatim; empty means always.
    pub conditionals: String,
}

impl CreateIamPolicy {
    /// Reads a body. The conditions are understood elsewhere.
    pub fn parse(body: &[u8], rules: &Rules) -> Result<Self, RequestError> {
        let object = Object::parse(body)?;
        Ok(Self {
            naming: Naming::read(&object, rules)?,
            replicates: object.boolean("replicateToChildren")?.unwrap_or(false),
            conditionals: conditionals(&object)?,
        })
    }
}

/// The body that changes a policy: what is absent stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateIamPolicy {
    /// What it says about itself.
    pub change: NamingChange,
    /// Whether it counts in the projects below, too.
    pub replicates: Option<bool>,
    /// When and from where it counts, verbatim; an empty text clears it, as `null` and `{}` do.
    pub conditionals: Option<String>,
}

impl UpdateIamPolicy {
    /// Reads a body.
    pub fn parse(body: &[u8], rules: &Rules) -> Result<Self, RequestError> {
        let object = Object::parse(body)?;
        let is_there = object.raw("conditionals").is_some();
        Ok(Self {
            change: NamingChange::read(&object, rules)?,
            replicates: object.boolean("replicateToChildren")?,
            conditionals: is_there.then(|| conditionals(&object)).transpose()?,
        })
    }
}

/// The field `conditionals`, verbatim; nothing where it is absent or null.
fn conditionals(object: &Object<'_>) -> Result<String, RequestError> {
    let raw = object.given("conditionals").map(RawValue::get);
    match raw {
        None => Ok(String::new()),
        Some(raw) if raw.starts_with('{') => Ok(raw.to_owned()),
        Some(_) => Err(RequestError::NotAnObject {
            field: "`conditionals`".to_owned(),
        }),
    }
}

/// The body that gives a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateIamPolicyBinding {
    /// What it is called; possibly nothing.
    pub name: String,
    /// What it is for.
    pub description: Description,
    /// Labels, echoed exactly.
    pub labels: Labels,
    /// Annotations, echoed exactly.
    pub annotations: Labels,
    /// To whom; never a team.
    pub grantee: Grantee,
    /// When it ends, if it does.
    pub until: Option<Until>,
}

impl CreateIamPolicyBinding {
    /// Reads a body.
    pub fn parse(body: &[u8], rules: &Rules) -> Result<Self, RequestError> {
        let object = Object::parse(body)?;
        let grantee = grantee(&object)?;
        if matches!(grantee, Grantee::Team(_)) {
            return Err(RequestError::Unsupported {
                field: "teamIdentity",
                instead: "give a team a role of the organisation, or each member the policy",
            });
        }
        Ok(Self {
            name: optional_name(&object)?,
            description: read_description(&object)?,
            labels: read_labels(&object, "labels", rules)?,
            annotations: read_labels(&object, "annotations", rules)?,
            grantee,
            until: Until::read(&object)?,
        })
    }
}

/// The body that changes a binding: what is absent stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateIamPolicyBinding {
    /// What it says about itself.
    pub change: NamingChange,
    /// When it ends: `expiresAt` that is `null` or empty is never.
    pub until: Option<Option<Until>>,
}

impl UpdateIamPolicyBinding {
    /// Reads a body.
    pub fn parse(body: &[u8], rules: &Rules) -> Result<Self, RequestError> {
        let object = Object::parse(body)?;
        let until = Until::read(&object)?;
        let cleared = object.raw("expiresAt").is_some();
        Ok(Self {
            change: NamingChange::read(&object, rules)?,
            until: match until {
                Some(until) => Some(Some(until)),
                None => cleared.then_some(None),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_carried_as_they_were_written_and_go_when_they_say_nothing() {
        let rules = Rules::default();
        let change = |body: &str| {
            let parsed = UpdateIamPolicy::parse(body.as_bytes(), &rules);
            parsed.map(|parsed| parsed.conditionals)
        };
        assert_eq!(change("{}").unwrap(), None);
        assert_eq!(
            change(r#"{"conditionals":null}"#).unwrap(),
            Some(String::new())
        );
        let kept = change(r#"{"conditionals":{"allowed" : []}}"#).unwrap();
        assert_eq!(kept.as_deref(), Some(r#"{"allowed" : []}"#));
        assert!(change(r#"{"conditionals":[]}"#).is_err());
    }

    #[test]
    fn a_policy_goes_to_one_who_is_no_team() {
        let parse = |body: &str| CreateIamPolicyBinding::parse(body.as_bytes(), &Rules::default());
        let given = parse(r#"{"serviceAccountIdentity":"shop","duration":"24h"}"#).unwrap();
        assert!(matches!(given.grantee, Grantee::ServiceAccount(_)));
        assert!(given.until.is_some());
        let team = parse(r#"{"teamIdentity":"ops"}"#).unwrap_err().to_string();
        assert!(
            team.starts_with("`teamIdentity` is not supported"),
            "{team}"
        );
        assert!(parse("{}").is_err());
    }

    #[test]
    fn an_end_stays_unless_something_is_said_about_it() {
        let parse = |body: &str| {
            let parsed = UpdateIamPolicyBinding::parse(body.as_bytes(), &Rules::default());
            parsed.unwrap().until
        };
        assert_eq!(parse(r#"{"description":"x","duration":""}"#), None);
        assert_eq!(parse(r#"{"expiresAt":null}"#), Some(None));
        assert!(matches!(
            parse(r#"{"duration":"1h"}"#),
            Some(Some(Until::For(_)))
        ));
    }
}

//! Roles, their rules and their bindings (contract 4.4).

use serde::{Deserialize, Serialize};
use strongroom_types::{
    Description, Labels, Reference, RoleId, ServiceAccountId, Slug, TeamId, UserId,
};
use utoipa::ToSchema;

use crate::create_secret::{read_description, read_labels};
use crate::naming::{optional_name, scopes, texts};
use crate::object::Object;
use crate::request_error::RequestError;
use crate::value::Rules;
use crate::{AppUser, Described, NamedRef};

/// The most resource types, and the most permissions, of one rule.
const MOST_WORDS: usize = 64;
/// The most resource identities of one rule.
const MOST_IDENTITIES: usize = 256;

/// A role of the organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Role {
    /// Its identity.
    pub identity: String,
    /// What it says about itself.
    #[serde(flatten)]
    pub described: Described,
    /// Whether it cannot be changed.
    pub is_read_only: bool,
    /// Whether it comes with the service.
    pub system: bool,
    /// What it allows.
    pub rules: Vec<RoleRule>,
    /// Who has it.
    pub bindings: Vec<RoleBinding>,
}

/// A rule of a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RoleRule {
    /// Its identity.
    pub identity: String,
    /// Resource types; `*` means all.
    pub resources: Vec<String>,
    /// Names or patterns; empty means all.
    pub resource_identities: Vec<String>,
    /// Permissions; `*` means all.
    pub permissions: Vec<String>,
    /// Why it is there.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// A role given to somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RoleBinding {
    /// Its identity.
    pub identity: String,
    /// What it says about itself.
    #[serde(flatten)]
    pub described: Described,
    /// The role.
    pub organisation_role: NamedRef,
    /// The member who has it; absent where somebody else does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<AppUser>,
    /// The team that has it; absent where somebody else does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<NamedRef>,
    /// The service account that has it; absent where somebody else does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_account: Option<NamedRef>,
    /// What it is limited to; empty means nothing.
    pub scopes: Vec<String>,
}

/// The body that adds a rule. An `identity` that clients send along is not looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddRule {
    /// Resource types.
    pub resources: Vec<String>,
    /// Names or patterns; empty means all.
    pub resource_identities: Vec<String>,
    /// Permissions.
    pub permissions: Vec<String>,
    /// Why it is there.
    pub note: String,
}

impl AddRule {
    /// Reads a body.
    pub fn parse(body: &[u8]) -> Result<Self, RequestError> {
        let object = Object::parse(body)?;
        let note = object.text("note")?;
        let note = note.map(|text| text.as_str().parse::<Description>());
        let note = note.transpose().map_err(|source| RequestError::Text {
            field: "note",
            source,
        })?;
        let note = note.unwrap_or_default();
        Ok(Self {
            resources: texts(&object, "resources", MOST_WORDS)?,
            resource_identities: texts(&object, "resourceIdentities", MOST_IDENTITIES)?,
            permissions: texts(&object, "permissions", MOST_WORDS)?,
            note: note.as_str().to_owned(),
        })
    }
}

/// Who is to get a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grantee {
    /// A member.
    User(UserId),
    /// All members of a team.
    Team(Reference<TeamId>),
    /// A service account.
    ServiceAccount(Reference<ServiceAccountId>),
}

/// The body that gives a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateRoleBinding {
    /// What it is called; possibly nothing.
    pub name: String,
    /// What it is for.
    pub description: Description,
    /// Labels, echoed exactly.
    pub labels: Labels,
    /// Annotations, echoed exactly.
    pub annotations: Labels,
    /// To whom.
    pub grantee: Grantee,
    /// What it is limited to; empty means nothing.
    pub scopes: Vec<String>,
}

impl CreateRoleBinding {
    /// Reads a body.
    pub fn parse(body: &[u8], rules: &Rules) -> Result<Self, RequestError> {
        let object = Object::parse(body)?;
        Ok(Self {
            name: optional_name(&object)?,
            description: read_description(&object)?,
            labels: read_labels(&object, "labels", rules)?,
            annotations: read_labels(&object, "annotations", rules)?,
            grantee: grantee(&object)?,
            scopes: scopes(&object)?,
        })
    }
}

/// Exactly one of three; clients send the others as `null` or empty.
pub(crate) fn grantee(object: &Object<'_>) -> Result<Grantee, RequestError> {
    let given = |field| Ok(object.text(field)?.filter(|text| !text.is_empty()));
    let (user, team) = (given("userIdentity")?, given("teamIdentity")?);
    match (user, team, given("serviceAccountIdentity")?) {
        (Some(user), None, None) => Ok(Grantee::User(user_identity(user.as_str())?)),
        (None, Some(team), None) => {
            let field = "teamIdentity";
            let team = team.as_str().parse();
            let wrong = |source| RequestError::Reference { field, source };
            Ok(Grantee::Team(team.map_err(wrong)?))
        }
        (None, None, Some(account)) => {
            let field = "serviceAccountIdentity";
            let account = account.as_str().parse();
            let wrong = |source| RequestError::Reference { field, source };
            Ok(Grantee::ServiceAccount(account.map_err(wrong)?))
        }
        (None, None, None) => Err(RequestError::Missing {
            field: "userIdentity, teamIdentity or serviceAccountIdentity",
        }),
        _ => Err(RequestError::Word {
            field: "userIdentity",
            expected: "the only one of userIdentity, teamIdentity and serviceAccountIdentity"
                .to_owned(),
        }),
    }
}

/// The role or policy that a text names, if it can name one. One that comes with the service also goes
/// by its name, as in `secrets:ReadAccess`.
pub fn role_reference(text: &str) -> Option<Reference<RoleId>> {
    let named = Slug::of_name(text).map(Reference::Slug);
    text.parse().or(named).ok()
}

/// A user has no slug.
pub(crate) fn user_identity(text: &str) -> Result<UserId, RequestError> {
    text.parse().map_err(|_| RequestError::Word {
        field: "userIdentity",
        expected: "the identity of a user (usr-…), as in the `subject` of a membership".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_goes_to_exactly_one() {
        let user = UserId::from_bytes([7; 16]);
        let parse = |body: serde_json::Value| {
            let body = body.to_string();
            let parsed = CreateRoleBinding::parse(body.as_bytes(), &Rules::default());
            parsed
                .map(|parsed| parsed.grantee)
                .map_err(|error| error.to_string())
        };
        let (none, user) = (serde_json::Value::Null, user.to_string());
        let both = |user, team| {
            serde_json::json!({"name": "b", "userIdentity": user, "teamIdentity": team,
                "serviceAccountIdentity": null, "scopes": null, "labels": null})
        };
        assert!(matches!(
            parse(both(user.clone().into(), none.clone())),
            Ok(Grantee::User(_))
        ));
        assert!(matches!(
            parse(both("".into(), "ops".into())),
            Ok(Grantee::Team(_))
        ));
        for (body, part) in [
            (both(none.clone(), none), "is required"),
            (both(user.into(), "ops".into()), "the only one"),
            (both("ann".into(), "".into()), "the identity of a user"),
        ] {
            let message = parse(body).unwrap_err();
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn a_rule_may_come_with_an_empty_identity() {
        let body = br#"{"identity":"","resources":["secret"],"resourceIdentities":null,
            "permissions":["read"],"note":"why"}"#;
        let rule = AddRule::parse(body).unwrap();
        assert_eq!(rule.resource_identities, Vec::<String>::new());
        assert_eq!(
            (rule.permissions.as_slice(), rule.note.as_str()),
            (&["read".to_owned()][..], "why")
        );
        assert!(AddRule::parse(br#"{"resources":"secret"}"#).is_err());
    }
}

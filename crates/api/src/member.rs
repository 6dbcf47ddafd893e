//! Teams and memberships (contract 4.4).

use serde::{Deserialize, Serialize};
use strongroom_types::{TextError, UserId};
use utoipa::ToSchema;

use crate::object::Object;
use crate::request_error::RequestError;
use crate::role::user_identity;
use crate::{AppUser, Described, Time};

/// The longest role in a team, in characters.
const LONGEST_ROLE: usize = 64;

/// A group of members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Team {
    /// Its identity.
    pub identity: String,
    /// What it says about itself.
    #[serde(flatten)]
    pub described: Described,
    /// Who is in it.
    pub members: Vec<TeamMember>,
}

/// A member of a team.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TeamMember {
    /// What takes them out again: the user's identity.
    pub identity: String,
    /// What they are in it: a word that decides nothing.
    pub role: String,
    /// Who they are.
    pub user: AppUser,
    /// When they joined.
    pub created_at: Time,
}

/// The body that lets a member join a team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddTeamMember {
    /// Who.
    pub user: UserId,
    /// As what; possibly nothing.
    pub role: String,
}

impl AddTeamMember {
    /// Reads a body.
    pub fn parse(body: &[u8]) -> Result<Self, RequestError> {
        let object = Object::parse(body)?;
        let user = user_identity(object.required_text("userIdentity")?.as_str())?;
        let role = object.text("role")?;
        let role = role.map_or_else(String::new, |role| role.as_str().to_owned());
        let wrong = |source| RequestError::Text {
            field: "role",
            source,
        };
        if role.chars().count() > LONGEST_ROLE {
            return Err(wrong(TextError::TooLong { max: LONGEST_ROLE }));
        }
        if role.chars().any(char::is_control) {
            return Err(wrong(TextError::Control));
        }
        Ok(Self { user, role })
    }
}

/// The word for a member who holds everything.
const OWNER: &str = "OWNER";
/// The word for every other member.
const MEMBER: &str = "MEMBER";

/// Somebody's membership of the organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Membership {
    /// Its identity, which is the user's.
    pub identity: String,
    /// When it began.
    pub created_at: Time,
    /// The organisation; only where the caller asks for all of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organisation: Option<Organisation>,
    /// Who it is.
    pub user: AppUser,
    /// `OWNER` holds everything, `MEMBER` what it is given.
    pub role: String,
}

impl Membership {
    /// The word for a member.
    pub fn role(owner: bool) -> String {
        if owner { OWNER } else { MEMBER }.to_owned()
    }
}

/// An organisation, as its members see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Organisation {
    /// Its identity.
    pub identity: String,
    /// What people call it.
    pub name: String,
    /// What headers can call it.
    pub slug: String,
    /// When it was made.
    pub created_at: Time,
    /// Always 1: an organisation does not change.
    pub object_version: u64,
}

/// The body that makes a member an owner, or no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UpdateMembership {
    /// Whether they hold everything.
    pub owner: bool,
}

impl UpdateMembership {
    /// Reads a body.
    pub fn parse(body: &[u8]) -> Result<Self, RequestError> {
        let object = Object::parse(body)?;
        let owner = is_owner(object.required_text("role")?.as_str())?;
        Ok(Self { owner })
    }
}

/// Whether this is the word for a member who holds everything, of the two that there are.
pub(crate) fn is_owner(role: &str) -> Result<bool, RequestError> {
    match role {
        OWNER => Ok(true),
        MEMBER => Ok(false),
        _ => Err(RequestError::Word {
            field: "role",
            expected: format!("{OWNER} or {MEMBER}"),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_one_of_two_words() {
        let owner = |body: &str| UpdateMembership::parse(body.as_bytes()).map(|one| one.owner);
        assert!(owner(r#"{"role":"OWNER"}"#).unwrap());
        assert!(!owner(r#"{"role":"MEMBER"}"#).unwrap());
        for body in ["{}", r#"{"role":""}"#, r#"{"role":"owner"}"#] {
            assert!(owner(body).is_err(), "{body}");
        }
    }

    #[test]
    fn who_joins_a_team_is_a_user() {
        let user = UserId::from_bytes([7; 16]);
        let parse = |user: &str, role: &str| {
            let body = serde_json::json!({"userIdentity": user, "role": role}).to_string();
            AddTeamMember::parse(body.as_bytes())
        };
        assert_eq!(parse(&user.to_string(), "LEAD").unwrap().role, "LEAD");
        assert!(parse("ann", "LEAD").is_err());
        assert!(parse(&user.to_string(), &"x".repeat(65)).is_err());
        assert!(parse(&user.to_string(), "a\nb").is_err());
    }
}

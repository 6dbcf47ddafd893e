//! Invitations (contract 4.4: the list; making, withdrawing and taking them is ours).

use serde::{Deserialize, Serialize};
use strongroom_types::{DisplayName, Reference, RoleId, TeamId, TextError};
use utoipa::ToSchema;

use crate::member::{Membership, is_owner};
use crate::naming::name;
use crate::object::Object;
use crate::request_error::RequestError;
use crate::role::role_reference;
use crate::sensitive::{SensitiveBody, SensitiveJson};
use crate::until::Until;
use crate::{AppUser, NamedRef, Organisation, Time};

/// The longest e-mail address, in bytes (RFC 5321, section 4.5.3.1.3).
const LONGEST_EMAIL: usize = 254;

/// The body that invites somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateInvite {
    /// Whom: their e-mail address.
    pub email: String,
    /// Whether they will hold everything.
    pub owner: bool,
    /// The team that they will join.
    pub team: Option<Reference<TeamId>>,
    /// The role that they will get.
    pub role: Option<Reference<RoleId>>,
    /// When the invitation ends; after a week unless given.
    pub until: Option<Until>,
}

impl CreateInvite {
    /// Reads a body.
    pub fn parse(body: &[u8]) -> Result<Self, RequestError> {
        let object = Object::parse(body)?;
        Ok(Self {
            email: email(object.required_text("email")?.as_str())?,
            owner: match object.text("role")?.filter(|role| !role.is_empty()) {
                Some(role) => is_owner(role.as_str())?,
                None => false,
            },
            team: team(&object, "joinTeamOnAccept")?,
            role: role(&object, "rolebindingOnAccept")?,
            until: Until::read(&object)?,
        })
    }
}

/// The team that a field names, if it names one.
fn team(
    object: &Object<'_>,
    field: &'static str,
) -> Result<Option<Reference<TeamId>>, RequestError> {
    let text = object.text(field)?.filter(|text| !text.is_empty());
    let parsed = text.map(|text| text.as_str().parse());
    parsed.transpose().map_err(|_| not_named(field))
}

/// The role that a field names, if it names one.
fn role(
    object: &Object<'_>,
    field: &'static str,
) -> Result<Option<Reference<RoleId>>, RequestError> {
    let text = object.text(field)?.filter(|text| !text.is_empty());
    let named = text.map(|text| role_reference(text.as_str()).ok_or_else(|| not_named(field)));
    named.transpose()
}

fn not_named(field: &'static str) -> RequestError {
    let expected = "an identity or a slug".to_owned();
    RequestError::Word { field, expected }
}

/// An address that mail could reach: something, one `@`, and something, in letters that look like
/// nothing else (printable ASCII). Whether it exists only mail can tell.
fn email(text: &str) -> Result<String, RequestError> {
    let field = "email";
    if text.len() > LONGEST_EMAIL {
        let max = LONGEST_EMAIL;
        let source = TextError::TooLong { max };
        return Err(RequestError::Text { field, source });
    }
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic());
    match text.split_once('@') {
        Some((name, host))
            if plain && !name.is_empty() && !host.is_empty() && !host.contains('@') =>
        {
            Ok(text.to_owned())
        }
        _ => Err(RequestError::Word {
            field,
            expected: "an e-mail address such as ann@example.com".to_owned(),
        }),
    }
}

/// The body that takes an invitation.
pub struct AcceptInvite {
    /// The code that was shown when the invitation was made; a secret.
    pub code: zeroize::Zeroizing<String>,
    /// What the new member is called; their address unless given.
    pub name: Option<DisplayName>,
}

impl AcceptInvite {
    /// Reads a body.
    pub fn parse(body: &[u8]) -> Result<Self, RequestError> {
        let object = Object::parse(body)?;
        let given = object.text("name")?.filter(|name| !name.is_empty());
        Ok(Self {
            code: zeroize::Zeroizing::new(object.required_text("code")?.as_str().to_owned()),
            name: given.map(|text| name(text.as_str())).transpose()?,
        })
    }
}

/// An invitation. What lets somebody in is shown only to whoever made it, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Invite {
    /// To whom.
    pub email: String,
    /// To what.
    pub organisation: Organisation,
    /// As what: `OWNER` or `MEMBER`.
    pub role: String,
    /// By whom, as far as they are a member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invited_by_user: Option<AppUser>,
    /// The team that they will join.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub join_team_on_accept: Option<NamedRef>,
    /// The role that they will get.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rolebinding_on_accept: Option<NamedRef>,
    /// When.
    pub created_at: Time,
    /// Until when.
    pub expires_at: Time,
    /// What names the invitation, to withdraw it.
    pub invite_code: String,
}

/// The body that shows a new invitation with the code that takes it, this once.
pub fn invite_reply(invite: &str, expires_at: &str, accept_code: &str) -> SensitiveBody {
    let texts = [invite, expires_at, accept_code];
    let mut json = SensitiveJson::new(texts.iter().map(|text| text.len() + 24).sum());
    json.plain("inviteCode", &invite);
    json.plain("expiresAt", &expires_at);
    json.plain("acceptCode", &accept_code);
    json.finish()
}

/// The body that welcomes a new member, with a personal access token, shown this once.
pub fn joined_reply(membership: &Membership, token: &str) -> SensitiveBody {
    // Of strings and numbers, which serialising cannot refuse.
    let membership = serde_json::to_string(membership).unwrap_or_default();
    let mut json = SensitiveJson::new(membership.len() + token.len() + 48);
    json.json("membership", &membership);
    json.plain("token", &token);
    json.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_invited_has_an_address() {
        let parse = |email: &str| {
            let body = serde_json::json!({ "email": email }).to_string();
            CreateInvite::parse(body.as_bytes())
        };
        let ann = parse("ann@example.com").unwrap();
        assert_eq!((ann.email.as_str(), ann.owner), ("ann@example.com", false));
        assert_eq!((ann.team, ann.role, ann.until), (None, None, None));
        let long = format!("{}@example.com", "x".repeat(243));
        for wrong in [
            "",
            "ann",
            "@",
            "ann@",
            "@example.com",
            "a@b@c",
            "a b@c",
            "a\n@c",
            &long,
        ] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn what_they_will_be_and_have_is_read() {
        let team = TeamId::from_bytes([7; 16]);
        let body = serde_json::json!({
            "email": "ann@example.com", "role": "OWNER", "joinTeamOnAccept": team.to_string(),
            "rolebindingOnAccept": "secrets-readers", "duration": "2d",
        });
        let read = CreateInvite::parse(body.to_string().as_bytes()).unwrap();
        assert!(read.owner);
        assert_eq!(read.team, Some(Reference::Identity(team)));
        assert!(matches!(read.role, Some(Reference::Slug(_))));
        assert!(matches!(read.until, Some(Until::For(_))));
        for (field, value) in [
            ("role", "owner"),
            ("joinTeamOnAccept", "No Team"),
            ("rolebindingOnAccept", "/"),
            ("expiresAt", "soon"),
        ] {
            let body = serde_json::json!({ "email": "ann@example.com", field: value });
            let error = CreateInvite::parse(body.to_string().as_bytes()).unwrap_err();
            assert!(error.to_string().contains(field), "{error}");
        }
    }

    #[test]
    fn a_code_is_required_and_a_name_is_not() {
        let read = AcceptInvite::parse(br#"{"code":"tc_inv_x","name":""}"#).unwrap();
        assert_eq!((read.code.as_str(), read.name), ("tc_inv_x", None));
        for wrong in [
            "",
            "{}",
            r#"{"code":7}"#,
            r#"{"code":"x","name":"a\u0000"}"#,
        ] {
            assert!(AcceptInvite::parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}

//! How people sign in through an identity provider (ours, beside contract 4.4).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Object, RequestError};

/// The scopes that the command line asks for unless told otherwise: who somebody is, and their
/// e-mail address, by which they are found the first time.
const SCOPES: [&str; 2] = ["openid", "email"];
/// The longest client id, in characters.
const LONGEST_CLIENT: usize = 255;
/// Scopes of one provider.
const MOST_SCOPES: usize = 16;

/// The field `signIn` of a provider: as which of its clients the command line asks, and for what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignIn {
    /// The public client that the command line is at the provider.
    pub client_id: String,
    /// What the command line asks the provider for.
    pub scopes: Vec<String>,
    /// The claim by which the provider vouches for the e-mail address; absent: `email_verified`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified_claim: Option<String>,
}

impl SignIn {
    /// The field; `Some(None)`, sent as an object without a client, ends signing in.
    pub(crate) fn read(outer: &Object<'_>) -> Result<Option<Option<Self>>, RequestError> {
        let Some(object) = outer.object("signIn")? else {
            return Ok(None);
        };
        let client = object.text("clientId")?;
        let client = client.as_ref().map_or("", |text| text.as_str());
        let scopes = read_scopes(&object)?;
        let verified_claim = read_claim(&object)?;
        if client.is_empty() {
            return Ok(Some(None));
        }
        if client.len() > LONGEST_CLIENT || !client.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(RequestError::Word {
                field: "signIn.clientId",
                expected: format!(
                    "1 to {LONGEST_CLIENT} visible ASCII characters, as the provider shows it"
                ),
            });
        }
        Ok(Some(Some(Self {
            client_id: client.to_owned(),
            scopes: scopes.unwrap_or_else(|| SCOPES.map(str::to_owned).to_vec()),
            verified_claim,
        })))
    }
}

fn read_claim(object: &Object<'_>) -> Result<Option<String>, RequestError> {
    let text = object.text("verifiedClaim")?;
    let claim = text.as_ref().map_or("", |text| text.as_str());
    if claim.len() > LONGEST_CLIENT || !claim.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(RequestError::Word {
            field: "signIn.verifiedClaim",
            expected: format!(
                "the name of a claim, of at most {LONGEST_CLIENT} visible ASCII characters"
            ),
        });
    }
    Ok((!claim.is_empty()).then(|| claim.to_owned()))
}

/// Scopes as RFC 6749 spells them (appendix A.4); without `openid` a provider gives no ID token.
fn read_scopes(object: &Object<'_>) -> Result<Option<Vec<String>>, RequestError> {
    let Some(raw) = object.given("scopes") else {
        return Ok(None);
    };
    let field = "signIn.scopes";
    let wrong = || RequestError::Word {
        field,
        expected: format!(
            "an array of 1 to {MOST_SCOPES} scopes without blanks and quotes, one of them openid"
        ),
    };
    let scopes: Vec<String> = serde_json::from_str(raw.get()).map_err(|_| wrong())?;
    let plain = |scope: &String| {
        let legal = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
        (1..=255).contains(&scope.len()) && scope.bytes().all(legal)
    };
    let fits = (1..=MOST_SCOPES).contains(&scopes.len())
        && scopes.iter().all(plain)
        && scopes.iter().any(|scope| scope == "openid");
    if fits { Ok(Some(scopes)) } else { Err(wrong()) }
}

/// How people sign in to an organisation.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SignInOptions {
    /// The organisation's identity.
    pub organisation: String,
    /// The providers, by their names; at least one.
    pub providers: Vec<SignInProvider>,
}

/// A provider through which people sign in.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignInProvider {
    /// Its identity, as in `fip-…`.
    pub identity: String,
    /// Its name.
    pub name: String,
    /// The `iss` of its tokens; its endpoints are where its discovery document says.
    pub issuer: String,
    /// The public client that the command line is there.
    pub client_id: String,
    /// What to ask it for.
    pub scopes: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Option<Option<SignIn>>, String> {
        let object = Object::parse(body.as_bytes()).unwrap();
        SignIn::read(&object).map_err(|error| error.to_string())
    }

    #[test]
    fn a_client_is_enough_and_none_ends_it() {
        let made = read(r#"{"signIn":{"clientId":"cli"}}"#).unwrap().unwrap();
        let made = made.unwrap();
        assert_eq!((made.client_id.as_str(), made.scopes.len()), ("cli", 2));
        let more = r#"{"signIn":{"clientId":"cli","scopes":["openid","groups"]}}"#;
        let more = read(more).unwrap().unwrap().unwrap();
        assert_eq!(more.scopes, ["openid", "groups"]);
        for body in ["{}", r#"{"signIn":null}"#] {
            assert_eq!(read(body), Ok(None), "{body}");
        }
        for body in [r#"{"signIn":{}}"#, r#"{"signIn":{"clientId":""}}"#] {
            assert_eq!(read(body), Ok(Some(None)), "{body}");
        }
    }

    #[test]
    fn refusals_name_the_field() {
        let long = format!(r#"{{"clientId":"{}"}}"#, "a".repeat(256));
        for (field, start) in [
            ("[]", "`signIn` must be a JSON object"),
            (r#"{"clientId":7}"#, "`signIn.clientId` must be a string"),
            (r#"{"clientId":"a b"}"#, "`signIn.clientId` must be 1 to"),
            (long.as_str(), "`signIn.clientId` must be 1 to"),
            (
                r#"{"clientId":"a","scopes":"openid"}"#,
                "`signIn.scopes` must be",
            ),
            (
                r#"{"clientId":"a","verifiedClaim":"a b"}"#,
                "`signIn.verifiedClaim` must be the name",
            ),
            (r#"{"clientId":"a","scopes":[]}"#, "`signIn.scopes` must be"),
            (
                r#"{"clientId":"a","scopes":["email"]}"#,
                "`signIn.scopes` must be",
            ),
            (
                r#"{"clientId":"a","scopes":["openid","a b"]}"#,
                "`signIn.scopes` must be",
            ),
        ] {
            let message = read(&format!(r#"{{"signIn":{field}}}"#)).unwrap_err();
            assert!(message.starts_with(start), "{message}");
        }
    }
}

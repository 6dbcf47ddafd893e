//! `POST /oidc/token`: access tokens from client credentials (contract 3.2; RFC 6749 section 4.4).

use std::borrow::Cow;

use http::{Method, StatusCode};
use percent_encoding::percent_decode_str;
use strongroom_api::{ErrorCode, TokenReply};
use strongroom_engine::AccessTokenError;
use strongroom_types::Plaintext;
use zeroize::Zeroizing;

use super::credentials::Presented;
use super::guard::{OpenRequest, Parts, Public};
use super::refusal::Refusal;
use super::reply::Reply;
use super::route::{Answer, Route, Routes};

/// Adds the route.
pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(
        Route::new(Method::POST, "/oidc/token", "issueToken")
            .about("Issues an access token for a service account's client id and secret.")
            .takes("TokenRequest")
            .answers(StatusCode::OK, Answer::One("TokenReply")),
        issue,
    )
}

async fn issue(public: Public<ClientCredentials>) -> Result<Reply, Refusal> {
    let Public {
        engine,
        call,
        input: ClientCredentials { id, secret },
        ..
    } = public;
    let issued = engine
        .tokens()
        .issue(&call, &id, secret)
        .await
        .map_err(refusal)?;
    Ok(Reply::sensitive(issued, |issued| {
        TokenReply::to_body(issued.token.expose(), issued.expires_in.as_secs())
    }))
}

/// The error codes of RFC 6749, 5.2, or for faults that of a server that should be asked again.
fn refusal(error: AccessTokenError) -> Refusal {
    let word = match &error {
        AccessTokenError::InvalidClient => "invalid_client",
        AccessTokenError::TooManyAttempts { .. }
        | AccessTokenError::Row(_)
        | AccessTokenError::Seal(_)
        | AccessTokenError::Audit(_) => "temporarily_unavailable",
    };
    Refusal::from(error).for_oauth(word)
}

/// A client's id and secret.
struct ClientCredentials {
    id: String,
    secret: Plaintext,
}

impl OpenRequest for ClientCredentials {
    const HAS_BODY: bool = true;

    /// By HTTP Basic, or in the form. Clients try the one and then the other, so both count.
    fn read(parts: &Parts<'_>) -> Result<Self, Refusal> {
        let field = |name: &str| {
            let mut fields = form_urlencoded::parse(parts.body);
            fields
                .find(|(field, _)| field == name)
                .map(|(_, value)| Zeroizing::new(value.into_owned()))
        };
        match field("grant_type").as_deref().map(String::as_str) {
            Some("client_credentials") => {}
            Some(_) => {
                let message = "`grant_type` must be client_credentials";
                let refusal = Refusal::new(ErrorCode::NotSupported, message);
                return Err(refusal.for_oauth("unsupported_grant_type"));
            }
            None => {
                let message = "`grant_type` is required, in a body of form fields";
                let refusal = Refusal::new(ErrorCode::InvalidRequest, message);
                return Err(refusal.for_oauth("invalid_request"));
            }
        }
        if let Presented::Basic { id, secret } = Presented::of(parts.headers) {
            return Self::from_basic(&id, &secret);
        }
        match (field("client_id"), field("client_secret")) {
            (Some(id), Some(secret)) if !id.is_empty() => Ok(Self {
                id: id.to_string(),
                secret: Plaintext::new(secret.as_bytes().to_vec()),
            }),
            _ => Err(Refusal::of(ErrorCode::InvalidClient).for_oauth("invalid_client")),
        }
    }
}

impl ClientCredentials {
    /// Both halves are form-encoded before they are joined (RFC 6749, 2.3.1).
    fn from_basic(id: &str, secret: &Plaintext) -> Result<Self, Refusal> {
        let wrong = || Refusal::of(ErrorCode::InvalidClient).for_oauth("invalid_client");
        let text = std::str::from_utf8(secret.expose()).map_err(|_| wrong())?;
        Ok(Self {
            id: decoded(id).into_owned(),
            secret: Plaintext::new(decoded(text).as_bytes().to_vec()),
        })
    }
}

/// Form-decoded: `+` is a space. Ids and secrets of this service hold neither.
fn decoded(text: &str) -> Cow<'_, str> {
    if !text.contains(['%', '+']) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(
        percent_decode_str(&text.replace('+', " "))
            .decode_utf8_lossy()
            .into_owned(),
    )
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, Uri, header};
    use strongroom_api::Rules;

    use super::*;
    use crate::http::url::Url;

    fn read(basic: Option<&'static str>, body: &str) -> Result<(String, String), u16> {
        let mut headers = HeaderMap::new();
        if let Some(basic) = basic {
            headers.insert(header::AUTHORIZATION, HeaderValue::from_static(basic));
        }
        let uri = Uri::from_static("/oidc/token");
        let rules = Rules::default();
        let (url, body) = (Url::of(&uri), body.as_bytes());
        let parts = Parts {
            url,
            headers: &headers,
            body,
            rules: &rules,
        };
        let read = ClientCredentials::read(&parts).map_err(|refusal| refusal.code().status())?;
        let secret = String::from_utf8(read.secret.expose().to_vec()).unwrap();
        Ok((read.id, secret))
    }

    #[test]
    fn both_ways_are_read() {
        let both = Ok(("id".to_owned(), "se:c/ret".to_owned()));
        // base64 of `id:se%3Ac%2Fret`.
        let basic = "Basic aWQ6c2UlM0FjJTJGcmV0";
        assert_eq!(read(Some(basic), "grant_type=client_credentials"), both);
        let form = "grant_type=client_credentials&client_id=id&client_secret=se%3Ac%2Fret";
        assert_eq!(read(None, form), both);
        assert_eq!(
            read(
                Some(basic),
                "client_id=x&client_secret=y&grant_type=client_credentials"
            ),
            both
        );
    }

    #[test]
    fn the_rest_is_refused() {
        assert_eq!(read(None, ""), Err(400));
        assert_eq!(
            read(None, "grant_type=password&client_id=a&client_secret=b"),
            Err(400)
        );
        assert_eq!(read(None, "grant_type=client_credentials"), Err(401));
        assert_eq!(
            read(None, "grant_type=client_credentials&client_id=a"),
            Err(401)
        );
        assert_eq!(
            read(Some("Basic ???"), "grant_type=client_credentials"),
            Err(401)
        );
    }
}

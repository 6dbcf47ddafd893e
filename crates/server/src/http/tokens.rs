//! `POST /oidc/token`: access tokens from client credentials (contract 3.2; RFC 6749 section 4.4) and
//! from tokens of trusted issuers (contract 3.3; RFC 8693).

use http::{Method, StatusCode};
use strongroom_api::TokenReply;
use strongroom_engine::{
    AccessTokenError, ExchangeError, IdTokenError, IssueError, SignInError, TokenError,
};

use super::guard::Public;
use super::refusal::Refusal;
use super::reply::Reply;
use super::route::{Answer, Route, Routes};
use super::token_request::TokenRequest;

/// Adds the route.
pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(
        Route::new(Method::POST, "/oidc/token", "issueToken")
            .about(
                "Issues an access token for a service account's client id and secret, for a token \
                 of an issuer that the organisation trusts, or for a person's ID token.",
            )
            .takes("TokenRequest")
            .answers(StatusCode::OK, Answer::One("TokenReply")),
        issue,
    )
}

async fn issue(public: Public<TokenRequest>) -> Result<Reply, Refusal> {
    let Public {
        engine,
        call,
        input: TokenRequest { ask, more },
        ..
    } = public;
    let issued = engine.tokens().answer(&call, ask, &more).await;
    let issued = issued.map_err(refusal)?;
    Ok(Reply::sensitive(issued, |issued| {
        let id_token = issued.id_token.as_ref();
        // A JWT is text.
        let id_token = id_token.and_then(|token| std::str::from_utf8(token.expose()).ok());
        TokenReply::to_body(issued.token.expose(), issued.expires_in.as_secs(), id_token)
    }))
}

/// The error codes of RFC 6749, 5.2, or for faults that of a server that should be asked again.
fn refusal(error: TokenError) -> Refusal {
    let word = match &error {
        TokenError::Credentials(AccessTokenError::InvalidClient) => "invalid_client",
        TokenError::Exchange(ExchangeError::Refused(_))
        | TokenError::SignIn(SignInError::Refused(_)) => "invalid_grant",
        TokenError::Credentials(AccessTokenError::Issue(error))
        | TokenError::Exchange(ExchangeError::Issue(error))
        | TokenError::SignIn(SignInError::Issue(error)) => not_issued(error),
        TokenError::Credentials(_) | TokenError::Exchange(_) | TokenError::SignIn(_) => {
            "temporarily_unavailable"
        }
    };
    Refusal::from(error).for_oauth(word)
}

const fn not_issued(error: &IssueError) -> &'static str {
    match error {
        IssueError::IdToken(IdTokenError::Scope | IdTokenError::Person) => "invalid_scope",
        IssueError::IdToken(IdTokenError::Project) | IssueError::UnknownProject => {
            "invalid_request"
        }
        IssueError::Seal(_) | IssueError::IdToken(_) => "temporarily_unavailable",
    }
}

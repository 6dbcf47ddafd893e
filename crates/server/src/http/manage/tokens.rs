//! A user's own personal access tokens. Ours beside the contract, whose clients only use them.

use http::{Method, StatusCode};
use strongroom_authz as authz;
use strongroom_engine::NewAccessCredential;

use super::super::asked::Asked;
use super::super::guard::Granted;
use super::super::refusal::Refusal;
use super::super::reply::Reply;
use super::super::route::{Answer, Route, Routes};
use super::views;

const ALL: &str = "/v1/me/personal-access-tokens";
const ONE: &str = "/v1/me/personal-access-tokens/{tid}";

/// Adds the routes.
pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(
            Route::new(Method::GET, ALL, "listOwnTokens")
                .about("Lists the caller's personal access tokens, without their values.")
                .answers(StatusCode::OK, Answer::Many("PersonalToken")),
            list,
        )
        .add(
            Route::new(Method::POST, ALL, "createOwnToken")
                .about("Issues a personal access token and shows its value this once.")
                .takes("CreateAccessCredential")
                .answers(StatusCode::CREATED, Answer::One("PersonalTokenReply")),
            create,
        )
        .add(
            Route::new(Method::DELETE, ONE, "revokeOwnToken")
                .about("Revokes one of the caller's tokens; it is dead at once.")
                .answers(StatusCode::NO_CONTENT, Answer::Nothing),
            revoke,
        )
}

async fn list(granted: Granted<Asked<authz::ListOwnTokens>>) -> Result<Reply, Refusal> {
    let (engine, call, grant, _) = granted.parts();
    let listed = engine.manage().list_own_tokens(grant, &call).await?;
    Reply::json(listed, views::each(views::personal_token))
}

async fn create(
    granted: Granted<Asked<authz::CreateOwnToken, NewAccessCredential>>,
) -> Result<Reply, Refusal> {
    let (engine, call, grant, new) = granted.parts();
    let issued = engine
        .manage()
        .create_own_token(grant, &call, new.0)
        .await?;
    Ok(Reply::sensitive(issued, views::issued_token))
}

async fn revoke(granted: Granted<Asked<authz::RevokeOwnToken>>) -> Result<Reply, Refusal> {
    let (engine, call, grant, _) = granted.parts();
    let revoked = engine.manage().revoke_own_token(grant, &call).await?;
    Ok(Reply::empty(revoked))
}

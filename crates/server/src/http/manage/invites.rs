//! Invitations. The contract's clients list them; making, withdrawing and taking them is ours.

use http::{Method, StatusCode};
use strongroom_api as api;
use strongroom_authz as authz;
use strongroom_engine::NewInvite;

use super::super::asked::Asked;
use super::super::guard::{Granted, OpenRequest, Parts, Public};
use super::super::refusal::Refusal;
use super::super::reply::Reply;
use super::super::route::{Answer, Route, Routes};
use super::views;

const ALL: &str = "/v1/invites";
const ONE: &str = "/v1/invites/{invite}";
const ACCEPT: &str = "/v1/invites/accept";

/// Adds the routes.
pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(
            Route::new(Method::GET, ALL, "listInvites")
                .about("Lists the open invitations that the caller may read.")
                .answers(StatusCode::OK, Answer::Many("Invite")),
            list,
        )
        .add(
            Route::new(Method::POST, ALL, "createInvite")
                .about("Invites somebody, and shows the code that lets them in this once.")
                .takes("CreateInvite")
                .answers(StatusCode::CREATED, Answer::One("InviteReply")),
            create,
        )
        .add(
            Route::new(Method::DELETE, ONE, "withdrawInvite")
                .about("Withdraws an invitation; its code is dead at once.")
                .answers(StatusCode::NO_CONTENT, Answer::Nothing),
            withdraw,
        )
        .add(
            Route::new(Method::POST, ACCEPT, "acceptInvite")
                .about(
                    "Makes the holder of an invitation's code a member, and shows a personal access \
                     token of theirs this once.",
                )
                .takes("AcceptInvite")
                .answers(StatusCode::CREATED, Answer::One("JoinedReply")),
            accept,
        )
}

async fn list(granted: Granted<Asked<authz::ListInvites>>) -> Result<Reply, Refusal> {
    let (engine, call, grant, _) = granted.parts();
    let listed = engine.manage().list_invites(grant, &call).await?;
    Reply::json(listed, views::each(views::invite))
}

async fn create(granted: Granted<Asked<authz::CreateInvite, NewInvite>>) -> Result<Reply, Refusal> {
    let (engine, call, grant, new) = granted.parts();
    let issued = engine.manage().create_invite(grant, &call, new.0).await?;
    Ok(Reply::sensitive(issued, views::issued_invite))
}

async fn withdraw(granted: Granted<Asked<authz::WithdrawInvite>>) -> Result<Reply, Refusal> {
    let (engine, call, grant, _) = granted.parts();
    let withdrawn = engine.manage().withdraw_invite(grant, &call).await?;
    Ok(Reply::empty(withdrawn))
}

async fn accept(public: Public<Acceptance>) -> Result<Reply, Refusal> {
    let Public {
        engine,
        call,
        input: Acceptance(api::AcceptInvite { code, name }),
    } = public;
    let joined = engine.invitations().accept(&call, &code, name).await?;
    Ok(Reply::sensitive(joined, views::joined))
}

/// The body of whoever has a code and nothing else.
struct Acceptance(api::AcceptInvite);

impl OpenRequest for Acceptance {
    const HAS_BODY: bool = true;

    fn read(parts: &Parts<'_>) -> Result<Self, Refusal> {
        Ok(Self(api::AcceptInvite::parse(parts.body)?))
    }
}

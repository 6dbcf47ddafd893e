//! Who may do what, and asking for more for a while.

use http::{Method, StatusCode};
use strongroom_api as api;
use strongroom_authz as authz;
use strongroom_engine::{AccessFilter, Gate, NewElevation};

use super::super::asked::Asked;
use super::super::guard::Granted;
use super::super::refusal::Refusal;
use super::super::reply::Reply;
use super::super::route::{Answer, Parameter, Route, Routes, Shape};
use super::{policy_views, views};

const ACCESS: &str = "/v1/projects/iam/access-bindings";
const MINE: &str = "/v1/projects/iam/my-access-elevations";
const MY_ONE: &str = "/v1/projects/iam/my-access-elevations/{id}";
const CANCEL: &str = "/v1/projects/iam/my-access-elevations/{id}/cancel";
const ALL: &str = "/v1/projects/iam/access-elevations";
const ONE: &str = "/v1/projects/iam/access-elevations/{id}";
const APPROVE: &str = "/v1/projects/iam/access-elevations/{id}/approve";
const REJECT: &str = "/v1/projects/iam/access-elevations/{id}/reject";
const REVOKE: &str = "/v1/projects/iam/access-elevations/{id}/revoke";

/// What is asked about who may do something.
const ACCESS_FILTERS: &[Parameter] = &[
    Parameter::new(
        "resourceType",
        Shape::Several,
        "The types that the resource may be of.",
    )
    .required(),
    Parameter::new(
        "resourceIdentity",
        Shape::Text,
        "What it is called: a secret's path, else an identity or slug.",
    )
    .required(),
    Parameter::new("permissions", Shape::Several, "Only these permissions."),
    Parameter::new(
        "bindingTypes",
        Shape::Several,
        "Only by `iam_policy`, `organisation_role` or `owner`.",
    ),
];

/// Adds the routes.
/// The feature that has to be on (contract 3.5).
const GATES: &[Gate] = &[Gate::Projects];

pub(super) fn routes(routes: Routes) -> Routes {
    let access = routes.add(
        Route::new(Method::GET, ACCESS, "listAccessBindings")
            .gates(GATES)
            .about("Shows who may do something to a resource of the level, and by what.")
            .reads(ACCESS_FILTERS)
            .answers(StatusCode::OK, Answer::One("ResourceAccess")),
        access,
    );
    review_routes(own_routes(access))
}

fn own_routes(routes: Routes) -> Routes {
    let one = Answer::One("AccessElevation");
    routes
        .add(
            Route::new(Method::GET, MINE, "listOwnElevations")
                .gates(GATES)
                .about("Lists what the caller asked for on the level.")
                .answers(StatusCode::OK, Answer::Many("AccessElevation")),
            list_own,
        )
        .add(
            Route::new(Method::POST, MINE, "requestElevation")
                .gates(GATES)
                .about("Asks for a policy for a while; somebody else decides.")
                .takes("CreateAccessElevation")
                .answers(StatusCode::CREATED, one),
            request,
        )
        .add(
            Route::new(Method::GET, MY_ONE, "readOwnElevation")
                .gates(GATES)
                .about("Shows one of the caller's own requests.")
                .answers(StatusCode::OK, one),
            read_own,
        )
        .add(
            Route::new(Method::POST, CANCEL, "cancelElevation")
                .gates(GATES)
                .about("Takes a request of the caller's own back, before it is decided.")
                .answers(StatusCode::OK, one),
            cancel,
        )
}

fn review_routes(routes: Routes) -> Routes {
    let one = Answer::One("AccessElevation");
    routes
        .add(
            Route::new(Method::GET, ALL, "listElevations")
                .gates(GATES)
                .about("Lists what was asked for on the level.")
                .answers(StatusCode::OK, Answer::Many("AccessElevation")),
            list,
        )
        .add(
            Route::new(Method::GET, ONE, "readElevation")
                .gates(GATES)
                .about("Shows somebody's request.")
                .answers(StatusCode::OK, one),
            read,
        )
        .add(
            Route::new(Method::POST, APPROVE, "approveElevation")
                .gates(GATES)
                .about("Gives what somebody else asked for, of which the caller holds everything.")
                .takes("ReviewAccessElevation")
                .answers(StatusCode::OK, one),
            approve,
        )
        .add(
            Route::new(Method::POST, REJECT, "rejectElevation")
                .gates(GATES)
                .about("Refuses what somebody asked for.")
                .takes("ReviewAccessElevation")
                .answers(StatusCode::OK, one),
            reject,
        )
        .add(
            Route::new(Method::POST, REVOKE, "revokeElevation")
                .gates(GATES)
                .about("Takes away what was given on request, from the next request on.")
                .takes("ReviewAccessElevation")
                .answers(StatusCode::OK, one),
            revoke,
        )
}

async fn access(
    granted: Granted<Asked<authz::ListAccessBindings, AccessFilter>>,
) -> Result<Reply, Refusal> {
    let (engine, call, grant, filter) = granted.parts();
    let manage = engine.manage();
    let shown = manage.list_access_bindings(grant, &call, filter.0).await?;
    Reply::json(shown, policy_views::access)
}

async fn list_own(granted: Granted<Asked<authz::ListOwnElevations>>) -> Result<Reply, Refusal> {
    let (engine, call, grant, _) = granted.parts();
    let listed = engine.manage().list_own_elevations(grant, &call).await?;
    Reply::json(listed, views::each(policy_views::elevation))
}

async fn request(
    granted: Granted<Asked<authz::RequestElevation, NewElevation>>,
) -> Result<Reply, Refusal> {
    let (engine, call, grant, new) = granted.parts();
    let manage = engine.manage();
    let made = manage.request_elevation(grant, &call, new.0).await?;
    Reply::json(made, policy_views::elevation)
}

async fn read_own(granted: Granted<Asked<authz::ReadOwnElevation>>) -> Result<Reply, Refusal> {
    let (engine, call, grant, _) = granted.parts();
    let shown = engine.manage().read_own_elevation(grant, &call).await?;
    Reply::json(shown, policy_views::elevation)
}

async fn cancel(granted: Granted<Asked<authz::CancelElevation>>) -> Result<Reply, Refusal> {
    let (engine, call, grant, _) = granted.parts();
    let cancelled = engine.manage().cancel_elevation(grant, &call).await?;
    Reply::json(cancelled, policy_views::elevation)
}

async fn list(granted: Granted<Asked<authz::ListElevations>>) -> Result<Reply, Refusal> {
    let (engine, call, grant, _) = granted.parts();
    let listed = engine.manage().list_elevations(grant, &call).await?;
    Reply::json(listed, views::each(policy_views::elevation))
}

async fn read(granted: Granted<Asked<authz::ReadElevation>>) -> Result<Reply, Refusal> {
    let (engine, call, grant, _) = granted.parts();
    let shown = engine.manage().read_elevation(grant, &call).await?;
    Reply::json(shown, policy_views::elevation)
}

/// A call that decides about a request.
type Review<A> = Granted<Asked<A, api::ReviewAccessElevation>>;

async fn approve(granted: Review<authz::ApproveElevation>) -> Result<Reply, Refusal> {
    let (engine, call, grant, review) = granted.parts();
    let note = review.0.note;
    let decided = engine
        .manage()
        .approve_elevation(grant, &call, note)
        .await?;
    Reply::json(decided, policy_views::elevation)
}

async fn reject(granted: Review<authz::RejectElevation>) -> Result<Reply, Refusal> {
    let (engine, call, grant, review) = granted.parts();
    let note = review.0.note;
    let decided = engine.manage().reject_elevation(grant, &call, note).await?;
    Reply::json(decided, policy_views::elevation)
}

async fn revoke(granted: Review<authz::RevokeElevation>) -> Result<Reply, Refusal> {
    let (engine, call, grant, review) = granted.parts();
    let note = review.0.note;
    let decided = engine.manage().revoke_elevation(grant, &call, note).await?;
    Reply::json(decided, policy_views::elevation)
}

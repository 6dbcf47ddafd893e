//! Which foreign subjects may act as which service account.

use http::{Method, StatusCode};
use strongroom_api::{self as api, RequestError};
use strongroom_authz as authz;
use strongroom_engine::{FederatedFilter, FederatedIdentityChange, NewFederatedIdentity};

use super::super::asked::{Asked, Form, InUrl};
use super::super::guard::{Granted, Parts, Request, Target};
use super::super::refusal::Refusal;
use super::super::reply::Reply;
use super::super::route::{Answer, Route, Routes};
use super::{FILTERS, views};

const ALL: &str = "/v1/federated-identities";
const ONE: &str = "/v1/federated-identities/{federated}";

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(
            Route::new(Method::GET, ALL, "listFederatedIdentities")
                .about("Lists which foreign subjects may act as which service account.")
                .reads(FILTERS)
                .answers(StatusCode::OK, Answer::Many("FederatedIdentity")),
            list,
        )
        .add(
            Route::new(Method::POST, ALL, "createFederatedIdentity")
                .about("Lets subjects of an issuer act as a service account.")
                .takes("CreateFederatedIdentity")
                .answers(StatusCode::CREATED, Answer::One("FederatedIdentity")),
            create,
        )
        .add(
            Route::new(Method::GET, ONE, "readFederatedIdentity")
                .about("Shows one federated identity.")
                .answers(StatusCode::OK, Answer::One("FederatedIdentity")),
            read,
        )
        .add(
            Route::new(Method::PUT, ONE, "updateFederatedIdentity")
                .about("Changes whom a federated identity admits, or revokes it; what is absent stays as it is.")
                .takes("UpdateFederatedIdentity")
                .answers(StatusCode::OK, Answer::One("FederatedIdentity")),
            update,
        )
        .add(
            Route::new(Method::DELETE, ONE, "deleteFederatedIdentity")
                .about("Removes a federated identity; its access tokens are dead at once.")
                .answers(StatusCode::NO_CONTENT, Answer::Nothing),
            delete,
        )
}

async fn list(
    granted: Granted<Asked<authz::ListFederatedIdentities, FederatedFilter>>,
) -> Result<Reply, Refusal> {
    let (engine, call, grant, input) = granted.parts();
    let found = engine
        .federation()
        .list_identities(grant, &call, input.0)
        .await?;
    Reply::json(found, views::identities)
}

async fn create(
    granted: Granted<Asked<authz::CreateFederatedIdentity, NewFederatedIdentity>>,
) -> Result<Reply, Refusal> {
    let (engine, call, grant, input) = granted.parts();
    let made = engine
        .federation()
        .create_identity(grant, &call, input.0)
        .await?;
    Reply::json(made, views::identity)
}

async fn read(granted: Granted<Asked<authz::ReadFederatedIdentity>>) -> Result<Reply, Refusal> {
    let (engine, call, grant, _) = granted.parts();
    let found = engine.federation().read_identity(grant, &call).await?;
    Reply::json(found, views::identity)
}

async fn update(granted: Granted<Update>) -> Result<Reply, Refusal> {
    let (engine, call, grant, input) = granted.parts();
    let changed = engine
        .federation()
        .update_identity(grant, &call, input.0)
        .await?;
    Reply::json(changed, views::identity)
}

async fn delete(granted: Granted<Asked<authz::DeleteFederatedIdentity>>) -> Result<Reply, Refusal> {
    let (engine, call, grant, _) = granted.parts();
    let gone = engine.federation().delete_identity(grant, &call).await?;
    Ok(Reply::empty(gone))
}

impl Form for NewFederatedIdentity {
    const IN_BODY: bool = true;

    fn read(parts: &Parts<'_>) -> Result<Self, RequestError> {
        let body = api::CreateFederatedIdentity::parse(parts.body, parts.rules)?;
        Ok(Self {
            name: body.name,
            description: body.description,
            labels: body.labels,
            annotations: body.annotations,
            service_account: body.service_account,
            provider: body.provider,
            subject: body.subject,
            audiences: body.audiences,
            audience_match: views::audience_match(body.audience_mode),
            scopes: body.scopes,
            expires_at: body.expires_at,
            conditions: body.conditions,
        })
    }
}

/// Reads the body before the name, so that what is wrong with a body is said wherever it is sent.
struct Update(FederatedIdentityChange);

impl Request for Update {
    type Action = authz::UpdateFederatedIdentity;
    const HAS_BODY: bool = true;

    fn read(parts: &Parts<'_>) -> Result<(Target<Self>, Self), Refusal> {
        let body = api::UpdateFederatedIdentity::parse(parts.body, parts.rules)?;
        let change = FederatedIdentityChange {
            name: body.name,
            description: body.description,
            labels: body.labels,
            annotations: body.annotations,
            audiences: body.audiences,
            audience_match: body.audience_mode.map(views::audience_match),
            scopes: body.scopes,
            status: body.status.map(views::status),
            expires_at: body.expires_at,
            conditions: body.conditions,
        };
        Ok((InUrl::of(parts)?, Self(change)))
    }
}

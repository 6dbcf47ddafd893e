//! Issuers that an organisation trusts.

use http::{Method, StatusCode};
use strongroom_api::{self as api, RequestError};
use strongroom_authz as authz;
use strongroom_engine::{FederatedFilter, FederatedProviderChange, NewFederatedProvider};

use super::super::asked::{Asked, Form, InUrl};
use super::super::guard::{Granted, Parts, Request, Target};
use super::super::refusal::Refusal;
use super::super::reply::Reply;
use super::super::route::{Answer, Route, Routes};
use super::{FILTERS, views};

const ALL: &str = "/v1/federated-identity-providers";
const ONE: &str = "/v1/federated-identity-providers/{provider}";

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(
            Route::new(Method::GET, ALL, "listFederatedProviders")
                .about("Lists the issuers whose tokens the organisation trusts.")
                .reads(FILTERS)
                .answers(StatusCode::OK, Answer::Many("FederatedProvider")),
            list,
        )
        .add(
            Route::new(Method::POST, ALL, "createFederatedProvider")
                .about("Trusts an issuer; only federated identities let its subjects in.")
                .takes("CreateFederatedProvider")
                .answers(StatusCode::CREATED, Answer::One("FederatedProvider")),
            create,
        )
        .add(
            Route::new(Method::GET, ONE, "readFederatedProvider")
                .about("Shows one issuer.")
                .answers(StatusCode::OK, Answer::One("FederatedProvider")),
            read,
        )
        .add(
            Route::new(Method::PUT, ONE, "updateFederatedProvider")
                .about("Changes how an issuer is trusted; what is absent stays as it is.")
                .takes("UpdateFederatedProvider")
                .answers(StatusCode::OK, Answer::One("FederatedProvider")),
            update,
        )
        .add(
            Route::new(Method::DELETE, ONE, "deleteFederatedProvider")
                .about("Trusts an issuer no more; its federated identities must be gone.")
                .answers(StatusCode::NO_CONTENT, Answer::Nothing),
            delete,
        )
}

async fn list(
    granted: Granted<Asked<authz::ListFederatedProviders, FederatedFilter>>,
) -> Result<Reply, Refusal> {
    let (engine, call, grant, input) = granted.parts();
    let found = engine
        .federation()
        .list_providers(grant, &call, input.0)
        .await?;
    Reply::json(found, views::providers)
}

async fn create(
    granted: Granted<Asked<authz::CreateFederatedProvider, NewFederatedProvider>>,
) -> Result<Reply, Refusal> {
    let (engine, call, grant, input) = granted.parts();
    let made = engine
        .federation()
        .create_provider(grant, &call, input.0)
        .await?;
    Reply::json(made, views::provider)
}

async fn read(granted: Granted<Asked<authz::ReadFederatedProvider>>) -> Result<Reply, Refusal> {
    let (engine, call, grant, _) = granted.parts();
    let found = engine.federation().read_provider(grant, &call).await?;
    Reply::json(found, views::provider)
}

async fn update(granted: Granted<Update>) -> Result<Reply, Refusal> {
    let (engine, call, grant, input) = granted.parts();
    let changed = engine
        .federation()
        .update_provider(grant, &call, input.0)
        .await?;
    Reply::json(changed, views::provider)
}

async fn delete(granted: Granted<Asked<authz::DeleteFederatedProvider>>) -> Result<Reply, Refusal> {
    let (engine, call, grant, _) = granted.parts();
    let gone = engine.federation().delete_provider(grant, &call).await?;
    Ok(Reply::empty(gone))
}

impl Form for NewFederatedProvider {
    const IN_BODY: bool = true;

    fn read(parts: &Parts<'_>) -> Result<Self, RequestError> {
        let body = api::CreateFederatedProvider::parse(parts.body, parts.rules)?;
        Ok(Self {
            name: body.name,
            description: body.description,
            labels: body.labels,
            annotations: body.annotations,
            issuer: body.issuer,
            jwks_uri: body.jwks_uri,
            local_jwks: body.local_jwks,
            active: body.active,
            sign_in: body.sign_in.map(views::sign_in_settings),
        })
    }
}

/// Reads the body before the name, so that what is wrong with a body is said wherever it is sent.
struct Update(FederatedProviderChange);

impl Request for Update {
    type Action = authz::UpdateFederatedProvider;
    const HAS_BODY: bool = true;

    fn read(parts: &Parts<'_>) -> Result<(Target<Self>, Self), Refusal> {
        let body = api::UpdateFederatedProvider::parse(parts.body, parts.rules)?;
        let change = FederatedProviderChange {
            name: body.name,
            description: body.description,
            labels: body.labels,
            annotations: body.annotations,
            issuer: body.issuer,
            jwks_uri: body.jwks_uri,
            local_jwks: body.local_jwks,
            active: body.active,
            sign_in: body
                .sign_in
                .map(|sign_in| sign_in.map(views::sign_in_settings)),
        };
        Ok((InUrl::of(parts)?, Self(change)))
    }
}

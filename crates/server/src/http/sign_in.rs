//! `GET /v1/sign-in`: where people sign in (ours), for whoever has no credential yet.

use http::{Method, StatusCode};
use strongroom_api::{self as api, RequestError};
use strongroom_engine::{SignInOption, SignInOptions};

use super::guard::{OpenRequest, Parts, Public};
use super::refusal::Refusal;
use super::reply::Reply;
use super::route::{Answer, Parameter, Route, Routes, Shape};

const PARAMETERS: &[Parameter] = &[Parameter {
    name: "organisation",
    about: "The organisation, by identity or slug.",
    shape: Shape::Text,
    required: true,
}];

/// Adds the route.
pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(
        Route::new(Method::GET, "/v1/sign-in", "listSignInProviders")
            .about("Says through which providers people sign in to an organisation.")
            .reads(PARAMETERS)
            .answers(StatusCode::OK, Answer::One("SignInOptions")),
        list,
    )
}

async fn list(public: Public<Wanted>) -> Result<Reply, Refusal> {
    let Public {
        engine,
        call,
        input,
        ..
    } = public;
    let found = engine.federation().sign_in_options(&call, &input.0).await?;
    Reply::json(found, shown)
}

/// The organisation, as it is named.
struct Wanted(String);

impl OpenRequest for Wanted {
    const HAS_BODY: bool = false;

    fn read(parts: &Parts<'_>) -> Result<Self, Refusal> {
        let field = "organisation";
        let named = parts.url.parameter(field)?.filter(|name| !name.is_empty());
        let named = named.ok_or(RequestError::Missing { field })?;
        Ok(Self(named.into_owned()))
    }
}

fn shown(options: SignInOptions) -> api::SignInOptions {
    api::SignInOptions {
        organisation: options.organisation.to_string(),
        providers: options.providers.into_iter().map(provider).collect(),
    }
}

fn provider(option: SignInOption) -> api::SignInProvider {
    api::SignInProvider {
        identity: option.identity.to_string(),
        name: option.name,
        issuer: option.issuer,
        client_id: option.settings.client_id,
        scopes: option.settings.scopes,
    }
}

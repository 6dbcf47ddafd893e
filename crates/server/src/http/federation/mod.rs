//! `/v1/federated-identity-providers` and `/v1/federated-identities` (contract 4.4).

mod identities;
mod providers;
mod views;

use strongroom_api::{ErrorCode, RequestError};
use strongroom_engine::FederatedFilter;
use strongroom_types::Slug;

use super::guard::Parts;
use super::refusal::Refusal;
use super::route::{Parameter, Routes, Shape};

const FILTERS: &[Parameter] = &[
    Parameter::new("identity", Shape::Text, "Only the one with this identity."),
    Parameter::new("name", Shape::Text, "Only those with exactly this name."),
    Parameter::new("status", Shape::Text, "Only those with this status."),
    Parameter::new(
        "matchLabels",
        Shape::Named,
        "Only those with these labels, each as matchLabels[name]=value.",
    ),
];

/// Adds the routes.
pub(super) fn routes(routes: Routes) -> Routes {
    identities::routes(providers::routes(routes))
}

/// What of a list is wanted.
fn filter(parts: &Parts<'_>) -> Result<FederatedFilter, RequestError> {
    let text = |name| {
        let value = parts.url.parameter(name)?.filter(|value| !value.is_empty());
        Ok::<_, RequestError>(value.map(|value| value.into_owned()))
    };
    Ok(FederatedFilter {
        identity: text("identity")?,
        name: text("name")?,
        status: text("status")?,
        labels: parts.url.pairs("matchLabels"),
    })
}

/// The thing that the URL names. What can name none is not found.
fn named(parts: &Parts<'_>) -> Result<Slug, Refusal> {
    let missing = || Refusal::of(ErrorCode::ResourceNotFound);
    parts.url.member().ok_or_else(missing)
}

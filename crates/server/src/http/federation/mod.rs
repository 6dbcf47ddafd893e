//! `/v1/federated-identity-providers` and `/v1/federated-identities` (contract 4.4).

mod identities;
mod providers;
mod views;

use strongroom_api::{ErrorCode, RequestError};
use strongroom_engine::FederatedFilter;
use strongroom_types::Slug;

use super::asked::{Form, InUrl};
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

impl Form for FederatedFilter {
    const IN_BODY: bool = false;

    fn read(parts: &Parts<'_>) -> Result<Self, RequestError> {
        Ok(Self {
            identity: parts.url.text("identity")?,
            name: parts.url.text("name")?,
            status: parts.url.text("status")?,
            labels: parts.url.pairs("matchLabels"),
        })
    }
}

/// `/v1/federated-identities/{name}`, and providers alike. What can name none is not found.
impl InUrl for Slug {
    fn of(parts: &Parts<'_>) -> Result<Self, Refusal> {
        let missing = || Refusal::of(ErrorCode::ResourceNotFound);
        parts.url.member().ok_or_else(missing)
    }
}

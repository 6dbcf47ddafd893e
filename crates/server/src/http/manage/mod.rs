//! An organisation's directory: who there is, and what they may do (contract 4.4).

mod accounts;
mod elevations;
mod errors;
mod explain;
mod invites;
mod people;
mod policies;
mod policy_requests;
mod policy_views;
mod projects;
mod request;
mod roles;
mod tokens;
pub(super) mod views;

use super::route::{Parameter, Routes, Shape};

/// What a list can be limited to.
const FILTERS: &[Parameter] = &[
    Parameter::new("identity", Shape::Text, "Only the one with this identity."),
    Parameter::new("name", Shape::Text, "Only those of exactly this name."),
    Parameter::new("slug", Shape::Text, "Only the one with this slug."),
    Parameter::new(
        "matchLabels",
        Shape::Named,
        "Only those with all of these labels.",
    ),
];

/// Adds the routes.
pub(super) fn routes(routes: Routes) -> Routes {
    let routes = accounts::routes(routes);
    let routes = roles::routes(routes);
    let routes = people::routes(routes);
    let routes = invites::routes(routes);
    let routes = tokens::routes(routes);
    let routes = explain::routes(routes);
    let routes = projects::routes(routes);
    let routes = policies::routes(routes);
    elevations::routes(routes)
}

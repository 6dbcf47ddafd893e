//! HTTP: routes, guards, replies.
//!
//! A call walks `api` (which URL) → `dispatch` (arrival, rate limit) → `guard` (who, where, what, may they) → a
//! handler of three steps (guard, one engine call, reply) → `reply` or `refusal`. The table of
//! routes in [`routes`] is the one description of all calls.

mod address;
mod api;
mod app;
mod asked;
mod audit;
mod audit_views;
mod body;
mod credentials;
mod dispatch;
mod endpoint;
mod errors;
mod federation;
mod federation_errors;
mod guard;
mod issuer;
mod key_errors;
mod keys;
mod manage;
mod openapi;
mod probes;
mod rate;
mod refusal;
mod regions;
mod reply;
mod request_id;
mod route;
mod sealed;
mod secret_requests;
mod secret_url;
mod secrets;
mod sign_in;
mod token_request;
mod tokens;
mod url;
mod views;

pub use api::Api;
pub use app::{App, HttpSettings};
pub use guard::{
    Granted, Guard, Knock, OpenRequest, Parts, Place, Public, Request, Target, Unrecorded,
};
pub use openapi::document as openapi_document;
pub use rate::RateLimit;
pub use refusal::Refusal;
pub use reply::Reply;
pub use route::{Answer, Handler, Parameter, Route, Routes};
pub use sealed::Gate;

/// Every call that this server answers.
pub fn routes() -> Routes {
    let routes = secrets::routes(Routes::new());
    let routes = keys::routes(routes);
    let routes = audit::routes(routes);
    let routes = regions::routes(routes);
    let routes = manage::routes(routes);
    let routes = federation::routes(routes);
    let routes = sign_in::routes(routes);
    let routes = tokens::routes(routes);
    let routes = issuer::routes(routes);
    probes::routes(routes)
}

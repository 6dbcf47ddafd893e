//! HTTP: routes, guards, replies.
//!
//! A call walks `dispatch` (arrival, rate limit) → `guard` (who, where, what, may they) → a
//! handler of three steps (guard, one engine call, reply) → `reply` or `refusal`. The table of
//! routes in [`routes`] is the one description of all calls.

mod address;
mod app;
mod audit;
mod audit_views;
mod body;
mod credentials;
mod dispatch;
mod endpoint;
mod errors;
mod guard;
mod keys;
mod openapi;
mod probes;
mod rate;
mod refusal;
mod regions;
mod reply;
mod request_id;
mod route;
mod secret_requests;
mod secret_url;
mod secrets;
mod tokens;
mod url;
mod views;

use std::sync::Arc;

use axum::Router;

pub use app::{App, HttpSettings};
pub use guard::{
    Granted, Guard, Knock, OpenRequest, Parts, Place, Public, Request, Target, Unrecorded,
};
pub use openapi::document as openapi_document;
pub use rate::RateLimit;
pub use refusal::Refusal;
pub use reply::Reply;
pub use route::{Answer, Handler, Parameter, Route, Routes};

use dispatch::{Desk, Entry, Group};

/// Every call that this server answers.
pub fn routes() -> Routes {
    let routes = secrets::routes(Routes::new());
    let routes = keys::routes(routes);
    let routes = audit::routes(routes);
    let routes = regions::routes(routes);
    let routes = tokens::routes(routes);
    probes::routes(routes)
}

/// The router over all of [`routes`]; unknown URLs and methods get JSON, too.
pub fn router(app: App) -> Router {
    let app = Arc::new(app);
    let desk = Arc::new(Desk {
        throttle: app.settings.rate_limit.map(rate::Throttle::new),
        ids: request_id::RequestIds::new(),
        app: Arc::clone(&app),
    });
    let mut groups: Vec<(String, Vec<Entry>)> = Vec::new();
    for (route, guarded) in routes().entries {
        let pattern = route.pattern();
        let entry = Entry::new(&app, route, guarded);
        match groups.iter_mut().find(|(known, _)| *known == pattern) {
            Some((_, entries)) => entries.push(entry),
            None => groups.push((pattern, vec![entry])),
        }
    }
    let group = |entries| {
        let strays = app.metrics.route("other", "none");
        let group = Arc::new(Group {
            desk: Arc::clone(&desk),
            entries,
            strays,
        });
        move |request: axum::extract::Request| {
            let group = Arc::clone(&group);
            async move { group.answer(request).await }
        }
    };
    let router = Router::new().fallback(group(Vec::new()));
    groups
        .into_iter()
        .fold(router, |router, (pattern, entries)| {
            router.route(&pattern, axum::routing::any(group(entries)))
        })
}

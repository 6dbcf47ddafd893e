//! The API as a listener serves it: from a URL to the group of routes that share it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{Request, Response};
use hyper::body::Incoming;

use super::app::App;
use super::dispatch::{Desk, Entry, Group};
use super::rate::Throttle;
use super::request_id::RequestIds;
use super::route::Routes;
use crate::listener::Site;

/// All routes, ready to be served; unknown URLs and methods get JSON, too. Clones are the same.
#[derive(Clone)]
pub struct Api(Arc<Inner>);

struct Inner {
    groups: matchit::Router<Group>,
    strays: Group,
    /// Answers what no group takes.
    page: Option<Page>,
}

struct Page {
    path: &'static str,
    router: Router,
}

impl Api {
    /// Serves all of [`routes`](super::routes), and at `page` what is no part of the API.
    ///
    /// # Errors
    ///
    /// Two routes exclude each other. The table is fixed, so this never happens to a release.
    pub fn new(
        app: App,
        page: Option<(&'static str, Router)>,
    ) -> Result<Self, matchit::InsertError> {
        let app = Arc::new(app);
        let desk = Arc::new(Desk {
            throttle: app.settings.rate_limit.map(Throttle::new).map(Arc::new),
            ids: RequestIds::new(),
            app: Arc::clone(&app),
        });
        let group = |entries| Group {
            desk: Arc::clone(&desk),
            entries,
            strays: app.metrics.route("other", "none"),
        };
        let mut groups = matchit::Router::new();
        for (pattern, entries) in by_pattern(&app, super::routes()) {
            groups.insert(pattern, group(entries))?;
        }
        Ok(Self(Arc::new(Inner {
            groups,
            strays: group(Vec::new()),
            page: page.map(|(path, router)| Page { path, router }),
        })))
    }
}

fn by_pattern(app: &App, routes: Routes) -> Vec<(String, Vec<Entry>)> {
    let mut groups: Vec<(String, Vec<Entry>)> = Vec::new();
    for (route, guarded) in routes.entries {
        let pattern = route.pattern();
        let entry = Entry::new(app, route, guarded);
        match groups.iter_mut().find(|(known, _)| *known == pattern) {
            Some((_, entries)) => entries.push(entry),
            None => groups.push((pattern, vec![entry])),
        }
    }
    groups
}

impl Site for Api {
    async fn answer(&self, request: Request<Incoming>, peer: SocketAddr) -> Response<Body> {
        let inner = &*self.0;
        let path = request.uri().path();
        if let Ok(found) = inner.groups.at(path) {
            return found.value.answer(request, peer).await;
        }
        match &inner.page {
            Some(page) if page.path == path => page.router.answer(request, peer).await,
            _ => inner.strays.answer(request, peer).await,
        }
    }

    fn too_late(&self, after: Duration) -> Response<Body> {
        self.0.strays.too_late(after)
    }
}

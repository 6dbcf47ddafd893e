//! `GET /v1/regions`.

use http::{Method, StatusCode};
use strongroom_authz as authz;

use super::guard::{Granted, Parts, Request, Target};
use super::refusal::Refusal;
use super::reply::Reply;
use super::route::{Answer, Route, Routes};
use super::views;

/// Adds the route.
pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(
        Route::new(Method::GET, "/v1/regions", "listRegions")
            .about("Lists the regions of this installation.")
            .answers(StatusCode::OK, Answer::Many("Region")),
        list,
    )
}

async fn list(granted: Granted<List>) -> Result<Reply, Refusal> {
    let Granted { engine, call, .. } = granted;
    let regions = engine
        .settings()
        .regions
        .iter()
        .map(views::region)
        .collect::<Vec<_>>();
    Reply::json(engine.record(&call, regions).await?, |regions| regions)
}

struct List;

impl Request for List {
    type Action = authz::ListRegions;
    const HAS_BODY: bool = false;

    fn read(_: &Parts<'_>) -> Result<(Target<Self>, Self), Refusal> {
        Ok(((), Self))
    }
}

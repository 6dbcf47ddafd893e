//! What anyone may ask: is it alive, is it ready, what is its API. None of it is recorded, none
//! of it tells of any organisation.

use std::sync::LazyLock;

use bytes::Bytes;
use http::Method;
use strongroom_api::ErrorCode;

use super::guard::{Public, Unrecorded};
use super::refusal::Refusal;
use super::reply::Reply;
use super::route::{Route, Routes};

/// Adds the routes.
pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(
            Route::new(Method::GET, "/healthz", "health").about("Says that the process runs."),
            health,
        )
        .add(
            Route::new(Method::GET, "/readyz", "readiness")
                .about("Says whether calls can be served; 503 if not."),
            readiness,
        )
        .add(
            Route::new(Method::GET, "/openapi.json", "describe").about("Describes this API."),
            describe,
        )
}

const FINE: Bytes = Bytes::from_static(br#"{"status":"ok"}"#);

async fn health(public: Public<Unrecorded>) -> Result<Reply, Refusal> {
    Ok(Reply::unrecorded(&public.input, FINE))
}

async fn readiness(public: Public<Unrecorded>) -> Result<Reply, Refusal> {
    let ready = public.engine.ready().await;
    ready.map_err(|error| Refusal::fault(ErrorCode::StorageUnavailable, error).without_record())?;
    Ok(Reply::unrecorded(&public.input, FINE))
}

async fn describe(public: Public<Unrecorded>) -> Result<Reply, Refusal> {
    static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| super::openapi_document().into());
    Ok(Reply::unrecorded(&public.input, DOCUMENT.clone()))
}

//! What a listener serves.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use http::{HeaderValue, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use strongroom_api::ErrorCode;

use super::refusal;

/// Something that answers requests. Clones answer alike.
pub trait Site: Clone + Send + Sync + 'static {
    /// Answers a request that came over a connection from `peer`, proxy or not.
    fn answer(
        &self,
        request: Request<Incoming>,
        peer: SocketAddr,
    ) -> impl Future<Output = Response<Body>> + Send;

    /// What is said of a request whose answer was given up after so long, because it may not take
    /// longer. Also logs that.
    fn too_late(&self, _after: Duration) -> Response<Body> {
        tracing::warn!("a request took longer than limits.request_seconds and was given up");
        let mut reply = Response::new(Body::from(refusal::body(ErrorCode::RequestTimeout)));
        *reply.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        let json = HeaderValue::from_static("application/json");
        reply.headers_mut().insert(header::CONTENT_TYPE, json);
        reply
    }
}

/// Finds the peer in a request's extensions, as `ConnectInfo<SocketAddr>`.
impl Site for Router {
    async fn answer(&self, mut request: Request<Incoming>, peer: SocketAddr) -> Response<Body> {
        request.extensions_mut().insert(ConnectInfo(peer));
        let Ok(response) = TowerToHyperService::new(self.clone()).call(request).await;
        response
    }
}

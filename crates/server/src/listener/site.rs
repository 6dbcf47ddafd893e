//! What a listener serves.

use std::future::Future;
use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;

/// Something that answers requests. Clones answer alike.
pub trait Site: Clone + Send + Sync + 'static {
    /// Answers a request that came over a connection from `peer`, proxy or not.
    fn answer(
        self,
        request: Request<Incoming>,
        peer: SocketAddr,
    ) -> impl Future<Output = Response<Body>> + Send + 'static;
}

/// Finds the peer in a request's extensions, as `ConnectInfo<SocketAddr>`.
impl Site for Router {
    async fn answer(self, mut request: Request<Incoming>, peer: SocketAddr) -> Response<Body> {
        request.extensions_mut().insert(ConnectInfo(peer));
        let Ok(response) = TowerToHyperService::new(self).call(request).await;
        response
    }
}

//! One request on its way to the site and back.

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::BoxError;
use axum::body::Body;
use bytes::Bytes;
use http::{HeaderValue, Request, Response, Version, header};
use hyper::body::{Frame, Incoming, SizeHint};
use tracing::{Instrument, Span};

use super::Site;
use super::watch::Watch;
use crate::telemetry::{Metrics, request_span};

/// What a connection's requests share.
#[derive(Clone)]
pub(super) struct Door<A> {
    pub(super) site: A,
    pub(super) peer: SocketAddr,
    pub(super) watch: Arc<Watch>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) limit: Duration,
    pub(super) traced: bool,
}

impl<A: Site> Door<A> {
    /// Answers one request.
    pub(super) async fn answer(
        self,
        request: Request<Incoming>,
    ) -> Result<Response<OpenBody>, Infallible> {
        let multiplexed = request.version() == Version::HTTP_2;
        let span = if self.traced {
            request_span(&request)
        } else {
            Span::none()
        };
        let open = Open::begin(self.watch, self.metrics, multiplexed);
        let too_late = || self.site.too_late(self.limit);
        // Pinned where it is made: what a request remembers is large, and to move it takes time.
        let mut reply = pin!(
            self.site
                .answer(request, self.peer)
                .instrument(span.clone())
        );
        let reply = if multiplexed {
            tokio::time::timeout(self.limit, reply)
                .await
                .unwrap_or_else(|_| too_late())
        } else {
            poll_fn(|cx| match reply.as_mut().poll(cx) {
                Poll::Pending if open.watch.overdue() => Poll::Ready(closing(too_late())),
                polled => polled,
            })
            .await
        };
        if self.traced {
            span.record("http.response.status_code", reply.status().as_u16());
            if let Some(id) = reply
                .headers()
                .get("x-request-id")
                .and_then(|id| id.to_str().ok())
            {
                span.record("request_id", id);
            }
        }
        Ok(reply.map(|body| OpenBody { body, _open: open }))
    }
}

/// Ends an HTTP/1.1 connection after the reply; HTTP/2 knows no such header.
fn closing(mut reply: Response<Body>) -> Response<Body> {
    reply
        .headers_mut()
        .insert(header::CONNECTION, HeaderValue::from_static("close"));
    reply
}

/// A request that is being served, until its reply's body is handed over or given up.
struct Open {
    watch: Arc<Watch>,
    metrics: Arc<Metrics>,
}

impl Open {
    fn begin(watch: Arc<Watch>, metrics: Arc<Metrics>, multiplexed: bool) -> Self {
        watch.opened(multiplexed);
        metrics.in_flight.inc();
        Self { watch, metrics }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.watch.closed();
        self.metrics.in_flight.dec();
    }
}

/// A reply's body, which keeps its request open.
pub(super) struct OpenBody {
    body: Body,
    _open: Open,
}

impl hyper::body::Body for OpenBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Pin::new(&mut self.get_mut().body)
            .poll_frame(cx)
            .map_err(BoxError::from)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

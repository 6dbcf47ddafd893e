//! The accept loop: connections in, requests to the site, limits on both, and a stop that
//! loses nothing.
//!
//! HTTP/1.1 and HTTP/2 (by ALPN, or by prior knowledge in plain text).

mod certificates;
mod connection;
mod refusal;
mod service;
mod site;
mod watch;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config;
use crate::telemetry::Metrics;

pub use certificates::{CertificateError, Certificates};
use connection::Connections;
use refusal::Refusals;
pub use site::Site;

/// How long the loop rests after the machine ran out of something that a connection needs.
const REST: Duration = Duration::from_millis(50);

/// What connections may use. Times of zero are not meant; the configuration refuses them.
#[derive(Debug, Clone)]
pub struct ConnectionLimits {
    /// Connections open at a time.
    pub connections: usize,
    /// Bytes of a request head.
    pub header_bytes: usize,
    /// Header fields of an HTTP/1.1 request.
    pub header_count: usize,
    /// Time for a request head.
    pub header: Duration,
    /// Time for a TLS handshake.
    pub handshake: Duration,
    /// Time without a request.
    pub idle: Duration,
    /// Time from a request's head to the head of its reply.
    pub request: Duration,
    /// Requests in flight on one HTTP/2 connection.
    pub http2_streams: u32,
}

impl From<&config::Limits> for ConnectionLimits {
    fn from(limits: &config::Limits) -> Self {
        Self {
            connections: limits.connections,
            header_bytes: limits.header_bytes,
            header_count: limits.header_count,
            header: Duration::from_secs(limits.header_seconds),
            handshake: Duration::from_secs(limits.handshake_seconds),
            idle: Duration::from_secs(limits.idle_seconds),
            request: Duration::from_secs(limits.request_seconds),
            http2_streams: limits.http2_streams,
        }
    }
}

/// The address cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot listen on {address}: another program may use it, or the address is not this machine's"
)]
pub struct BindError {
    /// The address asked for.
    pub address: SocketAddr,
    #[source]
    source: io::Error,
}

/// How a stop went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped {
    /// Connections that still had a request when the grace period was over.
    pub abandoned: usize,
}

/// A bound address, ready to serve.
#[derive(Debug)]
pub struct Listener {
    tcp: TcpListener,
    address: SocketAddr,
    certificates: Option<Arc<Certificates>>,
    limits: ConnectionLimits,
    metrics: Arc<Metrics>,
    traced: bool,
}

impl Listener {
    /// Binds the address; from here on, clients that connect wait to be served.
    ///
    /// Without certificates it speaks plain HTTP. Port 0 picks a free port.
    pub async fn bind(
        address: SocketAddr,
        certificates: Option<Arc<Certificates>>,
        limits: ConnectionLimits,
        metrics: Arc<Metrics>,
    ) -> Result<Self, BindError> {
        let failed = |source| BindError { address, source };
        let tcp = TcpListener::bind(address).await.map_err(failed)?;
        let address = tcp.local_addr().map_err(failed)?;
        Ok(Self {
            tcp,
            address,
            certificates,
            limits,
            metrics,
            traced: false,
        })
    }

    /// Gives every request a span of its own.
    pub fn traced(mut self, traced: bool) -> Self {
        self.traced = traced;
        self
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http` or `https`.
    pub fn scheme(&self) -> &'static str {
        if self.certificates.is_some() {
            "https"
        } else {
            "http"
        }
    }

    /// Serves until `stop`: then takes no more connections, finishes the requests in flight
    /// within `grace`, and returns.
    pub async fn serve(self, site: impl Site, stop: CancellationToken, grace: Duration) -> Stopped {
        let places = Arc::new(Semaphore::new(self.limits.connections));
        let tracker = TaskTracker::new();
        let refusals = Refusals::new(self.certificates.is_some(), self.metrics.clone());
        let abandon = CancellationToken::new();
        let connections = Arc::new(Connections {
            site,
            certificates: self.certificates,
            limits: self.limits,
            metrics: self.metrics,
            traced: self.traced,
            stop: stop.clone(),
            abandon: abandon.clone(),
        });
        loop {
            let accepted = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                accepted = self.tcp.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => match places.clone().try_acquire_owned() {
                    Ok(place) => {
                        let connections = connections.clone();
                        tracker.spawn(async move {
                            prepare(&stream);
                            connections.serve(stream, peer).await;
                            drop(place);
                        });
                    }
                    Err(_) => refusals.refuse(stream),
                },
                Err(error) if concerns_one_connection(&error) => {
                    tracing::debug!(%error, "a connection was gone before it was accepted");
                }
                Err(error) => {
                    tracing::error!(%error, "no connection can be accepted for the moment");
                    tokio::time::sleep(REST).await;
                }
            }
        }
        drop(self.tcp);
        tracker.close();
        let abandoned = match tokio::time::timeout(grace, tracker.wait()).await {
            Ok(()) => 0,
            Err(_) => {
                let left = tracker.len();
                abandon.cancel();
                tracker.wait().await;
                left
            }
        };
        Stopped { abandoned }
    }
}

/// Small replies leave at once.
fn prepare(stream: &TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY could not be set");
    }
}

fn concerns_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}

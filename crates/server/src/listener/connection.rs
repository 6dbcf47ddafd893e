//! One connection from its handshake to its end.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;

use super::service::Door;
use super::watch::{Verdict, Watch, Watched, Watchman};
use super::{Certificates, ConnectionLimits, Site};
use crate::telemetry::Metrics;

/// Header fields that hyper parses without an allocation; setting the number costs one a request.
const FREE_HEADERS: usize = 100;

/// What all connections of a listener share.
pub(super) struct Connections<A> {
    pub(super) site: A,
    pub(super) certificates: Option<Arc<Certificates>>,
    pub(super) limits: ConnectionLimits,
    pub(super) metrics: Arc<Metrics>,
    pub(super) traced: bool,
    /// Finish what is in flight, then close.
    pub(super) stop: CancellationToken,
    /// Close at once.
    pub(super) abandon: CancellationToken,
}

impl<A: Site> Connections<A> {
    /// Serves one connection until it ends.
    pub(super) async fn serve(&self, stream: TcpStream, peer: SocketAddr) {
        self.metrics.connections.inc();
        match &self.certificates {
            None => self.converse(stream, peer).await,
            Some(certificates) => {
                let handshake = certificates.acceptor().accept(stream);
                let handshake = tokio::time::timeout(self.limits.handshake, handshake);
                let outcome = tokio::select! {
                    outcome = handshake => outcome,
                    () = self.abandon.cancelled() => {
                        self.metrics.connections.dec();
                        return;
                    }
                };
                match outcome {
                    Ok(Ok(stream)) => self.converse(stream, peer).await,
                    Ok(Err(error)) => {
                        self.metrics.handshakes_failed.inc();
                        tracing::debug!(%peer, %error, "a TLS handshake failed");
                    }
                    Err(_) => {
                        self.metrics.handshakes_failed.inc();
                        tracing::debug!(%peer, "a TLS handshake took too long");
                    }
                }
            }
        }
        self.metrics.connections.dec();
    }

    /// Speaks HTTP until the client, the watchman or the stop ends it.
    async fn converse<S>(&self, stream: S, peer: SocketAddr)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let watch = Arc::new(Watch::default());
        let door = Door {
            site: self.site.clone(),
            peer,
            watch: watch.clone(),
            metrics: self.metrics.clone(),
            limit: self.limits.request,
            traced: self.traced,
        };
        let builder = self.builder();
        let io = TokioIo::new(Watched {
            stream,
            watch: watch.clone(),
        });
        let service = service_fn(move |request| door.clone().answer(request));
        let mut connection = pin!(builder.serve_connection(io, service));
        let mut watchman = Watchman::new(&self.limits);
        let tick = watchman.tick();
        let mut ticks = interval_at(Instant::now() + tick, tick);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut stop = pin!(self.stop.cancelled());
        let mut abandon = pin!(self.abandon.cancelled());
        let mut stopping = false;
        loop {
            tokio::select! {
                biased;
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        tracing::debug!(%peer, %error, "a connection ended early");
                    }
                    return;
                }
                _ = ticks.tick() => match watchman.look(&watch, tick) {
                    Verdict::Go => {}
                    Verdict::Idle => connection.as_mut().graceful_shutdown(),
                    Verdict::Slow => {
                        tracing::debug!(%peer, "a client was too slow");
                        return;
                    }
                },
                () = stop.as_mut(), if !stopping => {
                    stopping = true;
                    connection.as_mut().graceful_shutdown();
                }
                () = abandon.as_mut(), if stopping => return,
            }
        }
    }

    fn builder(&self) -> Builder<TokioExecutor> {
        let limits = &self.limits;
        let mut builder = Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(None)
            .max_buf_size(limits.header_bytes.max(8_192))
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(limits.http2_streams)
            .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX));
        if limits.header_count != FREE_HEADERS {
            builder.http1().max_headers(limits.header_count);
        }
        builder
    }
}

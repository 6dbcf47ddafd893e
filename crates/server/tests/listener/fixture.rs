//! A listener in front of a small router, and a client that speaks bytes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::routing::get;
use strongroom_server::listener::{Certificates, ConnectionLimits, Listener, Stopped};
use strongroom_server::telemetry::Metrics;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Long enough that no test waits for it, short enough that a broken one ends.
pub(crate) const LONG: Duration = Duration::from_secs(20);

pub(crate) fn limits() -> ConnectionLimits {
    ConnectionLimits {
        connections: 64,
        header_bytes: 16_384,
        header_count: 100,
        header: LONG,
        handshake: LONG,
        idle: LONG,
        request: LONG,
        http2_streams: 16,
    }
}

/// A server that runs, and the strings to pull at it.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) stop: CancellationToken,
    pub(crate) metrics: Arc<Metrics>,
    /// Told when a request to `/held` has arrived.
    pub(crate) arrived: Arc<Notify>,
    /// Lets one request to `/held` go on.
    pub(crate) release: Arc<Notify>,
    pub(crate) served: JoinHandle<Stopped>,
}

impl Running {
    pub(crate) async fn start(limits: ConnectionLimits) -> Self {
        Self::start_with(limits, None, LONG).await
    }

    pub(crate) async fn start_with(
        limits: ConnectionLimits,
        certificates: Option<Arc<Certificates>>,
        grace: Duration,
    ) -> Self {
        let metrics = Arc::new(Metrics::new());
        let anywhere = "127.0.0.1:0".parse().unwrap();
        let listener = Listener::bind(anywhere, certificates, limits, metrics.clone())
            .await
            .unwrap();
        let (arrived, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let held = {
            let (arrived, release) = (arrived.clone(), release.clone());
            move || async move {
                arrived.notify_one();
                release.notified().await;
                "held"
            }
        };
        let peer = |ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.to_string() };
        let router = Router::new()
            .route("/", get(|| async { "hello" }))
            .route("/peer", get(peer))
            .route("/held", get(held));
        let stop = CancellationToken::new();
        let address = listener.address();
        let served = tokio::spawn(listener.serve(router, stop.clone(), grace));
        Self {
            address,
            stop,
            metrics,
            arrived,
            release,
            served,
        }
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// The value of a metric that has no labels.
    pub(crate) fn metric(&self, name: &str) -> u64 {
        let text = self.metrics.render().unwrap();
        let line = text
            .lines()
            .find(|line| line.starts_with(&format!("{name} ")))
            .unwrap();
        line.rsplit(' ').next().unwrap().parse().unwrap()
    }
}

/// Everything that the server says until it closes.
pub(crate) async fn rest(stream: &mut TcpStream) -> String {
    let mut said = Vec::new();
    let read = stream.read_to_end(&mut said);
    tokio::time::timeout(LONG, read)
        .await
        .expect("the server did not close")
        .unwrap();
    String::from_utf8(said).unwrap()
}

/// Sends one request on a connection of its own and returns the whole reply.
pub(crate) async fn ask(server: &Running, path: &str) -> String {
    let mut stream = server.connect().await;
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    rest(&mut stream).await
}

/// Sends one request on a connection that stays, and reads one reply with this body.
pub(crate) async fn keep_asking(stream: &mut TcpStream, path: &str, body: &str) {
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut said = Vec::new();
    while !said.ends_with(body.as_bytes()) {
        let read = stream.read_buf(&mut said);
        let count = tokio::time::timeout(LONG, read)
            .await
            .expect("no reply")
            .unwrap();
        assert!(
            count > 0,
            "closed after {:?}",
            String::from_utf8_lossy(&said)
        );
    }
}

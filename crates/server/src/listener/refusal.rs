//! Telling a client that there is no room.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use strongroom_api::ErrorCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use crate::telemetry::Metrics;

/// How many are told at a time; beyond that, connections are closed without a word.
const AT_A_TIME: usize = 64;
/// How long a client may take to hear it.
const PATIENCE: Duration = Duration::from_secs(2);

/// The body of a refusal that no call stands behind, so that there is no request id.
pub(super) fn body(code: ErrorCode) -> String {
    let message = format!("{} {}", code.meaning(), code.remedy());
    json!({"message": message, "code": code.as_str()}).to_string()
}

/// Answers connections for which there is no place.
pub(super) struct Refusals {
    /// A client that waits for a TLS handshake cannot be told in plain text.
    silent: bool,
    places: Arc<Semaphore>,
    metrics: Arc<Metrics>,
}

impl Refusals {
    pub(super) fn new(silent: bool, metrics: Arc<Metrics>) -> Self {
        Self {
            silent,
            places: Arc::new(Semaphore::new(AT_A_TIME)),
            metrics,
        }
    }

    /// Says 503 and closes, without holding up the accept loop.
    pub(super) fn refuse(&self, stream: TcpStream) {
        self.metrics.connections_refused.inc();
        if self.silent {
            return;
        }
        if let Ok(place) = self.places.clone().try_acquire_owned() {
            tokio::spawn(async move {
                let told = tokio::time::timeout(PATIENCE, tell(stream)).await;
                if let Ok(Err(error)) = told {
                    tracing::debug!(%error, "a refused client was gone before it was told");
                }
                drop(place);
            });
        }
    }
}

/// Writes the refusal, then reads until the client is done: closing earlier would reset the
/// connection and take the refusal with it.
async fn tell(mut stream: TcpStream) -> std::io::Result<()> {
    let body = body(ErrorCode::TooManyConnections);
    let reply = format!(
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\nRetry-After: 1\r\n\r\n{body}",
        body.len(),
    );
    stream.write_all(reply.as_bytes()).await?;
    stream.shutdown().await?;
    let mut rest = [0; 1_024];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}

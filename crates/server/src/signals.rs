//! What the operating system says to the server.

use std::io;

use tokio_util::sync::CancellationToken;

/// The signals cannot be listened to.
#[derive(Debug, thiserror::Error)]
#[error("the signals SIGTERM, SIGINT and SIGHUP cannot be listened to")]
pub struct SignalError(#[source] io::Error);

/// Listens from now on: SIGTERM and SIGINT cancel `stop`, SIGHUP calls `reload`.
#[cfg(unix)]
pub fn listen(
    stop: CancellationToken,
    reload: impl Fn() + Send + 'static,
) -> Result<(), SignalError> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).map_err(SignalError)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(SignalError)?;
    let mut hangup = signal(SignalKind::hangup()).map_err(SignalError)?;
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => break,
                _ = interrupt.recv() => break,
                _ = hangup.recv() => reload(),
                () = stop.cancelled() => return,
            }
        }
        tracing::info!("stopping: requests in flight are finished first");
        stop.cancel();
    });
    Ok(())
}

/// Listens from now on: Ctrl-C cancels `stop`. There is no signal to reload.
#[cfg(not(unix))]
pub fn listen(
    stop: CancellationToken,
    _reload: impl Fn() + Send + 'static,
) -> Result<(), SignalError> {
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            stop.cancel();
        }
    });
    Ok(())
}

//! A server that starts sealed, until it is opened with shares.

use std::sync::{Arc, OnceLock};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::server::{ServerError, app};
use crate::assemble::{AssembleError, Installation, Opening};
use crate::config::Config;
use crate::http::{Api, Gate};
use crate::seal::{Attempt, Seal, UnsealError};
use crate::serving::{self, Bound, ServeError};
use crate::signals;
use crate::telemetry::{Metrics, Reading};

/// Figures of what is not open yet.
type Later = Arc<OnceLock<Box<dyn Fn() -> Vec<Reading> + Send + Sync>>>;

/// Listens, opens the installation when enough shares have come, and serves it.
pub(super) async fn run(config: &Config, traced: bool) -> Result<(), ServerError> {
    let (seal, mut attempts) = Seal::new(config)?;
    let later = Later::default();
    let mut metrics = Metrics::new();
    let source = later.clone();
    metrics.follow(move || source.get().map_or_else(Vec::new, |readings| readings()));
    let metrics = Arc::new(metrics);
    let bound = Bound::bind(config, metrics.clone(), traced).await?;
    let stop = CancellationToken::new();
    let certificates = bound.certificates();
    signals::listen(stop.clone(), move || {
        serving::renew(certificates.as_deref())
    })?;
    let (page, endpoint) = (bound.page(), bound.endpoint());
    let gate = Gate::new(seal, page.clone());
    let on_air = bound.put_on_air(gate.clone(), &stop);
    tracing::info!(
        endpoint,
        version = env!("CARGO_PKG_VERSION"),
        "ready, and sealed: waiting for shares of the root key"
    );
    let opened = opened(config, &mut attempts, &stop, |installation| {
        let readings = installation.readings();
        // Only the first can be opened, so there is nothing to replace.
        later.get_or_init(|| Box::new(readings));
        let api = Api::new(app(config, installation, metrics.clone()), page.clone())?;
        gate.open(api);
        Ok(())
    });
    let opened = opened.await;
    let control = opened.as_ref().and_then(|open| open.control(config));
    on_air.stopped().await?;
    drop(control);
    if let Some(installation) = opened {
        installation.close().await?;
    }
    tracing::info!("stopped");
    Ok(())
}

/// Waits for root keys that open the installation, or for the end.
async fn opened(
    config: &Config,
    attempts: &mut mpsc::Receiver<Attempt>,
    stop: &CancellationToken,
    serve: impl Fn(&Installation) -> Result<(), ServeError>,
) -> Option<Installation> {
    loop {
        let attempt = tokio::select! {
            () = stop.cancelled() => return None,
            attempt = attempts.recv() => attempt?,
        };
        let Attempt {
            keys,
            mut calls,
            outcome,
        } = attempt;
        let (installation, told) = match Installation::open(config, &keys, Opening::Existing).await
        {
            Ok(installation) => {
                let served = match calls.record(installation.engine()).await {
                    Ok(()) => serve(&installation).map_err(|error| failed(&error)),
                    Err(error) => Err(failed(&error)),
                };
                (Some(installation), served)
            }
            Err(AssembleError::WrongRootKey(error)) => {
                let cause = super::explain(&error);
                tracing::warn!(cause, "enough shares have come, of another root key");
                (None, Err(UnsealError::WrongKey))
            }
            Err(error) => (None, Err(failed(&error))),
        };
        drop(keys);
        let is_open = told.is_ok();
        if outcome.send((told, calls)).is_err() {
            tracing::debug!("who gave the last share did not wait for the outcome");
        }
        if is_open {
            tracing::info!("unsealed: enough shares have come");
            return installation;
        }
        if let Some(installation) = installation
            && let Err(error) = installation.close().await
        {
            failed(&error);
        }
    }
}

fn failed(error: &dyn std::error::Error) -> UnsealError {
    let cause = super::explain(error);
    tracing::error!(
        cause,
        "enough shares have come, and the installation does not open"
    );
    UnsealError::NotOpened
}

//! A server on the air: its listeners, and their end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::task::{JoinError, JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::http::{Api, App};
use crate::listener::{
    BindError, CertificateError, Certificates, ConnectionLimits, Listener, Site, Stopped,
};
use crate::telemetry::{METRICS, Metrics, metrics_page};

/// The server cannot be put on the air.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The certificate cannot be used.
    #[error("TLS cannot be offered")]
    Certificate(#[from] CertificateError),
    /// An address is taken.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The table of routes is wrong: a defect of ours.
    #[error("the table of routes is contradictory")]
    Table(#[from] matchit::InsertError),
}

/// The listeners, bound: clients that connect wait to be served.
#[derive(Debug)]
pub struct Bound {
    main: Listener,
    metrics_only: Option<Listener>,
    certificates: Option<Arc<Certificates>>,
    metrics: Arc<Metrics>,
    grace: Duration,
    metrics_on_main: bool,
}

impl Bound {
    /// Loads the certificate and binds every address that the configuration names.
    pub async fn bind(
        config: &Config,
        metrics: Arc<Metrics>,
        traced: bool,
    ) -> Result<Self, ServeError> {
        let certificates = certificates(config)?;
        let limits = ConnectionLimits::from(&config.limits);
        let main = Listener::bind(
            config.server.listen,
            certificates.clone(),
            limits.clone(),
            metrics.clone(),
        )
        .await?
        .traced(traced);
        let metrics_only = match config.metrics.listen.filter(|_| config.metrics.enabled) {
            Some(address) => Some(Listener::bind(address, None, limits, metrics.clone()).await?),
            None => None,
        };
        Ok(Self {
            main,
            metrics_on_main: config.metrics.enabled && metrics_only.is_none(),
            metrics_only,
            certificates,
            metrics,
            grace: Duration::from_secs(config.server.stop_grace_seconds),
        })
    }

    /// Where the main listener listens.
    pub fn address(&self) -> SocketAddr {
        self.main.address()
    }

    /// The URL of the main listener, such as `http://127.0.0.1:8460`.
    pub fn endpoint(&self) -> String {
        format!("{}://{}", self.main.scheme(), self.main.address())
    }

    /// The certificate, to be renewed on a signal.
    pub fn certificates(&self) -> Option<Arc<Certificates>> {
        self.certificates.clone()
    }

    /// The page of figures and its place, if it is on the main listener.
    pub fn page(&self) -> Option<(&'static str, Router)> {
        self.metrics_on_main
            .then(|| (METRICS, metrics_page(self.metrics.clone())))
    }

    /// Serves the API in tasks of their own until `stop`. Must be called inside a runtime.
    ///
    /// # Errors
    ///
    /// The table of routes is contradictory, which no release is.
    pub fn serve(self, app: App, stop: &CancellationToken) -> Result<OnAir, ServeError> {
        let api = Api::new(app, self.page())?;
        Ok(self.put_on_air(api, stop))
    }

    /// Serves this site, and the page of figures if that has an address of its own.
    pub fn put_on_air(self, site: impl Site, stop: &CancellationToken) -> OnAir {
        let page = metrics_page(self.metrics);
        let metrics_only = self
            .metrics_only
            .map(|listener| tokio::spawn(listener.serve(page, stop.clone(), self.grace)));
        let main = tokio::spawn(self.main.serve(site, stop.clone(), self.grace));
        OnAir { main, metrics_only }
    }
}

/// The certificate that the configuration names, if it names one.
pub fn certificates(config: &Config) -> Result<Option<Arc<Certificates>>, CertificateError> {
    match (&config.tls.certificate, &config.tls.key) {
        (Some(certificate), Some(key)) => {
            let minimum = config.tls.minimum_version;
            let loaded = Certificates::load(certificate.clone(), key.clone(), minimum)?;
            Ok(Some(Arc::new(loaded)))
        }
        _ => Ok(None),
    }
}

/// Renews the certificate; a broken file changes nothing but the log.
pub fn renew(certificates: Option<&Certificates>) {
    match certificates.map(Certificates::reload) {
        None => tracing::info!("SIGHUP: there is no certificate to renew"),
        Some(Ok(())) => tracing::info!("the certificate is renewed"),
        Some(Err(error)) => tracing::error!(
            cause = std::error::Error::source(&error).map(tracing::field::display),
            "the certificate is not renewed, the old one stays in use: {error}"
        ),
    }
}

/// Listeners that serve.
#[derive(Debug)]
pub struct OnAir {
    main: JoinHandle<Stopped>,
    metrics_only: Option<JoinHandle<Stopped>>,
}

impl OnAir {
    /// Waits until all have stopped. The error is a defect of ours: a listener that panicked.
    pub async fn stopped(self) -> Result<Stopped, JoinError> {
        let main = self.main.await?;
        if let Some(metrics_only) = self.metrics_only {
            metrics_only.await?;
        }
        if main.abandoned > 0 {
            tracing::warn!(
                connections = main.abandoned,
                "the grace period is over (server.stop_grace_seconds); requests were left"
            );
        }
        Ok(main)
    }
}

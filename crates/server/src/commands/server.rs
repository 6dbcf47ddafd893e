//! `strongroom server`.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use tokio::task::JoinError;
use tokio_util::sync::CancellationToken;

use super::{Exit, OutputError};
use crate::assemble::{AssembleError, CloseFault, Installation, Opening};
use crate::config::{Config, LoadError, Provider};
use crate::data_directory::{DataDirectory, DataDirectoryError};
use crate::http::App;
use crate::listener::CertificateError;
use crate::memory;
use crate::root_key::{self, RootKeyUnavailable, RootKeys, Surroundings};
use crate::serving::{self, Bound, ServeError};
use crate::settings;
use crate::signals::{self, SignalError};
use crate::telemetry::{Metrics, Telemetry, TelemetryError};

/// What the command line says.
#[derive(Debug, Clone)]
pub struct ServerArgs {
    /// The configuration file.
    pub config: PathBuf,
    /// Only check it.
    pub check: bool,
}

/// The server did not run, or did not end in order.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "each variant's message says what it is")]
pub enum ServerError {
    #[error(transparent)]
    Config(#[from] LoadError),
    #[error("TLS cannot be offered")]
    Certificate(#[from] CertificateError),
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    #[error(transparent)]
    DataDirectory(#[from] DataDirectoryError),
    #[error(transparent)]
    RootKey(#[from] RootKeyUnavailable),
    #[error("the asynchronous runtime cannot start")]
    Runtime(#[source] io::Error),
    #[error(transparent)]
    Signals(#[from] SignalError),
    #[error(transparent)]
    Assemble(#[from] AssembleError),
    #[error(transparent)]
    Serve(#[from] ServeError),
    #[error("a listener broke off")]
    Broken(#[from] JoinError),
    #[error(transparent)]
    Close(#[from] CloseFault),
    #[error(transparent)]
    Output(#[from] OutputError),
}

impl ServerError {
    /// The exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Config(_) | Self::Certificate(_) | Self::DataDirectory(_) => Exit::Usage,
            // Corrected first, so that a service manager does not use up the token's tries.
            Self::RootKey(error) if error.is_about_the_pin() => Exit::Usage,
            _ => Exit::Failed,
        }
    }
}

/// Serves until SIGTERM or SIGINT; with `check`, only says whether it could.
pub fn server(
    args: &ServerArgs,
    environment: impl IntoIterator<Item = (String, String)>,
    surroundings: &dyn Surroundings,
    output: &mut dyn Write,
) -> Result<(), ServerError> {
    let config = Config::load(&args.config, environment)?;
    if args.check {
        serving::certificates(&config)?;
        writeln!(output, "{} is valid", args.config.display()).map_err(OutputError::from)?;
        return Ok(());
    }
    let telemetry = Telemetry::start(&config.logging, &config.tracing)?;
    memory::protect(&config);
    DataDirectory::at(&config.store.data).check()?;
    let traced = telemetry.traces();
    let outcome = match config.root_key.provider {
        Provider::Shamir => runtime(config.server.workers)
            .map_err(ServerError::Runtime)?
            .block_on(super::sealed::run(&config, traced)),
        _ => {
            let root = root_key::existing(&config, surroundings)?;
            runtime(config.server.workers)
                .map_err(ServerError::Runtime)?
                .block_on(run(&config, root, traced))
        }
    };
    telemetry.end();
    outcome
}

/// A runtime with so many threads; 0 means one for each processor.
pub(super) fn runtime(workers: usize) -> io::Result<tokio::runtime::Runtime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    if workers > 0 {
        builder.worker_threads(workers);
    }
    builder.enable_all().build()
}

async fn run(config: &Config, root: RootKeys, traced: bool) -> Result<(), ServerError> {
    let installation = Installation::open(config, &root, Opening::Existing).await?;
    // The keyring is open; nothing needs the root key any more.
    drop(root);
    let control = installation.control(config);
    let served = serve(config, &installation, traced).await;
    drop(control);
    let closed = installation.close().await;
    served?;
    closed?;
    tracing::info!("stopped");
    Ok(())
}

async fn serve(
    config: &Config,
    installation: &Installation,
    traced: bool,
) -> Result<(), ServerError> {
    let mut metrics = Metrics::new();
    installation.followed_by(&mut metrics);
    let metrics = Arc::new(metrics);
    let bound = Bound::bind(config, metrics.clone(), traced).await?;
    let stop = CancellationToken::new();
    let certificates = bound.certificates();
    signals::listen(stop.clone(), move || {
        serving::renew(certificates.as_deref())
    })?;
    tracing::info!(
        endpoint = bound.endpoint(),
        version = env!("CARGO_PKG_VERSION"),
        "ready"
    );
    let app = app(config, installation, metrics);
    bound.serve(app, &stop)?.stopped().await?;
    Ok(())
}

/// What the API needs.
pub(super) fn app(config: &Config, installation: &Installation, metrics: Arc<Metrics>) -> App {
    App {
        engine: installation.engine().clone(),
        settings: settings::http(config),
        metrics,
    }
}

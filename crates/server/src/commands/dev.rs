//! `strongroom dev`: a server to try things on, ready in a second.

use std::fs;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use strongroom_crypto::SystemEntropy;
use strongroom_engine::DirectoryError;
use strongroom_types::{DisplayName, Slug, SlugError, TextError};
use tokio::task::JoinError;
use tokio_util::sync::CancellationToken;

use super::{Exit, OutputError};
use crate::assemble::{AssembleError, CloseFault, Installation, Opening};
use crate::config::{Config, LoadError};
use crate::data_directory::{DataDirectory, DataDirectoryError, Progress};
use crate::founding::{PlaygroundError, PlaygroundNames, found, furnish};
use crate::recipes::{self, Filling};
use crate::root_key::{self, ProcessSurroundings, RootKeyUnavailable, RootKeys};
use crate::serving::{Bound, ServeError};
use crate::signals::{self, SignalError};
use crate::telemetry::{Metrics, Telemetry, TelemetryError};

/// The file that keeps the credentials between runs.
const CREDENTIALS: &str = "dev.json";
/// The region that the recipes use.
const REGION: &str = "nl-01";

/// What the command line says.
#[derive(Debug, Clone)]
pub struct DevArgs {
    /// Where to listen; port 0 picks a free port.
    pub listen: SocketAddr,
    /// The directory to keep the data in; without it, one that goes away at the end.
    pub data: Option<PathBuf>,
    /// One JSON line instead of text for people.
    pub json: bool,
}

/// The server did not run, or did not end in order.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "each variant's message says what it is")]
pub enum DevError {
    #[error(transparent)]
    Config(#[from] LoadError),
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    #[error("no temporary directory can be made")]
    Temporary(#[source] io::Error),
    #[error(transparent)]
    DataDirectory(#[from] DataDirectoryError),
    #[error(
        "{} cannot be read: either `strongroom dev` did not make this directory, or the file is \
         damaged; name another directory", path.display()
    )]
    NotOurs {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{} is damaged; name another directory", path.display())]
    Damaged {
        path: PathBuf,
        #[source]
        source: serde_json::Error,
    },
    #[error(transparent)]
    RootKey(#[from] RootKeyUnavailable),
    #[error("the asynchronous runtime cannot start")]
    Runtime(#[source] io::Error),
    #[error(transparent)]
    Assemble(#[from] AssembleError),
    #[error("a name of ours is none")]
    Name(#[from] TextError),
    #[error("a slug of ours is none")]
    Slug(#[from] SlugError),
    #[error("the organisation cannot be made")]
    Found(#[from] DirectoryError),
    #[error(transparent)]
    Playground(#[from] PlaygroundError),
    #[error("the credentials cannot be written as JSON")]
    Json(#[source] serde_json::Error),
    #[error(transparent)]
    Signals(#[from] SignalError),
    #[error(transparent)]
    Serve(#[from] ServeError),
    #[error("a listener broke off")]
    Broken(#[from] JoinError),
    #[error(transparent)]
    Close(#[from] CloseFault),
    #[error(transparent)]
    Output(#[from] OutputError),
}

impl DevError {
    /// The exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Config(_) | Self::DataDirectory(_) | Self::NotOurs { .. } => Exit::Usage,
            _ => Exit::Failed,
        }
    }
}

/// What `dev` made, and what it takes to use it. Kept in `dev.json` with mode 0600.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Credentials {
    organisation: String,
    region: String,
    token: String,
    client_id: String,
    client_secret: String,
    kms_key_identity: String,
    project: String,
}

/// The one line of `--json`.
#[derive(Serialize)]
struct Announcement<'a> {
    endpoint: &'a str,
    #[serde(flatten)]
    credentials: &'a Credentials,
}

/// Serves until SIGTERM or SIGINT, with everything made that is needed to try it.
///
/// With a data directory, the credentials of the first run are used again.
pub fn dev(
    args: &DevArgs,
    environment: impl IntoIterator<Item = (String, String)>,
    output: &mut (dyn Write + Send),
) -> Result<(), DevError> {
    let temporary = match args.data {
        Some(_) => None,
        None => Some(
            tempfile::Builder::new()
                .prefix("strongroom-dev-")
                .tempdir()
                .map_err(DevError::Temporary)?,
        ),
    };
    let data = match (&args.data, &temporary) {
        (Some(data), _) => data.clone(),
        (None, Some(temporary)) => temporary.path().join("data"),
        (None, None) => PathBuf::new(),
    };
    let config = configuration(args.listen, &data, environment)?;
    let telemetry = Telemetry::start(&config.logging, &config.tracing)?;
    crate::memory::protect(&config);
    let directory = DataDirectory::at(data);
    let opening = match directory.progress()? {
        Progress::Complete => Opening::Existing,
        Progress::Begun | Progress::Empty => Opening::New,
    };
    if opening == Opening::New {
        directory.begin()?;
    } else {
        directory.check()?;
    }
    let surroundings = ProcessSurroundings;
    let root = match opening {
        Opening::New => RootKeys::only(root_key::create(&config, &surroundings, &SystemEntropy)?),
        Opening::Existing => root_key::existing(&config, &surroundings)?,
    };
    let outcome = super::server::runtime(0)
        .map_err(DevError::Runtime)?
        .block_on(run(args, &config, &directory, root, opening, output));
    telemetry.end();
    outcome
}

/// The defaults, with small audit segments, because they are written in full beforehand; over them
/// the environment, and over that what the command line says.
fn configuration(
    listen: SocketAddr,
    data: &Path,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Config, LoadError> {
    const OURS: &str = "server.stop_grace_seconds = 5\naudit.segment_mebibytes = 8\n\
                        logging.level = \"warn\"";
    let mut config = Config::parse(OURS, environment)?;
    config.server.listen = listen;
    config.store.data = data.to_owned();
    config.check()?;
    Ok(config)
}

async fn run(
    args: &DevArgs,
    config: &Config,
    directory: &DataDirectory,
    root: RootKeys,
    opening: Opening,
    output: &mut (dyn Write + Send),
) -> Result<(), DevError> {
    let installation = Installation::open(config, &root, opening).await?;
    drop(root);
    // So that `strongroom root` can be tried; on a directory that goes away it would change nothing.
    let control = args
        .data
        .as_ref()
        .and_then(|_| installation.control(config));
    let served = serve(args.json, config, directory, &installation, opening, output).await;
    drop(control);
    let closed = installation.close().await;
    served?;
    Ok(closed?)
}

async fn serve(
    json: bool,
    config: &Config,
    directory: &DataDirectory,
    installation: &Installation,
    opening: Opening,
    output: &mut (dyn Write + Send),
) -> Result<(), DevError> {
    let mut metrics = Metrics::new();
    installation.followed_by(&mut metrics);
    let metrics = Arc::new(metrics);
    let traced = config.tracing.endpoint.is_some();
    let bound = Bound::bind(config, metrics.clone(), traced).await?;
    let credentials = match opening {
        Opening::Existing => remembered(directory)?,
        Opening::New => {
            let made = make(installation).await?;
            let text = serde_json::to_vec_pretty(&made).map_err(DevError::Json)?;
            directory.write_private(CREDENTIALS, &text)?;
            directory.complete()?;
            made
        }
    };
    let stop = CancellationToken::new();
    signals::listen(stop.clone(), || ())?;
    let endpoint = bound.endpoint();
    let app = super::server::app(config, installation, metrics);
    let on_air = bound.serve(app, &stop)?;
    let announced = if json {
        announce(&endpoint, &credentials, output)
    } else {
        welcome(&endpoint, &credentials, output).map_err(|error| OutputError::from(error).into())
    };
    if announced.is_err() {
        stop.cancel();
    }
    on_air.stopped().await?;
    announced
}

async fn make(installation: &Installation) -> Result<Credentials, DevError> {
    fn named(name: &str) -> Result<(DisplayName, Slug), DevError> {
        Ok((name.parse()?, Slug::of_name(name)?))
    }
    let engine = installation.engine();
    let (name, slug) = named("Dev")?;
    let founded = found(engine, name, slug, "owner@localhost").await?;
    let names = PlaygroundNames {
        service_account: named("Dev client")?,
        project: named("Dev project")?,
        key: named("Dev key")?,
    };
    let playground = furnish(engine, &founded, REGION, names).await?;
    Ok(Credentials {
        organisation: founded.organisation.to_string(),
        region: REGION.to_owned(),
        token: founded.token.expose().to_owned(),
        client_id: playground.client.access_key.clone(),
        client_secret: playground.client.access_secret.expose().to_owned(),
        kms_key_identity: playground.key.to_string(),
        project: playground.project.to_string(),
    })
}

fn remembered(directory: &DataDirectory) -> Result<Credentials, DevError> {
    let path = directory.path().join(CREDENTIALS);
    let text = fs::read(&path).map_err(|source| DevError::NotOurs {
        path: path.clone(),
        source,
    })?;
    serde_json::from_slice(&text).map_err(|source| DevError::Damaged { path, source })
}

fn announce(
    endpoint: &str,
    credentials: &Credentials,
    output: &mut dyn Write,
) -> Result<(), DevError> {
    let line = serde_json::to_string(&Announcement {
        endpoint,
        credentials,
    })
    .map_err(DevError::Json)?;
    writeln!(output, "{line}")
        .and_then(|()| output.flush())
        .map_err(OutputError::from)?;
    Ok(())
}

fn welcome(endpoint: &str, credentials: &Credentials, output: &mut dyn Write) -> io::Result<()> {
    writeln!(
        output,
        "Strongroom is ready. Ctrl-C stops it. For development only.\n"
    )?;
    for (name, value) in [
        ("ENDPOINT", endpoint),
        ("TOKEN", &credentials.token),
        ("ORGANISATION", &credentials.organisation),
        ("KMS_KEY", &credentials.kms_key_identity),
        ("CLIENT_ID", &credentials.client_id),
        ("CLIENT_SECRET", &credentials.client_secret),
        ("PROJECT", &credentials.project),
    ] {
        writeln!(output, "export {name}={value}")?;
    }
    let filling = Filling {
        endpoint,
        token: &credentials.token,
        organisation: &credentials.organisation,
        kms_key: &credentials.kms_key_identity,
    };
    writeln!(output, "{}", recipes::filled(filling))?;
    output.flush()
}

//! `strongroom init`.

use std::io::{self, Write};
use std::path::PathBuf;

use strongroom_crypto::SystemEntropy;
use strongroom_engine::DirectoryError;
use strongroom_types::{DisplayName, Slug, SlugError, TextError};

use super::{Exit, OutputError};
use crate::assemble::{AssembleError, CloseFault, Installation, Opening};
use crate::config::{Config, LoadError, Provider};
use crate::data_directory::{DataDirectory, DataDirectoryError};
use crate::founding::{Founded, found};
use crate::root_key::{self, RootKeyUnavailable, RootKeys, Surroundings};

/// What the command line says.
#[derive(Debug, Clone)]
pub struct InitArgs {
    /// The configuration file; without it, the defaults count.
    pub config: Option<PathBuf>,
    /// The data directory, over what the configuration says.
    pub data: Option<PathBuf>,
    /// The name of the first organisation.
    pub organisation: String,
    /// The address of its owner.
    pub owner: String,
}

/// The installation was not made.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "each variant's message says what it is")]
pub enum InitError {
    #[error("name a configuration (--config FILE) or a data directory (--data DIR)")]
    NoPlace,
    #[error(transparent)]
    Config(#[from] LoadError),
    #[error("--organisation is no name")]
    Name(#[source] TextError),
    #[error("--organisation has no letter or digit to make a slug of")]
    Slug(#[source] SlugError),
    #[error(transparent)]
    DataDirectory(#[from] DataDirectoryError),
    #[error(transparent)]
    RootKey(#[from] RootKeyUnavailable),
    #[error("the asynchronous runtime cannot start")]
    Runtime(#[source] io::Error),
    #[error(transparent)]
    Assemble(#[from] AssembleError),
    #[error("the first organisation cannot be made")]
    Found(#[from] DirectoryError),
    #[error(transparent)]
    Close(#[from] CloseFault),
    #[error(transparent)]
    Output(#[from] OutputError),
}

impl InitError {
    /// The exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Self::NoPlace
            | Self::Config(_)
            | Self::Name(_)
            | Self::Slug(_)
            | Self::DataDirectory(_) => Exit::Usage,
            _ => Exit::Failed,
        }
    }
}

/// Makes the data directory, the root key, the keyring, the first organisation, its owner and the
/// owner's token, which is shown once. Refuses to run twice.
pub fn init(
    args: &InitArgs,
    environment: impl IntoIterator<Item = (String, String)>,
    surroundings: &dyn Surroundings,
    output: &mut dyn Write,
) -> Result<(), InitError> {
    let config = configuration(args, environment)?;
    let name: DisplayName = args.organisation.parse().map_err(InitError::Name)?;
    let slug = Slug::of_name(name.as_str()).map_err(InitError::Slug)?;
    let data = DataDirectory::at(&config.store.data);
    crate::memory::protect(&config);
    data.begin()?;
    let root = RootKeys::only(root_key::create(&config, surroundings, &SystemEntropy)?);
    let founded = super::server::runtime(1)
        .map_err(InitError::Runtime)?
        .block_on(make(&config, &root, name, slug.clone(), &args.owner))?;
    data.complete()?;
    show(&config, &founded, &slug, output).map_err(OutputError::from)?;
    Ok(())
}

fn configuration(
    args: &InitArgs,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Config, InitError> {
    let mut config = match (&args.config, &args.data) {
        (None, None) => return Err(InitError::NoPlace),
        (Some(file), _) => Config::load(file, environment)?,
        (None, Some(_)) => Config::parse("", environment)?,
    };
    if let Some(data) = &args.data {
        config.store.data.clone_from(data);
    }
    Ok(config)
}

async fn make(
    config: &Config,
    root: &RootKeys,
    name: DisplayName,
    slug: Slug,
    owner: &str,
) -> Result<Founded, InitError> {
    let installation = Installation::open(config, root, Opening::New).await?;
    let founded = found(installation.engine(), name, slug, owner).await;
    installation.close().await?;
    Ok(founded?)
}

fn show(config: &Config, founded: &Founded, slug: &Slug, output: &mut dyn Write) -> io::Result<()> {
    let Founded {
        organisation,
        token,
    } = founded;
    writeln!(
        output,
        "The installation in {} is ready.\n",
        config.store.data.display()
    )?;
    writeln!(output, "organisation  {organisation} ({slug})")?;
    writeln!(output, "owner token   {}", token.expose())?;
    writeln!(
        output,
        "\nThe token is shown only now: keep it in a safe place."
    )?;
    if config.root_key.provider == Provider::File {
        writeln!(
            output,
            "The root key is in {}. Keep a copy of it away from the data: without it,\n\
             nobody can read the data again.",
            config.root_key_file().display()
        )?;
    }
    writeln!(output, "\nStart it with: strongroom server --config FILE")?;
    writeln!(
        output,
        "where FILE has: [store] data = {:?}",
        config.store.data
    )
}

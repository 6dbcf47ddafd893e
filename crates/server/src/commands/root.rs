//! `strongroom root`: changing the root key, of a running server or of one that is not.

use std::io::{self, Write};
use std::path::PathBuf;

use strongroom_crypto::{EntropyError, SystemEntropy, random};
use strongroom_engine::RootKeyChange;
use strongroom_store::{OpenError, Store};

use super::{Exit, OutputError};
use crate::config::{Config, LoadError, Provider};
use crate::data_directory::{DataDirectory, DataDirectoryError};
use crate::memory;
use crate::root_key::{
    self, Change, ChangeError, Changing, ControlError, KeyringAccess, NewRoot, Opened,
    RootKeyUnavailable, RootKeys, Surroundings,
};
use crate::settings;

/// What the command line says.
#[derive(Debug, Clone)]
pub struct RootArgs {
    /// The configuration that the installation is run with.
    pub config: PathBuf,
}

/// What the command line says of a migration.
#[derive(Debug, Clone)]
pub struct MigrateArgs {
    /// The configuration that the installation is run with.
    pub config: PathBuf,
    /// The configuration that it is to be run with from now on.
    pub to: PathBuf,
}

/// The root key was not changed.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "each variant's message says what it is")]
pub enum RootError {
    #[error(transparent)]
    Config(#[from] LoadError),
    #[error(
        "--to names another installation: store.data is {} there and {} in --config",
        to.display(), from.display()
    )]
    OtherData { from: PathBuf, to: PathBuf },
    #[error(
        "both configurations have the same root key: use `strongroom root rotate` for a new one"
    )]
    SameKey,
    #[error(transparent)]
    DataDirectory(#[from] DataDirectoryError),
    #[error("the asynchronous runtime cannot start")]
    Runtime(#[source] io::Error),
    #[error(transparent)]
    Control(#[from] ControlError),
    #[error("no random bytes can be had")]
    Entropy(#[from] EntropyError),
    #[error("no server answers, and the store cannot be opened without one")]
    Store(#[source] OpenError),
    #[error(transparent)]
    RootKey(#[from] RootKeyUnavailable),
    #[error(transparent)]
    Change(#[from] ChangeError),
    #[error(transparent)]
    Output(#[from] OutputError),
}

impl RootError {
    /// The exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Config(_)
            | Self::OtherData { .. }
            | Self::SameKey
            | Self::DataDirectory(_)
            | Self::RootKey(RootKeyUnavailable::KeptElsewhere(_)) => Exit::Usage,
            _ => Exit::Failed,
        }
    }
}

/// Makes a new root key of the same provider and seals the keyring under it.
///
/// # Errors
///
/// See [`RootError`]. An installation opens after each of them.
pub fn rotate(
    args: &RootArgs,
    environment: impl IntoIterator<Item = (String, String)>,
    surroundings: &dyn Surroundings,
    output: &mut dyn Write,
) -> Result<(), RootError> {
    let config = Config::load(&args.config, environment)?;
    root_key::can_be_renewed(&config)?;
    memory::protect(&config);
    let data = DataDirectory::at(&config.store.data);
    data.check()?;
    let right = Changing::begin(&data)?;
    let keys = root_key::existing(&config, surroundings)?;
    let runtime = super::server::runtime(1).map_err(RootError::Runtime)?;
    runtime.block_on(async {
        let access = reach(&config).await?;
        let outcome = async {
            let opened = Opened::with(&right, &access, &keys).await?;
            let new = root_key::renewed(&config, surroundings, &SystemEntropy)?;
            let change = Change {
                kind: RootKeyChange::Rotated,
                to: name(&config),
            };
            exchange(opened, new, &access, &change).await
        };
        let outcome = outcome.await;
        access.close().await;
        outcome
    })?;
    let told = writeln!(
        output,
        "The root key is a new one.\nThe old one still opens backups of the data from before: keep \
         its copy as long as you keep\nthem.{}",
        match config.root_key.provider {
            Provider::File => " Make a copy of the new one, away from the data.",
            _ => "",
        }
    );
    Ok(told.map_err(OutputError::from)?)
}

/// Seals the keyring under the root key of another configuration.
///
/// # Errors
///
/// See [`RootError`]. The installation opens with one of the two configurations after each of
/// them.
pub fn migrate(
    args: &MigrateArgs,
    environment: impl IntoIterator<Item = (String, String)>,
    surroundings: &dyn Surroundings,
    output: &mut dyn Write,
) -> Result<(), RootError> {
    let environment: Vec<_> = environment.into_iter().collect();
    let from = Config::load(&args.config, environment.clone())?;
    let to = Config::load(&args.to, environment)?;
    compare(&from, &to)?;
    memory::protect(&from);
    let data = DataDirectory::at(&from.store.data);
    data.check()?;
    let right = Changing::begin(&data)?;
    let keys = root_key::existing(&from, surroundings)?;
    let runtime = super::server::runtime(1).map_err(RootError::Runtime)?;
    runtime.block_on(async {
        let access = reach(&from).await?;
        let outcome = cross(&right, &access, &keys, &to, surroundings).await;
        access.close().await;
        outcome
    })?;
    let told = writeln!(
        output,
        "The root key is that of {0} now. Start the server with {0} from now on;\na running one \
         needs no restart. The old root key still opens backups of the data from before,\nand \
         nothing else: keep a copy as long as you keep them, then destroy it.",
        args.to.display()
    );
    Ok(told.map_err(OutputError::from)?)
}

async fn cross(
    right: &Changing,
    access: &KeyringAccess,
    keys: &RootKeys,
    to: &Config,
    surroundings: &dyn Surroundings,
) -> Result<(), RootError> {
    match Opened::with(right, access, keys).await {
        Ok(opened) => {
            // The keyring is under the old key, so a draft of the new one is of no use to anyone.
            root_key::discard_draft(right, to)?;
            let new = root_key::destined(to, surroundings, &SystemEntropy)?;
            let change = Change {
                kind: RootKeyChange::Migrated,
                to: name(to),
            };
            exchange(opened, new, access, &change).await
        }
        Err(ChangeError::WrongRootKey(old)) => {
            // Perhaps an earlier run was interrupted between the last two steps.
            let keys = root_key::existing(to, surroundings)?;
            match Opened::with(right, access, &keys).await {
                Ok(_) => Ok(()),
                Err(ChangeError::WrongRootKey(_)) => Err(ChangeError::WrongRootKey(old).into()),
                Err(error) => Err(error.into()),
            }
        }
        Err(error) => Err(error.into()),
    }
}

/// The provider, as the configuration names it.
fn name(config: &Config) -> String {
    config.root_key.provider.name().to_owned()
}

async fn exchange(
    opened: Opened,
    new: NewRoot,
    access: &KeyringAccess,
    change: &Change,
) -> Result<(), RootError> {
    let prepared = opened.prepared(new);
    let replaced = prepared.replace(access, change, &SystemEntropy).await?;
    Ok(replaced.promote()?)
}

/// The server that runs, or else the store itself.
async fn reach(config: &Config) -> Result<KeyringAccess, RootError> {
    let socket = DataDirectory::at(&config.store.data).control_socket();
    if KeyringAccess::is_attended(&socket).await? {
        return Ok(KeyringAccess::Server(socket));
    }
    let options = settings::store(config, random(&SystemEntropy)?);
    let store = Store::open_embedded(options).map_err(RootError::Store)?;
    Ok(KeyringAccess::Store(store, Box::new(config.clone())))
}

/// Two configurations of one installation, whose root keys lie in different places.
fn compare(from: &Config, to: &Config) -> Result<(), RootError> {
    if from.store.data != to.store.data {
        return Err(RootError::OtherData {
            from: from.store.data.clone(),
            to: to.store.data.clone(),
        });
    }
    if root_key::is_same_place(from, to) {
        return Err(RootError::SameKey);
    }
    Ok(())
}

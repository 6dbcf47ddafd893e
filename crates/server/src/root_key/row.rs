//! The keyring's row, from wherever it can be reached: the store, or the server that has it open.

use std::path::{Path, PathBuf};

use strongroom_crypto::{Keyring, Sealed};
use strongroom_engine::{ChangeFault, CommitFault, Engine, RootKeyChange, keyring_key};
use strongroom_store::{CommitError, ReadError, Revision, Store};

use crate::assemble::{AssembleError, Installation};
use crate::config::Config;

use super::control::{self, Answer, ControlError};

/// The row as it is.
#[derive(Debug)]
pub struct KeyringRow {
    /// What tells this installation from every other.
    pub(super) installation: Vec<u8>,
    /// The commit that wrote it.
    pub(super) revision: Revision,
    /// The sealed keyring.
    pub(super) sealed: Sealed,
}

/// The row was not read.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// By the store.
    #[error("the keyring cannot be read from the store")]
    Read(#[source] ReadError),
    /// It is not there.
    #[error("the store has no keyring: it was never set up, or is not the whole of a backup")]
    Missing,
    /// By the running server.
    #[error(transparent)]
    Control(#[from] ControlError),
}

/// The row was not replaced, or is not known to be.
#[derive(Debug, thiserror::Error)]
pub enum ReplaceError {
    /// Certainly not.
    #[error("the keyring was not replaced; the root key is the old one")]
    Refused(#[source] ChangeFault),
    /// Certainly not, says the running server.
    #[error("the keyring was not replaced; the root key is the old one: {0}")]
    RefusedByServer(String),
    /// Nobody knows.
    #[error(
        "whether the keyring was replaced is not known; the next start takes the root key that \
         opens it, and running the command again completes the change"
    )]
    Unknown(#[source] ChangeFault),
    /// No record of it can be made, so it was not begun.
    #[error("the audit journal cannot be opened, so the keyring was not replaced")]
    NoRecord(#[source] AssembleError),
    /// The running server did not say.
    #[error(
        "the server did not say whether the keyring was replaced; the next start takes the root \
         key that opens it, and running the command again completes the change"
    )]
    Unheard(#[source] ControlError),
}

impl ReplaceError {
    /// Whether the row is certainly as it was.
    pub fn is_certain(&self) -> bool {
        matches!(
            self,
            Self::Refused(_) | Self::RefusedByServer(_) | Self::NoRecord(_)
        )
    }
}

/// What is done to the root key, for the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Whether it stays with its provider.
    pub kind: RootKeyChange,
    /// The provider that has it afterwards, by its name in the configuration.
    pub to: String,
}

/// A way to the row.
pub enum KeyringAccess {
    /// No server runs: the store is ours.
    Store(Store, Box<Config>),
    /// A server runs and answers at this socket.
    Server(PathBuf),
}

impl KeyringAccess {
    /// Reads the row.
    ///
    /// # Errors
    ///
    /// The store or the server does not answer, or there is no row.
    pub async fn read(&self) -> Result<KeyringRow, AccessError> {
        match self {
            Self::Store(store, _) => read(store).await,
            Self::Server(socket) => Ok(control::read(socket).await?),
        }
    }

    /// Replaces the row if it is at this revision still, and records it.
    ///
    /// # Errors
    ///
    /// See [`ReplaceError::is_certain`].
    pub async fn replace(
        &self,
        keyring: Keyring,
        expected: Revision,
        sealed: Sealed,
        change: &Change,
    ) -> Result<(), ReplaceError> {
        match self {
            Self::Store(store, config) => {
                let opened = Installation::around(config, store.clone(), keyring).await;
                let installation = opened.map_err(ReplaceError::NoRecord)?;
                let replaced = replace(installation.engine(), expected, sealed, change).await;
                if let Err(error) = installation.leave_store().await {
                    // The record waits beside the row, and the next start takes it up.
                    tracing::warn!(%error, "the journal was not closed in order");
                }
                replaced
            }
            Self::Server(socket) => {
                match control::replace(socket, expected, &sealed, change).await {
                    Ok(Answer::Refused { why }) => Err(ReplaceError::RefusedByServer(why)),
                    Ok(_) => Ok(()),
                    Err(error) => Err(ReplaceError::Unheard(error)),
                }
            }
        }
    }

    /// Whether a server answers at this socket.
    ///
    /// # Errors
    ///
    /// Neither yes nor no, such as for want of a right.
    pub async fn is_attended(socket: &Path) -> Result<bool, ControlError> {
        control::is_attended(socket).await
    }

    /// Lets go of the store.
    pub async fn close(self) {
        match self {
            Self::Store(store, _) => store.shutdown().await,
            Self::Server(_) => {}
        }
    }
}

/// Reads the row from an open store.
pub(super) async fn read(store: &Store) -> Result<KeyringRow, AccessError> {
    let row = store.get(&keyring_key()).await.map_err(AccessError::Read)?;
    let row = row.ok_or(AccessError::Missing)?;
    Ok(KeyringRow {
        installation: store.installation().to_vec(),
        revision: row.revision,
        sealed: row.value,
    })
}

/// Replaces the row by way of an engine, which records it.
pub(super) async fn replace(
    engine: &Engine,
    expected: Revision,
    sealed: Sealed,
    change: &Change,
) -> Result<(), ReplaceError> {
    let replaced = engine.replace_keyring(expected, sealed, change.kind, &change.to);
    match replaced.await {
        Ok(_) => Ok(()),
        Err(ChangeFault::Commit(CommitFault::Store(error @ CommitError::OutcomeUnknown(_)))) => {
            let fault = ChangeFault::Commit(CommitFault::Store(error));
            Err(ReplaceError::Unknown(fault))
        }
        Err(fault) => Err(ReplaceError::Refused(fault)),
    }
}

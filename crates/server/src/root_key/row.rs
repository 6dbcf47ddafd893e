//! The keyring's row, from wherever it can be reached: the store, or the server that has it open.

use std::path::{Path, PathBuf};

use strongroom_crypto::Sealed;
use strongroom_engine::keyring_key;
use strongroom_store::{Batch, CommitError, ReadError, Revision, Store};

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
    Refused(#[source] CommitError),
    /// Certainly not, says the running server.
    #[error("the keyring was not replaced; the root key is the old one: {0}")]
    RefusedByServer(String),
    /// Nobody knows.
    #[error(
        "whether the keyring was replaced is not known; the next start takes the root key that \
         opens it, and running the command again completes the change"
    )]
    Unknown(#[source] CommitError),
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
        matches!(self, Self::Refused(_) | Self::RefusedByServer(_))
    }
}

/// A way to the row.
pub enum KeyringAccess {
    /// No server runs: the store is ours.
    Store(Store),
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
            Self::Store(store) => read(store).await,
            Self::Server(socket) => Ok(control::read(socket).await?),
        }
    }

    /// Replaces the row if it is at this revision still.
    ///
    /// # Errors
    ///
    /// See [`ReplaceError::is_certain`].
    pub async fn replace(&self, expected: Revision, sealed: Sealed) -> Result<(), ReplaceError> {
        match self {
            Self::Store(store) => replace(store, expected, sealed).await,
            Self::Server(socket) => match control::replace(socket, expected, &sealed).await {
                Ok(Answer::Refused { why }) => Err(ReplaceError::RefusedByServer(why)),
                Ok(_) => Ok(()),
                Err(error) => Err(ReplaceError::Unheard(error)),
            },
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
            Self::Store(store) => store.shutdown().await,
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

/// Replaces the row in an open store.
pub(super) async fn replace(
    store: &Store,
    expected: Revision,
    sealed: Sealed,
) -> Result<(), ReplaceError> {
    let mut batch = Batch::new();
    let key = keyring_key();
    batch
        .expect_revision(key.clone(), expected)
        .put(key, sealed);
    match store.commit(batch).await {
        Ok(_) => Ok(()),
        Err(error @ CommitError::OutcomeUnknown(_)) => Err(ReplaceError::Unknown(error)),
        Err(error) => Err(ReplaceError::Refused(error)),
    }
}

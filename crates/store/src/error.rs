//! What did not happen, one type per operation.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::{Batch, Key};

/// The underlying failure, for the log: it names no value, but is not meant for callers of the API.
///
/// Cheap to clone, because one failed write is the cause of every commit that shared it.
#[derive(Clone, Debug)]
pub struct Cause(Arc<dyn Error + Send + Sync>);

impl Cause {
    pub(crate) fn new(error: impl Error + Send + Sync + 'static) -> Self {
        Self(Arc::new(error))
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Cause {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

/// Why the store takes no requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// It was shut down.
    #[error("the store is closed")]
    Closed,
    /// A write failed in a way that leaves unknown what is on disk. Only opening the store again,
    /// which reads what the disk really has, makes it usable.
    #[error("the store stopped after a failed write: check the disk, then restart")]
    Poisoned,
    /// More commits wait than the queue takes. Nothing was done; try again later.
    #[error("too many writes are waiting: try again later")]
    Busy,
}

/// Why a read gave no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ReadError {
    /// The store takes no requests.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// The read itself failed.
    #[error("the store could not be read")]
    Failed(#[source] Cause),
}

/// Why a batch was not applied, or not known to be.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CommitError {
    /// A row was not as expected. Nothing was changed: read again and decide anew.
    #[error("a row changed in the meantime")]
    Conflict {
        /// The first expectation that did not hold.
        key: Box<Key>,
    },
    /// The batch is larger than [`Batch::MAX_BYTES`]. Nothing was changed.
    #[error(
        "a batch of {bytes} bytes is larger than the limit of {}",
        Batch::MAX_BYTES
    )]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// The store takes no requests. Nothing was changed.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// The disk, or the quota of the store, is full. Nothing was changed, and reads still work.
    #[error("no space is left for the store: free some, then try again")]
    Full(#[source] Cause),
    /// The write failed before it was decided. Nothing was changed.
    #[error("the store could not be written; nothing was changed")]
    NotApplied(#[source] Cause),
    /// The write failed at the moment of decision: the batch may or may not be on disk, whole.
    #[error("the store could not be written; whether the change was made shows after a restart")]
    OutcomeUnknown(#[source] Cause),
}

/// Why a store was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The directory or a file in it cannot be used.
    #[error("cannot use `{}`: check that it exists and who may write to it", path.display())]
    Files {
        /// What was tried.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// Another process has it open.
    #[error("the store in `{}` is in use by another process: stop that one first", path.display())]
    Locked {
        /// The directory.
        path: PathBuf,
    },
    /// The file is some other program's database.
    #[error("`{}` is a database, but not a Strongroom store (application {found:#x})", path.display())]
    NotAStore {
        /// The file.
        path: PathBuf,
        /// The application that it names.
        found: u32,
    },
    /// A later release wrote it.
    #[error(
        "`{}` has format {found}, and this release knows formats up to {known}: use a later release",
        path.display()
    )]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The latest format of this release.
        known: u32,
    },
    /// The database did not open, or is damaged.
    #[error("the database `{}` cannot be opened: if it is damaged, restore a backup", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// What the database library said.
        #[source]
        cause: Cause,
    },
    /// The log of commits lacks some that were acknowledged, or they cannot be read.
    #[error("the commit log in `{}` is damaged: restore a backup", path.display())]
    Log {
        /// The directory.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        cause: Cause,
    },
    /// The system gave no thread for the writer.
    #[error("the store's threads could not be started")]
    Threads(#[source] io::Error),
}

/// Why there is no backup.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The store takes no requests.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// There is something at the destination already, or it cannot be made.
    #[error("cannot make `{}`: choose a directory that does not exist yet", path.display())]
    Destination {
        /// What was tried.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// Copying failed. What is at the destination is not a backup: delete it.
    #[error("the copy in `{}` is not complete: delete it and try again", path.display())]
    Copy {
        /// The destination.
        path: PathBuf,
        /// What failed.
        #[source]
        cause: Cause,
    },
}

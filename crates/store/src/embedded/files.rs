//! The directory of an embedded store, its files and its lock.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::OpenError;

/// The database inside the directory.
pub(super) fn database(directory: &Path) -> PathBuf {
    directory.join("store.db")
}

/// Makes the directory if need be, for its owner only, and takes the lock that keeps others out.
///
/// The lock goes with the returned file, and with the process if that dies.
pub(super) fn claim(directory: &Path) -> Result<File, OpenError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| OpenError::Files { path, source }
    };
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(failed(directory))?;
    let path = directory.join("lock");
    let lock = owned_file()
        .create(true)
        .open(&path)
        .map_err(failed(&path))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let path = directory.to_owned();
            return Err(OpenError::Locked { path });
        }
        Err(TryLockError::Error(source)) => return Err(OpenError::Files { path, source }),
    }
    // The database library gives its log the same permissions as the database.
    let database = database(directory);
    owned_file()
        .create(true)
        .open(&database)
        .map_err(failed(&database))?;
    sync_directory(directory).map_err(failed(directory))?;
    Ok(lock)
}

/// Makes a new directory with an empty file for the database in it, as claiming would.
pub(super) fn create_for_copy(directory: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(directory)?;
    owned_file().create_new(true).open(database(directory))?;
    Ok(())
}

/// Makes the names in a directory durable, and the directory's own.
pub(super) fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()?;
    match directory.canonicalize()?.parent() {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

/// How a file of the store is opened, or made for its owner only.
pub(super) fn owned_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600);
    options
}

//! A copy of the store as it is at one moment.

use std::path::{Path, PathBuf};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::{files, schema};
use crate::{BackupError, Cause};

/// Copies the database at `from` into a new directory. Commits go on meanwhile; SQLite's log
/// just cannot start afresh.
pub(super) fn copy(from: &Path, directory: PathBuf) -> Result<(), BackupError> {
    if let Err(source) = files::create_for_copy(&directory) {
        let path = directory;
        return Err(BackupError::Destination { path, source });
    }
    let to = files::database(&directory);
    if let Err(cause) = copy_database(from, &to) {
        let path = directory;
        return Err(BackupError::Copy { path, cause });
    }
    files::sync_directory(&directory).map_err(|source| BackupError::Destination {
        path: directory,
        source,
    })
}

fn copy_database(from: &Path, to: &Path) -> Result<(), Cause> {
    let source = schema::open_reader(from, 1 << 10).map_err(Cause::new)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut copy = Connection::open_with_flags(to, flags).map_err(Cause::new)?;
    let expected = schema::identity(&source).map_err(Cause::new)?;
    let backup = Backup::new(&source, &mut copy).map_err(Cause::new)?;
    // All pages in one step are all pages from one moment.
    let step = backup.step(-1).map_err(Cause::new)?;
    drop(backup);
    let found = schema::identity(&copy).map_err(Cause::new)?;
    // The source may have gone on between the two looks.
    let same = found.installation == expected.installation
        && found.applied.revision >= expected.applied.revision;
    if step != StepResult::Done || !same {
        return Err(Cause::new(Incomplete));
    }
    Ok(())
}

/// The copy does not hold what was to be copied.
#[derive(Debug, thiserror::Error)]
#[error("the copy lacks pages of the original")]
struct Incomplete;

//! A file that is replaced by way of a draft beside it.
//!
//! The draft has the name with `.next` after it. It is made durable before anything depends on it,
//! and takes the file's name only after everything does: in between, both are there, and opening
//! tries both.

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::RootKeyUnavailable;
use crate::data_directory::DataDirectory;

/// Where a file of a root key lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place(PathBuf);

impl Place {
    /// The place with this path.
    pub(crate) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// The file that counts.
    pub(crate) fn current(&self) -> &Path {
        &self.0
    }

    /// Its draft.
    pub(crate) fn next(&self) -> PathBuf {
        let mut name = OsString::from(&self.0);
        name.push(".next");
        name.into()
    }

    /// Whether there is a draft.
    pub(crate) fn has_draft(&self) -> bool {
        self.next().exists()
    }

    /// Writes the draft, durably. Until it is whole it has another name, so that a crash leaves none
    /// that is half of one.
    pub(crate) fn write_next(&self, contents: &str) -> Result<(), RootKeyUnavailable> {
        let mut part = OsString::from(self.next());
        part.push(".part");
        let write = || {
            let mut options = File::options();
            options.create(true).truncate(true).write(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut file = options.open(&part)?;
            file.write_all(contents.as_bytes())?;
            file.sync_all()?;
            fs::rename(&part, self.next())?;
            self.sync()
        };
        write().map_err(self.failed("given a draft"))
    }

    /// Puts the draft in the place of the file, durably. The file is gone after it.
    pub(crate) fn promote(&self) -> Result<(), RootKeyUnavailable> {
        let renamed = fs::rename(self.next(), &self.0).and_then(|()| self.sync());
        renamed.map_err(self.failed("replaced by its draft"))
    }

    /// Removes the draft, if there is one.
    pub(crate) fn discard(&self) -> Result<(), RootKeyUnavailable> {
        match fs::remove_file(self.next()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            outcome => outcome
                .and_then(|()| self.sync())
                .map_err(self.failed("freed of its draft")),
        }
    }

    /// Makes names durable.
    fn sync(&self) -> io::Result<()> {
        let directory = match self.0.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        File::open(directory)?.sync_all()
    }

    fn failed(&self, action: &'static str) -> impl Fn(io::Error) -> RootKeyUnavailable {
        move |source| RootKeyUnavailable::Replacing {
            path: self.0.clone(),
            action,
            source,
        }
    }
}

/// The right to touch the drafts of an installation. The system takes it back when the process
/// ends, however it ends.
#[derive(Debug)]
pub(crate) struct DraftLock(#[allow(dead_code, reason = "held, never read")] File);

impl DraftLock {
    /// Takes the right; none if another process has it.
    pub(crate) fn take(data: &DataDirectory) -> Result<Option<Self>, RootKeyUnavailable> {
        let path = data.root_lock();
        let failed = |source| RootKeyUnavailable::Replacing {
            path: path.clone(),
            action: "locked",
            source,
        };
        let mut options = File::options();
        options.create(true).truncate(false).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }
}

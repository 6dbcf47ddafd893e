//! The data directory.
//!
//! ```text
//! DIR/                 only its owner may enter (0700)
//!   strongroom.data    written last by `init` or `dev`: the installation is complete
//!   root.key           the root key, unless it is kept elsewhere
//!   passphrase.header  cost and salt of the passphrase, if the root key comes from one
//!   shares.header      which shares there are, if the root key is in shares
//!   *.next             the draft of one of the three, while the root key is being changed
//!   root.lock          held by the command that changes the root key
//!   control.sock       where a running server answers that command (0600)
//!   store/             sealed rows
//!   audit/             the journal, unless it is kept elsewhere
//!   dev.json           `strongroom dev` only: the credentials that it made (0600)
//! ```

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The file that says that the installation is complete.
const MARK: &str = "strongroom.data";
/// What is in it: the version of the layout above.
const LAYOUT: &str = "1";

/// The data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirectoryError {
    /// There is an installation already.
    #[error(
        "{} already holds an installation: start it with `strongroom server`, or name another \
         directory", .0.display()
    )]
    Exists(PathBuf),
    /// An installation was begun and not finished.
    #[error(
        "{} holds an installation that was begun and not finished; nobody has used it: remove the \
         directory and start again", .0.display()
    )]
    Unfinished(PathBuf),
    /// There is none yet.
    #[error(
        "{} holds no installation: make one with `strongroom init`, or correct store.data",
        .0.display()
    )]
    Missing(PathBuf),
    /// A later release made it.
    #[error(
        "{} has layout {found}, and this release knows {LAYOUT}: use a later release",
        path.display()
    )]
    Newer {
        /// The directory.
        path: PathBuf,
        /// Its layout.
        found: String,
    },
    /// Others may enter it.
    #[error("{} can be entered by others: run chmod 700 on it", .0.display())]
    Exposed(PathBuf),
    /// The disk refuses.
    #[error("{} cannot be {action}", path.display())]
    Io {
        /// Which file or directory.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
}

/// How far an installation has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Nothing is there.
    Empty,
    /// Something is there, but the mark is missing.
    Begun,
    /// It is complete.
    Complete,
}

/// A data directory, complete or not.
#[derive(Debug, Clone)]
pub struct DataDirectory(PathBuf);

impl DataDirectory {
    /// The directory at this path, which may not exist yet.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Where the store lies.
    pub fn store(&self) -> PathBuf {
        self.0.join("store")
    }

    /// What who changes the root key locks.
    pub fn root_lock(&self) -> PathBuf {
        self.0.join("root.lock")
    }

    /// Where a running server answers commands of its own machine.
    pub fn control_socket(&self) -> PathBuf {
        self.0.join("control.sock")
    }

    /// How far it has come.
    pub fn progress(&self) -> Result<Progress, DataDirectoryError> {
        let mark = self.0.join(MARK);
        match fs::read_to_string(&mark) {
            Ok(layout) if layout.trim_end() == LAYOUT => Ok(Progress::Complete),
            Ok(layout) => Err(DataDirectoryError::Newer {
                path: self.0.clone(),
                found: layout.trim_end().to_owned(),
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // A root key may be put there beforehand; a store may not.
                Ok(if self.store().exists() {
                    Progress::Begun
                } else {
                    Progress::Empty
                })
            }
            Err(source) => Err(failed(&mark, "read", source)),
        }
    }

    /// Makes the directory for a new installation. Refuses one that is there already.
    pub fn begin(&self) -> Result<(), DataDirectoryError> {
        match self.progress()? {
            Progress::Complete => return Err(DataDirectoryError::Exists(self.0.clone())),
            Progress::Begun => return Err(DataDirectoryError::Unfinished(self.0.clone())),
            Progress::Empty => {}
        }
        make_private(&self.0).map_err(|source| failed(&self.0, "made", source))?;
        self.check_private()
    }

    /// Checks that the installation is complete and private.
    pub fn check(&self) -> Result<(), DataDirectoryError> {
        match self.progress()? {
            Progress::Empty => Err(DataDirectoryError::Missing(self.0.clone())),
            Progress::Begun => Err(DataDirectoryError::Unfinished(self.0.clone())),
            Progress::Complete => self.check_private(),
        }
    }

    /// Marks the installation as complete, durably.
    pub fn complete(&self) -> Result<(), DataDirectoryError> {
        self.write_private(MARK, format!("{LAYOUT}\n").as_bytes())
    }

    /// Writes a new file that only its owner may read, durably.
    pub fn write_private(&self, name: &str, contents: &[u8]) -> Result<(), DataDirectoryError> {
        let path = self.0.join(name);
        let write = || {
            let mut options = OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut file = options.open(&path)?;
            file.write_all(contents)?;
            file.sync_all()?;
            File::open(&self.0)?.sync_all()
        };
        write().map_err(|source| failed(&path, "written", source))
    }

    #[cfg(unix)]
    fn check_private(&self) -> Result<(), DataDirectoryError> {
        use std::os::unix::fs::PermissionsExt;
        let metadata =
            fs::metadata(&self.0).map_err(|source| failed(&self.0, "inspected", source))?;
        if metadata.permissions().mode() & 0o077 == 0 {
            Ok(())
        } else {
            Err(DataDirectoryError::Exposed(self.0.clone()))
        }
    }

    #[cfg(not(unix))]
    fn check_private(&self) -> Result<(), DataDirectoryError> {
        Ok(())
    }
}

fn failed(path: &Path, action: &'static str, source: io::Error) -> DataDirectoryError {
    DataDirectoryError::Io {
        path: path.to_owned(),
        action,
        source,
    }
}

fn make_private(path: &Path) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        outcome => outcome,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_installation_is_made_once() {
        let parent = tempfile::tempdir().unwrap();
        let data = DataDirectory::at(parent.path().join("a/b"));
        assert!(matches!(data.check(), Err(DataDirectoryError::Missing(_))));
        data.begin().unwrap();
        assert!(matches!(data.check(), Err(DataDirectoryError::Missing(_))));
        fs::create_dir(data.store()).unwrap();
        assert!(matches!(
            data.begin(),
            Err(DataDirectoryError::Unfinished(_))
        ));
        assert!(matches!(
            data.check(),
            Err(DataDirectoryError::Unfinished(_))
        ));
        data.complete().unwrap();
        data.check().unwrap();
        assert!(matches!(data.begin(), Err(DataDirectoryError::Exists(_))));
        assert!(matches!(
            data.complete(),
            Err(DataDirectoryError::Io {
                action: "written",
                ..
            })
        ));
    }

    #[test]
    fn a_later_layout_is_left_alone() {
        let parent = tempfile::tempdir().unwrap();
        fs::write(parent.path().join(MARK), "2\n").unwrap();
        let data = DataDirectory::at(parent.path());
        for refused in [data.check(), data.begin()] {
            assert!(matches!(refused, Err(DataDirectoryError::Newer { .. })));
        }
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_enter() {
        use std::os::unix::fs::PermissionsExt;
        let parent = tempfile::tempdir().unwrap();
        let data = DataDirectory::at(parent.path().join("data"));
        data.begin().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(data.path()), 0o700);
        data.write_private("dev.json", b"{}").unwrap();
        assert_eq!(mode(&data.path().join("dev.json")), 0o600);
        fs::set_permissions(data.path(), fs::Permissions::from_mode(0o750)).unwrap();
        assert!(matches!(data.begin(), Err(DataDirectoryError::Exposed(_))));
        data.complete().unwrap();
        assert!(matches!(data.check(), Err(DataDirectoryError::Exposed(_))));
    }
}

//! A root key in a file of its own, which only its owner may read.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use data_encoding::{BASE64, HEXLOWER};
use zeroize::Zeroizing;

use super::credential::read_bounded;
use super::key_text::{self, KeyTextError};
use super::{ProviderError, RootKeyProvider};
use crate::entropy::random_secret;
use crate::{Entropy, EntropyError, RootKey, RootKeyError, random};

/// Starts the one line of a key file: what it is, and the number of its format.
const HEADER: &str = "strongroom-root-key-1:";

/// Why a key file was not read or not made.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// There is none.
    #[error("there is no key file at {}", path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// There is one already, and it is never overwritten.
    #[error("there is already a file at {}; a key file is never overwritten", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Others than its owner have rights on it.
    #[error(
        "the key file {} has mode {mode:03o}, so that others than its owner may use it; \
         run: chmod 600", path.display()
    )]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A directory or a device.
    #[error("{} is not a regular file", path.display())]
    NotAFile {
        /// What was found.
        path: PathBuf,
    },
    /// It does not start as a key file does.
    #[error("{} is not a key file of this service: it does not start with {HEADER}", path.display())]
    NotAKeyFile {
        /// The file.
        path: PathBuf,
    },
    /// It starts as a key file does, and goes on otherwise.
    #[error("the key file {} is damaged: restore it from a backup", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: KeyTextError,
    },
    /// The system refused.
    #[error("could not {action} the key file {}", path.display())]
    Io {
        /// What was being done.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There were no random bytes to make a key of.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The new bytes were refused.
    #[error(transparent)]
    Key(#[from] RootKeyError),
}

/// A key file: one line, `strongroom-root-key-1:` and the key in base64. Mode 0600.
pub struct KeyFile(PathBuf);

impl KeyFile {
    /// The key file at this path, which may not exist yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Makes a fresh root key and its file. When this returns, both the file and its name are on
    /// the disk; until then no file has the name, so a half-written key file is never found.
    ///
    /// # Errors
    ///
    /// There is a file already, there were no random bytes, or the disk refused.
    pub fn create(&self, entropy: &dyn Entropy) -> Result<RootKey, KeyFileError> {
        let key = random_secret(entropy, RootKey::LENGTH)?;
        let length = HEADER.len() + BASE64.encode_len(key.len()) + 1;
        let mut line = Zeroizing::new(String::with_capacity(length));
        line.push_str(HEADER);
        BASE64.encode_append(key.expose(), &mut line);
        line.push('\n');
        let root = RootKey::from_bytes(key)?;

        let mut draft = self.0.clone();
        draft.set_extension(format!("draft-{}", HEXLOWER.encode(&random::<8>(entropy)?)));
        let written = write_new(&draft, line.as_bytes()).map_err(self.failed("write"));
        // A link, unlike a rename, refuses a name that is taken.
        let linked = written.and_then(|()| match fs::hard_link(&draft, &self.0) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(KeyFileError::Exists {
                    path: self.0.clone(),
                })
            }
            outcome => outcome.map_err(self.failed("name")),
        });
        // The draft must go whatever happened; if it never came to be, that is no news.
        let removed = match fs::remove_file(&draft) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            outcome => outcome.map_err(self.failed("remove the draft of")),
        };
        linked?;
        removed?;
        sync_directory(&self.0).map_err(self.failed("make durable"))?;
        Ok(root)
    }

    /// Reads the root key.
    ///
    /// # Errors
    ///
    /// There is no such file, others may read it, or it holds something else.
    pub fn read(&self) -> Result<RootKey, KeyFileError> {
        let path = || self.0.clone();
        let file = match File::open(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(KeyFileError::Missing { path: path() });
            }
            outcome => outcome.map_err(self.failed("open"))?,
        };
        // Asked of the open file, so that nobody can exchange it in between.
        let metadata = file.metadata().map_err(self.failed("inspect"))?;
        if !metadata.is_file() {
            return Err(KeyFileError::NotAFile { path: path() });
        }
        if let Some(mode) = exposed(&metadata) {
            return Err(KeyFileError::Exposed { path: path(), mode });
        }
        let contents = read_bounded(file).map_err(self.failed("read"))?;
        let text = contents.expose().strip_prefix(HEADER.as_bytes());
        let text = text.ok_or_else(|| KeyFileError::NotAKeyFile { path: path() })?;
        key_text::parse(text).map_err(|source| KeyFileError::Damaged {
            path: path(),
            source,
        })
    }

    fn failed(&self, action: &'static str) -> impl Fn(io::Error) -> KeyFileError {
        move |source| KeyFileError::Io {
            action,
            path: self.0.clone(),
            source,
        }
    }
}

impl RootKeyProvider for KeyFile {
    fn name(&self) -> &'static str {
        "key file"
    }

    fn root_key(&self) -> Result<RootKey, ProviderError> {
        Ok(self.read()?)
    }
}

fn write_new(path: &Path, contents: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    file.write_all(contents)?;
    file.sync_all()
}

/// The permission bits, if they give anything to others than the owner.
#[cfg(unix)]
fn exposed(metadata: &fs::Metadata) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    let mode = metadata.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then_some(mode)
}

/// Elsewhere the access lists of the directory have to do.
#[cfg(not(unix))]
fn exposed(_: &fs::Metadata) -> Option<u32> {
    None
}

/// Makes the new name durable, not only the file.
#[cfg(unix)]
fn sync_directory(path: &Path) -> io::Result<()> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    File::open(directory)?.sync_all()
}

/// Other systems do not let a directory be opened; they write names through.
#[cfg(not(unix))]
fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{FixedEntropy, NoEntropy, keyring};
    use crate::{Keyring, SystemEntropy};
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.collect()
    }

    #[test]
    fn the_key_that_was_made_is_the_key_that_is_read() {
        let directory = tempfile::tempdir().unwrap();
        let file = KeyFile::new(directory.path().join("root.key"));
        let root = file.create(&SystemEntropy).unwrap();
        let sealed = keyring().seal(&root, &SystemEntropy, b"i").unwrap();
        let again = file.root_key().unwrap();
        assert!(Keyring::open(&again, &sealed, b"i").is_ok());
        assert_eq!(names(directory.path()), ["root.key"]);
        let mode = fs::metadata(file.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn the_form_of_the_file_is_pinned() {
        let directory = tempfile::tempdir().unwrap();
        let file = KeyFile::new(directory.path().join("root.key"));
        file.create(&FixedEntropy(7)).unwrap();
        assert_eq!(
            fs::read_to_string(file.path()).unwrap(),
            "strongroom-root-key-1:BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n"
        );
    }

    #[test]
    fn a_key_file_is_never_overwritten() {
        let directory = tempfile::tempdir().unwrap();
        let file = KeyFile::new(directory.path().join("root.key"));
        file.create(&SystemEntropy).unwrap();
        let before = fs::read(file.path()).unwrap();
        let again = file.create(&SystemEntropy);
        assert!(matches!(again, Err(KeyFileError::Exists { .. })));
        assert_eq!(fs::read(file.path()).unwrap(), before);
        assert_eq!(names(directory.path()), ["root.key"]);
    }

    #[test]
    fn a_failure_leaves_nothing_behind() {
        let directory = tempfile::tempdir().unwrap();
        let file = KeyFile::new(directory.path().join("root.key"));
        assert!(matches!(
            file.create(&NoEntropy),
            Err(KeyFileError::Entropy(_))
        ));
        let blank = file.create(&FixedEntropy(0));
        assert!(matches!(blank, Err(KeyFileError::Key(RootKeyError::Blank))));
        assert!(names(directory.path()).is_empty());
        let nowhere = KeyFile::new(directory.path().join("none/root.key"));
        let refused = nowhere.create(&SystemEntropy);
        assert!(matches!(
            refused,
            Err(KeyFileError::Io {
                action: "write",
                ..
            })
        ));
    }

    #[test]
    fn a_file_that_others_may_use_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let file = KeyFile::new(directory.path().join("root.key"));
        file.create(&SystemEntropy).unwrap();
        for bits in [0o640, 0o604, 0o620, 0o610, 0o666, 0o677] {
            fs::set_permissions(file.path(), Permissions::from_mode(bits)).unwrap();
            let refused = file.read();
            assert!(
                matches!(refused, Err(KeyFileError::Exposed { mode, .. }) if mode == bits),
                "{bits:o}"
            );
        }
        for bits in [0o600, 0o400] {
            fs::set_permissions(file.path(), Permissions::from_mode(bits)).unwrap();
            assert!(file.read().is_ok(), "{bits:o}");
        }
    }

    #[test]
    fn what_is_no_key_file_is_told_apart() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("root.key");
        let file = KeyFile::new(&path);
        assert!(matches!(file.read(), Err(KeyFileError::Missing { .. })));
        let read = |contents: &str| {
            fs::write(&path, contents).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
            file.read()
        };
        assert!(matches!(read(""), Err(KeyFileError::NotAKeyFile { .. })));
        assert!(matches!(
            read("x:AAAA"),
            Err(KeyFileError::NotAKeyFile { .. })
        ));
        assert!(matches!(read(HEADER), Err(KeyFileError::Damaged { .. })));
        let long = format!("{HEADER}{}", "A".repeat(2000));
        assert!(matches!(
            read(&long),
            Err(KeyFileError::Io { action: "read", .. })
        ));
        let directory = KeyFile::new(directory.path()).read();
        assert!(matches!(directory, Err(KeyFileError::NotAFile { .. })));
    }
}

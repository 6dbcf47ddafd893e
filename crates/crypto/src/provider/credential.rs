//! A root key that the service manager provides as a file (systemd's `LoadCredential=`).

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use strongroom_types::Plaintext;
use zeroize::Zeroizing;

use super::key_text::{self, KeyTextError};
use super::{ProviderError, RootKeyProvider};
use crate::{RootKey, RootKeyError};

/// More than any form of a key has.
const LONGEST: u64 = 1024;

/// Why a credential file gave no root key.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// It could not be read.
    #[error("the credential file {} could not be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Everyone on the machine may read it.
    #[error("everyone may read the credential file {}; take that right away (chmod o=)", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
    },
    /// 32 bytes that are no root key.
    #[error("the credential file {} holds no root key", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: RootKeyError,
    },
    /// Text that is no root key.
    #[error("the credential file {} holds no root key", path.display())]
    Text {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: KeyTextError,
    },
}

/// A credential file: exactly 32 raw bytes, or the text that [`KeyText`](super::KeyText) takes.
///
/// Group rights are accepted, because systemd grants a service user its credentials by an access
/// list, which shows as a group right; rights for everyone are refused.
pub struct CredentialFile(PathBuf);

impl CredentialFile {
    /// The credential at this path, which the caller found in `$CREDENTIALS_DIRECTORY`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    fn read(&self) -> Result<RootKey, CredentialError> {
        let path = || self.0.clone();
        let read = |source| CredentialError::Read {
            path: path(),
            source,
        };
        let file = File::open(&self.0).map_err(read)?;
        if others_may_read(&file).map_err(read)? {
            return Err(CredentialError::Exposed { path: path() });
        }
        let contents = read_bounded(file).map_err(read)?;
        if contents.len() == RootKey::LENGTH {
            RootKey::from_bytes(contents).map_err(|source| CredentialError::Key {
                path: path(),
                source,
            })
        } else {
            key_text::parse(contents.expose()).map_err(|source| CredentialError::Text {
                path: path(),
                source,
            })
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl RootKeyProvider for CredentialFile {
    fn name(&self) -> &'static str {
        "credential"
    }

    fn root_key(&self) -> Result<RootKey, ProviderError> {
        Ok(self.read()?)
    }
}

/// Reads a small file into a buffer that never moves, so that one wipe is enough.
pub(super) fn read_bounded(file: File) -> io::Result<Plaintext> {
    let mut contents = Zeroizing::new(vec![0; LONGEST as usize + 1]);
    let mut rest = &mut contents[..];
    let mut file = file.take(LONGEST + 1);
    while !rest.is_empty() {
        match file.read(rest) {
            Ok(0) => break,
            Ok(length) => rest = rest.get_mut(length..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let left = rest.len();
    if left == 0 {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            "the file is larger than a key",
        ));
    }
    let length = contents.len() - left;
    Ok(Plaintext::new(
        contents.get(..length).unwrap_or_default().to_vec(),
    ))
}

#[cfg(unix)]
fn others_may_read(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    Ok(file.metadata()?.permissions().mode() & 0o007 != 0)
}

/// Elsewhere the service manager's access lists have to do.
#[cfg(not(unix))]
fn others_may_read(_: &File) -> io::Result<bool> {
    Ok(false)
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::keyring;
    use crate::{Keyring, SystemEntropy};
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    fn credential(contents: &[u8], mode: u32) -> Result<RootKey, CredentialError> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("root-key");
        fs::write(&path, contents).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        CredentialFile::new(path).read()
    }

    #[test]
    fn raw_bytes_and_text_give_the_same_key() {
        // A raw key may well end in a line feed.
        let bytes = [b'\n'; 32];
        let root = RootKey::from_bytes(Plaintext::new(bytes.to_vec())).unwrap();
        let sealed = keyring().seal(&root, &SystemEntropy, b"i").unwrap();
        let text = format!("{}\n", data_encoding::BASE64.encode(&bytes));
        for contents in [&bytes[..], text.as_bytes()] {
            let root = credential(contents, 0o440).unwrap();
            assert!(Keyring::open(&root, &sealed, b"i").is_ok());
        }
    }

    #[test]
    fn what_is_wrong_is_told_apart() {
        let exposed = credential(&[7; 32], 0o444);
        assert!(matches!(exposed, Err(CredentialError::Exposed { .. })));
        let blank = credential(&[0; 32], 0o400);
        assert!(matches!(blank, Err(CredentialError::Key { .. })));
        let short = credential(b"abc", 0o400);
        assert!(matches!(short, Err(CredentialError::Text { .. })));
        let long = credential(&[b'a'; 2000], 0o400);
        assert!(matches!(long, Err(CredentialError::Read { .. })));
        let missing = CredentialFile::new("no such file").root_key();
        assert!(matches!(
            missing,
            Err(ProviderError::Credential(CredentialError::Read { .. }))
        ));
    }
}

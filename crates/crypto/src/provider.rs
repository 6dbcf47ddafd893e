//! Where the root key comes from.
//!
//! Whether it is the right one shows when it opens the [`Keyring`](crate::Keyring).

mod credential;
mod field;
mod hsm;
mod key_file;
mod key_text;
mod passphrase;
mod polynomial;
mod shares;

use crate::{RootKey, RootKeyError};

pub use credential::{CredentialError, CredentialFile};
pub use hsm::{Hsm, HsmError, HsmPlace, HsmToken, Missing, WrappedRoot, WrappedRootError};
pub use key_file::{KeyFile, KeyFileError};
pub use key_text::{KeyText, KeyTextError};
pub use passphrase::{HeaderError, Passphrase, PassphraseCost, PassphraseError, PassphraseHeader};
pub use shares::{Gathering, Share, ShareError, ShareHeaderError, ShareSet, SplitError, SplitRoot};

/// A source of the root key.
pub trait RootKeyProvider: Send + Sync {
    /// What kind of source this is, for logs and health pages.
    fn name(&self) -> &'static str;

    /// Fetches the root key. May block: on a disk, or for the time that a passphrase takes.
    ///
    /// # Errors
    ///
    /// The source has no key, or guards it badly.
    fn root_key(&self) -> Result<RootKey, ProviderError>;
}

/// Why a provider gave no root key.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// From a key file.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// From text that the configuration carries.
    #[error(transparent)]
    KeyText(#[from] KeyTextError),
    /// From a credential file that the service manager provides.
    #[error(transparent)]
    Credential(#[from] CredentialError),
    /// From a passphrase.
    #[error(transparent)]
    Passphrase(#[from] PassphraseError),
    /// From shares.
    #[error(transparent)]
    Shares(#[from] RootKeyError),
    /// From a hardware security module.
    #[error(transparent)]
    Hsm(#[from] HsmError),
}

//! Changing the root key, in steps of which each leaves an installation that opens.
//!
//! ```text
//!             file or header      draft (.next)       keyring's row is under
//! Opened      old                 –                   old
//! Prepared    old                 new, durable        old     a crash: the draft goes
//! Replaced    old                 new, durable        new     a crash: the draft takes the place
//! (done)      new                 –                   new
//! ```
//!
//! The row is replaced by one conditional commit, so it is under the old key or under the new one.
//! Opening tries the file first and the draft second. A provider outside our disk (environment,
//! credential) has no draft: its key is durable before the change begins.
//!
//! Who drops a step's value where it stands leaves what a crash would leave.

use strongroom_crypto::{Entropy, Keyring, OpenError, RootKey, SealError};

use super::drafts::{DraftLock, Place};
use super::row::{AccessError, Change, KeyringAccess, KeyringRow, ReplaceError};
use super::{RootKeyUnavailable, RootKeys};
use crate::data_directory::DataDirectory;

/// The root key was not changed, or is not known to be.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// Two changes at a time.
    #[error("another command is changing the root key of this installation: wait for its end")]
    Busy,
    /// The keyring's row was not read.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The configuration's root key is another one.
    #[error(
        "the root key of the configuration does not open the keyring: name the configuration that \
         the installation is run with"
    )]
    WrongRootKey(#[source] OpenError),
    /// The old or the new key cannot be had, or its file not be put in place.
    #[error(transparent)]
    RootKey(#[from] RootKeyUnavailable),
    /// The keyring was not sealed again.
    #[error("the keyring cannot be sealed under the new root key; nothing was changed")]
    Seal(#[from] SealError),
    /// The row was not replaced.
    #[error(transparent)]
    Replace(#[from] ReplaceError),
    /// A message could not be shown.
    #[error("the new shares cannot be shown, so nothing was changed")]
    Show(#[source] std::io::Error),
}

/// A root key that is durable, or will be once its draft is.
pub struct NewRoot {
    /// The key.
    pub(super) key: RootKey,
    /// Where its draft is waiting; none if it is kept elsewhere.
    pub(super) place: Option<Place>,
}

/// The right to change the root key, for as long as this lives.
#[derive(Debug)]
pub struct Changing(#[allow(dead_code, reason = "held, never read")] DraftLock);

impl Changing {
    /// Takes the right.
    ///
    /// # Errors
    ///
    /// Another process has it.
    pub fn begin(data: &DataDirectory) -> Result<Self, ChangeError> {
        DraftLock::take(data)?.map(Self).ok_or(ChangeError::Busy)
    }
}

/// The present root key is proved: the keyring is open.
pub struct Opened {
    keyring: Keyring,
    row: KeyringRow,
}

impl Opened {
    /// Opens the keyring, and ends a change that was interrupted.
    ///
    /// # Errors
    ///
    /// The row cannot be read, or none of the keys opens it.
    pub async fn with(
        _right: &Changing,
        access: &KeyringAccess,
        keys: &RootKeys,
    ) -> Result<Self, ChangeError> {
        let row = access.read().await?;
        let (keyring, which) = keys
            .open(&row.sealed, &row.installation)
            .map_err(ChangeError::WrongRootKey)?;
        keys.settle_locked(which)?;
        Ok(Self { keyring, row })
    }

    /// Goes on with a new root key that is durable.
    pub fn prepared(self, new: NewRoot) -> Prepared {
        Prepared { opened: self, new }
    }
}

/// The new key is durable, and the row is under the old one.
pub struct Prepared {
    opened: Opened,
    new: NewRoot,
}

impl Prepared {
    /// Seals the keyring under the new key and replaces the row, if nobody did meanwhile.
    ///
    /// # Errors
    ///
    /// Nothing was changed, and the draft is gone; or it is unknown whether the row was replaced,
    /// and the draft stays for the next opening to decide.
    pub async fn replace(
        self,
        access: &KeyringAccess,
        change: &Change,
        entropy: &dyn Entropy,
    ) -> Result<Replaced, ChangeError> {
        let Opened { keyring, row } = self.opened;
        let sealed = keyring.seal(&self.new.key, entropy, &row.installation)?;
        let replaced = access.replace(keyring, row.revision, sealed, change);
        match replaced.await {
            Ok(()) => Ok(Replaced(self.new.place)),
            Err(error) if error.is_certain() => {
                if let Some(place) = self.new.place {
                    place.discard()?;
                }
                Err(error.into())
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// The row is under the new key.
#[must_use = "the draft is waiting to take the file's place"]
pub struct Replaced(Option<Place>);

impl Replaced {
    /// Puts the new key's file in the old one's place.
    ///
    /// # Errors
    ///
    /// The disk refuses; the installation opens with the draft, and the next start tries again.
    pub fn promote(self) -> Result<(), ChangeError> {
        match self.0 {
            Some(place) => Ok(place.promote()?),
            None => Ok(()),
        }
    }
}

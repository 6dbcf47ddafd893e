//! The root keys that an installation may be sealed under: the one that counts and, while it is
//! being changed, the next one.

use strongroom_crypto::{Keyring, OpenError, RootKey, Sealed};

use super::RootKeyUnavailable;
use super::drafts::{DraftLock, Place};
use crate::data_directory::DataDirectory;

/// Which of them opened the keyring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The one that counts.
    Current,
    /// The one whose draft was made durable by a change that did not come to its end.
    Next,
}

/// What the configured provider has.
pub struct RootKeys {
    pub(super) current: Option<RootKey>,
    pub(super) next: Option<RootKey>,
    pub(super) place: Option<Place>,
}

impl RootKeys {
    /// One key, with no draft beside it.
    pub fn only(key: RootKey) -> Self {
        Self {
            current: Some(key),
            next: None,
            place: None,
        }
    }

    /// The key that a new installation begins with.
    pub fn first(&self) -> Option<&RootKey> {
        self.current.as_ref()
    }

    /// Opens the keyring with whichever key does.
    ///
    /// # Errors
    ///
    /// None does; the error is that of the key that counts.
    pub fn open(
        &self,
        sealed: &Sealed,
        installation: &[u8],
    ) -> Result<(Keyring, Which), OpenError> {
        let open = |key: &RootKey| Keyring::open(key, sealed, installation);
        let current = self.current.as_ref().map(open);
        let next = || self.next.as_ref().map(open);
        match current {
            Some(Ok(keyring)) => Ok((keyring, Which::Current)),
            Some(Err(error)) => match next() {
                Some(Ok(keyring)) => Ok((keyring, Which::Next)),
                Some(Err(_)) | None => Err(error),
            },
            None => match next() {
                Some(outcome) => outcome.map(|keyring| (keyring, Which::Next)),
                None => Err(OpenError::Truncated),
            },
        }
    }

    /// Ends a change that was interrupted: the draft takes the file's place if it is the one that
    /// opens the keyring, and goes otherwise. Only for who holds the store, because nobody else can
    /// change the row meanwhile; if a command is at work on the drafts, it is left to it.
    ///
    /// # Errors
    ///
    /// The disk refuses. Both files are there still, or the right one is.
    pub fn settle(&self, data: &DataDirectory, which: Which) -> Result<(), RootKeyUnavailable> {
        if !self.place.as_ref().is_some_and(Place::has_draft) {
            return Ok(());
        }
        let Some(_lock) = DraftLock::take(data)? else {
            tracing::info!("a command is changing the root key: its draft is left to it");
            return Ok(());
        };
        self.settle_locked(which)
    }

    /// The same for who has the right to touch the drafts already.
    pub(super) fn settle_locked(&self, which: Which) -> Result<(), RootKeyUnavailable> {
        let Some(place) = self.place.as_ref().filter(|place| place.has_draft()) else {
            return Ok(());
        };
        match which {
            Which::Next => {
                tracing::info!("the change of the root key that was interrupted is complete");
                place.promote()
            }
            Which::Current => {
                tracing::info!("the change of the root key that was interrupted is undone");
                place.discard()
            }
        }
    }
}

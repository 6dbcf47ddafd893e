//! Keys of one kind that replace each other, unwrapped once for each change of their row.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use strongroom_crypto::{Entropy, IssuerKey, KeyEncryptionKey, OpenError, SealError, TokenKey};
use strongroom_store::{Key, Revision};
use strongroom_types::Timestamp;

use super::schedule::Schedule;
use crate::engine::Inner;
use crate::rows::rotating::{RotatingKey, RotatingKeysRow};
use crate::rows::{CommitFault, RowFault, Vault, keyspace};
use crate::trail::ChangeFault;

/// How often a change is tried again when another node was faster.
const ATTEMPTS: usize = 4;

/// A kind of key that is replaced by the clock.
pub(crate) trait Rotating: Sized {
    /// What the audit record of a replacement calls it.
    const CALL: &'static str;

    fn row() -> Key;

    fn fresh(
        kek: &KeyEncryptionKey,
        entropy: &dyn Entropy,
        identity: &[u8; 16],
    ) -> Result<(Self, Vec<u8>), SealError>;

    fn unwrap(
        kek: &KeyEncryptionKey,
        identity: &[u8; 16],
        wrapped: &[u8],
    ) -> Result<Self, OpenError>;
}

macro_rules! rotating {
    ($key:ty, $call:literal, $row:path) => {
        impl Rotating for $key {
            const CALL: &'static str = $call;

            fn row() -> Key {
                $row()
            }

            fn fresh(
                kek: &KeyEncryptionKey,
                entropy: &dyn Entropy,
                identity: &[u8; 16],
            ) -> Result<(Self, Vec<u8>), SealError> {
                Self::fresh(kek, entropy, identity)
            }

            fn unwrap(
                kek: &KeyEncryptionKey,
                identity: &[u8; 16],
                wrapped: &[u8],
            ) -> Result<Self, OpenError> {
                Self::unwrap(kek, identity, wrapped)
            }
        }
    };
}

rotating!(IssuerKey, "auth.rotate_issuer_key", keyspace::issuer_keys);
rotating!(TokenKey, "auth.rotate_token_key", keyspace::token_keys);

/// Why keys were not replaced.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// Those that are there could not be read.
    #[error("the keys could not be read")]
    Row(#[source] RowFault),
    /// A new one could not be made.
    #[error("a new key could not be made")]
    Fresh(#[source] SealError),
    /// It was not made durable.
    #[error("the new key could not be stored")]
    Change(#[source] ChangeFault),
    /// Other nodes kept replacing them at the same time.
    #[error("other nodes kept replacing the keys at the same time")]
    Contended,
}

impl From<CommitFault> for RotationError {
    fn from(fault: CommitFault) -> Self {
        Self::Change(fault.into())
    }
}

/// A key, and when it counts.
pub(crate) struct Kept<K> {
    pub(crate) identity: [u8; 16],
    pub(crate) active_from: Timestamp,
    /// When nothing that it made counts any more; none until the next one is known.
    ends: Option<Timestamp>,
    pub(crate) key: K,
}

/// The keys of one revision of their row, the oldest first.
pub(crate) struct Ring<K> {
    revision: Revision,
    keys: Vec<Kept<K>>,
}

impl<K> Ring<K> {
    /// The key to use now. Before the first one's time, as after the clock was put back, the first.
    pub(crate) fn in_use(&self, now: Timestamp) -> Option<&Kept<K>> {
        let begun = |kept: &&Kept<K>| kept.active_from <= now;
        self.keys.iter().rfind(begun).or(self.keys.first())
    }

    /// The keys that count now, the newest first.
    pub(crate) fn known(&self, now: Timestamp) -> impl Iterator<Item = &Kept<K>> {
        let counts = move |kept: &&Kept<K>| kept.ends.is_none_or(|end| now < end);
        self.keys.iter().rev().filter(counts)
    }

    /// From when on the first of them was used.
    pub(crate) fn begin(&self) -> Option<Timestamp> {
        self.keys.first().map(|first| first.active_from)
    }
}

/// The keys of one kind.
pub(crate) struct Keychain<K>(ArcSwapOption<Ring<K>>);

impl<K: Rotating> Keychain<K> {
    pub(crate) fn new() -> Self {
        Self(ArcSwapOption::empty())
    }

    /// The keys as they are now; none before the first was made.
    pub(crate) async fn current(
        &self,
        vault: &Vault,
        schedule: Schedule,
    ) -> Result<Option<Arc<Ring<K>>>, RowFault> {
        let place = K::row();
        let Some(sealed) = vault.get_sealed(&place).await? else {
            return Ok(None);
        };
        if let Some(ring) = self.0.load_full()
            && ring.revision == sealed.revision
        {
            return Ok(Some(ring));
        }
        let stored = vault.open::<RotatingKeysRow>(&place, &sealed)?;
        let rows = stored.row.keys;
        let ends = rows.iter().skip(1).map(|next| Some(next.active_from));
        let ends: Vec<_> = ends.chain([None]).collect();
        let unwrapped = rows.into_iter().zip(ends).map(|(row, next)| {
            let kek = vault.keyring().key_encryption();
            let key = K::unwrap(kek, &row.identity, &row.wrapped);
            let key = key.map_err(|source| RowFault::Open {
                table: place.as_bytes().first().copied().unwrap_or(0),
                source,
            })?;
            Ok(Kept {
                identity: row.identity,
                active_from: row.active_from,
                ends: next.map(|next| schedule.end(next)),
                key,
            })
        });
        let ring = Arc::new(Ring {
            revision: stored.revision,
            keys: unwrapped.collect::<Result<_, RowFault>>()?,
        });
        self.0.store(Some(Arc::clone(&ring)));
        Ok(Some(ring))
    }
}

impl Inner {
    /// Makes the next key of a kind if it is time to, and forgets those that count no more. Says
    /// whether a key was made.
    pub(super) async fn rotate<K: Rotating>(&self) -> Result<bool, RotationError> {
        let schedule = Schedule::of(&self.settings);
        let now = self.clock.now();
        for _ in 0..ATTEMPTS {
            let row = self.vault.get::<RotatingKeysRow>(&K::row()).await;
            let stored = row.map_err(RotationError::Row)?;
            let revision = stored.as_ref().map(|stored| stored.revision);
            let known = stored.map(|stored| stored.row.keys).unwrap_or_default();
            let mut keys = schedule.kept(&known, now);
            let next = schedule.next(&known, now);
            if let Some(active_from) = next {
                keys.push(self.fresh::<K>(active_from)?);
            }
            if keys == known {
                return Ok(false);
            }
            let row = RotatingKeysRow { keys };
            let mut changes = self.vault.changes();
            match revision {
                Some(revision) => changes.replace(K::row(), revision, &row)?,
                None => changes.create(K::row(), &row)?,
            }
            let call = self.directory_call(K::CALL, None);
            match self.trail.commit(&call, changes, ()).await {
                Ok(_) => return Ok(next.is_some()),
                Err(fault) if fault.is_conflict() => {}
                Err(fault) => return Err(RotationError::Change(fault)),
            }
        }
        Err(RotationError::Contended)
    }

    fn fresh<K: Rotating>(&self, active_from: Timestamp) -> Result<RotatingKey, RotationError> {
        let identity = self.vault.draw()?;
        let kek = self.vault.keyring().key_encryption();
        let made = K::fresh(kek, self.vault.entropy(), &identity);
        let (_, wrapped) = made.map_err(RotationError::Fresh)?;
        Ok(RotatingKey {
            identity,
            active_from,
            wrapped,
        })
    }
}

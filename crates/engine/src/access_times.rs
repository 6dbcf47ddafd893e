//! When secrets were last revealed: gathered in memory, written in batches.
//!
//! Readers see the gathered times at once. A clean stop writes all of them; a crash loses at most
//! one interval of them (`Settings::access_time_interval`).

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use strongroom_store::Key;
use strongroom_types::{Timestamp, Version};
use tokio::sync::Notify;

use crate::rows::secret::{SecretAccess, VersionAccess};
use crate::rows::{CommitFault, RowFault, Vault};

/// Rows written in one batch.
const BATCH: usize = 512;
/// Secrets with unwritten times that make a write due before its interval ends.
const FULL: usize = 250_000;

type Shard = HashMap<[u8; 16], Pending>;

struct Pending {
    row: Key,
    versions: Vec<VersionAccess>,
}

/// Why access times are still unwritten.
#[derive(Debug, thiserror::Error)]
pub enum FlushError {
    /// The earlier times could not be read.
    #[error("access times could not be read")]
    Read(#[source] RowFault),
    /// The new times could not be written.
    #[error("access times could not be written")]
    Write(#[source] CommitFault),
}

/// Access times that wait to be written.
pub(crate) struct AccessTimes {
    shards: Box<[Mutex<Shard>]>,
    secrets: AtomicUsize,
    full: Notify,
    /// One flush at a time, so that two never write the same row over each other.
    flushing: tokio::sync::Mutex<()>,
}

impl AccessTimes {
    pub(crate) fn new() -> Self {
        Self {
            shards: (0..64).map(|_| Mutex::default()).collect(),
            secrets: AtomicUsize::new(0),
            full: Notify::new(),
            flushing: tokio::sync::Mutex::new(()),
        }
    }

    fn shard(&self, incarnation: &[u8; 16]) -> Option<&Mutex<Shard>> {
        let [first, ..] = incarnation;
        self.shards.get(usize::from(*first) % self.shards.len())
    }

    /// Notes a successful reveal.
    pub(crate) fn touch(
        &self,
        incarnation: [u8; 16],
        version: Version,
        at: Timestamp,
        row: impl FnOnce() -> Key,
    ) {
        let Some(shard) = self.shard(&incarnation) else {
            return;
        };
        let mut shard = shard.lock();
        let pending = shard.entry(incarnation).or_insert_with(|| {
            if self.secrets.fetch_add(1, Ordering::Relaxed) == FULL {
                self.full.notify_one();
            }
            Pending {
                row: row(),
                versions: Vec::with_capacity(1),
            }
        });
        note(&mut pending.versions, VersionAccess { version, at });
    }

    /// Resolves when so many times wait that they should not wait for the interval.
    pub(crate) async fn filled(&self) {
        self.full.notified().await;
    }

    /// The times of this secret: what is stored, brought up to date.
    pub(crate) fn current(
        &self,
        incarnation: [u8; 16],
        stored: Option<SecretAccess>,
    ) -> Vec<VersionAccess> {
        let mut versions = match stored {
            Some(stored) if stored.incarnation == incarnation => stored.versions,
            _ => Vec::new(),
        };
        if let Some(shard) = self.shard(&incarnation)
            && let Some(pending) = shard.lock().get(&incarnation)
        {
            pending
                .versions
                .iter()
                .for_each(|access| note(&mut versions, *access));
        }
        versions
    }

    /// Forgets a secret that was deleted.
    pub(crate) fn forget(&self, incarnation: [u8; 16]) {
        if let Some(shard) = self.shard(&incarnation)
            && shard.lock().remove(&incarnation).is_some()
        {
            self.secrets.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Writes everything that waits. What fails to be written goes on waiting.
    pub(crate) async fn flush(&self, vault: &Vault) -> Result<(), FlushError> {
        let _one_at_a_time = self.flushing.lock().await;
        for shard in &self.shards {
            let waiting: Vec<_> = shard
                .lock()
                .iter()
                .map(|(incarnation, pending)| {
                    (*incarnation, pending.row.clone(), pending.versions.clone())
                })
                .collect();
            for batch in waiting.chunks(BATCH) {
                write(vault, batch).await?;
                let mut shard = shard.lock();
                for (incarnation, _, written) in batch {
                    self.settle(&mut shard, incarnation, written);
                }
            }
        }
        Ok(())
    }

    /// Drops what was written, unless it was touched again in the meantime.
    fn settle(&self, shard: &mut Shard, incarnation: &[u8; 16], written: &[VersionAccess]) {
        let same = |pending: &Pending| {
            pending.versions.len() == written.len()
                && pending
                    .versions
                    .iter()
                    .zip(written)
                    .all(|(a, b)| a.at == b.at)
        };
        if shard.get(incarnation).is_some_and(same) {
            shard.remove(incarnation);
            self.secrets.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

fn note(versions: &mut Vec<VersionAccess>, access: VersionAccess) {
    match versions
        .iter_mut()
        .find(|known| known.version == access.version)
    {
        Some(known) => known.at = known.at.max(access.at),
        None => versions.push(access),
    }
}

async fn write(
    vault: &Vault,
    batch: &[([u8; 16], Key, Vec<VersionAccess>)],
) -> Result<(), FlushError> {
    let mut changes = vault.changes();
    for (incarnation, row, versions) in batch {
        let stored = vault
            .get::<SecretAccess>(row)
            .await
            .map_err(FlushError::Read)?;
        let mut access = match stored {
            Some(stored) if stored.row.incarnation == *incarnation => stored.row,
            _ => SecretAccess {
                incarnation: *incarnation,
                versions: Vec::new(),
            },
        };
        versions
            .iter()
            .for_each(|touched| note(&mut access.versions, *touched));
        changes
            .put(row.clone(), &access)
            .map_err(FlushError::Write)?;
    }
    changes.commit().await.map(drop).map_err(FlushError::Write)
}

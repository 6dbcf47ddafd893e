//! How often each version of a symmetric key has encrypted.
//!
//! Random nonces of 96 bits limit a key to 2^32 messages (NIST SP 800-38D, section 8.3). A node
//! borrows a block of encryptions from a row in the store and counts them off in memory: no call but
//! the first of a block writes anything, and a crash loses only what was left of a block, which
//! counts as used. So the row never says less than was done, on however many nodes.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::sync::Cache;
use strongroom_crypto::KeyMaterial;
use strongroom_types::{KeyFamily, KeyId, Scope, Version};

use super::lookup::FoundKey;
use crate::engine::Inner;
use crate::rows::key::KeyUsage;
use crate::rows::{CommitFault, RowFault, keyspace};

/// Key versions that this node counts for. One that is forgotten loses the rest of its block.
const CAPACITY: usize = 100_000;
/// Encryptions borrowed at first; each further block is twice as large, up to [`LARGEST`].
const FIRST: u64 = 256;
/// The most encryptions borrowed at once.
const LARGEST: u64 = 1 << 16;
/// How often a borrowing is tried again when another node was faster.
const ATTEMPTS: usize = 16;

/// Why an encryption was not counted, and so did not happen.
#[derive(Debug, thiserror::Error)]
pub enum CountError {
    /// This version has encrypted as often as is safe.
    #[error(
        "version {0} of the key has encrypted as often as is safe; rotate the key, or leave the \
         version out to use the latest"
    )]
    Spent(Version),
    /// The count could not be read.
    #[error("the count of encryptions could not be read")]
    Row(#[source] RowFault),
    /// The count could not be written.
    #[error("the count of encryptions could not be written")]
    Commit(#[source] CommitFault),
}

/// What this node has borrowed and not used yet.
pub(crate) struct Usage {
    counters: Cache<(KeyId, Version), Arc<Counter>>,
}

struct Counter {
    left: AtomicU64,
    /// The size of the next block; locked while one is borrowed, so that only one is.
    borrowing: tokio::sync::Mutex<u64>,
}

impl Counter {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            left: AtomicU64::new(0),
            borrowing: tokio::sync::Mutex::new(FIRST),
        })
    }

    fn take(&self) -> bool {
        let less = |left: u64| left.checked_sub(1);
        self.left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
            .is_ok()
    }
}

impl Usage {
    pub(crate) fn new() -> Self {
        Self {
            counters: Cache::new(CAPACITY),
        }
    }

    fn counter(&self, key: KeyId, version: Version) -> Arc<Counter> {
        let fresh = || Ok::<_, Infallible>(Counter::new());
        let Ok(counter) = self.counters.get_or_insert_with(&(key, version), fresh);
        counter
    }

    /// Forgets a key whose material was erased.
    pub(crate) fn forget(&self, key: KeyId) {
        self.counters.retain(|(known, _), _| *known != key);
    }
}

impl Inner {
    /// Counts one encryption that is about to happen. Where the key has come half the way to its
    /// limit and may rotate, it gets a new version on the way.
    pub(crate) async fn count_encryption(
        &self,
        scope: &Scope,
        found: &FoundKey,
        version: Version,
    ) -> Result<(), CountError> {
        let head = &found.head;
        if head.key_type.family() != KeyFamily::Aead {
            return Ok(());
        }
        let counter = self.usage.counter(head.identity, version);
        if counter.take() {
            return Ok(());
        }
        // Seldom needed and large: in a box it takes no room in every call's future.
        Box::pin(self.count_from_next_block(scope, found, version, &counter)).await
    }

    async fn count_from_next_block(
        &self,
        scope: &Scope,
        found: &FoundKey,
        version: Version,
        counter: &Counter,
    ) -> Result<(), CountError> {
        let head = &found.head;
        let lent = {
            let mut block = counter.borrowing.lock().await;
            if counter.take() {
                return Ok(());
            }
            let size = (*block)
                .min(self.settings.encryptions_per_version / 8)
                .max(1);
            let (lent, borrowed) = self.borrow(scope, head.identity, version, size).await?;
            // One of them is this call's own.
            counter
                .left
                .fetch_add(borrowed.saturating_sub(1), Ordering::Relaxed);
            *block = block.saturating_mul(2).min(LARGEST);
            lent
        };
        if lent >= self.settings.encryptions_per_version && version == head.latest() {
            self.replace_worn(scope, found).await;
        }
        Ok(())
    }

    /// Borrows up to `size` encryptions; says how many are lent now, and how many of them to us.
    async fn borrow(
        &self,
        scope: &Scope,
        key: KeyId,
        version: Version,
        size: u64,
    ) -> Result<(u64, u64), CountError> {
        let limit = self
            .settings
            .encryptions_per_version
            .saturating_mul(2)
            .min(KeyMaterial::ENCRYPTION_LIMIT - LARGEST);
        let row = keyspace::kms_key_usage(scope, key, version);
        let mut attempts = 0;
        loop {
            let stored = self.vault.get::<KeyUsage>(&row).await;
            let stored = stored.map_err(CountError::Row)?;
            let lent = stored.as_ref().map_or(0, |stored| stored.row.lent);
            let borrowed = size.min(limit.saturating_sub(lent));
            if borrowed == 0 {
                return Err(CountError::Spent(version));
            }
            let lent = lent.saturating_add(borrowed);
            let mut changes = self.vault.changes();
            let written = match stored {
                Some(stored) => changes.replace(row.clone(), stored.revision, &KeyUsage { lent }),
                None => changes.create(row.clone(), &KeyUsage { lent }),
            };
            written.map_err(CountError::Commit)?;
            attempts += 1;
            match changes.commit().await {
                Ok(_) => return Ok((lent, borrowed)),
                Err(fault) if fault.is_conflict() && attempts < ATTEMPTS => {}
                Err(fault) => return Err(CountError::Commit(fault)),
            }
        }
    }

    /// A call is never refused because its key could not be rotated: the next block tries again,
    /// long before the limit.
    async fn replace_worn(&self, scope: &Scope, found: &FoundKey) {
        if let Err(error) = self.rotate_unasked(scope, found, "encryptions").await {
            let key = found.head.identity;
            tracing::error!(error = &error as &dyn std::error::Error, %key, "a worn key stays");
        }
    }
}

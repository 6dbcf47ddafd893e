//! Records of changes, on their way from the store to the journal.
//!
//! A change and its record become durable in one batch; from there the record is copied to the
//! journal, and only when it is durable there is its row removed. A crash in between leaves the
//! row, and the next start finds out whether the journal has the record already.

use std::collections::HashSet;

use parking_lot::Mutex;
use strongroom_audit::{EncodedRecord, Journal, RecordError, RecordId};
use strongroom_store::Key;
use tokio::sync::Notify;

use crate::rows::outbox::OutboxRow;
use crate::rows::{CommitFault, RowFault, Vault, keyspace};

/// Records that may wait for the journal before changes are refused.
const ROOM: usize = 100_000;
/// Rows removed in one batch.
const BATCH: usize = 1024;

/// What waits to be copied.
pub(crate) struct Outbox {
    journal: Journal,
    vault: Vault,
    waiting: Mutex<Vec<(Key, EncodedRecord)>>,
    /// Records of changes whose outcome nobody waited for: a caller hung up, or a commit failed.
    uncertain: Mutex<Vec<(Key, EncodedRecord)>>,
    added: Notify,
    /// One copier at a time.
    settling: tokio::sync::Mutex<()>,
}

/// Why records are still in the outbox.
#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    /// The rows could not be read.
    #[error("the outbox could not be read")]
    Row(#[source] RowFault),
    /// A row holds no record.
    #[error("a row of the outbox holds no record")]
    Record(#[source] RecordError),
    /// The journal could not say what it holds.
    #[error("the journal could not be searched")]
    Journal(#[source] strongroom_audit::ReadError),
    /// The journal does not take records.
    #[error("the journal did not take a record")]
    Append(#[source] strongroom_audit::AppendError),
    /// The rows of copied records could not be removed.
    #[error("the outbox could not be cleared")]
    Clear(#[source] CommitFault),
}

impl Outbox {
    pub(crate) fn new(journal: Journal, vault: Vault) -> Self {
        Self {
            journal,
            vault,
            waiting: Mutex::default(),
            uncertain: Mutex::default(),
            added: Notify::new(),
            settling: tokio::sync::Mutex::new(()),
        }
    }

    pub(crate) fn has_room(&self) -> bool {
        self.waiting.lock().len() < ROOM
    }

    fn add(&self, row: Key, record: EncodedRecord) {
        self.waiting.lock().push((row, record));
        self.added.notify_one();
    }

    /// Accompanies a change on its way to the store.
    pub(crate) const fn departing(&self, row: Key, record: EncodedRecord) -> Departure<'_> {
        Departure {
            outbox: self,
            entry: Some((row, record)),
        }
    }

    /// Resolves when there is something to settle.
    pub(crate) async fn filled(&self) {
        self.added.notified().await;
    }

    /// Copies everything that waits to the journal and clears its rows.
    pub(crate) async fn settle(&self) -> Result<(), OutboxError> {
        let _one_at_a_time = self.settling.lock().await;
        self.find_out().await?;
        loop {
            let taken = {
                let mut waiting = self.waiting.lock();
                let count = waiting.len().min(BATCH);
                waiting.drain(..count).collect::<Vec<_>>()
            };
            if taken.is_empty() {
                return Ok(());
            }
            if let Err(error) = self.copy(&taken).await {
                // Copied or not: the next attempt, or the next start, finds out.
                self.waiting.lock().splice(0..0, taken);
                return Err(error);
            }
            self.clear(taken.into_iter().map(|(row, _)| row)).await?;
        }
    }

    /// Finds out which uncertain changes took effect: those whose row is there.
    async fn find_out(&self) -> Result<(), OutboxError> {
        let uncertain = std::mem::take(&mut *self.uncertain.lock());
        if uncertain.is_empty() {
            return Ok(());
        }
        let result = self.arrived(&uncertain).await;
        match result {
            Ok(arrived) => {
                let there = uncertain
                    .into_iter()
                    .zip(arrived)
                    .filter(|(_, there)| *there);
                self.waiting.lock().extend(there.map(|(entry, _)| entry));
                Ok(())
            }
            Err(error) => {
                self.uncertain.lock().extend(uncertain);
                Err(error)
            }
        }
    }

    async fn arrived(&self, entries: &[(Key, EncodedRecord)]) -> Result<Vec<bool>, OutboxError> {
        // Changes are taken in order: behind this one, the uncertain ones are decided.
        let mut barrier = self.vault.changes();
        barrier.erase(keyspace::outbox());
        barrier.commit().await.map_err(OutboxError::Clear)?;
        let mut arrived = Vec::with_capacity(entries.len());
        for (row, _) in entries {
            let sealed = self.vault.get_sealed(row).await.map_err(OutboxError::Row)?;
            arrived.push(sealed.is_some());
        }
        Ok(arrived)
    }

    async fn copy(&self, records: &[(Key, EncodedRecord)]) -> Result<(), OutboxError> {
        let mut receipts = Vec::with_capacity(records.len());
        for (_, record) in records {
            receipts.push(
                self.journal
                    .append_encoded(record)
                    .map_err(OutboxError::Append)?,
            );
        }
        for receipt in receipts {
            let _durable = receipt.await.map_err(OutboxError::Append)?;
        }
        Ok(())
    }

    async fn clear(&self, rows: impl Iterator<Item = Key>) -> Result<(), OutboxError> {
        let mut changes = self.vault.changes();
        rows.for_each(|row| changes.erase(row));
        changes.commit().await.map(drop).map_err(OutboxError::Clear)
    }

    /// Takes up what an earlier run left: records the journal has are cleared, the others wait.
    pub(crate) async fn recover(&self) -> Result<(), OutboxError> {
        let rows = self.vault.all::<OutboxRow>(keyspace::outbox()).await;
        let mut left = Vec::new();
        let mut since = u64::MAX;
        for (key, stored) in rows.map_err(OutboxError::Row)? {
            since = since.min(stored.row.since);
            let record = EncodedRecord::from_stored(stored.row.record);
            left.push((key, record.map_err(OutboxError::Record)?));
        }
        if left.is_empty() {
            return Ok(());
        }
        let ids: HashSet<RecordId> = left.iter().map(|(_, record)| record.id()).collect();
        let known = self
            .journal
            .contains_since(since, &ids)
            .map_err(OutboxError::Journal)?;
        let (copied, missing): (Vec<_>, Vec<_>) = left
            .into_iter()
            .partition(|(_, record)| known.contains(&record.id()));
        self.clear(copied.into_iter().map(|(row, _)| row)).await?;
        for (row, record) in missing {
            self.add(row, record);
        }
        self.settle().await
    }
}

/// A change on its way to the store. Dropped before its outcome is known, as when the caller
/// hangs up, it leaves its record to be looked for.
#[must_use]
pub(crate) struct Departure<'o> {
    outbox: &'o Outbox,
    entry: Option<(Key, EncodedRecord)>,
}

impl Departure<'_> {
    /// The change is durable: its record can be copied.
    pub(crate) fn committed(mut self) {
        if let Some((row, record)) = self.entry.take() {
            self.outbox.add(row, record);
        }
    }

    /// The change did not happen.
    pub(crate) fn cancelled(mut self) {
        self.entry = None;
    }
}

impl Drop for Departure<'_> {
    fn drop(&mut self) {
        if let Some(entry) = self.entry.take() {
            self.outbox.uncertain.lock().push(entry);
            self.outbox.added.notify_one();
        }
    }
}

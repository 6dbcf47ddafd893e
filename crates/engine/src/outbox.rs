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
/// Records copied at a time, and rows of copied records that are removed together.
const BATCH: usize = 1024;

/// A record whose row stands in the store.
#[derive(Clone)]
struct Waiting {
    row: Key,
    record: EncodedRecord,
    /// How far the journal had come when the record was made.
    since: u64,
}

/// What waits to be copied.
pub(crate) struct Outbox {
    journal: Journal,
    vault: Vault,
    state: Mutex<State>,
    added: Notify,
    /// One copier at a time.
    settling: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    waiting: Vec<Waiting>,
    /// Whether an attempt ended early, so that the journal may hold some of those that wait.
    doubtful: bool,
    /// Records of changes whose outcome nobody waited for: a caller hung up, or a commit failed.
    uncertain: Vec<Waiting>,
    /// Rows of records that the journal has.
    copied: Vec<Key>,
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
    /// The search of the journal was given up.
    #[error("the search of the journal did not finish")]
    Interrupted(#[source] tokio::task::JoinError),
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
            state: Mutex::default(),
            added: Notify::new(),
            settling: tokio::sync::Mutex::new(()),
        }
    }

    pub(crate) fn has_room(&self) -> bool {
        self.state.lock().waiting.len() < ROOM
    }

    fn add(&self, waiting: Waiting) {
        self.state.lock().waiting.push(waiting);
        self.added.notify_one();
    }

    /// Accompanies a change on its way to the store. `since` is how far the journal has come.
    pub(crate) const fn departing(
        &self,
        row: Key,
        record: EncodedRecord,
        since: u64,
    ) -> Departure<'_> {
        let entry = Some(Waiting { row, record, since });
        Departure {
            outbox: self,
            entry,
        }
    }

    /// Resolves when there is something to settle.
    pub(crate) async fn filled(&self) {
        self.added.notified().await;
    }

    /// Copies what waits now to the journal; what comes meanwhile is for the next time, or under
    /// steady changes this would never end. May be given up at any point: what was not copied for
    /// certain goes on waiting.
    pub(crate) async fn settle(&self) -> Result<(), OutboxError> {
        let _one_at_a_time = self.settling.lock().await;
        self.find_out().await?;
        let mut left = self.state.lock().waiting.len();
        while left > 0 {
            let mut taken = self.take(left);
            left = left.saturating_sub(taken.entries.len());
            if taken.doubtful {
                self.leave_out_known(&mut taken).await?;
            }
            self.copy(&taken.entries).await?;
            taken.are_copied();
        }
        let many = self.state.lock().copied.len() >= BATCH;
        if many {
            self.clear_copied().await
        } else {
            Ok(())
        }
    }

    /// As [`Outbox::settle`], and removes the rows of what was copied.
    pub(crate) async fn settle_and_clear(&self) -> Result<(), OutboxError> {
        self.settle().await?;
        let _one_at_a_time = self.settling.lock().await;
        self.clear_copied().await
    }

    /// At most so many of those that wait, and no more than are copied at a time.
    fn take(&self, most: usize) -> Taken<'_> {
        let mut state = self.state.lock();
        let count = state.waiting.len().min(most).min(BATCH);
        let entries = state.waiting.drain(..count).collect();
        let doubtful = state.doubtful;
        state.doubtful &= !state.waiting.is_empty();
        Taken {
            outbox: self,
            entries,
            doubtful,
        }
    }

    /// Takes out what an attempt that ended early had copied already.
    async fn leave_out_known(&self, taken: &mut Taken<'_>) -> Result<(), OutboxError> {
        let since = taken
            .entries
            .iter()
            .map(|entry| entry.since)
            .min()
            .unwrap_or(0);
        let ids: HashSet<RecordId> = taken
            .entries
            .iter()
            .map(|entry| entry.record.id())
            .collect();
        // What the earlier attempt handed over may still be on its way to the disk.
        self.journal.settled().await;
        let journal = self.journal.clone();
        let known = tokio::task::spawn_blocking(move || journal.contains_since(since, &ids))
            .await
            .map_err(OutboxError::Interrupted)?
            .map_err(OutboxError::Journal)?;
        let mut state = self.state.lock();
        taken.entries.retain(|entry| {
            let is_known = known.contains(&entry.record.id());
            if is_known {
                state.copied.push(entry.row.clone());
            }
            !is_known
        });
        Ok(())
    }

    async fn copy(&self, entries: &[Waiting]) -> Result<(), OutboxError> {
        let mut receipts = Vec::with_capacity(entries.len());
        for entry in entries {
            let receipt = self.journal.append_encoded(&entry.record);
            receipts.push(receipt.map_err(OutboxError::Append)?);
        }
        for receipt in receipts {
            let _durable = receipt.await.map_err(OutboxError::Append)?;
        }
        Ok(())
    }

    /// Finds out which uncertain changes took effect: those whose row is there.
    async fn find_out(&self) -> Result<(), OutboxError> {
        let uncertain = self.state.lock().uncertain.clone();
        if uncertain.is_empty() {
            return Ok(());
        }
        // Changes are taken in order: behind this one, the uncertain ones are decided.
        let mut barrier = self.vault.changes();
        barrier.erase(keyspace::outbox());
        barrier.commit().await.map_err(OutboxError::Clear)?;
        let mut arrived = Vec::with_capacity(uncertain.len());
        for entry in &uncertain {
            let sealed = self
                .vault
                .get_sealed(&entry.row)
                .await
                .map_err(OutboxError::Row)?;
            arrived.push(sealed.is_some());
        }
        let mut state = self.state.lock();
        state.uncertain.drain(..uncertain.len());
        let there = uncertain
            .into_iter()
            .zip(arrived)
            .filter(|(_, there)| *there);
        state.waiting.extend(there.map(|(entry, _)| entry));
        Ok(())
    }

    /// Removes the rows of what was copied. Removing one twice does no harm.
    async fn clear_copied(&self) -> Result<(), OutboxError> {
        let rows = self.state.lock().copied.clone();
        for batch in rows.chunks(BATCH) {
            let mut changes = self.vault.changes();
            batch.iter().for_each(|row| changes.erase(row.clone()));
            changes.commit().await.map_err(OutboxError::Clear)?;
            self.state.lock().copied.drain(..batch.len());
        }
        Ok(())
    }

    /// Takes up what an earlier run left: records the journal has are cleared, the others copied.
    pub(crate) async fn recover(&self) -> Result<(), OutboxError> {
        let rows = self.vault.all::<OutboxRow>(keyspace::outbox()).await;
        for (row, stored) in rows.map_err(OutboxError::Row)? {
            let since = stored.row.since;
            let record = EncodedRecord::from_stored(stored.row.record);
            let record = record.map_err(OutboxError::Record)?;
            let mut state = self.state.lock();
            state.waiting.push(Waiting { row, record, since });
            state.doubtful = true;
        }
        self.settle_and_clear().await
    }
}

/// Records that are being copied. Dropped before that is certain, they wait again.
struct Taken<'o> {
    outbox: &'o Outbox,
    entries: Vec<Waiting>,
    doubtful: bool,
}

impl Taken<'_> {
    fn are_copied(mut self) {
        let rows = self.entries.drain(..).map(|entry| entry.row);
        self.outbox.state.lock().copied.extend(rows);
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        if !self.entries.is_empty() {
            let mut state = self.outbox.state.lock();
            state.waiting.splice(0..0, self.entries.drain(..));
            state.doubtful = true;
        }
    }
}

/// A change on its way to the store. Dropped before its outcome is known, as when the caller
/// hangs up, it leaves its record to be looked for.
#[must_use]
pub(crate) struct Departure<'o> {
    outbox: &'o Outbox,
    entry: Option<Waiting>,
}

impl Departure<'_> {
    /// The change is durable: its record can be copied.
    pub(crate) fn committed(mut self) {
        if let Some(entry) = self.entry.take() {
            self.outbox.add(entry);
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
            self.outbox.state.lock().uncertain.push(entry);
            self.outbox.added.notify_one();
        }
    }
}

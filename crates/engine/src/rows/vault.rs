//! Typed rows over the store: encoded, then sealed to their place.

use std::sync::Arc;

use minicbor::{Decode, Encode};
use strongroom_crypto::{Entropy, EntropyError, Keyring, OpenError, SealError, Sealed};
use strongroom_store::{Batch, CommitError, Key, ReadError, Revision, Row, Scan, Store};

/// Bytes that most rows fit in.
const ROW: usize = 512;

/// A row could not be read. Always our fault, never the caller's.
#[derive(Debug, thiserror::Error)]
pub enum RowFault {
    /// The store did not answer.
    #[error("the store could not be read")]
    Read(#[source] ReadError),
    /// The row was not sealed by this installation for this place.
    #[error("a row of table {table:#04x} does not open")]
    Open {
        /// The table, the first byte of the row's key.
        table: u8,
        /// What the seal says.
        #[source]
        source: OpenError,
    },
    /// The row opened, but its content is of no known form.
    #[error("a row of table {table:#04x} does not decode")]
    Decode {
        /// The table, the first byte of the row's key.
        table: u8,
        /// Where decoding ended.
        #[source]
        source: minicbor::decode::Error,
    },
}

/// A batch was not made durable, as far as we know.
#[derive(Debug, thiserror::Error)]
pub enum CommitFault {
    /// A row could not be encoded.
    #[error("a row could not be encoded")]
    Encode(#[source] minicbor::encode::Error<std::convert::Infallible>),
    /// A row could not be sealed.
    #[error("a row could not be sealed")]
    Seal(#[source] SealError),
    /// No random bytes were to be had.
    #[error("no randomness")]
    Entropy(#[source] EntropyError),
    /// The store did not take it.
    #[error("the store did not take the change")]
    Store(#[source] CommitError),
}

/// A row and the revision it was read at.
#[derive(Debug, Clone)]
pub(crate) struct Stored<R> {
    pub(crate) row: R,
    pub(crate) revision: Revision,
}

/// The store, the key that seals its rows, and the randomness that this takes.
#[derive(Clone)]
pub(crate) struct Vault {
    store: Store,
    keyring: Arc<Keyring>,
    entropy: Arc<dyn Entropy>,
}

impl Vault {
    pub(crate) fn new(store: Store, keyring: Arc<Keyring>, entropy: Arc<dyn Entropy>) -> Self {
        Self {
            store,
            keyring,
            entropy,
        }
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    pub(crate) fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    pub(crate) fn entropy(&self) -> &dyn Entropy {
        &*self.entropy
    }

    /// Sixteen random bytes, for identities and incarnations.
    pub(crate) fn draw(&self) -> Result<[u8; 16], CommitFault> {
        strongroom_crypto::random(&*self.entropy).map_err(CommitFault::Entropy)
    }

    pub(crate) async fn get<R>(&self, key: &Key) -> Result<Option<Stored<R>>, RowFault>
    where
        R: for<'b> Decode<'b, ()>,
    {
        match self.store.get(key).await.map_err(RowFault::Read)? {
            Some(row) => self.open(key, &row).map(Some),
            None => Ok(None),
        }
    }

    /// The row still sealed, for callers that may know its content by its revision.
    pub(crate) async fn get_sealed(&self, key: &Key) -> Result<Option<Row>, RowFault> {
        self.store.get(key).await.map_err(RowFault::Read)
    }

    pub(crate) fn open<R>(&self, key: &Key, row: &Row) -> Result<Stored<R>, RowFault>
    where
        R: for<'b> Decode<'b, ()>,
    {
        let table = key.as_bytes().first().copied().unwrap_or(0);
        let bytes = self
            .keyring
            .storage()
            .open(key.as_bytes(), &row.value)
            .map_err(|source| RowFault::Open { table, source })?;
        let content =
            minicbor::decode(&bytes).map_err(|source| RowFault::Decode { table, source })?;
        Ok(Stored {
            row: content,
            revision: row.revision,
        })
    }

    pub(crate) async fn scan_sealed(&self, scan: Scan) -> Result<Vec<(Key, Row)>, RowFault> {
        self.store.scan(scan).await.map_err(RowFault::Read)
    }

    pub(crate) async fn scan_keys(&self, scan: Scan) -> Result<Vec<Key>, RowFault> {
        self.store.keys(scan).await.map_err(RowFault::Read)
    }

    /// All rows under a prefix. Only for tables whose rows under one prefix are few.
    pub(crate) async fn all<R>(&self, prefix: Key) -> Result<Vec<(Key, Stored<R>)>, RowFault>
    where
        R: for<'b> Decode<'b, ()>,
    {
        self.all_sealed(prefix)
            .await?
            .into_iter()
            .map(|(key, row)| self.open(&key, &row).map(|stored| (key, stored)))
            .collect()
    }

    /// As [`Vault::all`], for prefixes that hold rows of several kinds.
    pub(crate) async fn all_sealed(&self, prefix: Key) -> Result<Vec<(Key, Row)>, RowFault> {
        const STEP: usize = 256;
        let (mut rows, mut after) = (Vec::new(), None);
        loop {
            let mut scan = Scan::prefix(prefix.as_bytes()).limit(STEP);
            if let Some(after) = after.take() {
                scan = scan.after(after);
            }
            let step = self.scan_sealed(scan).await?;
            let done = step.len() < STEP;
            after = step.last().map(|(key, _)| key.clone());
            rows.extend(step);
            if done {
                return Ok(rows);
            }
        }
    }

    /// A batch to be filled.
    pub(crate) fn changes(&self) -> Changes<'_> {
        Changes {
            vault: self,
            batch: Batch::new(),
        }
    }
}

/// Rows to be written together or not at all.
pub(crate) struct Changes<'v> {
    vault: &'v Vault,
    batch: Batch,
}

impl Changes<'_> {
    pub(crate) fn create<R: Encode<()>>(&mut self, key: Key, row: &R) -> Result<(), CommitFault> {
        self.batch.expect_absent(key.clone());
        self.put_new(key, row)
    }

    pub(crate) fn replace<R: Encode<()>>(
        &mut self,
        key: Key,
        read_at: Revision,
        row: &R,
    ) -> Result<(), CommitFault> {
        self.batch.expect_revision(key.clone(), read_at);
        self.put(key, row)
    }

    /// Writes whatever stands there now: for rows that another expectation guards.
    pub(crate) fn put<R: Encode<()>>(&mut self, key: Key, row: &R) -> Result<(), CommitFault> {
        let sealed = self.seal(&key, row)?;
        self.batch.put(key, sealed);
        Ok(())
    }

    /// As [`Changes::put`], where certainly no row stands now: its key is random, or another
    /// expectation implies it.
    pub(crate) fn put_new<R: Encode<()>>(&mut self, key: Key, row: &R) -> Result<(), CommitFault> {
        let sealed = self.seal(&key, row)?;
        self.batch.put_new(key, sealed);
        Ok(())
    }

    fn seal<R: Encode<()>>(&self, key: &Key, row: &R) -> Result<Sealed, CommitFault> {
        let mut bytes = Vec::with_capacity(ROW);
        minicbor::encode(row, &mut bytes).map_err(CommitFault::Encode)?;
        let storage = self.vault.keyring.storage();
        storage
            .seal(self.vault.entropy(), key.as_bytes(), &bytes)
            .map_err(CommitFault::Seal)
    }

    /// As [`Changes::replace`], with a value that is sealed already.
    pub(crate) fn replace_sealed(&mut self, key: Key, read_at: Revision, sealed: Sealed) {
        self.batch.expect_revision(key.clone(), read_at);
        self.batch.put(key, sealed);
    }

    pub(crate) fn remove(&mut self, key: Key, read_at: Revision) {
        self.batch.expect_revision(key.clone(), read_at);
        self.batch.delete(key);
    }

    /// Deletes whatever stands there now: for rows that another expectation guards.
    pub(crate) fn erase(&mut self, key: Key) {
        self.batch.delete(key);
    }

    /// Fails the batch if the row has changed since it was read, without writing it.
    pub(crate) fn unchanged(&mut self, key: Key, read_at: Revision) {
        self.batch.expect_revision(key, read_at);
    }

    pub(crate) async fn commit(self) -> Result<Revision, CommitFault> {
        self.vault
            .store
            .commit(self.batch)
            .await
            .map_err(CommitFault::Store)
    }
}

impl CommitFault {
    /// Whether somebody else changed a row first, so that reading again and retrying may succeed.
    pub(crate) fn is_conflict(&self) -> bool {
        matches!(self, Self::Store(CommitError::Conflict { .. }))
    }

    /// Whether the batch may be on disk all the same.
    pub(crate) fn is_unknown(&self) -> bool {
        matches!(self, Self::Store(CommitError::OutcomeUnknown(_)))
    }
}

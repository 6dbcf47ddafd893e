//! The handle.

use std::path::PathBuf;
use std::sync::Arc;

use crate::backend::Backend;
use crate::embedded::{Embedded, EmbeddedOptions};
use crate::{
    BackupError, Batch, CommitError, Key, OpenError, ReadError, Revision, Row, Scan, Stats,
};

/// One store. Clones are the same store; it closes when the last one is dropped, which blocks until
/// what waits is written. [`Store::shutdown`] closes it without blocking.
///
/// Answers are exact: a read reflects every commit that was acknowledged before it began, and no
/// read sees a part of a batch, whether or not a cache answers it.
#[derive(Clone)]
pub struct Store(Arc<dyn Backend>);

impl Store {
    /// Opens the embedded store in a directory, which is made if it is not there.
    ///
    /// Blocks while the last run's log is written into the database: milliseconds after a clean stop,
    /// up to seconds otherwise.
    ///
    /// # Errors
    ///
    /// When another process has it open, when the file belongs to a later release or another
    /// program, and when the disk does not do as it should.
    pub fn open_embedded(options: EmbeddedOptions) -> Result<Self, OpenError> {
        Ok(Self(Arc::new(Embedded::open(&options)?)))
    }

    /// The same store with chosen operations failing, for tests.
    #[cfg(feature = "faults")]
    pub fn with_faults(self, plan: crate::FaultPlan) -> Self {
        Self(Arc::new(crate::faults::Faulty::new(self.0, plan)))
    }

    /// The row under `key`, if there is one.
    ///
    /// # Errors
    ///
    /// When the store is closed or the disk fails.
    pub async fn get(&self, key: &Key) -> Result<Option<Row>, ReadError> {
        match self.0.get_now(key) {
            Some(answer) => answer,
            None => self.0.get(key).await,
        }
    }

    /// The rows of a range, in key order. All of them are from one moment.
    ///
    /// # Errors
    ///
    /// When the store is closed or the disk fails.
    pub async fn scan(&self, scan: Scan) -> Result<Vec<(Key, Row)>, ReadError> {
        self.0.scan(scan).await
    }

    /// The keys of a range, in order, without their values: cheaper where those are not wanted.
    /// All of them are from one moment.
    ///
    /// # Errors
    ///
    /// When the store is closed or the disk fails.
    pub async fn keys(&self, scan: Scan) -> Result<Vec<Key>, ReadError> {
        self.0.keys(scan).await
    }

    /// Applies a batch if everything it expects holds, and returns when that is on disk.
    ///
    /// The result is the revision of every row that the batch put. A batch that writes nothing
    /// only checks; its result is the revision of the last commit.
    ///
    /// The batch is handed over at the first poll: dropping the future does not withdraw it.
    ///
    /// # Errors
    ///
    /// Every error but [`CommitError::OutcomeUnknown`] means that nothing was changed.
    pub async fn commit(&self, batch: Batch) -> Result<Revision, CommitError> {
        if batch.bytes() > Batch::MAX_BYTES {
            let bytes = batch.bytes();
            return Err(CommitError::TooLarge { bytes });
        }
        self.0.commit(batch).await
    }

    /// Reads one row that is always there: cheap enough for a health probe.
    ///
    /// # Errors
    ///
    /// Those that any read would have.
    pub async fn check(&self) -> Result<(), ReadError> {
        self.0.check().await
    }

    /// Copies the store as it is at one moment, while it goes on working.
    ///
    /// `directory` must not exist; the result can be opened with [`Store::open_embedded`].
    ///
    /// # Errors
    ///
    /// When the directory exists or cannot be written, and when the copy fails.
    pub async fn backup_to(&self, directory: PathBuf) -> Result<(), BackupError> {
        self.0.backup_to(directory).await
    }

    /// Finishes the commits that wait and lets go of all files; then the store can be opened again.
    ///
    /// Every later request on any clone of this handle is answered with
    /// [`Unavailable::Closed`](crate::Unavailable::Closed).
    pub async fn shutdown(&self) {
        self.0.shutdown().await;
    }

    /// The random bytes that tell this store from every other; a copy has the same.
    pub fn installation(&self) -> [u8; 16] {
        self.0.installation()
    }

    /// Numbers for the metrics page.
    pub fn stats(&self) -> Stats {
        self.0.stats()
    }
}

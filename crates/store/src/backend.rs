//! What a store is made of. Private, so that every value passes through [`Store`](crate::Store).

use std::path::PathBuf;

use futures_util::future::BoxFuture;

use crate::{BackupError, Batch, CommitError, Key, ReadError, Revision, Row, Scan, Stats};

/// A row, none, or why there is no answer.
pub(crate) type GetResult = Result<Option<Row>, ReadError>;

/// An ordered table of keys and sealed values with one conditional batch.
///
/// Every answer reflects all commits that were acknowledged before the question was asked.
pub(crate) trait Backend: Send + Sync + 'static {
    /// The answer of `get`, if it can be had without waiting for anything but the local disk.
    fn get_now(&self, key: &Key) -> Option<GetResult>;

    fn get<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, GetResult>;

    fn scan(&self, scan: Scan) -> BoxFuture<'_, Result<Vec<(Key, Row)>, ReadError>>;

    fn keys(&self, scan: Scan) -> BoxFuture<'_, Result<Vec<Key>, ReadError>>;

    fn commit(&self, batch: Batch) -> BoxFuture<'_, Result<Revision, CommitError>>;

    /// Whether a read would succeed now.
    fn check(&self) -> BoxFuture<'_, Result<(), ReadError>>;

    /// Copies everything to a directory that does not exist yet.
    fn backup_to(&self, directory: PathBuf) -> BoxFuture<'_, Result<(), BackupError>>;

    /// Finishes what waits and lets go of all files. What comes later is refused.
    fn shutdown(&self) -> BoxFuture<'_, ()>;

    fn installation(&self) -> [u8; 16];

    fn stats(&self) -> Stats;
}

//! The store on one machine: a SQLite database that belongs to this process alone.

mod backup;
mod cache;
mod checkpoint;
mod files;
mod options;
mod plan;
mod queue;
mod readers;
mod schema;
mod shared;
mod writer;

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};

use futures_util::FutureExt as _;
use futures_util::future::{self, BoxFuture};
use parking_lot::Mutex;
use rusqlite::{OptionalExtension as _, Row as Record, ToSql};
use strongroom_crypto::Sealed;
use tokio::sync::oneshot;

pub use options::EmbeddedOptions;

use crate::backend::{Backend, GetResult};
use crate::{
    BackupError, Batch, Cause, CommitError, Key, OpenError, ReadError, Revision, Row, Scan, Stats,
    Unavailable,
};
use cache::{Lookup, RowCache};
use queue::{Queue, Request};
use readers::Readers;
use shared::Shared;
use writer::Writer;

/// An open embedded store. Dropping it finishes what waits, then closes.
pub(crate) struct Embedded(Arc<Inner>);

struct Inner {
    shared: Arc<Shared>,
    cache: Arc<RowCache>,
    readers: Arc<Readers>,
    queue: Arc<Queue>,
    path: PathBuf,
    installation: [u8; 16],
    /// `None` once stopped.
    running: Mutex<Option<Running>>,
}

struct Running {
    writer: JoinHandle<Writer>,
    checkpointer: JoinHandle<()>,
    /// Keeps other processes out. The last to go.
    _lock: File,
}

impl Embedded {
    pub(crate) fn open(options: EmbeddedOptions) -> Result<Self, OpenError> {
        let lock = files::claim(&options.directory)?;
        let path = files::database(&options.directory);
        let failed = |error| OpenError::Database {
            path: path.clone(),
            cause: Cause::new(error),
        };
        let (mut connection, identity) = schema::open_writer(&path, &options)?;
        let shared = Arc::new(Shared::new(identity.revision));
        let cache = Arc::new(RowCache::new(options.cache_bytes));
        let readers =
            Readers::open(&path, options.readers.get(), shared.clone()).map_err(failed)?;
        let readers = Arc::new(readers);
        let queue = Arc::new(Queue::new());
        let counted = shared.clone();
        connection
            .wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, pages| {
                let pages = u64::try_from(pages).unwrap_or(0);
                counted.counters.wal_pages.store(pages, Ordering::Relaxed);
                Ok(())
            }))
            .map_err(failed)?;
        let (checkpoints, checkpointer) =
            checkpoint::checkpoints(&path, options.wal_bytes, readers.clone(), shared.clone())?;
        let writer = Writer {
            connection,
            queue: queue.clone(),
            cache: cache.clone(),
            shared: shared.clone(),
            checkpoints,
        };
        // If the second thread cannot start, the first ends when its channel is dropped.
        let checkpointer = spawn("store-checkpoint", || checkpointer.run())?;
        let writer = spawn("store-writer", || writer.run())?;
        Ok(Self(Arc::new(Inner {
            shared,
            cache,
            readers,
            queue,
            path,
            installation: identity.installation,
            running: Mutex::new(Some(Running {
                writer,
                checkpointer,
                _lock: lock,
            })),
        })))
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.0.stop();
    }
}

impl Inner {
    /// The row under a key: from the cache, or from the database and then into the cache.
    fn get(&self, key: &Key) -> GetResult {
        self.shared.admit()?;
        match self.cache.look_up(key) {
            Lookup::Hit(row) => Ok(Some(row)),
            Lookup::Miss(loading) => {
                let row = self.read_row(key)?;
                if let Some(row) = &row {
                    loading.fill(row);
                }
                Ok(row)
            }
            Lookup::Bypass => self.read_row(key),
        }
    }

    fn read_row(&self, key: &Key) -> GetResult {
        self.readers.read(|connection| {
            connection
                .prepare_cached("SELECT revision, value FROM rows WHERE key = ?1")?
                .query_row([key.as_bytes()], |record| row(record, 0, 1))
                .optional()
        })
    }

    fn scan(&self, scan: Scan) -> Result<Vec<(Key, Row)>, ReadError> {
        self.shared.admit()?;
        let interval = scan.interval();
        let limit = i64::try_from(scan.limit).unwrap_or(i64::MAX);
        let sql = match (scan.reverse, &interval.high) {
            (false, None) => {
                "SELECT key, revision, value FROM rows WHERE key >= ?1 ORDER BY key LIMIT ?2"
            }
            (false, Some(_)) => {
                "SELECT key, revision, value FROM rows WHERE key >= ?1 AND key < ?3 \
                 ORDER BY key LIMIT ?2"
            }
            (true, None) => {
                "SELECT key, revision, value FROM rows WHERE key >= ?1 ORDER BY key DESC LIMIT ?2"
            }
            (true, Some(_)) => {
                "SELECT key, revision, value FROM rows WHERE key >= ?1 AND key < ?3 \
                 ORDER BY key DESC LIMIT ?2"
            }
        };
        let mut bound: Vec<&dyn ToSql> = vec![&interval.low, &limit];
        if let Some(high) = &interval.high {
            bound.push(high);
        }
        self.readers.read(|connection| {
            connection
                .prepare_cached(sql)?
                .query_map(bound.as_slice(), |record| {
                    let key = Key::from(record.get_ref(0)?.as_blob()?);
                    Ok((key, row(record, 1, 2)?))
                })?
                .collect()
        })
    }

    async fn commit(&self, batch: Batch) -> Result<Revision, CommitError> {
        self.shared.admit()?;
        let (answer, outcome) = oneshot::channel();
        self.queue.push(Request { batch, answer })?;
        outcome
            .await
            .unwrap_or_else(|gone| Err(CommitError::OutcomeUnknown(Cause::new(gone))))
    }

    /// Finishes what waits, then lets go of everything. Blocks for as long as that takes; a second
    /// call waits for the first.
    fn stop(&self) {
        let mut running = self.running.lock();
        let Some(threads) = running.take() else {
            return;
        };
        self.queue.close();
        let writer = threads.writer.join();
        self.shared.close();
        let checkpointer = threads.checkpointer.join();
        self.readers.close();
        self.cache.clear();
        match (writer, checkpointer) {
            (Ok(writer), Ok(())) if self.shared.admit() == Err(Unavailable::Closed) => {
                if let Err(error) = schema::checkpoint_fully(&writer.connection) {
                    // Nothing is lost: the next start does it.
                    tracing::warn!(error = &error as &dyn std::error::Error, "log not emptied");
                }
            }
            (Ok(_), Ok(())) => {}
            (Err(_), _) | (_, Err(_)) => tracing::error!("a thread of the store has panicked"),
        }
    }
}

impl Backend for Embedded {
    fn get_now(&self, key: &Key) -> Option<GetResult> {
        Some(self.0.get(key))
    }

    fn get<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, GetResult> {
        future::ready(self.0.get(key)).boxed()
    }

    fn scan(&self, scan: Scan) -> BoxFuture<'_, Result<Vec<(Key, Row)>, ReadError>> {
        async { self.0.scan(scan) }.boxed()
    }

    fn commit(&self, batch: Batch) -> BoxFuture<'_, Result<Revision, CommitError>> {
        self.0.commit(batch).boxed()
    }

    fn check(&self) -> BoxFuture<'_, Result<(), ReadError>> {
        async {
            self.0.shared.admit()?;
            self.0.readers.read(schema::revision).map(drop)
        }
        .boxed()
    }

    fn backup_to(&self, directory: PathBuf) -> BoxFuture<'_, Result<(), BackupError>> {
        async {
            self.0.shared.admit()?;
            let inner = self.0.clone();
            match run_aside("store-backup", move || backup::copy(&inner.path, directory)).await {
                Some(outcome) => outcome,
                None => Err(Unavailable::Busy.into()),
            }
        }
        .boxed()
    }

    fn shutdown(&self) -> BoxFuture<'_, ()> {
        async {
            let inner = self.0.clone();
            if run_aside("store-close", move || inner.stop())
                .await
                .is_none()
            {
                self.0.stop();
            }
        }
        .boxed()
    }

    fn installation(&self) -> [u8; 16] {
        self.0.installation
    }

    fn stats(&self) -> Stats {
        let counters = &self.0.shared.counters;
        let pages = counters.wal_pages.load(Ordering::Relaxed);
        Stats {
            cached_rows: self.0.cache.rows(),
            cached_bytes: self.0.cache.bytes(),
            cache_misses: self.0.cache.misses(),
            wal_bytes: pages.saturating_mul(schema::PAGE_BYTES),
            commits: counters.commits.load(Ordering::Relaxed),
            syncs: counters.syncs.load(Ordering::Relaxed),
            conflicts: counters.conflicts.load(Ordering::Relaxed),
            queued: self.0.queue.len() as u64,
            checkpoints: counters.checkpoints.load(Ordering::Relaxed),
        }
    }
}

/// The row in two columns of a result.
fn row(record: &Record<'_>, revision: usize, value: usize) -> rusqlite::Result<Row> {
    Ok(Row {
        revision: Revision::from_u64(record.get(revision)?),
        value: Sealed::from_stored(record.get_ref(value)?.as_blob()?),
    })
}

fn spawn<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, OpenError> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map_err(OpenError::Threads)
}

/// Does slow work in a thread of its own; `None` if there is no thread to be had.
async fn run_aside<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (done, outcome) = oneshot::channel();
    let work = move || {
        // Nobody waits any more if this fails.
        let _ = done.send(work());
    };
    let started = thread::Builder::new().name(name.to_owned()).spawn(work);
    match started {
        Ok(_) => outcome.await.ok(),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "no thread");
            None
        }
    }
}

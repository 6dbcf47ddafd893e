//! The store on one machine: a SQLite database that belongs to this process alone, and a log of
//! commits in front of it.

mod applier;
mod backup;
mod cache;
mod disk;
mod effects;
mod files;
mod frame;
mod gather;
mod handoff;
mod log;
mod open;
mod options;
mod overlay;
mod plan;
mod queue;
mod quota;
mod readers;
mod recovery;
mod rows;
mod schema;
mod seeks;
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
use tokio::sync::oneshot;

pub use options::EmbeddedOptions;

use crate::backend::{Backend, GetResult};
use crate::{
    BackupError, Batch, Cause, CommitError, Key, ReadError, Revision, Row, Scan, Stats, Unavailable,
};
use applier::Applier;
use cache::{Lookup, RowCache};
use handoff::{Handoff, Stuck};
use overlay::{Found, Overlay};
use queue::{Queue, Request};
use readers::Readers;
use shared::Shared;
use writer::Writer;

/// An open embedded store. Dropping it finishes what waits, then closes.
pub(crate) struct Embedded(Arc<Inner>);

struct Inner {
    shared: Arc<Shared>,
    cache: Arc<RowCache>,
    overlay: Arc<Overlay>,
    readers: Arc<Readers>,
    queue: Arc<Queue>,
    handoff: Arc<Handoff>,
    path: PathBuf,
    installation: [u8; 16],
    /// `None` once stopped.
    running: Mutex<Option<Running>>,
}

struct Running {
    writer: JoinHandle<Writer>,
    applier: JoinHandle<Applier>,
    /// Keeps other processes out. The last to go.
    _lock: File,
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.0.stop();
    }
}

impl Inner {
    /// The row under a key: from the cache, or from below and then into the cache.
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
        match self.overlay.find(key) {
            Found::Here(row) => Ok(row),
            Found::Below(applied) => self
                .readers
                .read(applied, |connection| rows::get(connection, key)),
        }
    }

    fn scan(&self, scan: &Scan) -> Result<Vec<(Key, Row)>, ReadError> {
        self.shared.admit()?;
        let range = scan.interval();
        self.readers.read_both(
            &self.overlay,
            |layers| layers.changes(&range, scan.reverse, scan.limit),
            |connection, _, changes| rows::scan(connection, scan, &range, changes),
        )
    }

    fn keys(&self, scan: &Scan) -> Result<Vec<Key>, ReadError> {
        self.shared.admit()?;
        let range = scan.interval();
        self.readers.read_both(
            &self.overlay,
            |layers| layers.changes(&range, scan.reverse, scan.limit),
            |connection, seeks, changes| {
                if scan.limit != 1 || scan.reverse || !changes.0.is_empty() {
                    return rows::scan(connection, scan, &range, changes);
                }
                let seek = || rows::scan(connection, scan, &range, changes);
                let first = seeks.first(&range, || Ok(seek()?.pop()));
                first.map(|key| key.into_iter().collect())
            },
        )
    }

    async fn commit(&self, batch: Batch) -> Result<Revision, CommitError> {
        self.shared.admit()?;
        let (answer, outcome) = oneshot::channel();
        self.queue.push(Request { batch, answer })?;
        outcome
            .await
            .unwrap_or_else(|gone| Err(CommitError::OutcomeUnknown(Cause::new(gone))))
    }

    /// Waits until the database has everything that was acknowledged before.
    fn settle(&self) -> Result<(), Stuck> {
        let acknowledged = self.shared.published();
        self.shared.settle(true);
        self.queue.nudge();
        self.handoff.await_applied(acknowledged)
    }

    fn back_up(&self, directory: PathBuf) -> Result<(), BackupError> {
        match self.settle() {
            Ok(()) => backup::copy(&self.path, directory),
            Err(Stuck::Ended) => {
                self.shared.admit()?;
                Err(Unavailable::Closed.into())
            }
            Err(Stuck::Full(cause)) => {
                let path = directory;
                Err(BackupError::Copy { path, cause })
            }
        }
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
        let applier = threads.applier.join();
        self.shared.close();
        self.readers.close();
        self.cache.clear();
        match (writer, applier) {
            (Ok(writer), Ok(applier)) if self.shared.admit() == Err(Unavailable::Closed) => {
                self.empty_logs(writer, &applier);
            }
            (Ok(_), Ok(_)) => {}
            (Err(_), _) | (_, Err(_)) => tracing::error!("a thread of the store has panicked"),
        }
    }

    fn empty_logs(&self, mut writer: Writer, applier: &Applier) {
        if let Err(error) = schema::checkpoint_fully(&applier.connection) {
            // Nothing is lost: the next start does it.
            tracing::warn!(error = &error as &dyn std::error::Error, "log not emptied");
        }
        if self.handoff.has(self.shared.published())
            && let Err(error) = writer.log.empty()
        {
            // What is left is known to be in the database.
            tracing::warn!(error = &error as &dyn std::error::Error, "log not emptied");
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
        async move { self.0.scan(&scan) }.boxed()
    }

    fn keys(&self, scan: Scan) -> BoxFuture<'_, Result<Vec<Key>, ReadError>> {
        async move { self.0.keys(&scan) }.boxed()
    }

    fn commit(&self, batch: Batch) -> BoxFuture<'_, Result<Revision, CommitError>> {
        self.0.commit(batch).boxed()
    }

    fn check(&self) -> BoxFuture<'_, Result<(), ReadError>> {
        async {
            self.0.shared.admit()?;
            self.0.readers.read(0, schema::generation).map(drop)
        }
        .boxed()
    }

    fn backup_to(&self, directory: PathBuf) -> BoxFuture<'_, Result<(), BackupError>> {
        async {
            self.0.shared.admit()?;
            let inner = self.0.clone();
            match run_aside("store-backup", move || inner.back_up(directory)).await {
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
        let active = counters.active_bytes.load(Ordering::Relaxed);
        let frozen = counters.frozen_bytes.load(Ordering::Relaxed);
        Stats {
            cached_rows: self.0.cache.rows(),
            cached_bytes: self.0.cache.bytes(),
            cache_misses: self.0.cache.misses(),
            wal_bytes: active.saturating_add(frozen),
            commits: counters.commits.load(Ordering::Relaxed),
            syncs: counters.syncs.load(Ordering::Relaxed),
            conflicts: counters.conflicts.load(Ordering::Relaxed),
            queued: self.0.queue.len() as u64,
            checkpoints: counters.checkpoints.load(Ordering::Relaxed),
        }
    }
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

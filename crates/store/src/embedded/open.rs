//! Opening: everything that the last run left is in the database before anyone is served.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

use parking_lot::Mutex;
use rusqlite::Connection;

use super::applier::Applier;
use super::cache::RowCache;
use super::disk::Disk;
use super::handoff::Handoff;
use super::log::{self, Log};
use super::overlay::Overlay;
use super::queue::Queue;
use super::readers::Readers;
use super::recovery::{self, Applied};
use super::shared::Shared;
use super::writer::{Limits, Pending, Writer};
use super::{Embedded, EmbeddedOptions, Inner, Running, files, schema};
use crate::{Cause, OpenError};

impl Embedded {
    pub(crate) fn open(options: &EmbeddedOptions) -> Result<Self, OpenError> {
        let lock = files::claim(&options.directory)?;
        let path = files::database(&options.directory);
        let failed = |error| OpenError::Database {
            path: path.clone(),
            cause: Cause::new(error),
        };
        let (mut connection, identity) = schema::open_writer(&path, options)?;
        let applied = replay(&connection, identity.applied, options)?;
        let used = schema::used_bytes(&connection).map_err(failed)?;
        let wal_pages = count_wal_pages(&mut connection).map_err(failed)?;
        let readers = Readers::open(&path, options.readers.get()).map_err(failed)?;
        let generation = applied.generation.saturating_add(1);
        let (longest, disk) = (options.log_bytes, disk(options));
        let log = Log::start(&options.directory, generation, longest, disk)?;
        let inner = Inner {
            shared: Arc::new(Shared::new(applied.revision)),
            cache: Arc::new(RowCache::new(options.cache_bytes)),
            overlay: Arc::new(Overlay::over(applied.generation)),
            readers: Arc::new(readers),
            queue: Arc::new(Queue::new()),
            handoff: Arc::new(Handoff::new(applied.revision, used)),
            path: path.clone(),
            installation: identity.installation,
            running: Mutex::new(None),
        };
        let applier = inner.applier(connection, wal_pages, options);
        let writer = inner.writer(log, options);
        // If the second thread cannot start, the first ends because the writer is dropped.
        let applier = spawn("store-applier", || applier.run())?;
        let writer = spawn("store-writer", || writer.run())?;
        *inner.running.lock() = Some(Running {
            writer,
            applier,
            _lock: lock,
        });
        Ok(Self(Arc::new(inner)))
    }
}

impl Inner {
    fn applier(
        &self,
        connection: Connection,
        wal_pages: Arc<AtomicU64>,
        options: &EmbeddedOptions,
    ) -> Applier {
        let wal_bytes = options.log_bytes.saturating_mul(schema::WAL_GENERATIONS);
        Applier {
            connection,
            handoff: self.handoff.clone(),
            overlay: self.overlay.clone(),
            queue: self.queue.clone(),
            readers: self.readers.clone(),
            shared: self.shared.clone(),
            disk: disk(options),
            wal_pages,
            long: wal_bytes.div_ceil(schema::PAGE_BYTES),
        }
    }

    fn writer(&self, log: Log, options: &EmbeddedOptions) -> Writer {
        Writer {
            log,
            queue: self.queue.clone(),
            cache: self.cache.clone(),
            overlay: self.overlay.clone(),
            readers: self.readers.clone(),
            handoff: self.handoff.clone(),
            shared: self.shared.clone(),
            limits: Limits {
                log_bytes: options.log_bytes,
                max_bytes: options.max_bytes,
            },
            pending: Pending::default(),
        }
    }
}

/// Writes what only the log has into the database; says what that has then.
///
/// So even a group whose outcome was unknown, because syncing it failed, is decided from here on.
fn replay(
    connection: &Connection,
    applied: Applied,
    options: &EmbeddedOptions,
) -> Result<Applied, OpenError> {
    let files = log::read(&options.directory)?;
    if files.iter().all(Vec::is_empty) {
        return Ok(applied);
    }
    let (effects, revision) =
        recovery::missing(&files, applied).map_err(|damage| OpenError::Log {
            path: options.directory.clone(),
            cause: Cause::new(damage),
        })?;
    // Two generations may have been begun since, though nothing of them can be read.
    let applied = Applied {
        generation: applied.generation.saturating_add(2),
        revision,
    };
    schema::apply(connection, &effects, applied)
        .and_then(|()| schema::checkpoint_fully(connection))
        .map_err(|error| OpenError::Database {
            path: files::database(&options.directory),
            cause: Cause::new(error),
        })?;
    Ok(applied)
}

/// Keeps count of the pages in SQLite's log.
fn count_wal_pages(connection: &mut Connection) -> rusqlite::Result<Arc<AtomicU64>> {
    let wal_pages = Arc::new(AtomicU64::new(0));
    let counted = wal_pages.clone();
    connection.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, pages| {
        counted.store(u64::try_from(pages).unwrap_or(0), Ordering::Relaxed);
        Ok(())
    }))?;
    Ok(wal_pages)
}

#[cfg(feature = "faults")]
fn disk(options: &EmbeddedOptions) -> Disk {
    let plan = options.faults.clone();
    Disk { plan }
}

#[cfg(not(feature = "faults"))]
fn disk(_: &EmbeddedOptions) -> Disk {
    Disk::default()
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

//! Copying the write-ahead log into the database, so that it can start afresh.
//!
//! A thread of its own copies, and syncs what it copied, while commits go on. Under steady writing
//! it never quite catches up; so when it has done what it can, or the log is far too long, the
//! writer copies the rest between two groups. The log starts afresh with the next commit, if no
//! reader has a snapshot in it.

use std::error::Error;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use parking_lot::Mutex;
use rusqlite::Connection;

use super::readers::Readers;
use super::schema::{self, Checkpoint, PAGE_BYTES};
use super::shared::Shared;
use crate::{Cause, OpenError};

/// How often the thread copies again what was logged while it copied.
const PASSES: usize = 4;

/// At so many times the wanted length the writer does not wait for the thread.
pub(super) const FAR_TOO_LONG: u64 = 4;

/// So few pages are left to the writer: it copies them in a few milliseconds.
const REST_PAGES: u64 = 256;

/// The writer's side.
pub(super) struct Checkpoints {
    /// `None` once the thread is to end.
    start: Option<SyncSender<()>>,
    common: Arc<Common>,
    /// Pages in the log from which the thread begins.
    long: u64,
}

/// The thread's side.
pub(super) struct Checkpointer {
    connection: Connection,
    started: Receiver<()>,
    common: Arc<Common>,
}

struct Common {
    readers: Arc<Readers>,
    shared: Arc<Shared>,
    /// For syncing the database. It may be closed only after the connections: closing it gives up
    /// their locks.
    database: File,
    /// One at a time.
    turn: Mutex<()>,
    /// The thread has done what it can; the writer is to finish.
    finish: AtomicBool,
}

/// Both sides, for a log that is to stay about so many bytes long.
pub(super) fn checkpoints(
    path: &Path,
    wal_bytes: u64,
    readers: Arc<Readers>,
    shared: Arc<Shared>,
) -> Result<(Checkpoints, Checkpointer), OpenError> {
    // One request in the channel is enough: whoever takes it copies everything.
    let (start, started) = sync_channel(1);
    let database = File::open(path).map_err(|source| OpenError::Files {
        path: path.to_owned(),
        source,
    })?;
    let connection = schema::open_checkpointer(path).map_err(|error| OpenError::Database {
        path: path.to_owned(),
        cause: Cause::new(error),
    })?;
    let common = Arc::new(Common {
        readers,
        shared,
        database,
        turn: Mutex::new(()),
        finish: AtomicBool::new(false),
    });
    let checkpointer = Checkpointer {
        connection,
        started,
        common: common.clone(),
    };
    let checkpoints = Checkpoints {
        start: Some(start),
        common,
        long: wal_bytes.div_ceil(PAGE_BYTES).max(1),
    };
    Ok((checkpoints, checkpointer))
}

impl Checkpoints {
    /// Looks at the length of the log after a commit and does what is due.
    pub(super) fn after_commit(&self, connection: &Connection, shared: &Shared) {
        let pages = shared.counters.wal_pages.load(Ordering::Relaxed);
        if pages < self.long {
            // It started afresh by itself.
            self.common.finish.store(false, Ordering::Release);
            return;
        }
        let far_too_long = pages >= self.long.saturating_mul(FAR_TOO_LONG);
        if self.common.finish.swap(false, Ordering::AcqRel) || far_too_long {
            self.common.copy(connection);
        } else if let Some(start) = &self.start {
            // A full channel means that the thread is about to begin anyway.
            let _ = start.try_send(());
        }
    }

    /// Lets the thread end.
    pub(super) fn close(&mut self) {
        self.start = None;
    }
}

impl Checkpointer {
    /// Copies whenever the writer asks, until the writer has closed its side.
    pub(super) fn run(self) {
        while self.started.recv().is_ok() {
            for _ in 0..PASSES {
                let Some(copied) = self.common.copy_and_sync(&self.connection) else {
                    break;
                };
                let pages = self
                    .common
                    .shared
                    .counters
                    .wal_pages
                    .load(Ordering::Relaxed);
                if pages.saturating_sub(copied.copied) <= REST_PAGES {
                    break;
                }
            }
            self.common.finish.store(true, Ordering::Release);
        }
    }
}

impl Common {
    /// One pass: copies what no snapshot and no other connection is in the way of.
    fn copy(&self, connection: &Connection) -> Option<Checkpoint> {
        let _turn = self.turn.lock();
        self.shared.admit().ok()?;
        self.try_copy(connection)
            .unwrap_or_else(|error| self.give_up(&error))
    }

    /// The same, and what was copied is on disk afterwards, so that the writer need not wait for
    /// that when it copies the rest.
    fn copy_and_sync(&self, connection: &Connection) -> Option<Checkpoint> {
        let copied = self.copy(connection)?;
        match self.database.sync_data() {
            Ok(()) => Some(copied),
            Err(error) => self.give_up(&error),
        }
    }

    /// Stops the store: the system may have forgotten pages that it failed to sync, so the log is
    /// the only good copy, and must not start afresh.
    fn give_up<T>(&self, error: &(dyn Error + 'static)) -> Option<T> {
        tracing::error!(
            error,
            "the log could not be copied into the database: the store stops until it is reopened"
        );
        self.shared.poison();
        None
    }

    fn try_copy(&self, connection: &Connection) -> rusqlite::Result<Option<Checkpoint>> {
        // A snapshot in the database itself would keep every page from being replaced.
        self.readers.release_all()?;
        let Some(copied) = schema::checkpoint(connection)? else {
            return Ok(None);
        };
        let counters = &self.shared.counters;
        counters.checkpoints.fetch_add(1, Ordering::Relaxed);
        if copied.is_complete() {
            // From here on snapshots need no log, and the old ones go.
            self.readers.release_all()?;
        }
        Ok(Some(copied))
    }
}

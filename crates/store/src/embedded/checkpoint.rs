//! Copying the write-ahead log into the database, so that it can start afresh.
//!
//! A thread of its own copies while commits go on. Under steady writing it never quite catches up;
//! so when little is left, or the log is far too long, the writer copies the rest between two
//! groups. The log starts afresh with the next commit, if no reader has a snapshot in it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use parking_lot::Mutex;
use rusqlite::Connection;

use super::readers::Readers;
use super::schema::{self, Checkpoint, PAGE_BYTES};
use super::shared::Shared;

/// How often the thread copies again what was logged while it copied.
const PASSES: usize = 4;

/// With so many pages left the writer is asked to copy the rest: a few milliseconds.
const REST_PAGES: u64 = 256;

/// The writer's side.
pub(super) struct Checkpoints {
    start: SyncSender<()>,
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
) -> rusqlite::Result<(Checkpoints, Checkpointer)> {
    // One request in the channel is enough: whoever takes it copies everything.
    let (start, started) = sync_channel(1);
    let common = Arc::new(Common {
        readers,
        shared,
        turn: Mutex::new(()),
        finish: AtomicBool::new(false),
    });
    let checkpointer = Checkpointer {
        connection: schema::open_checkpointer(path)?,
        started,
        common: common.clone(),
    };
    let checkpoints = Checkpoints {
        start,
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
            return;
        }
        let far_too_long = pages >= self.long.saturating_mul(4);
        if self.common.finish.swap(false, Ordering::AcqRel) || far_too_long {
            self.common.copy(connection);
        } else {
            // A full channel means that the thread is about to begin anyway.
            let _ = self.start.try_send(());
        }
    }
}

impl Checkpointer {
    /// Copies whenever the writer asks, until the writer is gone.
    pub(super) fn run(self) {
        while self.started.recv().is_ok() {
            for _ in 0..PASSES {
                match self.common.copy(&self.connection) {
                    Some(copied) if copied.logged.saturating_sub(copied.copied) > REST_PAGES => {}
                    _ => break,
                }
            }
            let complete = self
                .common
                .shared
                .counters
                .wal_pages
                .load(Ordering::Relaxed)
                == 0;
            self.common.finish.store(!complete, Ordering::Release);
        }
    }
}

impl Common {
    /// One pass: copies what no snapshot and no other connection is in the way of.
    fn copy(&self, connection: &Connection) -> Option<Checkpoint> {
        let _turn = self.turn.lock();
        if self.shared.admit().is_err() {
            return None;
        }
        match self.try_copy(connection) {
            Ok(copied) => copied,
            Err(error) => {
                // The system may have forgotten pages that it failed to sync, so the log is the
                // only good copy, and must not start afresh.
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the log could not be copied into the database: the store stops until it is \
                     reopened"
                );
                self.shared.poison();
                None
            }
        }
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
            counters.wal_pages.store(0, Ordering::Relaxed);
        }
        Ok(Some(copied))
    }
}

//! Connections that read, each with a snapshot that it keeps until something is published.
//!
//! Opening a snapshot costs more than reading a row. So a connection stays in its transaction, and
//! opens a new one only when a commit was published since. While a connection has a snapshot the
//! log cannot start afresh; the checkpointer therefore takes idle snapshots away.

use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::{Mutex, MutexGuard};
use rusqlite::Connection;

use super::schema;
use super::shared::Shared;
use crate::{Cause, ReadError, Unavailable};

/// Memory that all connections share for pages, in KiB. With 8 MiB a connection keeps the upper
/// levels of both trees of a million rows, so that a read fetches two pages from the system.
const CACHE_KIB: usize = 64 << 10;

/// The connections.
pub(super) struct Readers {
    slots: Box<[Mutex<Reader>]>,
    shared: Arc<Shared>,
}

struct Reader {
    /// `None` once the store is closed.
    connection: Option<Connection>,
    /// The last commit that the open transaction sees, if one is open.
    snapshot: Option<u64>,
}

impl Readers {
    /// Opens so many connections to a database that exists.
    pub(super) fn open(path: &Path, count: usize, shared: Arc<Shared>) -> rusqlite::Result<Self> {
        let share = CACHE_KIB.checked_div(count).unwrap_or(0);
        let share = i64::try_from(share)
            .unwrap_or(i64::MAX)
            .clamp(1 << 10, 8 << 10);
        let slots = (0..count)
            .map(|_| {
                Ok(Mutex::new(Reader {
                    connection: Some(schema::open_reader(path, share)?),
                    snapshot: None,
                }))
            })
            .collect::<rusqlite::Result<_>>()?;
        Ok(Self { slots, shared })
    }

    /// Reads from a snapshot that has every published commit and none that is not published.
    pub(super) fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, ReadError> {
        let mut reader = self.take().ok_or(Unavailable::Closed)?;
        let reader = &mut *reader;
        let connection = reader.connection.as_ref().ok_or(Unavailable::Closed)?;
        let published = self.shared.published();
        if reader.snapshot != Some(published) {
            reader.snapshot = None;
            reader.snapshot = Some(self.renew(connection)?);
        }
        read(connection).map_err(|error| {
            // What is wrong with the connection may go with its transaction.
            reader.snapshot = None;
            ReadError::Failed(Cause::new(error))
        })
    }

    /// Opens a new snapshot; says which commit is its last.
    fn renew(&self, connection: &Connection) -> Result<u64, ReadError> {
        let failed = |error| ReadError::Failed(Cause::new(error));
        release(connection).map_err(failed)?;
        execute(connection, "BEGIN").map_err(failed)?;
        let revision = schema::revision(connection).map_err(failed)?;
        // A commit shows in the database shortly before it is published. Answering from it now
        // would let another reader, a moment later, answer from before it.
        self.shared.await_published(revision)?;
        Ok(revision)
    }

    /// A connection: this thread's own if it is free, any other that is, or else its own in turn.
    fn take(&self) -> Option<MutexGuard<'_, Reader>> {
        let count = self.slots.len();
        let first = preferred_slot().checked_rem(count)?;
        let mut slots = self.slots.iter().cycle().skip(first).take(count);
        slots
            .find_map(Mutex::try_lock)
            .or_else(|| self.slots.get(first).map(Mutex::lock))
    }

    /// Ends every snapshot, so that the log can be copied and start afresh. Waits for reads that
    /// are going on, one at a time.
    pub(super) fn release_all(&self) -> rusqlite::Result<()> {
        for slot in &self.slots {
            let mut reader = slot.lock();
            reader.snapshot = None;
            if let Some(connection) = &reader.connection {
                release(connection)?;
            }
        }
        Ok(())
    }

    /// Closes every connection. Later reads are refused.
    pub(super) fn close(&self) {
        for slot in &self.slots {
            let mut reader = slot.lock();
            reader.snapshot = None;
            reader.connection = None;
        }
    }
}

/// Ends the open transaction, if there is one.
fn release(connection: &Connection) -> rusqlite::Result<()> {
    if connection.is_autocommit() {
        return Ok(());
    }
    execute(connection, "COMMIT")
}

fn execute(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}

/// A number that spreads threads evenly over connections.
fn preferred_slot() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static MINE: Cell<usize> = Cell::new(NEXT.fetch_add(1, Ordering::Relaxed));
    }
    MINE.get()
}

//! Connections that read, each with a snapshot that it keeps until the database is written.
//!
//! Opening a snapshot costs more than reading a row. So a connection stays in its transaction, and
//! opens a new one only when the overlay needs a later state of the database. While a connection has
//! a snapshot SQLite's log cannot start afresh; the applier therefore takes idle snapshots away.

use std::cell::Cell;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::{Mutex, MutexGuard};
use rusqlite::Connection;

use super::overlay::{Layers, Overlay};
use super::schema;
use super::seeks::Seeks;
use crate::{Cause, ReadError, Unavailable};

/// Memory that all connections share for pages, in KiB. With 8 MiB a connection keeps the upper
/// levels of both trees of a million rows, so that a read fetches two pages from the system.
const CACHE_KIB: usize = 64 << 10;

/// The connections.
pub(super) struct Readers {
    slots: Box<[Mutex<Reader>]>,
}

struct Reader {
    /// `None` once the store is closed.
    connection: Option<Connection>,
    /// The last generation that the open transaction sees, if one is open.
    snapshot: Option<u64>,
    /// What was found in it.
    seeks: Seeks,
}

impl Readers {
    /// Opens so many connections to a database that exists.
    pub(super) fn open(path: &Path, count: usize) -> rusqlite::Result<Self> {
        let share = CACHE_KIB.checked_div(count).unwrap_or(0);
        let share = i64::try_from(share)
            .unwrap_or(i64::MAX)
            .clamp(1 << 10, 8 << 10);
        let slots = (0..count)
            .map(|_| {
                Ok(Mutex::new(Reader {
                    connection: Some(schema::open_reader(path, share)?),
                    snapshot: None,
                    seeks: Seeks::default(),
                }))
            })
            .collect::<rusqlite::Result<_>>()?;
        Ok(Self { slots })
    }

    /// Reads from a snapshot of the database that has this generation.
    pub(super) fn read<T>(
        &self,
        applied: u64,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, ReadError> {
        let mut reader = self.take().ok_or(Unavailable::Closed)?;
        reader.renew(applied)?;
        reader.read(|connection, _| read(connection))
    }

    /// Reads from the overlay, then from the database as it is at the same moment.
    pub(super) fn read_both<C, T>(
        &self,
        overlay: &Overlay,
        look: impl FnOnce(&Layers) -> C,
        read: impl FnOnce(&Connection, &mut Seeks, C) -> rusqlite::Result<T>,
    ) -> Result<T, ReadError> {
        let mut reader = self.take().ok_or(Unavailable::Closed)?;
        let seen = {
            // While this is held, nothing is published and no generation is dropped. Whatever the
            // snapshot has beyond the last dropped one is in the frozen one, too.
            let layers = overlay.read();
            reader.renew(layers.applied())?;
            look(&layers)
        };
        reader.read(|connection, seeks| read(connection, seeks, seen))
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

    /// Ends every snapshot, so that SQLite's log can be copied and start afresh. Waits for reads that
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

impl Reader {
    /// Opens a new snapshot unless the one that is open has this generation.
    fn renew(&mut self, applied: u64) -> Result<(), ReadError> {
        let connection = self.connection.as_ref().ok_or(Unavailable::Closed)?;
        if self.snapshot.is_none_or(|snapshot| snapshot < applied) {
            self.snapshot = None;
            self.seeks.forget();
            let renewed = begin(connection).map_err(failed)?;
            self.snapshot = Some(renewed);
        }
        Ok(())
    }

    fn read<T>(
        &mut self,
        read: impl FnOnce(&Connection, &mut Seeks) -> rusqlite::Result<T>,
    ) -> Result<T, ReadError> {
        let connection = self.connection.as_ref().ok_or(Unavailable::Closed)?;
        read(connection, &mut self.seeks).map_err(|error| {
            // What is wrong with the connection may go with its transaction.
            self.snapshot = None;
            failed(error)
        })
    }
}

fn failed(error: rusqlite::Error) -> ReadError {
    ReadError::Failed(Cause::new(error))
}

/// Opens a new snapshot; says which generation is its last.
fn begin(connection: &Connection) -> rusqlite::Result<u64> {
    release(connection)?;
    execute(connection, "BEGIN")?;
    schema::generation(connection)
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

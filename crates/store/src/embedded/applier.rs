//! Writing generations of the log into the database, in a thread of its own.
//!
//! A generation goes into the database as its net effect, in key order, in one transaction that is
//! synced before the generation is dropped from memory and its log file is used again. SQLite's own
//! log is then copied into the database if it has grown long.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::{Connection, ErrorCode};

use super::disk::Disk;
use super::effects::Effects;
use super::handoff::{Handoff, Next};
use super::overlay::Overlay;
use super::queue::Queue;
use super::readers::Readers;
use super::recovery::Applied;
use super::schema;
use super::shared::Shared;
use crate::Cause;

/// A generation on its way into the database.
#[derive(Clone)]
pub(super) struct Job {
    pub(super) effects: Arc<Effects>,
    /// What the database has once it has this.
    pub(super) applied: Applied,
}

/// The applier's half of an open store.
pub(super) struct Applier {
    pub(super) connection: Connection,
    pub(super) handoff: Arc<Handoff>,
    pub(super) overlay: Arc<Overlay>,
    pub(super) queue: Arc<Queue>,
    pub(super) readers: Arc<Readers>,
    pub(super) shared: Arc<Shared>,
    pub(super) disk: Disk,
    /// Pages in SQLite's log, as of the last commit to it.
    pub(super) wal_pages: Arc<AtomicU64>,
    /// From so many pages on they are copied into the database.
    pub(super) long: u64,
}

/// Why a generation is not in the database.
enum Unapplied {
    /// Nothing was changed, and it can be tried again.
    Full(Cause),
    /// What the database has is not known.
    Broken(Cause),
}

impl Applier {
    /// Applies until it is told to stop, or the database fails. Returns itself, for what closing
    /// has to do.
    pub(super) fn run(self) -> Self {
        while let Next::Job(job) = self.handoff.next() {
            match self.apply(&job) {
                Ok(used) => {
                    self.overlay.drop_frozen(job.applied.generation);
                    let counters = &self.shared.counters;
                    counters.frozen_bytes.store(0, Ordering::Relaxed);
                    counters.checkpoints.fetch_add(1, Ordering::Relaxed);
                    self.handoff.done(job.applied.revision, used);
                    // It may have the next one ready.
                    self.queue.nudge();
                    drop(job);
                    self.shorten_log();
                }
                Err(Unapplied::Full(cause)) => {
                    tracing::error!(
                        error = &cause as &dyn Error,
                        "no space for the database: commits are refused until there is"
                    );
                    self.handoff.wait_for_space(cause);
                }
                Err(Unapplied::Broken(cause)) => {
                    tracing::error!(
                        error = &cause as &dyn Error,
                        "the database could not be written: the store stops until it is reopened"
                    );
                    self.shared.poison();
                    break;
                }
            }
        }
        self.handoff.end();
        self
    }

    /// One generation; says how many bytes of the database are in use then.
    fn apply(&self, job: &Job) -> Result<u64, Unapplied> {
        self.disk.apply().map_err(|error| {
            let full = error.kind() == std::io::ErrorKind::StorageFull;
            let cause = Cause::new(error);
            if full {
                Unapplied::Full(cause)
            } else {
                Unapplied::Broken(cause)
            }
        })?;
        schema::apply(&self.connection, &job.effects, job.applied)
            .and_then(|()| schema::used_bytes(&self.connection))
            .map_err(unapplied)
    }

    /// Copies SQLite's log into the database if it has grown long, so that it starts afresh.
    fn shorten_log(&self) {
        if self.wal_pages.load(Ordering::Relaxed) < self.long || self.shared.admit().is_err() {
            return;
        }
        match self.try_to_shorten_log().map_err(unapplied) {
            Ok(()) => {}
            Err(Unapplied::Full(cause)) => tracing::warn!(
                error = &cause as &dyn Error,
                "no space for the database: its log stays long for now"
            ),
            Err(Unapplied::Broken(cause)) => {
                // The system may have forgotten pages that it failed to sync, so the log is the
                // only good copy, and must not start afresh.
                tracing::error!(
                    error = &cause as &dyn Error,
                    "the database could not be written: the store stops until it is reopened"
                );
                self.shared.poison();
            }
        }
    }

    fn try_to_shorten_log(&self) -> rusqlite::Result<()> {
        // A snapshot in the database itself would keep every page from being replaced.
        self.readers.release_all()?;
        if schema::checkpoint(&self.connection)? {
            // From here on snapshots need no log, and the old ones go.
            self.readers.release_all()?;
        }
        Ok(())
    }
}

impl Drop for Applier {
    /// An applier whose store is still open has panicked: nobody is to wait for it.
    fn drop(&mut self) {
        self.shared.poison();
        self.handoff.end();
        self.queue.nudge();
    }
}

fn unapplied(error: rusqlite::Error) -> Unapplied {
    if error.sqlite_error_code() == Some(ErrorCode::DiskFull) {
        Unapplied::Full(Cause::new(error))
    } else {
        Unapplied::Broken(Cause::new(error))
    }
}

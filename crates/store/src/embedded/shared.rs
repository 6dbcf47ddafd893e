//! What the writer, the checkpointer and the readers know in common.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use parking_lot::{Condvar, Mutex};

use crate::Unavailable;

const OPEN: u8 = 0;
const CLOSED: u8 = 1;
const POISONED: u8 = 2;

/// The state of an open store.
#[derive(Debug, Default)]
pub(super) struct Shared {
    state: AtomicU8,
    /// The last commit that readers may see. A commit is in the database a moment before it is
    /// published; publishing it is the one instant at which it happens for everybody.
    published: AtomicU64,
    turn: Mutex<()>,
    moved: Condvar,
    pub(super) counters: Counters,
}

/// Numbers for [`Stats`](crate::Stats).
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) wal_pages: AtomicU64,
    pub(super) commits: AtomicU64,
    pub(super) syncs: AtomicU64,
    pub(super) conflicts: AtomicU64,
    pub(super) checkpoints: AtomicU64,
}

impl Shared {
    /// The state of a store whose last commit had this number.
    pub(super) fn new(published: u64) -> Self {
        Self {
            published: AtomicU64::new(published),
            ..Self::default()
        }
    }

    /// Whether requests are taken.
    pub(super) fn admit(&self) -> Result<(), Unavailable> {
        match self.state.load(Ordering::Acquire) {
            OPEN => Ok(()),
            CLOSED => Err(Unavailable::Closed),
            _ => Err(Unavailable::Poisoned),
        }
    }

    /// Refuses everything from now on, because what is on disk is no longer known.
    pub(super) fn poison(&self) {
        self.end(POISONED);
    }

    /// Refuses everything from now on. A poisoned store stays poisoned.
    pub(super) fn close(&self) {
        self.end(CLOSED);
    }

    fn end(&self, state: u8) {
        // A store that has ended keeps the first reason for it.
        let _ = self
            .state
            .compare_exchange(OPEN, state, Ordering::AcqRel, Ordering::Acquire);
        self.wake();
    }

    pub(super) fn published(&self) -> u64 {
        self.published.load(Ordering::Acquire)
    }

    /// Makes commits up to this one visible.
    pub(super) fn publish(&self, revision: u64) {
        self.published.store(revision, Ordering::Release);
        self.wake();
    }

    /// Waits until this commit is published: its writer has it on disk and is about to.
    pub(super) fn await_published(&self, revision: u64) -> Result<(), Unavailable> {
        if self.published() >= revision {
            return Ok(());
        }
        let mut turn = self.turn.lock();
        loop {
            if self.published() >= revision {
                return Ok(());
            }
            self.admit()?;
            self.moved.wait(&mut turn);
        }
    }

    fn wake(&self) {
        // Whoever is between looking and waiting holds the lock.
        drop(self.turn.lock());
        self.moved.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn the_first_end_counts() {
        let shared = Shared::default();
        assert_eq!(shared.admit(), Ok(()));
        shared.poison();
        shared.close();
        assert_eq!(shared.admit(), Err(Unavailable::Poisoned));
    }

    #[test]
    fn waiting_ends_with_the_commit_or_with_the_store() {
        let shared = Shared::new(1);
        assert_eq!(shared.await_published(1), Ok(()));
        thread::scope(|scope| {
            let waits = scope.spawn(|| shared.await_published(3));
            shared.publish(2);
            shared.publish(3);
            assert_eq!(waits.join().unwrap(), Ok(()));
            let waits = scope.spawn(|| shared.await_published(4));
            shared.poison();
            assert_eq!(waits.join().unwrap(), Err(Unavailable::Poisoned));
        });
    }
}

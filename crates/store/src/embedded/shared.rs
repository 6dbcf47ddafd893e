//! What the writer, the applier and the readers know in common.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};

use crate::Unavailable;

const OPEN: u8 = 0;
const CLOSED: u8 = 1;
const POISONED: u8 = 2;

/// The state of an open store.
#[derive(Debug, Default)]
pub(super) struct Shared {
    state: AtomicU8,
    /// The last commit that readers see.
    published: AtomicU64,
    /// What is committed is wanted in the database soon.
    settling: AtomicBool,
    pub(super) counters: Counters,
}

/// Numbers for [`Stats`](crate::Stats).
#[derive(Debug, Default)]
pub(super) struct Counters {
    /// Bytes of the active generation in the log.
    pub(super) active_bytes: AtomicU64,
    /// Bytes of the generation before, until the database has it.
    pub(super) frozen_bytes: AtomicU64,
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
    }

    pub(super) fn published(&self) -> u64 {
        self.published.load(Ordering::Acquire)
    }

    pub(super) fn is_settling(&self) -> bool {
        self.settling.load(Ordering::Acquire)
    }

    /// Asks the writer to hand over what is committed, or notes that it does.
    pub(super) fn settle(&self, wanted: bool) {
        self.settling.store(wanted, Ordering::Release);
    }

    /// Notes the last commit that readers see.
    pub(super) fn publish(&self, revision: u64) {
        self.published.store(revision, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_end_counts() {
        let shared = Shared::default();
        assert_eq!(shared.admit(), Ok(()));
        shared.poison();
        shared.close();
        assert_eq!(shared.admit(), Err(Unavailable::Poisoned));
    }
}

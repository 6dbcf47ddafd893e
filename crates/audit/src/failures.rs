//! Which records failed, for receipts that ask later.

use std::ops::Range;
use std::sync::Arc;

use crate::fault::{AppendError, WriteFault};

/// Stretches of sequences whose records are not in the journal.
#[derive(Default)]
pub(crate) struct Failures {
    stretches: Vec<(Range<u64>, Arc<WriteFault>)>,
    /// Everything below this counts as failed.
    forgotten: u64,
}

impl Failures {
    /// How many stretches are remembered.
    pub(crate) const MEMORY: usize = 1024;

    /// These records failed. Keeps the memory bounded: what is forgotten, and everything before it,
    /// counts as failed, since a receipt that nobody polled for a thousand outages must not turn
    /// into a proof.
    pub(crate) fn add(&mut self, failed: Range<u64>, cause: Arc<WriteFault>) {
        if failed.is_empty() {
            return;
        }
        if self.stretches.len() >= Self::MEMORY {
            let (oldest, _) = self.stretches.remove(0);
            self.forgotten = oldest.end;
        }
        self.stretches.push((failed, cause));
    }

    /// How a record ended whose write is over.
    pub(crate) fn decided(&self, sequence: u64) -> Result<(), AppendError> {
        let failed = self
            .stretches
            .iter()
            .find(|(stretch, _)| stretch.contains(&sequence));
        let forgotten = || self.stretches.first().filter(|_| sequence < self.forgotten);
        match failed.or_else(forgotten) {
            Some((_, cause)) => Err(AppendError::Unavailable {
                cause: Arc::clone(cause),
            }),
            None => Ok(()),
        }
    }
}

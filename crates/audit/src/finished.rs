//! Segments that are finished, on their way to the thread that puts their summaries beside them.
//!
//! It reads on where the writer could not add to a summary. That only makes questions cheap, and
//! whoever asks earlier reads on himself. So the thread runs when nothing else does, and never takes
//! a processor from calls.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

use crate::query::Reader;
use crate::segment::Segment;

/// Segments whose summaries stay in memory while they wait. Of the others the thread makes them anew.
const MOST_WAITING: usize = 16;

/// What waits to be summarised.
#[derive(Default)]
pub(crate) struct Finished {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    segments: VecDeque<Arc<Segment>>,
    closing: bool,
}

impl Finished {
    /// A segment does not grow any more.
    pub(crate) fn push(&self, segment: Arc<Segment>) {
        let mut queue = self.queue.lock();
        queue.segments.push_back(segment);
        let longest = queue.segments.len().checked_sub(MOST_WAITING + 1);
        let forgotten = longest.and_then(|index| queue.segments.get(index).cloned());
        drop(queue);
        // Whoever holds the lock is about to use it.
        if let Some(mut known) = forgotten.as_ref().and_then(|it| it.summary.try_lock()) {
            known.summary = None;
        }
        self.changed.notify_one();
    }

    /// What is not summarised by now is summarised when somebody asks.
    pub(crate) fn close(&self) {
        self.queue.lock().closing = true;
        self.changed.notify_all();
    }

    /// Summarises, with the least claim to a processor, until closed.
    pub(crate) fn summarise_all(&self, reader: &Reader) {
        stand_back();
        while let Some(segment) = self.next() {
            if let Err(error) = reader.summary(&segment) {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "an audit segment cannot be summarised");
            }
        }
    }

    fn next(&self) -> Option<Arc<Segment>> {
        let mut queue = self.queue.lock();
        loop {
            if queue.closing {
                return None;
            }
            if let Some(segment) = queue.segments.pop_front() {
                return Some(segment);
            }
            self.changed.wait(&mut queue);
        }
    }
}

/// Gives this thread the lowest priority, on systems where threads have one of their own.
fn stand_back() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, 19) {
        let error = &error as &dyn std::error::Error;
        tracing::debug!(error, "summaries are made at the usual priority");
    }
}

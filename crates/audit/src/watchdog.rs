//! The watchdog: answers those who wait while the disk hangs.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::fault::WriteFault;
use crate::queue::Queue;

/// Stops the watchdog's thread.
#[derive(Default)]
pub(crate) struct Leash {
    released: Mutex<bool>,
    changed: Condvar,
}

impl Leash {
    pub(crate) fn release(&self) {
        *self.released.lock() = true;
        self.changed.notify_all();
    }
}

/// Gives a write up that takes too long. It looks eight times per deadline and acts when three
/// quarters have passed, so that everyone is answered within the deadline without a timer each.
pub(crate) fn watch(queue: &Arc<Queue>, leash: &Leash, deadline: Duration) {
    let mut released = leash.released.lock();
    while !*released {
        leash.changed.wait_for(&mut released, deadline / 8);
        if queue.write_age().is_some_and(|age| age >= deadline / 4 * 3) {
            queue.fail(Arc::new(WriteFault::Deadline { after: deadline }));
        }
    }
}

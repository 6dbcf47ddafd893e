//! A clock that stands until it is turned.

use std::time::Duration;

use parking_lot::Mutex;
use strongroom_types::{Clock, Timestamp};

/// When every turned clock begins: a Wednesday, noon in UTC.
pub const BEGINNING: &str = "2026-07-01T12:00:00Z";

/// A clock that stands until it is turned.
#[derive(Debug)]
pub struct TurnedClock(Mutex<Timestamp>);

impl TurnedClock {
    /// A clock that shows [`BEGINNING`].
    pub fn new() -> Self {
        Self(Mutex::new(BEGINNING.parse().unwrap()))
    }

    /// Lets time pass.
    pub fn turn(&self, by: Duration) {
        let mut now = self.0.lock();
        *now = now.checked_add(by).unwrap();
    }
}

impl Default for TurnedClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for TurnedClock {
    fn now(&self) -> Timestamp {
        *self.0.lock()
    }
}

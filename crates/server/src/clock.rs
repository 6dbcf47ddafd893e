//! The system's clock.

use strongroom_types::{Clock, Timestamp};

/// The time of this machine, cut to microseconds, which is what rows and records hold.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let now = Timestamp::now();
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_has_no_more_than_microseconds_and_does_not_stand_still() {
        let first = SystemClock.now();
        assert_eq!(first.subsec_nanosecond() % 1_000, 0);
        assert!(first.as_second() > 1_700_000_000);
        assert!(SystemClock.now() >= first);
    }
}

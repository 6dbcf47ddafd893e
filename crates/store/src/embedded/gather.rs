//! Gathering: whether the writer lets those whom it has just answered come back before it syncs
//! again.
//!
//! Callers who commit in a loop would otherwise split into small groups, each with a sync of its own,
//! and on a busy processor the syncs are what commits cost. So after a group the writer waits for
//! as many batches as it has just answered, besides those that came during the sync, for half as
//! long as that took, and gives the habit up for a while where they do not come. Whoever is alone is
//! never waited for.

use std::time::{Duration, Instant};

/// However fast the disk is: what callers need to come back on a busy processor.
const SHORTEST: Duration = Duration::from_millis(1);
/// Never wait longer, however slow the disk is.
const LONGEST: Duration = Duration::from_millis(5);
/// The most groups without another try.
const MOST_SKIPPED: u32 = 256;

/// What to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gather {
    /// How many batches are to wait.
    pub(super) count: usize,
    /// When to go on without them.
    pub(super) end: Instant,
}

/// What the writer has learned.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    skip: u32,
    penalty: u32,
    asked: Option<Asked>,
}

/// What the writer has decided to wait for.
#[derive(Debug)]
struct Asked {
    /// So many were waiting already.
    waiting: usize,
    /// So many are to come back.
    back: usize,
}

impl Gathering {
    /// After a group of so many batches, whose sync took so long and which is answered now. So many
    /// others are waiting.
    pub(super) fn plan(
        &mut self,
        back: usize,
        waiting: usize,
        took: Duration,
        now: Instant,
    ) -> Option<Gather> {
        self.asked = None;
        if back < 2 {
            return None;
        }
        if self.skip > 0 {
            self.skip = self.skip.saturating_sub(1);
            return None;
        }
        self.asked = Some(Asked { waiting, back });
        let wait = took.checked_div(2).unwrap_or_default();
        Some(Gather {
            count: waiting.saturating_add(back),
            end: now.checked_add(wait.clamp(SHORTEST, LONGEST))?,
        })
    }

    /// So many are waiting now.
    pub(super) fn learn(&mut self, count: usize) {
        let Some(Asked { waiting, back }) = self.asked.take() else {
            return;
        };
        if count.saturating_sub(waiting).saturating_mul(2) >= back {
            self.penalty = 0;
        } else {
            let penalty = self.penalty.saturating_mul(2).saturating_add(1);
            self.penalty = penalty.min(MOST_SKIPPED);
            self.skip = self.penalty;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_is_half_a_sync_within_bounds() {
        let now = Instant::now();
        let wait = |took| {
            let gather = Gathering::default().plan(9, 3, took, now).unwrap();
            assert_eq!(gather.count, 12);
            gather.end - now
        };
        assert_eq!(wait(Duration::from_micros(100)), SHORTEST);
        assert_eq!(wait(Duration::from_millis(4)), Duration::from_millis(2));
        assert_eq!(wait(Duration::from_secs(1)), LONGEST);
    }

    #[test]
    fn whoever_is_alone_is_not_waited_for() {
        let mut gathering = Gathering::default();
        let gather = gathering.plan(1, 5, Duration::from_millis(4), Instant::now());
        assert_eq!(gather, None);
    }

    #[test]
    fn who_does_not_come_back_is_waited_for_less_and_less() {
        let mut gathering = Gathering::default();
        let now = Instant::now();
        let mut waits = 0;
        for _ in 0..10_000 {
            if gathering.plan(32, 40, Duration::ZERO, now).is_some() {
                waits += 1;
            }
            gathering.learn(41);
        }
        assert!((1..60).contains(&waits), "{waits}");
        // One who comes back is waited for again.
        while gathering.plan(32, 0, Duration::ZERO, now).is_none() {}
        gathering.learn(32);
        assert!(gathering.plan(32, 0, Duration::ZERO, now).is_some());
    }
}

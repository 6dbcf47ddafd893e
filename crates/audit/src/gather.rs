//! Gathering: whether the writer lets those whom it has just woken come back before it syncs again.
//!
//! Without it, callers who wait in a loop split into two halves: while one half's records are being
//! synced the other half queues, and each sync carries only half of what is in flight. Where a sync
//! takes long that halves the throughput and doubles the wait. So, on a slow disk and only then, the
//! writer waits for as many records as it has just acknowledged, until half of what the last sync
//! took has passed, and gives the habit up for a while where they do not come.

use std::time::{Duration, Instant};

/// A quicker disk is not waited for: the halves overlap with its syncs well enough.
const SLOW: Duration = Duration::from_micros(300);
/// Never wait longer, however slow the disk is.
const LONGEST: Duration = Duration::from_millis(5);
/// The most writes without another try.
const MOST_SKIPPED: u32 = 256;

/// What to wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gather {
    /// The sequence that comes next once everyone is back.
    pub(crate) until: u64,
    /// When to go on without them.
    pub(crate) end: Instant,
}

/// What the writer has learned.
#[derive(Debug, Default)]
pub(crate) struct Gathering {
    skip: u32,
    penalty: u32,
    asked: Option<(u64, u64)>,
}

impl Gathering {
    /// After a write that acknowledged so many records, lasted from `began` to `now`, and left `next`
    /// as the next sequence.
    pub(crate) fn plan(
        &mut self,
        records: u64,
        (began, now): (Instant, Instant),
        next: u64,
    ) -> Option<Gather> {
        let took = now.saturating_duration_since(began);
        self.asked = None;
        if took < SLOW || records < 2 {
            return None;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return None;
        }
        self.asked = Some((next, records));
        Some(Gather {
            until: next + records,
            end: now + (took / 2).min(LONGEST),
        })
    }

    /// The next write begins, and this is the next sequence now.
    pub(crate) fn learn(&mut self, next: u64) {
        let Some((before, records)) = self.asked.take() else {
            return;
        };
        if next.saturating_sub(before) * 2 >= records {
            self.penalty = 0;
        } else {
            self.penalty = (self.penalty * 2 + 1).min(MOST_SKIPPED);
            self.skip = self.penalty;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLISECOND: Duration = Duration::from_millis(1);

    #[test]
    fn only_a_slow_disk_is_waited_for_and_not_for_long() {
        let mut gathering = Gathering::default();
        let now = Instant::now();
        let mut plan = |records, took| gathering.plan(records, (now, now + took), 100);
        assert_eq!(plan(32, SLOW / 2), None);
        assert_eq!(plan(1, MILLISECOND), None);
        let expected = Gather {
            until: 132,
            end: now + MILLISECOND * 3 / 2,
        };
        assert_eq!(plan(32, MILLISECOND), Some(expected));
        let end = plan(32, MILLISECOND * 1000).map(|gather| gather.end);
        assert_eq!(end, Some(now + MILLISECOND * 1000 + LONGEST));
    }

    #[test]
    fn who_does_not_come_back_is_waited_for_less_and_less() {
        let mut gathering = Gathering::default();
        let now = Instant::now();
        let took = (now, now + MILLISECOND);
        let mut waits = 0;
        for write in 0..10_000 {
            if gathering.plan(32, took, write).is_some() {
                waits += 1;
            }
            gathering.learn(write);
        }
        assert!((1..60).contains(&waits), "{waits}");
        // One who comes back is waited for again.
        while gathering.plan(32, took, 0).is_none() {}
        gathering.learn(32);
        assert!(gathering.plan(32, took, 0).is_some());
    }
}

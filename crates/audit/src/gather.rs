//! Gathering: whether the writer lets those whom it has just woken come back before it syncs again.
//!
//! Without it, callers who wait in a loop split: while the records of some are being synced the
//! others queue, and each sync carries only a part of what is in flight. Where a sync takes long,
//! that halves the throughput and doubles the wait. Where it is quick, it costs the processor as much
//! as several calls (50 µs here, however quick the disk), and many small syncs leave it less time for
//! calls. So, where the last sync carried more than one record, the writer waits for as many as it
//! has just acknowledged: for a moment, for half of what that sync took, or for what so many lately
//! needed to come. Where they do not come it gives the habit up for a while. Whoever calls alone waits
//! for nobody.
//!
//! Where everybody waits for a sync, the processor has nothing to do meanwhile. So the writer does
//! not wait for as many as will be served while it syncs, unless a sync takes longer than serving
//! them all: then it pays to have all of them in each.

use std::time::{Duration, Instant};

/// How long the wait is on a quick disk: so long that a sync is a small part of what happens.
const SHORTEST: Duration = Duration::from_micros(1000);
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
    asked: Option<Asked>,
    /// How long it lately took from one record to the next, once the writer was waiting for them.
    pace: Duration,
}

/// What the writer waits for.
#[derive(Debug)]
struct Asked {
    at: Instant,
    /// The next sequence then, and the one that was waited for.
    next: u64,
    until: u64,
}

impl Gathering {
    /// After a sync that acknowledged so many records, lasted from `began` to `now`, and left `next`
    /// as the next sequence.
    pub(crate) fn plan(
        &mut self,
        records: u64,
        (began, now): (Instant, Instant),
        next: u64,
    ) -> Option<Gather> {
        let took = now.saturating_duration_since(began);
        self.asked = None;
        if records < 2 {
            return None;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return None;
        }
        let wanted = records - self.served_during(took, records);
        let (at, until) = (now, next + wanted);
        self.asked = Some(Asked { at, next, until });
        Some(Gather {
            until,
            end: now + self.patience(took, wanted),
        })
    }

    /// How long to wait for so many: half as long again as they should need, or half of a sync.
    fn patience(&self, took: Duration, wanted: u64) -> Duration {
        let wanted = u32::try_from(wanted).unwrap_or(u32::MAX);
        let needed = self.pace.saturating_mul(wanted);
        let needed = needed.saturating_add(needed / 2);
        needed.max(took / 2).clamp(SHORTEST, LONGEST)
    }

    /// How many of these records will come while the next sync runs, if it takes as long. One less,
    /// so that syncs grow until they leave no more than these.
    fn served_during(&self, took: Duration, records: u64) -> u64 {
        let served = took.as_nanos() / self.pace.as_nanos().max(1);
        match u64::try_from(served) {
            Ok(served) if served < records => served.saturating_sub(1),
            _ => 0,
        }
    }

    /// The next write begins, and this is the next sequence now.
    pub(crate) fn learn(&mut self, next: u64, now: Instant) {
        let Some(asked) = self.asked.take() else {
            return;
        };
        let came = next.saturating_sub(asked.next);
        let waited = now.saturating_duration_since(asked.at);
        self.pace = waited / u32::try_from(came).unwrap_or(u32::MAX).max(1);
        if came * 2 >= asked.until - asked.next {
            self.penalty = 0;
        } else {
            self.penalty = (self.penalty * 2 + 1).min(MOST_SKIPPED);
            self.skip = self.penalty;
            // What few have shown is no reason to wait long.
            self.pace = Duration::ZERO;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLISECOND: Duration = Duration::from_millis(1);

    #[test]
    fn several_are_waited_for_and_not_for_long() {
        let mut gathering = Gathering::default();
        let now = Instant::now();
        let mut plan = |records, took| gathering.plan(records, (now, now + took), 100);
        assert_eq!(plan(1, MILLISECOND), None);
        for (took, wait) in [
            (MILLISECOND / 10, SHORTEST),
            (MILLISECOND * 4, MILLISECOND * 2),
            (MILLISECOND * 1000, LONGEST),
        ] {
            let end = now + took + wait;
            assert_eq!(plan(32, took), Some(Gather { until: 132, end }));
        }
    }

    #[test]
    fn who_comes_while_the_sync_runs_is_not_waited_for() {
        let mut gathering = Gathering::default();
        let start = Instant::now();
        let mut ask = |took: Duration, came: u64, within: Duration| {
            let plan = gathering.plan(60, (start - took, start), 100).unwrap();
            gathering.learn(100 + came, start + within);
            plan.until - 100
        };
        // Nothing is known yet.
        assert_eq!(ask(MILLISECOND / 10, 50, MILLISECOND), 60);
        // One in 20 µs: five during a sync of 100 µs, and one is waited for nevertheless.
        assert_eq!(ask(MILLISECOND / 10, 50, MILLISECOND), 56);
        // The sync takes longer than to serve them all.
        assert_eq!(ask(MILLISECOND * 2, 60, MILLISECOND), 60);
        // Few come, and whoever comes later is worth the wait.
        assert_eq!(ask(MILLISECOND / 10, 60, MILLISECOND * 60), 55);
        assert_eq!(ask(MILLISECOND / 10, 60, MILLISECOND), 60);
    }

    #[test]
    fn many_are_waited_for_as_long_as_they_lately_needed() {
        let mut gathering = Gathering::default();
        let now = Instant::now();
        let mut ask = |came: u64| {
            let plan = gathering.plan(100, (now, now), 0).unwrap();
            gathering.learn(came, now + MILLISECOND * 2);
            plan.end - now
        };
        assert_eq!(ask(100), SHORTEST);
        // One in 20 µs.
        assert_eq!(ask(20), MILLISECOND * 3);
        assert_eq!(gathering.plan(100, (now, now), 0), None);
        let plan = gathering.plan(100, (now, now), 0).unwrap();
        assert_eq!(plan.end - now, SHORTEST);
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
            gathering.learn(write, now);
        }
        assert!((1..60).contains(&waits), "{waits}");
        // One who comes back is waited for again.
        while gathering.plan(32, took, 0).is_none() {}
        gathering.learn(32, now);
        assert!(gathering.plan(32, took, 0).is_some());
    }
}

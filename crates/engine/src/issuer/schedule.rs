//! When keys replace each other.
//!
//! A key is known (and published) before it is used, used until the next one is, and known after that
//! until nothing that it made can count any more. All of it follows from the stored times and the
//! clock, so that nothing has to be remembered across a restart, and every node comes to the same.

use std::time::Duration;

use strongroom_types::Timestamp;

use crate::Settings;
use crate::directory::LONGEST_TOKEN;
use crate::rows::rotating::RotatingKey;

const HOUR: Duration = Duration::from_secs(60 * 60);

/// How long a key is known before it is used: longer than others keep a key set.
pub(crate) const LEAD: Duration = Duration::from_secs(24 * 60 * 60);

/// How long keys are used, and how long they are known before and after.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Schedule {
    period: Duration,
    /// The longest life of what a key made, and an hour more.
    trail: Duration,
}

impl Schedule {
    pub(super) fn of(settings: &Settings) -> Self {
        let longest = LONGEST_TOKEN.max(settings.access_token_lifetime);
        Self {
            period: settings.token_key_period.max(LEAD),
            trail: longest.saturating_add(HOUR),
        }
    }

    /// When a key that came before one of this beginning is known no more.
    pub(super) fn end(self, next_active_from: Timestamp) -> Timestamp {
        later(next_active_from, self.trail)
    }

    /// From when on the next key will be used, if it is time to make it known.
    pub(super) fn next(self, keys: &[RotatingKey], now: Timestamp) -> Option<Timestamp> {
        let Some(last) = keys.last() else {
            return Some(now);
        };
        let due = later(last.active_from, self.period);
        // Late is better than unannounced: after a long rest the old key goes on for a day.
        let announced = later(now, LEAD);
        (announced >= due).then(|| due.max(announced))
    }

    /// The keys that are still known.
    pub(super) fn kept(self, keys: &[RotatingKey], now: Timestamp) -> Vec<RotatingKey> {
        let successors = keys.iter().skip(1).map(|next| Some(next.active_from));
        let successors = successors.chain([None]);
        let known = |end: Option<Timestamp>| end.is_none_or(|end| now < self.end(end));
        keys.iter()
            .zip(successors)
            .filter(|(_, next)| known(*next))
            .map(|(key, _)| key.clone())
            .collect()
    }
}

fn later(time: Timestamp, by: Duration) -> Timestamp {
    time.saturating_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * 60 * 60;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn schedule(days: i64) -> Schedule {
        Schedule::of(&Settings {
            token_key_period: Duration::from_secs((days * DAY) as u64),
            ..Settings::default()
        })
    }

    fn keys(starts: &[i64]) -> Vec<RotatingKey> {
        let key = |start: &i64| RotatingKey {
            identity: start.to_be_bytes().repeat(2).try_into().unwrap(),
            active_from: at(*start),
            wrapped: Vec::new(),
        };
        starts.iter().map(key).collect()
    }

    #[test]
    fn the_first_key_is_used_at_once_and_each_next_one_is_known_a_day_before() {
        let schedule = schedule(30);
        assert_eq!(schedule.next(&[], at(5)), Some(at(5)));
        let one = keys(&[0]);
        assert_eq!(schedule.next(&one, at(29 * DAY - 1)), None);
        assert_eq!(schedule.next(&one, at(29 * DAY)), Some(at(30 * DAY)));
        // It rested for a year.
        assert_eq!(schedule.next(&one, at(365 * DAY)), Some(at(366 * DAY)));
        let two = keys(&[0, 30 * DAY]);
        assert_eq!(schedule.next(&two, at(29 * DAY)), None);
        assert_eq!(schedule.next(&two, at(59 * DAY)), Some(at(60 * DAY)));
    }

    #[test]
    fn the_shortest_period_does_not_make_a_key_at_every_look() {
        let schedule = schedule(0);
        let mut known = keys(&[0]);
        for hour in 0..10 * 24 {
            let now = at(hour * 3600);
            if let Some(start) = schedule.next(&known, now) {
                known.extend(keys(&[start.as_second()]));
            }
        }
        assert!(known.len() <= 12, "{}", known.len());
    }

    #[test]
    fn a_key_is_known_until_nothing_of_it_can_count() {
        let schedule = schedule(30);
        let two = keys(&[0, 30 * DAY]);
        // The longest token lives a day.
        let end = 30 * DAY + DAY + 3600;
        assert_eq!(schedule.kept(&two, at(end - 1)), two);
        assert_eq!(schedule.kept(&two, at(end)), two[1..]);
        assert_eq!(schedule.kept(&two, at(1000 * DAY)), two[1..]);
    }
}

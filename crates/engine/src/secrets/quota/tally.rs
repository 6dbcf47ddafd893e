//! The count of one organisation's secrets.
//!
//! A count reads the keys page by page while creates and deletes go on. None of them is under way
//! while a page is read, so that one behind the pages read so far is in a page to come, and any
//! other changes what was seen: the sum is exact, and nobody waits for more than a page.

use std::time::Duration;

use parking_lot::Mutex;
use strongroom_store::{Key, Scan};
use strongroom_types::{OrganisationId, Timestamp};
use tokio::sync::{RwLock, RwLockReadGuard};

use crate::rows::{RowFault, Vault, keyspace};

/// How long a count holds.
const HOLDS: Duration = Duration::from_secs(60);
/// Keys read at a time.
const PAGE: usize = 4096;

/// How many secrets an organisation has, as far as this node knows.
#[derive(Default)]
pub(super) struct Tally {
    state: Mutex<State>,
    /// Held alone while a page of a count is read, shared while a create or delete is committed.
    pages: RwLock<()>,
    /// One count at a time.
    counting: tokio::sync::Mutex<()>,
}

/// Whether the secrets must be counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Due {
    No,
    Again,
    First,
}

#[derive(Default)]
struct State {
    /// Secrets in the store.
    stored: u64,
    /// When they were counted last, if ever.
    counted_at: Option<Timestamp>,
    /// Places of creates that are under way.
    reserved: u64,
    /// Places of creates whose end nobody waited for, since the last count began.
    doubtful: u64,
    /// Such places from before. The next count knows what became of them.
    doubtful_before: u64,
    count: Option<Count>,
}

/// A count that is under way.
#[derive(Default)]
struct Count {
    seen: u64,
    /// The last key of the pages read so far.
    up_to: Option<Key>,
    /// The doubtful places when it began. What it saw of them is uncertain.
    doubtful: u64,
}

impl Tally {
    /// Counts the secrets, where the last count does not hold any more.
    pub(super) async fn count_if_due(
        &self,
        vault: &Vault,
        organisation: OrganisationId,
        now: Timestamp,
    ) -> Result<(), RowFault> {
        let due = self.state.lock().due(now);
        let _counting = match due {
            Due::No => return Ok(()),
            // While one call counts again, the others go by the last count.
            Due::Again => match self.counting.try_lock() {
                Ok(counting) => counting,
                Err(_) => return Ok(()),
            },
            Due::First => self.counting.lock().await,
        };
        if self.state.lock().due(now) == Due::No {
            return Ok(());
        }
        self.count(vault, organisation, now).await
    }

    async fn count(
        &self,
        vault: &Vault,
        organisation: OrganisationId,
        now: Timestamp,
    ) -> Result<(), RowFault> {
        let prefix = keyspace::organisation_secrets(organisation);
        let mut after = None;
        self.state.lock().begin();
        loop {
            let mut scan = Scan::prefix(prefix.as_bytes()).limit(PAGE);
            scan.after = after;
            let _alone = self.pages.write().await;
            let keys = vault.scan_keys(scan).await?;
            let mut state = self.state.lock();
            state.page(&keys);
            if keys.len() < PAGE {
                state.end(now);
                return Ok(());
            }
            after = keys.into_iter().next_back();
        }
    }

    /// Reserves a place if fewer than `max` are taken. Needs a count.
    pub(super) fn reserve(&self, max: u64) -> bool {
        self.state.lock().reserve(max)
    }

    /// To be held while a create or delete is committed, and until it is noted here.
    pub(super) async fn between_pages(&self) -> RwLockReadGuard<'_, ()> {
        self.pages.read().await
    }

    /// A secret was made, in a place that was reserved.
    pub(super) fn created(&self, secret: &Key) {
        let mut state = self.state.lock();
        state.reserved = state.reserved.saturating_sub(1);
        state.change(secret, |secrets| secrets.saturating_add(1));
    }

    /// A secret was removed.
    pub(super) fn removed(&self, secret: &Key) {
        let mut state = self.state.lock();
        state.change(secret, |secrets| secrets.saturating_sub(1));
    }

    /// The secret that a place was reserved for was not made.
    pub(super) fn give_back(&self) {
        let mut state = self.state.lock();
        state.reserved = state.reserved.saturating_sub(1);
    }

    /// Nobody learnt whether the secret was made that a place was reserved for.
    pub(super) fn doubt(&self) {
        let mut state = self.state.lock();
        state.reserved = state.reserved.saturating_sub(1);
        state.doubtful = state.doubtful.saturating_add(1);
    }
}

impl State {
    fn due(&self, now: Timestamp) -> Due {
        match self.counted_at {
            None => Due::First,
            // A clock that was set back does not make a count hold for longer.
            Some(at) if now.duration_since(at).unsigned_abs() >= HOLDS => Due::Again,
            Some(_) => Due::No,
        }
    }

    fn reserve(&mut self, max: u64) -> bool {
        let taken = [self.reserved, self.doubtful, self.doubtful_before]
            .into_iter()
            .fold(self.stored, u64::saturating_add);
        if taken >= max {
            return false;
        }
        self.reserved = self.reserved.saturating_add(1);
        true
    }

    /// A secret came or went.
    fn change(&mut self, secret: &Key, by_one: impl Fn(u64) -> u64) {
        self.stored = by_one(self.stored);
        if let Some(count) = &mut self.count
            && count.up_to.as_ref().is_some_and(|up_to| secret <= up_to)
        {
            count.seen = by_one(count.seen);
        }
    }

    /// Begins a count, in place of one that was given up.
    fn begin(&mut self) {
        self.count = Some(Count {
            doubtful: self.doubtful,
            ..Count::default()
        });
    }

    fn page(&mut self, keys: &[Key]) {
        if let Some(count) = &mut self.count {
            count.seen = count.seen.saturating_add(keys.len() as u64);
            count.up_to = keys.last().cloned().or(count.up_to.take());
        }
    }

    fn end(&mut self, began_at: Timestamp) {
        let Some(count) = self.count.take() else {
            return;
        };
        self.stored = count.seen;
        self.counted_at = Some(began_at);
        self.doubtful = self.doubtful.saturating_sub(count.doubtful);
        self.doubtful_before = count.doubtful;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(names: &str) -> Vec<Key> {
        names
            .bytes()
            .map(|name| Key::from([name].as_slice()))
            .collect()
    }

    fn change(tally: &Tally, created: &str, removed: &str) {
        for secret in keys(created) {
            assert!(tally.reserve(u64::MAX));
            tally.created(&secret);
        }
        for secret in keys(removed) {
            tally.removed(&secret);
        }
    }

    fn count(tally: &Tally, names: &str) {
        let mut state = tally.state.lock();
        state.begin();
        state.page(&keys(names));
        state.end(Timestamp::UNIX_EPOCH);
    }

    fn free(tally: &Tally, max: u64) -> u64 {
        let mut free = 0;
        while tally.reserve(max) {
            free += 1;
        }
        (0..free).for_each(|_| tally.give_back());
        free
    }

    #[test]
    fn a_change_during_a_count_counts_once() {
        let tally = Tally::default();
        count(&tally, "bdfh");
        tally.state.lock().begin();
        change(&tally, "c", "b"); // cdfh
        tally.state.lock().page(&keys("cd"));
        change(&tally, "ae", "ch"); // adef
        assert_eq!(free(&tally, 10), 6, "the last count, kept up");
        tally.state.lock().page(&keys("ef"));
        change(&tally, "g", "ae"); // dfg
        tally.state.lock().page(&keys("g"));
        tally.state.lock().end(Timestamp::UNIX_EPOCH);
        assert_eq!(free(&tally, 10), 7);
    }

    #[test]
    fn a_count_that_was_given_up_leaves_nothing() {
        let tally = Tally::default();
        count(&tally, "ab");
        tally.state.lock().begin();
        tally.state.lock().page(&keys("a"));
        change(&tally, "c", "a");
        assert_eq!(free(&tally, 10), 8);
        count(&tally, "bc");
        assert_eq!(free(&tally, 10), 8);
    }

    #[test]
    fn a_place_in_doubt_is_taken_until_a_count_must_know() {
        let tally = Tally::default();
        count(&tally, "");
        assert!(tally.reserve(2));
        tally.doubt();
        assert_eq!(free(&tally, 2), 1);
        // Its secret may be made after its page was read.
        count(&tally, "");
        assert_eq!(free(&tally, 2), 1);
        count(&tally, "");
        assert_eq!(free(&tally, 2), 2);
    }

    #[test]
    fn a_count_holds_for_a_minute() {
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        let mut state = State::default();
        assert_eq!(state.due(at(0)), Due::First);
        state.counted_at = Some(at(100));
        for (now, due) in [
            (100, Due::No),
            (159, Due::No),
            (160, Due::Again),
            (41, Due::No),
            (40, Due::Again),
        ] {
            assert_eq!(state.due(at(now)), due, "{now}");
        }
    }
}

//! Failed attempts to authenticate: whoever goes on guessing waits, longer each time.
//!
//! Two things are counted: what came from an address, and what was tried with an access key, whether
//! there is such a key or not. A key makes only those addresses wait that failed with it themselves,
//! so that nobody can lock a key's owner out from elsewhere. And what was found right from an address
//! before goes on working from there, so that one misconfigured job does not stop its neighbours.
//!
//! Everything is in memory, kept as keyed hashes and bounded: of more sources than there is room for,
//! those that are seen least are forgotten.

use std::hash::BuildHasher;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use quick_cache::{DefaultHashBuilder, sync, unsync};
use strongroom_types::Timestamp;

use super::authenticate::Credential;
use crate::AttemptLimit;

/// How long a source must be quiet for its failures to be forgotten, in microseconds.
const FORGOTTEN: i64 = 15 * 60 * 1_000_000;
/// The wait after the first failure that is one too many, in microseconds; it doubles each time.
const FIRST_WAIT: i64 = 1_000_000;
/// Sources whose failures are remembered.
const ROOM: usize = 32_768;

/// Counts failures and says who must wait.
pub(crate) struct Attempts {
    limit: AttemptLimit,
    /// Random for each process; and quick, since every call hashes its credential.
    hasher: DefaultHashBuilder,
    /// What was found right, by address.
    proven: sync::Cache<u64, ()>,
    tallies: Mutex<unsync::Cache<u64, Tally>>,
    /// When every failure so far will be forgotten, so that calm times cost nothing.
    calm_from: AtomicI64,
}

/// The failures of one source.
#[derive(Debug, Clone, Default)]
struct Tally {
    count: u32,
    /// When the latest was, in microseconds of the epoch.
    last: i64,
    /// Until when its source must wait.
    until: i64,
    /// The latest one counted, which may come once more at no cost: clients that send an id and a
    /// secret by HTTP Basic repeat them in the form (contract 3.2).
    twin: Option<u64>,
}

/// One attempt, before its outcome is known.
pub(super) struct Attempt {
    presented: u64,
    address: u64,
    client: Option<Client>,
}

/// The access key of an attempt.
struct Client {
    /// From wherever.
    key: u64,
    /// From this address.
    here: u64,
}

impl Attempts {
    pub(crate) fn new(limit: AttemptLimit) -> Self {
        Self {
            limit,
            hasher: DefaultHashBuilder::default(),
            proven: sync::Cache::new(ROOM),
            tallies: Mutex::new(unsync::Cache::new(ROOM)),
            calm_from: AtomicI64::new(i64::MIN),
        }
    }

    /// Lets an attempt begin, or says how long it must wait.
    pub(super) fn begin(
        &self,
        from: Option<IpAddr>,
        credential: &Credential<'_>,
        now: Timestamp,
    ) -> Result<Attempt, Duration> {
        let attempt = self.attempt(from, credential);
        let now = now.as_microsecond();
        let calm = now >= self.calm_from.load(Ordering::Relaxed);
        if calm || self.proven.get(&attempt.presented).is_some() {
            return Ok(attempt);
        }
        let tallies = self.tallies.lock();
        let wait_of = |source| tallies.get(&source).map_or(0, |tally| tally.until - now);
        let mut wait = wait_of(attempt.address);
        if let Some(client) = &attempt.client
            && let Some(here) = tallies.get(&client.here)
            && !here.is_forgotten(now)
        {
            wait = wait.max(wait_of(client.key));
        }
        match u64::try_from(wait) {
            Ok(wait) if wait > 0 => Err(Duration::from_micros(wait)),
            _ => Ok(attempt),
        }
    }

    /// The attempt proved its caller.
    pub(super) fn succeeded(&self, attempt: &Attempt) {
        if self.limit.free > 0 && self.proven.get(&attempt.presented).is_none() {
            self.proven.insert(attempt.presented, ());
        }
    }

    /// What was just issued to the caller of this address will prove them.
    pub(super) fn issued(&self, from: Option<IpAddr>, token: &str) {
        self.succeeded(&self.attempt(from, &Credential::Token(token)));
    }

    /// The attempt proved nothing.
    pub(super) fn failed(&self, attempt: &Attempt, now: Timestamp) {
        if self.limit.free == 0 {
            return;
        }
        let now = now.as_microsecond();
        self.proven.remove(&attempt.presented);
        let mut tallies = self.tallies.lock();
        let mut count = |source: u64| -> Tally {
            let mut tally = tallies.get(&source).cloned().unwrap_or_default();
            tally.add(now, &self.limit);
            tallies.insert(source, tally.clone());
            tally
        };
        match &attempt.client {
            None => drop(count(attempt.address)),
            Some(client) => {
                let mut here = count(client.here);
                let again = here.twin == Some(attempt.presented);
                here.twin = (!again).then_some(attempt.presented);
                if !again {
                    count(client.key);
                    count(attempt.address);
                }
                tallies.insert(client.here, here);
            }
        }
        let calm_from = now.saturating_add(FORGOTTEN.max(micros(self.limit.longest)));
        self.calm_from.fetch_max(calm_from, Ordering::Relaxed);
    }

    fn attempt(&self, from: Option<IpAddr>, credential: &Credential<'_>) -> Attempt {
        let from = source(from);
        let hash = |what: &str, bytes: &[u8]| self.hasher.hash_one((what, from, bytes));
        let address = hash("address", &[]);
        match credential {
            Credential::Token(text) => Attempt {
                presented: hash("token", text.as_bytes()),
                address,
                client: None,
            },
            Credential::Basic { id, secret } => {
                let pair = (*id, secret.expose());
                Attempt {
                    presented: self.hasher.hash_one(("pair", from, pair)),
                    address,
                    client: Some(Client {
                        key: self.hasher.hash_one(("key", id)),
                        here: hash("here", id.as_bytes()),
                    }),
                }
            }
        }
    }
}

impl Tally {
    fn is_forgotten(&self, now: i64) -> bool {
        now >= self.last.saturating_add(FORGOTTEN)
    }

    fn add(&mut self, now: i64, limit: &AttemptLimit) {
        if self.is_forgotten(now) {
            *self = Self::default();
        }
        self.count = self.count.saturating_add(1);
        self.last = now;
        if let Some(over) = self.count.checked_sub(limit.free) {
            let wait = FIRST_WAIT.saturating_mul(1 << over.min(30));
            self.until = now.saturating_add(wait.min(micros(limit.longest)));
        }
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// Who is one source: an address of IPv4, or the network of IPv6 that one site gets (RFC 6177: /64 at
/// least).
fn source(address: Option<IpAddr>) -> Option<IpAddr> {
    match address?.to_canonical() {
        IpAddr::V4(address) => Some(address.into()),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Some(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use strongroom_types::Plaintext;

    use super::*;

    const HERE: &str = "192.0.2.1";
    const THERE: &str = "198.51.100.1";

    struct Scene {
        attempts: Attempts,
        now: Timestamp,
    }

    fn token(text: &str) -> Credential<'_> {
        Credential::Token(text)
    }

    fn pair<'a>(id: &'a str, secret: &str) -> Credential<'a> {
        let secret = Plaintext::new(secret.as_bytes().to_vec());
        Credential::Basic { id, secret }
    }

    impl Scene {
        fn new(free: u32) -> Self {
            let longest = Duration::from_secs(60);
            Self {
                attempts: Attempts::new(AttemptLimit { free, longest }),
                now: Timestamp::UNIX_EPOCH,
            }
        }

        /// Seconds to wait before this may be tried; 0 if it was, and then it failed.
        fn fail(&self, from: &str, credential: &Credential<'_>) -> u64 {
            let from = Some(from.parse().unwrap());
            match self.attempts.begin(from, credential, self.now) {
                Ok(attempt) => {
                    self.attempts.failed(&attempt, self.now);
                    0
                }
                Err(wait) => wait.as_secs(),
            }
        }

        fn may(&self, from: &str, credential: &Credential<'_>) -> bool {
            let from = Some(from.parse().unwrap());
            self.attempts.begin(from, credential, self.now).is_ok()
        }

        fn turn(&mut self, seconds: u64) {
            let by = Duration::from_secs(seconds);
            self.now = self.now.checked_add(by).unwrap();
        }
    }

    #[test]
    fn guessing_costs_more_each_time_up_to_a_limit() {
        let mut scene = Scene::new(3);
        let mut guess = 0..;
        let mut fail = |scene: &Scene| {
            let text = format!("guess {}", guess.next().unwrap());
            scene.fail(HERE, &token(&text))
        };
        for _ in 0..3 {
            assert_eq!(fail(&scene), 0);
        }
        for wait in [1, 2, 4, 8, 16, 32, 60, 60] {
            assert_eq!(fail(&scene), wait, "waiting is no attempt");
            assert_eq!(fail(&scene), wait);
            scene.turn(wait);
            assert_eq!(fail(&scene), 0, "after {wait} s");
        }
        scene.turn(15 * 60);
        assert_eq!([fail(&scene), fail(&scene), fail(&scene)], [0, 0, 0]);
        assert_eq!(fail(&scene), 1, "failures are forgotten, then count again");
    }

    #[test]
    fn an_address_pays_for_itself_alone() {
        let scene = Scene::new(2);
        for text in ["a", "b"] {
            assert_eq!(scene.fail(HERE, &token(text)), 0);
        }
        assert!(!scene.may(HERE, &token("right")));
        assert!(!scene.may(HERE, &pair("id", "right")));
        assert!(!scene.may("::ffff:192.0.2.1", &token("right")));
        assert!(scene.may(THERE, &token("right")));
        assert!(scene.may(THERE, &pair("id", "right")));
        for address in ["2001:db8::1", "2001:db8::2"] {
            assert_eq!(scene.fail(address, &token("a")), 0);
        }
        assert!(!scene.may("2001:db8::3", &token("right")), "one site");
        assert!(scene.may("2001:db8:0:1::3", &token("right")), "another");
    }

    #[test]
    fn a_key_is_not_guessed_from_many_addresses_and_its_owner_gets_in() {
        let scene = Scene::new(3);
        for number in 1..=3 {
            let address = format!("203.0.113.{number}");
            assert_eq!(scene.fail(&address, &pair("id", "guess")), 0);
        }
        // Each of them failed but once; the key has had enough of them.
        for number in 1..=3 {
            let address = format!("203.0.113.{number}");
            assert!(!scene.may(&address, &pair("id", "other guess")));
            assert!(scene.may(&address, &pair("another", "secret")));
        }
        assert!(scene.may(HERE, &pair("id", "right")));
    }

    #[test]
    fn what_was_right_here_goes_on_working_here() {
        let scene = Scene::new(1);
        let here = Some(HERE.parse().unwrap());
        for right in [token("right"), pair("id", "right")] {
            let attempt = scene.attempts.begin(here, &right, scene.now);
            scene.attempts.succeeded(&attempt.ok().unwrap());
        }
        scene.attempts.issued(here, "issued");
        scene.fail(HERE, &pair("id", "wrong"));
        for right in ["right", "issued"] {
            assert!(scene.may(HERE, &token(right)), "{right}");
        }
        assert!(scene.may(HERE, &pair("id", "right")));
        assert!(!scene.may(HERE, &token("unknown")));
        // Once it is revoked it is a guess like any other.
        assert_eq!(scene.fail(HERE, &token("right")), 0);
        assert!(!scene.may(HERE, &token("right")));
    }

    #[test]
    fn a_pair_that_is_sent_twice_counts_once() {
        let scene = Scene::new(3);
        for secret in ["a", "b"] {
            for _ in 0..2 {
                assert_eq!(scene.fail(HERE, &pair("id", secret)), 0);
            }
        }
        assert_eq!(scene.fail(HERE, &pair("id", "c")), 0, "the third");
        assert!(!scene.may(HERE, &pair("id", "d")));
        // Nobody goes on for nothing with one and the same.
        let scene = Scene::new(3);
        let mut tried = 0;
        while scene.fail(HERE, &pair("id", "a")) == 0 {
            tried += 1;
        }
        assert_eq!(tried, 5);
    }

    #[test]
    fn without_a_limit_nobody_waits_and_nothing_is_kept() {
        let scene = Scene::new(0);
        for number in 0..1000 {
            assert_eq!(scene.fail(HERE, &token(&number.to_string())), 0);
        }
        assert!(scene.attempts.tallies.lock().is_empty());
    }

    #[test]
    fn memory_is_bounded() {
        let scene = Scene::new(1);
        for number in 0..200_000_u32 {
            let address = std::net::Ipv4Addr::from(number).to_string();
            scene.fail(&address, &token("a"));
        }
        assert!(scene.attempts.tallies.lock().len() <= ROOM);
    }
}

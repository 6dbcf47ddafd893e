//! The rate limit: off unless configured.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use http::{HeaderMap, header};
use strongroom_authz::Principal;

use super::refusal::Refusal;

/// How many requests one caller may make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests a second, in the long run.
    pub per_second: NonZeroU32,
    /// Requests at once.
    pub burst: NonZeroU32,
}

/// How many checks pass between two clearings of callers that were not seen for long.
const CLEARING: u32 = 1 << 16;

/// Whose requests are counted together.
pub(super) enum Source<'a> {
    /// All that one principal makes, with whatever credentials and from wherever.
    Principal(&'a Principal),
    /// What proved nobody, from one address.
    Address(Option<IpAddr>),
    /// What has its credential still to be looked at, from one address with that credential. It is
    /// kept as a keyed hash only.
    Unproven(&'a HeaderMap, Option<IpAddr>),
}

/// Counts requests.
pub(super) struct Throttle {
    limiter: DefaultKeyedRateLimiter<u64>,
    hasher: RandomState,
    clock: DefaultClock,
    checks: AtomicU32,
}

impl Throttle {
    pub(super) fn new(limit: RateLimit) -> Self {
        let quota = Quota::per_second(limit.per_second).allow_burst(limit.burst);
        Self {
            limiter: RateLimiter::keyed(quota),
            hasher: RandomState::new(),
            clock: DefaultClock::default(),
            checks: AtomicU32::new(0),
        }
    }

    /// Counts a request; an error says how long to wait.
    pub(super) fn check(&self, source: Source<'_>) -> Result<(), Duration> {
        if self.checks.fetch_add(1, Ordering::Relaxed) % CLEARING == CLEARING - 1 {
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
        }
        let counted = match source {
            Source::Principal(principal) => self.hasher.hash_one(principal.to_string()),
            Source::Address(address) => self.hasher.hash_one(address),
            Source::Unproven(headers, address) => match headers.get(header::AUTHORIZATION) {
                Some(credential) => self.hasher.hash_one((address, credential.as_bytes())),
                None => self.hasher.hash_one(address),
            },
        };
        self.limiter
            .check_key(&counted)
            .map_err(|until| until.wait_time_from(self.clock.now()))
    }
}

/// The limit that a call is under, if any.
pub(super) struct Limit(pub(super) Option<Arc<Throttle>>);

impl Limit {
    /// Counts a request, or refuses it.
    pub(super) fn check(&self, source: Source<'_>) -> Result<(), Refusal> {
        match &self.0 {
            None => Ok(()),
            Some(throttle) => throttle.check(source).map_err(Refusal::throttled),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use strongroom_types::UserId;

    use super::*;

    fn user(number: u8) -> Principal {
        Principal::User {
            id: UserId::from_bytes([number; 16]),
            subject: String::new(),
            email: None,
        }
    }

    #[test]
    fn sources_are_limited_each_for_itself() {
        // One request in a long time, so that the test cannot outlast the quota.
        let throttle = Throttle {
            limiter: RateLimiter::keyed(Quota::with_period(Duration::from_secs(86_400)).unwrap()),
            ..Throttle::new(RateLimit {
                per_second: NonZeroU32::MIN,
                burst: NonZeroU32::MIN,
            })
        };
        let with = |token: &'static str| {
            HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_static(token))])
        };
        let (a, b, none) = (with("Basic a"), with("Basic b"), HeaderMap::new());
        let (one, other) = (user(1), user(2));
        let address = Some(IpAddr::from([192, 0, 2, 1]));
        let all = || {
            [
                Source::Principal(&one),
                Source::Principal(&other),
                Source::Unproven(&a, address),
                Source::Unproven(&b, address),
                Source::Unproven(&a, None),
                Source::Address(address),
                Source::Address(None),
            ]
        };
        for source in all() {
            assert!(throttle.check(source).is_ok());
        }
        for source in all() {
            let wait = throttle.check(source).unwrap_err();
            assert!(wait > Duration::from_secs(3600));
        }
        let nothing_shown = throttle.check(Source::Unproven(&none, address));
        assert!(nothing_shown.is_err());
    }
}

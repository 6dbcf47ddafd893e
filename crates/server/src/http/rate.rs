//! The rate limit: off unless configured.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use http::{HeaderMap, header};

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

/// Counts requests by credential, or by address where there is none. Credentials are kept as
/// keyed hashes only.
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
    pub(super) fn check(
        &self,
        headers: &HeaderMap,
        address: Option<IpAddr>,
    ) -> Result<(), Duration> {
        if self.checks.fetch_add(1, Ordering::Relaxed) % CLEARING == CLEARING - 1 {
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
        }
        let caller = match headers.get(header::AUTHORIZATION) {
            Some(credential) => self.hasher.hash_one(credential.as_bytes()),
            None => self.hasher.hash_one(address),
        };
        self.limiter
            .check_key(&caller)
            .map_err(|until| until.wait_time_from(self.clock.now()))
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn callers_are_limited_each_for_itself() {
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
        let address = Some(IpAddr::from([192, 0, 2, 1]));
        assert!(throttle.check(&with("Bearer a"), address).is_ok());
        assert!(throttle.check(&with("Bearer b"), address).is_ok());
        assert!(throttle.check(&HeaderMap::new(), address).is_ok());
        assert!(throttle.check(&HeaderMap::new(), None).is_ok());
        let wait = throttle.check(&with("Bearer a"), None).unwrap_err();
        assert!(wait > Duration::from_secs(3600));
        assert!(throttle.check(&HeaderMap::new(), address).is_err());
    }
}

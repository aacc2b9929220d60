//! How many requests a key may send (decision 38).

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use scrip_ledger::KeyHolder;

/// A bound for each key: so many requests a second, and as many at once after a rest.
pub(crate) struct RateLimit {
    limiter: DefaultKeyedRateLimiter<Box<str>>,
    clock: DefaultClock,
}

impl RateLimit {
    /// A bound of this many requests a second.
    pub fn a_second(requests: NonZeroU32) -> Self {
        let limiter = RateLimiter::keyed(Quota::per_second(requests));
        Self { limiter, clock: DefaultClock::default() }
    }

    /// Counts a request; for one too many, how long to wait.
    pub fn count(&self, holder: &KeyHolder) -> Result<(), Duration> {
        self.limiter
            .check_key(&holder.key_id)
            .map_err(|too_early| too_early.wait_time_from(self.clock.now()))
    }
}

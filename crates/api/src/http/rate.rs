//! How many requests a key or a user may send (decision 38).

use std::num::NonZeroU32;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, NotUntil, Quota, RateLimiter};
use scrip_ledger::KeyHolder;

use crate::error::ApiError;
use crate::users::TokenUser;

/// Keys and users that are counted before it is looked who has rested.
const USERS_MAX: usize = 10_000;

type Instant = <DefaultClock as Clock>::Instant;

/// A bound for each key and each user: so many requests a second, and as many at once after a rest.
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

    /// Counts a request of a key.
    pub fn count(&self, holder: &KeyHolder) -> Result<(), ApiError> {
        self.told("API key", self.limiter.check_key(&holder.key_id))
    }

    /// Counts a request of a user, whether or not anybody here is this user.
    pub fn count_user(&self, user: &TokenUser) -> Result<(), ApiError> {
        // An issuer may know any number of people: who has rested is forgotten.
        if self.limiter.len() > USERS_MAX {
            self.limiter.retain_recent();
        }
        // Identifiers of keys have no spaces.
        let whose = format!("{} {}", user.issuer, user.subject);
        self.told("user", self.limiter.check_key(&whose.into()))
    }

    fn told(&self, whose: &str, counted: Result<(), NotUntil<Instant>>) -> Result<(), ApiError> {
        counted.map_err(|too_early| {
            ApiError::too_many_requests(whose, too_early.wait_time_from(self.clock.now()))
        })
    }
}

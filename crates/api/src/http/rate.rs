//! How many requests a key, a user or a customer may send (decision 38).

use std::num::NonZeroU32;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, NotUntil, Quota, RateLimiter};
use scrip_core::{CustomerId, EnvironmentId};
use scrip_ledger::KeyHolder;

use crate::error::ApiError;
use crate::users::TokenUser;

/// Whoever is counted before it is looked who has rested.
const COUNTED_MAX: usize = 10_000;

type Instant = <DefaultClock as Clock>::Instant;

/// A bound for each key, each user and each customer: so many requests a second, and as many at once after a rest.
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
        self.count_one_of_many("user", format!("{} {}", user.issuer, user.subject))
    }

    /// Counts a request of a customer with a token.
    pub fn count_customer(
        &self,
        environment: EnvironmentId,
        customer: &CustomerId,
    ) -> Result<(), ApiError> {
        let whose = format!("{} {}", environment.0, customer.as_str());
        self.count_one_of_many("customer", whose)
    }

    /// There may be any number of them: who has rested is forgotten. Identifiers of keys have no spaces.
    fn count_one_of_many(&self, what: &str, whose: String) -> Result<(), ApiError> {
        if self.limiter.len() > COUNTED_MAX {
            self.limiter.retain_recent();
        }
        self.told(what, self.limiter.check_key(&whose.into()))
    }

    fn told(&self, whose: &str, counted: Result<(), NotUntil<Instant>>) -> Result<(), ApiError> {
        counted.map_err(|too_early| {
            ApiError::too_many_requests(whose, too_early.wait_time_from(self.clock.now()))
        })
    }
}

//! Real time as a history tells it.

use std::sync::{Arc, Mutex, PoisonError};

use scrip_ledger::{Reading, SystemClock};
use scrip_oracle::Instant;

/// A system clock that stands still until it is set.
#[derive(Clone)]
pub struct SimulatedClock(Arc<Mutex<Reading>>);

impl SimulatedClock {
    /// A clock that stands at an instant.
    #[must_use]
    pub fn at(instant: Instant) -> Self {
        Self(Arc::new(Mutex::new(Reading { wall: instant, monotonic: 0 })))
    }

    /// Time passes up to an instant. If it lies back, somebody sets the clock, and no time passes.
    pub fn set(&self, to: Instant) {
        let mut reading = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = to.saturating_sub(reading.wall).max(0);
        *reading = Reading { wall: to, monotonic: reading.monotonic.saturating_add(passed) };
    }

    /// The clock for a ledger that is opened.
    #[must_use]
    pub fn for_ledger(&self) -> SystemClock {
        let read = Arc::clone(&self.0);
        SystemClock::reading(move || *read.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

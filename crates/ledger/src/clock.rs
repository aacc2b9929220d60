//! Time: the system clock, watched for leaps, and the test clocks of environments.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use scrip_core::{EnvironmentId, Timestamp};

/// A leap ahead beyond this is not believed: expiries that it would bring cannot be taken back.
const LEAP_MILLISECONDS: i64 = 60 * 60 * 1_000;
/// How often what was read becomes the base of what is expected next.
const ANCHOR_MILLISECONDS: i64 = 1_000;

/// What two clocks say, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// Since 1970, from the clock that people set.
    pub wall: i64,
    /// Since any fixed moment, from the clock that nobody sets.
    pub monotonic: i64,
}

/// The system clock. If it leaps more than an hour ahead of the time that has passed, the ledger
/// goes on with the time that has passed until somebody accepts the leap (decision 45).
pub struct SystemClock {
    read: Box<dyn Fn() -> Reading + Send + Sync>,
    anchor: Mutex<Reading>,
    leapt: AtomicBool,
}

impl SystemClock {
    /// The clock of this machine.
    #[must_use]
    pub fn of_machine() -> Self {
        let start = Instant::now();
        Self::reading(move || Reading {
            wall: wall_milliseconds(),
            monotonic: i64::try_from(start.elapsed().as_millis()).unwrap_or(i64::MAX),
        })
    }

    /// A clock that reads as told.
    pub fn reading(read: impl Fn() -> Reading + Send + Sync + 'static) -> Self {
        let anchor = Mutex::new(read());
        Self { read: Box::new(read), anchor, leapt: AtomicBool::new(false) }
    }

    /// The time: the wall clock's, unless it leapt.
    pub fn now(&self) -> Timestamp {
        let reading = (self.read)();
        let mut anchor = self.lock();
        let passed = reading.monotonic.saturating_sub(anchor.monotonic);
        let expected = anchor.wall.saturating_add(passed);
        let leaps = reading.wall.saturating_sub(expected) > LEAP_MILLISECONDS;
        if leaps && !self.leapt.swap(true, Ordering::AcqRel) {
            tracing::error!(
                ahead_milliseconds = reading.wall.saturating_sub(expected),
                "the system clock leapt ahead; expiries follow the time that has passed until \
                 `scrip clock accept`"
            );
        }
        if self.leapt.load(Ordering::Acquire) {
            return timestamp(expected);
        }
        if passed >= ANCHOR_MILLISECONDS {
            *anchor = reading;
        }
        timestamp(reading.wall)
    }

    /// The system clock is followed.
    pub fn is_trusted(&self) -> bool {
        let _ = self.now();
        !self.leapt.load(Ordering::Acquire)
    }

    /// Follows the system clock again, from where it stands now.
    pub fn accept(&self) {
        *self.lock() = (self.read)();
        self.leapt.store(false, Ordering::Release);
    }

    fn lock(&self) -> MutexGuard<'_, Reading> {
        self.anchor.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The clocks of all environments.
pub struct Clocks {
    system: SystemClock,
    test: RwLock<HashMap<EnvironmentId, Timestamp>>,
}

impl Clocks {
    /// Without test clocks.
    #[must_use]
    pub fn new(system: SystemClock) -> Self {
        Self { system, test: RwLock::default() }
    }

    /// The system clock.
    pub const fn system(&self) -> &SystemClock {
        &self.system
    }

    /// An environment's time: its test clock's, else the system's.
    pub fn now(&self, environment: EnvironmentId) -> Timestamp {
        let test = self.test.read().unwrap_or_else(PoisonError::into_inner);
        test.get(&environment).copied().unwrap_or_else(|| self.system.now())
    }

    /// Moves a test clock ahead, unless it stands there or further already: who reads where it stands
    /// may learn of an earlier move after a later one.
    pub fn catch_up(&self, environment: EnvironmentId, now: Timestamp) {
        let mut test = self.test.write().unwrap_or_else(PoisonError::into_inner);
        let clock = test.entry(environment).or_insert(now);
        *clock = now.max(*clock);
    }

    /// Sets a test clock.
    pub fn set(&self, environment: EnvironmentId, now: Timestamp) {
        self.test.write().unwrap_or_else(PoisonError::into_inner).insert(environment, now);
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place where the system is asked")]
fn wall_milliseconds() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

fn timestamp(milliseconds: i64) -> Timestamp {
    Timestamp::from_milliseconds(milliseconds).unwrap_or(Timestamp::NEVER)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicI64;

    use super::*;

    #[test]
    fn a_leap_is_not_believed_until_it_is_accepted() {
        let wall = Arc::new(AtomicI64::new(1_000_000));
        let monotonic = Arc::new(AtomicI64::new(0));
        let clock = SystemClock::reading({
            let (wall, monotonic) = (Arc::clone(&wall), Arc::clone(&monotonic));
            move || Reading {
                wall: wall.load(Ordering::Relaxed),
                monotonic: monotonic.load(Ordering::Relaxed),
            }
        });
        let pass = |wall_by: i64, monotonic_by: i64| {
            wall.fetch_add(wall_by, Ordering::Relaxed);
            monotonic.fetch_add(monotonic_by, Ordering::Relaxed);
            clock.now().milliseconds()
        };
        assert_eq!(pass(500, 500), 1_000_500);
        assert_eq!(
            pass(LEAP_MILLISECONDS, 500),
            1_000_500 + LEAP_MILLISECONDS,
            "an hour is believed"
        );
        assert!(clock.is_trusted());
        pass(2_000, 2_000);
        let before = clock.now().milliseconds();
        assert_eq!(pass(LEAP_MILLISECONDS + 1_001, 1_000), before + 1_000);
        assert!(!clock.is_trusted());
        assert_eq!(pass(10, 10), before + 1_010, "time goes on as it passes");
        clock.accept();
        assert!(clock.is_trusted());
        assert_eq!(clock.now().milliseconds(), wall.load(Ordering::Relaxed));
        assert_eq!(pass(-5_000, 10), wall.load(Ordering::Relaxed), "going back is no leap");
        assert!(clock.is_trusted());
    }
}

//! Requests that are due at a fixed rate, whether anybody is free to send them or not. Each is known
//! by the instant at which it was due; from then on its time counts, so that a server that stalls is
//! charged for all requests that it would have been sent meanwhile (no coordinated omission).

use std::cell::Cell;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

const NANOSECONDS: u128 = 1_000_000_000;
/// The thread that releases arrivals looks as often whether anybody still waits for them.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// When requests are due.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    /// The instant of the first.
    pub start: Instant,
    /// How many are due in a second.
    pub each_second: u64,
    /// No request is due from then on.
    pub end: Instant,
}

impl Schedule {
    /// All requests.
    pub fn count(&self) -> u64 {
        let nanoseconds = self.end.saturating_duration_since(self.start).as_nanos();
        saturated((nanoseconds * u128::from(self.each_second)).div_ceil(NANOSECONDS))
    }

    /// When this one is due.
    pub fn due_at(&self, index: u64) -> Instant {
        let each_second = u128::from(self.each_second.max(1));
        let after = (u128::from(index) * NANOSECONDS).div_ceil(each_second);
        self.start + Duration::from_nanos(saturated(after))
    }

    /// How many are due at an instant.
    pub fn due_by(&self, now: Instant) -> u64 {
        let Some(elapsed) = now.checked_duration_since(self.start) else { return 0 };
        let before = elapsed.as_nanos() * u128::from(self.each_second) / NANOSECONDS;
        saturated(before + 1).min(self.count())
    }
}

fn saturated(number: u128) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// The queue of those that are due; whoever is free takes the oldest.
pub struct Arrivals {
    schedule: Schedule,
    due: Arc<Semaphore>,
    taken: Cell<u64>,
    /// Those that still wait then are given up.
    give_up_at: Instant,
}

impl Arrivals {
    /// Starts to release them, for so many who take them.
    pub fn start(schedule: Schedule, takers: usize, patience: Duration) -> std::io::Result<Self> {
        let due = Arc::new(Semaphore::new(0));
        let waited_for = Arc::downgrade(&due);
        // A thread, because the runtime's timers count in milliseconds.
        let pacer = thread::Builder::new().name("arrivals".to_owned());
        pacer.spawn(move || release(schedule, &waited_for, takers))?;
        Ok(Self { schedule, due, taken: Cell::new(0), give_up_at: schedule.end + patience })
    }

    /// Waits until one is due and takes it: the instant at which it was. None when all are taken or
    /// given up.
    pub async fn next(&self) -> Option<Instant> {
        self.due.acquire().await.ok()?.forget();
        let index = self.taken.get();
        if index >= self.schedule.count() || Instant::now() >= self.give_up_at {
            return None;
        }
        self.taken.set(index + 1);
        Some(self.schedule.due_at(index))
    }

    /// How many are due in a time of this length.
    pub fn due_within(&self, time: Duration) -> u64 {
        saturated(time.as_nanos() * u128::from(self.schedule.each_second) / NANOSECONDS)
    }

    /// How many are due and wait.
    pub fn waiting(&self) -> u64 {
        self.schedule.due_by(Instant::now()).saturating_sub(self.taken.get())
    }

    /// When those that were not taken were due.
    pub fn not_taken(&self) -> impl Iterator<Item = Instant> {
        (self.taken.get()..self.schedule.count()).map(|index| self.schedule.due_at(index))
    }
}

fn release(schedule: Schedule, due: &Weak<Semaphore>, takers: usize) {
    let mut released = 0;
    while let Some(waiting) = due.upgrade() {
        if released == schedule.count() {
            // Everybody learns that there are no more.
            waiting.add_permits(takers);
            return;
        }
        let by_now = schedule.due_by(Instant::now());
        if by_now > released {
            waiting.add_permits(usize::try_from(by_now - released).unwrap_or(usize::MAX >> 4));
            released = by_now;
        } else {
            drop(waiting);
            let left = schedule.due_at(released).saturating_duration_since(Instant::now());
            thread::sleep(left.min(LOOK_EVERY));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_kept_to_the_nanosecond() {
        let start = Instant::now();
        let schedule =
            Schedule { start, each_second: 3, end: start + Duration::from_millis(1_500) };
        assert_eq!(schedule.count(), 5);
        let due: Vec<_> = (0..5).map(|index| (schedule.due_at(index) - start).as_nanos()).collect();
        assert_eq!(due, [0, 333_333_334, 666_666_667, 1_000_000_000, 1_333_333_334]);
        for index in 0..5 {
            let at = schedule.due_at(index);
            assert_eq!(schedule.due_by(at), index + 1, "it is due at its instant");
            let before = at.checked_sub(Duration::from_nanos(1)).unwrap();
            assert_eq!(schedule.due_by(before), index, "and not before");
        }
        assert_eq!(schedule.due_by(start + Duration::from_secs(9)), 5);
    }

    #[tokio::test]
    async fn all_are_taken_once_and_none_early() {
        let start = Instant::now();
        let schedule =
            Schedule { start, each_second: 2_000, end: start + Duration::from_millis(100) };
        let arrivals = Arrivals::start(schedule, 1, Duration::from_secs(60)).unwrap();
        let mut taken = 0;
        while let Some(due) = arrivals.next().await {
            assert!(due <= Instant::now());
            assert_eq!(due, schedule.due_at(taken));
            taken += 1;
        }
        assert_eq!(taken, 200);
        assert_eq!((arrivals.waiting(), arrivals.not_taken().count()), (0, 0));
    }

    #[tokio::test]
    async fn what_nobody_takes_in_time_is_given_up() {
        let start = Instant::now();
        let schedule =
            Schedule { start, each_second: 1_000, end: start + Duration::from_millis(20) };
        let arrivals = Arrivals::start(schedule, 1, Duration::ZERO).unwrap();
        assert!(arrivals.next().await.is_some());
        tokio::time::sleep(Duration::from_millis(30)).await;
        assert_eq!(arrivals.next().await, None);
        assert_eq!(arrivals.waiting(), 19);
        assert_eq!(arrivals.not_taken().next(), Some(schedule.due_at(1)));
    }
}

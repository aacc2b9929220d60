//! Instants of histories. Those that were named are come back to: exactly, one before, one after.

use rand::RngExt as _;
use rand::rngs::StdRng;
use scrip_oracle::Instant;

use super::BEGINNING;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
/// Beyond this the clock only creeps, so that instants can be written with four digits of a year.
const LATE: Instant = BEGINNING + 2_000 * 365 * DAY;

/// How far apart instants are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spread {
    /// A few milliseconds.
    Near,
    /// Hours.
    Hours,
    /// Days and months.
    Days,
    /// All of these, and years.
    Mixed,
}

impl Spread {
    pub(super) const ALL: [Self; 4] = [Self::Near, Self::Hours, Self::Days, Self::Mixed];

    fn distance(self, rng: &mut StdRng) -> i64 {
        match self {
            Self::Near => rng.random_range(1..=9),
            Self::Hours => rng.random_range(1..=30) * HOUR,
            Self::Days => rng.random_range(1..=400) * DAY,
            Self::Mixed => match rng.random_range(0..8) {
                0..3 => Self::Near.distance(rng),
                3..6 => Self::Hours.distance(rng),
                6 => Self::Days.distance(rng),
                _ => rng.random_range(1..=365 * DAY),
            },
        }
    }
}

/// The instants that a history has named, and how it names others.
pub(super) struct Times {
    pub(super) spread: Spread,
    named: Vec<Instant>,
}

impl Times {
    pub(super) const fn new(spread: Spread) -> Self {
        Self { spread, named: Vec::new() }
    }

    /// Somebody named it, and something may happen then.
    pub(super) fn name(&mut self, at: Instant) {
        self.named.push(at);
    }

    /// An instant for a beginning or an end: one that was named before, or another, mostly ahead.
    pub(super) fn instant(&mut self, rng: &mut StdRng, now: Instant) -> Instant {
        if !self.named.is_empty() && rng.random_ratio(2, 5) {
            let place = rng.random_range(0..self.named.len());
            return self.named[place];
        }
        let distance = self.distance(rng, now);
        let at = match rng.random_range(0..12) {
            0 => now,
            1 => now - distance,
            _ => now + distance,
        };
        self.name(at);
        at
    }

    /// Where the clock goes next: mostly to where something happens, or next to it.
    pub(super) fn ahead(&self, rng: &mut StdRng, now: Instant) -> Instant {
        match rng.random_range(0..20) {
            0..11 => self.next(rng, now),
            11..15 => now + rng.random_range(1..=3),
            15..19 => now + self.distance(rng, now),
            _ if now < LATE => now + 365 * DAY,
            _ => now + 1,
        }
    }

    fn next(&self, rng: &mut StdRng, now: Instant) -> Instant {
        let mut coming: Vec<_> = self.named.iter().copied().filter(|at| *at > now).collect();
        coming.sort_unstable();
        coming.dedup();
        // Mostly the very next one, so that what lies between is not leapt over.
        let reach = if rng.random_ratio(4, 5) { 2 } else { coming.len() };
        let reach = reach.min(coming.len());
        if reach == 0 {
            return now + 1;
        }
        (coming[rng.random_range(0..reach)] + rng.random_range(-1..=1)).max(now)
    }

    /// Where a clock is set back to.
    pub(super) fn back(&self, rng: &mut StdRng, now: Instant) -> Instant {
        let distance = self.distance(rng, now);
        (now - distance).max(BEGINNING - 30 * DAY)
    }

    /// The end of a hold: mostly allowed, sometimes just not.
    pub(super) fn hold_end(&mut self, rng: &mut StdRng, now: Instant) -> Instant {
        let at = match rng.random_range(0..12) {
            0 => now + DAY,
            1 => now + DAY + 1,
            2 => now,
            3 => now + 1,
            4..8 => now + self.spread.distance(rng) % DAY + 1,
            8..10 => self.next(rng, now),
            _ => now + HOUR,
        };
        self.name(at);
        at
    }

    /// The instant that a consumption is attributed to; none is now.
    pub(super) fn attributed(&self, rng: &mut StdRng, now: Instant) -> Option<Instant> {
        const AHEAD: i64 = 5 * 60 * 1_000;
        const BACK: i64 = 400 * DAY;
        if rng.random_ratio(4, 5) {
            return None;
        }
        Some(match rng.random_range(0..8) {
            0 => now + AHEAD,
            1 => now + AHEAD + 1,
            2 => now - BACK,
            3 => now - BACK - 1,
            4 => now,
            _ => now - self.distance(rng, now),
        })
    }

    fn distance(&self, rng: &mut StdRng, now: Instant) -> i64 {
        let distance = self.spread.distance(rng);
        if now < LATE { distance } else { distance % 10 + 1 }
    }
}

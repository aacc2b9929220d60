//! How far it is, shown on a terminal.

use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

/// Between two lines of progress.
const EVERY: Duration = Duration::from_millis(200);

/// How often something was done, within which bounds.
pub struct Progress {
    begun: Instant,
    shown: Instant,
    is_shown: bool,
    count: u64,
    count_max: Option<u64>,
    minutes: Option<u64>,
}

impl Progress {
    /// Up to `count_max` times and for `minutes`. Without both: once where a seed was given, and for
    /// a minute where none was.
    pub fn new(seed: Option<u64>, count_max: Option<u64>, minutes: Option<u64>) -> Self {
        let count_max = count_max.or(seed.filter(|_| minutes.is_none()).map(|_| 1));
        let minutes = minutes.or(count_max.is_none().then_some(1));
        let (begun, is_shown) = (Instant::now(), io::stderr().is_terminal());
        Self { begun, shown: begun, is_shown, count: 0, count_max, minutes }
    }

    /// Whether it is to be done once more.
    pub fn goes_on(&self) -> bool {
        self.count_max.is_none_or(|most| self.count < most)
            && self.minutes.is_none_or(|minutes| self.begun.elapsed().as_secs() < minutes * 60)
    }

    /// It was done once more.
    pub fn add(&mut self, sums: impl Display) -> io::Result<()> {
        self.count += 1;
        if self.is_shown && self.shown.elapsed() >= EVERY {
            self.shown = Instant::now();
            let milliseconds = self.begun.elapsed().as_millis().max(1);
            let rate = u128::from(self.count) * 10_000 / milliseconds;
            let seconds = milliseconds / 1_000;
            write!(
                io::stderr(),
                "\r\x1b[K{seconds} s: {sums}, {}.{} seeds/s",
                rate / 10,
                rate % 10
            )?;
        }
        Ok(())
    }

    /// The line of progress makes room for what comes.
    pub fn end(&self) -> io::Result<()> {
        if self.is_shown { write!(io::stderr(), "\r\x1b[K") } else { Ok(()) }
    }
}

//! Histories without faults.

use std::fmt::{self, Display, Formatter};
use std::io;
use std::process::ExitCode;

use scrip_simulator::check::Tally;
use scrip_simulator::concurrent::fresh_seed;
use scrip_simulator::run::{simulate, transcript};

use super::progress::Progress;
use crate::options::Histories;

/// Plays them until one fails.
pub fn run(options: &Histories, out: &mut dyn io::Write) -> io::Result<ExitCode> {
    let first = options.seed.unwrap_or_else(fresh_seed);
    writeln!(out, "seed {first}, {} steps", options.steps)?;
    if options.print
        && let Some(target) = options.target.list().first()
    {
        let (text, _) = transcript(first, options.steps, *target);
        out.write_all(text.as_bytes())?;
    }
    let mut progress = Progress::new(options.seed, options.histories, options.minutes);
    let (mut seed, mut sums) = (first, Sums::default());
    while progress.goes_on() {
        match simulate(seed, options.steps, &options.target.list()) {
            Ok(tally) => sums.add(&tally),
            Err(failure) => {
                progress.end()?;
                writeln!(out, "{}", failure.report())?;
                return Ok(ExitCode::FAILURE);
            }
        }
        progress.add(&sums)?;
        seed = seed.wrapping_add(1);
    }
    progress.end()?;
    writeln!(out, "{sums}")?;
    Ok(ExitCode::SUCCESS)
}

/// What was done in all.
#[derive(Default)]
pub struct Sums {
    histories: u64,
    tally: Tally,
}

impl Sums {
    /// One history more.
    pub fn add(&mut self, tally: &Tally) {
        self.histories += 1;
        self.tally.add(tally);
    }
}

impl Display for Sums {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Tally { commands, refused, reads, wallets, rows, restarts } = self.tally;
        write!(
            f,
            "{} histories, {commands} commands ({refused} requests refused), {reads} reads, \
             {wallets} wallets, {rows} rows, {restarts} restarts",
            self.histories
        )
    }
}

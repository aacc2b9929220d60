//! `scrip-simulator`: random histories by seed, with faults, against the oracle.

mod options;

use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser as _;
use options::Options;
use scrip_simulator::check::Tally;
use scrip_simulator::run::{Failure, simulate, transcript};

/// Between two lines of progress.
const PROGRESS_EVERY: Duration = Duration::from_millis(200);

fn main() -> ExitCode {
    let options = Options::parse();
    let outcome = run(&options, &mut io::stdout().lock());
    outcome.unwrap_or(ExitCode::FAILURE)
}

fn run(options: &Options, out: &mut dyn io::Write) -> io::Result<ExitCode> {
    let first = options.seed.unwrap_or_else(fresh_seed);
    writeln!(out, "seed {first}, {} steps", options.steps)?;
    if options.print
        && let Some(target) = options.target.list().first()
    {
        let (text, _) = transcript(first, options.steps, *target);
        out.write_all(text.as_bytes())?;
    }
    let mut progress = Progress::new();
    let mut seed = first;
    while progress.goes_on(options) {
        match simulate(seed, options.steps, &options.target.list()) {
            Ok(tally) => progress.count(&tally)?,
            Err(failure) => return fail(&progress, &failure, out),
        }
        seed = seed.wrapping_add(1);
    }
    progress.end()?;
    writeln!(out, "{}", progress.sums())?;
    Ok(ExitCode::SUCCESS)
}

fn fail(progress: &Progress, failure: &Failure, out: &mut dyn io::Write) -> io::Result<ExitCode> {
    progress.end()?;
    writeln!(out, "{}", failure.report())?;
    Ok(ExitCode::FAILURE)
}

/// Short enough to be told.
fn fresh_seed() -> u64 {
    RandomState::new().hash_one("seed") >> 24
}

/// What was done so far, shown on a terminal.
struct Progress {
    begun: Instant,
    shown: Instant,
    is_shown: bool,
    histories: u64,
    tally: Tally,
}

impl Progress {
    fn new() -> Self {
        let (begun, is_shown) = (Instant::now(), io::stderr().is_terminal());
        Self { begun, shown: begun, is_shown, histories: 0, tally: Tally::default() }
    }

    fn goes_on(&self, options: &Options) -> bool {
        let histories_max =
            options.histories.or(options.seed.filter(|_| options.minutes.is_none()).map(|_| 1));
        let minutes = options.minutes.or(histories_max.is_none().then_some(1));
        histories_max.is_none_or(|most| self.histories < most)
            && minutes.is_none_or(|minutes| self.begun.elapsed().as_secs() < minutes * 60)
    }

    fn count(&mut self, tally: &Tally) -> io::Result<()> {
        self.histories += 1;
        self.tally.add(tally);
        if self.is_shown && self.shown.elapsed() >= PROGRESS_EVERY {
            self.shown = Instant::now();
            let seconds = self.begun.elapsed().as_millis().max(1);
            let rate = u128::from(self.histories) * 10_000 / seconds;
            let sums = self.sums();
            write!(io::stderr(), "\r\x1b[K{sums}, {}.{} seeds/s", rate / 10, rate % 10)?;
        }
        Ok(())
    }

    /// The line of progress makes room for what comes.
    fn end(&self) -> io::Result<()> {
        if self.is_shown { write!(io::stderr(), "\r\x1b[K") } else { Ok(()) }
    }

    fn sums(&self) -> String {
        let Tally { commands, refused, reads, wallets, rows, restarts } = self.tally;
        format!(
            "{} histories, {commands} commands ({refused} requests refused), {reads} reads, \
             {wallets} wallets, {rows} rows, {restarts} restarts",
            self.histories
        )
    }
}

//! All parts in turn.

use std::fmt::{self, Display, Formatter};
use std::io;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use scrip_simulator::concurrent::{self, fresh_seed};
use scrip_simulator::faults::{self, Report};
use scrip_simulator::run::simulate;

use super::histories::Sums;
use super::progress::Progress;
use super::stillness::Stillness;
use crate::options::{All, Targets};

/// How long each part goes on before the next.
const TURN: Duration = Duration::from_secs(10);
const STEPS: usize = 150;

/// Goes round until something is not as promised.
pub fn run(options: &All, out: &mut dyn io::Write) -> io::Result<ExitCode> {
    let seed = options.seed.unwrap_or_else(fresh_seed);
    writeln!(out, "seed {seed}")?;
    out.flush()?;
    let (done, stillness) = (Done::default(), Stillness::watched());
    let mut round = Round { seed, done, binary: options, stillness };
    let mut progress = Progress::new(None, None, Some(options.minutes));
    while progress.goes_on() {
        if let Err(what) = round.play() {
            progress.end()?;
            writeln!(out, "{}\n{what}", round.done)?;
            return Ok(ExitCode::FAILURE);
        }
        progress.add(format_args!("{} histories and directories", round.done.seeds))?;
    }
    progress.end()?;
    writeln!(out, "{}", round.done)?;
    Ok(ExitCode::SUCCESS)
}

/// What was done in all.
#[derive(Default)]
struct Done {
    seeds: u64,
    histories: Sums,
    faults: Report,
    concurrent: concurrent::Report,
}

impl Display for Done {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { histories, faults, concurrent, .. } = self;
        write!(f, "histories: {histories}\nfaults: {faults}\nconcurrent: {concurrent}")
    }
}

struct Round<'a> {
    seed: u64,
    done: Done,
    binary: &'a All,
    stillness: Stillness,
}

impl Round<'_> {
    /// Each part once. An error is what is told of a failure.
    fn play(&mut self) -> Result<(), String> {
        let targets = Targets::All.list();
        let begun = Instant::now();
        while begun.elapsed() < TURN {
            let seed = self.next();
            self.stillness.now(format_args!("scrip-simulator --seed {seed} --steps {STEPS}"));
            let tally = simulate(seed, STEPS, &targets).map_err(|failed| failed.report())?;
            self.done.histories.add(&tally);
        }
        let begun = Instant::now();
        while begun.elapsed() < TURN {
            let seed = self.next();
            self.stillness.now(format_args!("scrip-simulator faults --seed {seed}"));
            faults::live(seed, &mut self.done.faults).map_err(|failure| {
                format!("{failure}\nrepeat: scrip-simulator faults --seed {}", failure.seed)
            })?;
        }
        let options = concurrent::Options {
            seed: Some(self.next()),
            seconds: TURN.as_secs(),
            binary: self.binary.binary.clone(),
            ..concurrent::Options::default()
        };
        let seed = options.seed.unwrap_or_default();
        self.stillness.now(format_args!("scrip-simulator concurrent --seed {seed}"));
        let report = concurrent::run(&options).map_err(|failure| {
            format!("{failure}\nrepeat: scrip-simulator concurrent --seed {seed}")
        })?;
        if self.done.concurrent.rounds == 0 {
            self.done.concurrent.seed = report.seed;
        }
        self.done.concurrent.add(&report);
        Ok(())
    }

    fn next(&mut self) -> u64 {
        let seed = self.seed;
        self.seed = seed.wrapping_add(1);
        self.done.seeds += 1;
        seed
    }
}

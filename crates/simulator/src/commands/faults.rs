//! Histories on a disk that fails.

use std::io;
use std::process::ExitCode;

use scrip_simulator::concurrent::fresh_seed;
use scrip_simulator::faults::{self, Report};

use super::progress::Progress;
use super::stillness::Stillness;
use crate::options::Faults;

/// Lives through directories until one is not as promised.
pub fn run(options: &Faults, out: &mut dyn io::Write) -> io::Result<ExitCode> {
    let first = options.seed.unwrap_or_else(fresh_seed);
    writeln!(out, "seed {first}")?;
    let mut progress = Progress::new(options.seed, options.directories, options.minutes);
    let (mut seed, mut report) = (first, Report::default());
    let stillness = Stillness::watched();
    while progress.goes_on() {
        stillness.now(format_args!("scrip-simulator faults --seed {seed}"));
        if let Err(failure) = faults::live(seed, &mut report) {
            progress.end()?;
            writeln!(out, "{failure}\nrepeat: scrip-simulator faults --seed {}", failure.seed)?;
            return Ok(ExitCode::FAILURE);
        }
        progress.add(&report)?;
        seed = seed.wrapping_add(1);
    }
    progress.end()?;
    writeln!(out, "{report}")?;
    Ok(ExitCode::SUCCESS)
}

//! Many threads over HTTP.

use std::io;
use std::process::ExitCode;

use scrip_simulator::concurrent::{self, Options, fresh_seed};

/// Calls until the time is over or no order explains the answers.
pub fn run(mut options: Options, out: &mut dyn io::Write) -> io::Result<ExitCode> {
    let seed = *options.seed.get_or_insert_with(fresh_seed);
    writeln!(out, "seed {seed}")?;
    out.flush()?;
    match concurrent::run(&options) {
        Ok(report) => {
            writeln!(out, "{report}")?;
            Ok(ExitCode::SUCCESS)
        }
        Err(failure) => {
            writeln!(out, "{failure}\nrepeat: scrip-simulator concurrent --seed {seed}")?;
            Ok(ExitCode::FAILURE)
        }
    }
}

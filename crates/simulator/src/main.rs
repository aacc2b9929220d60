//! `scrip-simulator`: random histories by seed, with faults, against the oracle.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use scrip_simulator::concurrent;

/// Random histories by seed, with faults, against the oracle.
#[derive(Parser)]
#[command(name = "scrip-simulator", version, about, max_term_width = 100)]
struct Cli {
    /// What to do.
    #[command(subcommand)]
    command: Command,
}

/// What to do.
#[derive(Subcommand)]
enum Command {
    /// Real threads over HTTP against the built binary, checked for linearizability.
    Concurrent(concurrent::Options),
}

#[expect(clippy::print_stdout, reason = "what was found is the command's answer")]
fn main() -> ExitCode {
    let Command::Concurrent(mut options) = Cli::parse().command;
    let seed = *options.seed.get_or_insert_with(concurrent::fresh_seed);
    println!("seed {seed}");
    match concurrent::run(&options) {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            println!("{failure}");
            println!("scrip-simulator concurrent --seed {seed}");
            ExitCode::FAILURE
        }
    }
}

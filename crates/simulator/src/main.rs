//! `scrip-simulator`: random histories by seed, with faults, against the oracle.

mod commands;
mod options;

use std::io;
use std::process::ExitCode;

use clap::Parser as _;
use options::{Command, Options};

fn main() -> ExitCode {
    let Options { command, histories } = Options::parse();
    let out = &mut io::stdout().lock();
    let outcome = match command.unwrap_or(Command::Histories(histories)) {
        Command::Histories(options) => commands::histories::run(&options, out),
        Command::Faults(options) => commands::faults::run(&options, out),
        Command::Concurrent(options) => commands::concurrent::run(options, out),
        Command::Stripe(options) => commands::stripe::run(options, out),
        Command::All(options) => commands::all::run(&options, out),
    };
    outcome.unwrap_or(ExitCode::FAILURE)
}

//! `scrip`: the credits engine.

mod cli;
mod clock;
mod copy;
mod demo;
mod keys;
mod migrate;
mod number;
mod progress;
mod rebuild;
mod recover;
mod serve;
mod stats;
mod verify;

use std::process::ExitCode;

use clap::Parser as _;
use cli::{Cli, ClockCommand, Command};

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Serve(options) => serve::run(*options),
        Command::Migrate(options) => migrate::run(&options),
        Command::Verify(options) => verify::run(&options),
        Command::Copy(options) => copy::run(options),
        Command::Stats(options) => stats::run(&options),
        Command::Rebuild(options) => rebuild::run(&options),
        Command::Recover(options) => recover::run(&options),
        Command::Demo(options) => demo::run(options),
        Command::Clock(ClockCommand::Accept(options)) => clock::accept(&options),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            tell_error(&error);
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "the last word of a command goes to the terminal")]
fn tell_error(error: &anyhow::Error) {
    eprintln!("scrip: {}", in_full(error));
}

/// An error with its causes; one that says its cause already is not followed by it.
fn in_full(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

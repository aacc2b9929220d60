//! `scrip`: the credits engine.

mod anchors;
mod backup;
mod cli;
mod client;
mod clock;
mod completions;
mod console;
mod copy;
mod demo;
mod door;
mod keys;
mod listening;
mod migrate;
mod number;
mod payments;
mod portal;
mod private_file;
mod progress;
mod rebuild;
mod recover;
mod serve;
mod stats;
mod traces;
mod users;
mod verify;
mod webhooks;

use std::process::ExitCode;

use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _};
use cli::{Cli, ClockCommand, Command};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let matches = Cli::command().get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let result = match cli.command {
        Command::Serve(options) => serve::run(*options),
        Command::Migrate(options) => migrate::run(&options),
        Command::Verify(options) => verify::run(&options, named(&matches)),
        Command::Copy(options) => copy::run(options),
        Command::Backup(options) => backup::back_up(&options, named(&matches)),
        Command::Restore(options) => backup::restore(&options, named(&matches)),
        Command::Stats(options) => stats::run(&options),
        Command::Rebuild(options) => rebuild::run(&options),
        Command::Recover(options) => recover::run(&options),
        Command::Client(command) => client::run(&command),
        Command::Demo(options) => demo::run(options),
        Command::Bench(subject) => scrip_bench::run(&subject).map(|()| ExitCode::SUCCESS),
        Command::Anchor(command) => anchors::run(&command),
        Command::Clock(ClockCommand::Accept(options)) => clock::accept(&options),
        Command::Completions(options) => completions::run(&options),
        Command::Man(options) => completions::man(&options),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            tell_error(&error);
            ExitCode::FAILURE
        }
    }
}

/// Whether a directory and a database stand on the command line.
fn named(matches: &ArgMatches) -> [bool; 2] {
    ["data", "database_url"].map(|option| is_named(matches, option))
}

/// Whether an option of the command stands on the command line itself.
fn is_named(matches: &ArgMatches, option: &str) -> bool {
    let source = matches.subcommand().and_then(|(_, of_command)| of_command.value_source(option));
    source == Some(ValueSource::CommandLine)
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

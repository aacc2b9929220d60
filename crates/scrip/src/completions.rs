//! `scrip completions` and `scrip man`: what is known of the options, for shells and for `man`.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::cli::Cli;

/// Options of `completions`.
#[derive(Args)]
pub struct CompletionsOptions {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

/// Options of `man`.
#[derive(Args)]
pub struct ManOptions {
    /// The directory that a page for each command is written into; it must exist.
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

/// Writes what the shell reads to standard output.
pub fn run(options: &CompletionsOptions) -> anyhow::Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut Cli::command(), "scrip", &mut script);
    std::io::stdout().lock().write_all(&script).context("writing the completions")?;
    Ok(ExitCode::SUCCESS)
}

/// Writes the pages.
pub fn man(options: &ManOptions) -> anyhow::Result<ExitCode> {
    let directory = &options.directory;
    clap_mangen::generate_to(Cli::command(), directory)
        .with_context(|| format!("writing to {}", directory.display()))?;
    Ok(ExitCode::SUCCESS)
}

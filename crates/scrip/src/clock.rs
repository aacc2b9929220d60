//! `scrip clock accept`.

use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use scrip_ledger::embedded::Embedded;

use crate::cli::DataOptions;

/// Tells the process that owns the directory to follow its system clock again.
#[expect(clippy::print_stdout, reason = "what was asked is the command's answer")]
pub fn accept(options: &DataOptions) -> anyhow::Result<ExitCode> {
    let directory = &options.data;
    ensure!(directory.is_dir(), "there is no data directory at {}", directory.display());
    Embedded::accept_clock(directory)
        .with_context(|| format!("writing into {}", directory.display()))?;
    println!("Asked the server of {} to follow its system clock.", directory.display());
    Ok(ExitCode::SUCCESS)
}

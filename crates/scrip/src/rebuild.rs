//! `scrip rebuild`.

use std::process::ExitCode;
use std::time::Instant;

use scrip_ledger::embedded::{Options, rebuild};

use crate::cli::RebuildOptions;
use crate::number::{grouped, seconds};
use crate::progress::Progress;

/// Makes the snapshots and the slices of names again.
#[expect(clippy::print_stdout, reason = "what was made is the command's answer")]
pub fn run(options: &RebuildOptions) -> anyhow::Result<ExitCode> {
    let begin = Instant::now();
    let mut progress = Progress::of("Rebuilding");
    let rebuilt =
        rebuild(&options.data.data, Options::default(), |done, all| progress.tell(done, all));
    drop(progress);
    let rebuilt = rebuilt?;
    println!(
        "Rebuilt from {} rows: {} wallets, {} names, in {}.",
        grouped(rebuilt.rows),
        grouped(rebuilt.wallets),
        grouped(rebuilt.names),
        seconds(begin.elapsed())
    );
    Ok(ExitCode::SUCCESS)
}

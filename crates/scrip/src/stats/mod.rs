//! `scrip stats`.

mod json;
mod table;

use std::process::ExitCode;

use crate::cli::StatsOptions;

/// Says what there is to know about a data directory.
#[expect(clippy::print_stdout, reason = "the figures are the command's answer")]
pub fn run(options: &StatsOptions) -> anyhow::Result<ExitCode> {
    let stats = scrip_ledger::embedded::stats(&options.data.data)?;
    if options.json {
        println!("{:#}", json::object(&stats));
    } else {
        print!("{}", table::text(&stats));
    }
    Ok(ExitCode::SUCCESS)
}

/// Bytes for each row, rounded; none without rows.
fn bytes_a_row(bytes: u64, rows: u64) -> Option<u64> {
    bytes.saturating_add(rows / 2).checked_div(rows)
}

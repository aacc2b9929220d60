//! The figures for people.

use std::fmt::{self, Write as _};

use scrip_ledger::embedded::{FileSize, FrozenWallet, Incident, MarkStats, Stats};

use super::bytes_a_row;
use crate::number::{grouped, instant, seconds};

/// All figures, in aligned columns.
pub fn text(stats: &Stats) -> String {
    let mut text = String::new();
    // A string takes all that is written.
    let _ = write(&mut text, stats);
    text
}

fn write(text: &mut String, stats: &Stats) -> fmt::Result {
    write_counts(text, stats)?;
    write_files(text, &stats.files, stats.rows)?;
    write_start(text, stats)?;
    write_frozen(text, &stats.frozen)?;
    write_incidents(text, &stats.incidents)
}

fn write_counts(text: &mut String, stats: &Stats) -> fmt::Result {
    let Stats { names, .. } = stats;
    let counts = [
        ("Rows", stats.rows),
        ("Wallets", stats.wallets),
        ("Names in slices", names.in_slices),
        ("Names in the saved table", names.saved),
        ("Slices of names", names.slices),
        ("Filter in memory, bytes", names.filter_bytes),
        ("Fences in memory, bytes", names.fence_bytes),
    ];
    for (name, count) in counts {
        writeln!(text, "{name:<26}{:>20}", grouped(count))?;
    }
    writeln!(text, "{:<26}{:>20}", "Mark", mark(&stats.mark))?;
    writeln!(text, "{:<26}{:>20}", "Format", stats.format)?;
    if let MarkStats::At(position) = stats.mark
        && position > stats.rows
    {
        let missing = grouped(position - stats.rows);
        writeln!(text, "{missing} rows are lost; see `scrip recover`")?;
    }
    Ok(())
}

fn mark(mark: &MarkStats) -> String {
    match mark {
        MarkStats::At(position) => format!("row {}", grouped(*position)),
        MarkStats::Missing => "missing".to_owned(),
        MarkStats::Unreadable(why) => format!("unreadable: {why}"),
        MarkStats::OtherLedger => "of another ledger".to_owned(),
    }
}

fn write_files(text: &mut String, files: &[FileSize], rows: u64) -> fmt::Result {
    writeln!(text, "\n{:<20}{:>6}{:>20}{:>14}", "File", "Files", "Bytes", "Bytes a row")?;
    for FileSize { name, files, bytes } in files {
        write_size(text, name, *files, *bytes, rows)?;
    }
    let all = files.iter().map(|size| size.bytes).sum();
    write_size(text, "together", files.iter().map(|size| size.files).sum(), all, rows)
}

fn write_size(text: &mut String, name: &str, files: u64, bytes: u64, rows: u64) -> fmt::Result {
    let a_row = bytes_a_row(bytes, rows).map_or_else(|| "-".to_owned(), grouped);
    writeln!(text, "{name:<20}{:>6}{:>20}{a_row:>14}", grouped(files), grouped(bytes))
}

fn write_start(text: &mut String, stats: &Stats) -> fmt::Result {
    let Stats { start, snapshots_until, .. } = stats;
    writeln!(text, "\nA start, if the process ended at this moment")?;
    let rows =
        [("Rows behind snapshots", start.rows_to_fold), ("Rows behind names", start.rows_to_name)];
    for (name, count) in rows {
        writeln!(text, "{name:<26}{:>20}", grouped(count))?;
    }
    writeln!(text, "{:<26}{:>20}", "Takes, by estimate", seconds(start.estimate))?;
    if snapshots_until.is_none() {
        writeln!(text, "snapshots.db is missing or cannot be used; it is made again.")?;
    }
    Ok(())
}

fn write_frozen(text: &mut String, frozen: &[FrozenWallet]) -> fmt::Result {
    writeln!(text, "\nFrozen wallets: {}", grouped(frozen.len() as u64))?;
    for FrozenWallet { number, key, reason } in frozen {
        write!(text, "  {number}, customer {}, currency {}", key.customer, key.currency)?;
        if let Some(resource) = &key.resource {
            write!(text, ", resource {resource}")?;
        }
        writeln!(text, ": {reason}")?;
    }
    Ok(())
}

fn write_incidents(text: &mut String, incidents: &[Incident]) -> fmt::Result {
    writeln!(text, "\nIncidents: {}", grouped(incidents.len() as u64))?;
    for Incident { happened_at, kind, wallet, details } in incidents {
        let wallet = wallet.map_or_else(String::new, |number| format!(" of wallet {number}"));
        writeln!(text, "  {} {kind}{wallet}: {details}", instant(*happened_at))?;
    }
    Ok(())
}

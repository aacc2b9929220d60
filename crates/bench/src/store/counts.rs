//! What the process and its ledger count about themselves.

use std::time::Duration;

use anyhow::Context as _;
use scrip_ledger::embedded::Embedded;
use scrip_ledger::{Figure, Ledger as _, Value};

use crate::output::mebibytes;

/// All counts of one moment.
#[derive(Clone, Copy, Debug)]
pub struct Counts {
    /// Memory of the process, load included.
    pub resident_bytes: u64,
    /// Wallets in memory.
    pub wallets: u64,
    /// What they take, by the ledger's estimate.
    pub wallets_bytes: u64,
    /// Wallets that were read back.
    pub loaded: u64,
    /// Wallets that were dropped.
    pub dropped: u64,
    /// Rounds of snapshots that were finished.
    pub rounds: u64,
    /// Rows in no snapshot.
    pub lag_rows: u64,
    /// Rows whose usage was not added up when that was done last.
    pub usage_lag_rows: u64,
    /// Times that the writer waited for the snapshots.
    pub slow_downs: u64,
    /// Names of keys in memory.
    pub names_recent: u64,
    /// Slices of older names.
    pub slices: u64,
}

impl Counts {
    /// What the columns of [`Counts::row`] are.
    pub const COLUMNS: [&str; 6] =
        ["moment", "VmRSS MiB", "wallets", "their estimate MiB", "names in no slice", "slices"];

    /// What is counted by now.
    pub fn of(ledger: &Embedded) -> anyhow::Result<Self> {
        let figures = ledger.figures();
        let count = |name| whole(&figures, name);
        Ok(Self {
            resident_bytes: resident_bytes("self")?,
            wallets: count("scrip_wallets_in_memory")?,
            wallets_bytes: count("scrip_wallets_in_memory_bytes")?,
            loaded: count("scrip_wallets_loaded_total")?,
            dropped: count("scrip_wallets_dropped_total")?,
            rounds: count("scrip_snapshot_rounds_total")?,
            lag_rows: count("scrip_snapshot_lag_rows")?,
            usage_lag_rows: count("scrip_usage_lag_rows")?,
            slow_downs: count("scrip_writer_slow_downs_total")?,
            names_recent: count("scrip_key_names_recent")?,
            slices: count("scrip_key_slices")?,
        })
    }

    /// What is in memory, as a row.
    pub fn row(&self, moment: &str) -> [String; Self::COLUMNS.len()] {
        [
            moment.to_owned(),
            mebibytes(self.resident_bytes),
            self.wallets.to_string(),
            mebibytes(self.wallets_bytes),
            self.names_recent.to_string(),
            self.slices.to_string(),
        ]
    }
}

/// What the process took of processors since it began; counted in hundredths of a second.
pub fn processor_time() -> anyhow::Result<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").context("/proc/self/stat")?;
    processor_time_in(&stat).context("/proc/self/stat says nothing of processors")
}

fn processor_time_in(stat: &str) -> Option<Duration> {
    // The name of the process, in parentheses, may have blanks.
    let (_, fields) = stat.rsplit_once(')')?;
    let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<u64>);
    let ticks: u64 = ticks.sum::<Result<_, _>>().ok()?;
    Some(Duration::from_millis(ticks * 10))
}

fn whole(figures: &[Figure], name: &str) -> anyhow::Result<u64> {
    match figures.iter().find(|figure| figure.name == name).map(|figure| figure.value) {
        Some(Value::Whole(value)) => Ok(value),
        _ => anyhow::bail!("the ledger does not count {name}"),
    }
}

/// Memory of a process, by its number or as `self`.
pub fn resident_bytes(process: &str) -> anyhow::Result<u64> {
    let path = format!("/proc/{process}/status");
    let status = std::fs::read_to_string(&path).with_context(|| path.clone())?;
    resident_bytes_in(&status).with_context(|| format!("{path} says nothing of VmRSS"))
}

fn resident_bytes_in(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_from_what_the_system_says() {
        let status = "Name:\tbench\nVmHWM:\t  9 kB\nVmRSS:\t    1012 kB\nThreads:\t1\n";
        assert_eq!(resident_bytes_in(status), Some(1012 * 1024));
        assert_eq!(resident_bytes_in("VmHWM:\t9 kB\n"), None);
    }

    #[test]
    fn processors_are_read_from_what_the_system_says() {
        let stat = "7 (a (b) c) S 1 7 7 0 -1 4194304 90 0 0 0 150 25 3 4 20 0 1 0 9 8 7";
        assert_eq!(processor_time_in(stat), Some(Duration::from_millis(1_750)));
        assert_eq!(processor_time_in("7 (a) S 1"), Some(Duration::ZERO));
    }
}

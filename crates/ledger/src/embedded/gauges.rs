//! What the embedded ledger counts about itself while it runs.

use crate::counting::{Counter, Gauge, bytes, counter, gauge, seconds};
use crate::figures::Figure;

#[cfg(test)]
mod tests;

/// All that an embedded ledger counts.
#[derive(Debug, Default)]
pub struct Gauges {
    /// Wallets that are in memory.
    pub wallets_in_memory: Gauge,
    /// What they take there, by estimate.
    pub wallets_in_memory_bytes: Gauge,
    /// Wallets that were read back because somebody asked for them.
    pub wallets_loaded: Counter,
    /// Wallets that were dropped from memory.
    pub wallets_dropped: Counter,
    /// Wallets that take no orders because what is stored of them is wrong.
    pub wallets_frozen: Gauge,
    /// Rounds of the snapshots that were finished.
    pub snapshot_rounds: Counter,
    /// Rounds that failed.
    pub snapshot_failures: Counter,
    /// Wallets that the rounds wrote.
    pub snapshot_wallets_written: Counter,
    /// How long the last round took.
    pub snapshot_last_round_milliseconds: Gauge,
    /// Rows that are in no snapshot, which a start would fold again.
    pub snapshot_lag_rows: Gauge,
    /// Rows whose usage is not added up; questions read those of their wallet.
    pub usage_lag_rows: Gauge,
    /// What these rows take.
    pub snapshot_lag_bytes: Gauge,
    /// Snapshots of wallets that were found wrong and made again from the rows.
    pub snapshots_repaired: Counter,
    /// How often the writer waited for the snapshots to catch up.
    pub writer_slow_downs: Counter,
    /// Names of keys that are in memory and in no slice.
    pub key_names_recent: Gauge,
    /// Slices of older names of keys.
    pub key_slices: Gauge,
    /// Slices that were written.
    pub key_slices_written: Counter,
    /// Names in slices.
    pub key_names_in_slices: Gauge,
    /// What the files of slices take.
    pub key_file_bytes: Gauge,
    /// What the filter over the slices takes in memory.
    pub key_filter_bytes: Gauge,
    /// Orders that wait.
    pub queue_orders: Gauge,
    /// What the orders that wait weigh: items of batches, or one each.
    pub queue_weight: Gauge,
    /// Slices that were found damaged and written again.
    pub key_slices_repaired: Counter,
    /// Wallets that were folded again from their rows to compare.
    pub scrubbed_wallets: Counter,
    /// What was found wrong in that.
    pub scrub_findings: Counter,
}

impl Gauges {
    /// All numbers, always in the same order.
    pub fn snapshot(&self) -> Vec<Figure> {
        [self.of_wallets(), self.of_snapshots(), self.of_keys(), self.of_scrubbing()].concat()
    }

    fn of_wallets(&self) -> Vec<Figure> {
        vec![
            gauge(
                "scrip_wallets_in_memory",
                "Wallets that are in memory.",
                &self.wallets_in_memory,
            ),
            bytes(
                "scrip_wallets_in_memory_bytes",
                "Memory that wallets take, by estimate.",
                &self.wallets_in_memory_bytes,
            ),
            counter(
                "scrip_wallets_loaded_total",
                "Wallets read back into memory on demand.",
                &self.wallets_loaded,
            ),
            counter(
                "scrip_wallets_dropped_total",
                "Wallets dropped from memory.",
                &self.wallets_dropped,
            ),
            gauge(
                "scrip_wallets_frozen",
                "Wallets that take no orders because what is stored of them is wrong.",
                &self.wallets_frozen,
            ),
        ]
    }

    fn of_snapshots(&self) -> Vec<Figure> {
        vec![
            counter(
                "scrip_snapshot_rounds_total",
                "Snapshot rounds that were finished.",
                &self.snapshot_rounds,
            ),
            counter(
                "scrip_snapshot_failures_total",
                "Snapshot rounds that failed.",
                &self.snapshot_failures,
            ),
            counter(
                "scrip_snapshot_wallets_written_total",
                "Wallets that snapshot rounds wrote.",
                &self.snapshot_wallets_written,
            ),
            seconds(
                "scrip_snapshot_last_round_duration_seconds",
                "How long the last snapshot round took.",
                &self.snapshot_last_round_milliseconds,
            ),
            gauge(
                "scrip_snapshot_lag_rows",
                "Rows in no snapshot, which a start would fold again.",
                &self.snapshot_lag_rows,
            ),
            gauge(
                "scrip_usage_lag_rows",
                "Rows whose usage is not added up yet.",
                &self.usage_lag_rows,
            ),
            bytes(
                "scrip_snapshot_lag_bytes",
                "Size of the rows in no snapshot.",
                &self.snapshot_lag_bytes,
            ),
            counter(
                "scrip_snapshots_repaired_total",
                "Snapshots of wallets made again from the rows because they were wrong.",
                &self.snapshots_repaired,
            ),
            counter(
                "scrip_writer_slow_downs_total",
                "Times the writer waited for the snapshots to catch up.",
                &self.writer_slow_downs,
            ),
        ]
    }

    fn of_keys(&self) -> Vec<Figure> {
        vec![
            gauge(
                "scrip_key_names_recent",
                "Names of keys in memory that are in no slice.",
                &self.key_names_recent,
            ),
            gauge(
                "scrip_key_names_in_slices",
                "Names of keys in slices.",
                &self.key_names_in_slices,
            ),
            bytes("scrip_key_file_bytes", "Size of the slices of names.", &self.key_file_bytes),
            bytes(
                "scrip_key_filter_bytes",
                "Memory of the filter over the slices.",
                &self.key_filter_bytes,
            ),
            gauge("scrip_queue_orders", "Orders that wait.", &self.queue_orders),
            gauge(
                "scrip_queue_weight",
                "Items of the orders that wait, at least one each.",
                &self.queue_weight,
            ),
            gauge("scrip_key_slices", "Slices of older names of keys.", &self.key_slices),
            counter(
                "scrip_key_slices_written_total",
                "Slices of names of keys that were written.",
                &self.key_slices_written,
            ),
            counter(
                "scrip_key_slices_repaired_total",
                "Slices of names of keys made again from the rows because they were damaged.",
                &self.key_slices_repaired,
            ),
        ]
    }

    fn of_scrubbing(&self) -> Vec<Figure> {
        vec![
            counter(
                "scrip_scrubbed_wallets_total",
                "Wallets folded again from their rows to compare.",
                &self.scrubbed_wallets,
            ),
            counter(
                "scrip_scrub_findings_total",
                "What scrubbing found wrong.",
                &self.scrub_findings,
            ),
        ]
    }
}

//! The names and their order are what dashboards are built on.

use std::collections::BTreeSet;

use super::*;
use crate::figures::prometheus_text;
use crate::figures::{FigureKind, Unit, Value};

/// Each number is another one, so that none can stand in another's place.
fn counted() -> Gauges {
    let gauges = Gauges::default();
    gauges.wallets_in_memory.set(1);
    gauges.wallets_in_memory_bytes.set(2);
    gauges.wallets_loaded.add(3);
    gauges.wallets_dropped.add(4);
    gauges.wallets_frozen.add(5);
    gauges.snapshot_rounds.add(6);
    gauges.snapshot_failures.add(7);
    gauges.snapshot_wallets_written.add(8);
    gauges.snapshot_last_round_milliseconds.set(9_010);
    gauges.snapshot_lag_rows.set(10);
    gauges.usage_lag_rows.set(12);
    gauges.snapshot_lag_bytes.set(11);
    gauges.snapshots_repaired.add(12);
    gauges.writer_slow_downs.add(13);
    gauges.key_names_recent.set(14);
    gauges.key_names_in_slices.set(20);
    gauges.key_file_bytes.set(21);
    gauges.key_filter_bytes.set(22);
    gauges.queue_orders.set(23);
    gauges.queue_weight.set(24);
    gauges.key_slices.set(15);
    gauges.key_slices_written.add(16);
    gauges.key_slices_repaired.add(19);
    gauges.scrubbed_wallets.add(17);
    gauges.scrub_findings.increment();
    gauges
}

const PAGE: &str = "\
# HELP scrip_wallets_in_memory Wallets that are in memory.
# TYPE scrip_wallets_in_memory gauge
scrip_wallets_in_memory 1
# HELP scrip_wallets_in_memory_bytes Memory that wallets take, by estimate.
# TYPE scrip_wallets_in_memory_bytes gauge
scrip_wallets_in_memory_bytes 2
# HELP scrip_wallets_loaded_total Wallets read back into memory on demand.
# TYPE scrip_wallets_loaded_total counter
scrip_wallets_loaded_total 3
# HELP scrip_wallets_dropped_total Wallets dropped from memory.
# TYPE scrip_wallets_dropped_total counter
scrip_wallets_dropped_total 4
# HELP scrip_wallets_frozen Wallets that take no orders because what is stored of them is wrong.
# TYPE scrip_wallets_frozen gauge
scrip_wallets_frozen 5
# HELP scrip_snapshot_rounds_total Snapshot rounds that were finished.
# TYPE scrip_snapshot_rounds_total counter
scrip_snapshot_rounds_total 6
# HELP scrip_snapshot_failures_total Snapshot rounds that failed.
# TYPE scrip_snapshot_failures_total counter
scrip_snapshot_failures_total 7
# HELP scrip_snapshot_wallets_written_total Wallets that snapshot rounds wrote.
# TYPE scrip_snapshot_wallets_written_total counter
scrip_snapshot_wallets_written_total 8
# HELP scrip_snapshot_last_round_duration_seconds How long the last snapshot round took.
# TYPE scrip_snapshot_last_round_duration_seconds gauge
scrip_snapshot_last_round_duration_seconds 9.010
# HELP scrip_snapshot_lag_rows Rows in no snapshot, which a start would fold again.
# TYPE scrip_snapshot_lag_rows gauge
scrip_snapshot_lag_rows 10
# HELP scrip_usage_lag_rows Rows whose usage is not added up yet.
# TYPE scrip_usage_lag_rows gauge
scrip_usage_lag_rows 12
# HELP scrip_snapshot_lag_bytes Size of the rows in no snapshot.
# TYPE scrip_snapshot_lag_bytes gauge
scrip_snapshot_lag_bytes 11
# HELP scrip_snapshots_repaired_total Snapshots of wallets made again from the rows because \
they were wrong.
# TYPE scrip_snapshots_repaired_total counter
scrip_snapshots_repaired_total 12
# HELP scrip_writer_slow_downs_total Times the writer waited for the snapshots to catch up.
# TYPE scrip_writer_slow_downs_total counter
scrip_writer_slow_downs_total 13
# HELP scrip_key_names_recent Names of keys in memory that are in no slice.
# TYPE scrip_key_names_recent gauge
scrip_key_names_recent 14
# HELP scrip_key_names_in_slices Names of keys in slices.
# TYPE scrip_key_names_in_slices gauge
scrip_key_names_in_slices 20
# HELP scrip_key_file_bytes Size of the slices of names.
# TYPE scrip_key_file_bytes gauge
scrip_key_file_bytes 21
# HELP scrip_key_filter_bytes Memory of the filter over the slices.
# TYPE scrip_key_filter_bytes gauge
scrip_key_filter_bytes 22
# HELP scrip_queue_orders Orders that wait.
# TYPE scrip_queue_orders gauge
scrip_queue_orders 23
# HELP scrip_queue_weight Items of the orders that wait, at least one each.
# TYPE scrip_queue_weight gauge
scrip_queue_weight 24
# HELP scrip_key_slices Slices of older names of keys.
# TYPE scrip_key_slices gauge
scrip_key_slices 15
# HELP scrip_key_slices_written_total Slices of names of keys that were written.
# TYPE scrip_key_slices_written_total counter
scrip_key_slices_written_total 16
# HELP scrip_key_slices_repaired_total Slices of names of keys made again from the rows because they were damaged.
# TYPE scrip_key_slices_repaired_total counter
scrip_key_slices_repaired_total 19
# HELP scrip_scrubbed_wallets_total Wallets folded again from their rows to compare.
# TYPE scrip_scrubbed_wallets_total counter
scrip_scrubbed_wallets_total 17
# HELP scrip_scrub_findings_total What scrubbing found wrong.
# TYPE scrip_scrub_findings_total counter
scrip_scrub_findings_total 1
";

#[test]
fn the_page_has_each_number_under_its_name() {
    assert_eq!(prometheus_text(&counted().snapshot()), PAGE);
}

#[test]
fn names_are_unique_and_end_in_what_the_number_is() {
    let figures = Gauges::default().snapshot();
    let names: BTreeSet<_> = figures.iter().map(|figure| figure.name).collect();
    assert_eq!(names.len(), figures.len());
    for Figure { name, kind, unit, help, .. } in figures {
        let is_named = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
        assert!(name.starts_with("scrip_") && name.bytes().all(is_named), "{name}");
        assert_eq!(name.ends_with("_total"), kind == FigureKind::Counter, "{name}");
        assert_eq!(name.ends_with("_bytes"), unit == Unit::Bytes, "{name}");
        assert_eq!(name.ends_with("_seconds"), unit == Unit::Seconds, "{name}");
        assert!(help.ends_with('.') && !help.contains(['\n', '\\']), "{help}");
    }
}

#[test]
fn a_counter_grows_and_a_gauge_does_not_shrink_below_nothing() {
    let counter = Counter::default();
    counter.increment();
    counter.add(41);
    assert_eq!(counter.get(), 42);
    let gauge = Gauge::default();
    gauge.add(7);
    gauge.subtract(3);
    assert_eq!(gauge.get(), 4);
    gauge.subtract(5);
    assert_eq!(gauge.get(), 0);
    gauge.add(5);
    assert_eq!(gauge.get(), 4, "a subtraction that came too early counts");
    gauge.set(u64::MAX);
    assert_eq!(gauge.get(), u64::MAX / 2);
}

#[test]
fn thousandths_are_shown_exactly() {
    let shown = [0, 1, 999, 1_000, 61_050].map(|value| Value::Thousandths(value).to_string());
    assert_eq!(shown, ["0.000", "0.001", "0.999", "1.000", "61.050"]);
    assert_eq!(Value::Whole(u64::MAX).to_string(), "18446744073709551615");
}

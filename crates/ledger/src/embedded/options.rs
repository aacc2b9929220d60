//! How a directory is opened: what its owner decides.

use std::time::Duration;

use crate::{Settings, SystemClock};

/// How a directory is opened.
pub struct Options {
    /// What the owner decided.
    pub settings: Settings,
    /// The clock.
    pub clock: SystemClock,
    /// Orders that may wait; beyond that they are refused.
    pub queue_max: usize,
    /// Pages of 4 KiB beyond which `ledger.db` does not grow: a full disk, for whoever wants one.
    pub pages_max: Option<u32>,
    /// Bytes that the wallets in memory may take, by estimate; beyond that cold ones are dropped.
    pub wallets_bytes_max: usize,
    /// Bytes that the filter over the slices of names may take; beyond that it says less.
    pub filter_bytes_max: usize,
    /// Names of a slice, for whoever wants to see slices soon; at least 16,384. None is as many as is
    /// best.
    pub names_max: Option<usize>,
    /// How long the names of consumptions are found again, at least; none is for ever. They are
    /// dropped slice by slice (decision 13).
    pub names_kept: Option<Duration>,
    /// How often the wallets that changed are written to `snapshots.db`.
    pub snapshots_every: Duration,
    /// Whether usage is added up behind the rows. Without, questions about it are answered from the
    /// rows, as far as these are few: for whoever wants to see what adding up costs.
    pub adds_usage_up: bool,
    /// How late the row of something due may appear; balances are exact at any time.
    pub housekeeping_every: Duration,
    /// Rows that `snapshots.db` may be behind; then the writer waits. They are what a start after
    /// a kill has to fold.
    pub lag_rows_max: u64,
    /// The same in bytes of rows.
    pub lag_bytes_max: u64,
    /// Rows whose usage need not be added up yet; with more, the writer waits. A start after a kill adds
    /// up what of them is beyond two million before it serves.
    pub usage_lag_rows_max: u64,
    /// How long the scrubber takes for one pass over everything, if it keeps up; none is never.
    pub scrub_every: Option<Duration>,
    /// Told when nothing more can be made durable. The ledger answers nothing from then on.
    pub on_failure: Box<dyn Fn(&str) + Send + Sync>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            settings: Settings::default(),
            clock: SystemClock::of_machine(),
            queue_max: 4_096,
            pages_max: None,
            wallets_bytes_max: 512 << 20,
            filter_bytes_max: 512 << 20,
            names_max: None,
            names_kept: None,
            snapshots_every: Duration::from_secs(5),
            adds_usage_up: true,
            housekeeping_every: Duration::from_millis(100),
            lag_rows_max: 1_000_000,
            lag_bytes_max: 1 << 30,
            usage_lag_rows_max: 2_000_000,
            scrub_every: Some(Duration::from_secs(24 * 60 * 60)),
            on_failure: Box::new(|_| {}),
        }
    }
}

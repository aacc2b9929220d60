//! The thread that writes behind: rounds of snapshots, slices of names, the mark's sync; and drops
//! cold wallets.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use rusqlite::Connection;

use super::Shared;
use super::erasing::{self, ToErase};
use super::keys::Recent;
use super::names::Frozen;
use super::reach::Reach;
use super::rolling::{NotRolled, Rolling};
use super::snapshots::{self, Behind, Bounds, Turn};
use super::writer::Watch;
use crate::slot::Position;
use crate::work::StoreError;

/// How long usage is added up before wallets are written again.
const ROLL_FOR: Duration = Duration::from_secs(2);
/// How often it is looked whether names are too old to be kept.
const FORGET_EVERY: Duration = Duration::from_secs(60 * 60);

/// What the writer hands over.
pub(super) struct ToKeep {
    pub behind: Behind,
    pub to_erase: ToErase,
    frozen: Mutex<Option<Frozen>>,
    /// The last try to write a slice failed.
    slices_fail: AtomicBool,
    /// The writer's last table, at a stop.
    last: Mutex<Option<(Recent, Reach)>>,
}

impl ToKeep {
    pub(super) fn new(bounds: Bounds, saved: Reach, added_up: Position) -> Self {
        let behind = Behind::new(bounds, saved, added_up);
        Self {
            behind,
            to_erase: ToErase::default(),
            frozen: Mutex::default(),
            slices_fail: AtomicBool::new(false),
            last: Mutex::default(),
        }
    }

    /// A table of names is to become a slice.
    pub(super) fn slice(&self, frozen: Frozen) {
        *self.frozen.lock().unwrap_or_else(PoisonError::into_inner) = Some(frozen);
        self.behind.ask();
    }

    /// Slices cannot be written at present.
    pub(super) fn cannot_slice(&self) -> bool {
        self.slices_fail.load(Ordering::Acquire)
    }

    /// The keeper does no more turns than the last, if any: it failed, or everything stops.
    pub(super) fn has_ended(&self) -> bool {
        self.behind.is_stopping()
    }

    /// Nothing more comes: one last round, and the names that are left are saved.
    pub(super) fn stop(&self, last: Option<(Recent, Reach)>) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = last;
        self.behind.stop();
    }

    fn frozen(&self) -> Option<Frozen> {
        self.frozen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn is_sliced(&self) {
        *self.frozen.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Runs until the writer stopped.
pub(super) fn run(connection: &Connection, ledger: &Connection, shared: &Shared) {
    let _watch = Watch { shared, thread: "keeper" };
    let mut forgot: Option<Instant> = None;
    loop {
        let turn = shared.keep.behind.wait_for_turn();
        if turn == Turn::Usage {
            add_usage_up(connection, ledger, shared);
            continue;
        }
        let is_last = turn == Turn::Last;
        let last = {
            let mut last = shared.keep.last.lock().unwrap_or_else(PoisonError::into_inner);
            last.take()
        };
        if is_last && last.is_none() {
            // The writer ended without a word; the next start folds what is behind.
            shared.keep.to_erase.drop_all();
            return;
        }
        if let Some(frozen) = shared.keep.frozen() {
            write_slice(shared, &frozen);
        }
        if let Some((recent, reach)) = &last {
            let saved = shared.keys.save_recent(recent, reach.hash);
            saved.unwrap_or_else(|error| tracing::warn!(%error, "the recent names were not saved"));
        }
        if forgot.is_none_or(|at| at.elapsed() >= FORGET_EVERY) {
            forget_names(shared);
            forgot = Some(Instant::now());
        }
        let wallets = write_round(connection, shared);
        if shared.adds_usage_up && (is_last || shared.keep.behind.is_usage_due(wallets)) {
            add_usage_up(connection, ledger, shared);
        }
        erasing::erase_usage(connection, ledger, shared);
        let dropped = shared.wallets.drop_cold();
        shared.gauges.wallets_dropped.add(dropped);
        show(shared);
        if is_last {
            // Whoever copies the file then has it all; otherwise the next start reads the log.
            let _ = connection.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()));
            return;
        }
    }
}

fn write_slice(shared: &Shared, frozen: &Frozen) {
    let written = shared
        .keys
        .write_slice(&frozen.recent, frozen.hash)
        .and_then(|slice| shared.keys.publish(slice).map(drop));
    match written {
        Ok(()) => {
            shared.keep.is_sliced();
            shared.keep.slices_fail.store(false, Ordering::Release);
            shared.gauges.key_slices_written.increment();
        }
        // It is tried again with the next round.
        Err(error) => {
            shared.keep.slices_fail.store(true, Ordering::Release);
            tracing::error!(%error, "a slice of names cannot be written");
        }
    }
}

/// Drops the slices whose names need not be found any more.
fn forget_names(shared: &Shared) {
    let Some(kept) = shared.names_kept else { return };
    let now = shared.clocks.system().now().milliseconds();
    let since_1970 = Duration::from_millis(u64::try_from(now).unwrap_or(0));
    // Real time, whatever test clocks say; a leap that nobody accepted forgets nothing.
    let Some(before) = since_1970.checked_sub(kept) else { return };
    match shared.keys.drop_slices_of_before(SystemTime::UNIX_EPOCH + before) {
        Ok(0) => {}
        Ok(slices) => tracing::info!(slices, "slices of old names were dropped"),
        Err(error) => tracing::error!(%error, "slices of old names cannot be dropped"),
    }
}

/// Writes the wallets that changed; how many.
fn write_round(connection: &Connection, shared: &Shared) -> u64 {
    let begin = Instant::now();
    let gauges = &shared.gauges;
    match snapshots::round(connection, &shared.wallets, &shared.keep.behind) {
        Ok(wallets) => {
            if wallets > 0 {
                gauges.snapshot_rounds.increment();
                gauges.snapshot_wallets_written.add(wallets);
                let took = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
                gauges.snapshot_last_round_milliseconds.set(took);
            }
            return wallets;
        }
        Err(StoreError::Corrupt(what)) => {
            gauges.snapshot_failures.increment();
            tracing::error!(what, "snapshots.db is damaged; the next start makes it again");
            snapshots::condemn(&shared.directory);
        }
        Err(_) => gauges.snapshot_failures.increment(),
    }
    0
}

/// Adds usage up behind the rows; what is not done in time is done in the next turn, which is soon.
fn add_usage_up(connection: &Connection, ledger: &Connection, shared: &Shared) {
    let behind = &shared.keep.behind;
    let until = behind.durable().position;
    let mut work = Rolling {
        snapshots: connection,
        ledger,
        days_per_transaction: snapshots::LINES_PER_TRANSACTION,
        next: |added_up| behind.next_used(added_up),
        reached: |reached| behind.added_up(reached),
        pause: |took| behind.pause(took),
    };
    match work.roll_up(until, ROLL_FOR) {
        Ok(reached) => {
            if reached < until {
                behind.go_on_adding_up();
            }
        }
        // Questions are answered from the rows that are not added up.
        Err(error) => {
            if behind.adding_up_failed() {
                tracing::error!(%error, "usage cannot be added up");
            }
            if let NotRolled::Snapshots(StoreError::Corrupt(_)) = error {
                snapshots::condemn(&shared.directory);
            }
        }
    }
}

/// Brings the gauges of what is in memory and behind up to date.
pub(super) fn show(shared: &Shared) {
    let gauges = &shared.gauges;
    let (wallets, bytes) = shared.wallets.count();
    gauges.wallets_in_memory.set(wallets);
    gauges.wallets_in_memory_bytes.set(bytes);
    let lag = shared.keep.behind.lag();
    gauges.snapshot_lag_rows.set(lag.rows);
    gauges.snapshot_lag_bytes.set(lag.bytes);
    if shared.adds_usage_up {
        gauges.usage_lag_rows.set(lag.usage_rows);
    }
    let keys = shared.keys.stats();
    gauges.key_slices.set(keys.slices as u64);
    gauges.key_names_in_slices.set(keys.names);
    gauges.key_file_bytes.set(keys.file_bytes);
    gauges.key_filter_bytes.set(keys.filter_bytes as u64);
}

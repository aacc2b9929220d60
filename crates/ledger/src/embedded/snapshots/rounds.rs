//! Writing behind: every few seconds the wallets that changed, sorted by key, in transactions of
//! some hundred.
//!
//! Only published states are written, and what is published is durable, so no record is ever ahead
//! of the ledger. The position up to which every row is in some record is that of the commit at
//! which the list of changed wallets was taken; it is written in a round's last transaction.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::{Connection, params};
use scrip_core::WalletKey;

use super::super::reach::Reach;
use super::super::wallets::Wallets;
use super::at_hand::Next;
use super::to_add_up::ToAddUp;
use super::{LINES_PER_TRANSACTION, Stored, get_reach, in_transaction, pack, pack_key, put_reach};
use crate::slot::{Position, Slot};
use crate::usage::NewlyUsed;
use crate::work::StoreError;

#[cfg(test)]
mod tests;

/// How many times as long as a transaction took nothing is written behind it, so that requests do not meet all
/// of a round at once; and at most how long.
const PAUSES: u32 = 2;
const PAUSE_MAX: Duration = Duration::from_millis(100);

/// How far what is written behind may be behind.
#[derive(Clone, Copy, Debug)]
pub(in crate::embedded) struct Bounds {
    /// A round begins at the latest after this time.
    pub every: Duration,
    /// A round begins when so many wallets changed.
    pub wallets: usize,
    /// The writer waits when so many rows are behind: what a start after a kill has to fold.
    pub rows: u64,
    /// The writer waits when so many bytes of rows are behind.
    pub bytes: u64,
    /// The writer waits when the usage of so many rows is not added up: what a start after a kill has
    /// to add up, and what questions have to read.
    pub usage_rows: u64,
}

/// What the snapshots are behind.
pub(in crate::embedded) struct Behind {
    bounds: Bounds,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// Wallets that changed since the last round began.
    dirty: Vec<WalletKey>,
    /// The end of the durable ledger.
    reach: Reach,
    /// Bytes of rows since the ledger was opened.
    bytes: u64,
    /// What the last round that ended was sure of.
    saved: Reach,
    saved_bytes: u64,
    /// Rounds fail: waiting for them helps nobody.
    failing: bool,
    to_add_up: ToAddUp,
    /// Somebody wants a round soon.
    asked: bool,
    /// So many wait until something is written.
    waiting: usize,
    stopping: bool,
    /// When the last turn with a round ended.
    round_ended: Instant,
    /// Such turns that began, and that ended.
    begun: u64,
    ended: u64,
}

/// What the keeper is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::embedded) enum Turn {
    /// Nothing but adding usage up.
    Usage,
    /// All of it.
    Whole,
    /// All of it, for the last time.
    Last,
}

/// A round's work.
pub(in crate::embedded) struct Taken {
    pub keys: Vec<WalletKey>,
    pub reach: Reach,
    bytes: u64,
}

/// How much is behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::embedded) struct Lag {
    pub wallets: u64,
    pub rows: u64,
    pub bytes: u64,
    /// Rows whose usage is not added up.
    pub usage_rows: u64,
}

impl Behind {
    /// No wallet is behind: the ledger ends where the snapshots do. Usage is added up to a row.
    pub(in crate::embedded) fn new(bounds: Bounds, saved: Reach, added_up: Position) -> Self {
        let state = State {
            dirty: Vec::new(),
            reach: saved,
            bytes: 0,
            saved,
            saved_bytes: 0,
            failing: false,
            to_add_up: ToAddUp::after(added_up, saved.position),
            asked: false,
            waiting: 0,
            stopping: false,
            round_ended: Instant::now(),
            begun: 0,
            ended: 0,
        };
        Self { bounds, state: Mutex::new(state), changed: Condvar::new() }
    }

    /// The ledger is durable up to here, and these wallets changed since a round knew of them. `used` is
    /// what the rows used that are new; none if they are to be read for that.
    pub(in crate::embedded) fn committed(
        &self,
        dirty: Vec<WalletKey>,
        reach: Reach,
        bytes: u64,
        used: Option<Vec<NewlyUsed>>,
    ) {
        let mut state = self.lock();
        state.dirty.extend(dirty);
        state.reach = reach;
        state.bytes = state.bytes.saturating_add(bytes);
        state.to_add_up.extend(used, reach.position);
        if state.dirty.len() >= self.bounds.wallets || state.to_add_up.is_worth_a_turn() {
            self.changed.notify_all();
        }
    }

    /// Waits while too much is behind and what is written behind goes on; whether it had to.
    pub(in crate::embedded) fn wait_for_room(&self) -> bool {
        let mut state = self.lock();
        if !state.is_worth_waiting(&self.bounds) {
            return false;
        }
        state.asked = true;
        if state.is_worth_waiting_for_usage(&self.bounds) {
            state.to_add_up.ask();
        }
        state.waiting += 1;
        self.changed.notify_all();
        while state.is_worth_waiting(&self.bounds) {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.waiting -= 1;
        true
    }

    /// A wallet is to be written with the next round, though it did not change.
    pub(in crate::embedded) fn again(&self, key: WalletKey) {
        self.lock().dirty.push(key);
    }

    /// Asks for a round soon.
    pub(in crate::embedded) fn ask(&self) {
        self.lock().asked = true;
        self.changed.notify_all();
    }

    /// Asks for all that is written behind, and waits until a turn that began after this is over.
    pub(in crate::embedded) fn ask_and_wait(&self) {
        let mut state = self.lock();
        let turn = state.begun + 1;
        state.asked = true;
        state.to_add_up.ask();
        state.waiting += 1;
        self.changed.notify_all();
        while state.ended < turn && !state.stopping {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.waiting -= 1;
    }

    /// Ends the waiting; one last round follows.
    pub(in crate::embedded) fn stop(&self) {
        self.lock().stopping = true;
        self.changed.notify_all();
    }

    /// No more than one last round follows.
    pub(in crate::embedded) fn is_stopping(&self) -> bool {
        self.lock().stopping
    }

    /// Waits until a turn is worth it.
    pub(in crate::embedded) fn wait_for_turn(&self) -> Turn {
        let mut state = self.lock();
        if state.ended < state.begun {
            state.ended = state.begun;
            state.round_ended = Instant::now();
        }
        self.changed.notify_all();
        loop {
            let is_full = state.dirty.len() >= self.bounds.wallets && !state.failing;
            let left = self.bounds.every.saturating_sub(state.round_ended.elapsed());
            if state.stopping || state.asked || is_full || left.is_zero() {
                state.asked = false;
                state.begun += 1;
                return if state.stopping { Turn::Last } else { Turn::Whole };
            }
            if state.to_add_up.is_worth_a_turn() {
                return Turn::Usage;
            }
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// After something that took so long, leaves processors and the disk to others for a while, unless
    /// somebody waits or much is behind.
    pub(in crate::embedded) fn pause(&self, took: Duration) {
        let until = Instant::now() + took.saturating_mul(PAUSES).min(PAUSE_MAX);
        let mut state = self.lock();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || state.is_in_a_hurry(&self.bounds) {
                return;
            }
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The wallets that changed, and how far the ledger is durable.
    pub(in crate::embedded) fn take(&self) -> Taken {
        let mut state = self.lock();
        let (reach, bytes) = (state.reach, state.bytes);
        Taken { keys: std::mem::take(&mut state.dirty), reach, bytes }
    }

    /// A round ended well.
    pub(in crate::embedded) fn ended(&self, taken: &Taken) {
        let mut state = self.lock();
        state.saved = taken.reach;
        state.saved_bytes = taken.bytes;
        state.failing = false;
        self.changed.notify_all();
    }

    /// A round failed; these wallets are for the next one. Whether the one before it went well.
    pub(in crate::embedded) fn failed(&self, keys: Vec<WalletKey>) -> bool {
        let mut state = self.lock();
        state.dirty.extend(keys);
        self.changed.notify_all();
        !std::mem::replace(&mut state.failing, true)
    }

    /// Usage is to be added up in the turn of a round that wrote so many wallets.
    pub(in crate::embedded) fn is_usage_due(&self, wallets: u64) -> bool {
        let mut state = self.lock();
        let end = state.reach.position;
        state.to_add_up.is_due(end, wallets, self.bounds.every)
    }

    /// The usage of all rows up to this one is added up.
    pub(in crate::embedded) fn added_up(&self, position: Position) {
        self.lock().to_add_up.is_done(position);
        self.changed.notify_all();
    }

    /// Not all was added up in time; the rest is to follow soon.
    pub(in crate::embedded) fn go_on_adding_up(&self) {
        let mut state = self.lock();
        state.asked = true;
        state.to_add_up.ask();
    }

    /// Where the usage behind a row comes from, up to which all is added up.
    pub(in crate::embedded) fn next_used(&self, added_up: Position) -> Next {
        let mut state = self.lock();
        let end = state.reach;
        state.to_add_up.next(added_up, end)
    }

    /// Usage cannot be added up. Whether the time before it could.
    pub(in crate::embedded) fn adding_up_failed(&self) -> bool {
        let mut state = self.lock();
        self.changed.notify_all();
        state.to_add_up.failed()
    }

    /// How far the ledger is durable.
    pub(in crate::embedded) fn durable(&self) -> Reach {
        self.lock().reach
    }

    /// How much is behind.
    pub(in crate::embedded) fn lag(&self) -> Lag {
        let state = self.lock();
        Lag {
            wallets: state.dirty.len() as u64,
            rows: state.rows(),
            bytes: state.bytes.saturating_sub(state.saved_bytes),
            usage_rows: state.to_add_up.rows(state.reach.position),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn rows(&self) -> u64 {
        self.reach.position.saturating_sub(self.saved.position)
    }

    fn are_wallets_too_far(&self, bounds: &Bounds) -> bool {
        self.rows() >= bounds.rows || self.bytes.saturating_sub(self.saved_bytes) >= bounds.bytes
    }

    fn is_in_a_hurry(&self, bounds: &Bounds) -> bool {
        let half = Bounds {
            rows: bounds.rows / 2,
            bytes: bounds.bytes / 2,
            usage_rows: bounds.usage_rows / 2,
            ..*bounds
        };
        let is_wanted = self.stopping || self.asked || self.waiting > 0;
        let is_due = self.dirty.len() >= bounds.wallets || self.to_add_up.is_worth_a_turn();
        is_wanted || is_due || self.is_worth_waiting(&half)
    }

    fn is_worth_waiting_for_usage(&self, bounds: &Bounds) -> bool {
        self.to_add_up.is_worth_waiting(self.reach.position, bounds.usage_rows)
    }

    /// Too much is behind, and it will be less.
    fn is_worth_waiting(&self, bounds: &Bounds) -> bool {
        let for_wallets = !self.failing && self.are_wallets_too_far(bounds);
        !self.stopping && (for_wallets || self.is_worth_waiting_for_usage(bounds))
    }
}

/// Writes what changed. If it fails, whatever is not written is for the next round.
pub(in crate::embedded) fn round(
    connection: &Connection,
    wallets: &Wallets,
    behind: &Behind,
) -> Result<u64, StoreError> {
    let taken = behind.take();
    let mut keys: Vec<_> = taken.keys.iter().map(|key| (pack_key(key), key)).collect();
    keys.sort_unstable();
    let mut written = 0;
    let mut chunks = keys.chunks(LINES_PER_TRANSACTION).peekable();
    loop {
        let begin = Instant::now();
        let chunk = chunks.next().unwrap_or_default();
        let reach = chunks.peek().is_none().then_some(&taken.reach);
        match write(connection, wallets, chunk, reach) {
            Ok(sequences) => {
                for ((_, key), sequence) in chunk.iter().zip(sequences) {
                    wallets.is_saved(key, sequence);
                }
            }
            Err(error) => {
                let left = keys.iter().skip(written).map(|(_, key)| WalletKey::clone(key));
                let left = left.inspect(|key| wallets.put_off(key)).collect();
                if behind.failed(left) {
                    tracing::error!(%error, "wallets cannot be written behind; they stay in memory");
                }
                return Err(error);
            }
        }
        written += chunk.len();
        if reach.is_some() {
            behind.ended(&taken);
            return Ok(written as u64);
        }
        behind.pause(begin.elapsed());
    }
}

/// Writes a part of a round in one transaction: the sequences that were written.
fn write(
    connection: &Connection,
    wallets: &Wallets,
    chunk: &[(Vec<u8>, &WalletKey)],
    reach: Option<&Reach>,
) -> Stored<Vec<u64>> {
    in_transaction(connection, || write_records(connection, wallets, chunk, reach))
}

fn write_records(
    connection: &Connection,
    wallets: &Wallets,
    chunk: &[(Vec<u8>, &WalletKey)],
    reach: Option<&Reach>,
) -> Stored<Vec<u64>> {
    let mut sequences = Vec::with_capacity(chunk.len());
    let mut newest = Reach::START;
    for (packed, key) in chunk {
        let Some(slot) = wallets.pick_up(key) else {
            sequences.push(0);
            continue;
        };
        put(connection, packed, &slot)?;
        sequences.push(slot.wallet.sequence());
        if slot.links.last > newest.position {
            newest = Reach { position: slot.links.last, hash: slot.wallet.hash() };
        }
    }
    let known = get_reach(connection, "newest").map_err(StoreError::Corrupt)?;
    if newest.position > known.position {
        // With the records: a ledger that ends before one of them has lost rows.
        put_reach(connection, "newest", &newest)?;
    }
    if let Some(reach) = reach {
        put_reach(connection, "whole", reach)?;
    }
    Ok(sequences)
}

/// Stores one record.
pub(in crate::embedded) fn put(connection: &Connection, packed: &[u8], slot: &Slot) -> Stored<()> {
    let failed = |error| StoreError::Failed(format!("packing a wallet: {error}"));
    let record = pack(packed, slot).map_err(failed)?;
    let due_at = slot.wallet.next_due().map(|due| due.at.milliseconds());
    // Most wallets keep their instant; then the index of what is due stays as it is.
    let sql = "update wallets set record = ?2 where key = ?1 and due_at is ?3";
    let changed = connection.prepare_cached(sql)?.execute(params![packed, record, due_at])?;
    if changed == 0 {
        let sql = "insert into wallets (key, environment, due_at, record) values (?1, ?2, ?3, ?4)
                   on conflict (key) do update
                   set due_at = excluded.due_at, record = excluded.record";
        let environment = slot.wallet.key().environment.0;
        let values = params![packed, environment, due_at, record];
        connection.prepare_cached(sql)?.execute(values)?;
    }
    Ok(())
}

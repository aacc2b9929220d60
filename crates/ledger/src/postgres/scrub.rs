//! The scrubber: while nodes serve, every wallet is folded again from its rows in turn and compared with
//! what its table says of it. One node at a time does so, with a connection that holds a lock.
//!
//! It is never in a hurry: a pass is spread over its time, asks the database for a twentieth of the time
//! at most, and waits while others do. A wallet that is not what its rows add up to, or whose rows are
//! wrong, is frozen, and thaws when a later pass finds it well (decision 8).

use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{PoisonError, Weak};
use std::time::{Duration, Instant};

use super::session::Session;
use super::tables::wallets::{self, Listed, Met, Spot};
use super::tables::{column, entries, states};
use super::{Postgres, Shared};
use crate::LedgerError;
use crate::packed_slot::{pack_key, unpack};
use crate::reading::store_error;
use crate::slot::{Position, Slot, is_linked, skipped, state_is_due};
use crate::verifying::{Finding, RawEntry, Stop, check, check_related, fold};
use crate::work::StoreError;

/// The node that scrubs holds this. Any number does that nobody else uses in the same database.
const LOCK: i64 = 0x7363_7269_7005;
/// For each part of the time that is taken, so many are left.
const REST: u32 = 19;
/// With more waiting than this the scrubber waits too.
const QUEUE_LONG: usize = 64;
const WAIT: Duration = Duration::from_millis(100);
/// How often a node asks whether it is its turn.
const ASK_EVERY: Duration = Duration::from_secs(30);
/// How many rows are folded at once.
const PART: u64 = 1_024;
/// Buckets of customers.
const BUCKETS: i16 = 1_024;

/// Where the scrubber is. It begins at a bucket by chance, so that a database whose nodes start often is
/// scrubbed everywhere.
struct Scrubber {
    bucket: i16,
    /// The last wallet of the bucket that was scrubbed. One that was interrupted is not: it is met again.
    last: Option<Spot>,
    /// Buckets of the pass that are not done.
    left: i16,
    at: Option<Scrub>,
}

/// What a step did.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Some rows.
    Part,
    /// A wallet, or a bucket that has no more.
    Whole,
    /// Nothing is left of the pass.
    Ended,
}

impl Scrubber {
    /// Begins at a bucket.
    const fn beginning_at(bucket: i16) -> Self {
        Self { bucket, last: None, left: BUCKETS, at: None }
    }

    /// Scrubs a bounded part.
    fn step(&mut self, shared: &Shared, session: &Session) -> Result<Step, StoreError> {
        if let Some(mut scrub) = self.at.take() {
            let is_whole = scrub.step(shared, session)?;
            if !is_whole {
                self.at = Some(scrub);
                return Ok(Step::Part);
            }
            self.last = Some(scrub.spot);
            return Ok(Step::Whole);
        }
        if self.left == 0 {
            self.left = BUCKETS;
            return Ok(Step::Ended);
        }
        match wallets::met_after(session, self.bucket, self.last.as_ref())? {
            Some(Met { spot, listed: Ok(listed), .. }) => {
                self.at = Some(Scrub::of(self.bucket, spot, listed));
                Ok(Step::Part)
            }
            Some(Met { spot, number, listed: Err(error) }) => {
                // Nobody can ask for it, and whoever looks for what is due would stumble over it.
                shared.gauges.scrubbed_wallets.increment();
                shared.gauges.scrub_findings.increment();
                let why = error.to_string();
                tracing::error!(?number, why, "a wallet is wrong");
                if let Ok(number) = number {
                    wallets::freeze_in(session, self.bucket, number, &why)?;
                }
                self.last = Some(spot);
                Ok(Step::Whole)
            }
            None => {
                self.bucket = (self.bucket + 1) % BUCKETS;
                self.left -= 1;
                self.last = None;
                Ok(Step::Whole)
            }
        }
    }
}

/// A wallet that is being scrubbed. Its rows stay as they are, whatever comes behind them meanwhile.
struct Scrub {
    bucket: i16,
    spot: Spot,
    listed: Listed,
    /// As its table says; none if that cannot be read.
    head: Option<Slot>,
    /// As its rows give it so far.
    slot: Slot,
}

impl Scrub {
    fn of(bucket: i16, spot: Spot, listed: Listed) -> Self {
        let head = unpack(&pack_key(&listed.key), &listed.slot);
        let slot = Slot { number: listed.number, ..Slot::new(listed.key.clone()) };
        Self { bucket, spot, listed, head, slot }
    }

    /// Folds some rows; whether that was the end of it.
    fn step(&mut self, shared: &Shared, session: &Session) -> Result<bool, StoreError> {
        let ended = match self.fold_part(session) {
            Ok(false) => return Ok(false),
            Ok(true) => check(&self.slot).and_then(|()| self.listed.compare(&self.slot)),
            Err(Stop::Finding(finding)) => Err(finding),
            Err(Stop::Interrupted(error)) => return Err(error),
        };
        shared.gauges.scrubbed_wallets.increment();
        let Listed { number, key, frozen, .. } = &self.listed;
        match ended {
            Ok(()) if frozen.is_some() => {
                wallets::thaw(session, self.bucket, *number)?;
                tracing::warn!(wallet = number, "a frozen wallet is well and takes orders again");
            }
            Ok(()) => {}
            Err(finding) => {
                shared.gauges.scrub_findings.increment();
                let why = finding.to_string();
                tracing::error!(wallet = number, customer = %key.customer, why, "a wallet is wrong");
                if frozen.is_none() {
                    wallets::freeze_in(session, self.bucket, *number, &why)?;
                }
            }
        }
        Ok(true)
    }

    /// Folds the rows up to the next multiple of a part's; whether the last was reached.
    fn fold_part(&mut self, session: &Session) -> Result<bool, Stop> {
        let Some(head) = &self.head else {
            let what = format!("wallet {}: the record cannot be read", self.listed.number);
            return Err(Finding::Other(what).into());
        };
        let (from, last) = (self.slot.wallet.sequence(), head.wallet.sequence());
        if last == 0 {
            return Err(Finding::Other(format!("wallet {} has no rows", self.listed.number)).into());
        }
        let until = ((from / PART + 1) * PART).min(last);
        let top = self.position_of(session, (head.links.last, last), until)?;
        let most = i64::try_from(until - from).unwrap_or(i64::MAX);
        let mut rows = entries::raw_back(session, self.bucket, top, most)?;
        rows.reverse();
        if rows.len() as u64 != until - from {
            return Err(Finding::row(top, "rows before it are missing").into());
        }
        for entry in &rows {
            if entry.wallet != self.listed.number {
                let what =
                    format!("it is not of wallet {}, whose rows lead to it", self.listed.number);
                return Err(Finding::row(entry.position, what).into());
            }
            let row = fold(&mut self.slot, entry, None)?;
            check_related(entry, is_linked(&row.event), |position| {
                entries::raw_entry(session, self.bucket, position)
            })?;
            if !entry.is_sealed() {
                return Err(Finding::row(entry.position, crate::seal::BROKEN).into());
            }
            self.slot.wallet.take_departed();
            if state_is_due(entry.sequence - 1, entry.sequence) {
                self.compare_state(session, entry)?;
            }
        }
        Ok(until == last)
    }

    /// Where the row of a sequence is: from a later one by the skip positions, a logarithm of reads away.
    fn position_of(
        &self,
        session: &Session,
        (mut position, mut sequence): (Position, u64),
        wanted: u64,
    ) -> Result<Position, Stop> {
        while sequence > wanted {
            let entry = entries::raw_entry(session, self.bucket, position)?;
            let entry = entry.ok_or_else(|| Finding::row(position, "the row is missing"))?;
            if (entry.wallet, entry.sequence) != (self.listed.number, sequence) {
                let what = format!("it is not row {sequence} of wallet {}", self.listed.number);
                return Err(Finding::row(position, what).into());
            }
            let behind = sequence - skipped(sequence);
            (position, sequence) = if behind >= wanted {
                (entry.links.skip, behind)
            } else {
                (entry.links.previous, sequence - 1)
            };
        }
        Ok(position)
    }

    /// Whoever reads the past passes a wrong one over; nobody gets a wrong number from it.
    fn compare_state(&self, session: &Session, entry: &RawEntry) -> Result<(), Stop> {
        let (wallet, sequence) = (self.listed.number, entry.sequence);
        let Some(kept) = states::state(session, self.bucket, wallet, sequence)? else {
            return Ok(());
        };
        let is_right = kept.is_sealed
            && kept.position == entry.position
            && postcard::to_stdvec(&self.slot.wallet).as_ref() == Ok(&kept.state);
        if !is_right {
            tracing::error!(wallet, sequence, "a kept state is wrong");
        }
        Ok(())
    }
}

/// Runs until the ledger is closed or dropped.
pub fn run(ledger: &Weak<Postgres>, stop: &Receiver<()>, every: Duration) {
    let mut scrubber = Scrubber::beginning_at(by_chance());
    let mut turn: Option<Session> = None;
    // How long a task may take so that the pass takes its time.
    let mut each = Duration::ZERO;
    let mut pause = WAIT;
    loop {
        match stop.recv_timeout(pause) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
        }
        let Some(ledger) = ledger.upgrade() else { return };
        if ledger.shared.closed.load(Ordering::Acquire) {
            return;
        }
        pause = WAIT;
        if ledger.waiting() > QUEUE_LONG {
            continue;
        }
        turn = turn.filter(Session::is_open);
        if turn.is_none() {
            turn = take_turn(&ledger.shared);
            let Some(session) = &turn else {
                pause = ASK_EVERY;
                continue;
            };
            each = every / tasks(session).unwrap_or(u32::MAX);
        }
        let Some(session) = &turn else { continue };
        let begin = Instant::now();
        let left = match scrubber.step(&ledger.shared, session) {
            Ok(Step::Part) => Duration::ZERO,
            Ok(Step::Whole) => each,
            Ok(Step::Ended) => {
                each = every / tasks(session).unwrap_or(u32::MAX);
                each
            }
            Err(error) => {
                tracing::warn!(%error, "scrubbing was interrupted");
                turn = None;
                WAIT
            }
        };
        pause = left.max(begin.elapsed() * REST).max(Duration::from_millis(1));
    }
}

/// A connection that holds the lock; none if another node has it, or the database is not there.
fn take_turn(shared: &Shared) -> Option<Session> {
    let session = shared.database.connect().ok()?;
    let row = session.first("select pg_try_advisory_lock($1) as is_ours", &[&LOCK]).ok()??;
    (column(&row, "is_ours") == Ok(true)).then_some(session)
}

/// How many steps a pass has, about: a number for each wallet was taken once.
fn tasks(session: &Session) -> Result<u32, StoreError> {
    let sql = "select last_value from wallet_number";
    let row = session.first(sql, &[])?;
    let numbers: i64 = row.as_ref().map_or(Ok(0), |row| column(row, "last_value"))?;
    let tasks = numbers.saturating_add(i64::from(BUCKETS));
    Ok(u32::try_from(tasks).unwrap_or(u32::MAX))
}

/// A bucket to begin at. Without random bytes it is the first.
fn by_chance() -> i16 {
    let mut random = [0; 2];
    let _ = getrandom::fill(&mut random);
    i16::from_le_bytes(random).rem_euclid(BUCKETS)
}

impl Postgres {
    /// Orders that wait.
    fn waiting(&self) -> usize {
        let lanes = self.lanes.read().unwrap_or_else(PoisonError::into_inner);
        lanes.iter().map(|lane| lane.sender.len()).sum()
    }

    /// Scrubs every wallet at once, in the calling thread, as the background does in its own time,
    /// whichever node does that. Not for a thread that must not wait.
    pub fn scrub(&self) -> Result<(), LedgerError> {
        let connected = self.shared.database.connect();
        let session = connected.map_err(|_| LedgerError::Unavailable)?;
        let mut scrubber = Scrubber::beginning_at(0);
        while scrubber.step(&self.shared, &session).map_err(store_error)? != Step::Ended {}
        Ok(())
    }
}

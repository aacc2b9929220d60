//! What happens by itself. Every node keeps its clock by the database's and learns of keys and
//! clocks that others changed; one of them at a time writes what is due and forgets old answers.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use scrip_core::EnvironmentId;

use super::flight::clock_of;
use super::session::{Session, lock_if_free};
use super::tables::{answers, column, names, records, wallets};
use super::{Postgres, Shared};
use crate::clock::{Reading, SystemClock};
use crate::reading::ADVANCE_MOST;
use crate::work::StoreError;
use crate::{Record, RecordKind, SYSTEM};

/// The node that looks after what is due holds this. Any number does that nobody else uses in the
/// same database.
const LOCK: i64 = 0x7363_7269_7002;
/// How long what is due is written before something else is looked after.
const WRITE_DUE_FOR: Duration = Duration::from_millis(300);
const PRUNE_EVERY: Duration = Duration::from_secs(60);
/// Decision 14: claims are kept for 24 hours.
const CLAIM_MILLISECONDS: i64 = 24 * 60 * 60 * 1_000;
/// Decision 41: attempts matter for 5 minutes.
const ATTEMPT_MILLISECONDS: i64 = 10 * 60 * 1_000;

/// What one node does for all, and when it did so last.
#[derive(Default)]
struct Chores {
    pruned: Option<Instant>,
}

/// The database's clock: what it said last, and what has passed since by a clock that nobody sets.
/// All nodes go by it, whatever their own clocks say.
#[derive(Clone)]
pub struct DatabaseClock {
    /// What the database's clock was ahead of `start`, in milliseconds since 1970.
    ahead: Arc<AtomicI64>,
    start: Instant,
}

impl DatabaseClock {
    /// As it stands now.
    pub fn of(session: &Session) -> Result<Self, StoreError> {
        let clock = Self { ahead: Arc::default(), start: Instant::now() };
        clock.sync(session)?;
        Ok(clock)
    }

    /// The clock that decisions go by.
    pub fn as_system_clock(&self) -> SystemClock {
        let Self { ahead, start } = self.clone();
        SystemClock::reading(move || {
            let passed = milliseconds(start.elapsed());
            Reading { wall: ahead.load(Ordering::Relaxed) + passed, monotonic: passed }
        })
    }

    /// Asks again. The answer was true half-way between question and answer.
    fn sync(&self, session: &Session) -> Result<(), StoreError> {
        let sql = "select (extract(epoch from clock_timestamp()) * 1000)::bigint as now";
        let before = milliseconds(self.start.elapsed());
        let row = session.first(sql, &[])?;
        let after = milliseconds(self.start.elapsed());
        if let Some(row) = row {
            let now: i64 = column(&row, "now")?;
            self.ahead.store(now - before.midpoint(after), Ordering::Relaxed);
        }
        Ok(())
    }
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Runs until the ledger is closed or dropped.
pub fn run(
    ledger: &Weak<Postgres>,
    stop: &Receiver<()>,
    clock: Option<&DatabaseClock>,
    every: Duration,
) {
    let mut session: Option<Session> = None;
    let mut chores = Chores::default();
    let mut is_more_due = false;
    loop {
        // What is due does not wait for the next tick.
        let pause = if is_more_due { Duration::ZERO } else { every };
        match stop.recv_timeout(pause) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
        }
        let Some(ledger) = ledger.upgrade() else { return };
        session = session.filter(Session::is_open);
        if session.is_none() {
            session = ledger.shared.database.connect().ok();
        }
        let looked = session.as_ref().map(|open| look_after(&ledger, open, clock, &mut chores));
        is_more_due = matches!(looked, Some(Ok(true)));
        if let Some(Err(error)) = looked {
            tracing::warn!(%error, "looking after the database");
            session = None;
        }
    }
}

/// Whether more may be due.
fn look_after(
    ledger: &Arc<Postgres>,
    session: &Session,
    clock: Option<&DatabaseClock>,
    chores: &mut Chores,
) -> Result<bool, StoreError> {
    if let Some(clock) = clock {
        clock.sync(session)?;
    }
    learn(&ledger.shared, session)?;
    let is_mine = begin_turn(session)?;
    let mut is_more_due = false;
    if is_mine {
        is_more_due = write_due(ledger, session)?;
        if chores.pruned.is_none_or(|at| at.elapsed() >= PRUNE_EVERY) {
            // What is left is forgotten tick by tick.
            chores.pruned = (!prune(&ledger.shared, session)?).then(Instant::now);
        }
    }
    session.run("commit")?;
    Ok(is_more_due)
}

/// Begins a transaction; whether it is this node that looks after things meanwhile. What it holds it
/// holds until the transaction ends, or with the connection.
fn begin_turn(session: &Session) -> Result<bool, StoreError> {
    session.run("begin")?;
    lock_if_free(session, LOCK)
}

/// Forgets some of what nobody may ask for any more; whether there may be more of it.
fn prune(shared: &Shared, session: &Session) -> Result<bool, StoreError> {
    let now = shared.clocks.system().now().milliseconds();
    let more = answers::prune(session, now - CLAIM_MILLISECONDS, now - ATTEMPT_MILLISECONDS)?;
    match shared.names_kept {
        Some(kept) => Ok(names::forget(session, now - milliseconds(kept))? || more),
        None => Ok(more),
    }
}

/// What other nodes may have changed: keys, and the clocks of environments.
pub fn learn(shared: &Shared, session: &Session) -> Result<(), StoreError> {
    for record in records::all_of_system(session, RecordKind::ApiKey)? {
        shared.key_holders.publish(&record);
    }
    let learn_clock = |record: &Record| {
        if let Some((environment, now)) = clock_of(record) {
            shared.clocks.catch_up(environment, now);
        }
    };
    records::all_of_system(session, RecordKind::Environment)?.iter().for_each(learn_clock);
    // Time stands still in a number that an environment had before it was reset. Those who reset one work
    // alone, so what is new of these is behind what is known.
    let last = shared.last_retired.load(Ordering::Relaxed);
    for record in records::of_system_behind(session, RecordKind::RetiredEnvironment, last)? {
        learn_clock(&record);
        shared.last_retired.fetch_max(record.ordinal, Ordering::Relaxed);
    }
    Ok(())
}

/// Slice by slice, each environment in its turn; the lanes decide in between whatever else arrived.
/// Whether more may be due.
fn write_due(ledger: &Arc<Postgres>, session: &Session) -> Result<bool, StoreError> {
    let environments = records::all_of_system(session, RecordKind::Environment)?;
    let numbers = environments.iter().filter_map(|record| record.id.parse().ok());
    let environments: Vec<EnvironmentId> =
        numbers.map(EnvironmentId).filter(|environment| *environment != SYSTEM).collect();
    let begin = Instant::now();
    let mut is_more = true;
    while is_more && begin.elapsed() < WRITE_DUE_FOR {
        is_more = false;
        for environment in &environments {
            let now = ledger.shared.clocks.now(*environment);
            let keys = wallets::due(session, *environment, now, ADVANCE_MOST)?;
            let keys = session.shards().beside_the_first(keys);
            if !keys.is_empty() {
                // What could not be written now is met again at the next tick.
                is_more |= ledger.advance_blocking(*environment, keys) > 0;
            }
        }
    }
    Ok(is_more)
}

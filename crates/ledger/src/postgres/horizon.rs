//! How far everything is told: the position up to which no row and no event is added any more.
//!
//! Positions are taken before a transaction commits, so a lower one may become visible after a
//! higher one, and whoever reads upward would pass it by. Every transaction that takes positions
//! holds a lock of its own, shared by all, from before it takes them until after it is visible. A
//! reader notes the last position that was taken, then who holds the lock, and waits until those
//! are gone: whoever came later took later positions. Nobody waits for a reader, and nobody for
//! other users of the server, as they would with the server's own list of running transactions.
//!
//! In a distributed database numbers come from the coordinator and rows lie on workers. A transaction
//! holds the lock on both, and a reader asks all of them: a worker shows what it was told to keep
//! only once it hears the coordinator's decision, which may be late if one of the two broke.

use std::time::{Duration, Instant};

use super::session::{Ask, Session, ask};
use super::tables::{column, count};
use crate::work::StoreError;

/// What transactions that take positions hold. Any number does that nobody else uses in the same
/// database.
const LOCK: i64 = 0x7363_7269_7001;

/// How long a reader waits for the transactions before it. They last as long as a statement at most.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(2);

/// What a transaction does before it takes positions.
pub fn enter() -> Ask<'static> {
    let sql = "
        select pg_advisory_xact_lock_shared($1) is null as entered,
               pg_current_xact_id()::text as transaction";
    ask(sql, &[&LOCK])
}

/// What it does beside that on each worker on which it writes, by a bucket that lies there: the worker knows
/// best when what it did is visible, whatever becomes of the coordinator meanwhile (decision 33).
pub fn enter_shard(bucket: &i16) -> Ask<'_> {
    let sql =
        "select pg_advisory_xact_lock_shared($2) is null as entered from turns where bucket = $1";
    ask(sql, &[bucket, &LOCK])
}

/// Workers wait no longer for somebody's lock than one server does.
pub fn wait_as_briefly_everywhere() -> Ask<'static> {
    ask("set local lock_timeout = '5s'", &[])
}

/// What makes the coordinator decide whether a transaction happened, and the worker follow. Otherwise a worker
/// commits by itself, before the coordinator has kept the numbers that it gave out and what it wrote beside.
pub fn decide_here() -> Ask<'static> {
    ask("delete from decisions where never", &[])
}

/// Positions up to which nothing is added any more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Horizon {
    /// Of rows.
    pub entries: u64,
    /// Of events.
    pub events: u64,
}

/// How far everything is told that was answered before this was asked.
pub fn horizon(session: &Session) -> Result<Horizon, StoreError> {
    let horizon = last(session)?;
    let before = holders(session)?;
    let begin = Instant::now();
    while !before.is_empty() {
        let now = holders(session)?;
        if !before.iter().any(|holder| now.contains(holder)) {
            break;
        }
        if begin.elapsed() > PATIENCE {
            let what = "transactions that began before do not end".to_owned();
            return Err(StoreError::Unavailable(what));
        }
        std::thread::sleep(PAUSE);
    }
    Ok(horizon)
}

/// Learns the same from time to time, without waiting for anybody.
#[derive(Debug, Default)]
pub struct Watch {
    /// Positions that were the last when somebody looked, and who had taken some then.
    noted: Option<(Horizon, Vec<String>)>,
    known: Horizon,
}

impl Watch {
    /// Looks again. What was the last position at an earlier look is told as soon as all who held the
    /// lock then are gone.
    pub fn look(&mut self, session: &Session) -> Result<Horizon, StoreError> {
        let now = holders(session)?;
        if let Some((horizon, before)) = &self.noted {
            if before.iter().any(|holder| now.contains(holder)) {
                return Ok(self.known);
            }
            self.known = *horizon;
        }
        let last = last(session)?;
        let before = holders(session)?;
        if before.is_empty() {
            self.known = last;
        }
        self.noted = Some((last, before));
        Ok(self.known)
    }
}

/// The last positions that were taken.
pub fn last(session: &Session) -> Result<Horizon, StoreError> {
    let last = "
        select case when e.is_called then e.last_value else 0 end as entries,
               case when v.is_called then v.last_value else 0 end as events
        from entry_position e, event_position v";
    let none = || StoreError::Failed("a sequence has no value".to_owned());
    let row = session.first(last, &[])?.ok_or_else(none)?;
    Ok(Horizon { entries: count(&row, "entries")?, events: count(&row, "events")? })
}

/// The transactions that hold the lock, wherever they do.
fn holders(session: &Session) -> Result<Vec<String>, StoreError> {
    let mut holders = session
        .query(HOLDERS, &[&LOCK])?
        .iter()
        .map(|row| column(row, "holder"))
        .collect::<Result<Vec<String>, _>>()?;
    if session.shards().is_distributed() {
        holders.extend(holders_on_workers(session)?);
    }
    Ok(holders)
}

/// A lock by one large number shows as its two halves.
const HOLDERS: &str = "
    select virtualtransaction as holder from pg_locks
    where locktype = 'advisory' and granted and objsubid = 1
      and database = (select oid from pg_database where datname = current_database())
      and classid = ($1::bigint >> 32)::oid and objid = ($1::bigint & 4294967295)::oid";

/// Those on the workers, also of transactions that wait there for the coordinator's decision. A worker that
/// gives no answer may have some.
fn holders_on_workers(session: &Session) -> Result<Vec<String>, StoreError> {
    let sql = "
        select nodename || ':' || nodeport as worker, success, result
        from run_command_on_workers(format($command$
            select coalesce(string_agg(virtualtransaction, ' '), '') from pg_locks
            where locktype = 'advisory' and granted and objsubid = 1
              and database = (select oid from pg_database where datname = current_database())
              and classid = %s and objid = %s
        $command$, $1::bigint >> 32, $1::bigint & 4294967295))";
    let mut holders = Vec::new();
    for row in &session.query(sql, &[&LOCK])? {
        let (worker, result): (&str, &str) = (column(row, "worker")?, column(row, "result")?);
        if !column::<bool>(row, "success")? {
            return Err(StoreError::Unavailable(format!("worker {worker}: {result}")));
        }
        holders.extend(result.split_whitespace().map(|holder| format!("{worker} {holder}")));
    }
    Ok(holders)
}

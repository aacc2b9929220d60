//! How far everything is told: the position up to which no row and no event is added any more.
//!
//! Positions are taken before a transaction commits, so a lower one may become visible after a
//! higher one, and whoever reads upward would pass it by. Every transaction that takes positions
//! holds a lock of its own, shared by all, from before it takes them until after it is visible. A
//! reader notes the last position that was taken, then who holds the lock, and waits until those
//! are gone: whoever came later took later positions. Nobody waits for a reader, and nobody for
//! other users of the server, as they would with the server's own list of running transactions.

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
fn last(session: &Session) -> Result<Horizon, StoreError> {
    let last = "
        select case when e.is_called then e.last_value else 0 end as entries,
               case when v.is_called then v.last_value else 0 end as events
        from entry_position e, event_position v";
    let none = || StoreError::Failed("a sequence has no value".to_owned());
    let row = session.first(last, &[])?.ok_or_else(none)?;
    Ok(Horizon { entries: count(&row, "entries")?, events: count(&row, "events")? })
}

/// The transactions that hold the lock.
fn holders(session: &Session) -> Result<Vec<String>, StoreError> {
    // A lock by one large number shows as its two halves.
    let sql = "
        select virtualtransaction as holder from pg_locks
        where locktype = 'advisory' and granted and objsubid = 1
          and database = (select oid from pg_database where datname = current_database())
          and classid = ($1::bigint >> 32)::oid and objid = ($1::bigint & 4294967295)::oid";
    session.query(sql, &[&LOCK])?.iter().map(|row| column(row, "holder")).collect()
}

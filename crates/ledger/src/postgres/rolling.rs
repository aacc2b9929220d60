//! Adds usage up behind the rows, one node at a time.
//!
//! Days and how far they reach change in one transaction, so that every row is in them once, whatever
//! ends the node when. Whoever reads them adds the rows behind.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use super::Shared;
use super::horizon::{self, Watch};
use super::session::{Session, lock_if_free};
use super::tables::{entries, usage};
use crate::slot::Position;
use crate::usage::{Day, DayKey, HourNumber, used};
use crate::work::StoreError;

/// The node that adds usage up holds this. Any number does that nobody else uses in the same database.
pub const LOCK: i64 = 0x7363_7269_7004;
/// Rows that are added up at once. A day is read and written whole, so the more of its rows are added
/// together, the less each costs.
const CHUNK: u64 = 65_536;
/// Rows that are in memory at once.
const PIECE: u64 = 8_192;
/// Less than a chunk waits for this many looks.
const LOOKS_BETWEEN: u32 = 25;
/// After a row that cannot be added up.
const RESTS: Duration = Duration::from_secs(60);

/// Runs until the ledger is closed or dropped: looks so often how much is behind.
pub fn run(shared: &Arc<Shared>, stop: &Receiver<()>, every: Duration) {
    let mut session: Option<Session> = None;
    let (mut watch, mut looks) = (Watch::default(), 0);
    let mut pause = every;
    loop {
        match stop.recv_timeout(pause) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
        }
        pause = every;
        session = session.filter(Session::is_open);
        if session.is_none() {
            session = shared.database.connect().ok();
        }
        let Some(open) = session.as_ref() else { continue };
        looks += 1;
        match look(open, &mut watch, looks >= LOOKS_BETWEEN) {
            Ok(Looked::Early) => {}
            Ok(Looked::NotOurs | Looked::AddedUp) => looks = 0,
            Ok(Looked::MoreBehind) => pause = Duration::ZERO,
            // What is behind the row, which `verify` finds, is told from the rows.
            Err(StoreError::Corrupt(error)) => {
                tracing::error!(error, "usage cannot be added up; run scrip verify");
                session = None;
                pause = RESTS.max(every);
            }
            Err(error) => {
                tracing::warn!(%error, "adding usage up");
                session = None;
            }
        }
    }
}

/// What came of looking how much is behind.
enum Looked {
    /// Little is, and not for long.
    Early,
    /// Another node adds up.
    NotOurs,
    /// Nothing that can be added up is.
    AddedUp,
    /// At least another chunk is.
    MoreBehind,
}

fn look(session: &Session, watch: &mut Watch, is_time: bool) -> Result<Looked, StoreError> {
    // There, asking who is still at it is asking every worker.
    if session.shards().is_distributed() && !is_time {
        let taken = horizon::last(session)?.entries;
        if taken.saturating_sub(usage::reach(session)?) < CHUNK {
            return Ok(Looked::Early);
        }
    }
    let until = watch.look(session)?.entries;
    let behind = until.saturating_sub(usage::reach(session)?);
    if behind < CHUNK && !(is_time && behind > 0) {
        return Ok(if behind == 0 { Looked::AddedUp } else { Looked::Early });
    }
    session.run("begin")?;
    if !lock_if_free(session, LOCK)? {
        session.roll_back()?;
        return Ok(Looked::NotOurs);
    }
    // Behind the lock: whoever held it may have gone further meanwhile.
    let reach = usage::reach(session)?;
    let end = until.min(reach.saturating_add(CHUNK));
    if reach < end {
        add_up(session, reach, end)?;
    }
    session.run("commit")?;
    let is_more = until.saturating_sub(end) >= CHUNK;
    Ok(if is_more { Looked::MoreBehind } else { Looked::AddedUp })
}

/// Adds up the rows behind one, up to another, in the transaction of the caller.
fn add_up(session: &Session, from: Position, until: Position) -> Result<(), StoreError> {
    let mut more = HashMap::<usage::Place, Day>::new();
    let mut after = from;
    while after < until {
        let end = until.min(after.saturating_add(PIECE));
        collect(session, after, end, &mut more)?;
        after = end;
    }
    let places: Vec<usage::Place> = more.keys().copied().collect();
    let mut days = usage::days(session, &places)?;
    for (place, day) in more {
        let known = days.entry(place).or_default();
        known.merge(day).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    }
    let mut days: Vec<(usage::Place, Day)> = days.into_iter().collect();
    days.sort_unstable_by_key(|(place, _)| *place);
    usage::put(session, &days, until)
}

/// What some rows add to the days of their wallets.
fn collect(
    session: &Session,
    after: Position,
    until: Position,
    more: &mut HashMap<usage::Place, Day>,
) -> Result<(), StoreError> {
    entries::each_between(session, after, until, |bucket, entry| {
        let position = entry.position;
        let wrong = |error| StoreError::Corrupt(format!("entries {position}: {error}"));
        if let Some(used) = used(&entry.row).map_err(wrong)? {
            let hour = HourNumber::of(used.at);
            let key = DayKey { wallet: entry.wallet, day: hour.day() };
            let day = more.entry((bucket, key)).or_default();
            day.add(hour.of_day(), position, &used).map_err(wrong)?;
        }
        Ok(())
    })
}

//! Adds usage up behind the rows: the days of wallets in `snapshots.db`, of all rows up to one.
//!
//! Days and how far they reach change in one transaction, so that every row is in them once, whatever
//! ends the process when. Whoever reads them adds the rows behind.

use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::reach::Reach;
use super::snapshots::{self, Next, USAGE_CHUNK};
use super::tables;
use crate::fast_map::FastMap;
use crate::slot::Position;
use crate::usage::{Day, DayKey, NewlyUsed, add_used};
use crate::work::StoreError;

/// More rows than these are added up before anything is served: as long as they are behind, questions
/// have to read them.
const BEHIND_MAX: u64 = 2_000_000;

/// Why rows were not added up.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotRolled {
    /// A row cannot be read, or says what cannot be.
    #[error("{0}")]
    Rows(StoreError),
    /// `snapshots.db` cannot be read or written.
    #[error("{0}")]
    Snapshots(StoreError),
}

/// Adds up what is far behind, as after `snapshots.db` was made again, and tells up to which row all are
/// added up. `progress` is told how many of how many rows are done.
pub(super) fn catch_up(
    snapshots: &Connection,
    ledger: &Connection,
    until: Position,
    mut progress: impl FnMut(Position, Position),
) -> Result<Position, StoreError> {
    let enough = until.saturating_sub(BEHIND_MAX);
    let mut reached = snapshots::usage_reach(snapshots)?.position;
    while reached < enough {
        progress(reached, until);
        let read = |_| Next::Read(enough);
        match roll_up(snapshots, ledger, enough, Duration::from_secs(1), read, |_| {}) {
            Ok(position) => reached = position,
            Err(NotRolled::Snapshots(error)) => return Err(error),
            // Whoever verifies finds the row; what is behind it is told from the rows.
            Err(NotRolled::Rows(error)) => {
                tracing::error!(%error, "usage cannot be added up");
                break;
            }
        }
    }
    Ok(reached)
}

/// Adds up what is behind, for so long at most; up to which row all are added up. `next` tells where
/// what is behind a row comes from; `reached` is told it after each transaction.
pub(super) fn roll_up(
    snapshots: &Connection,
    ledger: &Connection,
    until: Position,
    within: Duration,
    next: impl Fn(Position) -> Next,
    mut reached: impl FnMut(Position),
) -> Result<Position, NotRolled> {
    let begin = Instant::now();
    let mut reach = snapshots::usage_reach(snapshots).map_err(NotRolled::Snapshots)?;
    while reach.position < until && begin.elapsed() < within {
        let (days, end) = match next(reach.position) {
            Next::AtHand(used, end) => (add_at_hand(used).map_err(NotRolled::Rows)?, end),
            Next::Read(most) => {
                let end =
                    until.min(most).min(reach.position.saturating_add(USAGE_CHUNK as Position));
                add_up(ledger, reach, end).map_err(NotRolled::Rows)?
            }
        };
        write(snapshots, days, &end).map_err(NotRolled::Snapshots)?;
        reach = end;
        reached(reach.position);
    }
    Ok(reach.position)
}

/// What the rows behind one up to another add up to, and the last of them.
fn add_up(
    ledger: &Connection,
    from: Reach,
    until: Position,
) -> Result<(FastMap<DayKey, Day>, Reach), StoreError> {
    let (mut days, mut end) = (FastMap::<DayKey, Day>::default(), from);
    tables::every_entry(ledger, from.position, until, |entry| {
        let (row, position) = (entry.skim()?, entry.position);
        add_used(&entry, &row, |key| days.entry(key).or_default())?;
        end = Reach { position, hash: row.hash };
        Ok(())
    })?;
    Ok((days, end))
}

fn add_at_hand(used: Vec<Vec<NewlyUsed>>) -> Result<FastMap<DayKey, Day>, StoreError> {
    let mut days = FastMap::<DayKey, Day>::default();
    used.iter().flatten().try_for_each(|used| used.add(|key| days.entry(key).or_default()))?;
    Ok(days)
}

fn write(
    snapshots: &Connection,
    days: FastMap<DayKey, Day>,
    end: &Reach,
) -> Result<(), StoreError> {
    let mut days: Vec<_> = days.into_iter().collect();
    days.sort_unstable_by_key(|(key, _)| *key);
    snapshots::in_transaction(snapshots, || {
        for (key, day) in days {
            let sum = match snapshots::read_day(snapshots, key)? {
                None => day,
                Some(mut known) => {
                    known.merge(day).map_err(|error| StoreError::Corrupt(error.to_string()))?;
                    known
                }
            };
            snapshots::put_day(snapshots, key, &sum)?;
        }
        snapshots::put_usage_reach(snapshots, end)
    })
}

//! Adds usage up behind the rows: the days of wallets in `snapshots.db`, of all rows up to one.
//!
//! The days of some wallets, and up to which wallet and row they are added up, change in one transaction:
//! so every row is in them once, whatever ends the process when. Whoever reads them adds the rows behind.

use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::reach::Reach;
use super::snapshots::{self, Next, USAGE_CHUNK, UsageReach};
use super::tables;
use crate::fast_map::FastMap;
use crate::slot::{Position, WalletNumber};
use crate::usage::{Day, DayKey, NewlyUsed, add_used};
use crate::work::StoreError;

/// More rows than these are added up before anything is served: as long as they are behind, questions
/// have to read them.
const BEHIND_MAX: u64 = 2_000_000;
/// Days of one transaction while nobody is served.
const DAYS_AT_A_START: usize = 16_384;

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
    let mut reached = snapshots::usage_reach(snapshots)?.all.position;
    while reached < enough {
        progress(reached, until);
        let mut work = Rolling {
            snapshots,
            ledger,
            days_per_transaction: DAYS_AT_A_START,
            next: |_| Next::Read(enough),
            reached: |_| {},
            pause: |_| {},
        };
        match work.roll_up(enough, Duration::from_secs(1)) {
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

/// What usage is added up with.
pub(super) struct Rolling<'a, N, R, P> {
    pub snapshots: &'a Connection,
    pub ledger: &'a Connection,
    pub days_per_transaction: usize,
    /// Tells where what is behind a row comes from.
    pub next: N,
    /// Is told up to which row all are added up, whenever that is further.
    pub reached: R,
    /// Is told how long a transaction took that is not the last, and may wait.
    pub pause: P,
}

impl<N, R, P> Rolling<'_, N, R, P>
where
    N: Fn(Position) -> Next,
    R: FnMut(Position),
    P: Fn(Duration),
{
    /// Adds up what is behind, for so long at most; up to which row all are added up.
    pub(super) fn roll_up(
        &mut self,
        until: Position,
        within: Duration,
    ) -> Result<Position, NotRolled> {
        let begin = Instant::now();
        let mut reach = snapshots::usage_reach(self.snapshots).map_err(NotRolled::Snapshots)?;
        while reach.all.position < until && begin.elapsed() < within {
            let (days, end) = self.behind(&reach, until).map_err(NotRolled::Rows)?;
            self.write(days, reach.all, end).map_err(NotRolled::Snapshots)?;
            reach = UsageReach { all: end, ahead: None };
            (self.reached)(end.position);
        }
        Ok(reach.all.position)
    }

    /// What some rows behind those that are added up come to, and the last of them.
    fn behind(&self, reach: &UsageReach, until: Position) -> Result<(Days, Reach), StoreError> {
        let all = reach.all;
        if let Some((wallet, end)) = reach.ahead {
            // It was interrupted. The days of these wallets have these rows.
            return add_up(self.ledger, all, end.position, |number| number > wallet);
        }
        match (self.next)(all.position) {
            Next::AtHand(used, end) => Ok((add_at_hand(used)?, end)),
            Next::Read(most) => {
                let end = until.min(most).min(all.position.saturating_add(USAGE_CHUNK as Position));
                add_up(self.ledger, all, end, |_| true)
            }
        }
    }

    /// Adds to the days that are stored, wallet by wallet.
    fn write(&self, days: Days, all: Reach, end: Reach) -> Result<(), StoreError> {
        let mut days: Vec<_> = days.into_iter().collect();
        days.sort_unstable_by_key(|(key, _)| *key);
        let mut days = days.into_iter().peekable();
        loop {
            let begin = Instant::now();
            let is_last = snapshots::in_transaction(self.snapshots, || {
                let (mut count, mut wallet) = (0, None);
                // A wallet is further with all of its days, or with none.
                while let Some((key, day)) = days.next_if(|(key, _)| {
                    count < self.days_per_transaction || wallet == Some(key.wallet)
                }) {
                    self.add(key, day)?;
                    (count, wallet) = (count + 1, Some(key.wallet));
                }
                let reach = match (days.peek(), wallet) {
                    (Some(_), Some(wallet)) => UsageReach { all, ahead: Some((wallet, end)) },
                    _ => UsageReach { all: end, ahead: None },
                };
                snapshots::put_usage_reach(self.snapshots, &reach)?;
                Ok(reach.ahead.is_none())
            })?;
            if is_last {
                return Ok(());
            }
            (self.pause)(begin.elapsed());
        }
    }

    fn add(&self, key: DayKey, day: Day) -> Result<(), StoreError> {
        let sum = match snapshots::read_day(self.snapshots, key)? {
            None => day,
            Some(mut known) => {
                known.merge(day).map_err(|error| StoreError::Corrupt(error.to_string()))?;
                known
            }
        };
        snapshots::put_day(self.snapshots, key, &sum)
    }
}

type Days = FastMap<DayKey, Day>;

/// What the rows of some wallets behind a row up to another add up to, and the last row.
fn add_up(
    ledger: &Connection,
    from: Reach,
    until: Position,
    is_meant: impl Fn(WalletNumber) -> bool,
) -> Result<(Days, Reach), StoreError> {
    let (mut days, mut end) = (Days::default(), from);
    tables::every_entry(ledger, from.position, until, |entry| {
        let (row, position) = (entry.skim()?, entry.position);
        if is_meant(entry.wallet) {
            add_used(&entry, &row, |key| days.entry(key).or_default())?;
        }
        end = Reach { position, hash: row.hash };
        Ok(())
    })?;
    Ok((days, end))
}

fn add_at_hand(used: Vec<Vec<NewlyUsed>>) -> Result<Days, StoreError> {
    let mut days = Days::default();
    used.iter().flatten().try_for_each(|used| used.add(|key| days.entry(key).or_default()))?;
    Ok(days)
}

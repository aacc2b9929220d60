//! Adds usage up behind the rows, one node at a time.
//!
//! Days and how far they reach change in one transaction, so that every row is in them once, whatever
//! ends the node when. Whoever reads them adds the rows behind.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::session::Session;
use super::tables::{entries, usage};
use crate::slot::Position;
use crate::usage::{Day, DayKey, HourNumber, used};
use crate::work::StoreError;

/// Rows that are added up at once.
const CHUNK: u64 = 8_192;

/// Adds up what is behind, up to a row below which nothing is added any more, and for so long at most.
/// Whether there is more. The caller has a transaction, and nobody else adds up meanwhile.
pub fn roll_up(session: &Session, until: Position, within: Duration) -> Result<bool, StoreError> {
    let begin = Instant::now();
    let mut reach = usage::reach(session)?;
    while reach < until && begin.elapsed() < within {
        let end = until.min(reach.saturating_add(CHUNK));
        add_up(session, reach, end)?;
        reach = end;
    }
    Ok(reach < until)
}

fn add_up(session: &Session, from: Position, until: Position) -> Result<(), StoreError> {
    let mut more = HashMap::<usage::Place, Day>::new();
    entries::each_between(session, from, until, |bucket, entry| {
        let position = entry.position;
        let wrong = |error| StoreError::Corrupt(format!("entries {position}: {error}"));
        if let Some(used) = used(&entry.row).map_err(wrong)? {
            let hour = HourNumber::of(used.at);
            let key = DayKey { wallet: entry.wallet, day: hour.day() };
            let day = more.entry((bucket, key)).or_default();
            day.add(hour.of_day(), position, &used).map_err(wrong)?;
        }
        Ok(())
    })?;
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

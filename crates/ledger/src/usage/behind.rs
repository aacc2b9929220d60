//! Usage of rows that are behind others: added to days, row by row.

use scrip_core::{Overflow, SkimmedRow};

use super::{Day, DayKey, HourNumber, used_of_skimmed};
use crate::fast_map::FastMap;
use crate::slot::{Position, Slot};
use crate::verifying::RawEntry;
use crate::work::StoreError;

/// Adds what a row used to its day, if it used anything.
pub fn add_used<'d>(
    entry: &RawEntry<impl AsRef<[u8]>>,
    row: &SkimmedRow<'_>,
    day_of: impl FnOnce(DayKey) -> &'d mut Day,
) -> Result<(), StoreError> {
    let position = entry.position;
    let wrong = |error: Overflow| StoreError::Corrupt(format!("entries {position}: {error}"));
    if let Some(used) = used_of_skimmed(row).map_err(wrong)? {
        let hour = HourNumber::of(used.at);
        let day = day_of(DayKey { wallet: entry.wallet, day: hour.day() });
        day.add(hour.of_day(), position, &used).map_err(wrong)?;
    }
    Ok(())
}

/// What the rows of a wallet behind its row of a sequence used, of those up to a position. `back` reads
/// some of its rows, from a position on, downward.
pub fn used_behind(
    slot: &Slot,
    sequence: u64,
    until: Position,
    mut back: impl FnMut(Position) -> Result<Vec<RawEntry>, StoreError>,
) -> Result<FastMap<DayKey, Day>, StoreError> {
    let mut days = FastMap::<DayKey, Day>::default();
    let mut next = if slot.wallet.sequence() > sequence { slot.links.last } else { 0 };
    while next != 0 {
        let rows = back(next)?;
        if rows.is_empty() {
            return Err(StoreError::Corrupt(format!("entries {next}: missing")));
        }
        next = 0;
        for entry in rows.iter().take_while(|entry| entry.sequence > sequence) {
            next = entry.links.previous;
            if entry.position <= until {
                add_used(entry, &entry.skim()?, |key| days.entry(key).or_default())?;
            }
        }
    }
    Ok(days)
}

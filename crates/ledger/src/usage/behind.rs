//! Usage of rows that are behind others: added to days, row by row.

use scrip_core::{Credits, Dimensions, Overflow, Row, SkimmedRow, Timestamp};

use super::{Day, DayKey, HourNumber, Used, used, used_of_skimmed};
use crate::fast_map::FastMap;
use crate::slot::{Position, Slot, WalletNumber};
use crate::verifying::RawEntry;
use crate::work::StoreError;

/// Adds what a row used to its day, if it used anything.
pub fn add_used<'d>(
    entry: &RawEntry<impl AsRef<[u8]>>,
    row: &SkimmedRow<'_>,
    day_of: impl FnOnce(DayKey) -> &'d mut Day,
) -> Result<(), StoreError> {
    match used_of_skimmed(row).map_err(|error| wrong(entry.position, error))? {
        Some(used) => add(entry.wallet, entry.position, &used, day_of),
        None => Ok(()),
    }
}

fn add<'d>(
    wallet: WalletNumber,
    position: Position,
    used: &Used<'_>,
    day_of: impl FnOnce(DayKey) -> &'d mut Day,
) -> Result<(), StoreError> {
    let hour = HourNumber::of(used.at);
    let day = day_of(DayKey { wallet, day: hour.day() });
    day.add(hour.of_day(), position, used).map_err(|error| wrong(position, error))
}

fn wrong(position: Position, error: Overflow) -> StoreError {
    StoreError::Corrupt(format!("entries {position}: {error}"))
}

/// What a row used, apart from the row: for whoever adds it up later.
pub struct NewlyUsed {
    /// Whose row.
    pub wallet: WalletNumber,
    /// Where it stands.
    pub position: Position,
    /// The instant that it counts for.
    pub at: Timestamp,
    /// Negative where it was given back.
    pub amount: Credits,
    /// Whether it is an event of its own.
    pub counts: bool,
    /// For what it was used.
    pub dimensions: Dimensions,
}

impl NewlyUsed {
    /// Of a row; none if it used nothing.
    pub fn of(
        wallet: WalletNumber,
        position: Position,
        row: &Row,
    ) -> Result<Option<Self>, StoreError> {
        let used = used(row).map_err(|error| wrong(position, error))?;
        Ok(used.map(|Used { at, amount, counts, .. }| {
            let words = row.texts.words();
            let dimensions = words.map(|words| words.dimensions.clone()).unwrap_or_default();
            Self { wallet, position, at, amount, counts, dimensions }
        }))
    }

    /// Adds it to its day.
    pub fn add<'d>(&self, day_of: impl FnOnce(DayKey) -> &'d mut Day) -> Result<(), StoreError> {
        let Self { wallet, position, at, amount, counts, dimensions } = self;
        let used = Used::whole(*at, *amount, *counts, dimensions);
        add(*wallet, *position, &used, day_of)
    }
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

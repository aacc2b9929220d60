//! The usage of days in `snapshots.db`: how it lies there.

use rusqlite::{Connection, OptionalExtension as _, Row as SqlRow, params};

use super::super::reach::Reach;
use super::super::tables::seal::Seal;
use super::{Stored, USAGE, get_reach, put_reach};
use crate::slot::WalletNumber;
use crate::usage::{
    Day, HourSum, PackedDay, SetHour, SetSum, UnreadableDay, read_hours, read_set_hours, read_sets,
};
use crate::work::StoreError;

const SEAL: usize = 4;

/// Up to which row all are added up.
pub(in crate::embedded) fn usage_reach(connection: &Connection) -> Stored<Reach> {
    get_reach(connection, USAGE).map_err(StoreError::Corrupt)
}

/// The same from now on.
pub(in crate::embedded) fn put_usage_reach(connection: &Connection, reach: &Reach) -> Stored<()> {
    put_reach(connection, USAGE, reach)
}

/// A wallet's day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::embedded) struct DayKey {
    pub wallet: WalletNumber,
    /// UTC, counted from 1970.
    pub day: i64,
}

/// Reads a day to add to it.
pub(in crate::embedded) fn read_day(connection: &Connection, key: DayKey) -> Stored<Option<Day>> {
    let sql = "select wallet, day, hours, sets, set_hours from usage_days
               where wallet = ?1 and day = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let read = |row: &SqlRow<'_>| Ok(DayRow(row).whole());
    let day = statement.query_row(params![key.wallet, key.day], read).optional()?;
    day.transpose()
}

/// Stores a day.
pub(in crate::embedded) fn put_day(connection: &Connection, key: DayKey, day: &Day) -> Stored<()> {
    let failed = |error| StoreError::Failed(format!("packing usage: {error}"));
    let PackedDay { hours, sets, set_hours } = day.pack().map_err(failed)?;
    let sql = "insert into usage_days (wallet, day, hours, sets, set_hours)
               values (?1, ?2, ?3, ?4, ?5)
               on conflict (wallet, day) do update set
                   hours = excluded.hours, sets = excluded.sets, set_hours = excluded.set_hours";
    connection.prepare_cached(sql)?.execute(params![
        key.wallet,
        key.day,
        sealed(key, "hours", hours),
        sets.map(|bytes| sealed(key, "sets", bytes)),
        set_hours.map(|bytes| sealed(key, "set_hours", bytes)),
    ])?;
    Ok(())
}

/// Shows a wallet's days of a stretch, in order.
pub(in crate::embedded) fn each_day_of(
    connection: &Connection,
    wallet: WalletNumber,
    (first, last): (i64, i64),
    mut show: impl FnMut(&DayRow<'_, '_>) -> Stored<()>,
) -> Stored<()> {
    let sql = "select wallet, day, hours, sets, set_hours from usage_days
               where wallet = ?1 and day >= ?2 and day <= ?3 order by day";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![wallet, first, last])?;
    while let Some(row) = rows.next()? {
        show(&DayRow(row))?;
    }
    Ok(())
}

/// Shows all days of all wallets.
pub(in crate::embedded) fn each_day(
    connection: &Connection,
    mut show: impl FnMut(&DayRow<'_, '_>) -> Stored<()>,
) -> Stored<()> {
    let sql = "select wallet, day, hours, sets, set_hours from usage_days order by wallet, day";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        show(&DayRow(row))?;
    }
    Ok(())
}

/// A day as it lies there. Its pieces are read when they are asked for: the second and third may be
/// long.
pub(in crate::embedded) struct DayRow<'r, 's>(&'r SqlRow<'s>);

impl<'r> DayRow<'r, '_> {
    pub(in crate::embedded) fn key(&self) -> Stored<DayKey> {
        Ok(DayKey { wallet: self.0.get(0)?, day: self.0.get(1)? })
    }

    pub(in crate::embedded) fn hours(&self) -> Stored<Vec<HourSum>> {
        let piece = self.piece(2, "hours")?.ok_or_else(|| self.wrong(&UnreadableDay))?;
        read_hours(piece).map_err(|error| self.wrong(&error))
    }

    /// None: the only set is the one without dimensions.
    pub(in crate::embedded) fn sets(&self) -> Stored<Option<Vec<SetSum<'r>>>> {
        let sets = self.piece(3, "sets")?.map(read_sets).transpose();
        sets.map_err(|error| self.wrong(&error))
    }

    /// None likewise.
    pub(in crate::embedded) fn set_hours(&self) -> Stored<Option<Vec<SetHour>>> {
        let hours = self.piece(4, "set_hours")?.map(read_set_hours).transpose();
        hours.map_err(|error| self.wrong(&error))
    }

    fn whole(&self) -> Stored<Day> {
        let piece = |place, name| Ok::<_, StoreError>(self.piece(place, name)?.map(<[u8]>::to_vec));
        let packed = PackedDay {
            hours: piece(2, "hours")?.ok_or_else(|| self.wrong(&UnreadableDay))?,
            sets: piece(3, "sets")?,
            set_hours: piece(4, "set_hours")?,
        };
        packed.unpack().map_err(|error| self.wrong(&error))
    }

    fn piece(&self, place: usize, name: &'static str) -> Stored<Option<&'r [u8]>> {
        let row: &'r SqlRow<'_> = self.0;
        let bytes = row.get_ref(place)?.as_blob_or_null().map_err(|error| self.wrong(&error))?;
        let Some(bytes) = bytes else { return Ok(None) };
        let (content, stated) =
            bytes.split_last_chunk::<SEAL>().ok_or_else(|| self.wrong(&UnreadableDay))?;
        if seal(self.key()?, name, content) != *stated {
            return Err(self.wrong(&super::super::tables::seal::BROKEN));
        }
        Ok(Some(content))
    }

    fn wrong(&self, why: &dyn std::fmt::Display) -> StoreError {
        StoreError::Corrupt(match self.key() {
            Ok(DayKey { wallet, day }) => format!("usage of wallet {wallet} on day {day}: {why}"),
            Err(_) => format!("usage: {why}"),
        })
    }
}

fn sealed(key: DayKey, name: &str, mut bytes: Vec<u8>) -> Vec<u8> {
    let seal = seal(key, name, &bytes);
    bytes.extend(seal);
    bytes
}

fn seal(key: DayKey, name: &str, bytes: &[u8]) -> [u8; SEAL] {
    let seal = Seal::of("usage_days").number(key.wallet).number(key.day).text(name);
    seal.bytes(bytes).finish().to_le_bytes()
}

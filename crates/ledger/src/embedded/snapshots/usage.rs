//! The usage of days in `snapshots.db`: how it lies there.

use rusqlite::types::Value as SqlValue;
use rusqlite::{Connection, OptionalExtension as _, Row as SqlRow, params};

use super::super::reach::Reach;
use super::{Stored, USAGE, USAGE_AHEAD, get_reach, put_meta, put_reach, reach_of, reach_to_bytes};
use crate::slot::WalletNumber;
use crate::usage::{
    AddedUpTo, Day, DayKey, HourRows, HourSum, PackedDay, SetHour, SetSum, StoredDay,
    UnreadableDay, read_hour_rows, read_hours, read_set_hours, read_sets,
};
use crate::work::StoreError;

/// Up to which rows usage is added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::embedded) struct UsageReach {
    /// Of all wallets.
    pub all: Reach,
    /// Of the wallets up to one: they are further than the others while days are being written, and after
    /// that was interrupted.
    pub ahead: Option<(WalletNumber, Reach)>,
}

impl UsageReach {
    /// Nothing is added up.
    pub(in crate::embedded) const START: Self = Self { all: Reach::START, ahead: None };

    /// The last row that is added up.
    pub(in crate::embedded) const fn newest(&self) -> Reach {
        match self.ahead {
            Some((_, reach)) => reach,
            None => self.all,
        }
    }

    pub(in crate::embedded) fn added_up_to(&self) -> AddedUpTo {
        let ahead = self.ahead.map(|(wallet, reach)| (wallet, reach.position));
        AddedUpTo { all: self.all.position, ahead }
    }
}

/// Up to which rows usage is added up.
pub(in crate::embedded) fn usage_reach(connection: &Connection) -> Stored<UsageReach> {
    read_usage_reach(connection).map_err(StoreError::Corrupt)
}

pub(super) fn read_usage_reach(connection: &Connection) -> Result<UsageReach, String> {
    let all = get_reach(connection, USAGE)?;
    let sql = "select value from meta where name = ?1";
    let ahead =
        connection.query_row(sql, [USAGE_AHEAD], |row| row.get::<_, [u8; 48]>(0)).optional();
    let ahead = match ahead.map_err(|error| error.to_string())? {
        None => None,
        Some(bytes) => {
            let (wallet, reach) = bytes.split_first_chunk::<8>().ok_or("a short value")?;
            let reach = reach.try_into().map_err(|_| "a short value")?;
            Some((WalletNumber::from_be_bytes(*wallet), reach_of(reach)?))
        }
    };
    Ok(UsageReach { all, ahead })
}

/// The same from now on.
pub(in crate::embedded) fn put_usage_reach(
    connection: &Connection,
    reach: &UsageReach,
) -> Stored<()> {
    match &reach.ahead {
        Some((wallet, ahead)) => {
            let bytes = [&wallet.to_be_bytes()[..], &reach_to_bytes(ahead)].concat();
            put_meta(connection, USAGE_AHEAD, SqlValue::Blob(bytes))
        }
        None => {
            put_reach(connection, USAGE, &reach.all)?;
            let sql = "delete from meta where name = ?1";
            connection.prepare_cached(sql)?.execute([USAGE_AHEAD])?;
            Ok(())
        }
    }
}

/// Reads a day to add to it.
pub(in crate::embedded) fn read_day(connection: &Connection, key: DayKey) -> Stored<Option<Day>> {
    let sql = "select wallet, day, hours, hour_rows, sets, set_hours from usage_days
               where wallet = ?1 and day = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let read = |row: &SqlRow<'_>| Ok(whole(row));
    let day = statement.query_row(params![key.wallet, key.day], read).optional()?;
    day.transpose()
}

/// The days of a wallet, in order.
pub(in crate::embedded) fn days_of(
    connection: &Connection,
    wallet: WalletNumber,
) -> Stored<Vec<DayKey>> {
    let sql = "select wallet, day from usage_days where wallet = ?1 order by day";
    let mut statement = connection.prepare_cached(sql)?;
    let read = |row: &SqlRow<'_>| Ok(DayKey { wallet: row.get(0)?, day: row.get(1)? });
    Ok(statement.query_map([wallet], read)?.collect::<Result<_, _>>()?)
}

/// Stores a day.
pub(in crate::embedded) fn put_day(connection: &Connection, key: DayKey, day: &Day) -> Stored<()> {
    let failed = |error| StoreError::Failed(format!("packing usage: {error}"));
    let PackedDay { hours, hour_rows, sets, set_hours } = day.pack().map_err(failed)?;
    let sql = "insert into usage_days (wallet, day, hours, hour_rows, sets, set_hours)
               values (?1, ?2, ?3, ?4, ?5, ?6)
               on conflict (wallet, day) do update set
                   hours = excluded.hours, hour_rows = excluded.hour_rows,
                   sets = excluded.sets, set_hours = excluded.set_hours";
    connection.prepare_cached(sql)?.execute(params![
        key.wallet,
        key.day,
        key.sealed("hours", hours),
        key.sealed("hour_rows", hour_rows),
        sets.map(|bytes| key.sealed("sets", bytes)),
        set_hours.map(|bytes| key.sealed("set_hours", bytes)),
    ])?;
    Ok(())
}

/// Shows a wallet's days of a stretch, in order, with their sets or without.
pub(in crate::embedded) fn each_day_of(
    connection: &Connection,
    wallet: WalletNumber,
    (first, last): (i64, i64),
    with_sets: bool,
    mut show: impl FnMut(&DayRow<'_, '_>) -> Stored<()>,
) -> Stored<()> {
    // What is not asked for is not read: sets may be long, and most questions are of hours.
    let sql = "select wallet, day, hours, case when ?4 then sets end from usage_days
               where wallet = ?1 and day >= ?2 and day <= ?3 order by day";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![wallet, first, last, with_sets])?;
    while let Some(row) = rows.next()? {
        show(&DayRow { row, connection })?;
    }
    Ok(())
}

/// Shows all days of all wallets.
pub(in crate::embedded) fn each_day(
    connection: &Connection,
    mut show: impl FnMut(&DayRow<'_, '_>) -> Stored<()>,
) -> Stored<()> {
    let sql = "select wallet, day, hours, sets from usage_days order by wallet, day";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        show(&DayRow { row, connection })?;
    }
    Ok(())
}

/// A day as it lies there.
pub(in crate::embedded) struct DayRow<'r, 's> {
    row: &'r SqlRow<'s>,
    connection: &'r Connection,
}

impl StoredDay for DayRow<'_, '_> {
    fn key(&self) -> Stored<DayKey> {
        key_of(self.row)
    }

    fn hours(&self) -> Stored<Vec<HourSum>> {
        let key = self.key()?;
        let piece = piece(self.row, key, 2, "hours")?.ok_or_else(|| key.wrong(UnreadableDay))?;
        read_hours(piece).map_err(|error| key.wrong(error))
    }

    fn sets(&self) -> Stored<Option<Vec<SetSum<'_>>>> {
        let key = self.key()?;
        let sets = piece(self.row, key, 3, "sets")?.map(read_sets).transpose();
        sets.map_err(|error| key.wrong(error))
    }

    fn set_hours(&self) -> Stored<Option<Vec<SetHour>>> {
        let sql = "select set_hours from usage_days where wallet = ?1 and day = ?2";
        self.more(sql, "set_hours", |bytes| bytes.map(read_set_hours).transpose())
    }

    fn hour_rows(&self) -> Stored<Vec<HourRows>> {
        let sql = "select hour_rows from usage_days where wallet = ?1 and day = ?2";
        self.more(sql, "hour_rows", |bytes| read_hour_rows(bytes.ok_or(UnreadableDay)?))
    }
}

impl DayRow<'_, '_> {
    fn more<T>(
        &self,
        sql: &str,
        name: &str,
        read: impl FnOnce(Option<&[u8]>) -> Result<T, UnreadableDay>,
    ) -> Stored<T> {
        let key = self.key()?;
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query(params![key.wallet, key.day])?;
        let Some(row) = rows.next()? else { return Err(key.wrong(UnreadableDay)) };
        read(piece(row, key, 0, name)?).map_err(|error| key.wrong(error))
    }
}

fn whole(row: &SqlRow<'_>) -> Stored<Day> {
    let key = key_of(row)?;
    let read = |place, name| Ok::<_, StoreError>(piece(row, key, place, name)?.map(<[u8]>::to_vec));
    let packed = PackedDay {
        hours: read(2, "hours")?.ok_or_else(|| key.wrong(UnreadableDay))?,
        hour_rows: read(3, "hour_rows")?.ok_or_else(|| key.wrong(UnreadableDay))?,
        sets: read(4, "sets")?,
        set_hours: read(5, "set_hours")?,
    };
    packed.unpack().map_err(|error| key.wrong(error))
}

fn key_of(row: &SqlRow<'_>) -> Stored<DayKey> {
    Ok(DayKey { wallet: row.get(0)?, day: row.get(1)? })
}

/// A piece without its seal, which must fit.
fn piece<'r>(
    row: &'r SqlRow<'_>,
    key: DayKey,
    place: usize,
    name: &str,
) -> Stored<Option<&'r [u8]>> {
    let bytes = row.get_ref(place)?.as_blob_or_null().map_err(|error| key.wrong(error))?;
    let Some(bytes) = bytes else { return Ok(None) };
    key.unsealed(name, bytes).map(Some)
}

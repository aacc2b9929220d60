//! Usage that is added up.

use std::collections::HashMap;

use tokio_postgres::Row;

use super::{Stored, column, count, integer};
use crate::postgres::horizon;
use crate::postgres::session::{Session, ask};
use crate::slot::{Position, WalletNumber};
use crate::usage::{
    Day, DayKey, HourRows, HourSum, PackedDay, SetHour, SetSum, StoredDay, UnreadableDay,
    read_hour_rows, read_hours, read_set_hours, read_sets,
};
use crate::work::StoreError;

/// Under this name stands up to which row all are added up: eight bytes, the most significant first.
const REACH: &str = "usage_reach";

/// A wallet's day, and where it lies.
pub type Place = (i16, DayKey);

/// Up to which row all are added up.
pub fn reach(session: &Session) -> Stored<Position> {
    let row = session.first("select value from meta where name = $1", &[&REACH])?;
    let Some(row) = row else { return Ok(0) };
    let value: &[u8] = column(&row, "value")?;
    let wrong = |_| StoreError::Corrupt("meta: how far usage is added up".to_owned());
    value.try_into().map(Position::from_be_bytes).map_err(wrong)
}

/// Reads days to add to them.
pub fn days(session: &Session, places: &[Place]) -> Stored<HashMap<Place, Day>> {
    let sql = "
        select u.bucket, u.wallet, u.day, u.hours, u.hour_rows, u.sets, u.set_hours
        from unnest($1::smallint[], $2::bigint[], $3::bigint[]) as k (bucket, wallet, day)
        join usage_days u using (bucket, wallet, day)";
    let (buckets, wallets, numbers) = columns(places);
    let rows = session.query(sql, &[&buckets, &wallets, &numbers])?;
    rows.iter().map(|row| Ok(((column(row, "bucket")?, key_of(row)?), whole(row)?))).collect()
}

/// The days of a wallet, in order.
pub fn days_of(session: &Session, bucket: i16, wallet: WalletNumber) -> Stored<Vec<Place>> {
    let sql = "select wallet, day from usage_days where bucket = $1 and wallet = $2 order by day";
    let rows = session.query(sql, &[&bucket, &integer(wallet)])?;
    rows.iter().map(|row| Ok((bucket, key_of(row)?))).collect()
}

fn columns(places: &[Place]) -> (Vec<i16>, Vec<i64>, Vec<i64>) {
    let mut columns = (Vec::new(), Vec::new(), Vec::new());
    for (bucket, key) in places {
        columns.0.push(*bucket);
        columns.1.push(integer(key.wallet));
        columns.2.push(key.day);
    }
    columns
}

/// Stores days, and up to which row they are added up.
pub fn put(session: &Session, days: &[(Place, Day)], reach: Position) -> Stored<()> {
    let sql = "
        insert into usage_days (bucket, wallet, day, hours, hour_rows, sets, set_hours)
        select * from unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::bytea[], $5::bytea[],
            $6::bytea[], $7::bytea[])
        on conflict (bucket, wallet, day) do update
        set hours = excluded.hours, hour_rows = excluded.hour_rows, sets = excluded.sets,
            set_hours = excluded.set_hours";
    let places: Vec<Place> = days.iter().map(|(place, _)| *place).collect();
    let (buckets, wallets, numbers) = columns(&places);
    let (mut hours, mut hour_rows) = (Vec::new(), Vec::new());
    let (mut sets, mut set_hours) = (Vec::new(), Vec::new());
    for ((_, key), day) in days {
        let packed =
            day.pack().map_err(|error| StoreError::Failed(format!("packing usage: {error}")))?;
        hours.push(key.sealed("hours", packed.hours));
        hour_rows.push(key.sealed("hour_rows", packed.hour_rows));
        sets.push(packed.sets.map(|bytes| key.sealed("sets", bytes)));
        set_hours.push(packed.set_hours.map(|bytes| key.sealed("set_hours", bytes)));
    }
    let note = "
        insert into meta (name, value) values ($1, $2)
        on conflict (name) do update set value = excluded.value";
    let reach = reach.to_be_bytes();
    let reach = &reach[..];
    let values = [&buckets as _, &wallets as _, &numbers as _, &hours as _, &hour_rows as _];
    let values = [&values[..], &[&sets as _, &set_hours as _]].concat();
    let mut asks = vec![ask(sql, &values), ask(note, &[&REACH, &reach])];
    if session.shards().is_distributed() {
        asks.push(horizon::decide_here());
    }
    session.flight(&asks).map(drop)
}

/// Shows a wallet's days of a stretch, in order, with their sets or without.
pub fn each_of(
    session: &Session,
    (bucket, wallet): (i16, WalletNumber),
    (first, last): (i64, i64),
    with_sets: bool,
    mut show: impl FnMut(&DayRow<'_>) -> Stored<()>,
) -> Stored<()> {
    // What is not asked for is not read: sets may be long, and most questions are of hours.
    let sql = "
        select bucket, wallet, day, hours, case when $5 then sets end as sets from usage_days
        where bucket = $1 and wallet = $2 and day >= $3 and day <= $4 order by day";
    let values = [&bucket as _, &integer(wallet) as _, &first as _, &last as _, &with_sets as _];
    for row in &session.query(sql, &values)? {
        show(&DayRow { row, session })?;
    }
    Ok(())
}

/// How many days are read at once.
const CHUNK: i64 = 1_000;

/// Shows all days of a bucket.
pub fn each_of_bucket(
    session: &Session,
    bucket: i16,
    mut show: impl FnMut(&DayRow<'_>) -> Stored<()>,
) -> Stored<()> {
    let sql = "
        select bucket, wallet, day, hours, sets from usage_days
        where bucket = $1 and (wallet, day) > ($2, $3) order by wallet, day limit $4";
    let mut after = (i64::MIN, i64::MIN);
    loop {
        let rows = session.query(sql, &[&bucket, &after.0, &after.1, &CHUNK])?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = (column(last, "wallet")?, column(last, "day")?);
        for row in &rows {
            show(&DayRow { row, session })?;
        }
    }
}

/// A day as it lies there.
pub struct DayRow<'r> {
    row: &'r Row,
    session: &'r Session,
}

impl StoredDay for DayRow<'_> {
    fn key(&self) -> Stored<DayKey> {
        key_of(self.row)
    }

    fn hours(&self) -> Stored<Vec<HourSum>> {
        let key = self.key()?;
        let piece = piece(self.row, key, "hours")?.ok_or_else(|| key.wrong(UnreadableDay))?;
        read_hours(piece).map_err(|error| key.wrong(error))
    }

    fn sets(&self) -> Stored<Option<Vec<SetSum<'_>>>> {
        let key = self.key()?;
        let sets = piece(self.row, key, "sets")?.map(read_sets).transpose();
        sets.map_err(|error| key.wrong(error))
    }

    fn set_hours(&self) -> Stored<Option<Vec<SetHour>>> {
        let sql = "
            select set_hours from usage_days where bucket = $1 and wallet = $2 and day = $3";
        self.more(sql, "set_hours", |bytes| bytes.map(read_set_hours).transpose())
    }

    fn hour_rows(&self) -> Stored<Vec<HourRows>> {
        let sql = "
            select hour_rows from usage_days where bucket = $1 and wallet = $2 and day = $3";
        self.more(sql, "hour_rows", |bytes| read_hour_rows(bytes.ok_or(UnreadableDay)?))
    }
}

impl DayRow<'_> {
    fn more<T>(
        &self,
        sql: &'static str,
        name: &str,
        read: impl FnOnce(Option<&[u8]>) -> Result<T, UnreadableDay>,
    ) -> Stored<T> {
        let key = self.key()?;
        let bucket: i16 = column(self.row, "bucket")?;
        let row = self.session.first(sql, &[&bucket, &integer(key.wallet), &key.day])?;
        let row = row.ok_or_else(|| key.wrong(UnreadableDay))?;
        read(piece(&row, key, name)?).map_err(|error| key.wrong(error))
    }
}

fn whole(row: &Row) -> Stored<Day> {
    let key = key_of(row)?;
    let read = |name| Ok::<_, StoreError>(piece(row, key, name)?.map(<[u8]>::to_vec));
    let packed = PackedDay {
        hours: read("hours")?.ok_or_else(|| key.wrong(UnreadableDay))?,
        hour_rows: read("hour_rows")?.ok_or_else(|| key.wrong(UnreadableDay))?,
        sets: read("sets")?,
        set_hours: read("set_hours")?,
    };
    packed.unpack().map_err(|error| key.wrong(error))
}

fn key_of(row: &Row) -> Stored<DayKey> {
    Ok(DayKey { wallet: count(row, "wallet")?, day: column(row, "day")? })
}

/// A piece without its seal, which must fit.
fn piece<'r>(row: &'r Row, key: DayKey, name: &str) -> Stored<Option<&'r [u8]>> {
    let bytes: Option<&[u8]> = column(row, name)?;
    bytes.map(|bytes| key.unsealed(name, bytes)).transpose()
}

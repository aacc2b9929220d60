//! The names under which rows are found again.

use std::collections::HashMap;

use scrip_core::NameHash;
use tokio_postgres::Row;

use super::entries::{columns, read};
use super::{Stored, column, count, integer};
use crate::history::Entry;
use crate::postgres::horizon;
use crate::postgres::session::{Ask, Session, ask};
use crate::slot::Position;
use crate::work::StoreError;

/// Where the newest row of a name is.
pub fn newest_of(session: &Session, bucket: i16, name: NameHash) -> Stored<Option<Position>> {
    let sql = "select position from names where bucket = $1 and name = $2";
    let row = session.first(sql, &[&bucket, &&name.0[..]])?;
    row.as_ref().map(|row| count(row, "position")).transpose()
}

/// How many names are forgotten at once.
const FORGOTTEN_MOST: i64 = 1_000;

/// Under this name stands up to which row names may be missing because they were forgotten: eight
/// bytes, the most significant first.
const FORGOTTEN: &str = "names_forgotten";

/// Forgets some names that were stored before an instant; whether there may be more.
pub fn forget(session: &Session, before: i64) -> Stored<bool> {
    if session.shards().is_distributed() {
        return forget_on_workers(session, before);
    }
    let sql = "
        with forgotten as (
            delete from names where (bucket, name) in
                (select bucket, name from names where stored_at < $1 limit $2
                 for update skip locked)
            returning position
        ), told as (
            insert into meta (name, value)
            select $3, int8send(max(position)) from forgotten having count(*) > 0
            on conflict (name) do update set value = greatest(meta.value, excluded.value)
        )
        select count(*) as names from forgotten";
    let row = session.first(sql, &[&before, &FORGOTTEN_MOST, &FORGOTTEN])?;
    let forgotten = row.as_ref().map_or(Ok(0), |row| count(row, "names"))?;
    Ok(forgotten >= FORGOTTEN_MOST.unsigned_abs())
}

/// The same, shard by shard.
fn forget_on_workers(session: &Session, before: i64) -> Stored<bool> {
    let sql = "
        delete from names where (bucket, name) in
            (select bucket, name from names where stored_at < $1 and bucket = any ($3) limit $2
             for update skip locked)
          and bucket = any ($3)
        returning position";
    let note = "
        insert into meta (name, value) values ($1, int8send($2::bigint))
        on conflict (name) do update set value = greatest(meta.value, excluded.value)";
    session.flight(&[horizon::decide_here()])?;
    let mut may_be_more = false;
    for buckets in session.shards().buckets() {
        let rows = session.query(sql, &[&before, &FORGOTTEN_MOST, &buckets])?;
        may_be_more |= rows.len() as u64 >= FORGOTTEN_MOST.unsigned_abs();
        let positions =
            rows.iter().map(|row| count(row, "position")).collect::<Stored<Vec<_>>>()?;
        if let Some(last) = positions.into_iter().max() {
            session.query(note, &[&FORGOTTEN, &integer(last)])?;
        }
    }
    Ok(may_be_more)
}

/// How many names a bucket has.
pub fn count_of_bucket(session: &Session, bucket: i16) -> Stored<u64> {
    let sql = "select count(*) as names from names where bucket = $1";
    let row = session.first(sql, &[&bucket])?;
    row.as_ref().map_or(Ok(0), |row| count(row, "names"))
}

/// Positions to which names of a bucket lead though no row of theirs is there; at most so many.
pub fn leading_astray(session: &Session, bucket: i16, most: i64) -> Stored<Vec<Position>> {
    let sql = "
        select n.position from names n
        where n.bucket = $1 and not exists (
            select from entries e
            where e.bucket = n.bucket and e.position = n.position and e.name = n.name)
        limit $2";
    let rows = session.query(sql, &[&bucket, &most])?;
    rows.iter().map(|row| count(row, "position")).collect()
}

/// Rows of a bucket that their names do not lead to, nor to a newer row, and that were not forgotten
/// either; at most so many.
pub fn unnamed(session: &Session, bucket: i16, most: i64) -> Stored<Vec<Position>> {
    let sql = "
        select e.position from entries e
        where e.bucket = $1 and e.name is not null
          and e.position > coalesce(
              (select ('x' || encode(value, 'hex'))::bit(64)::bigint from meta where name = $3), 0)
          and not exists (
              select from names n
              where n.bucket = e.bucket and n.name = e.name and n.position >= e.position)
        order by e.position limit $2";
    let rows = session.query(sql, &[&bucket, &most, &FORGOTTEN])?;
    rows.iter().map(|row| count(row, "position")).collect()
}

/// Names to be looked up, column by column.
#[derive(Default)]
pub struct Asked {
    buckets: Vec<i16>,
    names: Vec<Vec<u8>>,
}

impl Asked {
    /// Another one.
    pub fn push(&mut self, bucket: i16, name: NameHash) {
        self.buckets.push(bucket);
        self.names.push(name.0.to_vec());
    }

    /// The names.
    pub fn asked(&self) -> impl Iterator<Item = NameHash> {
        self.names.iter().filter_map(|name| name.as_slice().try_into().ok()).map(NameHash)
    }

    /// The newest rows of those that are known.
    pub fn find(&self) -> Ask<'_> {
        let sql = columns!(
            ", k.place from unnest($1::smallint[], $2::bytea[])
                 with ordinality as k (bucket, name, place)
             join names n on n.bucket = k.bucket and n.name = k.name
             join entries e on e.bucket = n.bucket and e.position = n.position
             where true
               /* one shard: n.bucket = any ($1) */ /* one shard: e.bucket = any ($1) */"
        );
        ask(sql, &[&self.buckets, &self.names])
    }

    /// Which of the names a row of [`Asked::find`] is about, its bucket, and its newest row.
    pub fn read(&self, row: &Row) -> Stored<(NameHash, i16, Entry)> {
        let place: i64 = column(row, "place")?;
        let at = usize::try_from(place - 1).ok();
        let name = at.and_then(|at| self.names.get(at));
        let name = name.and_then(|name| name.as_slice().try_into().ok()).map(NameHash);
        let name = name.ok_or_else(|| StoreError::Corrupt(format!("names: place {place}")))?;
        Ok((name, column(row, "bucket")?, read(row)?))
    }
}

/// Names to be stored, column by column.
#[derive(Default)]
pub struct Named {
    places: HashMap<NameHash, usize>,
    buckets: Vec<i16>,
    names: Vec<Vec<u8>>,
    positions: Vec<i64>,
}

impl Named {
    /// None.
    pub const fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// This one is among them.
    pub fn has(&self, name: &NameHash) -> bool {
        self.places.contains_key(name)
    }

    /// A name leads to a row from now on.
    pub fn push(&mut self, bucket: i16, name: NameHash, position: Position) {
        match self.places.get(&name) {
            Some(place) => self.positions[*place] = integer(position),
            None => {
                self.places.insert(name, self.names.len());
                self.buckets.push(bucket);
                self.names.push(name.0.to_vec());
                self.positions.push(integer(position));
            }
        }
    }

    /// Stores them as names that nobody has: one that somebody has after all is refused.
    pub fn insert<'a>(&'a self, now: &'a i64) -> Ask<'a> {
        let sql = "
            insert into names (bucket, name, position, stored_at)
            select n.*, $4::bigint
            from unnest($1::smallint[], $2::bytea[], $3::bigint[]) n";
        ask(sql, &[&self.buckets, &self.names, &self.positions, now])
    }

    /// Stores them, whether somebody has them or not.
    pub fn upsert<'a>(&'a self, now: &'a i64) -> Ask<'a> {
        let sql = "
            insert into names (bucket, name, position, stored_at)
            select n.*, $4::bigint
            from unnest($1::smallint[], $2::bytea[], $3::bigint[]) n
            on conflict (bucket, name)
            do update set position = excluded.position, stored_at = excluded.stored_at";
        ask(sql, &[&self.buckets, &self.names, &self.positions, now])
    }
}

//! The names under which rows are found again.

use std::collections::HashMap;

use scrip_core::NameHash;
use tokio_postgres::Row;

use super::entries::{columns, read};
use super::{Stored, column, count, integer};
use crate::history::Entry;
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

/// Forgets some names that were stored before an instant; whether there may be more.
pub fn forget(session: &Session, before: i64) -> Stored<bool> {
    let sql = "
        delete from names where (bucket, name) in
            (select bucket, name from names where stored_at < $1 limit $2
             for update skip locked)
        returning 1";
    let forgotten = session.query(sql, &[&before, &FORGOTTEN_MOST])?.len();
    Ok(forgotten >= usize::try_from(FORGOTTEN_MOST).unwrap_or(usize::MAX))
}

/// Names to be looked up, column by column.
#[derive(Default)]
pub struct Asked {
    buckets: Vec<i16>,
    names: Vec<Vec<u8>>,
}

impl Asked {
    /// None.
    pub const fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

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
             join entries e on e.bucket = n.bucket and e.position = n.position"
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

    /// Stores them.
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

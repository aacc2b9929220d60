//! The ledger's rows.

use scrip_core::{Digest, NameHash, Row as LedgerRow};
use tokio_postgres::Row;

use super::{Stored, column, count, integer, seal_column};
use crate::history::Entry;
use crate::postgres::session::{Ask, Session, ask};
use crate::slot::{Position, RowLinks, TypeSet, WalletNumber};
use crate::verifying::RawEntry;
use crate::work::StoreError;

/// What is read of a row.
macro_rules! columns {
    ($rest:literal) => {
        concat!(
            "select e.bucket, e.position, e.wallet, e.sequence, e.previous, e.previous_notable,
                 e.skip, e.types, e.related, e.name, e.row, e.seal ",
            $rest
        )
    };
}
pub(super) use columns;

/// The row at a position of a bucket.
pub fn entry(session: &Session, bucket: i16, position: Position) -> Stored<Option<Entry>> {
    at(session, bucket, position)?.as_ref().map(read).transpose()
}

/// The same, as it lies there.
pub fn raw_entry(session: &Session, bucket: i16, position: Position) -> Stored<Option<RawEntry>> {
    at(session, bucket, position)?.as_ref().map(raw_own).transpose()
}

fn at(session: &Session, bucket: i16, position: Position) -> Stored<Option<Row>> {
    let sql = columns!("from entries e where e.bucket = $1 and e.position = $2");
    session.first(sql, &[&bucket, &integer(position)])
}

/// The row at a position of whatever bucket.
pub fn entry_anywhere(session: &Session, position: Position) -> Stored<Option<Entry>> {
    let sql = columns!("from entries e where e.position = $1");
    session.first(sql, &[&integer(position)])?.as_ref().map(read).transpose()
}

/// The row at a position of a bucket, and those before it along the links of its wallet: the newest
/// first, at most so many.
pub fn entries_back(
    session: &Session,
    bucket: i16,
    position: Position,
    most: i64,
) -> Stored<Vec<Entry>> {
    back(session, bucket, position, most)?.iter().map(read).collect()
}

/// The same, as they lie there.
pub fn raw_back(
    session: &Session,
    bucket: i16,
    position: Position,
    most: i64,
) -> Stored<Vec<RawEntry>> {
    back(session, bucket, position, most)?.iter().map(raw_own).collect()
}

fn back(session: &Session, bucket: i16, position: Position, most: i64) -> Stored<Vec<Row>> {
    let sql = concat!(
        "with recursive e as (
             (select 1::bigint as nth, * from entries
              where bucket = $1 and position = $2)
             union all
             (select e.nth + 1, p.* from e
              join entries p on p.bucket = e.bucket and p.position = e.previous
              where e.nth < $3 /* one shard: p.bucket = $1 */)
         ) ",
        columns!("from e order by nth")
    );
    session.query(sql, &[&bucket, &integer(position), &most])
}

/// The rows behind a position, up to another, whosever they are, in order.
pub fn entries_between(session: &Session, after: Position, until: Position) -> Stored<Vec<Entry>> {
    between(session, after, until)?.iter().map(read).collect()
}

/// The same, as they lie there.
pub fn raw_between(session: &Session, after: Position, until: Position) -> Stored<Vec<RawEntry>> {
    between(session, after, until)?.iter().map(raw_own).collect()
}

/// Shows the rows behind a position, up to another, bucket by bucket, each in order. In the newest
/// rows an index tells a bucket's from others at once; that of positions alone may not know them yet.
pub fn each_between(
    session: &Session,
    after: Position,
    until: Position,
    mut show: impl FnMut(i16, Entry) -> Stored<()>,
) -> Stored<()> {
    let sql = columns!(
        // The `offset` keeps the two from being joined the other way round.
        "from generate_series(0, 1023) as b (bucket)
         cross join lateral (
             select * from entries e
             where e.bucket = b.bucket and e.position > $1 and e.position <= $2
             order by e.position offset 0
         ) e"
    );
    let of_workers = columns!(
        "from entries e where e.position > $1 and e.position <= $2 order by e.bucket, e.position"
    );
    let sql = if session.shards().is_distributed() { of_workers } else { sql };
    let rows = session.query(sql, &[&integer(after), &integer(until)])?;
    rows.iter().try_for_each(|row| show(column(row, "bucket")?, read(row)?))
}

/// Shows wallet, sequence and hash of each row behind a position, up to another; those of a wallet in
/// their order.
pub fn each_hash_between(
    session: &Session,
    after: Position,
    until: Position,
    mut show: impl FnMut(WalletNumber, u64, Digest),
) -> Stored<()> {
    let sql = "
        select e.position, e.wallet, e.sequence, e.hash
        from generate_series(0, 1023) as b (bucket)
        cross join lateral (
            select position, wallet, sequence, substr(row, length(row) - 31) as hash
            from entries
            where bucket = b.bucket and position > $1 and position <= $2
            order by position offset 0
        ) e";
    let of_workers = "
        select position, wallet, sequence, substr(row, length(row) - 31) as hash
        from entries where position > $1 and position <= $2 order by bucket, position";
    let sql = if session.shards().is_distributed() { of_workers } else { sql };
    for row in &session.query(sql, &[&integer(after), &integer(until)])? {
        let hash: &[u8] = column(row, "hash")?;
        let hash = hash.try_into().map_err(|_| {
            let position = count(row, "position").unwrap_or_default();
            StoreError::Corrupt(format!("entries {position}: it has no hash"))
        })?;
        show(count(row, "wallet")?, count(row, "sequence")?, Digest::from_bytes(hash));
    }
    Ok(())
}

fn between(session: &Session, after: Position, until: Position) -> Stored<Vec<Row>> {
    let sql =
        columns!("from entries e where e.position > $1 and e.position <= $2 order by e.position");
    session.query(sql, &[&integer(after), &integer(until)])
}

/// The position of the last row of all; looks at each bucket.
pub fn last(session: &Session) -> Stored<Position> {
    let sql = "
        select coalesce(max(position), 0) as last from (
            select (select max(e.position) from entries e where e.bucket = b.bucket) as position
            from generate_series(0, 1023) as b (bucket)
        ) of_buckets";
    let of_workers = "select coalesce(max(position), 0) as last from entries";
    let sql = if session.shards().is_distributed() { of_workers } else { sql };
    session.first(sql, &[])?.as_ref().map_or(Ok(0), |row| count(row, "last"))
}

/// Some rows of a bucket behind a position, in order.
pub fn rows_of_bucket(
    session: &Session,
    bucket: i16,
    after: Position,
    most: i64,
) -> Stored<Vec<Row>> {
    let sql = columns!(
        "from entries e where e.bucket = $1 and e.position > $2 order by e.position limit $3"
    );
    session.query(sql, &[&bucket, &integer(after), &most])
}

/// Reads a row, if it says what was written.
pub fn read(row: &Row) -> Stored<Entry> {
    raw(row)?.read()
}

fn raw_own(row: &Row) -> Stored<RawEntry> {
    raw(row).map(|entry| entry.with(<[u8]>::to_vec))
}

/// A row as it lies there.
pub fn raw(row: &Row) -> Stored<RawEntry<&[u8]>> {
    let position = count(row, "position")?;
    let wrong = |what: String| StoreError::Corrupt(format!("entries {position}: {what}"));
    let types: i32 = column(row, "types")?;
    let links = RowLinks {
        previous: count(row, "previous")?,
        previous_notable: count(row, "previous_notable")?,
        skip: count(row, "skip")?,
        types: TypeSet(u16::try_from(types).map_err(|_| wrong(format!("types {types}")))?),
        related: count(row, "related")?,
    };
    let name: Option<&[u8]> = column(row, "name")?;
    let name = name.map(|name| name.try_into().map(NameHash)).transpose();
    let seal: i32 = column(row, "seal")?;
    Ok(RawEntry {
        position,
        wallet: count(row, "wallet")?,
        sequence: count(row, "sequence")?,
        links,
        name: name.map_err(|_| wrong("its name".to_owned()))?,
        row: column(row, "row")?,
        seal: seal.cast_unsigned(),
    })
}

/// Rows to be stored, column by column, by ascending position.
#[derive(Default)]
pub struct Added {
    buckets: Vec<i16>,
    positions: Vec<i64>,
    wallets: Vec<i64>,
    sequences: Vec<i64>,
    previous: Vec<i64>,
    previous_notable: Vec<i64>,
    skips: Vec<i64>,
    types: Vec<i32>,
    related: Vec<i64>,
    names: Vec<Option<Vec<u8>>>,
    rows: Vec<Vec<u8>>,
    seals: Vec<i32>,
    links: Vec<RowLinks>,
}

impl Added {
    /// None.
    pub const fn is_empty(&self) -> bool {
        self.positions.is_empty()
    }

    /// The bucket and the position of the last one, and what stands there: nobody else writes the
    /// same.
    pub fn last(&self) -> Option<(i16, i64, i32)> {
        Some((*self.buckets.last()?, *self.positions.last()?, *self.seals.last()?))
    }

    /// Another one, behind the others.
    pub fn push(&mut self, bucket: i16, entry: &RawEntry<impl AsRef<[u8]>>) {
        let RawEntry { position, wallet, sequence, links, name, row, seal } = entry;
        self.buckets.push(bucket);
        self.positions.push(integer(*position));
        self.wallets.push(integer(*wallet));
        self.sequences.push(integer(*sequence));
        self.previous.push(integer(links.previous));
        self.previous_notable.push(integer(links.previous_notable));
        self.skips.push(integer(links.skip));
        self.types.push(links.types.0.into());
        self.related.push(integer(links.related));
        self.names.push(name.map(|name| name.0.to_vec()));
        self.rows.push(row.as_ref().to_vec());
        self.seals.push(seal_column(*seal));
        self.links.push(*links);
    }

    /// The row at a position, with its bucket, if it is one of these.
    pub fn at(&self, position: Position) -> Stored<Option<(i16, Entry)>> {
        let Ok(at) = self.positions.binary_search(&integer(position)) else { return Ok(None) };
        let wrong = |error| StoreError::Corrupt(format!("entries {position}: {error}"));
        let (row, hash) = LedgerRow::unpack(&self.rows[at]).map_err(wrong)?;
        let wallet = u64::try_from(self.wallets[at]).unwrap_or(0);
        let entry = Entry { position, wallet, links: self.links[at], row: row.into(), hash };
        Ok(Some((self.buckets[at], entry)))
    }

    /// Stores them.
    pub fn insert(&self) -> Ask<'_> {
        let sql = "
            insert into entries
                (bucket, position, wallet, sequence, previous, previous_notable, skip, types,
                 related, name, row, seal)
            select * from unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::bigint[],
                $5::bigint[], $6::bigint[], $7::bigint[], $8::integer[], $9::bigint[],
                $10::bytea[], $11::bytea[], $12::integer[])";
        ask(
            sql,
            &[
                &self.buckets,
                &self.positions,
                &self.wallets,
                &self.sequences,
                &self.previous,
                &self.previous_notable,
                &self.skips,
                &self.types,
                &self.related,
                &self.names,
                &self.rows,
                &self.seals,
            ],
        )
    }
}

/// Rows of a bucket that are there, to be stored with other bytes: column by column.
#[derive(Default)]
pub struct Rewritten {
    positions: Vec<i64>,
    rows: Vec<Vec<u8>>,
    seals: Vec<i32>,
}

impl Rewritten {
    /// Another one.
    pub fn push(&mut self, entry: &RawEntry) {
        self.positions.push(integer(entry.position));
        self.rows.push(entry.row.clone());
        self.seals.push(seal_column(entry.seal));
    }

    /// Stores them; how many.
    pub fn write(&self, session: &Session, bucket: i16) -> Stored<usize> {
        if self.positions.is_empty() {
            return Ok(0);
        }
        let sql = "
            update entries e set row = c.row, seal = c.seal
            from unnest($2::bigint[], $3::bytea[], $4::integer[]) as c (position, row, seal)
            where e.bucket = $1 and e.position = c.position";
        session.query(sql, &[&bucket, &self.positions, &self.rows, &self.seals])?;
        Ok(self.positions.len())
    }
}

/// Whether a row that was to be added is there.
pub fn is_there(session: &Session, (bucket, position, seal): (i16, i64, i32)) -> Stored<bool> {
    let sql = "select 1 from entries where bucket = $1 and position = $2 and seal = $3";
    Ok(session.first(sql, &[&bucket, &position, &seal])?.is_some())
}

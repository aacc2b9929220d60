//! Looking at all of the file without changing anything, while somebody may be writing it.

use std::path::Path;

use rusqlite::Connection;

use super::{CONDEMNED, Snapshots, Stored, check, get_reach};
use crate::embedded::reach::Reach;
use crate::slot::Position;
use crate::work::StoreError;

/// A line of the table, as it lies there.
pub(in crate::embedded) struct Line {
    pub key: Vec<u8>,
    pub environment: u32,
    pub due_at: Option<i64>,
    pub record: Vec<u8>,
}

/// Instants are summed up by their remainders, so that the sums fit.
pub(in crate::embedded) const DUE_MODULUS: i64 = 1_000_003;

/// Looks at the file as of one moment. None: there is none.
pub(in crate::embedded) fn inspect<T>(
    directory: &Path,
    look: impl FnOnce(&Connection) -> Stored<T>,
) -> Option<Stored<T>> {
    let snapshots = Snapshots::in_directory(directory);
    if !snapshots.path.exists() {
        return None;
    }
    if directory.join(CONDEMNED).exists() {
        return Some(Err(StoreError::Corrupt("it was found to be damaged".to_owned())));
    }
    Some(snapshots.with(|connection| {
        connection.execute_batch("begin")?;
        let looked = look(connection);
        connection.execute_batch("commit")?;
        looked
    }))
}

/// Up to where the file is whole, and its newest record; an error says why it cannot be used.
pub(in crate::embedded) fn reaches_of(
    connection: &Connection,
    ledger_id: &[u8; 16],
) -> Result<(Reach, Reach), String> {
    let whole = check(connection, ledger_id)?;
    Ok((whole, get_reach(connection, "newest")?))
}

/// The line of a wallet, and up to where the file is whole, as of one moment.
pub(in crate::embedded) fn line(
    connection: &Connection,
    key: &[u8],
) -> Stored<(Option<Line>, Position)> {
    let sql = "select key, environment, due_at, record, value
               from meta left join wallets on key = ?1 where name = 'whole'";
    let read = |row: &rusqlite::Row<'_>| {
        let is_there = row.get_ref(0)? != rusqlite::types::ValueRef::Null;
        let line = if is_there { Some(read_line(row)?) } else { None };
        Ok((line, row.get::<_, Vec<u8>>(4)?))
    };
    let (line, whole) = connection.prepare_cached(sql)?.query_row([key], read)?;
    let whole = whole.first_chunk::<8>().map_or(0, |position| u64::from_be_bytes(*position));
    Ok((line, whole))
}

fn read_line(row: &rusqlite::Row<'_>) -> rusqlite::Result<Line> {
    Ok(Line {
        key: row.get(0)?,
        environment: row.get(1)?,
        due_at: row.get(2)?,
        record: row.get(3)?,
    })
}

/// Shows all lines in order.
pub(in crate::embedded) fn each_line(
    connection: &Connection,
    mut show: impl FnMut(Line),
) -> Stored<()> {
    let sql = "select key, environment, due_at, record from wallets order by key";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        show(read_line(row)?);
    }
    Ok(())
}

/// How many records have something due, and the sum of the instants, as their index says.
pub(in crate::embedded) fn sum_of_due(connection: &Connection) -> Stored<(u64, i64)> {
    let sql = "select count(*), coalesce(sum(due_at % ?1), 0)
               from wallets indexed by wallets_by_due where due_at is not null";
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    Ok(connection.query_row(sql, [DUE_MODULUS], read)?)
}

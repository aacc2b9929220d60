//! A bare loop that appends the same rows to SQLite: the rows of a ledger, into the same table with
//! the same settings, as many in a commit. It decides nothing, and links, hashes and finds nothing
//! again.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, Statement, params_from_iter};

/// The table with its rows, in the order of its columns; the first is the position.
pub struct Rows {
    table: String,
    rows: Vec<Vec<Value>>,
}

impl Rows {
    /// The newest rows of the ledger in a directory, so many.
    pub fn of_ledger(directory: &Path, count: usize) -> anyhow::Result<Self> {
        let path = directory.join("ledger.db");
        let ledger = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let table = ledger.query_row(
            "select sql from sqlite_schema where type = 'table' and name = 'entries'",
            [],
            |row| row.get(0),
        )?;
        let mut statement =
            ledger.prepare("select * from entries order by position desc limit ?1")?;
        let columns = statement.column_count();
        let read = |row: &rusqlite::Row<'_>| (0..columns).map(|column| row.get(column)).collect();
        let rows = statement.query_map([count], read)?.collect::<Result<Vec<_>, _>>()?;
        if rows.len() < count {
            bail!("the ledger has {} rows of the {count} that are wanted", rows.len());
        }
        Ok(Self { table, rows })
    }
}

/// The file to which they are appended.
pub struct Loop {
    connection: Connection,
    rows: Rows,
    position: i64,
}

impl Loop {
    /// A new file in a directory.
    pub fn make(directory: &Path, rows: Rows) -> anyhow::Result<Self> {
        let path = directory.join("reference.db");
        let connection = Connection::open(&path).with_context(|| path.display().to_string())?;
        connection.execute_batch(
            "pragma page_size = 4096;
             pragma synchronous = full;
             pragma wal_autocheckpoint = 1000;
             pragma cache_size = -65536;
             pragma temp_store = memory;",
        )?;
        let mode: String =
            connection.query_row("pragma journal_mode = wal", [], |row| row.get(0))?;
        if mode != "wal" {
            bail!("SQLite gives no write-ahead log, but {mode}");
        }
        connection.execute_batch(&rows.table)?;
        Ok(Self { connection, rows, position: 0 })
    }

    /// Appends them again and again for a time, all of them in a commit: rows each second.
    pub fn run(&mut self, time: Duration) -> anyhow::Result<u128> {
        let Self { connection, rows: Rows { rows, .. }, position } = self;
        let columns = rows.first().map_or(0, Vec::len);
        let places: Vec<_> = (1..=columns).map(|place| format!("?{place}")).collect();
        let insert = format!("insert into entries values ({})", places.join(", "));
        let mut statement = connection.prepare(&insert)?;
        let (mut appended, started) = (0_u128, Instant::now());
        while started.elapsed() < time {
            connection.execute_batch("begin immediate")?;
            for row in rows.iter_mut() {
                *position += 1;
                append(&mut statement, row, *position)?;
            }
            connection.execute_batch("commit")?;
            appended += rows.len() as u128;
        }
        Ok(appended * 1_000_000 / started.elapsed().as_micros().max(1))
    }
}

fn append(statement: &mut Statement<'_>, row: &mut [Value], position: i64) -> anyhow::Result<()> {
    if let Some(first) = row.first_mut() {
        *first = Value::Integer(position);
    }
    statement.execute(params_from_iter(row.iter()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_those_of_the_ledger_under_positions_of_their_own() {
        let directory = tempfile::tempdir().unwrap();
        let ledger = Connection::open(directory.path().join("ledger.db")).unwrap();
        ledger
            .execute_batch(
                "create table entries (position integer primary key, row blob);
                 insert into entries values (1, x'00'), (2, x'01'), (3, x'02')",
            )
            .unwrap();
        let rows = Rows::of_ledger(directory.path(), 2).unwrap();
        assert!(Rows::of_ledger(directory.path(), 4).is_err());
        let mut reference = Loop::make(directory.path(), rows).unwrap();
        assert!(reference.run(Duration::from_millis(20)).unwrap() > 0);
        let sql = "select count(*), max(position), count(distinct row) from entries";
        let found: (i64, i64, i64) = reference
            .connection
            .query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .unwrap();
        assert_eq!((found.0, found.2), (found.1, 2));
    }
}

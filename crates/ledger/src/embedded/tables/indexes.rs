//! Whether the indexes lead to what is in the tables.

use rusqlite::Connection;

use super::Stored;

/// What is wrong with the tables beside the rows as SQLite keeps them, and with their indexes: a
/// list that is read through a wrong index lacks what is there. `entries` has no index, and every
/// byte of it that counts is recomputed.
pub(in crate::embedded) fn check_indexes(connection: &Connection) -> Stored<Vec<String>> {
    let sql = "select name from sqlite_schema where type = 'table' and name <> 'entries'";
    let mut statement = connection.prepare(sql)?;
    let tables = statement.query_map([], super::first::<String>)?;
    let mut wrong = Vec::new();
    for table in tables {
        let table = table?;
        connection.pragma(None, "integrity_check", &table, |row| {
            let text: String = row.get(0)?;
            if text != "ok" {
                wrong.push(format!("{table}: {text}"));
            }
            Ok(())
        })?;
    }
    Ok(wrong)
}

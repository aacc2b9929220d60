//! Customers, currencies and the other records.

use rusqlite::types::Value as SqlValue;
use rusqlite::{Connection, Row as SqlRow, params, params_from_iter};
use scrip_core::{EnvironmentId, Timestamp};

use super::seal::{self, Seal};
use super::{Stored, as_integer, first, push_stretch};
use crate::work::StoreError;
use crate::{PageRequest, Record, RecordKind, RecordQuery};

pub(in crate::embedded) fn insert_record(connection: &Connection, record: &Record) -> Stored<()> {
    let sql = "insert into records
                   (ordinal, environment, kind, id, created_at, updated_at, archived_at, body,
                    seal)
               values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    let body = body_text(record)?;
    connection.prepare_cached(sql)?.execute(params![
        record.ordinal,
        record.environment.0,
        record.kind.number(),
        record.id,
        record.created_at.milliseconds(),
        record.updated_at.milliseconds(),
        record.archived_at.map(Timestamp::milliseconds),
        body,
        seal_of(record, &body)
    ])?;
    insert_record_keys(connection, record)
}

pub(in crate::embedded) fn update_record(connection: &Connection, record: &Record) -> Stored<()> {
    if let Some(before) = record_by_ordinal(connection, record.ordinal)? {
        remove_record_keys(connection, &before)?;
    }
    let sql = "update records set updated_at = ?2, archived_at = ?3, body = ?4, seal = ?5
               where ordinal = ?1";
    let body = body_text(record)?;
    connection.prepare_cached(sql)?.execute(params![
        record.ordinal,
        record.updated_at.milliseconds(),
        record.archived_at.map(Timestamp::milliseconds),
        body,
        seal_of(record, &body)
    ])?;
    insert_record_keys(connection, record)
}

pub(in crate::embedded) fn remove_record(connection: &Connection, record: &Record) -> Stored<()> {
    remove_record_keys(connection, record)?;
    let sql = "delete from records where ordinal = ?1";
    connection.prepare_cached(sql)?.execute(params![record.ordinal])?;
    Ok(())
}

fn remove_record_keys(connection: &Connection, record: &Record) -> Stored<()> {
    let sql = "delete from record_keys
               where environment = ?1 and kind = ?2 and name = ?3 and value = ?4
                 and ordinal = ?5";
    let (environment, kind) = (record.environment.0, record.kind.number());
    for (name, value) in record.keys() {
        let values = params![environment, kind, name, value, record.ordinal];
        connection.prepare_cached(sql)?.execute(values)?;
    }
    Ok(())
}

fn seal_of(record: &Record, body: &str) -> u32 {
    Seal::of("records")
        .number(record.ordinal)
        .number(record.environment.0)
        .number(record.kind.number())
        .text(&record.id)
        .number(record.created_at.milliseconds())
        .number(record.updated_at.milliseconds())
        .maybe(record.archived_at.map(Timestamp::milliseconds), Seal::number)
        .text(body)
        .finish()
}

fn insert_record_keys(connection: &Connection, record: &Record) -> Stored<()> {
    let sql = "insert into record_keys (environment, kind, name, value, ordinal)
               values (?1, ?2, ?3, ?4, ?5)";
    let (environment, kind) = (record.environment.0, record.kind.number());
    for (name, value) in record.keys() {
        let values = params![environment, kind, name, value, record.ordinal];
        connection.prepare_cached(sql)?.execute(values)?;
    }
    Ok(())
}

const RECORD_COLUMNS: &str =
    "ordinal, environment, kind, id, created_at, updated_at, archived_at, body, seal";

/// The live record of this identifier, else the one archived last.
pub(in crate::embedded) fn record(
    connection: &Connection,
    environment: EnvironmentId,
    kind: RecordKind,
    id: &str,
) -> Stored<Option<Record>> {
    let sql = format!(
        "select {RECORD_COLUMNS} from records
         where environment = ?1 and kind = ?2 and id = ?3
         order by archived_at is not null, archived_at desc, ordinal desc limit 1"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![environment.0, kind.number(), id])?;
    rows.next()?.map(|row| read_record(row, kind)).transpose()
}

pub(in crate::embedded) fn has_archived(
    connection: &Connection,
    environment: EnvironmentId,
    kind: RecordKind,
    id: &str,
) -> Stored<bool> {
    let sql = "select exists (select 1 from records
               where environment = ?1 and kind = ?2 and id = ?3 and archived_at is not null)";
    let values = params![environment.0, kind.number(), id];
    Ok(connection.prepare_cached(sql)?.query_row(values, first)?)
}

pub(in crate::embedded) fn count_live(
    connection: &Connection,
    environment: EnvironmentId,
    kind: RecordKind,
) -> Stored<usize> {
    let sql = "select count(*) from records
               where environment = ?1 and kind = ?2 and archived_at is null";
    let values = params![environment.0, kind.number()];
    let count: i64 = connection.prepare_cached(sql)?.query_row(values, first)?;
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

pub(in crate::embedded) fn last_record(connection: &Connection) -> Stored<u64> {
    Ok(connection.query_row("select coalesce(max(ordinal), 0) from records", [], first)?)
}

/// How many records there are, and when the last one changed, in milliseconds.
pub(in crate::embedded) fn latest_record(connection: &Connection) -> Stored<(u64, i64)> {
    let sql = "select count(*), coalesce(max(updated_at), 0) from records";
    Ok(connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

/// Some records behind an ordinal, in order.
pub(in crate::embedded) fn records_after(
    connection: &Connection,
    ordinal: u64,
    most: usize,
) -> Stored<Vec<Record>> {
    let sql = format!(
        "select {RECORD_COLUMNS} from records where ordinal > ?1 order by ordinal limit ?2"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![ordinal, as_integer(most)])?;
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        records.push(read_record_of_any_kind(row)?);
    }
    Ok(records)
}

/// All records of a kind, for what is kept in memory.
pub(in crate::embedded) fn all_records(
    connection: &Connection,
    environment: EnvironmentId,
    kind: RecordKind,
) -> Stored<Vec<Record>> {
    let sql = format!(
        "select {RECORD_COLUMNS} from records where environment = ?1 and kind = ?2
         order by ordinal"
    );
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query(params![environment.0, kind.number()])?;
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        records.push(read_record(row, kind)?);
    }
    Ok(records)
}

/// The records of a query that a page may show and one more, walking away from its start.
pub(in crate::embedded) fn records(
    connection: &Connection,
    query: &RecordQuery,
    page: PageRequest,
) -> Stored<Vec<(u64, Record)>> {
    let (low, high) = query.created.bounds();
    let mut sql = format!(
        "select {RECORD_COLUMNS} from records
         where environment = ?1 and kind = ?2 and created_at between ?3 and ?4"
    );
    let mut values: Vec<SqlValue> =
        vec![query.environment.0.into(), query.kind.number().into(), low.into(), high.into()];
    match query.archived {
        Some(true) => sql.push_str(" and archived_at is not null"),
        Some(false) => sql.push_str(" and archived_at is null"),
        None => {}
    }
    for (name, value) in &query.matching {
        let (name_at, value_at) = (values.len() + 1, values.len() + 2);
        sql.push_str(&format!(
            " and ordinal in (select ordinal from record_keys
              where environment = ?1 and kind = ?2 and name = ?{name_at} and value = ?{value_at})"
        ));
        values.push((*name).to_owned().into());
        values.push(value.clone().into());
    }
    push_stretch(&mut sql, page);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        let record = read_record(row, query.kind)?;
        records.push((record.ordinal, record));
    }
    Ok(records)
}

pub(in crate::embedded) fn record_by_ordinal(
    connection: &Connection,
    ordinal: u64,
) -> Stored<Option<Record>> {
    let sql = format!("select {RECORD_COLUMNS} from records where ordinal = ?1");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([ordinal])?;
    rows.next()?.map(read_record_of_any_kind).transpose()
}

fn read_record_of_any_kind(row: &SqlRow<'_>) -> Stored<Record> {
    let (ordinal, number): (u64, u8) = (row.get("ordinal")?, row.get("kind")?);
    let kind = RecordKind::of_number(number)
        .ok_or_else(|| StoreError::Corrupt(format!("records {ordinal}: kind {number}")))?;
    read_record(row, kind)
}

fn read_record(row: &SqlRow<'_>, kind: RecordKind) -> Stored<Record> {
    let ordinal: u64 = row.get("ordinal")?;
    let wrong = |what| move || StoreError::Corrupt(format!("records {ordinal}: {what}"));
    let instant = |at: i64| Timestamp::from_milliseconds(at).ok().ok_or_else(wrong("an instant"));
    let body: String = row.get("body")?;
    let archived_at: Option<i64> = row.get("archived_at")?;
    let record = Record {
        ordinal,
        environment: EnvironmentId(row.get("environment")?),
        kind,
        id: row.get("id")?,
        created_at: instant(row.get("created_at")?)?,
        updated_at: instant(row.get("updated_at")?)?,
        archived_at: archived_at.map(instant).transpose()?,
        body: serde_json::from_str(&body).ok().ok_or_else(wrong("body"))?,
    };
    let stated: u32 = row.get("seal")?;
    seal::check(seal_of(&record, &body) == stated, "records", ordinal)?;
    Ok(record)
}

/// Tells of the records that cannot be read.
pub(in crate::embedded) fn check_records(
    connection: &Connection,
    mut tell: impl FnMut(StoreError),
) -> Stored<()> {
    let sql = format!("select {RECORD_COLUMNS} from records order by ordinal");
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        read_record_of_any_kind(row).map_or_else(&mut tell, drop);
    }
    Ok(())
}

fn body_text(record: &Record) -> Stored<String> {
    serde_json::to_string(&record.body)
        .map_err(|error| StoreError::Failed(format!("writing a record: {error}")))
}

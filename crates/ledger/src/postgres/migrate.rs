//! The tables, made and changed step by step: numbered files, applied once each and never undone.

use super::OpenError;
use super::database::Database;
use super::session::Session;
use super::tables::column;
use crate::work::StoreError;

/// A step, with the number that is its place.
struct Step {
    number: i32,
    name: &'static str,
    sql: &'static str,
}

/// All steps, in order.
const STEPS: [Step; 3] = [
    Step { number: 1, name: "ledger", sql: include_str!("migrations/0001_ledger.sql") },
    Step { number: 2, name: "usage", sql: include_str!("migrations/0002_usage.sql") },
    Step { number: 3, name: "lookups", sql: include_str!("migrations/0003_lookups.sql") },
];

/// What nodes that start at once wait for, so that one of them makes the tables. Any number does
/// that nobody else uses in the same database.
const LOCK: i64 = 0x7363_7269_7000;

/// How the tables stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// The last step that was applied; 0 if there is none.
    pub number: i32,
    /// How many steps were applied just now.
    pub applied: usize,
}

/// Applies the steps that are missing, all or none. Nodes that start at once wait for each other.
pub fn migrate(database: &Database) -> Result<Migrated, OpenError> {
    let session = database.connect()?;
    let migrated = apply(&session);
    if migrated.is_err() {
        // The connection goes, and the transaction with it.
        let _ = session.roll_back();
    }
    migrated
}

fn apply(session: &Session) -> Result<Migrated, OpenError> {
    // Others may take as long as they need; this one waits for them.
    session.wait_for_ever()?;
    session.run("begin; set local lock_timeout = 0")?;
    session.query("select pg_advisory_xact_lock($1)", &[&LOCK])?;
    let found = last_step(session)?;
    refuse_newer(found)?;
    let missing: Vec<&Step> = STEPS.iter().filter(|step| step.number > found).collect();
    if found == 0 {
        session.run(
            "create schema if not exists scrip;
             create table scrip.schema_migrations (
                 number integer primary key,
                 name text not null,
                 applied_at timestamptz not null default now()
             )",
        )?;
    }
    for step in &missing {
        session.run(step.sql)?;
        let sql = "insert into schema_migrations (number, name) values ($1, $2)";
        session.query(sql, &[&step.number, &step.name])?;
        tracing::info!(number = step.number, name = step.name, "the database was migrated");
    }
    session.run("commit")?;
    Ok(Migrated { number: known(), applied: missing.len() })
}

/// The tables are those that this version knows, or why they are not.
pub fn check(session: &Session) -> Result<(), OpenError> {
    let found = last_step(session)?;
    refuse_newer(found)?;
    if found < known() { Err(OpenError::Behind { found, known: known() }) } else { Ok(()) }
}

/// No copy was left unfinished, or why there is nothing to serve.
pub fn check_whole(session: &Session) -> Result<(), OpenError> {
    match unfinished_copy(session)? {
        None => Ok(()),
        Some(_) => Err(OpenError::Unfinished),
    }
}

/// How far a copy into this database is that was not finished.
pub fn unfinished_copy(session: &Session) -> Result<Option<Vec<u8>>, StoreError> {
    let row = session.first("select value from meta where name = 'copy'", &[])?;
    row.as_ref().map(|row| column(row, "value")).transpose()
}

fn refuse_newer(found: i32) -> Result<(), OpenError> {
    if found > known() { Err(OpenError::Newer { found, known: known() }) } else { Ok(()) }
}

/// The last step that this version knows.
fn known() -> i32 {
    STEPS.last().map_or(0, |step| step.number)
}

fn last_step(session: &Session) -> Result<i32, StoreError> {
    // Asked of the catalogue itself: what a session once looked up by name and did not find, it may still
    // not find after it has waited for whoever made it.
    let sql = "
        select exists (select 1 from pg_class c join pg_namespace n on n.oid = c.relnamespace
                       where n.nspname = 'scrip' and c.relname = 'schema_migrations')";
    let exists = session.first(sql, &[])?.is_some_and(|row| row.get(0));
    if !exists {
        return Ok(0);
    }
    let sql = "select coalesce(max(number), 0) from scrip.schema_migrations";
    Ok(session.first(sql, &[])?.map_or(0, |row| row.get(0)))
}

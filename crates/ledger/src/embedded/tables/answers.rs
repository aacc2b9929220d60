//! Answers that are found again.

use rusqlite::{Connection, OptionalExtension as _, Row as SqlRow, params};
use scrip_core::Timestamp;

use super::{Stored, as_integer};
use crate::{Claim, StoredAnswer};

pub(in crate::embedded) fn claimed(
    connection: &Connection,
    scope: [u8; 32],
) -> Stored<Option<([u8; 32], StoredAnswer)>> {
    let sql = "select body, status, answer from claims where scope = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let read = |row: &SqlRow<'_>| {
        let answer = StoredAnswer { status: row.get("status")?, body: row.get("answer")? };
        Ok((row.get("body")?, answer))
    };
    Ok(statement.query_row([scope], read).optional()?)
}

pub(in crate::embedded) fn insert_claim(
    connection: &Connection,
    claim: Claim,
    now: Timestamp,
    answer: &StoredAnswer,
) -> Stored<()> {
    // A claim that is there already keeps its first answer.
    let sql = "insert into claims (scope, body, stored_at, status, answer)
               values (?1, ?2, ?3, ?4, ?5) on conflict do nothing";
    let values = params![claim.scope, claim.body, now.milliseconds(), answer.status, answer.body];
    connection.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

pub(in crate::embedded) fn latest_attempt(
    connection: &Connection,
    scope: [u8; 32],
    since: Timestamp,
) -> Stored<Option<StoredAnswer>> {
    let sql = "select status, answer from attempts where scope = ?1 and stored_at >= ?2
               order by stored_at desc, number desc limit 1";
    let mut statement = connection.prepare_cached(sql)?;
    let read = |row: &SqlRow<'_>| {
        Ok(StoredAnswer { status: row.get("status")?, body: row.get("answer")? })
    };
    Ok(statement.query_row(params![scope, since.milliseconds()], read).optional()?)
}

pub(in crate::embedded) fn insert_attempt(
    connection: &Connection,
    scope: [u8; 32],
    now: Timestamp,
    answer: &StoredAnswer,
) -> Stored<()> {
    let sql = "insert into attempts (scope, stored_at, status, answer) values (?1, ?2, ?3, ?4)";
    let values = params![scope, now.milliseconds(), answer.status, answer.body];
    connection.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

/// How many claims, and how many attempts, are forgotten at once.
const PRUNED_MOST: usize = 500;

/// Forgets some claims and attempts that were stored before these instants; whether there may be
/// more.
pub(in crate::embedded) fn prune(
    connection: &Connection,
    claims_before: Timestamp,
    attempts_before: Timestamp,
) -> Stored<bool> {
    let most = as_integer(PRUNED_MOST);
    let claims = "delete from claims where scope in
                      (select scope from claims where stored_at < ?1 limit ?2)";
    let claims =
        connection.prepare_cached(claims)?.execute(params![claims_before.milliseconds(), most])?;
    let attempts = "delete from attempts where number in
                        (select number from attempts where stored_at < ?1 limit ?2)";
    let attempts = connection
        .prepare_cached(attempts)?
        .execute(params![attempts_before.milliseconds(), most])?;
    Ok(claims == PRUNED_MOST || attempts == PRUNED_MOST)
}

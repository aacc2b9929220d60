//! Answers that are found again.

use rusqlite::{Connection, OptionalExtension as _, Row as SqlRow, params};
use scrip_core::Timestamp;

use super::seal::{self, Seal};
use super::{Stored, as_integer};
use crate::copying::CarriedAnswer;
use crate::{Claim, StoredAnswer};

pub(in crate::embedded) fn claimed(
    connection: &Connection,
    scope: [u8; 32],
) -> Stored<Option<([u8; 32], StoredAnswer)>> {
    let sql = "select body, stored_at, status, answer, seal from claims where scope = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let read = |row: &SqlRow<'_>| Ok((row.get("body")?, read_answer(row)?));
    let found: Option<([u8; 32], Sealed)> = statement.query_row([scope], read).optional()?;
    found
        .map(|(body, Sealed { stored_at, answer, seal })| {
            let is_sealed = seal_of_claim(Claim { scope, body }, stored_at, &answer) == seal;
            seal::check(is_sealed, "claims", stored_at)?;
            Ok((body, answer))
        })
        .transpose()
}

/// An answer as it lies in the file.
struct Sealed {
    stored_at: i64,
    answer: StoredAnswer,
    seal: u32,
}

fn read_answer(row: &SqlRow<'_>) -> rusqlite::Result<Sealed> {
    let answer = StoredAnswer { status: row.get("status")?, body: row.get("answer")? };
    Ok(Sealed { stored_at: row.get("stored_at")?, answer, seal: row.get("seal")? })
}

fn seal_of_claim(claim: Claim, stored_at: i64, answer: &StoredAnswer) -> u32 {
    Seal::of("claims")
        .bytes(&claim.scope)
        .bytes(&claim.body)
        .number(stored_at)
        .number(answer.status)
        .bytes(&answer.body)
        .finish()
}

fn seal_of_attempt(scope: &[u8; 32], stored_at: i64, answer: &StoredAnswer) -> u32 {
    Seal::of("attempts")
        .bytes(scope)
        .number(stored_at)
        .number(answer.status)
        .bytes(&answer.body)
        .finish()
}

pub(in crate::embedded) fn insert_claim(
    connection: &Connection,
    claim: Claim,
    now: Timestamp,
    answer: &StoredAnswer,
) -> Stored<()> {
    // A claim that is there already keeps its first answer.
    let sql = "insert into claims (scope, body, stored_at, status, answer, seal)
               values (?1, ?2, ?3, ?4, ?5, ?6) on conflict do nothing";
    let stored_at = now.milliseconds();
    let seal = seal_of_claim(claim, stored_at, answer);
    let values = params![claim.scope, claim.body, stored_at, answer.status, answer.body, seal];
    connection.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

pub(in crate::embedded) fn latest_attempt(
    connection: &Connection,
    scope: [u8; 32],
    since: Timestamp,
) -> Stored<Option<StoredAnswer>> {
    let sql = "select stored_at, status, answer, seal from attempts
               where scope = ?1 and stored_at >= ?2
               order by stored_at desc, number desc limit 1";
    let mut statement = connection.prepare_cached(sql)?;
    let values = params![scope, since.milliseconds()];
    let found = statement.query_row(values, read_answer).optional()?;
    found
        .map(|Sealed { stored_at, answer, seal }| {
            let is_sealed = seal_of_attempt(&scope, stored_at, &answer) == seal;
            seal::check(is_sealed, "attempts", stored_at)?;
            Ok(answer)
        })
        .transpose()
}

pub(in crate::embedded) fn insert_attempt(
    connection: &Connection,
    scope: [u8; 32],
    now: Timestamp,
    answer: &StoredAnswer,
) -> Stored<()> {
    let sql = "insert into attempts (scope, stored_at, status, answer, seal)
               values (?1, ?2, ?3, ?4, ?5)";
    let stored_at = now.milliseconds();
    let seal = seal_of_attempt(&scope, stored_at, answer);
    let values = params![scope, stored_at, answer.status, answer.body, seal];
    connection.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

/// Some claims behind a hash, in order.
pub(in crate::embedded) fn claims_after(
    connection: &Connection,
    scope: [u8; 32],
    most: usize,
) -> Stored<Vec<CarriedAnswer>> {
    let sql = "select scope, body, stored_at, status, answer, seal from claims
               where scope > ?1 order by scope limit ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![scope, as_integer(most)])?;
    let mut claims = Vec::new();
    while let Some(row) = rows.next()? {
        let (scope, body) = (row.get("scope")?, row.get("body")?);
        let Sealed { stored_at, answer, seal } = read_answer(row)?;
        let is_sealed = seal_of_claim(Claim { scope, body }, stored_at, &answer) == seal;
        seal::check(is_sealed, "claims", stored_at)?;
        claims.push(CarriedAnswer { scope, body: Some(body), stored_at, answer });
    }
    Ok(claims)
}

/// Some attempts behind a number, in order, and the number of the last one.
pub(in crate::embedded) fn attempts_after(
    connection: &Connection,
    number: u64,
    most: usize,
) -> Stored<(Vec<CarriedAnswer>, u64)> {
    let sql = "select number, scope, stored_at, status, answer, seal from attempts
               where number > ?1 order by number limit ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![number, as_integer(most)])?;
    let (mut attempts, mut last) = (Vec::new(), number);
    while let Some(row) = rows.next()? {
        last = row.get("number")?;
        let scope = row.get("scope")?;
        let Sealed { stored_at, answer, seal } = read_answer(row)?;
        let is_sealed = seal_of_attempt(&scope, stored_at, &answer) == seal;
        seal::check(is_sealed, "attempts", stored_at)?;
        attempts.push(CarriedAnswer { scope, body: None, stored_at, answer });
    }
    Ok((attempts, last))
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

//! Answers that are found again.

use scrip_core::Timestamp;
use tokio_postgres::Row;

use super::{Stored, bucket_column, column, count, group_of, integer};
use crate::copying::{After, Batch, CarriedAnswer};
use crate::postgres::session::{Ask, Session, ask};
use crate::work::StoreError;
use crate::{Claim, StoredAnswer};

/// A claim's body hash and answer.
pub type Claimed = ([u8; 32], StoredAnswer);

/// Where the answers under a hash lie.
fn bucket_of_scope(scope: &[u8; 32]) -> i16 {
    bucket_column(u16::from_be_bytes([scope[0], scope[1]]) & 1_023)
}

/// A claim's body hash and answer.
pub fn claimed(session: &Session, scope: [u8; 32]) -> Stored<Option<Claimed>> {
    let sql = "select body, status, answer from claims where bucket = $1 and scope = $2";
    let row = session.first(sql, &[&bucket_of_scope(&scope), &&scope[..]])?;
    row.as_ref().map(read_claimed).transpose()
}

fn read_claimed(row: &Row) -> Stored<Claimed> {
    let body: &[u8] = column(row, "body")?;
    let wrong = |_| StoreError::Corrupt("claims: the hash of a body".to_owned());
    Ok((body.try_into().map_err(wrong)?, read_answer(row)?))
}

fn read_answer(row: &Row) -> Stored<StoredAnswer> {
    let status: i16 = column(row, "status")?;
    let status = u16::try_from(status)
        .map_err(|_| StoreError::Corrupt(format!("an answer's status {status}")))?;
    Ok(StoredAnswer { status, body: column(row, "answer")? })
}

/// Stores the answer of a claim by itself; one that is there already keeps its first answer.
pub fn store_claim(session: &Session, claim: Claim, answer: &StoredAnswer, now: i64) -> Stored<()> {
    let sql = "
        insert into claims (bucket, scope, body, status, answer, stored_at)
        values ($1, $2, $3, $4, $5, $6) on conflict do nothing";
    let status = i16::try_from(answer.status).unwrap_or(i16::MAX);
    let (bucket, scope, body) = (bucket_of_scope(&claim.scope), &claim.scope[..], &claim.body[..]);
    let values =
        [&bucket as _, &scope as _, &body as _, &status as _, &answer.body as _, &now as _];
    session.query(sql, &values).map(drop)
}

/// The latest answer that was stored for an attempt at or after an instant.
pub fn latest_attempt(
    session: &Session,
    scope: [u8; 32],
    since: Timestamp,
) -> Stored<Option<StoredAnswer>> {
    let sql = "
        select status, answer from attempts
        where bucket = $1 and scope = $2 and stored_at >= $3
        order by stored_at desc, number desc limit 1";
    let values = [&bucket_of_scope(&scope) as _, &&scope[..] as _, &since.milliseconds() as _];
    session.first(sql, &values)?.as_ref().map(read_answer).transpose()
}

/// Claims to be looked up, column by column.
#[derive(Default)]
pub struct Asked {
    buckets: Vec<i16>,
    scopes: Vec<Vec<u8>>,
}

impl Asked {
    /// None.
    pub const fn is_empty(&self) -> bool {
        self.scopes.is_empty()
    }

    /// Another one.
    pub fn push(&mut self, scope: [u8; 32]) {
        self.buckets.push(bucket_of_scope(&scope));
        self.scopes.push(scope.to_vec());
    }

    /// The claims.
    pub fn asked(&self) -> impl Iterator<Item = [u8; 32]> {
        self.scopes.iter().filter_map(|scope| scope.as_slice().try_into().ok())
    }

    /// The claims of them that are answered.
    pub fn find(&self) -> Ask<'_> {
        let sql = "
            select c.scope, c.body, c.status, c.answer
            from unnest($1::smallint[], $2::bytea[]) as k (bucket, scope)
            join claims c on c.bucket = k.bucket and c.scope = k.scope";
        ask(sql, &[&self.buckets, &self.scopes])
    }
}

/// A row of [`Asked::find`].
pub fn read_scope(row: &Row) -> Stored<([u8; 32], Claimed)> {
    let scope: &[u8] = column(row, "scope")?;
    let wrong = |_| StoreError::Corrupt("claims: a scope".to_owned());
    Ok((scope.try_into().map_err(wrong)?, read_claimed(row)?))
}

/// Answers to be stored, column by column.
#[derive(Default)]
pub struct Added {
    buckets: Vec<i16>,
    scopes: Vec<Vec<u8>>,
    bodies: Vec<Vec<u8>>,
    statuses: Vec<i16>,
    answers: Vec<Vec<u8>>,
}

impl Added {
    /// None.
    pub const fn is_empty(&self) -> bool {
        self.scopes.is_empty()
    }

    /// The answer of a claim.
    pub fn push_claim(&mut self, claim: Claim, answer: &StoredAnswer) {
        self.push_attempt(claim.scope, answer);
        self.bodies.push(claim.body.to_vec());
    }

    /// The answer of an attempt.
    pub fn push_attempt(&mut self, scope: [u8; 32], answer: &StoredAnswer) {
        self.buckets.push(bucket_of_scope(&scope));
        self.scopes.push(scope.to_vec());
        self.statuses.push(i16::try_from(answer.status).unwrap_or(i16::MAX));
        self.answers.push(answer.body.clone());
    }

    /// The latest answer of an attempt, if it is one of these.
    pub fn latest(&self, scope: &[u8; 32]) -> Option<StoredAnswer> {
        let at = self.scopes.iter().rposition(|known| known == scope)?;
        let status = u16::try_from(self.statuses[at]).unwrap_or(0);
        Some(StoredAnswer { status, body: self.answers[at].clone() })
    }

    /// Stores them as claims. One that somebody else stored meanwhile fails, so that whoever comes
    /// second does nothing and answers what the first one did.
    pub fn insert_claims<'a>(&'a self, now: &'a i64) -> Ask<'a> {
        let sql = "
            insert into claims (bucket, scope, body, status, answer, stored_at)
            select c.*, $6::bigint
            from unnest($1::smallint[], $2::bytea[], $3::bytea[], $4::smallint[], $5::bytea[]) c";
        let Self { buckets, scopes, bodies, statuses, answers } = self;
        ask(sql, &[buckets, scopes, bodies, statuses, answers, now])
    }

    /// Stores them as attempts.
    pub fn insert_attempts<'a>(&'a self, now: &'a i64) -> Ask<'a> {
        let sql = "
            insert into attempts (bucket, scope, status, answer, stored_at)
            select a.*, $5::bigint
            from unnest($1::smallint[], $2::bytea[], $3::smallint[], $4::bytea[]) a";
        ask(sql, &[&self.buckets, &self.scopes, &self.statuses, &self.answers, now])
    }
}

/// Some claims behind another, by bucket and hash.
pub fn claims_after(session: &Session, after: After, most: i64) -> Stored<Batch<CarriedAnswer>> {
    let sql = "
        select bucket, scope, body, stored_at, status, answer from claims
        where (bucket, scope) > ($1, $2) order by bucket, scope limit $3";
    let values = [&group_of(after) as _, &&after.scope[..] as _, &most as _];
    let mut batch = Batch { items: Vec::new(), after };
    for row in &session.query(sql, &values)? {
        let (scope, (body, answer)) = read_scope(row)?;
        batch.after = After { group: bucket_group(row)?, scope, ..After::default() };
        let stored_at = column(row, "stored_at")?;
        batch.items.push(CarriedAnswer { scope, body: Some(body), stored_at, answer });
    }
    Ok(batch)
}

/// Some attempts behind another, by bucket, hash and number.
pub fn attempts_after(session: &Session, after: After, most: i64) -> Stored<Batch<CarriedAnswer>> {
    let sql = "
        select bucket, scope, number, stored_at, status, answer from attempts
        where (bucket, scope, number) > ($1, $2, $3) order by bucket, scope, number limit $4";
    let values =
        [&group_of(after) as _, &&after.scope[..] as _, &integer(after.number) as _, &most as _];
    let mut batch = Batch { items: Vec::new(), after };
    for row in &session.query(sql, &values)? {
        let scope: &[u8] = column(row, "scope")?;
        let wrong = |_| StoreError::Corrupt("attempts: a scope".to_owned());
        let scope = scope.try_into().map_err(wrong)?;
        batch.after = After { group: bucket_group(row)?, number: count(row, "number")?, scope };
        let (stored_at, answer) = (column(row, "stored_at")?, read_answer(row)?);
        batch.items.push(CarriedAnswer { scope, body: None, stored_at, answer });
    }
    Ok(batch)
}

fn bucket_group(row: &Row) -> Stored<u32> {
    let bucket: i16 = column(row, "bucket")?;
    Ok(bucket.unsigned_abs().into())
}

/// Stores answers as they were stored elsewhere.
pub fn carry(session: &Session, answers: &[CarriedAnswer]) -> Stored<()> {
    let (mut claims, mut attempts) = (Added::default(), Added::default());
    let (mut claimed_at, mut attempted_at) = (Vec::new(), Vec::new());
    for CarriedAnswer { scope, body, stored_at, answer } in answers {
        match body {
            Some(body) => {
                claims.push_claim(Claim { scope: *scope, body: *body }, answer);
                claimed_at.push(*stored_at);
            }
            None => {
                attempts.push_attempt(*scope, answer);
                attempted_at.push(*stored_at);
            }
        }
    }
    let sql = "
        insert into claims (bucket, scope, body, status, answer, stored_at)
        select * from unnest($1::smallint[], $2::bytea[], $3::bytea[], $4::smallint[],
            $5::bytea[], $6::bigint[])";
    let Added { buckets, scopes, bodies, statuses, answers } = &claims;
    session.query(sql, &[buckets, scopes, bodies, statuses, answers, &claimed_at])?;
    let sql = "
        insert into attempts (bucket, scope, status, answer, stored_at)
        select * from unnest($1::smallint[], $2::bytea[], $3::smallint[], $4::bytea[],
            $5::bigint[])";
    let Added { buckets, scopes, statuses, answers, .. } = &attempts;
    session.query(sql, &[buckets, scopes, statuses, answers, &attempted_at]).map(drop)
}

/// How many claims, and how many attempts, are forgotten at once.
const PRUNED_MOST: i64 = 500;

/// Forgets some claims and attempts that were stored before these instants; whether there may be
/// more.
pub fn prune(session: &Session, claims_before: i64, attempts_before: i64) -> Stored<bool> {
    let claims = "
        delete from claims where (bucket, scope) in
            (select bucket, scope from claims where stored_at < $1 limit $2
             for update skip locked)
        returning 1";
    let attempts = "
        delete from attempts where (bucket, scope, number) in
            (select bucket, scope, number from attempts where stored_at < $1 limit $2
             for update skip locked)
        returning 1";
    let claims = session.query(claims, &[&claims_before, &PRUNED_MOST])?.len();
    let attempts = session.query(attempts, &[&attempts_before, &PRUNED_MOST])?.len();
    Ok(claims.max(attempts) >= usize::try_from(PRUNED_MOST).unwrap_or(usize::MAX))
}

//! The statements on the tables, one file for each table.

pub mod answers;
pub mod entries;
pub mod events;
pub mod grants;
pub mod names;
pub mod numbers;
pub mod places;
pub mod records;
pub mod states;
pub mod usage;
pub mod wallets;

use scrip_core::{CustomerId, EnvironmentId, Timestamp, bucket};
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use crate::copying::After;
use crate::work::StoreError;
use crate::{PageRequest, Start};

type Stored<T> = Result<T, StoreError>;

/// A column of a row; one of another type is damage.
pub fn column<'a, T: FromSql<'a>>(row: &'a Row, name: &str) -> Stored<T> {
    row.try_get(name).map_err(|error| StoreError::Corrupt(format!("column {name}: {error}")))
}

/// A column that holds a number from 0 on.
pub fn count(row: &Row, name: &str) -> Stored<u64> {
    let number: i64 = column(row, name)?;
    u64::try_from(number).map_err(|_| StoreError::Corrupt(format!("column {name}: {number}")))
}

/// A column that holds an instant.
fn instant(row: &Row, name: &str) -> Stored<Timestamp> {
    let at: i64 = column(row, name)?;
    Timestamp::from_milliseconds(at)
        .map_err(|_| StoreError::Corrupt(format!("column {name}: {at} is no instant")))
}

/// A column that names an environment.
fn environment(row: &Row, name: &str) -> Stored<EnvironmentId> {
    let number: i64 = column(row, name)?;
    u32::try_from(number)
        .map(EnvironmentId)
        .map_err(|_| StoreError::Corrupt(format!("column {name}: {number}")))
}

/// A number as it is bound. Positions and counters never come near the bound.
pub fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A seal as it is bound: the same bits.
const fn seal_column(seal: u32) -> i32 {
    seal.cast_signed()
}

/// A bucket as it is bound: buckets end at 1,023.
pub fn bucket_column(bucket: u16) -> i16 {
    i16::try_from(bucket).unwrap_or(i16::MAX)
}

/// The bucket of a customer, as it is bound.
pub fn bucket_of(environment: EnvironmentId, customer: &CustomerId) -> i16 {
    bucket_column(bucket(environment, customer))
}

/// The bucket behind which a copy goes on.
fn group_of(after: After) -> i16 {
    i16::try_from(after.group).unwrap_or(i16::MAX)
}

/// Behind the last of some rows by bucket and ordinal.
fn after_last(rows: &[Row], after: After) -> Stored<After> {
    let Some(last) = rows.last() else { return Ok(after) };
    let bucket: i16 = column(last, "bucket")?;
    Ok(After { group: bucket.unsigned_abs().into(), ..After::number(count(last, "ordinal")?) })
}

/// A page by ordinals: between two of them, both excluded.
struct Stretch {
    after: i64,
    before: i64,
    /// The newest first.
    down: bool,
    /// What a page may show and one more.
    most: i64,
}

fn stretch(page: PageRequest) -> Stretch {
    let most = i64::try_from(page.limit.saturating_add(1)).unwrap_or(i64::MAX);
    let (after, before, down) = match page.start {
        Start::Newest => (-1, i64::MAX, true),
        Start::After(point) => (-1, integer(point.position), true),
        Start::Before(point) => (integer(point.position), i64::MAX, false),
    };
    Stretch { after, before, down, most }
}

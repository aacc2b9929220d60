//! Numbers that are given out once each, to whoever asks first.

use std::collections::VecDeque;

use super::{Stored, column};
use crate::postgres::session::{Ask, Session, ask};
use crate::work::StoreError;
use tokio_postgres::Row;

/// Numbers of a sequence for one transaction. They ascend; what is left over is never used: a later
/// transaction must have later numbers.
pub struct Numbers {
    sql: &'static str,
    spare: VecDeque<u64>,
}

/// How many numbers are asked for at least.
const AT_ONCE: i64 = 8;

macro_rules! numbers {
    ($sequence:literal) => {
        concat!(
            "select array_agg(nextval('",
            $sequence,
            "')) as numbers from generate_series(1, $1::bigint)"
        )
    };
}

impl Numbers {
    /// Positions of rows.
    pub const fn of_entries() -> Self {
        Self::of(numbers!("entry_position"))
    }

    /// Positions of events.
    pub const fn of_events() -> Self {
        Self::of(numbers!("event_position"))
    }

    /// Numbers of wallets.
    pub const fn of_wallets() -> Self {
        Self::of(numbers!("wallet_number"))
    }

    /// Ordinals of records.
    pub const fn of_records() -> Self {
        Self::of(numbers!("record_ordinal"))
    }

    /// Ordinals of grants.
    pub const fn of_grants() -> Self {
        Self::of(numbers!("grant_ordinal"))
    }

    const fn of(sql: &'static str) -> Self {
        Self { sql, spare: VecDeque::new() }
    }

    /// Asks for some beforehand.
    pub fn ask<'a>(&self, how_many: &'a i64) -> Ask<'a> {
        ask(self.sql, &[how_many])
    }

    /// Takes what was answered.
    pub fn fill(&mut self, rows: &[Row]) -> Stored<()> {
        for row in rows {
            let numbers: Option<Vec<i64>> = column(row, "numbers")?;
            self.spare.extend(numbers.unwrap_or_default().into_iter().map(i64::cast_unsigned));
        }
        Ok(())
    }

    /// Those that are there are not used.
    pub fn forget(&mut self) {
        self.spare.clear();
    }

    /// The next number; `wanted` are needed soon.
    pub fn next(&mut self, session: &Session, wanted: usize) -> Stored<u64> {
        if self.spare.is_empty() {
            let how_many = i64::try_from(wanted).unwrap_or(AT_ONCE).max(AT_ONCE);
            let rows = session.query(self.sql, &[&how_many])?;
            self.fill(&rows)?;
        }
        let none = || StoreError::Failed("a sequence gave no number".to_owned());
        self.spare.pop_front().ok_or_else(none)
    }
}

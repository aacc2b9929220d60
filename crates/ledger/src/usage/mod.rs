//! Usage: what was consumed, when and for what (spec 1.6, decisions 44 and 68).

mod added_up_to;
mod behind;
mod day;
mod days;
mod rows;
mod spans;
mod stored;
mod tally;
mod used;

pub use added_up_to::AddedUpTo;
pub use behind::{NewlyUsed, add_used, used_behind};
pub use day::{
    Day, HourRows, HourSum, PackedDay, SetHour, SetSum, UnreadableDay, read_hour_rows, read_hours,
    read_set_hours, read_sets,
};
pub use days::{Days, stretch_of};
pub use rows::{Rows, TooMany, usage};
pub use spans::Spans;
pub use stored::{DayKey, StoredDay};
pub use tally::Tally;
pub use used::{HourNumber, Used, used, used_of_skimmed};

use std::collections::BTreeMap;

use scrip_core::{Credits, Timestamp, WalletKey};

/// How many ledger rows one question reads at most. Most need none but the newest: whole hours are
/// kept added up. What is read are rows of hours that a question cuts, or of hours with more sets of
/// dimensions than are kept.
pub const USAGE_ROWS_MAX: u64 = 1_000_000;

/// What was consumed of a wallet, in buckets and groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageQuery {
    /// The wallet.
    pub wallet: WalletKey,
    /// Where buckets begin, ascending and not empty; the last one ends with `until`.
    pub buckets: Vec<Timestamp>,
    /// From when on, inclusive; not before the first bucket.
    pub from: Timestamp,
    /// Until when, inclusive.
    pub until: Timestamp,
    /// Dimensions to group by; without any there is one group.
    pub group_by: Vec<String>,
}

/// One group's usage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageSeries {
    /// The values of the dimensions, in the order of the query; a missing one is empty.
    pub tags: Vec<String>,
    /// The sum of the points.
    pub total: Credits,
    /// How many events there were.
    pub count: u64,
    /// Amount and number of events of the buckets that have any, by their places. Groups may be many,
    /// and most have few.
    pub points: BTreeMap<usize, (Credits, u64)>,
}

impl UsageQuery {
    /// The answer for a wallet without rows.
    #[must_use]
    pub fn nothing(&self) -> Vec<UsageSeries> {
        Tally::new(self).finish()
    }

    /// The place of the bucket of an instant; none outside of what is asked for.
    pub(crate) fn bucket(&self, at: Timestamp) -> Option<usize> {
        let is_asked = self.from <= at && at <= self.until;
        is_asked.then(|| self.buckets.partition_point(|begin| *begin <= at).saturating_sub(1))
    }

    /// The place of the bucket that all instants of a stretch lie in; none if there is none.
    pub(crate) fn bucket_of_all(&self, first: Timestamp, last: Timestamp) -> Option<usize> {
        let bucket = self.bucket(first)?;
        (self.bucket(last) == Some(bucket)).then_some(bucket)
    }
}

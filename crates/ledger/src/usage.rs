//! Usage: what was consumed, when and for what (spec 1.6, decisions 44 and 68).

use std::collections::BTreeMap;

use scrip_core::{Credits, Dimension, Event, Leg, Overflow, Row, Timestamp, WalletKey};

use crate::history::{self, Entries, Head};
use crate::work::StoreError;

/// How many rows one question reads at most: all that were recorded since its first instant. Roll-ups,
/// which would need fewer, are not kept yet.
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

/// What a row is as usage: an amount, negative for a refund, at an instant; whether it is an event of
/// its own; and what it was for.
struct Used<'a> {
    at: Timestamp,
    amount: Credits,
    counts: bool,
    dimensions: Option<&'a BTreeMap<String, Dimension>>,
}

/// What a row is as usage. A refund reduces the bucket of what it undoes and is no event (decision
/// 68); a release that consumed nothing is none either.
fn used(row: &Row) -> Result<Option<Used<'_>>, Overflow> {
    let sum = |legs: &[Leg]| Credits::sum(legs.iter().map(|leg| leg.amount));
    let dimensions = row.texts.words().map(|words| &words.dimensions);
    let (at, amount, counts) = match &row.event {
        Event::Consumed { legs } | Event::Released { consumed: legs, .. } => {
            (row.attributed_at, sum(legs)?, true)
        }
        Event::Refunded { legs, attributed_at, .. } => {
            (*attributed_at, sum(legs)?.negated()?, false)
        }
        _ => return Ok(None),
    };
    Ok((!amount.is_zero()).then_some(Used { at, amount, counts, dimensions }))
}

/// The usage of a wallet from its rows, series by their totals, descending; none if more than
/// [`USAGE_ROWS_MAX`] rows were recorded since its first instant.
pub fn usage(
    entries: &impl Entries,
    head: &Head,
    query: &UsageQuery,
) -> Result<Option<Vec<UsageSeries>>, StoreError> {
    let mut series = BTreeMap::<Vec<String>, UsageSeries>::new();
    if query.group_by.is_empty() {
        series.insert(Vec::new(), query.empty(Vec::new()));
    }
    // What was recorded before is attributed to no later instant.
    let ahead = scrip_core::limits::ATTRIBUTION_AHEAD_MAX_MILLISECONDS;
    let oldest = query.from.later(-ahead);
    let (mut position, mut reads) = (head.last, 0_u64);
    while position != 0 {
        let entry = history::read(entries, head, position)?;
        if entry.row.recorded_at < oldest {
            break;
        }
        reads += 1;
        if reads > USAGE_ROWS_MAX {
            return Ok(None);
        }
        query
            .add(&mut series, &entry.row)
            .map_err(|error| StoreError::Corrupt(format!("entries {position}: {error}")))?;
        history::check_older(position, entry.links.previous)?;
        position = entry.links.previous;
    }
    let mut series: Vec<UsageSeries> = series.into_values().collect();
    series
        .sort_by(|one, other| other.total.cmp(&one.total).then_with(|| one.tags.cmp(&other.tags)));
    Ok(Some(series))
}

impl UsageQuery {
    /// The answer for a wallet without rows.
    #[must_use]
    pub fn nothing(&self) -> Vec<UsageSeries> {
        let one = self.group_by.is_empty().then(|| self.empty(Vec::new()));
        one.into_iter().collect()
    }

    fn empty(&self, tags: Vec<String>) -> UsageSeries {
        UsageSeries { tags, total: Credits::ZERO, count: 0, points: BTreeMap::new() }
    }

    fn add(
        &self,
        series: &mut BTreeMap<Vec<String>, UsageSeries>,
        row: &Row,
    ) -> Result<(), Overflow> {
        let Some(used) = used(row)? else { return Ok(()) };
        if used.at < self.from || used.at > self.until {
            return Ok(());
        }
        let bucket = self.buckets.partition_point(|begin| *begin <= used.at).saturating_sub(1);
        let value = |name: &String| {
            let value = used.dimensions.and_then(|dimensions| dimensions.get(name));
            value.map_or(String::new(), |value| value.as_text().to_owned())
        };
        let tags: Vec<String> = self.group_by.iter().map(value).collect();
        let one = series.entry(tags).or_insert_with_key(|tags| self.empty(tags.clone()));
        one.total = one.total.plus(used.amount)?;
        one.count += u64::from(used.counts);
        let point = one.points.entry(bucket).or_default();
        point.0 = point.0.plus(used.amount)?;
        point.1 += u64::from(used.counts);
        Ok(())
    }
}

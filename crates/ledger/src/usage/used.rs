//! What a ledger row is as usage.

use scrip_core::{
    Credits, Dimension, Dimensions, Event, Leg, Overflow, Row, SkimmedRow, Timestamp,
};

const HOUR_MILLISECONDS: i64 = 3_600_000;
/// Hours of a day.
const HOURS: i64 = 24;

/// What a row consumed, or gave back: when, and for what.
pub struct Used<'a> {
    /// The instant that it counts for.
    pub at: Timestamp,
    /// Negative where it was given back.
    pub amount: Credits,
    /// Whether it is an event of its own.
    pub counts: bool,
    dimensions: Named<'a>,
}

/// Dimensions by their names.
enum Named<'a> {
    Whole(Option<&'a Dimensions>),
    Skimmed(&'a [(&'a str, &'a str)]),
}

impl<'a> Used<'a> {
    /// What is said of it.
    pub fn whole(at: Timestamp, amount: Credits, counts: bool, of: &'a Dimensions) -> Self {
        Self { at, amount, counts, dimensions: Named::Whole(Some(of)) }
    }

    /// Its dimensions by their names, with the text of their values.
    pub fn dimensions(&self) -> impl Iterator<Item = (&'a str, &'a str)> + Clone + use<'a> {
        let (whole, skimmed) = match self.dimensions {
            Named::Whole(whole) => (whole, [].as_slice()),
            Named::Skimmed(skimmed) => (None, skimmed),
        };
        let whole = whole.into_iter().flat_map(|dimensions| dimensions.iter());
        let whole = whole.map(|(name, value)| (name, value.as_text()));
        whole.chain(skimmed.iter().copied())
    }

    /// The text of a dimension; empty if it has none of this name.
    pub fn dimension(&self, name: &str) -> &'a str {
        match self.dimensions {
            Named::Whole(whole) => {
                let value = whole.and_then(|dimensions| dimensions.get(name));
                value.map_or("", Dimension::as_text)
            }
            Named::Skimmed(skimmed) => {
                let pair = skimmed.iter().find(|(known, _)| *known == name);
                pair.map_or("", |(_, text)| *text)
            }
        }
    }
}

/// What a row is as usage. A refund reduces the bucket of what it undoes and is no event (decision
/// 68); a release that consumed nothing is none either.
pub fn used(row: &Row) -> Result<Option<Used<'_>>, Overflow> {
    let dimensions = row.texts.words().map(|words| &words.dimensions);
    of(row.attributed_at, &row.event, Named::Whole(dimensions))
}

/// The same of a row that was only skimmed.
pub fn used_of_skimmed<'a>(row: &'a SkimmedRow<'a>) -> Result<Option<Used<'a>>, Overflow> {
    of(row.attributed_at, &row.event, Named::Skimmed(&row.dimensions))
}

fn of<'a>(
    attributed_at: Timestamp,
    event: &Event,
    dimensions: Named<'a>,
) -> Result<Option<Used<'a>>, Overflow> {
    let sum = |legs: &[Leg]| Credits::sum(legs.iter().map(|leg| leg.amount));
    let (at, amount, counts) = match event {
        Event::Consumed { legs } | Event::Released { consumed: legs, .. } => {
            (attributed_at, sum(legs)?, true)
        }
        Event::Refunded { legs, attributed_at, .. } => {
            (*attributed_at, sum(legs)?.negated()?, false)
        }
        _ => return Ok(None),
    };
    Ok((!amount.is_zero()).then_some(Used { at, amount, counts, dimensions }))
}

/// An hour, UTC, counted from 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HourNumber(pub i64);

impl HourNumber {
    /// The hour of an instant.
    pub const fn of(at: Timestamp) -> Self {
        Self(at.milliseconds().div_euclid(HOUR_MILLISECONDS))
    }

    /// Its day, counted from 1970.
    pub const fn day(self) -> i64 {
        self.0.div_euclid(HOURS)
    }

    /// Its place in its day, from 0.
    pub fn of_day(self) -> u8 {
        // A remainder below 24 always fits.
        u8::try_from(self.0.rem_euclid(HOURS)).unwrap_or(0)
    }

    /// An hour of a day.
    pub fn in_day(day: i64, hour: u8) -> Self {
        Self(day.saturating_mul(HOURS).saturating_add(hour.into()))
    }

    /// Its first and last instant.
    pub fn ends(self) -> Option<(Timestamp, Timestamp)> {
        let first = Timestamp::from_milliseconds(self.0.checked_mul(HOUR_MILLISECONDS)?).ok()?;
        Some((first, first.later(HOUR_MILLISECONDS - 1)))
    }
}

//! Recurring grants without a catalogue (spec section 7, decisions 74, 76, 82).

use serde::{Deserialize, Serialize};

use crate::{Credits, Priority, RecurringGrantId, Timestamp};

/// A renewal's place in its wallet's order of creation, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RenewalNumber(pub u32);

/// How long a period is: calendar months or years, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Cadence {
    /// A month.
    Month,
    /// A year.
    Year,
}

impl Cadence {
    /// Every cadence.
    pub const ALL: [Self; 2] = [Self::Month, Self::Year];

    /// The API's spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Month => "MONTH",
            Self::Year => "YEAR",
        }
    }

    /// Reads the API's spelling.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == text)
    }

    const fn months(self) -> i32 {
        match self {
            Self::Month => 1,
            Self::Year => 12,
        }
    }
}

/// What a recurring grant gives, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenewalTerms {
    /// The client's name for it.
    pub id: RecurringGrantId,
    /// What each period gives: positive, at most [`crate::limits::AMOUNT_MAX`].
    pub amount: Credits,
    /// How long a period is.
    pub cadence: Cadence,
    /// Periods begin here and whole cadences before and after it; in a month without its day, on the
    /// last one.
    pub anchor: Timestamp,
    /// The grants' priority.
    pub priority: Priority,
}

impl RenewalTerms {
    /// The first instant after `at` at which a period begins; [`Timestamp::NEVER`] at the end of
    /// time.
    #[must_use]
    pub fn period_after(&self, at: Timestamp) -> Timestamp {
        let (Some(from), Some(to)) = (self.anchor.month(), at.month()) else {
            return Timestamp::NEVER;
        };
        let months = self.cadence.months();
        // Never counted from the period before: a clamped day would stay clamped.
        let begin = |period: i32| self.anchor.months_later(period.saturating_mul(months));
        let mut period = to.saturating_sub(from).div_euclid(months);
        while begin(period) <= at {
            period = period.saturating_add(1);
        }
        begin(period)
    }
}

/// A recurring grant, as its wallet knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renewal {
    /// Its place in the wallet.
    pub number: RenewalNumber,
    /// What it gives, and when.
    pub terms: RenewalTerms,
    /// When the next period begins.
    pub next: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_keep_to_the_day_of_their_anchor() {
        let rows = [
            (Cadence::Month, "2026-01-31", "2026-01-31", "2026-02-28T00:00:00.000Z"),
            (Cadence::Month, "2026-01-31", "2026-02-28", "2026-03-31T00:00:00.000Z"),
            (Cadence::Month, "2026-01-31", "2026-03-30", "2026-03-31T00:00:00.000Z"),
            (Cadence::Month, "2026-01-31", "2027-02-28T00:00:00.001Z", "2027-03-31T00:00:00.000Z"),
            (Cadence::Month, "2026-05-15T08:00", "2026-01-01", "2026-01-15T08:00:00.000Z"),
            (Cadence::Month, "2026-05-15T08:00", "2026-01-15T08:00", "2026-02-15T08:00:00.000Z"),
            (Cadence::Year, "2024-02-29", "2024-02-29", "2025-02-28T00:00:00.000Z"),
            (Cadence::Year, "2024-02-29", "2027-02-28", "2028-02-29T00:00:00.000Z"),
            (Cadence::Year, "2026-06-01", "2026-01-01", "2026-06-01T00:00:00.000Z"),
            (Cadence::Year, "2026-06-01", "2025-06-01", "2026-06-01T00:00:00.000Z"),
        ];
        for (cadence, anchor, at, next) in rows {
            let instant = |text| Timestamp::parse(text).unwrap();
            let terms = RenewalTerms {
                id: RecurringGrantId::parse("basic").unwrap(),
                amount: Credits::whole(1),
                cadence,
                anchor: instant(anchor),
                priority: Priority::DEFAULT,
            };
            assert_eq!(terms.period_after(instant(at)).to_string(), next, "{anchor} after {at}");
        }
    }
}

//! Instants in milliseconds.

use std::fmt;

use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::temporal::Pieces;
use jiff::{SignedDuration, Span};
use serde::{Deserialize, Serialize};

/// The first instant of 1970 on a clock of UTC. Civil time reaches the end of the year 9999, which
/// an instant with an offset, as jiff has it, does not.
const EPOCH: DateTime = Date::constant(1970, 1, 1).to_datetime(Time::midnight());

/// An instant: milliseconds since 1970-01-01T00:00:00Z, between the years 0 and 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

/// A text that is no instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not an ISO 8601 date-time between the years 0 and 9999")]
pub struct InvalidTimestamp;

impl Timestamp {
    /// Later than every instant a request can name.
    pub const NEVER: Self = Self(i64::MAX);
    /// The first and the last instant that can be written with a year of four digits.
    const RANGE: std::ops::RangeInclusive<i64> = -62_167_219_200_000..=253_402_300_799_999;

    /// An instant from milliseconds since the epoch.
    pub fn from_milliseconds(milliseconds: i64) -> Result<Self, InvalidTimestamp> {
        if Self::RANGE.contains(&milliseconds) {
            Ok(Self(milliseconds))
        } else {
            Err(InvalidTimestamp)
        }
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn milliseconds(self) -> i64 {
        self.0
    }

    /// Microseconds since the epoch.
    #[must_use]
    pub const fn microseconds(self) -> i64 {
        self.0.saturating_mul(1_000)
    }

    /// Reads ISO 8601. Without an offset it is UTC, a bare date is its midnight UTC (decision 18);
    /// digits beyond the millisecond are cut (decision 57).
    pub fn parse(text: &str) -> Result<Self, InvalidTimestamp> {
        // Annotations in brackets are no ISO 8601, and one of them would be a time zone.
        if text.contains('[') || !text.starts_with(|first: char| first.is_ascii_digit()) {
            return Err(InvalidTimestamp);
        }
        let pieces = Pieces::parse(text).map_err(|_| InvalidTimestamp)?;
        let local = pieces.date().to_datetime(pieces.time().unwrap_or(Time::midnight()));
        let seconds_ahead = pieces.to_numeric_offset().map_or(0, |offset| offset.seconds());
        // Cut towards the past, before the epoch too.
        let milliseconds = local.duration_since(EPOCH).as_nanos().div_euclid(1_000_000);
        let milliseconds = milliseconds - i128::from(seconds_ahead) * 1_000;
        Self::from_milliseconds(i64::try_from(milliseconds).map_err(|_| InvalidTimestamp)?)
    }

    /// The instant this many milliseconds later; at the end of time it stays there.
    #[must_use]
    pub const fn later(self, milliseconds: i64) -> Self {
        Self(self.0.saturating_add(milliseconds))
    }

    /// The same date and time a calendar year later, UTC; at the end of time it stays there.
    #[must_use]
    pub fn a_year_later(self) -> Self {
        self.months_later(12)
    }

    /// The same day and time so many calendar months later, UTC, or the last day of that month if it
    /// has no such day; at the end of time it stays there.
    #[must_use]
    pub fn months_later(self, months: i32) -> Self {
        self.utc()
            .and_then(|utc| utc.checked_add(Span::new().try_months(months).ok()?).ok())
            .map_or(Self::NEVER, Self::of_utc)
    }

    /// Its calendar month, UTC: months since the beginning of the year 0; none beyond the end of
    /// time.
    #[must_use]
    pub fn month(self) -> Option<i32> {
        self.utc().map(|utc| i32::from(utc.year()) * 12 + i32::from(utc.month()) - 1)
    }

    /// The first instant of the calendar month after its own, UTC; at the end of time it stays there.
    #[must_use]
    pub fn next_month(self) -> Self {
        self.first_of_month().months_later(1)
    }

    /// The first instant of its calendar month, UTC; at the end of time it stays there.
    #[must_use]
    pub fn first_of_month(self) -> Self {
        let first = self.utc().map(|utc| utc.date().first_of_month().to_datetime(Time::midnight()));
        first.map_or(Self::NEVER, Self::of_utc)
    }

    /// Milliseconds from `earlier` to this instant.
    #[must_use]
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    fn of_utc(utc: DateTime) -> Self {
        i64::try_from(utc.duration_since(EPOCH).as_millis()).map_or(Self::NEVER, Self)
    }

    /// Its date and time of day, UTC; none beyond the end of time.
    fn utc(self) -> Option<DateTime> {
        EPOCH.checked_add(SignedDuration::from_millis(self.0)).ok()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.utc() {
            Some(utc) => write!(f, "{utc:.3}Z"),
            None => write!(f, "{} ms", self.0),
        }
    }
}

/// An instant in microseconds since 1970-01-01T00:00:00Z, printed with six fraction digits; beyond the year
/// 9999 it is the last of that year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Microseconds(pub i64);

impl fmt::Display for Microseconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match EPOCH.checked_add(SignedDuration::from_micros(self.0)) {
            Ok(utc) => write!(f, "{utc:.6}Z"),
            Err(_) => f.write_str("9999-12-31T23:59:59.999999Z"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn microseconds_have_six_digits() {
        let rows = [
            (0, "1970-01-01T00:00:00.000000Z"),
            (1_767_323_045_678_901, "2026-01-02T03:04:05.678901Z"),
            (1_767_323_045_000_010, "2026-01-02T03:04:05.000010Z"),
            (-1, "1969-12-31T23:59:59.999999Z"),
            (253_402_300_799_999_999, "9999-12-31T23:59:59.999999Z"),
            (i64::MAX, "9999-12-31T23:59:59.999999Z"),
        ];
        for (microseconds, text) in rows {
            assert_eq!(Microseconds(microseconds).to_string(), text);
        }
    }

    #[test]
    fn reads_what_clients_send() {
        let rows = [
            ("2026-01-02T03:04:05+00:00", "2026-01-02T03:04:05.000Z"),
            ("2026-01-02T03:04:05.678Z", "2026-01-02T03:04:05.678Z"),
            ("2026-01-02T03:04:05.6789Z", "2026-01-02T03:04:05.678Z"),
            ("1969-12-31T23:59:59.9999Z", "1969-12-31T23:59:59.999Z"),
            ("2026-01-02T05:04:05+02:00", "2026-01-02T03:04:05.000Z"),
            ("2026-01-02T03:04:05", "2026-01-02T03:04:05.000Z"),
            ("2026-01-02", "2026-01-02T00:00:00.000Z"),
            ("2026-01-02T03:04:05-00:30", "2026-01-02T03:34:05.000Z"),
            ("9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"),
            ("9999-12-31", "9999-12-31T00:00:00.000Z"),
            ("0000-01-01T00:00:00Z", "0000-01-01T00:00:00.000Z"),
        ];
        for (text, printed) in rows {
            assert_eq!(Timestamp::parse(text).unwrap().to_string(), printed, "{text}");
        }
    }

    #[test]
    fn an_instant_is_a_count_of_milliseconds() {
        let rows = [
            ("1970-01-01", 0),
            ("1970-01-01T00:00:01.5Z", 1_500),
            ("1969-12-31T23:59:59.998Z", -2),
            ("2026-01-01", 1_767_225_600_000),
        ];
        for (text, milliseconds) in rows {
            let instant = Timestamp::parse(text).unwrap();
            assert_eq!(instant.milliseconds(), milliseconds, "{text}");
            assert_eq!(instant.microseconds(), milliseconds * 1_000, "{text}");
            assert_eq!(Timestamp::from_milliseconds(milliseconds), Ok(instant));
        }
    }

    #[test]
    fn a_year_later() {
        let rows = [
            ("2026-01-02T03:04:05.678Z", "2027-01-02T03:04:05.678Z"),
            ("1968-02-29T00:00:00.001Z", "1969-02-28T00:00:00.001Z"),
            ("9998-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"),
        ];
        for (text, later) in rows {
            assert_eq!(Timestamp::parse(text).unwrap().a_year_later().to_string(), later, "{text}");
        }
        assert_eq!(Timestamp::parse("9999-01-01").unwrap().a_year_later(), Timestamp::NEVER);
    }

    #[test]
    fn months_later() {
        let rows = [
            ("2026-01-31T12:00:00.001Z", 1, "2026-02-28T12:00:00.001Z"),
            ("2026-01-31T12:00:00.001Z", 2, "2026-03-31T12:00:00.001Z"),
            ("2024-01-31T00:00:00.000Z", 1, "2024-02-29T00:00:00.000Z"),
            ("2026-11-30T00:00:00.000Z", 3, "2027-02-28T00:00:00.000Z"),
            ("2026-03-31T00:00:00.000Z", -1, "2026-02-28T00:00:00.000Z"),
        ];
        for (text, months, later) in rows {
            let instant = Timestamp::parse(text).unwrap();
            assert_eq!(instant.months_later(months).to_string(), later, "{text} + {months}");
        }
        assert_eq!(Timestamp::NEVER.months_later(1), Timestamp::NEVER);
    }

    #[test]
    fn calendar_months() {
        let rows = [
            ("2026-01-01T00:00:00.000Z", 24_312, "2026-02-01T00:00:00.000Z"),
            ("2026-12-31T23:59:59.999Z", 24_323, "2027-01-01T00:00:00.000Z"),
            ("0000-01-31T00:00:00.000Z", 0, "0000-02-01T00:00:00.000Z"),
        ];
        for (text, month, next) in rows {
            let instant = Timestamp::parse(text).unwrap();
            assert_eq!(instant.month(), Some(month), "{text}");
            assert_eq!(instant.next_month().to_string(), next, "{text}");
            assert_eq!(instant.first_of_month().next_month(), instant.next_month(), "{text}");
        }
        let last = Timestamp::parse("9999-12-31").unwrap();
        assert_eq!(last.next_month(), Timestamp::NEVER);
        assert_eq!(last.first_of_month().to_string(), "9999-12-01T00:00:00.000Z");
        assert_eq!(Timestamp::NEVER.month(), None);
    }

    #[test]
    fn refuses() {
        let long = "2026-01-02T03:04:05.".to_owned() + &"0".repeat(100);
        let rows = [
            "",
            "now",
            "2026",
            "2026-13-01",
            "2026-01-02T24:00:00Z",
            "2026-01-02T03:04:05 Z",
            "2026-01-02T03:04:05[Europe/Berlin]",
            "2026-01-02T03:04:05Z[u-ca=gregory]",
            "-000001-01-01T00:00:00Z",
            "0000-01-01T00:00:00+01:00",
            "9999-12-31T23:59:59-01:00",
            "1767323045",
            &long,
        ];
        for text in rows {
            assert_eq!(Timestamp::parse(text), Err(InvalidTimestamp), "{text}");
        }
    }
}

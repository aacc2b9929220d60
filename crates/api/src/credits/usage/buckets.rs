//! How a stretch of time is cut into buckets (decisions 26 and 68): hours, days or months, UTC.

use scrip_core::Timestamp;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
/// Points of one series at most: a hundred years of months.
const BUCKETS_MAX: usize = 1_200;

/// A stretch of time in buckets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Buckets {
    /// Where they begin, ascending, not empty.
    pub begins: Vec<Timestamp>,
    /// The first instant that counts.
    pub from: Timestamp,
    /// The last instant that counts.
    pub until: Timestamp,
}

/// The last day, week, month or year: the ranges that have a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TimeRange {
    Day,
    Week,
    Month,
    Year,
}

impl TimeRange {
    pub const NAMES: [(&'static str, Self); 4] = [
        ("LAST_DAY", Self::Day),
        ("LAST_WEEK", Self::Week),
        ("LAST_MONTH", Self::Month),
        ("LAST_YEAR", Self::Year),
    ];

    /// So many buckets, the current one last.
    pub fn buckets(self, now: Timestamp) -> Buckets {
        let (unit, back) = match self {
            Self::Day => (Unit::Hour, 23),
            Self::Week => (Unit::Day, 6),
            Self::Month => (Unit::Day, 29),
            Self::Year => (Unit::Month, 11),
        };
        let current = unit.begin(now);
        let begins = (0..=back).rev().map(|back| unit.step(current, -back)).collect::<Vec<_>>();
        let from = begins.first().copied().unwrap_or(current);
        Buckets { begins, from, until: unit.step(current, 1).later(-1) }
    }
}

#[derive(Clone, Copy)]
enum Unit {
    Hour,
    Day,
    Month,
}

impl Unit {
    /// Where the bucket of an instant begins.
    fn begin(self, at: Timestamp) -> Timestamp {
        let floor = |unit: i64| at.later(-at.milliseconds().rem_euclid(unit));
        match self {
            Self::Hour => floor(HOUR),
            Self::Day => floor(DAY),
            Self::Month => at.first_of_month(),
        }
    }

    /// Where the bucket so many further begins.
    fn step(self, begin: Timestamp, by: i32) -> Timestamp {
        match self {
            Self::Hour => begin.later(HOUR * i64::from(by)),
            Self::Day => begin.later(DAY * i64::from(by)),
            Self::Month => begin.months_later(by),
        }
    }
}

impl Buckets {
    /// From one instant to another: hours up to 48 of them, days up to 92, else months. None for more
    /// than a hundred years.
    pub fn between(from: Timestamp, until: Timestamp) -> Option<Self> {
        let span = until.since(from);
        let unit = if span <= 48 * HOUR {
            Unit::Hour
        } else if span <= 92 * DAY {
            Unit::Day
        } else {
            Unit::Month
        };
        let mut begins = vec![unit.begin(from)];
        while let Some(next) = begins.last().map(|last| unit.step(*last, 1))
            && next <= until
        {
            if begins.len() >= BUCKETS_MAX {
                return None;
            }
            begins.push(next);
        }
        Some(Self { begins, from, until })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn named_ranges_end_with_the_current_bucket() {
        let now = at("2026-03-31T12:34:56Z");
        for (range, count, first, last, until) in [
            (TimeRange::Day, 24, "2026-03-30T13:00", "2026-03-31T12:00", "2026-03-31T12:59:59.999"),
            (TimeRange::Week, 7, "2026-03-25", "2026-03-31", "2026-03-31T23:59:59.999"),
            (TimeRange::Month, 30, "2026-03-02", "2026-03-31", "2026-03-31T23:59:59.999"),
            (TimeRange::Year, 12, "2025-04-01", "2026-03-01", "2026-03-31T23:59:59.999"),
        ] {
            let buckets = range.buckets(now);
            let ends = (buckets.begins[0], *buckets.begins.last().unwrap());
            assert_eq!((buckets.begins.len(), ends), (count, (at(first), at(last))), "{range:?}");
            assert_eq!((buckets.from, buckets.until), (at(first), at(until)), "{range:?}");
        }
    }

    #[test]
    fn other_ranges_by_their_length() {
        for (from, until, count, second) in [
            ("2026-01-01T00:30", "2026-01-01T00:40", 1, None),
            ("2026-01-01T00:30", "2026-01-01T02:00", 3, Some("2026-01-01T01:00")),
            ("2026-01-01", "2026-01-03", 49, Some("2026-01-01T01:00")),
            ("2026-01-01", "2026-01-03T00:00:00.001", 3, Some("2026-01-02")),
            ("2026-01-01", "2026-04-03", 93, Some("2026-01-02")),
            ("2026-01-31", "2026-05-04", 5, Some("2026-02-01")),
            ("1999-12-31", "2026-01-01", 314, Some("2000-01-01")),
        ] {
            let buckets = Buckets::between(at(from), at(until)).unwrap();
            assert_eq!(buckets.begins.len(), count, "{from} {until}");
            assert_eq!(buckets.begins.get(1).copied(), second.map(at), "{from} {until}");
        }
        assert_eq!(Buckets::between(at("1900-01-01"), at("2026-01-01")), None);
    }
}

//! Months of the Gregorian calendar, UTC.

use crate::Instant;

const MILLISECONDS_A_DAY: Instant = 24 * 60 * 60 * 1_000;

/// A date and what of its day has passed.
struct Date {
    year: i64,
    /// From 0.
    month: i64,
    /// From 0.
    day: i64,
    milliseconds: i64,
}

/// The calendar month of an instant, counted from that of the year 0.
pub(crate) fn month(at: Instant) -> i64 {
    let date = date(at);
    date.year * 12 + date.month
}

/// The first instant of the calendar month after that of an instant.
#[must_use]
pub fn next_month(at: Instant) -> Instant {
    months_later(first_of_month(at), 1)
}

fn first_of_month(at: Instant) -> Instant {
    let date = date(at);
    at - date.day * MILLISECONDS_A_DAY - date.milliseconds
}

/// The same day and time so many months later, or the last day of a month that has no such day.
#[must_use]
pub fn months_later(at: Instant, months: i64) -> Instant {
    let from = date(at);
    let months = from.year * 12 + from.month + months;
    let (year, month) = (months.div_euclid(12), months.rem_euclid(12));
    let day = from.day.min(days_of_month(year, month) - 1);
    let earlier: i64 = (0..month).map(|earlier| days_of_month(year, earlier)).sum();
    (days_before(year) + earlier + day) * MILLISECONDS_A_DAY + from.milliseconds
}

fn date(at: Instant) -> Date {
    let days = at.div_euclid(MILLISECONDS_A_DAY);
    // Not after the year, as no year has more days than 366.
    let mut year = 1970 + days.div_euclid(366).min(days.div_euclid(365));
    while days_before(year + 1) <= days {
        year += 1;
    }
    let (mut month, mut day) = (0, days - days_before(year));
    while day >= days_of_month(year, month) {
        day -= days_of_month(year, month);
        month += 1;
    }
    Date { year, month, day, milliseconds: at.rem_euclid(MILLISECONDS_A_DAY) }
}

/// Days from 1970 on before a year begins; below 0 for earlier years.
fn days_before(year: i64) -> i64 {
    let leap_days = |year: i64| year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    365 * (year - 1970) + leap_days(year - 1) - leap_days(1969)
}

fn days_of_month(year: i64, month: i64) -> i64 {
    let is_leap = days_before(year + 1) - days_before(year) == 366;
    match month {
        1 if is_leap => 29,
        1 => 28,
        3 | 5 | 8 | 10 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::{MILLISECONDS_A_DAY, days_before, month, months_later, next_month};

    /// Days from 1970 on, by the calendar on the wall.
    fn day(year: i64, month: i64, day: i64) -> i64 {
        let lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        let earlier = lengths.iter().take(usize::try_from(month - 1).unwrap_or(0));
        let leap_day = i64::from(is_leap && month > 2);
        days_before(year) + earlier.sum::<i64>() + leap_day + day - 1
    }

    #[test]
    fn years_begin_where_they_begin() {
        for (year, days) in [(1969, -365), (1970, 0), (1973, 1_096), (2000, 10_957), (2030, 21_915)]
        {
            assert_eq!(days_before(year), days, "{year}");
        }
    }

    #[test]
    fn a_month_without_the_day_has_its_last_one() {
        for (from, months, to) in [
            ((2026, 1, 31), 1, (2026, 2, 28)),
            ((2026, 1, 31), 2, (2026, 3, 31)),
            ((2024, 1, 31), 1, (2024, 2, 29)),
            ((2024, 2, 29), 12, (2025, 2, 28)),
            ((2024, 2, 29), 48, (2028, 2, 29)),
            ((2026, 11, 30), 3, (2027, 2, 28)),
            ((2026, 3, 31), -1, (2026, 2, 28)),
            ((1970, 1, 1), -1, (1969, 12, 1)),
            ((1968, 12, 31), 1, (1969, 1, 31)),
        ] {
            let at = |(year, month, of_month)| day(year, month, of_month) * MILLISECONDS_A_DAY + 5;
            assert_eq!(months_later(at(from), months), at(to), "{from:?} + {months}");
        }
    }

    #[test]
    fn months_follow_each_other() {
        let mut at = day(1968, 1, 31) * MILLISECONDS_A_DAY - 1;
        for _ in 0..12 * 500 {
            let next = next_month(at);
            assert_eq!((month(next), month(next - 1)), (month(at) + 1, month(at)));
            at = next;
        }
    }
}

//! The words of the examples: amounts, instants, names.

use scrip_oracle::{Amount, CREDIT, EventKind, GrantName, Instant};

/// What is left of a line.
pub struct Words<'a> {
    left: Vec<&'a str>,
}

impl<'a> Words<'a> {
    pub fn new(line: &'a str) -> Self {
        Self { left: line.split_whitespace().rev().collect() }
    }

    pub fn is_empty(&self) -> bool {
        self.left.is_empty()
    }

    pub fn next(&mut self) -> &'a str {
        self.left.pop().expect("another word")
    }

    /// Takes the word if it comes next.
    pub fn has(&mut self, word: &str) -> bool {
        let found = self.left.last() == Some(&word);
        if found {
            self.left.pop();
        }
        found
    }

    pub fn amount(&mut self) -> Amount {
        amount(self.next())
    }

    pub fn instant(&mut self, now: Instant) -> Instant {
        instant(self.next(), now)
    }

    /// All words left in pieces that commas end.
    pub fn list(&mut self) -> Vec<Vec<&'a str>> {
        let mut list = vec![Vec::new()];
        while let Some(word) = self.left.pop() {
            let last = list.last_mut().unwrap();
            last.push(word.trim_end_matches(','));
            if word.ends_with(',') {
                list.push(Vec::new());
            } else if last.len() == 2 {
                break;
            }
        }
        list
    }
}

/// `60`, `-20`, `+0.000000001`.
pub fn amount(word: &str) -> Amount {
    let (sign, digits) = match word.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, word.trim_start_matches('+')),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let billionths: Amount = format!("{fraction:0<9}").parse().unwrap();
    sign * (whole.parse::<Amount>().unwrap() * CREDIT + billionths)
}

/// `2026-09-01`, `2026-09-01T10:00`, or a distance from now: `+1h`, `-5m`, `+0ms`.
pub fn instant(word: &str, now: Instant) -> Instant {
    if word.starts_with(['+', '-']) {
        return now + distance(word);
    }
    let (date, time) = word.split_once('T').unwrap_or((word, "00:00"));
    let date: Vec<i64> = date.split('-').map(|part| part.parse().unwrap()).collect();
    let time: Vec<i64> = time.split(':').map(|part| part.parse().unwrap()).collect();
    let seconds = time.get(2).copied().unwrap_or(0);
    let minutes = days_since_1970(date[0], date[1], date[2]) * 1_440 + time[0] * 60 + time[1];
    (minutes * 60 + seconds) * 1_000
}

fn distance(word: &str) -> Instant {
    let split = word.rfind(|c: char| c.is_ascii_digit()).unwrap() + 1;
    let count: i64 = word[..split].parse().unwrap();
    count
        * match &word[split..] {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            unit => panic!("unit {unit}"),
        }
}

fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let is_leap = |year: i64| (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let mut days = day - 1;
    for earlier in 1970..year {
        days += if is_leap(earlier) { 366 } else { 365 };
    }
    for earlier in 1..month {
        days += match earlier {
            2 if is_leap(year) => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
    }
    days
}

/// `A`, `overdraft-1`, `recharge-1`, or `basic.1` of a recurring grant.
pub fn grant_name(word: &str) -> GrantName {
    if let Some((id, number)) = word.split_once('.') {
        return GrantName::Recurring(id.to_owned(), number.parse().unwrap());
    }
    match word.split_once('-') {
        Some(("overdraft", number)) => GrantName::Overdraft(number.parse().unwrap()),
        Some(("recharge", number)) => GrantName::Recharge(number.parse().unwrap()),
        _ => GrantName::Given(word.to_owned()),
    }
}

/// `CONSUMED`, `TRANSFER_SOURCE`: the names of the API without their first word.
pub fn event_kind(word: &str) -> EventKind {
    match word {
        "GRANTED" => EventKind::Granted,
        "EXPIRED" => EventKind::Expired,
        "CONSUMED" => EventKind::Consumed,
        "VOIDED" => EventKind::Voided,
        "UPDATED" => EventKind::Updated,
        "TRANSFER_SOURCE" => EventKind::TransferSource,
        "TRANSFER_TARGET" => EventKind::TransferTarget,
        "RESERVED" => EventKind::Reserved,
        "RESERVATION_RELEASED" => EventKind::ReservationReleased,
        "RESERVATION_EXPIRED" => EventKind::ReservationExpired,
        _ => panic!("row of kind {word}"),
    }
}

//! How numbers and instants are shown.

use std::time::Duration;

use scrip_core::Timestamp;

/// With a comma between thousands.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// In seconds, to a tenth.
pub fn seconds(duration: Duration) -> String {
    let tenths = duration.as_millis().saturating_add(50) / 100;
    format!("{}.{} s", tenths / 10, tenths % 10)
}

/// An instant of real time.
pub fn instant(milliseconds: i64) -> String {
    let at = Timestamp::from_milliseconds(milliseconds);
    at.map_or_else(|_| milliseconds.to_string(), |at| at.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_separated() {
        let rows = [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (12_345, "12,345"),
            (999_999, "999,999"),
            (1_000_000, "1,000,000"),
            (u64::MAX, "18,446,744,073,709,551,615"),
        ];
        for (number, text) in rows {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn seconds_are_rounded_to_a_tenth() {
        let rows =
            [(0, "0.0 s"), (49, "0.0 s"), (50, "0.1 s"), (1_949, "1.9 s"), (61_950, "62.0 s")];
        for (milliseconds, text) in rows {
            assert_eq!(seconds(Duration::from_millis(milliseconds)), text);
        }
    }
}

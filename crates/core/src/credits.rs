//! Amounts of credits: exact decimals with nine fraction digits.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An amount of credits, counted in billionths. Never a float; every sum is checked.
///
/// Decision 5: amounts are read from their decimal text, rounded half away from zero at the ninth
/// fraction digit, and printed in the shortest exact form.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Credits(i128);

/// A sum left the range that an amount can hold. Limits make it unreachable from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a sum of credits is out of range")]
pub struct Overflow;

/// Why a text is not an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// The text is not a decimal number in the grammar of JSON.
    #[error("is not a decimal number")]
    Malformed,
    /// The number is beyond every bound of the system (10^18).
    #[error("is too large")]
    TooLarge,
}

impl Credits {
    /// No credits.
    pub const ZERO: Self = Self(0);
    /// The smallest positive amount: a billionth.
    pub const SMALLEST: Self = Self(1);
    /// Fraction digits.
    pub const SCALE: u32 = 9;

    const ONE: i128 = 1_000_000_000;
    /// Digits of 10^18 credits in billionths; anything longer is out of every bound.
    const DIGITS_MAX: usize = 28;

    /// A whole number of credits.
    #[must_use]
    pub const fn whole(credits: i64) -> Self {
        // An i64 times 10^9 is below 10^28 and always fits.
        Self((credits as i128).saturating_mul(Self::ONE))
    }

    /// An amount from its count of billionths.
    #[must_use]
    pub const fn from_billionths(billionths: i128) -> Self {
        Self(billionths)
    }

    /// The amount as a count of billionths.
    #[must_use]
    pub const fn billionths(self) -> i128 {
        self.0
    }

    /// The amount in its shortest exact form, without an allocation: answers have many of them.
    #[must_use]
    pub fn written(self) -> WrittenCredits {
        let magnitude = self.0.unsigned_abs();
        let one = Self::ONE.unsigned_abs();
        let mut text = WrittenCredits {
            bytes: [0; WrittenCredits::LENGTH_MAX],
            begin: WrittenCredits::LENGTH_MAX,
        };
        text.put_fraction(u64::try_from(magnitude % one).unwrap_or_default());
        text.put_whole(magnitude / one);
        if self.0 < 0 {
            text.put(b'-');
        }
        text
    }

    /// Reads a decimal number: an optional minus, digits, an optional fraction and exponent.
    pub fn parse(text: &str) -> Result<Self, AmountError> {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = split_exponent(unsigned)?;
        let (integer, fraction) = match mantissa.split_once('.') {
            Some((integer, fraction)) if !fraction.is_empty() => (integer, fraction),
            Some(_) => return Err(AmountError::Malformed),
            None => (mantissa, ""),
        };
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if integer.is_empty() || !all_digits(integer) || !all_digits(fraction) {
            return Err(AmountError::Malformed);
        }
        let magnitude = scaled(integer, fraction, exponent)?;
        Ok(Self(if negative { -magnitude } else { magnitude }))
    }

    /// Sum.
    pub fn plus(self, other: Self) -> Result<Self, Overflow> {
        self.0.checked_add(other.0).map(Self).ok_or(Overflow)
    }

    /// Difference.
    pub fn minus(self, other: Self) -> Result<Self, Overflow> {
        self.0.checked_sub(other.0).map(Self).ok_or(Overflow)
    }

    /// The amount with the other sign.
    pub fn negated(self) -> Result<Self, Overflow> {
        self.0.checked_neg().map(Self).ok_or(Overflow)
    }

    /// Sum of many.
    pub fn sum(amounts: impl IntoIterator<Item = Self>) -> Result<Self, Overflow> {
        amounts.into_iter().try_fold(Self::ZERO, Self::plus)
    }

    /// Above zero.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// Below zero.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// Exactly zero.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }
}

/// An amount as it is printed; made from its end.
#[derive(Clone, Copy)]
pub struct WrittenCredits {
    bytes: [u8; Self::LENGTH_MAX],
    begin: usize,
}

impl WrittenCredits {
    /// The digits of an i128, a point and a minus.
    const LENGTH_MAX: usize = 41;

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let written = self.bytes.get(self.begin..).unwrap_or_default();
        std::str::from_utf8(written).unwrap_or_default()
    }

    fn put(&mut self, byte: u8) {
        self.begin = self.begin.saturating_sub(1);
        if let Some(place) = self.bytes.get_mut(self.begin) {
            *place = byte;
        }
    }

    /// Billionths below one: their digits without zeros at the end, and the point before them.
    fn put_fraction(&mut self, mut billionths: u64) {
        if billionths == 0 {
            return;
        }
        let mut digits = Credits::SCALE;
        while billionths.is_multiple_of(10) {
            billionths /= 10;
            digits -= 1;
        }
        for _ in 0..digits {
            self.put_digit(billionths % 10);
            billionths /= 10;
        }
        self.put(b'.');
    }

    fn put_whole(&mut self, mut whole: u128) {
        // Nearly always it is of 64 bits, which are divided in one step.
        let mut rest = loop {
            if let Ok(rest) = u64::try_from(whole) {
                break rest;
            }
            self.put_digit(u64::try_from(whole % 10).unwrap_or_default());
            whole /= 10;
        };
        loop {
            self.put_digit(rest % 10);
            rest /= 10;
            if rest == 0 {
                return;
            }
        }
    }

    fn put_digit(&mut self, digit: u64) {
        self.put(b'0' + u8::try_from(digit).unwrap_or_default());
    }
}

impl fmt::Display for Credits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.written().as_str())
    }
}

/// Splits off an exponent. One beyond ±10^8 behaves as ±10^8: no mantissa that a request
/// may carry reaches back from there.
fn split_exponent(text: &str) -> Result<(&str, i64), AmountError> {
    const EXPONENT_BOUND: i64 = 100_000_000;
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else {
        return Ok((text, 0));
    };
    let (negative, digits) = match exponent.as_bytes().first() {
        Some(b'-') => (true, &exponent[1..]),
        Some(b'+') => (false, &exponent[1..]),
        _ => (false, exponent),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(AmountError::Malformed);
    }
    let size = digits.bytes().fold(0_i64, |size, byte| {
        size.saturating_mul(10).saturating_add(i64::from(byte - b'0')).min(EXPONENT_BOUND)
    });
    Ok((mantissa, if negative { -size } else { size }))
}

/// The magnitude in billionths of `integer.fraction × 10^exponent`.
fn scaled(integer: &str, fraction: &str, exponent: i64) -> Result<i128, AmountError> {
    let digits: Vec<u8> =
        integer.bytes().chain(fraction.bytes()).skip_while(|byte| *byte == b'0').collect();
    if digits.is_empty() {
        return Ok(0);
    }
    let length = i64::try_from(digits.len()).map_err(|_| AmountError::TooLarge)?;
    let fraction_length = i64::try_from(fraction.len()).map_err(|_| AmountError::TooLarge)?;
    let shift = exponent.saturating_sub(fraction_length).saturating_add(i64::from(Credits::SCALE));
    let kept = length.saturating_add(shift);
    if kept < 0 {
        return Ok(0);
    }
    let kept = usize::try_from(kept).map_err(|_| AmountError::TooLarge)?;
    if kept > Credits::DIGITS_MAX {
        return Err(AmountError::TooLarge);
    }
    let digit = |index: usize| digits.get(index).map_or(0, |byte| i128::from(byte - b'0'));
    let value = (0..kept).fold(0_i128, |value, index| value * 10 + digit(index));
    let rounds_up = digit(kept) >= 5;
    Ok(value + i128::from(rounds_up))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints() {
        let rows = [
            ("0", "0"),
            ("-0", "0"),
            ("1000", "1000"),
            ("0.1", "0.1"),
            ("1e3", "1000"),
            ("1E+3", "1000"),
            ("1.50", "1.5"),
            ("25e-1", "2.5"),
            ("0.0000000005", "0.000000001"),
            ("-0.0000000005", "-0.000000001"),
            ("0.00000000049999", "0"),
            ("0.1234567894", "0.123456789"),
            ("0.1234567895", "0.12345679"),
            ("999999999.9999999995", "1000000000"),
            ("1e-400", "0"),
            ("1e-99999999999999999999999", "0"),
            ("0e99999999999999999999999", "0"),
            ("1000000000000000000", "1000000000000000000"),
            ("-12.000000001", "-12.000000001"),
        ];
        for (text, printed) in rows {
            assert_eq!(Credits::parse(text).unwrap().to_string(), printed, "{text}");
        }
    }

    #[test]
    fn an_amount_is_a_count_of_billionths() {
        let rows = [("0", 0), ("1.5", 1_500_000_000), ("-0.000000001", -1)];
        for (text, billionths) in rows {
            let amount = Credits::parse(text).unwrap();
            assert_eq!(amount.billionths(), billionths);
            assert_eq!(amount, Credits::from_billionths(billionths));
        }
        assert_eq!(Credits::whole(-3).billionths(), -3_000_000_000);
    }

    /// Beside the whole part and nine digits, of which zeros at the end are left out.
    #[test]
    fn the_largest_and_the_smallest_are_printed() {
        let magnitudes =
            [0, 1, 9, 10, 999_999_999, 1_000_000_000, u128::from(u64::MAX) * 1_000_000_000];
        let near = magnitudes.iter().flat_map(|it| [it.saturating_sub(1), *it, it + 1]);
        for magnitude in near.chain([i128::MAX.unsigned_abs(), i128::MIN.unsigned_abs()]) {
            let (whole, fraction) = (magnitude / 1_000_000_000, magnitude % 1_000_000_000);
            let printed = format!("{whole}.{fraction:09}");
            let printed = printed.trim_end_matches('0').trim_end_matches('.');
            if let Ok(billionths) = i128::try_from(magnitude) {
                assert_eq!(Credits(billionths).to_string(), printed);
            }
            if magnitude > 0 {
                assert_eq!(
                    Credits(0_i128.wrapping_sub_unsigned(magnitude)).to_string(),
                    format!("-{printed}")
                );
            }
        }
    }

    #[test]
    fn refuses() {
        for text in ["", "-", "+1", ".5", "5.", "1e", "1e+", "0x1", "NaN", "1 ", "1_000", "١"] {
            assert_eq!(Credits::parse(text), Err(AmountError::Malformed), "{text}");
        }
        let digits_400 = "9".repeat(400);
        for text in ["1e400", "1e99999999999999999999", &digits_400, "10000000000000000000"] {
            assert_eq!(Credits::parse(text), Err(AmountError::TooLarge), "{text}");
        }
    }
}

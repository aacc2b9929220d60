//! Amounts: exact decimals, as the API writes them.

use std::fmt;

use maud::{Markup, Render, html};
use scrip_core::Credits;
use serde::{Deserialize, Deserializer};

use crate::failure::Failure;
use crate::form::Form;

/// An amount of credits or of money, exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount(pub Credits);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(Credits::ZERO);
    /// One.
    pub const ONE: Self = Self(Credits::whole(1));

    /// What somebody wrote, if it is a decimal.
    pub fn parse(text: &str) -> Option<Self> {
        Credits::parse(text.trim()).ok().map(Self)
    }

    /// What is written into a field, if it is a decimal above 0.
    pub fn positive(form: &Form, field: &str) -> Result<Self, Failure> {
        let written = form.text(field).and_then(Self::parse);
        written
            .filter(|amount| *amount > Self::ZERO)
            .ok_or_else(|| Failure::of_field(format!("{field} must be a number greater than 0")))
    }

    /// The sum; none if it is too large to be one.
    pub fn plus(self, other: Self) -> Option<Self> {
        self.0.plus(other.0).ok().map(Self)
    }

    /// The difference; none if it is too large to be one.
    pub fn minus(self, other: Self) -> Option<Self> {
        self.0.minus(other.0).ok().map(Self)
    }

    /// The same part of this amount as `part` is of `whole`, rounded down; none if it is too large to be
    /// told exactly.
    pub fn share(self, part: Self, whole: Self) -> Option<Self> {
        let product = self.0.billionths().checked_mul(part.0.billionths())?;
        product.checked_div(whole.0.billionths()).map(Credits::from_billionths).map(Self)
    }

    /// Nothing, where it is below that.
    #[must_use]
    pub fn at_least_zero(self) -> Self {
        self.max(Self::ZERO)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Credits::parse(&text).map(Self).map_err(serde::de::Error::custom)
    }
}

/// With thousands apart, as people read it.
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&grouped(&self.0.to_string()))
    }
}

impl Render for Amount {
    fn render(&self) -> Markup {
        html! { span.amount.below[self.0.is_negative()] { (self.to_string()) } }
    }
}

/// A decimal with commas between its thousands, and a minus that is one.
pub fn grouped(decimal: &str) -> String {
    let (sign, unsigned) = match decimal.strip_prefix('-') {
        Some(rest) => ("\u{2212}", rest),
        None => ("", decimal),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let mut digits = String::with_capacity(whole.len() + whole.len() / 3);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            digits.push(',');
        }
        digits.push(digit);
    }
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{digits}{point}{fraction}")
}

/// A part of a whole in thousandths, 0 to 1000: how long a bar is, never a number on a page.
pub fn per_mille(part: Amount, whole: Amount) -> u16 {
    let (part, whole) = (part.0.billionths(), whole.0.billionths());
    if part <= 0 || whole <= 0 {
        return 0;
    }
    // Both get smaller alike where a thousand times as much would be too large.
    let (part, whole) = match part.checked_mul(1_000) {
        Some(thousandfold) => (thousandfold, whole),
        None => (part, whole / 1_000),
    };
    let thousandths = part.checked_div(whole).unwrap_or(1_000).clamp(0, 1_000);
    u16::try_from(thousandths).unwrap_or(1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        let rows = [
            ("0", "0"),
            ("999", "999"),
            ("1000", "1,000"),
            ("1234567.000000001", "1,234,567.000000001"),
            ("-1000.5", "\u{2212}1,000.5"),
        ];
        for (decimal, shown) in rows {
            assert_eq!(grouped(decimal), shown);
        }
    }

    #[test]
    fn a_share_is_rounded_down() {
        let amount = |text| Amount::parse(text).unwrap_or_default();
        let rows = [
            ("100", "10", "30", Some("33.333333333")),
            ("100", "30", "30", Some("100")),
            ("100", "0", "30", Some("0")),
            ("100", "1", "0", None),
            ("1000000000000000", "1000000000000000", "1", None),
        ];
        for (of, part, whole, share) in rows {
            assert_eq!(amount(of).share(amount(part), amount(whole)), share.map(amount), "{of}");
        }
    }

    #[test]
    fn parts_of_a_whole() {
        let amount = |text| Amount::parse(text).unwrap_or_default();
        let rows = [
            ("0", "10", 0),
            ("5", "10", 500),
            ("10", "10", 1_000),
            ("11", "10", 1_000),
            ("-1", "10", 0),
            ("1", "0", 0),
            ("0.000000001", "1000000000", 0),
            ("500000000000", "1000000000000", 500),
        ];
        for (part, whole, expected) in rows {
            assert_eq!(per_mille(amount(part), amount(whole)), expected, "{part} of {whole}");
        }
    }
}

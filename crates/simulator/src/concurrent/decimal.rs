//! Amounts and instants as the API spells them.

use anyhow::{Context as _, bail};
use scrip_core::Timestamp;
use scrip_oracle::{Amount, Instant};

const DIGITS: usize = 9;

/// Billionths as a decimal.
pub fn amount_text(amount: Amount) -> String {
    let sign = if amount < 0 { "-" } else { "" };
    let digits = format!("{:010}", amount.unsigned_abs());
    let (whole, fraction) = digits.split_at(digits.len() - DIGITS);
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{whole}{point}{fraction}")
}

/// A decimal in billionths.
pub fn amount(text: &str) -> anyhow::Result<Amount> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if fraction.len() > DIGITS || digits.is_empty() {
        bail!("{text:?} is no amount");
    }
    let padded = format!("{whole}{fraction:0<DIGITS$}");
    let billionths: Amount = padded.parse().with_context(|| format!("{text:?} is no amount"))?;
    Ok(sign * billionths)
}

/// Milliseconds as an instant.
pub fn instant_text(instant: Instant) -> anyhow::Result<String> {
    Ok(Timestamp::from_milliseconds(instant).context("an instant out of range")?.to_string())
}

/// An instant in milliseconds.
pub fn instant(text: &str) -> anyhow::Result<Instant> {
    Ok(Timestamp::parse(text).with_context(|| format!("{text:?} is no instant"))?.milliseconds())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_and_their_texts() {
        let rows = [
            (0, "0"),
            (1, "0.000000001"),
            (-1_500_000_000, "-1.5"),
            (100_000_000, "0.1"),
            (1_000_000_000_000_000_000_000_000, "1000000000000000"),
        ];
        for (billionths, text) in rows {
            assert_eq!(amount_text(billionths), text);
            assert_eq!(amount(text).unwrap(), billionths, "{text}");
        }
        for text in ["", "-", "1.0000000001", "1e3", "x"] {
            assert!(amount(text).is_err(), "{text}");
        }
    }
}

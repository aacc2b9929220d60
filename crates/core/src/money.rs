//! What a grant cost, in a money currency's full units (49 is $49.00).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{AmountError, Credits, Overflow};

/// An amount of money, exact to nine fraction digits like [`Credits`], and never negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MoneyAmount(Credits);

impl MoneyAmount {
    /// Reads a decimal number that is not negative.
    pub fn parse(text: &str) -> Result<Self, AmountError> {
        let amount = Credits::parse(text)?;
        if amount.is_negative() { Err(AmountError::Malformed) } else { Ok(Self(amount)) }
    }

    /// Nothing.
    pub const ZERO: Self = Self(Credits::ZERO);

    /// Nothing to pay.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0.is_zero()
    }

    /// Sum.
    pub fn plus(self, other: Self) -> Result<Self, Overflow> {
        self.0.plus(other.0).map(Self)
    }

    /// What is left without another amount; nothing, if that is larger.
    #[must_use]
    pub fn less(self, other: Self) -> Self {
        self.0.minus(other.0).map_or(Self::ZERO, |left| Self(left.max(Credits::ZERO)))
    }

    /// The amount as a count of billionths.
    #[must_use]
    pub const fn billionths(self) -> i128 {
        self.0.billionths()
    }
}

impl fmt::Display for MoneyAmount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A money currency of the seed document's list (ISO 4217, lower case).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MoneyCurrency {
    /// Its place in [`MoneyCurrency::ALL`].
    index: u8,
}

/// Money of one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// How much.
    pub amount: MoneyAmount,
    /// Of what.
    pub currency: MoneyCurrency,
}

impl Money {
    /// The cost of what is free, as the API shows it.
    pub const FREE: Self =
        Self { amount: MoneyAmount(Credits::ZERO), currency: MoneyCurrency { index: 0 } };

    /// What so many credits cost at this price for one, rounded half away from zero to the money's
    /// minor unit (decision 53). The amount is not negative.
    pub fn times(self, amount: Credits) -> Result<Self, Overflow> {
        let one = Credits::whole(1).billionths();
        let product = amount.billionths().checked_mul(self.amount.billionths()).ok_or(Overflow)?;
        let minor = one / 10_i128.pow(self.currency.minor_digits());
        // Of billionths of billionths, whole minor units.
        let unit = minor * one;
        let units = product.checked_add(unit / 2).ok_or(Overflow)?.div_euclid(unit);
        let amount = units.checked_mul(minor).ok_or(Overflow)?;
        Ok(Self { amount: MoneyAmount(Credits::from_billionths(amount)), currency: self.currency })
    }
}

impl MoneyCurrency {
    /// Every code that the API accepts.
    pub const ALL: [&'static str; 116] = [
        "usd", "aed", "all", "amd", "ang", "aud", "awg", "azn", "bam", "bbd", "bdt", "bgn", "bif",
        "bmd", "bnd", "bsd", "bwp", "byn", "bzd", "brl", "cad", "cdf", "chf", "cny", "czk", "dkk",
        "dop", "dzd", "egp", "etb", "eur", "fjd", "gbp", "gel", "gip", "gmd", "gyd", "hkd", "hrk",
        "htg", "idr", "ils", "inr", "isk", "jmd", "jpy", "kes", "kgs", "khr", "kmf", "krw", "kyd",
        "kzt", "lbp", "lkr", "lrd", "lsl", "mad", "mdl", "mga", "mkd", "mmk", "mnt", "mop", "mro",
        "mvr", "mwk", "mxn", "myr", "mzn", "nad", "ngn", "nok", "npr", "nzd", "pgk", "php", "pkr",
        "pln", "qar", "ron", "rsd", "rub", "rwf", "sar", "sbd", "scr", "sek", "sgd", "sle", "sll",
        "sos", "szl", "thb", "tjs", "top", "try", "ttd", "tzs", "uah", "uzs", "vnd", "vuv", "wst",
        "xaf", "xcd", "yer", "zar", "zmw", "clp", "djf", "gnf", "ugx", "pyg", "xof", "xpf",
    ];

    /// Reads a code of the list.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        let index = Self::ALL.iter().position(|known| *known == code)?;
        Some(Self { index: u8::try_from(index).ok()? })
    }

    /// Those of the list that have no minor unit (ISO 4217).
    const WHOLE: [&'static str; 16] = [
        "bif", "clp", "djf", "gnf", "isk", "jpy", "kmf", "krw", "pyg", "rwf", "ugx", "vnd", "vuv",
        "xaf", "xof", "xpf",
    ];

    /// Fraction digits of its minor unit: 2 for cents, 0 where there is none (ISO 4217).
    #[must_use]
    pub fn minor_digits(self) -> u32 {
        if Self::WHOLE.contains(&self.as_str()) { 0 } else { 2 }
    }

    /// The code.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::ALL.get(usize::from(self.index)).copied().unwrap_or("usd")
    }
}

impl fmt::Debug for MoneyCurrency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl TryFrom<String> for MoneyCurrency {
    type Error = &'static str;
    fn try_from(code: String) -> Result<Self, Self::Error> {
        Self::parse(&code).ok_or("not a money currency")
    }
}

impl From<MoneyCurrency> for String {
    fn from(currency: MoneyCurrency) -> Self {
        currency.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_times_an_amount_is_rounded_to_the_minor_unit() {
        let rows = [
            ("0.01", "usd", "50", "0.5"),
            ("0.0001", "usd", "50", "0.01"),
            ("0.0001", "usd", "49.999999999", "0"),
            ("0.0003", "usd", "16.6", "0"),
            ("0.0003", "usd", "16.7", "0.01"),
            ("1.5", "jpy", "1", "2"),
            ("1.5", "jpy", "0.999999999", "1"),
            ("0", "eur", "1000", "0"),
            ("1000000", "eur", "1000000000000", "1000000000000000000"),
        ];
        for (price, currency, amount, cost) in rows {
            let currency = MoneyCurrency::parse(currency).unwrap();
            let price = Money { amount: MoneyAmount::parse(price).unwrap(), currency };
            let found = price.times(Credits::parse(amount).unwrap()).unwrap();
            assert_eq!(found.amount.to_string(), cost, "{price:?} x {amount}");
        }
        let price = Money { amount: MoneyAmount::parse("1000000000").unwrap(), ..Money::FREE };
        assert_eq!(price.times(crate::limits::SUM_MAX), Err(Overflow));
    }

    #[test]
    fn every_code_without_a_minor_unit_is_of_the_list() {
        for code in MoneyCurrency::WHOLE {
            assert_eq!(MoneyCurrency::parse(code).map(MoneyCurrency::minor_digits), Some(0));
        }
    }
}

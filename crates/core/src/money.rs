//! What a grant cost, in a money currency's full units (49 is $49.00).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{AmountError, Credits};

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

    /// Nothing to pay.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0.is_zero()
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

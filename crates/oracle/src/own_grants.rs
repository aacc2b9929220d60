//! What wallets are asked to make by themselves.

use crate::{Amount, Instant, WalletName};

/// Money, in billionths of its unit.
pub type Money = i128;

/// What one credit costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Price {
    /// Above 0.
    pub amount: Money,
    /// The money's code, as `usd`.
    pub currency: String,
}

impl Price {
    /// What so many credits cost: rounded half away from zero to the money's minor unit (decision
    /// 53). Neither is negative.
    pub(crate) fn of(&self, credits: Amount) -> Money {
        let minor = match self.currency.as_str() {
            "jpy" | "krw" => BILLION,
            _ => BILLION / 100,
        };
        let exact_divisor = BILLION * minor;
        let units = (self.amount * credits + exact_divisor / 2) / exact_divisor;
        units * minor
    }
}

/// Below what a wallet recharges (spec 2.13).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threshold {
    /// So many available credits.
    Credits(Amount),
    /// Available credits of so much money, by the setting's price.
    Money(Money),
}

/// How long something lasts: calendar months or years.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// A month.
    Month,
    /// A year.
    Year,
}

impl Period {
    pub(crate) const fn months(self) -> i64 {
        match self {
            Self::Month => 1,
            Self::Year => 12,
        }
    }
}

/// What is wanted of a wallet's recharge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recharge {
    /// Where.
    pub wallet: WalletName,
    /// It is wanted.
    pub is_enabled: bool,
    /// Below what.
    pub threshold: Threshold,
    /// Up to how many available credits.
    pub target: Amount,
    /// What may be charged in a calendar month; none is without bound.
    pub spend_limit: Option<Money>,
    /// How long the credits last.
    pub lasts: Period,
    /// The price of one credit; none is the currency's (decision 53).
    pub price: Option<Price>,
}

impl Recharge {
    /// How so many available credits compare with the threshold; not at all in money without a
    /// price.
    pub(crate) fn compared(&self, available: Amount) -> Option<std::cmp::Ordering> {
        match (self.threshold, &self.price) {
            (Threshold::Credits(threshold), _) => Some(available.cmp(&threshold)),
            (Threshold::Money(threshold), Some(price)) => {
                Some((available * price.amount).cmp(&(threshold * BILLION)))
            }
            (Threshold::Money(_), None) => None,
        }
    }
}

/// A recurring grant to be made or changed, whole (section 7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recurring {
    /// Where; it cannot change.
    pub wallet: WalletName,
    /// Its name, and that of its grants.
    pub id: String,
    /// What each period gives: above 0, at most 10^15 credits.
    pub amount: Amount,
    /// How long a period is.
    pub cadence: Period,
    /// Where periods begin; none is now, or stays what it is (decision 82).
    pub anchor: Option<Instant>,
    /// The priority of its grants.
    pub priority: u8,
}

const BILLION: i128 = 1_000_000_000;

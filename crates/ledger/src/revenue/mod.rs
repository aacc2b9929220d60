//! The revenue report (spec section 7, decision 31): rows in the order in which they were recorded, added
//! up grant by grant.
//!
//! Rows never change, so whatever is added up twice comes to the same. A row belongs to the instant that
//! it is attributed to, but never to a month that was closed before it was recorded: then it belongs to
//! the beginning of the first month that was open.

mod books;
mod month;

use std::sync::Arc;

use scrip_core::{
    CurrencyId, EnvironmentId, GrantId, MoneyCurrency, Revenue, Timestamp, WalletKey,
};

pub use books::RevenueBooks;
pub(crate) use books::read_on;
pub use month::{ClosedMonth, Month};

/// What a report is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevenueQuery {
    /// The environment.
    pub environment: EnvironmentId,
    /// Only this currency's grants.
    pub currency: Option<CurrencyId>,
    /// The beginning, inclusive.
    pub from: Timestamp,
    /// The end, exclusive; behind the beginning.
    pub to: Timestamp,
}

/// What became of money between two instants: `begin.deferred()` and what happened between them come to
/// `end.deferred()`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RevenueBetween {
    /// In all up to the beginning.
    pub begin: Revenue,
    /// In all up to the end.
    pub end: Revenue,
}

impl RevenueBetween {
    /// What happened between the two.
    #[must_use]
    pub fn between(&self) -> Revenue {
        self.end - self.begin
    }

    /// Nothing was deferred, and nothing happened.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.begin.deferred().is_zero() && self.between() == Revenue::default()
    }
}

/// A grant's line of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantRevenue {
    /// Whose.
    pub wallet: Arc<WalletKey>,
    /// Which.
    pub grant: GrantId,
    /// What it cost, in which money.
    pub money: MoneyCurrency,
    /// What became of it.
    pub revenue: RevenueBetween,
}

/// All grants of a currency that cost the same money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevenueTotal {
    /// The custom currency.
    pub currency: CurrencyId,
    /// The money.
    pub money: MoneyCurrency,
    /// What became of it.
    pub revenue: RevenueBetween,
    /// How many grants have a line.
    pub grants: u64,
}

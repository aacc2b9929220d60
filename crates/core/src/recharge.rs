//! Automatic recharge: a wallet that falls below its threshold buys itself credits (spec 2.13,
//! decisions 24, 25, 53, 67, 78).

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::{Credits, GrantNumber, Money, MoneyAmount, Overflow, PaymentState, Timestamp};

/// Below what a wallet recharges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Threshold {
    /// So many available credits; not negative.
    Credits(Credits),
    /// Available credits of so much money, by the setting's price.
    Money(MoneyAmount),
}

impl Threshold {
    /// It asks for nothing.
    pub(crate) const fn is_zero(self) -> bool {
        match self {
            Self::Credits(threshold) => threshold.is_zero(),
            Self::Money(threshold) => threshold.is_zero(),
        }
    }
}

/// How long the credits of a recharge last: calendar months or years, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum GrantPeriod {
    /// A month.
    OneMonth,
    /// A year.
    OneYear,
}

impl GrantPeriod {
    /// When a grant ends that was made at an instant; none at the end of time.
    #[must_use]
    pub fn end(self, at: Timestamp) -> Option<Timestamp> {
        let months = match self {
            Self::OneMonth => 1,
            Self::OneYear => 12,
        };
        Some(at.months_later(months)).filter(|end| *end < Timestamp::NEVER)
    }
}

/// What an owner wants of a wallet's recharge. It has passed its checks: with a price where it is
/// enabled, and a target above the threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RechargeSetting {
    /// The owner wants it.
    pub is_enabled: bool,
    /// Below what it recharges.
    pub threshold: Threshold,
    /// Up to how many available credits, at most [`crate::limits::AMOUNT_MAX`].
    pub target: Credits,
    /// What may be charged in a calendar month, UTC, in the price's money; none is without bound.
    pub spend_limit: Option<MoneyAmount>,
    /// How long the credits last.
    pub grant_period: GrantPeriod,
    /// The price of one credit, fixed when the setting is saved (decision 78).
    pub unit_cost: Option<Money>,
}

impl RechargeSetting {
    /// So many available credits are fewer than the threshold asks for. Without a price no money is
    /// missing.
    #[must_use]
    pub fn is_below(&self, available: Credits) -> bool {
        self.compared(available).is_some_and(Ordering::is_lt)
    }

    /// So many available credits are more than the threshold asks for; without a price they are.
    pub(crate) fn is_above(&self, available: Credits) -> bool {
        self.compared(available).is_none_or(Ordering::is_gt)
    }

    /// How available credits compare with the threshold.
    fn compared(&self, available: Credits) -> Option<Ordering> {
        Some(match self.threshold {
            Threshold::Credits(threshold) => available.cmp(&threshold),
            Threshold::Money(threshold) => {
                // Both sides in billionths of billionths; what does not fit is far beyond.
                let one = Credits::whole(1).billionths();
                let price = self.unit_cost?.amount.billionths();
                let worth = available.billionths().saturating_mul(price);
                worth.cmp(&threshold.billionths().saturating_mul(one))
            }
        })
    }
}

/// Why a recharge that its owner wants stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RechargeStop {
    /// What was charged in the month reached the limit, or the next charge would pass it. Ends with
    /// the month, or when the setting is saved.
    SpendLimit,
    /// The wallet has no room for another grant. Ends when the setting is saved.
    WalletLimit,
    /// A charge was declined. Ends when the setting is saved (decision 24).
    PaymentFailed,
}

/// A wallet's recharge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recharge {
    /// What its owner wants.
    pub setting: RechargeSetting,
    /// When it was saved first.
    pub created_at: Timestamp,
    /// When it was saved last, or stopped or went on by itself.
    pub updated_at: Timestamp,
    /// Why it stands still, if it does.
    pub stopped: Option<RechargeStop>,
    /// The calendar month of the last charge: [`Timestamp::month`].
    pub(crate) month: Option<i32>,
    /// What was charged in that month, of one money.
    pub(crate) spent: Money,
    /// Grants whose charge is still open, and what they will give: they count as if it were there.
    pub(crate) pending: Vec<(GrantNumber, Credits)>,
}

impl Recharge {
    pub(crate) fn new(setting: RechargeSetting, at: Timestamp) -> Self {
        Self {
            setting,
            created_at: at,
            updated_at: at,
            stopped: None,
            month: None,
            spent: Money::FREE,
            pending: Vec::new(),
        }
    }

    /// It recharges when credits run low: its owner wants it and nothing stopped it.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.setting.is_enabled && self.stopped.is_none()
    }

    /// What was charged in the calendar month of an instant, pending charges included. What was
    /// charged in another money than the price's counts no more.
    #[must_use]
    pub fn spent_in_month_of(&self, at: Timestamp) -> MoneyAmount {
        let is_other = |price: Money| price.currency != self.spent.currency;
        if self.month != at.month() || self.setting.unit_cost.is_some_and(is_other) {
            return MoneyAmount::ZERO;
        }
        self.spent.amount
    }

    /// The charge of a grant is still open.
    pub(crate) fn awaits(&self, grant: GrantNumber) -> bool {
        self.pending.iter().any(|(pending, _)| *pending == grant)
    }

    /// Saves another setting.
    pub(crate) fn set(&mut self, setting: RechargeSetting, at: Timestamp) {
        self.setting = setting;
        self.stopped = None;
        self.updated_at = at;
    }

    pub(crate) fn charge(
        &mut self,
        grant: (GrantNumber, Credits),
        cost: Money,
        payment: PaymentState,
        at: Timestamp,
    ) -> Result<(), Overflow> {
        let amount = self.spent_in_month_of(at).plus(cost.amount)?;
        self.spent = Money { amount, currency: cost.currency };
        self.month = at.month();
        if payment == PaymentState::Pending {
            self.pending.push(grant);
        }
        Ok(())
    }

    /// A grant's charge was declined: nothing was spent for it, and nothing is charged until somebody
    /// saves the setting.
    pub(crate) fn fail(
        &mut self,
        grant: GrantNumber,
        cost: Money,
        charged_at: Timestamp,
        at: Timestamp,
    ) {
        self.settle(grant);
        if self.spent.currency == cost.currency && self.month == charged_at.month() {
            self.spent.amount = self.spent.amount.less(cost.amount);
        }
        self.stopped = Some(RechargeStop::PaymentFailed);
        self.updated_at = at;
    }

    /// A grant's charge is no longer open.
    pub(crate) fn settle(&mut self, grant: GrantNumber) {
        self.pending.retain(|(pending, _)| *pending != grant);
    }

    /// The instant at which it goes on by itself.
    pub(crate) fn resumes_at(&self) -> Option<Timestamp> {
        let is_stopped = self.stopped == Some(RechargeStop::SpendLimit);
        (self.setting.is_enabled && is_stopped).then(|| self.updated_at.next_month())
    }
}

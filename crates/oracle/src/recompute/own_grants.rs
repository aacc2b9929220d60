//! Grants that a wallet makes by itself.

use std::cmp::Ordering;

use super::announcements::Announcement;
use super::{Wallet, WalletGrant};
use crate::calendar::{month, months_later, next_month};
use crate::{Amount, GrantKind, GrantName, GrantState, Instant, Money, Price, Recharge, Recharged};

/// The priority of a recharge's grants (decision 78).
const RECHARGE_PRIORITY: u8 = 50;
/// What one grant can be of (decision 5).
const GREATEST_AMOUNT: Amount = 1_000_000_000_000_000 * crate::CREDIT;

/// A wallet's recharge.
#[derive(Clone, Debug)]
pub(super) struct WalletRecharge {
    setting: Recharge,
    stop: Option<Stop>,
    /// The calendar month of the last charge, and what was charged in it.
    spent: (i64, Money),
}

/// Why a recharge that is wanted stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The month's charges reached the limit, or the next would pass it; until the month is over.
    SpendLimit { until: Instant },
    /// The wallet has no room for the grant.
    NoRoom,
}

impl WalletRecharge {
    fn spent(&self, at: Instant) -> Money {
        if self.spent.0 == month(at) { self.spent.1 } else { 0 }
    }
}

/// A grant that is to be made.
pub(super) struct Made {
    pub(super) name: GrantName,
    pub(super) kind: GrantKind,
    pub(super) amount: Amount,
    pub(super) priority: u8,
    pub(super) expire_at: Instant,
}

impl Wallet {
    /// Saving ends whatever stopped it.
    pub(super) fn set_recharge(&mut self, setting: &Recharge) {
        let spent = self.recharge.as_ref().map_or((0, 0), |recharge| recharge.spent);
        self.recharge = Some(WalletRecharge { setting: setting.clone(), stop: None, spent });
    }

    /// How it recharges.
    pub(crate) fn recharged(&self, at: Instant) -> Recharged {
        let none = Recharged { is_on: false, price: None, spent: 0 };
        self.recharge.as_ref().map_or(none, |recharge| Recharged {
            is_on: recharge.setting.is_enabled && recharge.stop.is_none(),
            price: recharge.setting.price.clone(),
            spent: recharge.spent(at),
        })
    }

    /// What stops the recharge.
    pub(super) fn recharge_stop(&self) -> Option<Stop> {
        self.recharge.as_ref()?.stop
    }

    /// When a recharge that its limit stopped goes on (decision 24).
    pub(super) fn recharge_resumes_at(&self) -> Option<Instant> {
        match self.recharge_stop()? {
            Stop::SpendLimit { until } => Some(until),
            Stop::NoRoom => None,
        }
    }

    pub(super) fn resume_recharge(&mut self) {
        if let Some(recharge) = &mut self.recharge {
            recharge.stop = None;
        }
    }

    /// Below the threshold one charge closes the whole gap (decision 25). Spend at the limit, or a
    /// charge that would pass it, stops it: there are no partial charges (decision 78).
    pub(super) fn recharge_if_low(&mut self, at: Instant) {
        let Some(recharge) = self.recharge.clone() else { return };
        let (setting, spent) = (&recharge.setting, recharge.spent(at));
        if !setting.is_enabled || recharge.stop.is_some() {
            return;
        }
        let passes = |charged: Money| setting.spend_limit.is_some_and(|limit| charged > limit);
        if setting.spend_limit.is_some_and(|limit| spent >= limit) {
            return self.stop_recharge(Stop::SpendLimit { until: next_month(at) });
        }
        let available = self.totals().balance();
        let is_below = setting.compared(available) == Some(Ordering::Less);
        let price: &Price = match &setting.price {
            Some(price) if is_below && self.is_live => price,
            _ => return,
        };
        let amount = setting.target - available;
        if !self.has_room(amount) {
            return self.stop_recharge(Stop::NoRoom);
        }
        let charged = spent + price.of(amount);
        if passes(charged) {
            return self.stop_recharge(Stop::SpendLimit { until: next_month(at) });
        }
        let name =
            GrantName::Recharge(self.count_made(|name| matches!(name, GrantName::Recharge(_))));
        let expire_at = months_later(at, setting.lasts.months());
        let (kind, priority) = (GrantKind::Paid, RECHARGE_PRIORITY);
        self.make(Made { name, kind, amount, priority, expire_at }, at);
        if let Some(recharge) = &mut self.recharge {
            recharge.spent = (month(at), charged);
        }
        self.settle_overdraft(at);
        // What was charged may have reached the limit.
        self.recharge_if_low(at);
    }

    fn stop_recharge(&mut self, stop: Stop) {
        if let Some(recharge) = &mut self.recharge {
            recharge.stop = Some(stop);
        }
    }

    /// It can have another grant of so much (decisions 5, 30 and 80).
    pub(super) fn has_room(&self, amount: Amount) -> bool {
        amount <= GREATEST_AMOUNT
            && self.unfinished_grants() < self.limits.unfinished_grants
            && self.greatest_granted() + amount <= self.limits.wallet_sum
    }

    /// The number of the next grant of a kind of names.
    pub(super) fn count_made(&self, is_it: impl Fn(&GrantName) -> bool) -> u32 {
        let mut number = 1;
        for grant in &self.grants {
            if is_it(&grant.name) {
                number += 1;
            }
        }
        number
    }

    /// It counts from now on.
    pub(super) fn make(&mut self, made: Made, at: Instant) {
        let Made { name, kind, amount, priority, expire_at } = made;
        self.grants.push(WalletGrant {
            name,
            kind: Some(kind),
            state: GrantState::Scheduled,
            amount,
            consumed: 0,
            lost: 0,
            invoice: None,
            priority,
            created_at: at,
            effective_at: at,
            expire_at: Some(expire_at),
            voided_at: None,
            announcement: Announcement::default(),
        });
        self.activate(self.grants.len() - 1, at);
    }
}

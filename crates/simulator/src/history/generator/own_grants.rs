//! What wallets are told to make by themselves.

use scrip_oracle::{
    Amount, Money, Period, Price, Recharge, Recurring, Request, Threshold, months_later, next_month,
};

use super::Generator;

const ONE: i128 = 1_000_000_000;
/// The largest target of a request: 10^15 credits.
const MOST: Amount = 1_000_000_000_000_000 * ONE;

impl Generator {
    /// Mostly one that is accepted and wanted. The limit of the spend is often met exactly.
    pub(super) fn recharge(&mut self) -> Request {
        let now = self.now();
        self.times.name(next_month(now));
        let amounts = self.profile.amounts;
        let below = if self.percent(10) { 0 } else { amounts.pick(&mut self.rng) };
        let above = if self.percent(8) { 0 } else { amounts.pick(&mut self.rng) };
        let target = (below + above).min(MOST);
        let price = if self.percent(75) { self.price() } else { None };
        let unit = price.as_ref().map_or(ONE, |price| price.amount);
        let cost = |credits: Amount| credits / 1_000 * unit / 1_000_000;
        let in_money = self.percent(30);
        let limit: Money = match self.below(6) {
            0 => cost(target) * 2,
            1 => cost(target),
            2 => cost(target) * 3 / 2 + ONE / 100,
            3 => cost(amounts.pick(&mut self.rng)),
            _ => 0,
        };
        Request::SetRecharge(Recharge {
            wallet: self.wallet(),
            is_enabled: self.percent(85),
            threshold: if in_money {
                Threshold::Money(cost(below))
            } else {
                Threshold::Credits(below)
            },
            target,
            spend_limit: (limit > 0).then_some(limit),
            lasts: if self.percent(70) { Period::Month } else { Period::Year },
            price,
        })
    }

    /// Few names, so that they are changed, removed and taken by other wallets.
    pub(super) fn recurring(&mut self) -> Request {
        let id = format!("p{}", 1 + self.below(3));
        if self.percent(20) {
            return self.remove_recurring(id);
        }
        let now = self.now();
        let cadence = if self.percent(75) { Period::Month } else { Period::Year };
        let anchor = self.percent(60).then(|| self.times.instant(&mut self.rng, now));
        let months = if cadence == Period::Month { 1 } else { 12 };
        for period in 1..=3 {
            self.times.name(months_later(anchor.unwrap_or(now), period * months));
        }
        let place = self.below(self.profile.priorities.len());
        let priority = self.profile.priorities[place];
        let amount = self.profile.amounts.pick(&mut self.rng);
        let wallet = self.wallet();
        self.recurring.push((wallet.clone(), id.clone()));
        Request::PutRecurring(Recurring { wallet, id, amount, cadence, anchor, priority })
    }

    /// Mostly of a wallet that may have it.
    fn remove_recurring(&mut self, id: String) -> Request {
        let place = self.below(self.recurring.len());
        match self.recurring.get(place).cloned() {
            Some((wallet, id)) if self.percent(85) => Request::RemoveRecurring(wallet, id),
            _ => Request::RemoveRecurring(self.wallet(), id),
        }
    }

    /// What one credit costs, in the money of the history; sometimes nothing is said.
    pub(super) fn price(&mut self) -> Option<Price> {
        let amounts = [ONE, ONE, 2 * ONE, ONE / 100, ONE / 8, 1_500_000, 1];
        let amount = amounts[self.below(amounts.len())];
        let currency = self.profile.money.to_owned();
        (!self.percent(10)).then_some(Price { amount, currency })
    }
}

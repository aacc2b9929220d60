//! What wallets are told to make by themselves.

use scrip_oracle::{Amount, Money, Period, Price, Recharge, Request, Threshold, next_month};

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

    /// What one credit costs, in the money of the history; sometimes nothing is said.
    pub(super) fn price(&mut self) -> Option<Price> {
        let amounts = [ONE, ONE, 2 * ONE, ONE / 100, ONE / 8, 1_500_000, 1];
        let amount = amounts[self.below(amounts.len())];
        let currency = self.profile.money.to_owned();
        (!self.percent(10)).then_some(Price { amount, currency })
    }
}

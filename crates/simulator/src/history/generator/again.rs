//! Requests about what was asked for before: settled, given back, repeated.

use scrip_oracle::{
    Amount, Consume, Extend, Refund, Release, Request, Reserve, Short, Undone, WalletName,
};

use super::Generator;
use rand::RngExt as _;

impl Generator {
    pub(super) fn release(&mut self) -> Request {
        let amounts = self.profile.amounts;
        let (wallet, reservation, amount) = self.reserved();
        let consumed = amounts.pick_taken(&mut self.rng, amount);
        Request::Release(Release { wallet, reservation, consumed })
    }

    pub(super) fn extend(&mut self) -> Request {
        let now = self.now();
        let (wallet, reservation, _) = self.reserved();
        let expires_at = self.times.hold_end(&mut self.rng, now);
        Request::Extend(Extend { wallet, reservation, expires_at })
    }

    /// A reservation and its amount: mostly a recent one, which may be open still.
    fn reserved(&mut self) -> (WalletName, String, Amount) {
        let reserves = self.asked.iter().filter_map(|request| match request {
            Request::Reserve(Reserve { wallet, reservation, amount, .. }) => {
                Some((wallet.clone(), reservation.clone(), *amount))
            }
            _ => None,
        });
        let mut reserves: Vec<_> = reserves.collect();
        if reserves.is_empty() || self.percent(3) {
            let amount = self.profile.amounts.pick(&mut self.rng);
            return (self.wallet(), "r999999".to_owned(), amount);
        }
        let recent = if self.percent(70) { 5 } else { reserves.len() };
        let from = reserves.len().saturating_sub(recent);
        let place = from + self.below(reserves.len() - from);
        reserves.swap_remove(place)
    }

    /// An earlier request again, as it was or with something else under its name.
    pub(super) fn repeat(&mut self) -> Request {
        let place = self.below(self.asked.len());
        let Some(request) = self.asked.get(place).cloned() else { return self.grant() };
        if self.percent(70) {
            return request;
        }
        match request {
            Request::Consume(consume) => Request::Consume(self.altered(consume)),
            Request::Reserve(mut reserve) => {
                match self.below(3) {
                    0 => reserve.amount += 1,
                    1 => reserve.expires_at += 1,
                    _ => reserve.wallet = self.wallet(),
                }
                Request::Reserve(reserve)
            }
            Request::Release(mut release) => {
                release.consumed = self.profile.amounts.pick(&mut self.rng);
                Request::Release(release)
            }
            Request::Batch(mut items) => {
                let kept = 1 + self.below(items.len());
                items.truncate(kept);
                items.push(self.consume());
                Request::Batch(items)
            }
            Request::Refund(mut refund) => {
                match self.below(3) {
                    0 => refund.amount = Some(refund.amount.map_or(1, |amount| amount + 1)),
                    1 => refund.amount = None,
                    _ => refund.of = Undone::Consumption(self.key()),
                }
                Request::Refund(refund)
            }
            Request::RefundInvoice(mut refund) => {
                match self.below(2) {
                    0 => refund.amount += 1,
                    _ => refund.grant = self.grant_id(),
                }
                Request::RefundInvoice(refund)
            }
            Request::PutRecurring(mut put) => {
                match self.below(3) {
                    0 => put.amount = self.profile.amounts.pick(&mut self.rng),
                    1 => put.anchor = None,
                    _ => put.wallet = self.wallet(),
                }
                Request::PutRecurring(put)
            }
            Request::SetRecharge(mut recharge) => {
                recharge.is_enabled = !recharge.is_enabled;
                Request::SetRecharge(recharge)
            }
            other => other,
        }
    }

    pub(super) fn altered(&mut self, mut consume: Consume) -> Consume {
        match self.below(5) {
            0 => consume.amount = if consume.amount > 1 { consume.amount - 1 } else { 2 },
            1 => consume.created_at = Some(self.now()),
            2 => {
                consume.dimensions.insert("model".to_owned(), "other".to_owned());
            }
            3 => consume.wallet = self.wallet(),
            _ => {
                consume.short = match (consume.short, self.below(2)) {
                    (Short::Overdraft, 0) | (Short::Unsaid, 1) => Short::Reject,
                    (Short::Reject, 0) | (Short::Unsaid, _) => Short::Overdraft,
                    _ => Short::Unsaid,
                }
            }
        }
        consume
    }

    /// Mostly of a recent consumption or release; of all of it, or of a part, or of more.
    pub(super) fn refund(&mut self) -> Request {
        let mut consumptions: Vec<_> = self.asked.iter().flat_map(consumptions).collect();
        let key = format!("f{}", self.rng.random_range(0..self.profile.keys));
        let amounts = self.profile.amounts;
        if consumptions.is_empty() || self.percent(3) {
            let (wallet, of) = (self.wallet(), Undone::Consumption("k999999".to_owned()));
            return Request::Refund(Refund { wallet, key, of, amount: None });
        }
        let recent = if self.percent(60) { 4 } else { consumptions.len() };
        let from = consumptions.len().saturating_sub(recent);
        let place = from + self.below(consumptions.len() - from);
        let (wallet, of, amount) = consumptions.swap_remove(place);
        let is_whole = self.percent(35);
        let part = amounts.pick_taken(&mut self.rng, amount).max(1);
        let part = if self.percent(60) { (amount / 3).max(1) } else { part };
        Request::Refund(Refund { wallet, key, of, amount: (!is_whole).then_some(part) })
    }
}

/// What a request consumes, if it is accepted.
fn consumptions(request: &Request) -> Vec<(WalletName, Undone, Amount)> {
    let consumption =
        |item: &Consume| (item.wallet.clone(), Undone::Consumption(item.key.clone()), item.amount);
    match request {
        Request::Consume(item) => vec![consumption(item)],
        Request::Batch(items) => items.iter().map(consumption).collect(),
        Request::Release(Release { wallet, reservation, consumed }) => {
            vec![(wallet.clone(), Undone::Reservation(reservation.clone()), *consumed)]
        }
        _ => Vec::new(),
    }
}

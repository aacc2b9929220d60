//! Grants that an invoice pays for, and the money that is given back of it.

use rand::RngExt as _;
use scrip_oracle::{
    Consume, Grant, GrantKind, InvoiceRefund, Money, Payment, Request, Reserve, WalletName,
};

use super::Generator;

const ONE: Money = 1_000_000_000;
/// What grants cost: sums that divide well, and some that do not.
const COSTS: [Money; 9] = [
    10 * ONE,
    ONE,
    ONE / 100,
    9_999 * (ONE / 100),
    ONE / 3,
    3 * ONE,
    7 * ONE,
    1,
    1_000_000_000_000_000 * ONE,
];

/// A grant that was asked for with an invoice.
pub(super) struct Invoiced {
    grant: String,
    wallet: WalletName,
    total: Money,
    /// What was asked back of it, as far as it may have been accepted.
    refunded: Money,
}

impl Generator {
    /// What a grant costs, and how it is paid.
    pub(super) fn payment(&mut self, kind: GrantKind) -> (Money, Payment) {
        if kind != GrantKind::Paid || !self.percent(self.profile.invoiced_percent) {
            return (0, Payment::Nothing);
        }
        let cost = self.cost();
        let is_invoiced = self.percent(92);
        (cost, if is_invoiced { Payment::PaidInvoice } else { Payment::Nothing })
    }

    pub(super) fn note_invoice(&mut self, grant: &Grant) {
        if grant.payment == Payment::PaidInvoice {
            self.invoiced.push(Invoiced {
                grant: grant.id.clone(),
                wallet: grant.wallet.clone(),
                total: grant.cost,
                refunded: 0,
            });
        }
    }

    /// Mostly of a recent invoice: a part, the rest, or more than that.
    pub(super) fn money_back(&mut self) -> Request {
        if self.invoiced.is_empty() && self.percent(80) {
            return self.invoiced_grant();
        }
        let key = format!("m{}", self.rng.random_range(0..self.profile.keys));
        if self.invoiced.is_empty() || self.percent(4) {
            let (grant, amount) = (self.grant_id(), self.cost());
            return Request::RefundInvoice(InvoiceRefund { grant, amount, key });
        }
        let place = self.invoice();
        if self.invoiced[place].refunded == self.invoiced[place].total && self.percent(70) {
            return self.invoiced_grant();
        }
        let amount = self.part_of(place);
        let Invoiced { grant, wallet, .. } = &self.invoiced[place];
        self.overdrafts.push(wallet.clone());
        Request::RefundInvoice(InvoiceRefund { grant: grant.clone(), amount, key })
    }

    fn invoiced_grant(&mut self) -> Request {
        let mut request = self.grant();
        if let Request::Grant(grant) = &mut request {
            grant.kind = GrantKind::Paid;
            (grant.cost, grant.payment) = (self.cost(), Payment::PaidInvoice);
            self.note_invoice(grant);
        }
        request
    }

    fn cost(&mut self) -> Money {
        COSTS[self.below(COSTS.len())]
    }

    /// The place of an invoice: often one of a wallet in which something was held or consumed last.
    fn invoice(&mut self) -> usize {
        let last = self.asked.iter().rev().find_map(|request| match request {
            Request::Reserve(Reserve { wallet, .. }) => Some(wallet),
            Request::Consume(Consume { wallet, .. }) => Some(wallet),
            _ => None,
        });
        let is_there = |one: &Invoiced| last == Some(&one.wallet);
        let there = self.invoiced.iter().rposition(is_there);
        if let (Some(place), true) = (there, self.percent(40)) {
            return place;
        }
        let recent = if self.percent(60) { 3 } else { self.invoiced.len() };
        let from = self.invoiced.len().saturating_sub(recent);
        from + self.below(self.invoiced.len() - from)
    }

    fn part_of(&mut self, invoice: usize) -> Money {
        let Invoiced { total, refunded, .. } = self.invoiced[invoice];
        let left = total - refunded;
        let amount = match self.below(10) {
            0..3 => total / 3,
            3 => total / 10,
            4 => 1,
            5 => total,
            6..8 => left,
            8 => left + 1,
            _ => self.rng.random_range(1..=total),
        };
        let amount = amount.max(1);
        if amount <= left {
            self.invoiced[invoice].refunded += amount;
        }
        amount
    }
}

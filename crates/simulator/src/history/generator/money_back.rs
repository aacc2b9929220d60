//! Grants that an invoice pays for, and the money that is given back of it.

use rand::RngExt as _;
use scrip_oracle::{Grant, GrantKind, InvoiceRefund, Money, Payment, Request, WalletName};

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
        let cost = COSTS[self.below(COSTS.len())];
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
        let key = format!("m{}", self.rng.random_range(0..self.profile.keys));
        if self.invoiced.is_empty() || self.percent(4) {
            let (grant, amount) = (self.grant_id(), COSTS[self.below(COSTS.len())]);
            return Request::RefundInvoice(InvoiceRefund { grant, amount, key });
        }
        let recent = if self.percent(60) { 3 } else { self.invoiced.len() };
        let from = self.invoiced.len().saturating_sub(recent);
        let place = from + self.below(self.invoiced.len() - from);
        let Invoiced { total, refunded, .. } = self.invoiced[place];
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
            self.invoiced[place].refunded += amount;
        }
        let grant = self.invoiced[place].grant.clone();
        self.overdrafts.push(self.invoiced[place].wallet.clone());
        Request::RefundInvoice(InvoiceRefund { grant, amount, key })
    }
}

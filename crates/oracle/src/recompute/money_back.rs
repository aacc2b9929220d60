//! Credits that are taken back because their money was given back (decision 47).

use super::{Wallet, WalletGrant};
use crate::{Amount, EventKind, GrantState, Instant, InvoiceRefund, Money};

impl WalletGrant {
    /// How much of it shall be gone without being consumed: of its credits the part that was given
    /// back of its money, rounded down.
    fn target(&self) -> Amount {
        self.invoice.map_or(0, |invoice| part_of(self.amount, invoice.refunded, invoice.total))
    }

    fn is_wholly_claimed(&self) -> bool {
        self.target() == self.amount
    }
}

impl Wallet {
    /// No row of the API tells of it; what follows from it has rows.
    pub(super) fn refund_invoice(&mut self, grant: usize, refund: &InvoiceRefund) {
        if let Some(invoice) = &mut self.grants[grant].invoice {
            invoice.refunded += refund.amount;
            self.money_back.push((refund.key.clone(), *invoice));
        }
    }

    /// Takes back what can be taken now of every grant whose money was given back, the oldest first.
    /// What is held is looked at again when its hold ends; one that has not begun, when it begins.
    pub(super) fn take_back(&mut self, at: Instant) {
        for grant in 0..self.grants.len() {
            if self.grants[grant].invoice.is_none() {
                continue;
            }
            if self.grants[grant].state == GrantState::Scheduled {
                if self.grants[grant].is_wholly_claimed() {
                    self.void(grant, at);
                }
                continue;
            }
            self.take_back_unheld(grant, at);
            self.take_back_consumed(grant, at);
            let one = &mut self.grants[grant];
            if one.is_usable() && one.lost == one.amount {
                one.state = GrantState::Voided;
                one.voided_at = Some(at);
            }
        }
    }

    fn missing(&self, grant: usize) -> Amount {
        (self.grants[grant].target() - self.grants[grant].lost).max(0)
    }

    fn take_back_unheld(&mut self, grant: usize, at: Instant) {
        let part = self.missing(grant).min(self.available(grant));
        if part > 0 {
            self.grants[grant].lost += part;
            self.row(EventKind::Voided, grant, -part, at);
        }
    }

    /// What was consumed is owed by the wallet instead: it goes to the overdraft.
    fn take_back_consumed(&mut self, grant: usize, at: Instant) {
        let part = self.missing(grant).min(self.grants[grant].consumed);
        if part > 0 {
            let overdraft = self.open_overdraft(at);
            self.move_consumption(grant, overdraft, part, at);
            self.grants[grant].lost += part;
            self.row(EventKind::Voided, grant, -part, at);
        }
    }
}

/// `amount * given / total`, rounded down, without a product that is too large: by doubling, from
/// the highest bit of what was given on.
fn part_of(amount: Amount, given: Money, total: Money) -> Amount {
    let (mut whole, mut rest) = (0, 0);
    for bit in (0..Money::BITS - given.leading_zeros()).rev() {
        whole *= 2;
        rest *= 2;
        if given >> bit & 1 == 1 {
            whole += amount / total;
            rest += amount % total;
        }
        while rest >= total && total > 0 {
            rest -= total;
            whole += 1;
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::part_of;

    #[test]
    fn a_part_is_rounded_down() {
        const MOST: i128 = 1_000_000_000_000_000_000_000_000;
        for (amount, given, total, part) in [
            (10, 0, 0, 0),
            (10, 0, 3, 0),
            (10, 1, 3, 3),
            (10, 2, 3, 6),
            (10, 3, 3, 10),
            (1, 2, 3, 0),
            (7, 6, 7, 6),
            (MOST, MOST, MOST, MOST),
            (MOST, MOST - 1, MOST, MOST - 1),
            (MOST - 1, MOST - 1, MOST, MOST - 2),
            (MOST, 1, 3, MOST / 3),
            (MOST, MOST / 3, MOST, MOST / 3),
        ] {
            assert_eq!(part_of(amount, given, total), part, "{amount} * {given} / {total}");
        }
    }

    #[test]
    fn a_part_is_what_a_division_says() {
        for amount in 1..40 {
            for total in 1..40 {
                for given in 0..=total {
                    assert_eq!(part_of(amount, given, total), amount * given / total);
                }
            }
        }
    }
}

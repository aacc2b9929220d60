//! Refunds.

use crate::facts::What;
use crate::keys::is_earlier_refund;
use crate::recompute::Wallet;
use crate::{Answer, Denied, Instant, Oracle, Refund, Refunded, Undone};

impl Oracle {
    /// What is given back must be known before the refund's own key matters (decision 71). Goes on
    /// for archived customers (48).
    pub(super) fn refund(&mut self, asked: &Refund, now: Instant) -> Result<Answer, Denied> {
        self.places.check_known(&asked.wallet)?;
        let wallet = self.wallet(&asked.wallet, now);
        if !wallet.knows(&asked.of) {
            return Err(match asked.of {
                Undone::Consumption(_) => Denied::ConsumptionNotFound,
                Undone::Reservation(_) => Denied::ReservationNotFound,
            });
        }
        if is_earlier_refund(self.facts(&asked.wallet), asked)? {
            return Ok(refunded(&wallet, &asked.key));
        }
        let (left, refunds) = wallet.left_to_refund(&asked.of);
        if left == 0 {
            return Err(Denied::RefundExceeds);
        }
        if refunds >= self.settings.refunds {
            return Err(Denied::TooMany);
        }
        if asked.amount.is_some_and(|amount| amount > left) {
            return Err(Denied::RefundExceeds);
        }
        let wallet_now = self.wallet_now(&asked.wallet, now);
        let wallet = self.keep(&asked.wallet, wallet_now, What::Refund(asked.clone()))?;
        Ok(refunded(&wallet, &asked.key))
    }
}

/// The answer to a refund that was made.
fn refunded(wallet: &Wallet, key: &str) -> Answer {
    let totals = wallet.totals();
    let none = Refunded { amount: 0, refunded: 0, at: 0, totals };
    let made = wallet.refunds.iter().find(|made| made.key == key);
    Answer::Refunded(made.map_or(none, |made| Refunded {
        amount: made.amount,
        refunded: made.refunded,
        at: made.at,
        totals,
    }))
}

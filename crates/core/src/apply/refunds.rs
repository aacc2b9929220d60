//! Folding what a refund gives back.

use super::Applied;
use crate::{Contradiction, Grant, Leg, Timestamp, Wallet};

impl Wallet {
    /// Consumed credits are usable again. On a dead grant they cannot be: they leave it at once, by
    /// a row that follows (decision 39).
    pub(super) fn fold_refunded(
        &mut self,
        legs: &[Leg],
        taken_over: Option<Leg>,
        at: Timestamp,
    ) -> Applied {
        let broken = |rule| Err(Contradiction::Broken { rule });
        if legs.is_empty() || !legs.iter().all(|leg| leg.amount.is_positive()) {
            return broken("a refund gives nothing back");
        }
        // More than is given back: what moved away from a grant can have come back to it, and moved
        // again.
        if taken_over.is_some_and(|moved| !moved.amount.is_positive()) {
            return broken("a refund gives back other than it says");
        }
        for leg in legs {
            self.change_grant(leg.grant, at, |grant| {
                grant.consumed = grant.consumed.minus(leg.amount)?;
                Ok(())
            })?;
            let number = leg.grant.number;
            let is_dead = self.grant(number).is_some_and(Grant::is_dead);
            if is_dead && !self.remains.contains(&number) {
                self.remains.push(number);
            }
        }
        Ok(())
    }
}

//! How grants leave their wallet, and how one comes back.
//!
//! A wallet keeps the grants that can still matter. A dead grant leaves when nothing is held on it
//! any more. A spent grant, which would be usable for ever and has nothing left, leaves with the
//! row that took its last credit; its credits stay in the sums. Only somebody who voids or changes
//! a spent grant, or a refund to one that left, brings it back, by a row of its own.

use crate::check::check_grant;
use crate::{Contradiction, Credits, Event, Grant, GrantNumber, GrantState, GrantType, Wallet};

impl Grant {
    /// It is used up, and neither time nor the end of a hold can change that: usable for ever, all
    /// that was not taken back is consumed, nothing held. An overdraft is never spent.
    #[must_use]
    pub fn is_spent(&self) -> bool {
        self.state == GrantState::Usable
            && self.grant_type != GrantType::Overdraft
            && self.expire_at.is_none()
            && self.given() == Ok(self.consumed)
            && self.held.is_zero()
    }
}

impl Wallet {
    /// Lets the grants go that a row left spent. A row may name a grant more than once, so this
    /// comes after the whole row.
    pub(crate) fn release_spent(&mut self, event: &Event) -> Result<(), Contradiction> {
        match event {
            Event::Consumed { legs } | Event::Released { consumed: legs, .. } => {
                legs.iter().try_for_each(|leg| self.depart_if_spent(leg.grant.number))
            }
            Event::Granted(leg) | Event::Reclaimed(leg) => self.depart_if_spent(leg.grant.number),
            Event::Transferred { target: grant, .. }
            | Event::Updated { grant, .. }
            | Event::ReclaimedConsumed { grant, .. } => self.depart_if_spent(grant.number),
            // These leave credits, end a grant, bring it back for the row that follows, or touch none.
            Event::GrantCreated { .. }
            | Event::PaymentConfirmed { .. }
            | Event::Expired(_)
            | Event::Voided(_)
            | Event::Reserved { .. }
            | Event::HoldExpired { .. }
            | Event::HoldExtended { .. }
            | Event::RechargeSet { .. }
            | Event::Recharged { .. }
            | Event::RechargeStopped { .. }
            | Event::RechargeResumed
            | Event::RenewalSet { .. }
            | Event::Renewed { .. }
            | Event::RenewalRested { .. }
            | Event::RenewalRemoved { .. }
            | Event::RefundNamed { .. }
            | Event::Refunded { .. }
            | Event::RefundTakenOver(_)
            | Event::ExpiryAnnounced { .. }
            | Event::MoneyReturned { .. }
            | Event::RechargeFailed { .. }
            | Event::GrantReopened { .. } => Ok(()),
        }
    }

    /// Of the dead grants that lost a hold, keeps those with credits left and lets the others go.
    pub(crate) fn note_remains(&mut self) {
        let candidates = std::mem::take(&mut self.remains);
        for number in candidates {
            let left = self.grant(number).and_then(|grant| grant.unheld().ok());
            if left.is_some_and(Credits::is_positive) {
                self.remains.push(number);
            } else {
                self.depart_if_over(number);
            }
        }
    }

    /// Lets a dead grant go that nothing can touch any more.
    pub(crate) fn depart_if_over(&mut self, number: GrantNumber) {
        let is_over = |grant: &Grant| grant.is_dead() && grant.held.is_zero();
        if self.grant(number).is_some_and(is_over) && !self.is_claimed(number) {
            self.departed.extend(self.grants.remove(&number));
        }
    }

    fn depart_if_spent(&mut self, number: GrantNumber) -> Result<(), Contradiction> {
        let is_claimed = self.is_claimed(number);
        if let Some(grant) = self.grant(number).filter(|grant| grant.is_spent() && !is_claimed) {
            self.sums.spent = self.sums.spent.plus(grant.consumed)?;
            self.departed.extend(self.grants.remove(&number));
        }
        Ok(())
    }

    /// Takes a grant back in that left. The credits of a spent one stood in the sums all the time;
    /// those of a dead one stand in none.
    pub(crate) fn fold_reopened(&mut self, grant: &Grant) -> Result<(), Contradiction> {
        let number = grant.name.number;
        let broken = |rule| Err(Contradiction::Broken { rule });
        let is_over = grant.is_dead()
            && grant.grant_type != GrantType::Overdraft
            && grant.held.is_zero()
            && grant.unheld()?.is_zero();
        if !grant.is_spent() && !is_over {
            return broken("a grant comes back that is neither spent nor over");
        }
        check_grant(grant)?;
        if number > self.last_grant || self.grant(number).is_some() {
            return broken("a grant comes back that never left");
        }
        if grant.is_spent() {
            if grant.consumed > self.sums.spent {
                return broken("more grants come back than were spent");
            }
            self.sums.spent = self.sums.spent.minus(grant.consumed)?;
        }
        self.departed.retain(|left| left.name.number != number);
        self.grants.insert(*grant);
        Ok(())
    }
}

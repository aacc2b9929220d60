//! Folding what is taken of a grant whose money went back (decision 47).

use super::Applied;
use crate::wallet::MoneyClaim;
use crate::{
    Contradiction, Credits, Event, Fingerprint, Grant, GrantNumber, GrantRef, GrantState,
    GrantType, IdempotencyKey, Leg, Mark, Timestamp, Wallet,
};

impl Wallet {
    /// Something of the grant is to be taken still.
    pub(crate) fn is_claimed(&self, number: GrantNumber) -> bool {
        self.claims.iter().any(|claim| claim.grant == number)
    }

    /// So many credits of a grant are to be lost in all. One that left has nothing to give: whoever
    /// has is brought back first.
    pub(super) fn fold_money_returned(
        &mut self,
        name: GrantRef,
        target: Credits,
        key: &IdempotencyKey,
    ) -> Applied {
        let number = name.number;
        if number > self.last_grant {
            return Err(Contradiction::Unknown { what: name.id.to_string() });
        }
        let Some(grant) = self.grant(number) else { return Ok(()) };
        let is_pending = matches!(grant.state, GrantState::PaymentPending);
        if grant.name != name || grant.grant_type == GrantType::Overdraft || is_pending {
            let rule = "money goes back for a grant that nobody paid for";
            return Err(Contradiction::Broken { rule });
        }
        if target > grant.amount {
            return Err(Contradiction::Broken { rule: "more credits go back than were given" });
        }
        let claim = MoneyClaim { grant: number, target, key: key.clone() };
        let place = self.claims.binary_search_by_key(&number, |claim| claim.grant);
        match place {
            _ if target <= grant.lost => {}
            Ok(place) => {
                if let Some(known) = self.claims.get_mut(place).filter(|it| it.target < target) {
                    *known = claim;
                }
            }
            Err(place) => self.claims.insert(place, claim),
        }
        Ok(())
    }

    /// Under which name an event takes credits back, if it does.
    pub(crate) fn reclaimed_for(&self, event: &Event) -> Option<Mark> {
        let (Event::Reclaimed(Leg { grant, .. }) | Event::ReclaimedConsumed { grant, .. }) = event
        else {
            return None;
        };
        let claim = self.claims.iter().find(|claim| claim.grant == grant.number)?;
        let fingerprint = Fingerprint::of(&(grant.id, claim.target));
        Some(Mark { key: Some(claim.key.clone()), fingerprint })
    }

    /// Unheld credits of a living grant go. One of which nothing is left is voided with that.
    pub(super) fn fold_reclaimed(&mut self, leg: Leg, at: Timestamp) -> Applied {
        self.check_claim(leg)?;
        self.change_grant(leg.grant, at, |grant| {
            if !grant.is_usable() {
                let rule = "credits are taken back that nobody could use";
                return Err(Contradiction::Broken { rule });
            }
            take(grant, leg.amount, at)
        })?;
        self.depart_if_over(leg.grant.number);
        Ok(())
    }

    /// Consumed credits go; their consumption stands on the overdraft grant from now on.
    pub(super) fn fold_reclaimed_consumed(
        &mut self,
        name: GrantRef,
        overdraft: GrantRef,
        amount: Credits,
        at: Timestamp,
    ) -> Applied {
        self.check_claim(Leg { grant: name, amount })?;
        if self.overdraft != Some(overdraft.number) {
            return Err(Contradiction::Broken { rule: "consumption moves to no overdraft" });
        }
        self.change_grant(overdraft, at, |grant| {
            grant.consumed = grant.consumed.plus(amount)?;
            Ok(())
        })?;
        self.change_grant(name, at, |grant| {
            grant.consumed = grant.consumed.minus(amount)?;
            take(grant, amount, at)
        })?;
        self.depart_if_over(name.number);
        Ok(())
    }

    /// What is taken is part of what is to be taken.
    fn check_claim(&self, leg: Leg) -> Applied {
        let number = leg.grant.number;
        let claim = self.claims.iter().find(|claim| claim.grant == number);
        let missing = match (claim, self.grant(number)) {
            (Some(claim), Some(grant)) => claim.target.minus(grant.lost)?,
            _ => Credits::ZERO,
        };
        if leg.amount.is_positive() && leg.amount <= missing {
            return Ok(());
        }
        Err(Contradiction::Broken { rule: "more is taken back than money went back" })
    }

    /// As many are gone as should be.
    pub(super) fn drop_claim_if_met(&mut self, grant: &Grant) {
        if !self.claims.is_empty() {
            let number = grant.name.number;
            self.claims.retain(|claim| claim.grant != number || claim.target > grant.lost);
        }
    }
}

fn take(grant: &mut Grant, amount: Credits, at: Timestamp) -> Applied {
    grant.lost = grant.lost.plus(amount)?;
    if grant.lost == grant.amount && !grant.is_dead() {
        grant.state = GrantState::Voided { at };
    }
    Ok(())
}

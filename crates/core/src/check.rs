//! The rules of conservation: what a wallet, and each of its grants, must be at rest.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::apply::{due_of, due_of_hold, due_of_recharge, due_of_renewal};
use crate::notice::announcement_of;
use crate::wallet::{MoneyClaim, Sums};
use crate::{
    Contradiction, Credits, Due, DueKind, Grant, GrantNumber, GrantState, GrantType, Timestamp,
    Wallet,
};

type Checked = Result<(), Contradiction>;

impl Wallet {
    /// Recomputes everything that is kept up row by row and compares. The conservation rules of
    /// spec section 6: each grant adds up, the sums are the grants', the balance is their
    /// difference, at most one overdraft lives, and a deficit stands only when nothing is unheld.
    pub fn check(&self) -> Checked {
        let mut burn = Vec::new();
        let mut overdrafts = 0_usize;
        for grant in self.grants() {
            check_grant(grant)?;
            if grant.is_usable() {
                if grant.unheld()?.is_positive() {
                    burn.push(grant.rank());
                }
                overdrafts += usize::from(grant.grant_type == GrantType::Overdraft);
            }
        }
        burn.sort_unstable();
        let spent_stays = self.grants().any(Grant::is_spent);
        let over_stays = self.grants().any(|grant| grant.is_dead() && grant.held.is_zero());
        rules([
            (self.sums == self.sums_of_grants()?, "the sums are not those of the grants"),
            (!spent_stays, "a spent grant stays"),
            (!over_stays, "a dead grant stays on which nothing is held"),
            (self.burn.iter().eq(&burn), "the burn list is not the usable grants in burn order"),
            (
                self.due.iter().eq(&self.due_of_all()),
                "the due list is not that of what the wallet has",
            ),
            (self.announcements_match(), "an announcement is not that of a grant"),
            (self.holds_match()?, "the holds are not those of the grants"),
            (overdrafts == usize::from(self.overdraft.is_some()), "an overdraft is miscounted"),
            (
                self.period_end == self.period_end_of_grants(),
                "the period's end is not that of the recurring grants",
            ),
        ])?;
        self.check_at_rest()
    }

    /// The rules between commands that cost nothing to check.
    pub(crate) fn check_at_rest(&self) -> Checked {
        let deficit = self.overdraft.and_then(|number| self.grant(number));
        let overdrawn = deficit.is_some_and(|grant| grant.consumed.is_positive());
        rules([
            (
                self.balance()?.available == self.balance,
                "the sum of all rows is not the balance of the grants",
            ),
            (!overdrawn || self.burn.is_empty(), "a deficit stands although credits are unheld"),
            (self.remains.is_empty(), "a dead grant keeps credits"),
            (self.claims_wait(), "credits stay whose money went back"),
        ])
    }

    /// What is still to be taken is held, or its day has not come.
    fn claims_wait(&self) -> bool {
        let waits = |claim: &MoneyClaim| {
            self.grant(claim.grant).is_some_and(|grant| match grant.state {
                GrantState::Scheduled => claim.target < grant.amount,
                _ => grant.held.is_positive() && grant.consumed.is_zero() && is_used_up(grant),
            })
        };
        self.claims.iter().all(waits) && self.claims.is_sorted_by_key(|claim| claim.grant)
    }

    /// What the sums should be, given what the spent grants had that left.
    fn sums_of_grants(&self) -> Result<Sums, Contradiction> {
        let spent = self.sums.spent;
        let mut sums = Sums { spent, granted: spent, consumed: spent, ..Sums::default() };
        for grant in self.grants() {
            match grant.state {
                GrantState::Usable => {
                    sums.granted = sums.granted.plus(grant.given()?)?;
                    sums.consumed = sums.consumed.plus(grant.consumed)?;
                    sums.held = sums.held.plus(grant.held)?;
                }
                GrantState::Expired { .. } | GrantState::Voided { .. } => {
                    sums.held_on_dead = sums.held_on_dead.plus(grant.held)?;
                }
                GrantState::PaymentPending | GrantState::Scheduled => {}
            }
        }
        Ok(sums)
    }

    fn due_of_all(&self) -> Vec<Due> {
        let of_grants = self.grants().filter_map(due_of);
        let of_holds = self.holds().map(due_of_hold);
        let of_renewals = self.renewals().iter().filter_map(due_of_renewal);
        let of_recharge = self.recharge().and_then(due_of_recharge);
        let mut due: Vec<Due> =
            of_grants.chain(of_holds).chain(of_renewals).chain(of_recharge).collect();
        due.sort_unstable();
        due
    }

    /// Whatever will be announced is the end of a grant; one whose time passed before the grant
    /// became usable, or that was made already, is not missed.
    fn announcements_match(&self) -> bool {
        let matches = |due: &Due| match due.kind {
            DueKind::Announcement(number) => {
                self.grant(number).and_then(announcement_of) == Some(*due)
            }
            _ => false,
        };
        self.announcements.iter().all(matches)
    }

    /// Every credit that a grant says is held is held by a hold, and each hold has its name.
    fn holds_match(&self) -> Result<bool, Contradiction> {
        let mut held = BTreeMap::<GrantNumber, Credits>::new();
        for leg in self.holds().flat_map(|hold| &hold.legs) {
            let sum = held.entry(leg.grant.number).or_default();
            *sum = sum.plus(leg.amount)?;
        }
        let of = |grant: &Grant| held.get(&grant.name.number).copied().unwrap_or_default();
        let named = self.holds().all(|hold| self.hold(&hold.reservation) == Some(hold));
        Ok(self.grants().all(|grant| of(grant) == grant.held)
            && held.keys().all(|number| self.grant(*number).is_some())
            && named)
    }

    fn period_end_of_grants(&self) -> Option<Timestamp> {
        self.grants()
            .filter(|grant| grant.grant_type == GrantType::Recurring && grant.is_usable())
            .filter_map(|grant| grant.expire_at)
            .min()
    }
}

fn is_used_up(grant: &Grant) -> bool {
    grant.unheld().is_ok_and(Credits::is_zero)
}

fn rules<const COUNT: usize>(rules: [(bool, &'static str); COUNT]) -> Checked {
    match rules.into_iter().find(|(holds, _)| !holds) {
        Some((_, rule)) => Err(Contradiction::Broken { rule }),
        None => Ok(()),
    }
}

/// Conservation of one grant.
pub(crate) fn check_grant(grant: &Grant) -> Checked {
    let parts = [grant.consumed, grant.held, grant.lost, grant.unheld()?];
    let overdraft_limit = grant.grant_type == GrantType::Overdraft
        && !(grant.amount.is_zero() && grant.held.is_zero() && grant.lost.is_zero());
    rules([
        (!parts.into_iter().any(Credits::is_negative), "a grant gives more than it has"),
        (!overdraft_limit, "an overdraft grant has credits"),
    ])
}

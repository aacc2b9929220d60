//! What is shown of a wallet, and what its limits count.

use super::Wallet;
use crate::{Amount, GrantState, GrantView, Totals, WalletName};

impl Wallet {
    /// Only grants that are usable count (spec 2.2).
    pub(crate) fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for (place, grant) in self.grants.iter().enumerate() {
            let held = self.held(place);
            if grant.is_usable() {
                totals.granted += grant.amount - grant.lost;
                totals.used += grant.consumed + held;
                totals.reserved += held;
            } else {
                totals.reserved_on_dead += held;
            }
        }
        totals
    }

    pub(crate) fn view(&self, place: usize, wallet: &WalletName) -> GrantView {
        let grant = &self.grants[place];
        GrantView {
            wallet: wallet.clone(),
            name: grant.name.clone(),
            state: grant.state,
            amount: grant.amount,
            consumed: grant.consumed,
            held: self.held(place),
            lost: grant.lost,
            priority: grant.priority,
            effective_at: grant.effective_at,
            expire_at: grant.expire_at,
            voided_at: grant.voided_at,
        }
    }

    /// Grants that are neither ended nor used up (decision 80). An overdraft is nothing that
    /// anybody made, and never refuses anything.
    pub(crate) fn unfinished_grants(&self) -> usize {
        let mut unfinished = 0;
        for grant in &self.grants {
            let is_left = grant.consumed + grant.lost < grant.amount;
            if grant.kind.is_some() && !grant.is_dead() && is_left {
                unfinished += 1;
            }
        }
        unfinished
    }

    pub(crate) fn open_holds(&self) -> usize {
        self.holds.iter().filter(|hold| hold.is_open).count()
    }

    /// The greatest of the wallet's sums. Credits that wait for their day count as granted:
    /// nobody could refuse them when it comes.
    pub(crate) fn greatest_sum(&self) -> Amount {
        self.greatest_granted().max(self.totals().used)
    }

    pub(super) fn greatest_granted(&self) -> Amount {
        let mut granted = self.totals().granted;
        for grant in &self.grants {
            if grant.state == GrantState::Scheduled {
                granted += grant.amount;
            }
        }
        granted
    }
}

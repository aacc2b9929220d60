//! What money of an invoice went back, and how many credits of which grants that takes (decision 47).
//!
//! The money of an invoice stands for the credits of its grant. Of what goes back, the same part of
//! the credits is to be gone: `amount × returned ÷ money`, rounded down, of what went back in all, so
//! that many small refunds take exactly what one of their sum takes. A dispute takes like a refund;
//! one that is won gives back what it took as a grant of its own, and that grant stands for the
//! disputed money from then on: what goes back later takes from it first.

use serde::{Deserialize, Serialize};

use crate::{Credits, GrantId, MoneyAmount, Overflow, Timestamp};

/// The state of an invoice's money. What is heard twice, or late, changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoneyBack {
    /// All refunds together.
    refunded: MoneyAmount,
    /// What went back when no share had any left: it takes from the grant of the next dispute won.
    unplaced: MoneyAmount,
    /// The invoice's own grant first, then those of disputes that were won.
    shares: Vec<Share>,
    /// In the order in which they were heard of.
    disputes: Vec<Dispute>,
}

/// A grant that stands for money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Share {
    grant: GrantId,
    amount: Credits,
    money: MoneyAmount,
    returned: MoneyAmount,
}

/// A dispute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dispute {
    /// The provider's identifier.
    pub id: Box<str>,
    /// The disputed money.
    pub amount: MoneyAmount,
    /// When it was heard of.
    pub opened_at: Timestamp,
    /// How it stands.
    pub state: DisputeState,
    /// Of the disputed money, what took credits.
    placed: MoneyAmount,
    /// The credits that it took.
    taken: Credits,
}

/// How a dispute stands. The order of the variants is part of the stored format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum DisputeState {
    /// Nobody knows yet; the provider has the money.
    Open,
    /// The money came back.
    Won,
    /// The money is gone.
    Lost,
}

/// What money that went back takes of a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Of which grant.
    pub grant: GrantId,
    /// How much of its money went back now.
    pub money: MoneyAmount,
    /// How much of its money went back in all.
    pub returned: MoneyAmount,
    /// How many of its credits were to be gone before.
    pub before: Credits,
    /// How many of its credits are to be gone in all.
    pub target: Credits,
}

/// What a dispute that was won gives back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The invoice's own grant, whose end and priority hold.
    pub of: GrantId,
    /// The credits that the dispute took.
    pub credits: Credits,
    /// The disputed money that they stand for.
    pub money: MoneyAmount,
    /// Since when they were gone.
    pub since: Timestamp,
}

impl Share {
    fn target(&self) -> Credits {
        part(self.amount, self.returned, self.money)
    }
}

impl MoneyBack {
    /// Nothing went back of an invoice of so much money for a grant of so many credits.
    #[must_use]
    pub fn new(grant: GrantId, amount: Credits, money: MoneyAmount) -> Self {
        let share = Share { grant, amount, money, returned: MoneyAmount::ZERO };
        let (refunded, unplaced) = (MoneyAmount::ZERO, MoneyAmount::ZERO);
        Self { refunded, unplaced, shares: vec![share], disputes: Vec::new() }
    }

    /// All refunds together.
    #[must_use]
    pub const fn refunded(&self) -> MoneyAmount {
        self.refunded
    }

    /// What went back of the money that a grant stands for.
    #[must_use]
    pub fn returned_of(&self, grant: GrantId) -> MoneyAmount {
        let share = self.shares.iter().find(|share| share.grant == grant);
        share.map_or(MoneyAmount::ZERO, |share| share.returned)
    }

    /// The grants of disputes that were won, each with the money that it stands for.
    pub fn restored_grants(&self) -> impl Iterator<Item = (GrantId, MoneyAmount)> {
        self.shares.iter().skip(1).map(|share| (share.grant, share.money))
    }

    /// In the order in which they were heard of.
    #[must_use]
    pub fn disputes(&self) -> &[Dispute] {
        &self.disputes
    }

    /// So much was refunded in all. Less than was known is old news.
    pub fn refunded_to(&mut self, refunded: MoneyAmount) -> Result<Vec<Taken>, Overflow> {
        let more = refunded.less(self.refunded);
        self.refunded = self.refunded.max(refunded);
        self.place(more)
    }

    /// A dispute was opened, and takes at once, or was only heard of now that it is lost.
    pub fn disputed(
        &mut self,
        id: &str,
        amount: MoneyAmount,
        opened_at: Timestamp,
    ) -> Result<Vec<Taken>, Overflow> {
        if self.disputes.iter().any(|known| *known.id == *id) {
            return Ok(Vec::new());
        }
        let before = self.unplaced;
        let taken = self.place(amount)?;
        let placed = amount.less(self.unplaced.less(before));
        let (id, state, taken_credits) = (id.into(), DisputeState::Open, Credits::ZERO);
        let dispute = Dispute { id, amount, opened_at, state, placed, taken: taken_credits };
        self.disputes.push(dispute);
        Ok(taken)
    }

    /// So many credits were there to be taken when a dispute was opened: what had expired, or was
    /// voided, is nothing that it took.
    pub fn note_taken(&mut self, id: &str, taken: Credits) {
        if let Some(dispute) = self.disputes.iter_mut().find(|known| *known.id == *id) {
            dispute.taken = taken;
        }
    }

    /// A dispute is lost: the credits are gone for good.
    pub fn lost(&mut self, id: &str) {
        let is_it = |known: &&mut Dispute| *known.id == *id && known.state == DisputeState::Open;
        if let Some(dispute) = self.disputes.iter_mut().find(is_it) {
            dispute.state = DisputeState::Lost;
        }
    }

    /// A dispute is won, once: what it gives back, if it took something.
    pub fn won(&mut self, id: &str) -> Option<Restored> {
        let is_it = |known: &&mut Dispute| *known.id == *id && known.state == DisputeState::Open;
        let dispute = self.disputes.iter_mut().find(is_it)?;
        dispute.state = DisputeState::Won;
        let (credits, money, since) = (dispute.taken, dispute.placed, dispute.opened_at);
        let of = self.shares.first()?.grant;
        credits.is_positive().then_some(Restored { of, credits, money, since })
    }

    /// The grant was made that a dispute gives back. What went back meanwhile takes from it.
    pub fn restored(&mut self, grant: GrantId, restored: Restored) -> Result<Vec<Taken>, Overflow> {
        let Restored { credits: amount, money, .. } = restored;
        self.shares.push(Share { grant, amount, money, returned: MoneyAmount::ZERO });
        let waiting = std::mem::take(&mut self.unplaced);
        self.place(waiting)
    }

    /// Takes from the newest share first.
    fn place(&mut self, money: MoneyAmount) -> Result<Vec<Taken>, Overflow> {
        let mut missing = money;
        let mut all = Vec::new();
        for share in self.shares.iter_mut().rev() {
            let money = missing.min(share.money.less(share.returned));
            if money.is_zero() {
                continue;
            }
            missing = missing.less(money);
            let before = share.target();
            share.returned = share.returned.plus(money)?;
            let (grant, returned, target) = (share.grant, share.returned, share.target());
            all.push(Taken { grant, money, returned, before, target });
        }
        self.unplaced = self.unplaced.plus(missing)?;
        Ok(all)
    }
}

/// `amount × of ÷ all`, rounded down to a billionth; `of` is at most `all`.
fn part(amount: Credits, of: MoneyAmount, all: MoneyAmount) -> Credits {
    Credits::from_billionths(part_of(amount.billionths(), of.billionths(), all.billionths()))
}

/// `amount × of ÷ all`, rounded down, of numbers that are not negative and less than 2^90; all of it, if
/// `of` is not less than `all`.
pub(crate) fn part_of(amount: i128, of: i128, all: i128) -> i128 {
    let unsigned = |number: i128| u128::try_from(number).unwrap_or_default();
    let (amount, of, all) = (unsigned(amount), unsigned(of), unsigned(all));
    if of >= all {
        return i128::try_from(amount).unwrap_or_default();
    }
    // A long division: the product may not fit, so a few binary digits of the amount at a time.
    let (mut quotient, mut rest) = (0_u128, 0_u128);
    for step in (0..STEPS).rev() {
        let digits = (amount >> (step * STEP)) & ((1 << STEP) - 1);
        let dividend = (rest << STEP) + digits * of;
        quotient = (quotient << STEP) + dividend / all;
        rest = dividend % all;
    }
    i128::try_from(quotient).unwrap_or_default()
}

/// Binary digits of a step, and how many steps an amount takes: it is at most 10^18, so 10^27
/// billionths, which is less than 2^90, and so is all money.
const STEP: u32 = 30;
const STEPS: u32 = 3;

#[cfg(test)]
mod tests;

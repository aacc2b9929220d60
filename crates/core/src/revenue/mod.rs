//! What became of the money of grants (spec section 7, decision 31): for each grant a function of what
//! of its credits was consumed, what was lost, and what of its money went back.
//!
//! The money that did not go back stands for the credits that were not taken back with money. Of it the
//! same part is earned as of the credits is gone: `money × gone ÷ credits`, rounded down to a billionth of
//! what is gone in all. So a grant of which nothing is left has earned exactly its money, however many
//! steps it took, and what is earned in a stretch of time is the difference of two such figures: stretches
//! add up.

use std::fmt;
use std::ops::{AddAssign, Sub};

use crate::{Credits, Event, GrantId, GrantType, Leg, MoneyAmount, PaymentState, money_back};

/// Money that may be below zero, in billionths of a full unit: a figure of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct MoneySum(i128);

impl MoneySum {
    /// So many billionths.
    #[must_use]
    pub const fn from_billionths(billionths: i128) -> Self {
        Self(billionths)
    }

    /// As a count of billionths.
    #[must_use]
    pub const fn billionths(self) -> i128 {
        self.0
    }

    /// Neither earned nor owed.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }
}

/// A decimal number without zeros at its end.
impl fmt::Display for MoneySum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Credits::from_billionths(self.0).fmt(f)
    }
}

/// What became of money, in all up to an instant or in a stretch of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Revenue {
    /// What grants cost: counted when the grant is made, or when its payment arrives if it waited for one.
    pub granted: MoneySum,
    /// What came back with a dispute that was won; a grant of its own stands for it.
    pub restored: MoneySum,
    /// Earned by consumption.
    pub recognised: MoneySum,
    /// Earned because credits expired or were voided before anybody used them.
    pub breakage: MoneySum,
    /// What went back: refunds, and disputes as long as they are not won.
    pub refunded: MoneySum,
}

impl Revenue {
    /// What is not earned yet: `granted + restored − recognised − breakage − refunded`.
    #[must_use]
    pub const fn deferred(&self) -> MoneySum {
        let came = self.granted.0.saturating_add(self.restored.0);
        let earned = self.recognised.0.saturating_add(self.breakage.0);
        MoneySum(came.saturating_sub(earned).saturating_sub(self.refunded.0))
    }

    fn each(self, other: Self, with: impl Fn(i128, i128) -> i128) -> Self {
        let with = |one: MoneySum, other: MoneySum| MoneySum(with(one.0, other.0));
        Self {
            granted: with(self.granted, other.granted),
            restored: with(self.restored, other.restored),
            recognised: with(self.recognised, other.recognised),
            breakage: with(self.breakage, other.breakage),
            refunded: with(self.refunded, other.refunded),
        }
    }
}

/// Money of a grant is less than 10^27 billionths, so 10^11 grants fit.
impl AddAssign for Revenue {
    fn add_assign(&mut self, other: Self) {
        *self = self.each(other, i128::saturating_add);
    }
}

impl Sub for Revenue {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self.each(other, i128::saturating_sub)
    }
}

/// What a grant is, as far as its money goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paid {
    /// Credits given.
    pub amount: Credits,
    /// The money that they stand for.
    pub money: MoneyAmount,
    /// The money came with a dispute that was won.
    pub is_restored: bool,
}

/// What happened to a grant's credits and money, in all up to an instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gone {
    /// It is there, and paid if it had to be.
    is_granted: bool,
    consumed: i128,
    lost: i128,
    /// What of its money went back in all.
    returned: i128,
    /// How many of its credits are to be gone unused for it.
    taken_back: i128,
}

/// What a row says of a grant's money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Its money is there.
    Granted,
    /// Credits were consumed; below zero, given back.
    Consumed(Credits),
    /// Credits are gone unused.
    Lost(Credits),
    /// All that is left of it is gone, because it ended before it counted.
    EndedEarly,
    /// So much of its money went back in all, and so many credits are to be gone for it.
    Returned(MoneyAmount, Credits),
}

impl Gone {
    /// Adds what a row says. Deeds of all orders come to the same.
    pub fn add(&mut self, deed: Deed, of: &Paid) {
        match deed {
            Deed::Granted => self.is_granted = true,
            Deed::Consumed(amount) => self.consumed += amount.billionths(),
            Deed::Lost(amount) => self.lost += amount.billionths(),
            Deed::EndedEarly => self.lost = of.amount.billionths(),
            Deed::Returned(money, target) => {
                self.returned = self.returned.max(money.billionths());
                self.taken_back = self.taken_back.max(target.billionths());
            }
        }
    }

    /// What became of the grant's money.
    #[must_use]
    pub fn revenue(&self, of: &Paid) -> Revenue {
        if !self.is_granted {
            return Revenue::default();
        }
        let (money, amount) = (of.money.billionths(), of.amount.billionths());
        let refunded = self.returned.clamp(0, money);
        let credits = (amount - self.taken_back).max(0);
        // Late rows may say that more was consumed by an instant than there was: then all of it was.
        let consumed = self.consumed.clamp(0, credits);
        let lost = (self.lost - self.taken_back).clamp(0, credits - consumed);
        let earned = |gone| match credits {
            0 => 0,
            _ => money_back::part_of(money - refunded, gone, credits),
        };
        let recognised = earned(consumed);
        let all = if credits == 0 { money - refunded } else { earned(consumed + lost) };
        let sum = MoneySum(money);
        let (granted, restored) =
            if of.is_restored { (MoneySum(0), sum) } else { (sum, MoneySum(0)) };
        Revenue {
            granted,
            restored,
            recognised: MoneySum(recognised),
            breakage: MoneySum(all - recognised),
            refunded: MoneySum(refunded),
        }
    }
}

/// Tells what an event says of grants' money, grant by grant. `counts` knows of a grant that is not paid
/// for, or has not begun, that it does not count yet.
pub fn deeds_of(
    event: &Event,
    counts: impl Fn(GrantId) -> bool,
    mut tell: impl FnMut(GrantId, Deed),
) {
    let mut each = |legs: &[Leg], deed: fn(Credits) -> Deed| {
        legs.iter().for_each(|leg| tell(leg.grant.id, deed(leg.amount)));
    };
    match event {
        Event::Consumed { legs } | Event::Released { consumed: legs, .. } => {
            each(legs, Deed::Consumed);
        }
        Event::Refunded { legs, .. } => each(legs, |amount| Deed::Consumed(negative(amount))),
        Event::Reclaimed(leg) => each(&[*leg], Deed::Lost),
        // What never counted leaves no balance, so its row says 0.
        Event::Expired(leg) | Event::Voided(leg) if !counts(leg.grant.id) => {
            tell(leg.grant.id, Deed::EndedEarly);
        }
        Event::Expired(leg) | Event::Voided(leg) => each(&[*leg], Deed::Lost),
        Event::Transferred { source, target, amount } => {
            tell(source.id, Deed::Consumed(negative(*amount)));
            tell(target.id, Deed::Consumed(*amount));
        }
        Event::ReclaimedConsumed { grant, overdraft, amount } => {
            tell(grant.id, Deed::Consumed(negative(*amount)));
            tell(grant.id, Deed::Lost(*amount));
            tell(overdraft.id, Deed::Consumed(*amount));
        }
        Event::MoneyReturned { grant, returned, target, .. } => {
            tell(grant.id, Deed::Returned(*returned, *target));
        }
        Event::PaymentConfirmed { grant } => tell(grant.id, Deed::Granted),
        Event::GrantCreated { grant, grant_type, payment: PaymentState::Settled, .. }
            if *grant_type != GrantType::Overdraft =>
        {
            tell(grant.id, Deed::Granted);
        }
        // They say nothing of credits that are gone, or of money.
        Event::GrantCreated { .. }
        | Event::Granted(_)
        | Event::Updated { .. }
        | Event::Reserved { .. }
        | Event::HoldExpired { .. }
        | Event::GrantReopened { .. }
        | Event::HoldExtended { .. }
        | Event::RechargeSet { .. }
        | Event::Recharged { .. }
        | Event::RechargeStopped { .. }
        | Event::RechargeResumed
        | Event::RechargeFailed { .. }
        | Event::RenewalSet { .. }
        | Event::Renewed { .. }
        | Event::RenewalRested { .. }
        | Event::RenewalRemoved { .. }
        | Event::RefundNamed { .. }
        | Event::RefundTakenOver(_)
        | Event::ExpiryAnnounced { .. } => {}
    }
}

/// Amounts of rows are far from the ends of their range.
fn negative(amount: Credits) -> Credits {
    Credits::from_billionths(-amount.billionths())
}

#[cfg(test)]
mod tests;

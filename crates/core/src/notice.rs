//! What somebody may want to be told of a wallet: notices, which follow from its rows.
//!
//! A notice is a fact that a command or the passing of time brought, with what it is about as it
//! was then. It changes nothing: a wallet that is folded from its rows makes none.

use serde::{Deserialize, Serialize};

use crate::{
    Contradiction, Credits, Due, DueKind, Event, Grant, GrantId, GrantRef, GrantState, GrantType,
    Leg, Money, MoneyAmount, Overflow, PaymentState, RechargeStop, Timestamp, Wallet,
};

/// How long before a grant's end it is announced: 7 days (spec section 7).
pub const EXPIRING_AHEAD_MILLISECONDS: i64 = 7 * 24 * 60 * 60 * 1000;

/// Of how many hundredths of its credits a grant or a wallet is low: with so many left, or fewer
/// (decision 28).
pub const LOW_HUNDREDTHS: u8 = 20;

/// At which hundredths of its spend limit a recharge's owner is told (spec 2.13).
pub const LIMIT_HUNDREDTHS: [u8; 3] = [80, 90, 100];

/// A notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The instant of the row that it follows from.
    pub at: Timestamp,
    /// It follows from the command, not from the time that passed before it.
    pub is_requested: bool,
    /// What happened.
    pub fact: Fact,
}

/// What happened. The order of the variants is part of the stored format: new ones go to the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fact {
    /// Something happened to a grant.
    Grant(GrantFact, Box<Grant>),
    /// Of what the usable grants gave, [`LOW_HUNDREDTHS`] or fewer are left, and there were more.
    BalanceLow {
        /// All credits of the usable grants.
        granted: Credits,
        /// What is left of them; below zero when overdrawn.
        available: Credits,
    },
    /// Nothing is left, and there was something.
    BalanceDepleted {
        /// All credits of the usable grants.
        granted: Credits,
    },
    /// A wallet recharged itself.
    Recharged {
        /// The grant that was made.
        grant: GrantId,
        /// What it gives.
        amount: Credits,
        /// What it costs.
        cost: Money,
        /// Whether its charge is still open.
        payment: PaymentState,
    },
    /// The owner of a recharge saved it, or it stopped or went on by itself.
    RechargeChanged {
        /// It recharges when credits run low.
        is_on: bool,
        /// Why it stands still, if it stopped by itself.
        stopped: Option<RechargeStop>,
    },
    /// What a recharge spent in the month reached so many hundredths of its limit.
    RechargeLimit {
        /// One of [`LIMIT_HUNDREDTHS`].
        hundredths: u8,
        /// What was spent in the month.
        spent: MoneyAmount,
        /// The limit.
        limit: MoneyAmount,
    },
    /// The charge of a recharge, which was open, came to something.
    RechargeCharged {
        /// The grant that it was for.
        grant: GrantId,
        /// What it gives, if it is paid.
        amount: Credits,
        /// What it costs.
        cost: Money,
        /// To what.
        outcome: ChargeOutcome,
    },
}

/// To what a charge came. The order of the variants is part of the stored format: new ones go to the
/// end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChargeOutcome {
    /// It was paid.
    Paid,
    /// It was declined.
    Failed {
        /// Why, as the provider says.
        message: String,
    },
    /// The payer must do something before it can be paid.
    ActionRequired {
        /// Why, as the provider says.
        message: String,
    },
}

/// What happened to a grant. The order of the variants is part of the stored format: new ones go to
/// the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum GrantFact {
    /// It was made.
    Created,
    /// It was edited, became usable, was paid for, or overdrawn consumption moved from or to it.
    Updated,
    /// Of what it gave, [`LOW_HUNDREDTHS`] or fewer are not consumed, and there were more.
    Low,
    /// All that it gave is consumed.
    Depleted,
    /// It ends in [`EXPIRING_AHEAD_MILLISECONDS`], with credits that are not consumed.
    Expiring,
    /// Its last instant passed.
    Expired,
    /// It was taken back, or it was an overdraft that is settled.
    Voided,
    /// Its payment arrived when its last instant had passed: somebody paid for nothing
    /// (decision 47).
    PaidAfterExpiry,
}

/// How a wallet at rest stands with its thresholds.
#[derive(Clone, Copy)]
pub(crate) struct Level {
    granted: Credits,
    available: Credits,
}

impl Level {
    fn is_low(self) -> Result<bool, Overflow> {
        is_low(self.granted, self.available)
    }
}

/// So many of so many are low; none of none are.
fn is_low(all: Credits, left: Credits) -> Result<bool, Overflow> {
    let hundredths =
        |credits: Credits, factor: i128| credits.billionths().checked_mul(factor).ok_or(Overflow);
    Ok(hundredths(left, 100)? <= hundredths(all, LOW_HUNDREDTHS.into())?)
}

/// The notices of one execution, as they come.
#[derive(Default)]
pub(crate) struct Notices {
    pub list: Vec<Notice>,
    /// What comes now follows from the command.
    pub is_requested: bool,
    /// A grant that was paid for past its end: its expiry, which follows, is told with that.
    paid_late: Option<GrantRef>,
}

impl Notices {
    fn tell(&mut self, at: Timestamp, fact: Fact) {
        self.list.push(Notice { at, is_requested: self.is_requested, fact });
    }

    fn of_grant(&mut self, at: Timestamp, what: GrantFact, grant: Grant) {
        self.tell(at, Fact::Grant(what, Box::new(grant)));
    }

    /// A grant that was only just made or paid for, by the same command, is told of once: as it is
    /// when it became usable.
    fn of_usable(&mut self, at: Timestamp, grant: Grant) {
        let is_requested = self.is_requested;
        if let Some(Notice { at: then, is_requested: requested, fact }) = self.list.last_mut()
            && (*then, *requested) == (at, is_requested)
            && let Fact::Grant(GrantFact::Created | GrantFact::Updated, told) = fact
            && told.name == grant.name
        {
            **told = grant;
            return;
        }
        self.of_grant(at, GrantFact::Updated, grant);
    }
}

impl Wallet {
    /// How the wallet stands now.
    pub(crate) fn level(&self) -> Result<Level, Overflow> {
        let used = self.sums.consumed.plus(self.sums.held)?;
        let granted = self.sums.granted;
        Ok(Level { granted, available: granted.minus(used)? })
    }

    /// Tells of the thresholds that the wallet, now at rest, has crossed downward.
    pub(crate) fn notice_level(
        &self,
        before: Level,
        at: Timestamp,
        notices: &mut Notices,
    ) -> Result<(), Overflow> {
        let after = self.level()?;
        let Level { granted, available } = after;
        if after.is_low()? && !before.is_low()? {
            notices.tell(at, Fact::BalanceLow { granted, available });
        }
        if !available.is_positive() && before.available.is_positive() {
            notices.tell(at, Fact::BalanceDepleted { granted });
        }
        Ok(())
    }

    /// Tells what follows from an event that was just folded.
    pub(crate) fn notice(
        &self,
        event: &Event,
        at: Timestamp,
        notices: &mut Notices,
    ) -> Result<(), Contradiction> {
        match event {
            Event::Consumed { legs } | Event::Released { consumed: legs, .. } => {
                legs.iter().try_for_each(|leg| self.notice_consumed(*leg, at, notices))?;
            }
            Event::GrantCreated { grant, .. } => {
                notices.of_grant(at, GrantFact::Created, *self.just_changed(*grant)?);
            }
            Event::Granted(leg) => notices.of_usable(at, *self.just_changed(leg.grant)?),
            Event::PaymentConfirmed { grant } => {
                let paid = *self.just_changed(*grant)?;
                let is_late = paid.expire_at.is_some_and(|end| end <= at);
                notices.paid_late = is_late.then_some(*grant);
                notices.of_grant(at, GrantFact::Updated, paid);
            }
            Event::Updated { grant, .. } => {
                notices.of_grant(at, GrantFact::Updated, *self.just_changed(*grant)?);
            }
            Event::Transferred { source, target, amount } => {
                for grant in [source, target] {
                    notices.of_grant(at, GrantFact::Updated, *self.just_changed(*grant)?);
                }
                self.notice_consumed(Leg { grant: *target, amount: *amount }, at, notices)?;
            }
            Event::ExpiryAnnounced { grant } => {
                notices.of_grant(at, GrantFact::Expiring, *self.just_changed(*grant)?);
            }
            Event::Expired(leg) => {
                let expired = *self.just_changed(leg.grant)?;
                notices.of_grant(at, GrantFact::Expired, expired);
                if notices.paid_late.take_if(|grant| *grant == leg.grant).is_some() {
                    notices.of_grant(at, GrantFact::PaidAfterExpiry, expired);
                }
            }
            Event::Voided(leg) => {
                notices.of_grant(at, GrantFact::Voided, *self.just_changed(leg.grant)?);
            }
            Event::Recharged { grant, amount, cost, payment } => {
                let (grant, amount, cost, payment) = (grant.id, *amount, *cost, *payment);
                notices.tell(at, Fact::Recharged { grant, amount, cost, payment });
                self.notice_limit(cost, at, notices)?;
            }
            Event::RechargeSet { .. }
            | Event::RechargeStopped { .. }
            | Event::RechargeFailed { .. }
            | Event::RechargeResumed => {
                if let Some(recharge) = self.recharge() {
                    let (is_on, stopped) = (recharge.is_on(), recharge.stopped);
                    notices.tell(at, Fact::RechargeChanged { is_on, stopped });
                }
            }
            Event::Refunded { legs, .. } => {
                for leg in legs {
                    notices.of_grant(at, GrantFact::Updated, *self.just_changed(leg.grant)?);
                }
            }
            Event::Reclaimed(leg) => self.notice_reclaimed(leg.grant, at, notices)?,
            Event::ReclaimedConsumed { grant, overdraft, .. } => {
                self.notice_reclaimed(*grant, at, notices)?;
                notices.of_grant(at, GrantFact::Updated, *self.just_changed(*overdraft)?);
            }
            Event::RefundNamed { .. }
            | Event::RefundTakenOver(_)
            | Event::MoneyReturned { .. }
            | Event::Reserved { .. }
            | Event::HoldExpired { .. }
            | Event::HoldExtended { .. }
            | Event::GrantReopened { .. }
            | Event::RenewalSet { .. }
            | Event::Renewed { .. }
            | Event::RenewalRested { .. }
            | Event::RenewalRemoved { .. } => {}
        }
        Ok(())
    }

    /// A grant whose money went back lost credits, or all of them.
    fn notice_reclaimed(
        &self,
        grant: GrantRef,
        at: Timestamp,
        notices: &mut Notices,
    ) -> Result<(), Contradiction> {
        let grant = *self.just_changed(grant)?;
        // The last credit of a living grant: one that had ended before was told of then.
        let is_voided_now = grant.lost == grant.amount && grant.state == GrantState::Voided { at };
        let fact = if is_voided_now { GrantFact::Voided } else { GrantFact::Updated };
        notices.of_grant(at, fact, grant);
        Ok(())
    }

    /// What a recharge spent crosses hundredths of its limit by a charge.
    fn notice_limit(
        &self,
        cost: Money,
        at: Timestamp,
        notices: &mut Notices,
    ) -> Result<(), Contradiction> {
        let Some(recharge) = self.recharge() else { return Ok(()) };
        let Some(limit) = recharge.setting.spend_limit else { return Ok(()) };
        let spent = recharge.spent_in_month_of(at);
        let before = spent.billionths().checked_sub(cost.amount.billionths()).ok_or(Overflow)?;
        for hundredths in LIMIT_HUNDREDTHS {
            let step = limit.billionths().checked_mul(hundredths.into()).ok_or(Overflow)?;
            let reaches = |spent: i128| spent.checked_mul(100).map(|spent| spent >= step);
            if reaches(spent.billionths()) == Some(true) && reaches(before) == Some(false) {
                notices.tell(at, Fact::RechargeLimit { hundredths, spent, limit });
            }
        }
        Ok(())
    }

    /// A living grant crosses its thresholds by what is consumed. What is held does not count.
    fn notice_consumed(
        &self,
        leg: Leg,
        at: Timestamp,
        notices: &mut Notices,
    ) -> Result<(), Contradiction> {
        let grant = self.just_changed(leg.grant)?;
        if !grant.is_usable() || grant.grant_type == GrantType::Overdraft {
            return Ok(());
        }
        let given = grant.given()?;
        let after = given.minus(grant.consumed)?;
        let before = after.plus(leg.amount)?;
        if is_low(given, after)? && !is_low(given, before)? {
            notices.of_grant(at, GrantFact::Low, *grant);
        }
        if after.is_zero() && before.is_positive() {
            notices.of_grant(at, GrantFact::Depleted, *grant);
        }
        Ok(())
    }

    /// Whether an event, which is not folded yet, only takes what a hold left on a grant that has
    /// ended already: nobody is told of that again.
    pub(crate) fn ends_again(&self, event: &Event) -> bool {
        match event {
            Event::Expired(leg) | Event::Voided(leg) => self.remains.contains(&leg.grant.number),
            _ => false,
        }
    }

    /// A grant that the last row touched: it may have left with it.
    fn just_changed(&self, name: GrantRef) -> Result<&Grant, Contradiction> {
        let left = || self.departed.iter().rev().find(|grant| grant.name == name);
        let unknown = || Contradiction::Unknown { what: name.id.to_string() };
        self.grant(name.number).or_else(left).ok_or_else(unknown)
    }
}

/// When a grant's end is to be announced, if ever: while it is usable and not all consumed.
pub(crate) fn announcement_of(grant: &Grant) -> Option<Due> {
    let has_credits = grant.given().is_ok_and(|given| grant.consumed < given);
    let ends = grant.expire_at.filter(|_| grant.is_usable() && has_credits)?;
    let at = ends.later(-EXPIRING_AHEAD_MILLISECONDS);
    Some(Due { at, kind: DueKind::Announcement(grant.name.number) })
}

//! Folding events into a wallet. Every rule of conservation is asserted on the way: an event that
//! breaks one is a [`Contradiction`], never a silently wrong number.

mod money_back;
mod own_grants;
mod refunds;

use std::sync::Arc;

use crate::check::check_grant;
use crate::notice::announcement_of;
use crate::wallet::HoldName;
use crate::{
    Contradiction, Credits, Due, DueKind, Event, Grant, GrantRef, GrantState, GrantType, Hold, Leg,
    PaymentState, ReservationId, Row, Timestamp, Wallet,
};

pub(crate) use own_grants::{due_of_recharge, due_of_renewal};

type Applied = Result<(), Contradiction>;

impl Wallet {
    /// Folds a stored row into the wallet, checking that it can be its next one. The chain's hash
    /// is checked where the row is read.
    pub fn apply(&mut self, row: &Row, hash: crate::Digest) -> Applied {
        let expected = self.sequence.saturating_add(1);
        if row.sequence != expected {
            return Err(Contradiction::Sequence { expected, found: row.sequence });
        }
        self.fold(&row.event, row.recorded_at)?;
        if row.balance_after != self.balance {
            let (stated, actual) = (row.balance_after, self.balance);
            return Err(Contradiction::Balance { stated, actual });
        }
        self.hash = hash;
        Ok(())
    }

    /// Folds an event that happens at `at` and becomes the wallet's next row.
    pub(crate) fn fold(&mut self, event: &Event, at: Timestamp) -> Applied {
        if self.recorded_at.is_some_and(|last| at < last) {
            return Err(Contradiction::TimeWentBack);
        }
        match event {
            Event::GrantCreated { .. } => self.fold_created(event, at)?,
            Event::PaymentConfirmed { grant } => {
                self.change_grant(*grant, at, |grant| {
                    expect_state(grant.state == GrantState::PaymentPending)?;
                    grant.state = GrantState::Scheduled;
                    Ok(())
                })?;
                self.recharge_settled(grant.number);
            }
            Event::Granted(leg) => self.fold_granted(*leg, at)?,
            Event::Consumed { legs } => {
                for leg in legs {
                    self.fold_consumed(*leg, at)?;
                }
            }
            Event::Expired(leg) => self.fold_ended(*leg, at, GrantState::Expired { at })?,
            Event::Voided(leg) => self.fold_ended(*leg, at, GrantState::Voided { at })?,
            Event::Updated { grant, priority, expire_at } => {
                self.change_grant(*grant, at, |grant| {
                    grant.priority = priority.unwrap_or(grant.priority);
                    grant.expire_at = expire_at.unwrap_or(grant.expire_at);
                    Ok(())
                })?;
            }
            Event::Transferred { source, target, amount } => {
                self.change_grant(*source, at, |grant| {
                    grant.consumed = grant.consumed.minus(*amount)?;
                    Ok(())
                })?;
                self.fold_consumed(Leg { grant: *target, amount: *amount }, at)?;
            }
            Event::Reserved { number, reservation, expires_at, legs } => {
                let hold = Hold {
                    number: *number,
                    reservation: reservation.clone(),
                    created_at: at,
                    expires_at: *expires_at,
                    legs: legs.clone(),
                };
                self.fold_reserved(hold, at)?;
            }
            Event::Released { reservation, returned, consumed, .. } => {
                if returned.is_positive() {
                    self.end_hold(reservation, at)?;
                }
                for leg in consumed {
                    self.fold_consumed(*leg, at)?;
                }
                self.note_remains();
            }
            Event::HoldExpired { reservation, .. } => {
                self.end_hold(reservation, at)?;
                self.note_remains();
            }
            Event::GrantReopened { grant } => self.fold_reopened(grant)?,
            Event::RefundNamed { .. } | Event::RefundTakenOver(_) => {}
            Event::MoneyReturned { grant, target, key, .. } => {
                self.fold_money_returned(*grant, *target, key)?;
            }
            Event::Refunded { legs, taken_over, .. } => {
                self.fold_refunded(legs, *taken_over, at)?;
            }
            Event::HoldExtended { reservation, expires_at } => {
                self.fold_extended(reservation, *expires_at)?;
            }
            Event::RechargeSet { .. }
            | Event::Recharged { .. }
            | Event::RechargeStopped { .. }
            | Event::RechargeFailed { .. }
            | Event::RechargeResumed => self.fold_recharge(event, at)?,
            Event::RenewalSet { .. }
            | Event::Renewed { .. }
            | Event::RenewalRested { .. }
            | Event::RenewalRemoved { .. } => self.fold_renewal(event)?,
            Event::ExpiryAnnounced { grant } => self.fold_announced(*grant)?,
            Event::Reclaimed(leg) => self.fold_reclaimed(*leg, at)?,
            Event::ReclaimedConsumed { grant, overdraft, amount } => {
                self.fold_reclaimed_consumed(*grant, *overdraft, *amount, at)?;
            }
        }
        self.release_spent(event)?;
        self.balance = self.balance.plus(event.effect()?)?;
        self.sequence = self.sequence.saturating_add(1);
        self.recorded_at = Some(at);
        if !matches!(event, Event::ExpiryAnnounced { .. }) {
            self.changed_at = Some(at);
            self.version_microseconds =
                at.microseconds().max(self.version_microseconds.saturating_add(1));
        }
        Ok(())
    }

    fn fold_announced(&mut self, name: GrantRef) -> Applied {
        let grant = self.grant(name.number).filter(|grant| grant.name == name);
        let unknown = || Contradiction::Unknown { what: name.id.to_string() };
        let announcement = announcement_of(grant.ok_or_else(unknown)?);
        match announcement.and_then(|due| self.announcements.remove(&due)) {
            Some(_) => Ok(()),
            None => Err(Contradiction::Broken { rule: "a grant's end is announced twice" }),
        }
    }

    fn fold_created(&mut self, event: &Event, at: Timestamp) -> Applied {
        let Event::GrantCreated {
            grant,
            grant_type,
            amount,
            priority,
            effective_at,
            expire_at,
            payment,
            ..
        } = event
        else {
            return Ok(());
        };
        if grant.number <= self.last_grant {
            return Err(Contradiction::Broken { rule: "a grant's number is used twice" });
        }
        let state = match (grant_type, payment) {
            (GrantType::Overdraft, _) => GrantState::Usable,
            (_, PaymentState::Pending) => GrantState::PaymentPending,
            (_, PaymentState::Settled) => GrantState::Scheduled,
        };
        let made = Grant {
            name: *grant,
            grant_type: *grant_type,
            priority: *priority,
            amount: *amount,
            consumed: Credits::ZERO,
            held: Credits::ZERO,
            lost: Credits::ZERO,
            effective_at: *effective_at,
            expire_at: *expire_at,
            created_at: at,
            updated_at: at,
            state,
        };
        if *grant_type == GrantType::Overdraft {
            if self.overdraft.is_some() {
                return Err(Contradiction::Broken { rule: "two overdraft grants live" });
            }
            self.overdraft = Some(grant.number);
        }
        self.last_grant = grant.number;
        if let Some(due) = due_of(&made) {
            self.due.insert(due);
        }
        self.grants.insert(made);
        Ok(())
    }

    fn fold_granted(&mut self, leg: Leg, at: Timestamp) -> Applied {
        self.change_grant(leg.grant, at, |grant| {
            expect_state(grant.state == GrantState::Scheduled)?;
            if leg.amount != grant.amount {
                return Err(Contradiction::Broken { rule: "a grant gives another amount" });
            }
            grant.state = GrantState::Usable;
            Ok(())
        })
    }

    fn fold_consumed(&mut self, leg: Leg, at: Timestamp) -> Applied {
        self.change_grant(leg.grant, at, |grant| {
            grant.consumed = grant.consumed.plus(leg.amount)?;
            Ok(())
        })
    }

    /// A grant ends, or a dead grant loses what a hold left on it.
    fn fold_ended(&mut self, leg: Leg, at: Timestamp, ended: GrantState) -> Applied {
        self.change_grant(leg.grant, at, |grant| {
            grant.lost = match grant.state {
                // What never counted leaves no balance, so its row says 0.
                GrantState::PaymentPending | GrantState::Scheduled => grant.amount,
                _ => grant.lost.plus(leg.amount)?,
            };
            if !grant.is_dead() {
                grant.state = ended;
            }
            if grant.unheld()?.is_zero() {
                Ok(())
            } else {
                Err(Contradiction::Broken { rule: "an ended grant keeps unheld credits" })
            }
        })?;
        self.remains.retain(|number| *number != leg.grant.number);
        self.recharge_settled(leg.grant.number);
        if self.overdraft == Some(leg.grant.number) {
            self.overdraft = None;
        }
        self.depart_if_over(leg.grant.number);
        Ok(())
    }

    fn fold_reserved(&mut self, hold: Hold, at: Timestamp) -> Applied {
        if hold.legs.is_empty() || self.hold_names.get(&hold.reservation).is_some() {
            return Err(Contradiction::Broken { rule: "a hold is empty or open twice" });
        }
        for leg in &hold.legs {
            self.change_grant(leg.grant, at, |grant| {
                expect_state(grant.is_usable())?;
                grant.held = grant.held.plus(leg.amount)?;
                Ok(())
            })?;
        }
        self.due.insert(due_of_hold(&hold));
        self.last_hold = hold.number;
        let (reservation, number) = (hold.reservation.clone(), hold.number);
        self.hold_names.insert(HoldName { reservation, number });
        self.holds.insert(Arc::new(hold));
        Ok(())
    }

    fn fold_extended(&mut self, reservation: &ReservationId, expires_at: Timestamp) -> Applied {
        let unknown = || Contradiction::Unknown { what: format!("hold {reservation:?}") };
        let number = self.hold_names.get(reservation).ok_or_else(unknown)?.number;
        let hold = Arc::make_mut(self.holds.get_mut(&number).ok_or_else(unknown)?);
        let was = due_of_hold(hold);
        hold.expires_at = expires_at;
        let is = due_of_hold(hold);
        self.due.remove(&was);
        self.due.insert(is);
        Ok(())
    }

    fn end_hold(&mut self, reservation: &ReservationId, at: Timestamp) -> Applied {
        let hold = self
            .hold_names
            .remove(reservation)
            .and_then(|name| self.holds.remove(&name.number))
            .ok_or_else(|| Contradiction::Unknown { what: format!("hold {reservation:?}") })?;
        self.due.remove(&due_of_hold(&hold));
        for leg in &hold.legs {
            self.change_grant(leg.grant, at, |grant| {
                grant.held = grant.held.minus(leg.amount)?;
                Ok(())
            })?;
            let dead = self.grant(leg.grant.number).is_some_and(Grant::is_dead);
            if dead && !self.remains.contains(&leg.grant.number) {
                self.remains.push(leg.grant.number);
            }
        }
        Ok(())
    }

    /// Changes one grant and everything that is kept of it: sums, burn list, due list.
    fn change_grant(
        &mut self,
        name: GrantRef,
        at: Timestamp,
        change: impl FnOnce(&mut Grant) -> Applied,
    ) -> Applied {
        let unknown = || Contradiction::Unknown { what: name.id.to_string() };
        let named = |grant: &&mut Grant| grant.name == name;
        let grant = self.grants.get_mut(&name.number).filter(named).ok_or_else(unknown)?;
        let before = *grant;
        change(grant)?;
        grant.updated_at = at;
        let after = *grant;
        check_grant(&after)?;
        self.count(&before, &after)?;
        self.relist(&before, &after);
        self.reannounce(&before, &after, at);
        self.drop_claim_if_met(&after);
        Ok(())
    }

    fn count(&mut self, before: &Grant, after: &Grant) -> Applied {
        let sums = &mut self.sums;
        if before.is_usable() {
            sums.granted = sums.granted.minus(before.given()?)?;
            sums.consumed = sums.consumed.minus(before.consumed)?;
            sums.held = sums.held.minus(before.held)?;
        }
        if after.is_usable() {
            sums.granted = sums.granted.plus(after.given()?)?;
            sums.consumed = sums.consumed.plus(after.consumed)?;
            sums.held = sums.held.plus(after.held)?;
        }
        if before.is_dead() {
            sums.held_on_dead = sums.held_on_dead.minus(before.held)?;
        }
        if after.is_dead() {
            sums.held_on_dead = sums.held_on_dead.plus(after.held)?;
        }
        Ok(())
    }

    fn relist(&mut self, before: &Grant, after: &Grant) {
        let (was, is) = (burn_place(before), burn_place(after));
        if was != is {
            was.and_then(|rank| self.burn.remove(&rank));
            is.into_iter().for_each(|rank| self.burn.insert(rank));
        }
        let (was, is) = (due_of(before), due_of(after));
        if was != is {
            was.and_then(|due| self.due.remove(&due));
            is.into_iter().for_each(|due| self.due.insert(due));
            if after.grant_type == GrantType::Recurring {
                self.period_end = self.first_period_end();
            }
        }
    }

    /// A grant's end is announced if the instant for it lies ahead when the grant becomes usable or
    /// gets another end.
    fn reannounce(&mut self, before: &Grant, after: &Grant, at: Timestamp) {
        let (was, is) = (announcement_of(before), announcement_of(after));
        if was != is {
            was.and_then(|due| self.announcements.remove(&due));
            let ahead = is.into_iter().filter(|due| due.at > at);
            ahead.for_each(|due| self.announcements.insert(due));
        }
    }
}

/// What time will bring to a grant next.
pub(crate) fn due_of(grant: &Grant) -> Option<Due> {
    let number = grant.name.number;
    match grant.state {
        GrantState::Scheduled => {
            Some(Due { at: grant.effective_at, kind: DueKind::Activation(number) })
        }
        GrantState::Usable => grant.expire_at.map(|at| Due { at, kind: DueKind::Expiry(number) }),
        GrantState::PaymentPending | GrantState::Expired { .. } | GrantState::Voided { .. } => None,
    }
}

/// When a hold ends by itself.
pub(crate) fn due_of_hold(hold: &Hold) -> Due {
    Due { at: hold.expires_at, kind: DueKind::HoldTimeout(hold.number) }
}

fn burn_place(grant: &Grant) -> Option<crate::BurnRank> {
    let has_credits = grant.unheld().is_ok_and(Credits::is_positive);
    (grant.is_usable() && has_credits).then(|| grant.rank())
}

fn expect_state(holds: bool) -> Applied {
    if holds {
        Ok(())
    } else {
        Err(Contradiction::Broken { rule: "a grant is in another state than its row supposes" })
    }
}

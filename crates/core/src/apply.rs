//! Folding events into a wallet. Every rule of conservation is asserted on the way: an event that
//! breaks one is a [`Contradiction`], never a silently wrong number.

use std::sync::Arc;

use crate::{
    Credits, Due, DueKind, Event, Grant, GrantNumber, GrantRef, GrantState, GrantType, Hold, Leg,
    Overflow, PaymentState, ReservationId, Row, Timestamp, Wallet,
};

/// An event that cannot have happened to this wallet: the ledger or the program is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Contradiction {
    /// A sum left its range.
    #[error(transparent)]
    Overflow(#[from] Overflow),
    /// The rows are not consecutive.
    #[error("the row has sequence {found} where {expected} follows")]
    Sequence {
        /// What follows.
        expected: u64,
        /// What is there.
        found: u64,
    },
    /// Time went back.
    #[error("the row is recorded before the row it follows")]
    TimeWentBack,
    /// An event names a grant or a hold that the wallet does not have.
    #[error("the row names {what}, which the wallet does not have")]
    Unknown {
        /// Which.
        what: String,
    },
    /// The balance in the row is not the sum of the effects.
    #[error("the row says that the balance is {stated}; the rows add up to {actual}")]
    Balance {
        /// The row's word.
        stated: Credits,
        /// The sum.
        actual: Credits,
    },
    /// A rule of conservation does not hold.
    #[error("{rule}")]
    Broken {
        /// What should be and is not.
        rule: &'static str,
    },
}

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
        }
        self.balance = self.balance.plus(event.effect()?)?;
        self.sequence = self.sequence.saturating_add(1);
        self.recorded_at = Some(at);
        self.version_microseconds =
            at.microseconds().max(self.version_microseconds.saturating_add(1));
        Ok(())
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
        self.enlist(&made);
        self.grants.push(made);
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
        if self.overdraft == Some(leg.grant.number) {
            self.overdraft = None;
        }
        self.depart(leg.grant.number);
        Ok(())
    }

    fn fold_reserved(&mut self, hold: Hold, at: Timestamp) -> Applied {
        if hold.legs.is_empty() || self.hold_names.contains_key(&hold.reservation) {
            return Err(Contradiction::Broken { rule: "a hold is empty or open twice" });
        }
        for leg in &hold.legs {
            self.change_grant(leg.grant, at, |grant| {
                expect_state(grant.is_usable())?;
                grant.held = grant.held.plus(leg.amount)?;
                Ok(())
            })?;
        }
        insert_descending(&mut self.due, due_of_hold(&hold));
        self.last_hold = hold.number;
        self.hold_names.insert(hold.reservation.clone(), hold.number);
        self.holds.insert(hold.number, Arc::new(hold));
        Ok(())
    }

    fn end_hold(&mut self, reservation: &ReservationId, at: Timestamp) -> Applied {
        let hold = self
            .hold_names
            .remove(reservation)
            .and_then(|number| self.holds.remove(&number))
            .ok_or_else(|| Contradiction::Unknown { what: format!("hold {reservation:?}") })?;
        remove_descending(&mut self.due, &due_of_hold(&hold));
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

    /// Of the dead grants that lost a hold, keeps those with credits left and lets the others go.
    fn note_remains(&mut self) {
        let candidates = std::mem::take(&mut self.remains);
        for number in candidates {
            let left = self.grant(number).and_then(|grant| grant.unheld().ok());
            if left.is_some_and(Credits::is_positive) {
                self.remains.push(number);
            } else {
                self.depart(number);
            }
        }
    }

    /// Lets a dead grant go that nothing can touch any more.
    fn depart(&mut self, number: GrantNumber) {
        if let Some(index) = self.grant_index(number)
            && self.grants[index].is_dead()
            && self.grants[index].held.is_zero()
        {
            self.departed.push(self.grants.remove(index));
        }
    }

    /// Changes one grant and everything that is kept of it: sums, burn list, due list.
    fn change_grant(
        &mut self,
        name: GrantRef,
        at: Timestamp,
        change: impl FnOnce(&mut Grant) -> Applied,
    ) -> Applied {
        let index = self
            .grant_index(name.number)
            .filter(|index| self.grants[*index].name == name)
            .ok_or_else(|| Contradiction::Unknown { what: name.id.to_string() })?;
        let before = self.grants[index];
        change(&mut self.grants[index])?;
        self.grants[index].updated_at = at;
        let after = self.grants[index];
        check_grant(&after)?;
        self.count(&before, &after)?;
        self.relist(&before, &after);
        Ok(())
    }

    fn count(&mut self, before: &Grant, after: &Grant) -> Applied {
        let sums = &mut self.sums;
        if before.is_usable() {
            sums.granted = sums.granted.minus(before.amount)?;
            sums.consumed = sums.consumed.minus(before.consumed)?;
            sums.held = sums.held.minus(before.held)?;
        }
        if after.is_usable() {
            sums.granted = sums.granted.plus(after.amount)?;
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
            if let Some(rank) = was {
                remove_descending(&mut self.burn, &rank);
            }
            if let Some(rank) = is {
                insert_descending(&mut self.burn, rank);
            }
        }
        let (was, is) = (due_of(before), due_of(after));
        if was != is {
            if let Some(due) = was {
                remove_descending(&mut self.due, &due);
            }
            if let Some(due) = is {
                insert_descending(&mut self.due, due);
            }
        }
    }

    fn enlist(&mut self, grant: &Grant) {
        if let Some(due) = due_of(grant) {
            insert_descending(&mut self.due, due);
        }
    }
}

/// Conservation of one grant.
pub(crate) fn check_grant(grant: &Grant) -> Applied {
    let parts = [grant.consumed, grant.held, grant.lost, grant.unheld()?];
    if parts.into_iter().any(Credits::is_negative) {
        return Err(Contradiction::Broken { rule: "a grant gives more than it has" });
    }
    let overdraft_limit = grant.grant_type == GrantType::Overdraft
        && !(grant.amount.is_zero() && grant.held.is_zero() && grant.lost.is_zero());
    if overdraft_limit {
        return Err(Contradiction::Broken { rule: "an overdraft grant has credits" });
    }
    Ok(())
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

fn insert_descending<T: Ord>(list: &mut Vec<T>, item: T) {
    let place = list.partition_point(|other| *other > item);
    list.insert(place, item);
}

fn remove_descending<T: Ord>(list: &mut Vec<T>, item: &T) {
    let place = list.partition_point(|other| other > item);
    if list.get(place) == Some(item) {
        list.remove(place);
    }
}

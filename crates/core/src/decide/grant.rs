//! Making, taking back and changing grants.

use crate::command::check_expiry;
use crate::limits::{SUM_MAX, UNFINISHED_GRANTS_MAX};
use crate::{
    Credits, EditGrant, Entity, Event, Grant, GrantId, GrantNumber, GrantRef, GrantState,
    GrantType, Leg, NewGrant, PaymentState, Refusal, Timestamp, Wallet,
};

pub(super) fn create(
    wallet: &Wallet,
    new: &NewGrant,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    new.check_times(now)?;
    check_room(wallet, new.amount)?;
    let number = GrantNumber(wallet.last_grant.0.saturating_add(1));
    let grant = GrantRef { number, id: new.id };
    let effective_at = new.effective_at.unwrap_or(now);
    let created = Event::GrantCreated {
        grant,
        grant_type: new.grant_type,
        amount: new.amount,
        priority: new.priority,
        effective_at,
        expire_at: new.expire_at,
        payment: new.payment,
        cost: new.cost,
    };
    let usable = new.payment == PaymentState::Settled && effective_at <= now;
    let granted = usable.then_some(Event::Granted(Leg { grant, amount: new.amount }));
    Ok([created].into_iter().chain(granted).collect())
}

/// Refuses a grant for which the wallet has no room (decisions 30 and 80).
pub(super) fn check_room(wallet: &Wallet, amount: Credits) -> Result<(), Refusal> {
    let unfinished = wallet.grants.iter().filter(|grant| is_unfinished(grant)).count();
    if unfinished >= UNFINISHED_GRANTS_MAX {
        return Err(Refusal::TooMany {
            what: "unfinished grants in a wallet",
            limit: UNFINISHED_GRANTS_MAX,
        });
    }
    let given: Result<Vec<_>, _> = wallet.grants.iter().map(Grant::given).collect();
    let granted = Credits::sum(given?)?;
    if granted.plus(wallet.sums.spent)?.plus(amount)? > SUM_MAX {
        return Err(Refusal::SumTooLarge);
    }
    Ok(())
}

pub(super) fn void(
    wallet: &Wallet,
    id: GrantId,
    spent: Option<&Grant>,
) -> Result<Vec<Event>, Refusal> {
    let (grant, reopening) = find_or_reopen(wallet, id, spent)?;
    if grant.grant_type == GrantType::Overdraft {
        return Err(Refusal::GrantCannotBeVoided { what: "an overdraft" });
    }
    let amount = match grant.state {
        GrantState::Voided { .. } => return Err(Refusal::GrantAlreadyVoided),
        GrantState::Expired { .. } => {
            return Err(Refusal::GrantCannotBeVoided { what: "expired" });
        }
        // Decision 59: what never counted leaves a row of amount 0.
        GrantState::PaymentPending | GrantState::Scheduled => Credits::ZERO,
        GrantState::Usable => grant.unheld()?,
    };
    let voided = Event::Voided(Leg { grant: grant.name, amount });
    Ok(reopening.into_iter().chain([voided]).collect())
}

pub(super) fn edit(
    wallet: &Wallet,
    edit: &EditGrant,
    spent: Option<&Grant>,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let (grant, reopening) = find_or_reopen(wallet, edit.id, spent)?;
    // Decision 71: times come before the grant's state.
    if let Some(expire_at) = edit.change.expire_at {
        check_expiry(expire_at, grant.effective_at, now)?;
    }
    check_editable(grant)?;
    if edit.change.is_empty() {
        return Ok(Vec::new());
    }
    let (priority, expire_at) = (edit.change.priority, edit.change.expire_at);
    let updated = Event::Updated { grant: grant.name, priority, expire_at };
    Ok(reopening.into_iter().chain([updated]).collect())
}

/// Refuses to change what has ended, and what the wallet itself made (decision 60).
fn check_editable(grant: &Grant) -> Result<(), Refusal> {
    if grant.grant_type == GrantType::Overdraft {
        return Err(Refusal::GrantCannotBeVoided { what: "an overdraft" });
    }
    match grant.state {
        GrantState::Voided { .. } => Err(Refusal::GrantAlreadyVoided),
        GrantState::Expired { .. } => Err(Refusal::GrantExpired),
        GrantState::PaymentPending | GrantState::Scheduled | GrantState::Usable => Ok(()),
    }
}

/// The grant counts from now or its first instant on. Paid past its end, it expires at once
/// (decision 47): its expiry is due as soon as it is granted.
pub(super) fn confirm_payment(
    wallet: &Wallet,
    id: GrantId,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let grant = find(wallet, id)?;
    if grant.state != GrantState::PaymentPending {
        return Err(Refusal::GrantAwaitsNoPayment);
    }
    let granted = Event::Granted(Leg { grant: grant.name, amount: grant.amount });
    let expired = Event::Expired(Leg { grant: grant.name, amount: grant.amount });
    let usable = grant.effective_at <= now;
    let too_late = grant.expire_at.is_some_and(|at| at <= now);
    let mut events = vec![Event::PaymentConfirmed { grant: grant.name }];
    if usable {
        events.push(granted);
    }
    if too_late {
        events.push(expired);
    }
    Ok(events)
}

impl Grant {
    /// Refuses what cannot be done to a grant that has left its wallet: the same answers as while
    /// it was there.
    pub fn refuse_void(&self) -> Refusal {
        match self.state {
            _ if self.grant_type == GrantType::Overdraft => {
                Refusal::GrantCannotBeVoided { what: "an overdraft" }
            }
            GrantState::Expired { .. } => Refusal::GrantCannotBeVoided { what: "expired" },
            _ => Refusal::GrantAlreadyVoided,
        }
    }

    /// Refuses the change of a grant that has left its wallet.
    pub fn refuse_edit(&self, edit: &EditGrant, now: Timestamp) -> Refusal {
        let times = edit
            .change
            .expire_at
            .map_or(Ok(()), |expire_at| check_expiry(expire_at, self.effective_at, now));
        match times.and_then(|()| check_editable(self)) {
            Err(refusal) => refusal,
            Ok(()) => Refusal::GrantAlreadyVoided,
        }
    }
}

fn find(wallet: &Wallet, id: GrantId) -> Result<&Grant, Refusal> {
    wallet.grant_by_id(id).ok_or_else(|| Refusal::not_found(Entity::Grant, id))
}

/// The grant, and what must come first if it left spent: by its stored facts, unless it left since
/// they were read.
fn find_or_reopen<'a>(
    wallet: &'a Wallet,
    id: GrantId,
    spent: Option<&'a Grant>,
) -> Result<(&'a Grant, Option<Event>), Refusal> {
    if let Some(grant) = wallet.grant_by_id(id) {
        return Ok((grant, None));
    }
    let is_it = |grant: &&Grant| grant.name.id == id;
    let left = wallet.departed.iter().find(is_it).or_else(|| spent.filter(is_it));
    let grant = left
        .filter(|grant| grant.is_spent())
        .ok_or_else(|| Refusal::not_found(Entity::Grant, id))?;
    Ok((grant, Some(Event::GrantReopened { grant: Box::new(*grant) })))
}

/// Neither ended nor used up (decision 80).
fn is_unfinished(grant: &Grant) -> bool {
    let has_credits = grant.given().is_ok_and(|given| grant.consumed < given);
    !grant.is_dead() && grant.grant_type != GrantType::Overdraft && has_credits
}

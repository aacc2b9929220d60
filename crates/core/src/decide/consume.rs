//! Burning credits in order, and beyond.

use crate::limits::SUM_MAX;
use crate::{
    Consume, Credits, Event, GrantRef, GrantType, Leg, Money, OnInsufficient, PaymentState,
    Priority, Refusal, Timestamp, Wallet,
};

pub(super) fn consume(
    wallet: &Wallet,
    consume: &Consume,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    consume.check_times(now)?;
    let available = wallet.balance()?.available;
    if consume.on_insufficient == OnInsufficient::Reject && available < consume.amount {
        return Err(Refusal::InsufficientCredits { needed: consume.amount, available });
    }
    let burned = burn(wallet, Vec::new(), consume.amount, now)?;
    let event = Event::Consumed { legs: burned.legs };
    Ok(burned.opening.into_iter().chain([event]).collect())
}

/// What a burn takes, and the overdraft grant that it has to open first.
pub(super) struct Burned {
    pub opening: Option<Event>,
    pub legs: Vec<Leg>,
}

/// Takes `amount` from the unheld credits in burn order, after the legs that are settled already;
/// what is missing goes to the overdraft grant (spec 2.5).
pub(super) fn burn(
    wallet: &Wallet,
    mut legs: Vec<Leg>,
    amount: Credits,
    now: Timestamp,
) -> Result<Burned, Refusal> {
    let mut missing = amount;
    for rank in wallet.burn.iter() {
        if missing.is_zero() {
            break;
        }
        let Some(grant) = wallet.grant(rank.number) else { continue };
        let taken = grant.unheld()?.min(missing);
        missing = missing.minus(taken)?;
        add_leg(&mut legs, Leg { grant: grant.name, amount: taken })?;
    }
    if missing.is_zero() {
        return Ok(Burned { opening: None, legs });
    }
    let live = wallet.overdraft.and_then(|number| wallet.grant(number));
    let deficit = live.map_or(Credits::ZERO, |grant| grant.consumed);
    if deficit.plus(missing)? > SUM_MAX {
        return Err(Refusal::SumTooLarge);
    }
    let (opening, grant) = match live {
        Some(grant) => (None, grant.name),
        None => {
            let grant = wallet.next_own_grant();
            (Some(overdraft_opened(grant, now)), grant)
        }
    };
    legs.push(Leg { grant, amount: missing });
    Ok(Burned { opening, legs })
}

fn add_leg(legs: &mut Vec<Leg>, leg: Leg) -> Result<(), Refusal> {
    match legs.iter_mut().find(|other| other.grant == leg.grant) {
        Some(other) => other.amount = other.amount.plus(leg.amount)?,
        None => legs.push(leg),
    }
    Ok(())
}

pub(super) fn overdraft_opened(grant: GrantRef, now: Timestamp) -> Event {
    Event::GrantCreated {
        grant,
        grant_type: GrantType::Overdraft,
        amount: Credits::ZERO,
        priority: Priority::LAST,
        effective_at: now,
        expire_at: None,
        payment: PaymentState::Settled,
        cost: Money::FREE,
    }
}

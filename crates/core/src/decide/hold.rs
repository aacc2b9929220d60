//! Setting credits aside and settling them (spec 2.12, decisions 16, 17, 20, 39).

use super::consume::{Burned, burn};
use crate::limits::OPEN_HOLDS_MAX;
use crate::{
    Credits, Entity, Event, Extend, GrantRef, Hold, HoldNumber, Leg, Refusal, Release, Reserve,
    Timestamp, Wallet,
};

pub(super) fn reserve(
    wallet: &Wallet,
    reserve: &Reserve,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    if wallet.hold(&reserve.reservation).is_some() {
        return Err(Refusal::HoldOpen { reservation: reserve.reservation.to_string() });
    }
    let expires_at = reserve.ends.instant(now)?;
    if wallet.holds.len() >= OPEN_HOLDS_MAX {
        return Err(Refusal::TooMany { what: "open holds in a wallet", limit: OPEN_HOLDS_MAX });
    }
    // Decision 20: a hold never overdraws, whatever the wallet allows.
    let available = wallet.balance()?.available;
    if available < reserve.amount {
        return Err(Refusal::InsufficientCredits { needed: reserve.amount, available });
    }
    let Burned { legs, .. } = burn(wallet, Vec::new(), reserve.amount, now)?;
    Ok(vec![Event::Reserved {
        number: HoldNumber(wallet.last_hold.0.saturating_add(1)),
        reservation: reserve.reservation.clone(),
        expires_at,
        legs,
    }])
}

pub(super) fn release(
    wallet: &Wallet,
    release: &Release,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let unknown = || Refusal::not_found(Entity::Reservation, &release.reservation);
    let hold = wallet.hold(&release.reservation).ok_or_else(unknown)?;
    let first = hold.legs.first().map(|leg| leg.grant).ok_or_else(unknown)?;
    let (backed, excess) = charge_backing(hold, release.consumed)?;
    let burned = burn(wallet, backed, excess, now)?;
    let returned = Credits::sum(hold.legs.iter().map(|leg| leg.amount))?;
    Ok(released(release, first, returned, burned))
}

pub(super) fn release_late(
    wallet: &Wallet,
    release: &Release,
    first: GrantRef,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let burned = burn(wallet, Vec::new(), release.consumed, now)?;
    Ok(released(release, first, Credits::ZERO, burned))
}

/// To end when it ends anyway is nothing new.
pub(super) fn extend(
    wallet: &Wallet,
    extend: &Extend,
    now: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let reservation = &extend.reservation;
    let unknown = || Refusal::not_found(Entity::Reservation, reservation);
    let hold = wallet.hold(reservation).ok_or_else(unknown)?;
    let expires_at = extend.ends.instant(now)?;
    if expires_at == hold.expires_at {
        return Ok(Vec::new());
    }
    Ok(vec![Event::HoldExtended { reservation: reservation.clone(), expires_at }])
}

/// Charges the held credits in the order fixed when the hold was placed. What they do not cover
/// is consumed normally.
fn charge_backing(hold: &Hold, consumed: Credits) -> Result<(Vec<Leg>, Credits), Refusal> {
    let mut missing = consumed;
    let mut legs = Vec::with_capacity(hold.legs.len());
    for leg in &hold.legs {
        let amount = leg.amount.min(missing);
        missing = missing.minus(amount)?;
        if amount.is_positive() {
            legs.push(Leg { grant: leg.grant, amount });
        }
    }
    Ok((legs, missing))
}

fn released(release: &Release, first: GrantRef, returned: Credits, burned: Burned) -> Vec<Event> {
    let event = Event::Released {
        reservation: release.reservation.clone(),
        first,
        returned,
        consumed: burned.legs,
    };
    burned.opening.into_iter().chain([event]).collect()
}

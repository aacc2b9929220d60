//! Setting credits aside, once for each reservation, and settling them, once.
//!
//! While a hold is open its wallet knows it. A closed one is known from its rows: the newest is
//! found by the reservation's name, and each leads to the one before.

use std::sync::Arc;

use scrip_core::{
    Command, Credits, Entity, GrantRef, Leg, NameHash, NameKind, Refusal, Release, ReservationId,
};

use super::records::{known_standings, refuse_archived};
use super::repeats::{put_back, seen_now};
use super::{Extra, Failure, Place, State, fresh, overflow, run_on};
use crate::reservations::{Recalled, recalled};
use crate::slot::Slot;
use crate::{Answer, Released, Reserved, WalletExtend, WalletRelease, WalletReserve};

/// Holds for a customer that is not archived, unless the reservation was made before.
pub(super) fn reserve(
    state: &mut dyn State,
    at: Place<'_>,
    item: &WalletReserve,
) -> Result<Answer, Failure> {
    let WalletReserve { wallet, reserve } = item;
    let (customer, _) = known_standings(state, at, wallet)?;
    refuse_archived(&wallet.customer, customer)?;
    let slot = state.load(wallet)?.unwrap_or_else(|| fresh(wallet));
    let name = name_of(&slot, &reserve.reservation);
    if let Some(found) = recall(state, &slot, name, &reserve.reservation)? {
        return repeat_reserve(state, at, item, slot, &found).map(Answer::Reserved);
    }
    let command = Command::Reserve(reserve.clone());
    let extra = Extra { name: Some(name), ..Extra::default() };
    let ran = run_on(state, at, slot, &command, &extra)?;
    ran.own?;
    let expires_at = reserve.ends.instant(ran.at)?;
    let (amount, balance) = (reserve.amount, ran.balance);
    Ok(Answer::Reserved(Reserved { amount, expires_at, is_open: true, balance }))
}

/// Same reservation and same request: what was set aside the first time, and whether it still is.
/// Another request: a conflict (decisions 21 and 49).
fn repeat_reserve(
    state: &mut dyn State,
    at: Place<'_>,
    item: &WalletReserve,
    slot: Arc<Slot>,
    found: &Recalled,
) -> Result<Reserved, Failure> {
    let reserve = &item.reserve;
    let wallet = seen_now(state, at, &slot)?;
    let is_open = wallet.hold(&reserve.reservation).is_some();
    let balance = wallet.balance().map_err(overflow)?;
    drop(wallet);
    put_back(state, slot)?;
    if found.fingerprint != Some(reserve.fingerprint) {
        let reservation = reserve.reservation.to_string();
        return Err(Refusal::ReservationReused { reservation }.into());
    }
    let Recalled { amount, expires_at, .. } = *found;
    Ok(Reserved { amount, expires_at, is_open, balance })
}

/// Settles a reservation. Neither an archived customer nor missing credits are in its way: the work
/// was done (decisions 19 and 48).
pub(super) fn release(
    state: &mut dyn State,
    at: Place<'_>,
    item: &WalletRelease,
) -> Result<Answer, Failure> {
    let WalletRelease { wallet, release } = item;
    known_standings(state, at, wallet)?;
    let reservation = &release.reservation;
    let slot = state.load(wallet)?.unwrap_or_else(|| fresh(wallet));
    let name = name_of(&slot, reservation);
    let seen = seen_now(state, at, &slot)?;
    let balance = seen.balance().map_err(overflow)?;
    let open = seen.hold(reservation).map(|hold| (total(&hold.legs), hold.expires_at));
    drop(seen);
    let (amount, expires_at, command) = if let Some((amount, expires_at)) = open {
        (amount?, expires_at, Command::Release(release.clone()))
    } else {
        let Some(found) = recall(state, &slot, name, reservation)? else {
            put_back(state, slot)?;
            return Err(Refusal::not_found(Entity::Reservation, reservation).into());
        };
        let Recalled { amount, expires_at, first, .. } = found;
        if let Some(consumed) = found.consumed {
            put_back(state, slot)?;
            return Ok(Answer::Released(Released { amount, consumed, expires_at, balance }));
        }
        (amount, expires_at, late(release, first))
    };
    let extra = Extra { name: Some(name), ..Extra::default() };
    let ran = run_on(state, at, slot, &command, &extra)?;
    ran.own?;
    let (consumed, balance) = (release.consumed, ran.balance);
    Ok(Answer::Released(Released { amount, consumed, expires_at, balance }))
}

/// Lets an open hold end at another instant. An archived customer is not in its way (decision 74).
pub(super) fn extend(
    state: &mut dyn State,
    at: Place<'_>,
    item: &WalletExtend,
) -> Result<Answer, Failure> {
    let WalletExtend { wallet, extend } = item;
    known_standings(state, at, wallet)?;
    let reservation = &extend.reservation;
    let slot = state.load(wallet)?.unwrap_or_else(|| fresh(wallet));
    let name = name_of(&slot, reservation);
    let seen = seen_now(state, at, &slot)?;
    let open = seen.hold(reservation).map(|hold| total(&hold.legs));
    drop(seen);
    let Some(amount) = open else {
        let was_made = recall(state, &slot, name, reservation)?.is_some();
        let now = slot.wallet.time_at(state.now(at.environment));
        put_back(state, slot)?;
        if !was_made {
            return Err(Refusal::not_found(Entity::Reservation, reservation).into());
        }
        // Decision 55: times come before the state.
        extend.ends.instant(now)?;
        return Err(Refusal::HoldEnded { reservation: reservation.to_string() }.into());
    };
    let command = Command::Extend(extend.clone());
    let extra = Extra { name: Some(name), ..Extra::default() };
    let ran = run_on(state, at, slot, &command, &extra)?;
    ran.own?;
    let (amount, expires_at) = (amount?, extend.ends.instant(ran.at)?);
    Ok(Answer::Reserved(Reserved { amount, expires_at, is_open: true, balance: ran.balance }))
}

/// The hold ended by itself, and the job's credits are still to be paid (decisions 22 and 39).
fn late(release: &Release, first: GrantRef) -> Command {
    Command::ReleaseLate { release: release.clone(), first }
}

/// The reservation of this name, if it was ever made.
fn recall(
    state: &mut dyn State,
    slot: &Slot,
    name: NameHash,
    reservation: &ReservationId,
) -> Result<Option<Recalled>, Failure> {
    let newest = state.find(name)?.unwrap_or(0);
    Ok(recalled(newest, slot.number, reservation, |position| state.entry(position))?)
}

fn name_of(slot: &Slot, reservation: &ReservationId) -> NameHash {
    NameHash::within(&slot.genesis, NameKind::Reservation, reservation.as_str())
}

fn total(legs: &[Leg]) -> Result<Credits, Failure> {
    Credits::sum(legs.iter().map(|leg| leg.amount)).map_err(overflow)
}

//! Giving a consumption back (spec section 7), once for each key of a refund.
//!
//! The rows of a consumption and of its refunds are linked: the newest is found by the consumption's
//! name and leads back to it. Where consumption moved is found by the grant that it left.

use std::sync::Arc;

use scrip_core::limits::SUM_MAX;
use scrip_core::{
    Command, Credits, Entity, Event, Fingerprint, Grant, GrantId, GrantRef, GrantType, Leg, Mark,
    Move, NameHash, NameKind, Original, Refund, RefundRequest, Refusal, Timestamp, Undone,
};

use super::records::known_standings;
use super::repeats::{put_back, seen_now};
use super::{Extra, Failure, Place, State, StoreError, fresh, overflow, run_on};
use crate::history::{Entry, check_older};
use crate::slot::{Position, Slot};
use crate::{Answer, Refunded, WalletRefund};

/// Gives back, unless the refund was made before. An archived customer is not in its way (decision
/// 48).
pub(super) fn refund(
    state: &mut dyn State,
    at: Place<'_>,
    item: &WalletRefund,
) -> Result<Answer, Failure> {
    let WalletRefund { wallet, request } = item;
    known_standings(state, at, wallet)?;
    let slot = state.load(wallet)?.unwrap_or_else(|| fresh(wallet));
    // Decision 71: what is undone must exist before the refund's own key matters.
    let Some(original) = original(state, &slot, &request.of)? else {
        put_back(state, slot)?;
        return Err(unknown(&request.of).into());
    };
    let name = NameHash::within(&slot.genesis, NameKind::Refund, request.key.as_str());
    if let Some(made) = recall(state, name, request)? {
        return repeat(state, at, request, slot, &made).map(Answer::Refunded);
    }
    let undone = match original.undone_by(request.amount) {
        Ok(undone) => undone,
        Err(refusal) => {
            put_back(state, slot)?;
            return Err(refusal.into());
        }
    };
    let moves = moves(state, at, &slot, &undone)?;
    let legs = undone.iter().chain(moves.iter().map(|one| &one.to)).map(|leg| leg.grant);
    let left = left(state, at, &slot, legs.collect())?;
    let amount = Credits::sum(undone.iter().map(|leg| leg.amount)).map_err(overflow)?;
    let refunded = original.refunded.plus(amount).map_err(overflow)?;
    let request = request.clone();
    let command = Command::Refund(Box::new(Refund { request, original, moves, left }));
    let ran = run_on(state, at, slot, &command, &Extra::default())?;
    ran.own?;
    Ok(Answer::Refunded(Refunded { amount, refunded, at: ran.at, balance: ran.balance }))
}

/// A refund that was made.
struct Made {
    amount: Credits,
    refunded: Credits,
    at: Timestamp,
    fingerprint: Fingerprint,
}

/// Same key and same request: what the first answer said, with the balance as it is now. Another
/// request: a conflict (decision 13).
fn repeat(
    state: &mut dyn State,
    at: Place<'_>,
    request: &RefundRequest,
    slot: Arc<Slot>,
    made: &Made,
) -> Result<Refunded, Failure> {
    let balance = seen_now(state, at, &slot)?.balance().map_err(overflow)?;
    put_back(state, slot)?;
    if made.fingerprint != request.fingerprint() {
        return Err(Refusal::KeyReused { key: request.key.to_string() }.into());
    }
    Ok(Refunded { amount: made.amount, refunded: made.refunded, at: made.at, balance })
}

/// The refund of this key, if the hit is confirmed by the full key.
fn recall(
    state: &mut dyn State,
    name: NameHash,
    request: &RefundRequest,
) -> Result<Option<Made>, Failure> {
    let Some(position) = state.find(name)? else { return Ok(None) };
    let row = state.entry(position)?.row;
    let Event::RefundNamed { amount, refunded, .. } = row.event else { return Ok(None) };
    let is_it = |mark: &&Mark| mark.key.as_ref() == Some(&request.key);
    let made = |mark: &Mark| {
        let fingerprint = mark.fingerprint;
        Made { amount, refunded, at: row.recorded_at, fingerprint }
    };
    Ok(row.mark.as_ref().filter(is_it).map(made))
}

/// What was consumed under a name, with what was given back of it so far; a reservation that was not
/// settled consumed nothing. None if the name names nothing.
fn original(state: &mut dyn State, slot: &Slot, of: &Undone) -> Result<Option<Original>, Failure> {
    let (kind, text) = match of {
        Undone::Consumption(key) => (NameKind::Consumption, key.as_str()),
        Undone::Reservation(reservation) => (NameKind::Reservation, reservation.as_str()),
    };
    let name = NameHash::within(&slot.genesis, kind, text);
    let mut position = state.find(name)?.unwrap_or(0);
    let mut found: Option<Original> = None;
    let (mut refunded, mut refunds) = (Credits::ZERO, 0);
    while position > 0 {
        let Entry { wallet, row, links, .. } = state.entry(position)?;
        let attributed_at = row.attributed_at;
        let dimensions = row.texts.words().map(|words| words.dimensions.clone());
        let dimensions = dimensions.unwrap_or_default();
        let made = |legs: &[Leg]| Original {
            legs: legs.to_vec(),
            refunded: Credits::ZERO,
            refunds: 0,
            attributed_at,
            dimensions,
        };
        match (&row.event, of) {
            _ if wallet != slot.number => return Ok(None),
            (Event::Refunded { of: other, legs, .. }, _) if other == of => {
                let sum = Credits::sum(legs.iter().map(|leg| leg.amount)).map_err(overflow)?;
                refunded = refunded.plus(sum).map_err(overflow)?;
                refunds += 1;
            }
            (Event::Consumed { legs }, Undone::Consumption(key)) => {
                let is_it = row.mark.as_ref().is_some_and(|mark| mark.key.as_ref() == Some(key));
                let original = is_it.then(|| made(legs));
                return Ok(original.map(|it| Original { refunded, refunds, ..it }));
            }
            (Event::Released { reservation, consumed, .. }, Undone::Reservation(id))
                if reservation == id =>
            {
                found = Some(made(consumed));
            }
            (Event::Reserved { reservation, .. }, Undone::Reservation(id)) if reservation == id => {
                let original = found.unwrap_or_else(|| made(&[]));
                return Ok(Some(Original { refunded, refunds, ..original }));
            }
            (Event::HoldExpired { .. } | Event::HoldExtended { .. }, Undone::Reservation(_)) => {}
            _ => return Ok(None),
        }
        check_older(position, links.related)?;
        position = links.related;
    }
    Ok(found.map(|it| Original { refunded, refunds, ..it }))
}

/// Where the consumption moved that does not stand where it was any more: from an overdraft to grants
/// that could bear it, or to one from a grant whose money went back. As many moves as can be needed:
/// all of them, if some lead back to where others came from.
fn moves(
    state: &mut dyn State,
    at: Place<'_>,
    slot: &Slot,
    undone: &[Leg],
) -> Result<Vec<Move>, Failure> {
    let all = Credits::sum(undone.iter().map(|leg| leg.amount)).map_err(overflow)?;
    let (moves, meet) = moves_of(state, at, slot, undone, all, all)?;
    if !meet {
        return Ok(moves);
    }
    Ok(moves_of(state, at, slot, undone, all, SUM_MAX)?.0)
}

/// Of each grant that the consumption may have passed, as many moves as it takes for so much. Also
/// whether one of them leads to a grant that others lead to: what goes there may pass it again.
fn moves_of(
    state: &mut dyn State,
    at: Place<'_>,
    slot: &Slot,
    undone: &[Leg],
    all: Credits,
    enough: Credits,
) -> Result<(Vec<Move>, bool), Failure> {
    let mut looked: Vec<GrantRef> = Vec::new();
    let mut waiting: Vec<_> = undone.iter().map(|leg| leg.grant).collect();
    let (mut moves, mut meet) = (Vec::new(), false);
    while let Some(grant) = waiting.pop() {
        if looked.contains(&grant) {
            meet = true;
        } else if !stands(state, at, slot, grant, all)? {
            looked.push(grant);
            let found = moves_from(state, slot, grant, enough)?;
            // It is not known which of its legs come this way.
            waiting.extend(found.iter().map(|one| one.to.grant));
            moves.extend(found);
        }
    }
    Ok((moves, meet))
}

/// Whether as much consumption stands on the grant, whatever time brings. Not on an overdraft: its
/// deficit may be settled by then. From a grant that lost nothing none has moved.
fn stands(
    state: &mut dyn State,
    at: Place<'_>,
    slot: &Slot,
    name: GrantRef,
    amount: Credits,
) -> Result<bool, Failure> {
    let living = slot.wallet.grant(name.number).copied();
    let grant = match living {
        Some(grant) => Some(grant),
        None => stored(state, at, name.id)?,
    };
    Ok(grant.is_none_or(|grant| {
        grant.grant_type != GrantType::Overdraft
            && (grant.lost.is_zero() || grant.consumed >= amount)
    }))
}

/// Where the consumption of a grant went, the newest first, less what earlier refunds gave back against
/// it: until there is enough.
fn moves_from(
    state: &mut dyn State,
    slot: &Slot,
    from: GrantRef,
    enough: Credits,
) -> Result<Vec<Move>, Failure> {
    let name = NameHash::within(&slot.genesis, NameKind::Overdraft, &from.id.to_string());
    let mut position: Position = state.find(name)?.unwrap_or(0);
    let (mut given_back, mut missing) = (Credits::ZERO, enough);
    let mut moves = Vec::new();
    while position > 0 && missing.is_positive() {
        let Entry { wallet, row, links, .. } = state.entry(position)?;
        if wallet != slot.number {
            return Ok(Vec::new());
        }
        match (&row.event, Move::of(&row.event)) {
            // It counts against the moves that are older than it.
            (Event::RefundTakenOver(leg), _) if leg.grant == from => {
                given_back = given_back.plus(leg.amount).map_err(overflow)?;
            }
            (_, Some(mut one)) if one.from == from => {
                let gone = given_back.min(one.to.amount);
                given_back = given_back.minus(gone).map_err(overflow)?;
                one.to.amount = one.to.amount.minus(gone).map_err(overflow)?;
                if one.to.amount.is_positive() {
                    moves.push(one);
                    missing = missing.minus(one.to.amount).map_err(overflow)?;
                }
            }
            _ => return Ok(Vec::new()),
        }
        check_older(position, links.related)?;
        position = links.related;
    }
    Ok(moves)
}

/// The stored facts of those of the grants that have left their wallet.
fn left(
    state: &mut dyn State,
    at: Place<'_>,
    slot: &Slot,
    names: Vec<GrantRef>,
) -> Result<Vec<Grant>, Failure> {
    let mut left: Vec<Grant> = Vec::new();
    for name in names {
        let is_known = left.iter().any(|grant| grant.name == name);
        if !is_known && slot.wallet.grant(name.number).is_none() {
            left.extend(stored(state, at, name.id)?);
        }
    }
    Ok(left)
}

fn stored(state: &mut dyn State, at: Place<'_>, id: GrantId) -> Result<Option<Grant>, StoreError> {
    Ok(state.grant(at.environment, id)?.map(|record| record.grant))
}

fn unknown(of: &Undone) -> Refusal {
    match of {
        Undone::Consumption(key) => Refusal::not_found(Entity::Consumption, key),
        Undone::Reservation(id) => Refusal::not_found(Entity::Reservation, id),
    }
}

//! What the passing of time brings, and what must follow before a wallet is at rest.

use super::money_back;
use super::own_grants::renew;
use crate::{
    Circumstances, Contradiction, Credits, Due, DueKind, Event, GrantState, Leg, Renewal,
    Timestamp, Wallet,
};

/// The events of something due.
pub(super) fn due_events(
    wallet: &Wallet,
    due: Due,
    circumstances: Circumstances,
) -> Result<Vec<Event>, Contradiction> {
    let unknown = || Contradiction::Unknown { what: format!("{due:?}") };
    let event = match due.kind {
        DueKind::Activation(number) => {
            let grant = wallet.grant(number).ok_or_else(unknown)?;
            Event::Granted(Leg { grant: grant.name, amount: grant.amount })
        }
        DueKind::Expiry(number) => {
            let grant = wallet.grant(number).ok_or_else(unknown)?;
            Event::Expired(Leg { grant: grant.name, amount: grant.unheld()? })
        }
        DueKind::HoldTimeout(number) => {
            let hold = wallet.holds.get(&number).ok_or_else(unknown)?;
            Event::HoldExpired { reservation: hold.reservation.clone(), legs: hold.legs.clone() }
        }
        DueKind::Renewal(number) => {
            let is_it = |renewal: &&Renewal| renewal.number == number;
            let renewal = wallet.renewals.iter().find(is_it).ok_or_else(unknown)?;
            return Ok(renew(wallet, renewal, circumstances));
        }
        DueKind::RechargePeriod => Event::RechargeResumed,
        DueKind::Announcement(number) => {
            let grant = wallet.grant(number).ok_or_else(unknown)?;
            Event::ExpiryAnnounced { grant: grant.name }
        }
    };
    Ok(vec![event])
}

/// The next event without which the wallet is not at rest.
pub(super) fn follow_up(wallet: &Wallet, at: Timestamp) -> Result<Option<Event>, Contradiction> {
    if let Some(number) = wallet.remains.first() {
        return dead_remainder(wallet, *number).map(Some);
    }
    if let Some(event) = money_back::take(wallet, at)? {
        return Ok(Some(event));
    }
    let Some(overdraft) = wallet.overdraft.and_then(|number| wallet.grant(number)) else {
        return Ok(None);
    };
    if overdraft.consumed.is_zero() {
        let leg = Leg { grant: overdraft.name, amount: Credits::ZERO };
        return Ok(Some(Event::Voided(leg)));
    }
    let Some(target) = wallet.burn.first().and_then(|rank| wallet.grant(rank.number)) else {
        return Ok(None);
    };
    let amount = overdraft.consumed.min(target.unheld()?);
    Ok(Some(Event::Transferred { source: overdraft.name, target: target.name, amount }))
}

/// What a hold left on a dead grant goes the way the grant went (decision 39).
fn dead_remainder(wallet: &Wallet, number: crate::GrantNumber) -> Result<Event, Contradiction> {
    let grant = wallet
        .grant(number)
        .ok_or_else(|| Contradiction::Unknown { what: format!("{number:?}") })?;
    let leg = Leg { grant: grant.name, amount: grant.unheld()? };
    match grant.state {
        GrantState::Expired { .. } => Ok(Event::Expired(leg)),
        GrantState::Voided { .. } => Ok(Event::Voided(leg)),
        _ => Err(Contradiction::Broken { rule: "a living grant is listed among the dead" }),
    }
}

//! Taking back credits whose money went back (decision 47).

use super::consume::overdraft_opened;
use crate::limits::SUM_MAX;
use crate::{
    Contradiction, Credits, Entity, Event, Grant, GrantState, GrantType, Leg, Refusal, ReturnMoney,
    Timestamp, Wallet,
};

/// Money of a grant went back: its own row. What is taken for it follows from the wallet.
pub(super) fn claim(wallet: &Wallet, returned: &ReturnMoney) -> Result<Vec<Event>, Refusal> {
    let is_it = |grant: &&Grant| grant.name.id == returned.id;
    let living = wallet.grant_by_id(returned.id);
    let left = || wallet.departed.iter().chain(&returned.left).find(is_it);
    let unknown = || Refusal::not_found(Entity::Grant, returned.id);
    let grant = *living.or_else(left).ok_or_else(unknown)?;
    let is_pending = matches!(grant.state, GrantState::PaymentPending);
    if grant.grant_type == GrantType::Overdraft || is_pending {
        return Err(Refusal::GrantNotPaid);
    }
    let target = returned.target.min(grant.amount);
    let takes = target > grant.lost;
    if takes && wallet.deficit().plus(target.minus(grant.lost)?)? > SUM_MAX {
        return Err(Refusal::SumTooLarge);
    }
    let comes_back = takes && wallet.grant(grant.name.number).is_none();
    let reopened = comes_back.then(|| Event::GrantReopened { grant: Box::new(grant) });
    let ReturnMoney { money, returned, key, .. } = returned;
    let (money, returned, key) = (*money, *returned, key.clone());
    let claimed = Event::MoneyReturned { grant: grant.name, money, returned, target, key };
    Ok(reopened.into_iter().chain([claimed]).collect())
}

/// What is taken next, if something can be: first what nobody used, then what was consumed. What is
/// held waits for the end of its hold, and what nobody can use yet for its day.
pub(super) fn take(wallet: &Wallet, at: Timestamp) -> Result<Option<Event>, Contradiction> {
    for claim in &wallet.claims {
        let unknown = || Contradiction::Unknown { what: format!("{:?}", claim.grant) };
        let grant = wallet.grant(claim.grant).ok_or_else(unknown)?;
        let name = grant.name;
        let missing = claim.target.minus(grant.lost)?;
        let unheld = grant.unheld()?.min(missing);
        match grant.state {
            GrantState::Scheduled if claim.target == grant.amount => {
                return Ok(Some(Event::Voided(Leg { grant: name, amount: Credits::ZERO })));
            }
            GrantState::Scheduled | GrantState::PaymentPending => continue,
            GrantState::Usable if unheld.is_positive() => {
                return Ok(Some(Event::Reclaimed(Leg { grant: name, amount: unheld })));
            }
            _ => {}
        }
        let amount = grant.consumed.min(missing);
        if amount.is_positive() {
            let live = wallet.overdraft.and_then(|number| wallet.grant(number));
            return Ok(Some(match live {
                Some(overdraft) => {
                    Event::ReclaimedConsumed { grant: name, overdraft: overdraft.name, amount }
                }
                None => overdraft_opened(wallet.next_own_grant(), at),
            }));
        }
    }
    Ok(None)
}

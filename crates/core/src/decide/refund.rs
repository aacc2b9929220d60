//! Giving consumed credits back (spec section 7, decisions 11, 39, 69).

use super::Decided;
use crate::{
    Credits, Entity, Event, Grant, GrantNumber, GrantRef, GrantType, Leg, Refund, Refusal, Wallet,
};

/// What a refund brings by itself, given the rows that time brought just before it.
pub(super) fn refund(
    wallet: &Wallet,
    refund: &Refund,
    just_before: &[Decided],
) -> Result<Vec<Event>, Refusal> {
    let Refund { request, original, transfers, left } = refund;
    let undone = original.undone_by(request.amount)?;
    let amount = Credits::sum(undone.iter().map(|leg| leg.amount))?;
    let mut back = Back { wallet, left, legs: Vec::new(), reopened: Vec::new() };
    let mut taken_over = None;
    for leg in undone {
        let grant = back.find(leg.grant)?;
        if grant.grant_type != GrantType::Overdraft {
            back.give(leg)?;
            continue;
        }
        // Decision 69: a live deficit is that of the same overdraft grant.
        let deficit = if grant.is_usable() { grant.consumed } else { Credits::ZERO };
        let direct = Leg { grant: leg.grant, amount: leg.amount.min(deficit) };
        if direct.amount.is_positive() {
            back.give(direct)?;
        }
        let moved = Leg { grant: leg.grant, amount: leg.amount.minus(direct.amount)? };
        if moved.amount.is_positive() {
            let newer = transfers_from(leg.grant.number, just_before);
            back.give_where_it_went(moved.amount, newer.chain(transfers.iter().copied()))?;
            taken_over = Some(moved);
        }
    }
    let refunded = original.refunded.plus(amount)?;
    let named = Event::RefundNamed { of: request.of.clone(), amount, refunded };
    let given = Event::Refunded {
        of: request.of.clone(),
        attributed_at: original.attributed_at,
        legs: back.legs,
        taken_over,
    };
    let moved = taken_over.map(Event::RefundTakenOver);
    Ok([named].into_iter().chain(moved).chain(back.reopened).chain([given]).collect())
}

/// The transfers from an overdraft grant among some rows, newest first.
fn transfers_from(overdraft: GrantNumber, rows: &[Decided]) -> impl Iterator<Item = Leg> {
    rows.iter().rev().filter_map(move |decided| match &decided.row.event {
        Event::Transferred { source, target, amount } if source.number == overdraft => {
            Some(Leg { grant: *target, amount: *amount })
        }
        _ => None,
    })
}

/// What goes back where.
struct Back<'a> {
    wallet: &'a Wallet,
    left: &'a [Grant],
    /// One for each grant, in the order in which they get it.
    legs: Vec<Leg>,
    /// Grants that must come back into the wallet for it.
    reopened: Vec<Event>,
}

impl Back<'_> {
    /// The grant in the wallet, else as it left it.
    fn find(&self, name: GrantRef) -> Result<&Grant, Refusal> {
        let is_it = |grant: &&Grant| grant.name == name;
        let living = self.wallet.grant(name.number).filter(is_it);
        let left = || self.wallet.departed.iter().chain(self.left).find(is_it);
        living.or_else(left).ok_or_else(|| Refusal::not_found(Entity::Grant, name.id))
    }

    fn give(&mut self, leg: Leg) -> Result<(), Refusal> {
        let grant = *self.find(leg.grant)?;
        let so_far = self.legs.iter().position(|other| other.grant == leg.grant);
        let before = so_far.and_then(|at| self.legs.get(at)).map_or(Credits::ZERO, |to| to.amount);
        let amount = before.plus(leg.amount)?;
        if amount > grant.consumed {
            return Err(Refusal::RefundExceeds { left: grant.consumed });
        }
        match so_far.and_then(|at| self.legs.get_mut(at)) {
            Some(to) => to.amount = amount,
            None => {
                self.legs.push(leg);
                if self.wallet.grant(leg.grant.number).is_none() {
                    self.reopened.push(Event::GrantReopened { grant: Box::new(grant) });
                }
            }
        }
        Ok(())
    }

    /// Gives to the grants that took it over, as far as each still can.
    fn give_where_it_went(
        &mut self,
        amount: Credits,
        transfers: impl Iterator<Item = Leg>,
    ) -> Result<(), Refusal> {
        let mut missing = amount;
        for transfer in transfers {
            if missing.is_zero() {
                break;
            }
            let taken = Leg { grant: transfer.grant, amount: transfer.amount.min(missing) };
            self.give(taken)?;
            missing = missing.minus(taken.amount)?;
        }
        if missing.is_zero() {
            return Ok(());
        }
        Err(Refusal::RefundExceeds { left: amount.minus(missing)? })
    }
}

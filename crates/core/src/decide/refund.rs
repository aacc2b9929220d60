//! Giving consumed credits back (spec section 7, decisions 11, 39, 47, 69).

use super::Decided;
use crate::{
    Credits, Entity, Event, Grant, GrantRef, GrantType, Leg, Move, Refund, Refusal, Wallet,
};

/// What a refund brings by itself, given the rows that time brought just before it.
pub(super) fn refund(
    wallet: &Wallet,
    refund: &Refund,
    just_before: &[Decided],
) -> Result<Vec<Event>, Refusal> {
    let Refund { request, original, moves, left } = refund;
    let undone = original.undone_by(request.amount)?;
    let amount = Credits::sum(undone.iter().map(|leg| leg.amount))?;
    let newer = just_before.iter().rev().filter_map(|decided| Move::of(&decided.row.event));
    let moves = newer.chain(moves.iter().copied()).collect();
    let mut back = Back::new(wallet, left, moves);
    for leg in undone {
        back.give_back(leg)?;
    }
    let refunded = original.refunded.plus(amount)?;
    let named = Event::RefundNamed { of: request.of.clone(), amount, refunded };
    let given = Event::Refunded {
        of: request.of.clone(),
        attributed_at: original.attributed_at,
        legs: back.legs,
        taken_over: back.moved.first().copied(),
    };
    let moved = back.moved.into_iter().map(Event::RefundTakenOver);
    Ok([named].into_iter().chain(moved).chain(back.reopened).chain([given]).collect())
}

/// What goes back where.
struct Back<'a> {
    wallet: &'a Wallet,
    left: &'a [Grant],
    /// Where consumption moved, the newest first, less what went back along it.
    moves: Vec<Move>,
    /// One for each grant, in the order in which they get it.
    legs: Vec<Leg>,
    /// Of which grants consumption had moved, and how much of it goes back.
    moved: Vec<Leg>,
    /// Grants that must come back into the wallet for it.
    reopened: Vec<Event>,
}

impl<'a> Back<'a> {
    fn new(wallet: &'a Wallet, left: &'a [Grant], moves: Vec<Move>) -> Self {
        let (legs, moved, reopened) = (Vec::new(), Vec::new(), Vec::new());
        Self { wallet, left, moves, legs, moved, reopened }
    }

    /// The grant in the wallet, else as it left it.
    fn find(&self, name: GrantRef) -> Result<&Grant, Refusal> {
        let is_it = |grant: &&Grant| grant.name == name;
        let living = self.wallet.grant(name.number).filter(is_it);
        let left = || self.wallet.departed.iter().chain(self.left).find(is_it);
        living.or_else(left).ok_or_else(|| Refusal::not_found(Entity::Grant, name.id))
    }

    /// Gives back where it was consumed as far as it stands there, and the rest where it went.
    fn give_back(&mut self, leg: Leg) -> Result<(), Refusal> {
        let there = leg.amount.min(self.standing_on(leg.grant)?);
        if there.is_positive() {
            self.give(Leg { grant: leg.grant, amount: there })?;
        }
        let moved = Leg { grant: leg.grant, amount: leg.amount.minus(there)? };
        if moved.amount.is_zero() {
            return Ok(());
        }
        add(&mut self.moved, moved)?;
        self.give_where_it_went(moved)
    }

    /// The consumption that stands on a grant still. Of an overdraft grant it is the deficit while
    /// it lives (decision 69).
    fn standing_on(&self, name: GrantRef) -> Result<Credits, Refusal> {
        let grant = self.find(name)?;
        let is_settled = grant.grant_type == GrantType::Overdraft && !grant.is_usable();
        let consumed = if is_settled { Credits::ZERO } else { grant.consumed };
        let given = self.legs.iter().find(|leg| leg.grant == name);
        Ok(consumed.minus(given.map_or(Credits::ZERO, |leg| leg.amount))?)
    }

    fn give(&mut self, leg: Leg) -> Result<(), Refusal> {
        let is_first = !self.legs.iter().any(|known| known.grant == leg.grant);
        if is_first && self.wallet.grant(leg.grant.number).is_none() {
            let grant = Box::new(*self.find(leg.grant)?);
            self.reopened.push(Event::GrantReopened { grant });
        }
        add(&mut self.legs, leg)
    }

    /// Gives to the grants that it moved to, the newest move first.
    fn give_where_it_went(&mut self, moved: Leg) -> Result<(), Refusal> {
        let mut missing = moved.amount;
        for place in 0..self.moves.len() {
            let Some(one) = self.moves.get_mut(place).filter(|one| one.from == moved.grant) else {
                continue;
            };
            let back = Leg { grant: one.to.grant, amount: one.to.amount.min(missing) };
            one.to.amount = one.to.amount.minus(back.amount)?;
            missing = missing.minus(back.amount)?;
            if back.amount.is_positive() {
                self.give_back(back)?;
            }
            if missing.is_zero() {
                return Ok(());
            }
        }
        Err(Refusal::RefundExceeds { left: moved.amount.minus(missing)? })
    }
}

fn add(legs: &mut Vec<Leg>, leg: Leg) -> Result<(), Refusal> {
    match legs.iter_mut().find(|known| known.grant == leg.grant) {
        Some(known) => known.amount = known.amount.plus(leg.amount)?,
        None => legs.push(leg),
    }
    Ok(())
}

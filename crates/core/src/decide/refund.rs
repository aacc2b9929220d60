//! Giving consumed credits back (spec section 7, decisions 11, 39, 47, 69).

use super::Decided;
use crate::limits::SUM_MAX;
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

/// The way after consumption that moved.
enum Way {
    /// It leads along these moves, or none, to a grant on which so much stands.
    Stands { there: Leg, moves: Vec<usize> },
    /// These moves lead in a circle: whatever goes along them comes back to where it was.
    Circle { moves: Vec<usize> },
    /// Nobody knows where it went.
    Nowhere,
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
        let mut missing = leg.amount;
        while missing.is_positive() {
            match self.way_from(leg.grant)? {
                Way::Stands { there, moves } => {
                    let amount = missing.min(there.amount).min(self.narrowest(&moves));
                    self.go_back_along(&moves, amount)?;
                    self.give(Leg { grant: there.grant, amount })?;
                    missing = missing.minus(amount)?;
                }
                Way::Circle { moves } => self.go_back_along(&moves, self.narrowest(&moves))?,
                Way::Nowhere => {
                    return Err(Refusal::RefundExceeds { left: leg.amount.minus(missing)? });
                }
            }
        }
        Ok(())
    }

    /// Where consumption stands that was a grant's: there as long as some does, else where the newest
    /// move from there went, and so on.
    fn way_from(&self, grant: GrantRef) -> Result<Way, Refusal> {
        let (mut place, mut passed, mut moves) = (grant, Vec::new(), Vec::new());
        loop {
            let amount = self.standing_on(place)?;
            if amount.is_positive() {
                return Ok(Way::Stands { there: Leg { grant: place, amount }, moves });
            }
            passed.push(place);
            let is_next = |one: &Move| one.from == place && one.to.amount.is_positive();
            let Some(newest) = self.moves.iter().position(is_next) else {
                return Ok(Way::Nowhere);
            };
            moves.push(newest);
            place = self.moves.get(newest).map_or(place, |one| one.to.grant);
            if let Some(begin) = passed.iter().position(|before| *before == place) {
                return Ok(Way::Circle { moves: moves.split_off(begin) });
            }
        }
    }

    /// What fits through all of these moves.
    fn narrowest(&self, moves: &[usize]) -> Credits {
        let amounts = moves.iter().filter_map(|place| Some(self.moves.get(*place)?.to.amount));
        amounts.min().unwrap_or(SUM_MAX)
    }

    fn go_back_along(&mut self, moves: &[usize], amount: Credits) -> Result<(), Refusal> {
        for place in moves {
            if let Some(one) = self.moves.get_mut(*place) {
                one.to.amount = one.to.amount.minus(amount)?;
                add(&mut self.moved, Leg { grant: one.from, amount })?;
            }
        }
        Ok(())
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
}

fn add(legs: &mut Vec<Leg>, leg: Leg) -> Result<(), Refusal> {
    match legs.iter_mut().find(|known| known.grant == leg.grant) {
        Some(known) => known.amount = known.amount.plus(leg.amount)?,
        None => legs.push(leg),
    }
    Ok(())
}

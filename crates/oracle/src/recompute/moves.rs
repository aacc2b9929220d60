//! Consumption that goes from one grant to another, and the way after it.

use super::Wallet;
use crate::{Amount, EventKind, Instant};

/// A grant took over an overdraft's consumption, or an overdraft that of a grant whose credits were
/// taken back.
#[derive(Clone, Debug)]
pub(super) struct Move {
    from: usize,
    to: usize,
    /// Less what was given back.
    amount: Amount,
}

/// Where consumption of a grant is now.
enum Way {
    /// Along these moves, the last one of which leads to where it is; none if it never left.
    To(usize, Vec<usize>),
    /// These moves lead in a circle.
    Circle(Vec<usize>),
    /// Nowhere.
    Nowhere,
}

impl Wallet {
    /// A pair of rows tells where it leaves and where it arrives.
    pub(super) fn move_consumption(&mut self, from: usize, to: usize, amount: Amount, at: Instant) {
        self.grants[from].consumed -= amount;
        self.row(EventKind::TransferSource, from, amount, at);
        self.grants[to].consumed += amount;
        self.row(EventKind::TransferTarget, to, -amount, at);
        self.moves.push(Move { from, to, amount });
    }

    /// Gives back what a grant gave, where it is now, and answers to whom how much.
    pub(super) fn give_back(&mut self, grant: usize, amount: Amount) -> Vec<(usize, Amount)> {
        let mut receivers = Vec::new();
        let mut missing = amount;
        while missing > 0 {
            match self.way_after(grant) {
                Way::To(receiver, moves) => {
                    let consumed = self.grants[receiver].consumed;
                    let part = missing.min(consumed).min(self.narrowest(&moves));
                    self.shorten(&moves, part);
                    self.grants[receiver].consumed -= part;
                    missing -= part;
                    receivers.push((receiver, part));
                }
                // Whatever goes round comes back to where it was.
                Way::Circle(moves) => self.shorten(&moves, self.narrowest(&moves)),
                Way::Nowhere => return receivers,
            }
        }
        receivers
    }

    /// It is where it was consumed, as long as something is; else it went with the newest move, and
    /// so on from there.
    fn way_after(&self, grant: usize) -> Way {
        let (mut place, mut passed, mut moves) = (grant, Vec::new(), Vec::new());
        while self.grants[place].consumed == 0 {
            passed.push(place);
            let is_next = |one: &Move| one.from == place && one.amount > 0;
            let Some(newest) = self.moves.iter().rposition(is_next) else { return Way::Nowhere };
            moves.push(newest);
            place = self.moves[newest].to;
            if let Some(begin) = passed.iter().position(|before| *before == place) {
                return Way::Circle(moves.split_off(begin));
            }
        }
        Way::To(place, moves)
    }

    fn narrowest(&self, moves: &[usize]) -> Amount {
        moves.iter().map(|place| self.moves[*place].amount).min().unwrap_or(Amount::MAX)
    }

    fn shorten(&mut self, moves: &[usize], part: Amount) {
        for place in moves {
            self.moves[*place].amount -= part;
        }
    }
}

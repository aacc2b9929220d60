//! What is given back of a consumption (spec section 7, decisions 11, 39 and 69).

use super::Wallet;
use crate::{Amount, EventKind, Instant, Refund, Undone};

/// What was consumed under a name.
#[derive(Clone, Debug)]
pub(crate) struct Consumption {
    name: Undone,
    /// Who gave how much, in that order, less what was given back.
    legs: Vec<(usize, Amount)>,
    refunded: Amount,
    refunds: usize,
}

/// A refund that was made.
#[derive(Clone, Debug)]
pub(crate) struct RefundMade {
    pub(crate) key: String,
    pub(crate) amount: Amount,
    /// With all before it.
    pub(crate) refunded: Amount,
    pub(crate) at: Instant,
}

impl Wallet {
    /// Keeps what was consumed under a name, and of whom.
    pub(super) fn note_consumption(&mut self, name: Undone, legs: &[(usize, Amount)]) {
        let legs = legs.to_vec();
        self.consumptions.push(Consumption { name, legs, refunded: 0, refunds: 0 });
    }

    /// Whether something was consumed under this name, or a reservation made.
    pub(crate) fn knows(&self, name: &Undone) -> bool {
        let is_reserved =
            |reservation: &String| self.holds.iter().any(|hold| hold.reservation == *reservation);
        match name {
            Undone::Consumption(_) => self.consumptions.iter().any(|one| one.name == *name),
            Undone::Reservation(reservation) => is_reserved(reservation),
        }
    }

    /// What is left to be given back of a consumption, and how many refunds it had. A reservation
    /// that was not settled consumed nothing.
    pub(crate) fn left_to_refund(&self, name: &Undone) -> (Amount, usize) {
        match self.consumptions.iter().find(|one| one.name == *name) {
            Some(one) => (one.legs.iter().map(|(_, part)| part).sum(), one.refunds),
            None => (0, 0),
        }
    }

    /// The last leg is given back first. One row for each grant; what comes to a grant that has
    /// ended leaves again. The history of a reservation is found by its name, so the rows carry it.
    pub(super) fn refund(&mut self, asked: &Refund, at: Instant) {
        let (left, _) = self.left_to_refund(&asked.of);
        let amount = asked.amount.unwrap_or(left);
        let undone = self.take_from_the_end(&asked.of, amount);
        let mut back: Vec<(usize, Amount)> = Vec::new();
        for (grant, part) in undone {
            for (receiver, given) in self.give_back(grant, part) {
                match back.iter_mut().find(|(known, _)| *known == receiver) {
                    Some((_, sum)) => *sum += given,
                    None => back.push((receiver, given)),
                }
            }
        }
        for (grant, given) in &back {
            let row = self.row(EventKind::Consumed, *grant, *given, at);
            if let Undone::Reservation(reservation) = &asked.of {
                row.reservation = Some(reservation.clone());
            }
        }
        self.lose_on_dead_grants(&back, at);
        let refunded = self.count_refund(&asked.of, amount);
        self.refunds.push(RefundMade { key: asked.key.clone(), amount, refunded, at });
    }

    /// Shortens a consumption from its end, and answers by what, the last first.
    fn take_from_the_end(&mut self, name: &Undone, amount: Amount) -> Vec<(usize, Amount)> {
        let mut taken = Vec::new();
        let mut missing = amount;
        for one in self.consumptions.iter_mut().filter(|one| one.name == *name) {
            for (grant, left) in one.legs.iter_mut().rev() {
                let part = missing.min(*left);
                if part > 0 {
                    *left -= part;
                    missing -= part;
                    taken.push((*grant, part));
                }
            }
        }
        taken
    }

    fn count_refund(&mut self, name: &Undone, amount: Amount) -> Amount {
        let mut refunded = 0;
        for one in self.consumptions.iter_mut().filter(|one| one.name == *name) {
            one.refunded += amount;
            one.refunds += 1;
            refunded = one.refunded;
        }
        refunded
    }
}

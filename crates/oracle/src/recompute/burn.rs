//! Which credits are burned first (spec 2.3, decision 10).

use super::Wallet;
use crate::{Amount, Consume, EventKind, Instant, Undone};

impl Wallet {
    /// The usable grants but the overdraft, in the order in which they are burned.
    pub(super) fn burn_order(&self) -> Vec<usize> {
        let mut order = Vec::new();
        for (place, grant) in self.grants.iter().enumerate() {
            if grant.is_usable() && grant.kind.is_some() {
                order.push(place);
            }
        }
        order.sort_by_key(|&place| {
            let grant = &self.grants[place];
            let never_expires = grant.expire_at.is_none();
            // The kinds are declared in burn order. The place is the order of creation, which
            // `createdAt` may contradict after the clock stepped back.
            (
                grant.priority,
                never_expires,
                grant.expire_at,
                grant.kind,
                grant.effective_at,
                grant.created_at,
                place,
            )
        });
        order
    }

    /// What open reservations hold of a grant.
    pub(crate) fn held(&self, grant: usize) -> Amount {
        let mut held = 0;
        for hold in &self.holds {
            for (backing, part) in &hold.parts {
                if hold.is_open && *backing == grant {
                    held += part;
                }
            }
        }
        held
    }

    /// What can be burned of a grant.
    pub(super) fn available(&self, grant: usize) -> Amount {
        let one = &self.grants[grant];
        if one.is_usable() && one.kind.is_some() {
            one.amount - one.consumed - self.held(grant) - one.lost
        } else {
            0
        }
    }

    /// What can be burned of all grants together.
    pub(crate) fn available_in_all(&self) -> Amount {
        (0..self.grants.len()).map(|place| self.available(place)).sum()
    }

    /// How an amount spreads over what is available, in burn order, and what is missing.
    pub(super) fn spread(&self, amount: Amount) -> (Vec<(usize, Amount)>, Amount) {
        let mut parts = Vec::new();
        let mut missing = amount;
        for place in self.burn_order() {
            let part = missing.min(self.available(place));
            if part > 0 {
                parts.push((place, part));
                missing -= part;
            }
        }
        (parts, missing)
    }

    /// Burns an amount; what is missing goes to the overdraft. Returns who gave how much.
    pub(super) fn burn(&mut self, amount: Amount, at: Instant) -> Vec<(usize, Amount)> {
        let (mut parts, missing) = self.spread(amount);
        if missing > 0 {
            parts.push((self.open_overdraft(at), missing));
        }
        for (place, part) in &parts {
            self.grants[*place].consumed += part;
        }
        parts
    }

    /// One row for each grant touched; the ledger carries the attributed instant (decision 32).
    pub(super) fn consume(&mut self, asked: &Consume, at: Instant) {
        let legs = self.burn(asked.amount, at);
        self.note_consumption(Undone::Consumption(asked.key.clone()), &legs);
        for (place, part) in legs {
            let row = self.row(EventKind::Consumed, place, -part, at);
            row.attributed_at = asked.created_at.unwrap_or(at);
        }
    }
}

//! Credits that are set aside (spec 2.12, decisions 16, 17, 22, 39 and 62).

use super::{Hold, Wallet};
use crate::{Amount, EventKind, GrantState, Instant, Part, Reserve, Undone};

impl Wallet {
    pub(super) fn reserve(&mut self, asked: &Reserve, at: Instant) {
        let (parts, _) = self.spread(asked.amount);
        let breakdown = self.breakdown(EventKind::Reserved, &parts, -1);
        let row = self.row(EventKind::Reserved, parts[0].0, -asked.amount, at);
        row.reservation = Some(asked.reservation.clone());
        row.breakdown = breakdown;
        self.holds.push(Hold {
            reservation: asked.reservation.clone(),
            amount: asked.amount,
            expires_at: asked.expires_at,
            is_open: true,
            released: None,
            parts,
        });
    }

    /// What the job took comes from the hold first, in the order fixed when it was placed, and
    /// beyond it from whatever is there. A hold that timed out has nothing to give any more.
    pub(super) fn release(&mut self, place: usize, consumed: Amount, at: Instant) {
        let hold = self.holds[place].clone();
        let parts = if hold.is_open { hold.parts.clone() } else { Vec::new() };
        let returned: Amount = parts.iter().map(|(_, part)| part).sum();
        self.holds[place].is_open = false;
        self.holds[place].released = Some(consumed);

        let mut missing = consumed;
        let mut taken = Vec::new();
        let mut unused = Vec::new();
        for (grant, part) in parts {
            let used = missing.min(part);
            missing -= used;
            self.grants[grant].consumed += used;
            taken.push((grant, used));
            unused.push((grant, part - used));
        }
        for (grant, more) in self.burn(missing, at) {
            match taken.iter_mut().find(|(taken_from, _)| *taken_from == grant) {
                Some((_, used)) => *used += more,
                None => taken.push((grant, more)),
            }
        }
        taken.retain(|(_, used)| *used > 0);
        self.note_consumption(Undone::Reservation(hold.reservation.clone()), &taken);

        let breakdown = self.breakdown(EventKind::Consumed, &taken, -1);
        let first = hold.parts[0].0;
        let row = self.row(EventKind::ReservationReleased, first, returned - consumed, at);
        row.reservation = Some(hold.reservation);
        row.hold_returned = Some(returned);
        row.breakdown = breakdown;
        self.lose_on_dead_grants(&unused, at);
    }

    /// The hold ends by itself and everything returns.
    pub(super) fn time_out(&mut self, place: usize, at: Instant) {
        let hold = self.holds[place].clone();
        self.holds[place].is_open = false;
        let breakdown = self.breakdown(EventKind::ReservationExpired, &hold.parts, 1);
        let row = self.row(EventKind::ReservationExpired, hold.parts[0].0, hold.amount, at);
        row.reservation = Some(hold.reservation);
        row.breakdown = breakdown;
        self.lose_on_dead_grants(&hold.parts, at);
    }

    /// What returns to a grant that has ended leaves again.
    pub(super) fn lose_on_dead_grants(&mut self, returned: &[(usize, Amount)], at: Instant) {
        for (grant, part) in returned {
            if *part == 0 {
                continue;
            }
            match self.grants[*grant].state {
                GrantState::Expired => self.row(EventKind::Expired, *grant, -part, at),
                GrantState::Voided => self.row(EventKind::Voided, *grant, -part, at),
                GrantState::Active | GrantState::Scheduled => continue,
            };
            self.grants[*grant].lost += part;
        }
    }

    fn breakdown(&self, kind: EventKind, parts: &[(usize, Amount)], sign: Amount) -> Vec<Part> {
        let mut breakdown = Vec::new();
        for (grant, part) in parts {
            let grant = self.grants[*grant].name.clone();
            breakdown.push(Part { kind, grant, amount: sign * part });
        }
        breakdown
    }
}

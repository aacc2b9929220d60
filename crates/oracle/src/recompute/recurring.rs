//! Recurring grants: one grant for each period (spec 2.7, section 7, decisions 74, 76 and 82).

use super::Wallet;
use super::own_grants::Made;
use crate::calendar::{month, months_later};
use crate::{GrantKind, GrantName, Instant, Recurring, Recurs};

/// A recurring grant of a wallet.
#[derive(Clone, Debug)]
pub(super) struct WalletRecurring {
    terms: Recurring,
    /// When the next period begins.
    next: Instant,
    is_removed: bool,
}

impl Wallet {
    /// A new one begins at its anchor, or now; a change holds from the next period on.
    pub(super) fn put_recurring(&mut self, terms: &Recurring, at: Instant) {
        let known = self.recurring.iter_mut().find(|one| one.is(&terms.id));
        match known {
            Some(known) => known.terms = terms.clone(),
            None => {
                let next = terms.anchor.unwrap_or(at).max(at);
                let terms = terms.clone();
                self.recurring.push(WalletRecurring { terms, next, is_removed: false });
            }
        }
    }

    pub(super) fn remove_recurring(&mut self, id: &str) {
        for one in &mut self.recurring {
            one.is_removed |= one.terms.id == *id;
        }
    }

    /// Each that goes on, by its place in the order of creation, with the beginning of its next
    /// period.
    pub(super) fn periods_to_come(&self) -> Vec<(usize, Instant)> {
        let recurring = self.recurring.iter().enumerate();
        recurring.filter(|(_, one)| !one.is_removed).map(|(place, one)| (place, one.next)).collect()
    }

    /// A period begins with its grant, which lasts as long. While customer or currency is archived,
    /// or without room, it begins without one, which is not made up.
    pub(super) fn begin_period(&mut self, place: usize, at: Instant) {
        let begins = self.recurring[place].next;
        let next = self.recurring[place].period_after(begins);
        self.recurring[place].next = next;
        let Recurring { id, amount, priority, .. } = self.recurring[place].terms.clone();
        if !self.is_live || !self.has_room(amount) {
            return;
        }
        let is_same = |name: &GrantName| matches!(name, GrantName::Recurring(of, _) if *of == id);
        let name = GrantName::Recurring(id.clone(), self.count_made(is_same));
        let kind = GrantKind::Recurring;
        self.make(Made { name, kind, amount, priority, expire_at: next }, at);
    }

    pub(crate) fn count_recurring(&self) -> usize {
        self.periods_to_come().len()
    }

    /// What is wanted of one that goes on.
    pub(crate) fn recurring_terms(&self, id: &str) -> Option<Recurring> {
        self.recurring.iter().find(|one| one.is(id)).map(|one| one.terms.clone())
    }

    /// How one goes on.
    pub(crate) fn recurs(&self, id: &str) -> Option<Recurs> {
        let one = self.recurring.iter().find(|one| one.is(id))?;
        let Recurring { amount, anchor, .. } = &one.terms;
        Some(Recurs { amount: *amount, anchor: anchor.unwrap_or(one.next), next: Some(one.next) })
    }
}

impl WalletRecurring {
    fn is(&self, id: &str) -> bool {
        self.terms.id == *id && !self.is_removed
    }

    /// The first instant after another at which a period begins. Each is counted from the anchor,
    /// so that a day which a short month does not have comes back in a longer one.
    fn period_after(&self, at: Instant) -> Instant {
        let anchor = self.terms.anchor.unwrap_or(at);
        let length = self.terms.cadence.months();
        let mut periods = (month(at) - month(anchor)).div_euclid(length) - 1;
        while months_later(anchor, periods * length) <= at {
            periods += 1;
        }
        months_later(anchor, periods * length)
    }
}

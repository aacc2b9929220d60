//! Folding what a wallet does by itself about grants that nobody asks for one by one.

use super::Applied;
use crate::{
    Contradiction, Due, DueKind, Event, GrantNumber, Recharge, Renewal, RenewalNumber, Timestamp,
    Wallet,
};

impl Wallet {
    pub(super) fn fold_recharge(&mut self, event: &Event, at: Timestamp) -> Applied {
        let was = self.recharge().and_then(due_of_recharge);
        if let (Event::RechargeSet { setting }, None) = (event, &self.recharge) {
            self.recharge = Some(Box::new(Recharge::new(**setting, at)));
        } else {
            let unset = Contradiction::Broken { rule: "a recharge acts that nobody set" };
            let recharge = self.recharge.as_mut().ok_or(unset)?;
            match event {
                Event::RechargeSet { setting } => recharge.set(**setting, at),
                Event::Recharged { grant, amount, cost, payment } => {
                    recharge.charge((grant.number, *amount), *cost, *payment, at)?;
                }
                Event::RechargeStopped { reason } => {
                    recharge.stopped = Some(*reason);
                    recharge.updated_at = at;
                }
                Event::RechargeFailed { grant, cost, charged_at } => {
                    recharge.fail(grant.number, *cost, *charged_at, at);
                }
                Event::RechargeResumed => {
                    recharge.stopped = None;
                    recharge.updated_at = at;
                }
                _ => {}
            }
        }
        let is = self.recharge().and_then(due_of_recharge);
        if was != is {
            was.and_then(|due| self.due.remove(&due));
            is.into_iter().for_each(|due| self.due.insert(due));
        }
        Ok(())
    }

    /// The charge of a grant is no longer open, if it was one of the recharge's.
    pub(super) fn recharge_settled(&mut self, grant: GrantNumber) {
        if let Some(recharge) = &mut self.recharge {
            recharge.settle(grant);
        }
    }

    pub(super) fn fold_renewal(&mut self, event: &Event) -> Applied {
        match event {
            Event::RenewalSet { number, terms, next } if *number > self.last_renewal => {
                let terms = terms.as_ref().clone();
                let renewal = Renewal { number: *number, terms, next: *next };
                due_of_renewal(&renewal).into_iter().for_each(|due| self.due.insert(due));
                self.last_renewal = *number;
                self.renewals.push(renewal);
            }
            Event::RenewalSet { number, terms, next } => {
                self.change_renewal(*number, |renewal| {
                    renewal.terms = terms.as_ref().clone();
                    renewal.next = *next;
                })?;
            }
            Event::Renewed { number, next, .. } | Event::RenewalRested { number, next } => {
                self.change_renewal(*number, |renewal| renewal.next = *next)?;
            }
            Event::RenewalRemoved { number } => {
                let place = self.renewal_place(*number)?;
                let renewal = self.renewals.remove(place);
                due_of_renewal(&renewal).and_then(|due| self.due.remove(&due));
            }
            _ => {}
        }
        Ok(())
    }

    fn change_renewal(
        &mut self,
        number: RenewalNumber,
        change: impl FnOnce(&mut Renewal),
    ) -> Applied {
        let place = self.renewal_place(number)?;
        if let Some(renewal) = self.renewals.get_mut(place) {
            let was = due_of_renewal(renewal);
            change(renewal);
            let is = due_of_renewal(renewal);
            was.and_then(|due| self.due.remove(&due));
            is.into_iter().for_each(|due| self.due.insert(due));
        }
        Ok(())
    }

    fn renewal_place(&self, number: RenewalNumber) -> Result<usize, Contradiction> {
        let place = self.renewals.iter().position(|renewal| renewal.number == number);
        place.ok_or_else(|| Contradiction::Unknown { what: format!("{number:?}") })
    }
}

/// When a recurring grant's next period begins; none at the end of time.
pub(crate) fn due_of_renewal(renewal: &Renewal) -> Option<Due> {
    let due = Due { at: renewal.next, kind: DueKind::Renewal(renewal.number) };
    (due.at < Timestamp::NEVER).then_some(due)
}

/// When a recharge goes on by itself; not at the end of time.
pub(crate) fn due_of_recharge(recharge: &Recharge) -> Option<Due> {
    let at = recharge.resumes_at().filter(|at| *at < Timestamp::NEVER)?;
    Some(Due { at, kind: DueKind::RechargePeriod })
}

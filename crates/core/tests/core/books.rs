//! A second bookkeeping, from the rows alone and in the plainest way: what each grant gave and got.
//! The wallet is compared with it after every command.

use std::collections::BTreeMap;

use scrip_core::{
    Credits, Event, EventType, Grant, GrantNumber, GrantRef, GrantState, GrantType, Leg,
    ReservationId, Row, RowPart, Timestamp,
};

/// What the rows say of one grant.
#[derive(Clone, Copy, Default)]
struct Account {
    amount: Credits,
    consumed: Credits,
    held: Credits,
    /// The sum of its signed effects on the balance.
    effect: Credits,
    /// When a row last named it.
    updated_at: Option<Timestamp>,
}

#[derive(Default)]
pub struct Books {
    accounts: BTreeMap<GrantNumber, Account>,
    holds: BTreeMap<ReservationId, Vec<Leg>>,
    balance: Credits,
    now: Option<Timestamp>,
}

impl Books {
    pub fn enter(&mut self, row: &Row) {
        let parts = row.event.parts().unwrap();
        let effect = Credits::sum(parts.iter().map(|part| part.amount)).unwrap();
        self.balance = add(self.balance, effect);
        assert_eq!(row.balance_after, self.balance, "{row:?}");
        assert_eq!(row.event.effect(), Ok(effect), "{row:?}");
        parts.iter().for_each(check_shape);
        self.now = Some(row.recorded_at);
        self.enter_event(&row.event);
    }

    pub fn balance(&self) -> Credits {
        self.balance
    }

    /// Every grant of the rows is there once, with what the rows say of it.
    pub fn compare(&self, grants: &[Grant]) {
        let numbers: Vec<GrantNumber> = grants.iter().map(|grant| grant.name.number).collect();
        assert_eq!(numbers, self.accounts.keys().copied().collect::<Vec<_>>());
        for grant in grants {
            let account = self.accounts[&grant.name.number];
            assert_eq!(account.amount, grant.amount, "{grant:?}");
            assert_eq!(account.consumed, grant.consumed, "{grant:?}");
            assert_eq!(account.held, grant.held, "{grant:?}");
            assert_eq!(account.effect, contribution(grant), "{grant:?}");
            assert_eq!(account.updated_at, Some(grant.updated_at), "{grant:?}");
        }
    }

    fn enter_event(&mut self, event: &Event) {
        match event {
            Event::GrantCreated { grant, amount, .. } => {
                let account = Account { amount: *amount, ..Account::default() };
                assert!(self.accounts.insert(grant.number, account).is_none());
                self.touch(*grant);
            }
            Event::PaymentConfirmed { grant } | Event::Updated { grant, .. } => self.touch(*grant),
            Event::Granted(leg) => self.change(leg, |account, amount| {
                account.effect = add(account.effect, amount);
            }),
            Event::Consumed { legs } => self.consume(legs),
            Event::Expired(leg) | Event::Voided(leg) | Event::Reclaimed(leg) => {
                self.change(leg, |account, amount| {
                    account.effect = take(account.effect, amount);
                });
            }
            Event::ReclaimedConsumed { grant, overdraft, amount } => {
                // What was consumed is given back and taken at once; the overdraft bears it.
                self.change(&Leg { grant: *grant, amount: *amount }, |account, amount| {
                    account.consumed = take(account.consumed, amount);
                });
                self.consume(&[Leg { grant: *overdraft, amount: *amount }]);
            }
            Event::Transferred { source, target, amount } => {
                self.change(&Leg { grant: *source, amount: *amount }, |account, amount| {
                    account.consumed = take(account.consumed, amount);
                    account.effect = add(account.effect, amount);
                });
                self.consume(&[Leg { grant: *target, amount: *amount }]);
            }
            Event::Reserved { reservation, legs, .. } => {
                for leg in legs {
                    self.change(leg, |account, amount| {
                        account.held = add(account.held, amount);
                        account.effect = take(account.effect, amount);
                    });
                }
                assert!(self.holds.insert(reservation.clone(), legs.clone()).is_none());
            }
            Event::Released { reservation, first, returned, consumed } => {
                if returned.is_positive() {
                    let legs = self.give_back(reservation);
                    assert_eq!(*first, legs[0].grant, "the first backing grant in burn order");
                    let whole = Credits::sum(legs.iter().map(|leg| leg.amount)).unwrap();
                    assert_eq!(*returned, whole, "the whole hold ends");
                }
                self.consume(consumed);
            }
            Event::HoldExpired { reservation, legs } => {
                assert_eq!(&self.give_back(reservation), legs);
            }
            Event::HoldExtended { reservation, .. } => {
                assert!(self.holds.contains_key(reservation), "only an open hold is extended");
            }
            Event::RechargeSet { .. }
            | Event::Recharged { .. }
            | Event::RechargeStopped { .. }
            | Event::RechargeResumed
            | Event::RechargeFailed { .. }
            | Event::RenewalSet { .. }
            | Event::Renewed { .. }
            | Event::RenewalRested { .. }
            | Event::RenewalRemoved { .. }
            | Event::RefundNamed { .. }
            | Event::RefundTakenOver(_)
            | Event::MoneyReturned { .. }
            | Event::ExpiryAnnounced { .. } => {}
            Event::Refunded { legs, .. } => self.undo(legs),
            Event::GrantReopened { grant } => {
                let account = self.accounts[&grant.name.number];
                let facts = (grant.amount, grant.consumed, grant.held, Some(grant.updated_at));
                let known = (account.amount, account.consumed, account.held, account.updated_at);
                assert_eq!(facts, known, "it comes back as it left");
                let gone = add(account.consumed, grant.lost);
                assert!(grant.is_dead() || account.amount == gone, "it has something");
            }
        }
    }

    fn give_back(&mut self, reservation: &ReservationId) -> Vec<Leg> {
        let legs = self.holds.remove(reservation).unwrap();
        for leg in &legs {
            self.change(leg, |account, amount| {
                account.held = take(account.held, amount);
                account.effect = add(account.effect, amount);
            });
        }
        legs
    }

    fn consume(&mut self, legs: &[Leg]) {
        for leg in legs {
            self.change(leg, |account, amount| {
                account.consumed = add(account.consumed, amount);
                account.effect = take(account.effect, amount);
            });
        }
        check_legs(legs);
    }

    fn undo(&mut self, legs: &[Leg]) {
        for leg in legs {
            self.change(leg, |account, amount| {
                account.consumed = take(account.consumed, amount);
                account.effect = add(account.effect, amount);
            });
        }
        check_legs(legs);
    }

    fn change(&mut self, leg: &Leg, change: impl FnOnce(&mut Account, Credits)) {
        change(self.accounts.get_mut(&leg.grant.number).unwrap(), leg.amount);
        self.touch(leg.grant);
    }

    fn touch(&mut self, grant: GrantRef) {
        self.accounts.get_mut(&grant.number).unwrap().updated_at = self.now;
    }
}

fn check_legs(legs: &[Leg]) {
    assert!(legs.iter().all(|leg| leg.amount.is_positive()), "a leg is never empty");
    let mut numbers: Vec<GrantNumber> = legs.iter().map(|leg| leg.grant.number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), legs.len(), "one row for each grant touched");
}

/// What a grant gives to the balance: usable ones what is unheld, or their deficit; others nothing.
/// What is held on a dead grant is outside of it, until a release takes it or it goes.
fn contribution(grant: &Grant) -> Credits {
    match (grant.state, grant.grant_type) {
        (GrantState::Usable, GrantType::Overdraft) => grant.consumed.negated().unwrap(),
        (GrantState::Usable, _) => {
            take(take(take(grant.amount, grant.consumed), grant.held), grant.lost)
        }
        (GrantState::Expired { .. } | GrantState::Voided { .. }, _)
        | (GrantState::PaymentPending | GrantState::Scheduled, _) => Credits::ZERO,
    }
}

/// What the API promises of a row's form.
fn check_shape(part: &RowPart) {
    use EventType as T;
    let kind = part.event_type;
    let broken_down = Credits::sum(part.breakdown.iter().map(|inner| inner.amount)).unwrap();
    let of_reservation =
        [T::CreditsReserved, T::CreditsReservationReleased, T::CreditsReservationExpired];
    // What a refund of a release gives back belongs to the reservation too.
    let is_given_back = kind == T::CreditsConsumed && part.amount.is_positive();
    assert!(of_reservation.contains(&kind) == part.reservation.is_some() || is_given_back);
    assert_eq!(kind == T::CreditsReservationReleased, part.hold_returned.is_some());
    if part.reservation.is_some() && !is_given_back {
        assert_eq!(part.amount, add(broken_down, part.hold_returned.unwrap_or_default()));
    }
    for inner in &part.breakdown {
        let released = kind == T::CreditsReservationReleased;
        let expected = if released { T::CreditsConsumed } else { kind };
        assert_eq!(inner.event_type, expected);
        assert_eq!(inner.amount.is_positive(), kind == T::CreditsReservationExpired);
    }
}

fn add(a: Credits, b: Credits) -> Credits {
    a.plus(b).unwrap()
}

fn take(a: Credits, b: Credits) -> Credits {
    a.minus(b).unwrap()
}

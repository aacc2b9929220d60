//! A wallet under observation: whatever is done to it is checked against the promises, so that a
//! test of any rule is also a test of conservation.

use std::collections::BTreeMap;

use scrip_core::{
    Actor, Balance, Cause, Circumstances, Command, Consume, Credits, CurrencyId, CustomerId,
    Decided, Dimensions, EditGrant, EnvironmentId, Event, Fingerprint, Grant, GrantChange, GrantId,
    GrantNumber, GrantRef, GrantType, IdempotencyKey, Leg, Money, MoneyAmount, Move, NewGrant,
    Notice, OnInsufficient, Origin, Original, Outcome, PaymentState, Priority, Refund,
    RefundRequest, Refusal, Release, ReservationId, Reserve, ReturnMoney, Row, Timestamp, TraceId,
    Undone, Wallet, WalletKey, Words,
};

use crate::books::Books;

/// The wallet of every test.
pub fn key() -> WalletKey {
    WalletKey {
        environment: EnvironmentId(1),
        customer: CustomerId::parse("acme").unwrap(),
        currency: CurrencyId::parse("tokens").unwrap(),
        resource: None,
    }
}

/// Who asks in every test.
pub fn origin() -> Origin {
    Origin {
        actor: Actor::ApiKey("server-1".into()),
        trace_id: TraceId([7; 16]),
        salt: *b"0123456789abcdef",
    }
}

/// An instant, as text.
pub fn instant(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// An amount, as text.
pub fn credits(text: &str) -> Credits {
    Credits::parse(text).unwrap()
}

pub fn reservation(name: &str) -> ReservationId {
    ReservationId::parse(name).unwrap()
}

/// A promotional grant without end; the other kinds are made from it.
pub fn new_grant(number: u64, amount: Credits) -> NewGrant {
    NewGrant {
        id: GrantId::mint(1, number),
        grant_type: GrantType::Promotional,
        amount,
        priority: Priority::DEFAULT,
        effective_at: None,
        expire_at: None,
        payment: PaymentState::Settled,
        cost: Money::FREE,
        words: Words::default(),
    }
}

/// A consumption that may overdraw.
pub fn new_consumption(key: &str, amount: Credits) -> Consume {
    Consume {
        amount,
        key: IdempotencyKey::parse(key).unwrap(),
        created_at: None,
        dimensions: Dimensions::default(),
        on_insufficient: OnInsufficient::Overdraft,
    }
}

pub fn new_hold(name: &str, amount: Credits, expires_at: Timestamp) -> Reserve {
    Reserve {
        reservation: reservation(name),
        amount,
        ends: expires_at.into(),
        fingerprint: Fingerprint::of(&(name, amount)),
        metadata: BTreeMap::new(),
    }
}

/// A wallet, all its rows, and what left it.
pub struct World {
    pub wallet: Wallet,
    pub rows: Vec<Decided>,
    pub departed: Vec<Grant>,
    pub notices: Vec<Notice>,
    pub circumstances: Circumstances,
    books: Books,
    /// Holds that ended by themselves and were not settled since, with their first backing grant.
    timed_out: BTreeMap<ReservationId, GrantRef>,
}

impl World {
    pub fn new() -> Self {
        Self {
            wallet: Wallet::new(key()),
            rows: Vec::new(),
            departed: Vec::new(),
            notices: Vec::new(),
            circumstances: Circumstances::LIVE,
            books: Books::default(),
            timed_out: BTreeMap::new(),
        }
    }

    /// Executes the command and audits everything.
    pub fn execute(&mut self, command: &Command, now: Timestamp) -> Outcome {
        let before = self.wallet.clone();
        let world = self.circumstances;
        let outcome = self.wallet.execute_in(world, command, now, &origin()).unwrap();
        if outcome.own.is_err() {
            let mut advanced = before;
            let advance = Command::Advance;
            let passing = advanced.execute_in(world, &advance, now, &origin()).unwrap();
            assert_eq!(outcome.rows, passing.rows, "a refused command leaves only time's rows");
            assert_eq!(outcome.notices, passing.notices, "and only time's notices");
            assert_eq!(self.wallet, advanced, "a refused command changes nothing");
        }
        for decided in &outcome.rows {
            self.take(decided);
        }
        self.departed.extend(self.wallet.take_departed());
        self.notices.extend(outcome.notices.iter().cloned());
        self.audit(now);
        outcome
    }

    /// The command that settles the reservation: late, if its hold timed out by then.
    pub fn settlement(&mut self, release: Release, now: Timestamp) -> Command {
        self.execute(&Command::Advance, now);
        match self.timed_out.remove(&release.reservation) {
            Some(first) => Command::ReleaseLate { release, first },
            None => Command::Release(release),
        }
    }

    /// Takes a grant back, with its facts from outside the wallet if it is spent.
    pub fn void(&self, id: GrantId) -> Command {
        Command::Void { id, spent: self.spent(id) }
    }

    /// Changes a grant, with its facts from outside the wallet if it is spent.
    pub fn edit(&self, id: GrantId, change: GrantChange) -> Command {
        Command::Edit { edit: EditGrant { id, change }, spent: self.spent(id) }
    }

    /// Gives back of the consumption or else the reservation of this name: what must be known is
    /// worked out anew, from all rows and in the plainest way.
    pub fn refund(&self, name: &str, amount: Option<Credits>) -> Command {
        let is_consumption = self.rows.iter().any(|row| consumed_by(&row.row, name).is_some());
        let of = if is_consumption {
            Undone::Consumption(IdempotencyKey::parse(name).unwrap())
        } else {
            Undone::Reservation(reservation(name))
        };
        let mut original = Original {
            legs: Vec::new(),
            refunded: Credits::ZERO,
            refunds: 0,
            attributed_at: instant("2026-01-01"),
            dimensions: Dimensions::default(),
        };
        for row in self.rows.iter().map(|decided| &decided.row) {
            match &row.event {
                Event::Consumed { legs } if is_consumption && consumed_by(row, name).is_some() => {
                    original.legs.clone_from(legs);
                    original.attributed_at = row.attributed_at;
                }
                Event::Released { reservation, consumed, .. }
                    if !is_consumption && reservation.as_str() == name =>
                {
                    original.legs.clone_from(consumed);
                    original.attributed_at = row.attributed_at;
                }
                Event::RefundNamed { of: other, amount, .. } if *other == of => {
                    original.refunds += 1;
                    original.refunded = original.refunded.plus(*amount).unwrap();
                }
                _ => {}
            }
        }
        let key = IdempotencyKey::parse(&format!("refund {}", self.rows.len())).unwrap();
        Command::Refund(Box::new(Refund {
            request: RefundRequest { key, of, amount },
            original,
            moves: self.moves_left(),
            left: self.departed.clone(),
        }))
    }

    /// Takes so many of a grant's credits back in all, with its facts from outside the wallet if it
    /// left.
    pub fn return_money(&self, id: GrantId, target: Credits) -> Command {
        Command::ReturnMoney(Box::new(ReturnMoney {
            id,
            money: Money::FREE,
            returned: MoneyAmount::ZERO,
            target,
            left: self.departed.iter().find(|grant| grant.name.id == id).copied(),
            key: IdempotencyKey::parse(&format!("money back {}", self.rows.len())).unwrap(),
            fingerprint: Fingerprint::of(&target),
        }))
    }

    /// What of every move of consumption can still be given back along it, newest first.
    fn moves_left(&self) -> Vec<Move> {
        let mut moves: Vec<Move> = Vec::new();
        for decided in &self.rows {
            moves.extend(Move::of(&decided.row.event));
            if let Event::RefundTakenOver(over) = &decided.row.event {
                let mut gone = over.amount;
                for one in moves.iter_mut().rev().filter(|one| one.from == over.grant) {
                    let taken = one.to.amount.min(gone);
                    gone = gone.minus(taken).unwrap();
                    one.to.amount = one.to.amount.minus(taken).unwrap();
                }
                assert!(gone.is_zero(), "more goes back than moved");
            }
        }
        moves.into_iter().rev().collect()
    }

    /// What a grant cost, as its first row says.
    pub fn cost_of(&self, id: GrantId) -> Money {
        let cost = |row: &Decided| match row.row.event {
            Event::GrantCreated { grant, cost, .. } if grant.id == id => Some(cost),
            _ => None,
        };
        self.rows.iter().find_map(cost).unwrap_or(Money::FREE)
    }

    fn spent(&self, id: GrantId) -> Option<Grant> {
        let is_it = |grant: &&Grant| grant.name.id == id && grant.is_usable();
        self.departed.iter().find(is_it).copied()
    }

    /// Every grant that was ever made, in order of creation, with its newest facts.
    pub fn all_grants(&self) -> Vec<Grant> {
        let mut grants: Vec<Grant> = self.wallet.grants().chain(&self.departed).copied().collect();
        grants.sort_by_key(|grant| grant.name.number);
        grants
    }

    /// The wallet folded anew from the bytes of its rows.
    pub fn replayed(&self) -> Wallet {
        let mut wallet = Wallet::new(key());
        for decided in &self.rows {
            let (row, hash) = Row::unpack_linked(&decided.packed.bytes, wallet.hash()).unwrap();
            wallet.apply(&row, hash).unwrap();
            wallet.take_departed();
        }
        wallet
    }

    fn take(&mut self, decided: &Decided) {
        let last = self.rows.last().map(|last| &last.row);
        assert_eq!(decided.row.sequence, last.map_or(0, |last| last.sequence) + 1);
        assert!(last.is_none_or(|last| last.recorded_at <= decided.row.recorded_at));
        if let Cause::Follows { sequence } = decided.row.cause {
            let follows = |row: &&Row| !matches!(row.cause, Cause::Follows { .. });
            let cause = self.rows.iter().map(|before| &before.row).rfind(follows);
            assert_eq!(Some(sequence), cause.map(|row| row.sequence), "it names what it follows");
        }
        let is_system = decided.row.actor == Actor::System;
        assert_eq!(is_system, decided.row.cause != Cause::Request, "time and settling are ours");
        match &decided.row.event {
            Event::HoldExpired { reservation, legs } => {
                self.timed_out.insert(reservation.clone(), legs[0].grant);
            }
            Event::Reserved { reservation, .. } => {
                self.timed_out.remove(reservation);
            }
            Event::GrantReopened { grant } => {
                self.departed.retain(|left| left.name != grant.name);
            }
            _ => {}
        }
        self.books.enter(&decided.row);
        self.rows.push(decided.clone());
    }

    fn audit(&self, now: Timestamp) {
        assert_eq!(self.wallet.check(), Ok(()));
        let balance = self.wallet.balance().unwrap();
        assert_eq!(self.books.balance(), balance.available, "the rows add up to the balance");
        assert!(self.wallet.next_due().is_none_or(|due| due.at > now), "nothing due is left");
        self.books.compare(&self.all_grants());
        self.audit_sums(&balance);
        self.audit_departed();
        self.audit_overdraft();
    }

    /// Wherever a usable grant is, in the wallet or outside, it counts.
    fn audit_sums(&self, balance: &Balance) {
        let usable: Vec<Grant> =
            self.all_grants().into_iter().filter(|grant| grant.is_usable()).collect();
        let granted = Credits::sum(usable.iter().map(|grant| grant.given().unwrap())).unwrap();
        let used = usable.iter().flat_map(|grant| [grant.consumed, grant.held]);
        assert_eq!((granted, Credits::sum(used).unwrap()), (balance.granted, balance.used));
    }

    fn audit_departed(&self) {
        for grant in &self.departed {
            let is_over = grant.is_dead() || (grant.is_usable() && grant.expire_at.is_none());
            assert!(is_over && grant.held.is_zero(), "{grant:?} left too early");
            assert!(self.wallet.grant(grant.name.number).is_none(), "{grant:?} is there twice");
            let accounted = grant.consumed.plus(grant.lost).unwrap();
            assert_eq!(accounted, grant.amount, "consumed or lost, nothing else: {grant:?}");
        }
    }

    /// A deficit only when nothing usable is unheld; at most one overdraft, and never an idle one.
    fn audit_overdraft(&self) {
        let usable = || self.wallet.grants().filter(|grant| grant.is_usable());
        let overdrafts: Vec<_> =
            usable().filter(|grant| grant.grant_type == GrantType::Overdraft).collect();
        assert!(overdrafts.len() <= 1);
        let Some(overdraft) = overdrafts.first() else { return };
        assert!(overdraft.consumed.is_positive(), "a settled overdraft is voided");
        for grant in usable() {
            assert!(grant.unheld().unwrap().is_zero(), "{grant:?} could settle the deficit");
        }
    }
}

fn consumed_by<'a>(row: &'a Row, key: &str) -> Option<&'a [Leg]> {
    let name = row.mark.as_ref().and_then(|mark| mark.key.as_ref());
    match &row.event {
        Event::Consumed { legs } if name.is_some_and(|name| name.as_str() == key) => Some(legs),
        _ => None,
    }
}

/// What a consumption of `amount` takes from each grant: worked out anew from the published order,
/// over a wallet that was brought up to now. What is missing goes to no grant here.
pub fn expected_burn(wallet: &Wallet, amount: Credits) -> (Vec<(GrantNumber, Credits)>, Credits) {
    let mut order: Vec<&Grant> = wallet.grants().filter(|grant| grant.is_usable()).collect();
    order.sort_by_key(|grant| {
        let category = match grant.grant_type {
            GrantType::Promotional => 0,
            GrantType::Recurring => 1,
            GrantType::Paid => 2,
            GrantType::Overdraft => 3,
        };
        let expiry = grant.expire_at.map_or(i64::MAX, Timestamp::milliseconds);
        let times = (grant.effective_at, grant.created_at);
        (grant.priority.get(), expiry, category, times, grant.name.number)
    });
    let mut missing = amount;
    let mut legs = Vec::new();
    for grant in order {
        let taken = grant.unheld().unwrap().min(missing);
        if taken.is_positive() {
            legs.push((grant.name.number, taken));
            missing = missing.minus(taken).unwrap();
        }
    }
    (legs, missing)
}

/// The legs as pairs.
pub fn pairs(legs: &[Leg]) -> Vec<(GrantNumber, Credits)> {
    legs.iter().map(|leg| (leg.grant.number, leg.amount)).collect()
}

/// The refusal of an outcome that must be one.
pub fn refusal(outcome: Outcome) -> Refusal {
    outcome.own.unwrap_err()
}

//! The bounds of a wallet, and that they come after times and before nothing else.

use scrip_core::limits::{
    AMOUNT_MAX, ATTRIBUTION_AHEAD_MAX_MILLISECONDS, ATTRIBUTION_BACK_MAX_MILLISECONDS,
    HOLD_MAX_MILLISECONDS, OPEN_HOLDS_MAX, SUM_MAX, UNFINISHED_GRANTS_MAX,
};
use scrip_core::{
    Actor, BurnRank, Cause, Command, Credits, Due, Event, Grant, GrantId, GrantNumber, GrantRef,
    GrantType, Hold, HoldNumber, Leg, Money, PaymentState, Priority, Refusal, ReservationId,
    ResourceId, Row, Texts, Timestamp, TraceId, Wallet, WalletKey,
};

use crate::world::{
    credits, instant, key, new_consumption, new_grant, new_hold, origin, refusal, reservation,
};

const DAY_MILLISECONDS: i64 = 24 * 60 * 60 * 1_000;

fn now() -> Timestamp {
    instant("2026-01-01")
}

/// A wallet of these events, folded without deciding: the bounds are far away.
fn wallet_of(events: impl IntoIterator<Item = Event>) -> Wallet {
    let mut wallet = Wallet::new(key());
    let mut balance = Credits::ZERO;
    for event in events {
        balance = balance.plus(event.effect().unwrap()).unwrap();
        let row = Row {
            sequence: wallet.sequence() + 1,
            recorded_at: now(),
            attributed_at: now(),
            event,
            balance_after: balance,
            cause: Cause::Request,
            actor: Actor::System,
            trace_id: TraceId::default(),
            mark: None,
            texts: Texts::None,
        };
        wallet.apply(&row, wallet.hash()).unwrap();
    }
    wallet
}

fn name(number: u32) -> GrantRef {
    GrantRef { number: GrantNumber(number), id: GrantId::mint(0, number.into()) }
}

fn created(number: u32, amount: Credits) -> Event {
    Event::GrantCreated {
        grant: name(number),
        grant_type: GrantType::Paid,
        amount,
        priority: Priority::DEFAULT,
        effective_at: now().later(DAY_MILLISECONDS),
        expire_at: None,
        payment: PaymentState::Pending,
        cost: Money::FREE,
    }
}

fn usable(number: u32, amount: Credits) -> [Event; 3] {
    let grant = name(number);
    let granted = Event::Granted(Leg { grant, amount });
    [created(number, amount), Event::PaymentConfirmed { grant }, granted]
}

fn refused(wallet: &mut Wallet, command: &Command) -> Refusal {
    refusal(wallet.execute(command, now(), &origin()).unwrap())
}

fn executed(wallet: &mut Wallet, command: &Command) {
    wallet.execute(command, now(), &origin()).unwrap().own.unwrap();
}

#[test]
fn as_many_unfinished_grants_as_allowed() {
    let count = u32::try_from(UNFINISHED_GRANTS_MAX).unwrap();
    let one = credits("1");
    let mut wallet = wallet_of((1..=count).map(|number| created(number, one)));
    let mut new = new_grant(0, SUM_MAX);
    let limit = UNFINISHED_GRANTS_MAX;
    let too_many = Refusal::TooMany { what: "unfinished grants in a wallet", limit };
    assert_eq!(refused(&mut wallet, &Command::Grant(new.clone())), too_many);
    new.expire_at = Some(now());
    assert_eq!(refused(&mut wallet, &Command::Grant(new)), Refusal::ExpireNotAfterEffective);
}

/// Grants that are used up or have ended are finished: they leave room, even if a hold keeps them.
#[test]
fn finished_grants_leave_room() {
    let count = u32::try_from(UNFINISHED_GRANTS_MAX).unwrap();
    let one = credits("1");
    // With an end to come it stays in the wallet when it is used up.
    let expire_at = Some(Some(now().later(2 * DAY_MILLISECONDS)));
    let ends = Event::Updated { grant: name(count), priority: None, expire_at };
    let last = usable(count, one).into_iter().chain([ends]);
    let used = Event::Consumed { legs: vec![Leg { grant: name(count), amount: one }] };
    let unpaid = (2..count).map(|number| created(number, one));
    let held = Event::Reserved {
        number: HoldNumber(1),
        reservation: reservation("job"),
        expires_at: now().later(1),
        legs: vec![Leg { grant: name(1), amount: one }],
    };
    let voided = Event::Voided(Leg { grant: name(1), amount: Credits::ZERO });
    let dead = usable(1, one).into_iter().chain([held, voided]);
    let mut wallet = wallet_of(dead.chain(unpaid).chain(last).chain([used]));
    assert_eq!(wallet.grants().count(), UNFINISHED_GRANTS_MAX, "all are there");
    executed(&mut wallet, &Command::Grant(new_grant(0, one)));
    executed(&mut wallet, &Command::Grant(new_grant(1, one)));
    let full = refused(&mut wallet, &Command::Grant(new_grant(0, one)));
    assert!(matches!(full, Refusal::TooMany { .. }));
}

#[test]
fn as_many_open_holds_as_allowed() {
    let count = u32::try_from(OPEN_HOLDS_MAX).unwrap();
    let grant = name(1);
    let holds = (1..=count).map(|number| Event::Reserved {
        number: HoldNumber(number),
        reservation: reservation(&number.to_string()),
        expires_at: now().later(1),
        legs: vec![Leg { grant, amount: credits("1") }],
    });
    let mut wallet = wallet_of(usable(1, credits("1e6")).into_iter().chain(holds));
    let limit = OPEN_HOLDS_MAX;
    let too_many = Refusal::TooMany { what: "open holds in a wallet", limit };
    let reserve = |name: &str, until| Command::Reserve(new_hold(name, credits("1e7"), until));
    assert_eq!(refused(&mut wallet, &reserve("new", now().later(1))), too_many);
    assert_eq!(refused(&mut wallet, &reserve("new", now())), Refusal::HoldExpiryOutOfRange);
    let open = Refusal::HoldOpen { reservation: "77".to_owned() };
    assert_eq!(refused(&mut wallet, &reserve("77", now())), open);
}

/// The memory of a wallet is that of its lists, its holds and those of its texts that are too long to lie
/// within.
#[test]
fn memory_grows_with_what_a_wallet_holds() {
    assert_eq!(Wallet::new(key()).heap_bytes(), 0);
    let (within, beyond) = ("s".repeat(23), "s".repeat(24));
    for (text, bytes) in [("site", 0), (&within, 0), (&beyond, 16 + 24)] {
        let resource = Some(ResourceId::parse(text).unwrap());
        let scoped = Wallet::new(WalletKey { resource, ..key() });
        assert_eq!(scoped.heap_bytes(), bytes, "{text}");
    }
    let mut wallet = wallet_of(usable(1, credits("10")));
    let lists = 16 + size_of::<Grant>() + 16 + size_of::<BurnRank>();
    assert_eq!(wallet.heap_bytes(), lists);
    let job = "a job with a name of its own";
    executed(&mut wallet, &Command::Reserve(new_hold(job, credits("1"), now().later(1))));
    let name = size_of::<ReservationId>().next_multiple_of(8) + 8;
    let hold = 16 + size_of::<Hold>() + size_of::<Leg>() + 16 + job.len();
    let lists = lists + (16 + size_of::<Due>()) + (16 + size_of::<usize>()) + (16 + name);
    assert_eq!(wallet.heap_bytes(), lists + hold);
}

/// What has left a wallet takes memory until it is taken, and so do the dead grants that the end
/// of a hold made it look at.
#[test]
fn memory_holds_what_is_on_its_way_out() {
    const GRANTS: u32 = 20;
    let grants = 1..=GRANTS;
    let one = credits("1");
    let legs: Vec<Leg> =
        grants.clone().map(|number| Leg { grant: name(number), amount: one }).collect();
    let held = Event::Reserved {
        number: HoldNumber(1),
        reservation: reservation("job"),
        expires_at: now().later(1),
        legs,
    };
    let voided = |number| Event::Voided(Leg { grant: name(number), amount: one });
    let usable = grants.clone().flat_map(|number| usable(number, credits("2")));
    let mut wallet = wallet_of(usable.chain([held]).chain(grants.map(voided)));
    wallet.execute(&Command::Advance, now().later(1), &origin()).unwrap();
    let between = |bytes: usize, size: usize| {
        // A vector takes at most twice what it needs.
        let least = size * usize::try_from(GRANTS).unwrap();
        assert!((least..=2 * least).contains(&bytes), "{bytes} for {GRANTS} of {size}");
    };
    let full = wallet.heap_bytes();
    assert_eq!(wallet.take_departed().len(), usize::try_from(GRANTS).unwrap());
    between(full - wallet.heap_bytes(), size_of::<Grant>());
    // A copy of an empty vector has no memory.
    between(wallet.heap_bytes() - wallet.clone().heap_bytes(), size_of::<GrantNumber>());
}

/// The bounds of time in the units of the specification.
#[test]
fn bounds_of_time_are_those_of_the_specification() {
    let minutes = |count: i64| count * 60_000;
    assert_eq!(ATTRIBUTION_AHEAD_MAX_MILLISECONDS, minutes(5));
    assert_eq!(ATTRIBUTION_BACK_MAX_MILLISECONDS, minutes(400 * 1_440));
    assert_eq!(HOLD_MAX_MILLISECONDS, minutes(1_440));
}

/// All grants of a wallet together, usable or not, and the deficit: each at most 10^18.
#[test]
fn sums_are_bounded() {
    let rest = SUM_MAX.minus(AMOUNT_MAX).unwrap();
    let mut wallet = wallet_of([created(1, rest)]);
    executed(&mut wallet, &Command::Grant(new_grant(2, AMOUNT_MAX)));
    let one_more = Command::Grant(new_grant(3, Credits::SMALLEST));
    assert_eq!(refused(&mut wallet, &one_more), Refusal::SumTooLarge);

    // What is spent counts too, wherever it is.
    let legs = vec![Leg { grant: name(1), amount: SUM_MAX }];
    let mut spent = wallet_of(usable(1, SUM_MAX).into_iter().chain([Event::Consumed { legs }]));
    assert_eq!(spent.grants().count(), 0);
    assert_eq!(refused(&mut spent, &one_more), Refusal::SumTooLarge);

    let consume = |amount| Command::Consume(new_consumption("key", amount));
    executed(&mut wallet, &consume(AMOUNT_MAX));
    executed(&mut wallet, &consume(SUM_MAX));
    assert_eq!(refused(&mut wallet, &consume(Credits::SMALLEST)), Refusal::SumTooLarge);
}

/// The times of a hold: a millisecond from now at least, exactly 24 hours at most.
#[test]
fn holds_end_within_a_day() {
    let mut wallet = wallet_of(usable(1, credits("10")));
    let mut reserve = |name: &str, milliseconds| {
        let hold = new_hold(name, credits("1"), now().later(milliseconds));
        wallet.execute(&Command::Reserve(hold), now(), &origin()).unwrap().own
    };
    let outside = Err(Refusal::HoldExpiryOutOfRange);
    assert_eq!(reserve("a", 0), outside);
    assert_eq!(reserve("a", DAY_MILLISECONDS + 1), outside);
    assert_eq!(reserve("a", 1), Ok(0));
    assert_eq!(reserve("b", DAY_MILLISECONDS), Ok(0));
}

//! Spent grants: used up and without an end. They leave their wallet and still count.

use insta::assert_snapshot;
use scrip_core::{
    Cause, Command, Contradiction, Credits, Event, Grant, GrantChange, GrantId, GrantNumber,
    GrantRef, Leg, Row, Wallet,
};

use crate::script::run;
use crate::world::{
    World, credits, instant, key, new_consumption, new_grant, new_hold, origin, reservation,
};

/// Who stays: what has an end, what is held, what has something left, an overdraft.
#[test]
fn only_what_can_never_matter_leaves() {
    assert_snapshot!(run("
        at 01-01  grant spent 5 priority 1
                  grant ends 5 priority 2 expires 03-01
                  grant held 5 priority 3
                  grant rest 5 priority 4
                  grant later 5 from 02-01
                  grant unpaid 5 pending
                  consume 10
                  reserve job 1 until 01-02
                  consume 4
                  consume 1
                  kept
                  grants
    "), @r"
    > at 01-01 grant spent 5 priority 1
        01-01  CREDITS_GRANTED spent +5 = 5
    > grant ends 5 priority 2 expires 03-01
        01-01  CREDITS_GRANTED ends +5 = 10
    > grant held 5 priority 3
        01-01  CREDITS_GRANTED held +5 = 15
    > grant rest 5 priority 4
        01-01  CREDITS_GRANTED rest +5 = 20
    > grant later 5 from 02-01
    > grant unpaid 5 pending
    > consume 10
        01-01  CREDITS_CONSUMED spent -5 = 15
        01-01  CREDITS_CONSUMED ends -5 = 10
    > reserve job 1 until 01-02
        01-01  CREDITS_RESERVED held -1 [job: held -1] = 9
    > consume 4
        01-01  CREDITS_CONSUMED held -4 = 5
    > consume 1
        01-01  CREDITS_CONSUMED rest -1 = 4
    > kept
        in the wallet: ends, held, rest, later, unpaid
    > grants
        spent ACTIVE: 5 = 5 consumed, 0 held, 0 lost, 0 left
        ends ACTIVE: 5 = 5 consumed, 0 held, 0 lost, 0 left
        held ACTIVE: 5 = 4 consumed, 1 held, 0 lost, 0 left
        rest ACTIVE: 5 = 1 consumed, 0 held, 0 lost, 4 left
        later SCHEDULED: 5 = 0 consumed, 0 held, 0 lost, 5 left
        unpaid PAYMENT_PENDING: 5 = 0 consumed, 0 held, 0 lost, 5 left
    balance: 20 granted - 16 used = 4, 1 reserved, valid until 01-02
    ");
}

#[test]
fn the_row_that_takes_the_last_credit_lets_it_go() {
    assert_snapshot!(run("
        at 01-01  grant A 5
                  reserve job 5 until 01-02
                  kept
                  release job 5
                  kept
                  consume 3
                  grant B 3
                  kept
                  grant C 4 expires 02-01
                  consume 4
                  edit C expires never
                  kept
                  grants
    "), @r"
    > at 01-01 grant A 5
        01-01  CREDITS_GRANTED A +5 = 5
    > reserve job 5 until 01-02
        01-01  CREDITS_RESERVED A -5 [job: A -5] = 0
    > kept
        in the wallet: A
    > release job 5
        01-01  CREDITS_RESERVATION_RELEASED A 0 [job, 5 returned: A -5] = 0
    > kept
        in the wallet: nothing
    > consume 3
        01-01  CREDITS_CONSUMED overdraft -3 = -3
    > grant B 3
        01-01  CREDITS_GRANTED B +3 = 0
        01-01  CREDITS_CONSUMPTION_TRANSFER_SOURCE overdraft +3 = 3  (follows)
        01-01  CREDITS_CONSUMPTION_TRANSFER_TARGET B -3 = 0  (follows)
        01-01  CREDITS_VOIDED overdraft 0 = 0  (follows)
    > kept
        in the wallet: nothing
    > grant C 4 expires 02-01
        01-01  CREDITS_GRANTED C +4 = 4
    > consume 4
        01-01  CREDITS_CONSUMED C -4 = 0
    > edit C expires never
        01-01  CREDITS_UPDATED C 0 = 0
    > kept
        in the wallet: nothing
    > grants
        A ACTIVE: 5 = 5 consumed, 0 held, 0 lost, 0 left
        overdraft VOIDED: 0 = 0 consumed, 0 held, 0 lost, 0 left
        B ACTIVE: 3 = 3 consumed, 0 held, 0 lost, 0 left
        C ACTIVE: 4 = 4 consumed, 0 held, 0 lost, 0 left
    balance: 12 granted - 12 used = 0
    ");
}

/// A hold that covers the last credits and gives them back leaves the grant as it was.
#[test]
fn freed_credits_keep_it() {
    assert_snapshot!(run("
        at 01-01  grant A 5
                  consume 2
                  reserve job 3 until 01-02
                  release job 0
                  reserve job 3 until 01-02
        at 01-02  advance
                  kept
                  consume 3
                  kept
    "), @r"
    > at 01-01 grant A 5
        01-01  CREDITS_GRANTED A +5 = 5
    > consume 2
        01-01  CREDITS_CONSUMED A -2 = 3
    > reserve job 3 until 01-02
        01-01  CREDITS_RESERVED A -3 [job: A -3] = 0
    > release job 0
        01-01  CREDITS_RESERVATION_RELEASED A +3 [job, 3 returned] = 3
    > reserve job 3 until 01-02
        01-01  CREDITS_RESERVED A -3 [job: A -3] = 0
    > at 01-02 advance
        01-02  CREDITS_RESERVATION_EXPIRED A +3 [job: A +3] = 3  (time)
    > kept
        in the wallet: A
    > consume 3
        01-02  CREDITS_CONSUMED A -3 = 0
    > kept
        in the wallet: nothing
    balance: 5 granted - 5 used = 0
    ");
}

/// It is taken back by a row of 0, as if it had been there; once.
#[test]
fn a_spent_grant_can_be_voided() {
    assert_snapshot!(run("
        at 01-01  grant A 5
                  grant B 10
                  consume 5
                  kept
        at 01-02  void A
                  void A
                  balance
                  kept
                  grants
    "), @r#"
    > at 01-01 grant A 5
        01-01  CREDITS_GRANTED A +5 = 5
    > grant B 10
        01-01  CREDITS_GRANTED B +10 = 15
    > consume 5
        01-01  CREDITS_CONSUMED A -5 = 10
    > kept
        in the wallet: B
    > at 01-02 void A
        01-02  CREDITS_VOIDED A 0 = 10
    > void A
        refused: credit grant "cred-grant-010000000001" was not found
    > balance
    balance: 10 granted - 0 used = 10
    > kept
        in the wallet: B
    > grants
        A VOIDED: 5 = 5 consumed, 0 held, 0 lost, 0 left
        B ACTIVE: 10 = 0 consumed, 0 held, 0 lost, 10 left
    balance: 10 granted - 0 used = 10
    "#);
}

/// A change of words or priority leaves it spent; an end brings it back until it expires, with 0.
#[test]
fn a_spent_grant_can_be_changed() {
    assert_snapshot!(run("
        at 01-01  grant A 5
                  grant B 10
                  consume 5
                  edit A
                  edit A priority 3 comment hello
                  kept
                  edit A expires 2025-01-01
                  edit A expires 01-05
                  kept
                  balance
                  grants
        at 01-03  edit A expires never
                  kept
                  edit A expires 01-05
        at 01-05  edit A priority 4
                  kept
                  grants
    "), @r#"
    > at 01-01 grant A 5
        01-01  CREDITS_GRANTED A +5 = 5
    > grant B 10
        01-01  CREDITS_GRANTED B +10 = 15
    > consume 5
        01-01  CREDITS_CONSUMED A -5 = 10
    > edit A
    > edit A priority 3 comment hello
        01-01  CREDITS_UPDATED A 0 = 10
    > kept
        in the wallet: B
    > edit A expires 2025-01-01
        refused: expireAt must be later than effectiveAt
    > edit A expires 01-05
        01-01  CREDITS_UPDATED A 0 = 10
    > kept
        in the wallet: A, B
    > balance
    balance: 15 granted - 5 used = 10, valid until 01-05
    > grants
        A ACTIVE: 5 = 5 consumed, 0 held, 0 lost, 0 left
        B ACTIVE: 10 = 0 consumed, 0 held, 0 lost, 10 left
    > at 01-03 edit A expires never
        01-03  CREDITS_UPDATED A 0 = 10
    > kept
        in the wallet: B
    > edit A expires 01-05
        01-03  CREDITS_UPDATED A 0 = 10
    > at 01-05 edit A priority 4
        01-05  CREDITS_EXPIRED A 0 = 10  (time)
        refused: credit grant "cred-grant-010000000001" was not found
    > kept
        in the wallet: B
    > grants
        A EXPIRED: 5 = 5 consumed, 0 held, 0 lost, 0 left
        B ACTIVE: 10 = 0 consumed, 0 held, 0 lost, 10 left
    balance: 10 granted - 0 used = 10
    "#);
}

/// What time brings first may be the very thing that spends the grant.
#[test]
fn a_grant_that_is_spent_on_the_way_can_be_voided() {
    assert_snapshot!(run("
        at 01-01  consume 9
                  grant A 5 from 01-02
                  grant B 4 from 01-02
                  grant C 1 from 01-03
        at 01-04  void A
                  edit B expires 01-05
                  kept
                  grants
    "), @r"
    > at 01-01 consume 9
        01-01  CREDITS_CONSUMED overdraft -9 = -9
    > grant A 5 from 01-02
    > grant B 4 from 01-02
    > grant C 1 from 01-03
    > at 01-04 void A
        01-02  CREDITS_GRANTED A +5 = -4  (time)
        01-02  CREDITS_CONSUMPTION_TRANSFER_SOURCE overdraft +5 = 1  (follows)
        01-02  CREDITS_CONSUMPTION_TRANSFER_TARGET A -5 = -4  (follows)
        01-02  CREDITS_GRANTED B +4 = 0  (time)
        01-02  CREDITS_CONSUMPTION_TRANSFER_SOURCE overdraft +4 = 4  (follows)
        01-02  CREDITS_CONSUMPTION_TRANSFER_TARGET B -4 = 0  (follows)
        01-02  CREDITS_VOIDED overdraft 0 = 0  (follows)
        01-03  CREDITS_GRANTED C +1 = 1  (time)
        01-04  CREDITS_VOIDED A 0 = 1
    > edit B expires 01-05
        01-04  CREDITS_UPDATED B 0 = 1
    > kept
        in the wallet: B, C
    > grants
        overdraft VOIDED: 0 = 0 consumed, 0 held, 0 lost, 0 left
        A VOIDED: 5 = 5 consumed, 0 held, 0 lost, 0 left
        B ACTIVE: 4 = 4 consumed, 0 held, 0 lost, 0 left
        C ACTIVE: 1 = 0 consumed, 0 held, 0 lost, 1 left
    balance: 5 granted - 4 used = 1, valid until 01-05
    ");
}

/// Key, words and the answer belong to the row that was asked for, not to the return before it.
#[test]
fn the_return_is_not_the_commands_own_row() {
    let (mut world, spent) = one_spent();
    let (id, now) = (spent.name.id, instant("2026-01-02"));
    let comment = Some(Some("why".to_owned()));
    let edit = world.edit(id, GrantChange { comment: comment.clone(), ..GrantChange::default() });
    let edited = world.execute(&edit, now);
    let [reopened, updated] = &edited.rows[..] else { panic!("two rows") };
    assert_eq!(reopened.row.event, Event::GrantReopened { grant: Box::new(spent) });
    assert!(reopened.row.event.is_notable() && reopened.row.event.parts().unwrap().is_empty());
    assert_eq!((reopened.row.texts.words(), edited.own), (None, Ok(1)));
    assert_eq!(updated.row.texts.words().unwrap().comment, comment);
    let void = world.void(id);
    assert_eq!(world.execute(&void, now).own, Ok(1));
}

/// 10,000 of them weigh nothing.
#[test]
fn a_long_history_of_spent_grants_is_not_carried_along() {
    let now = instant("2026-01-01");
    let mut wallet = Wallet::new(key());
    let mut execute = |command| {
        wallet.execute(&command, now, &origin()).unwrap().own.unwrap();
        wallet.take_departed().len()
    };
    for number in 0..10_000 {
        execute(Command::Grant(new_grant(number, credits("2"))));
        let left = execute(Command::Consume(new_consumption("key", credits("2"))));
        assert_eq!(left, 1);
    }
    assert_eq!(wallet.grants().count(), 0);
    let balance = wallet.balance().unwrap();
    assert_eq!((balance.granted, balance.used), (credits("20000"), credits("20000")));
    assert_eq!(wallet.check(), Ok(()));
    let packed = postcard::to_stdvec(&wallet).unwrap();
    assert!(packed.len() < 200, "{}", packed.len());
    assert!(wallet.heap_bytes() < 500, "{}", wallet.heap_bytes());
}

/// The next row of a wallet, made by hand.
fn next(wallet: &Wallet, event: Event) -> Row {
    Row {
        sequence: wallet.sequence() + 1,
        recorded_at: wallet.recorded_at().unwrap(),
        attributed_at: wallet.recorded_at().unwrap(),
        balance_after: wallet.balance().unwrap().available.plus(event.effect().unwrap()).unwrap(),
        event,
        cause: Cause::Request,
        actor: origin().actor,
        trace_id: origin().trace_id,
        mark: None,
        texts: scrip_core::Texts::None,
    }
}

/// One grant of 5 is spent, one of 10 lives.
fn one_spent() -> (World, Grant) {
    let now = instant("2026-01-01");
    let mut world = World::new();
    for (number, amount) in [(1, "5"), (2, "10")] {
        world.execute(&Command::Grant(new_grant(number, credits(amount))), now);
    }
    world.execute(&Command::Consume(new_consumption("key", credits("5"))), now);
    let [spent] = world.departed[..] else { panic!("one has left") };
    (world, spent)
}

/// A row that names a grant twice is folded whole before the grant goes.
#[test]
fn a_row_may_take_from_a_grant_twice() {
    let (world, _) = one_spent();
    let mut wallet = world.wallet;
    let grant = wallet.grants().next().unwrap().name;
    let legs = ["3", "7"].map(|amount| Leg { grant, amount: credits(amount) }).to_vec();
    wallet.apply(&next(&wallet, Event::Consumed { legs }), wallet.hash()).unwrap();
    assert_eq!((wallet.grants().count(), wallet.check()), (0, Ok(())));
    assert_eq!(wallet.take_departed()[0].consumed, credits("10"));
}

/// Facts that no spent grant can have had are a contradiction, and nothing is folded from them.
#[test]
fn only_a_spent_grant_comes_back() {
    let (world, spent) = one_spent();
    let lives = *world.wallet.grants().next().unwrap();
    let (not_spent, never_left) =
        ("a grant comes back that is neither spent nor over", "a grant comes back that never left");
    let all = |amount| Grant { amount: credits(amount), consumed: credits(amount), ..spent };
    let name = |number| GrantRef { number: GrantNumber(number), ..spent.name };
    let voided = scrip_core::GrantState::Voided { at: spent.updated_at };
    let rows = [
        (lives, not_spent),
        (Grant { consumed: credits("4"), ..spent }, not_spent),
        (Grant { expire_at: Some(spent.updated_at.later(1)), ..spent }, not_spent),
        (Grant { state: scrip_core::GrantState::Scheduled, ..spent }, not_spent),
        (Grant { state: voided, held: credits("1"), consumed: credits("4"), ..spent }, not_spent),
        (Grant { state: voided, consumed: credits("4"), ..spent }, not_spent),
        (
            Grant { state: voided, grant_type: scrip_core::GrantType::Overdraft, ..all("0") },
            not_spent,
        ),
        (Grant { held: credits("1"), ..spent }, not_spent),
        (Grant { lost: credits("1"), ..spent }, not_spent),
        (Grant { grant_type: scrip_core::GrantType::Overdraft, ..all("0") }, not_spent),
        (all("-1"), "a grant gives more than it has"),
        (Grant { name: name(3), ..spent }, never_left),
        (Grant { name: name(2), ..spent }, never_left),
        (all("5.000000001"), "more grants come back than were spent"),
    ];
    for (grant, rule) in rows {
        let reopened = Event::GrantReopened { grant: Box::new(grant) };
        let mut wallet = world.wallet.clone();
        let refused = wallet.apply(&next(&wallet, reopened), wallet.hash());
        assert_eq!(refused, Err(Contradiction::Broken { rule }), "{grant:?}");
    }
    let mut wallet = world.wallet.clone();
    let reopened = Event::GrantReopened { grant: Box::new(spent) };
    wallet.apply(&next(&wallet, reopened.clone()), wallet.hash()).unwrap();
    let rule = "a spent grant stays";
    assert_eq!(wallet.check(), Err(Contradiction::Broken { rule }), "a row must follow");
    let twice = wallet.apply(&next(&wallet, reopened), wallet.hash());
    assert_eq!(twice, Err(Contradiction::Broken { rule: never_left }));
}

/// What somebody says of a grant counts only if the wallet does not know better.
#[test]
fn the_wallet_knows_better_than_old_facts() {
    let (mut world, spent) = one_spent();
    let now = instant("2026-01-02");
    let id = spent.name.id;
    let other = Command::Void { id: GrantId::mint(1, 2), spent: Some(spent) };
    assert!(world.execute(&other, now).own.is_ok(), "its own facts are in the wallet");
    let unknown = Command::Void { id: GrantId::mint(1, 9), spent: Some(spent) };
    assert!(world.execute(&unknown, now).own.is_err(), "facts of another grant");
    let untold = Command::Void { id, spent: None };
    assert!(world.execute(&untold, now).own.is_err(), "it is not in the wallet");
    let change = GrantChange { expire_at: Some(Some(now.later(1))), ..GrantChange::default() };
    let edit = world.edit(id, change);
    world.execute(&edit, now);
    let rows = world.execute(&Command::Void { id, spent: Some(spent) }, now).rows;
    assert_eq!(rows.len(), 1, "it was back already");
}

/// Facts from before a grant came back are of no use once time has ended it.
#[test]
fn old_facts_bring_no_ended_grant_back() {
    let (mut world, spent) = one_spent();
    let (id, now) = (spent.name.id, instant("2026-01-02"));
    let change = GrantChange { expire_at: Some(Some(now.later(1))), ..GrantChange::default() };
    let edit = world.edit(id, change);
    world.execute(&edit, now);
    let late = world.execute(&Command::Void { id, spent: Some(spent) }, now.later(1));
    assert_eq!((late.rows.len(), late.own.is_err()), (1, true), "it has expired");
}

/// A grant of nothing is spent as soon as it is usable.
#[test]
fn nothing_is_spent_at_once() {
    let (world, _) = one_spent();
    let mut wallet = world.wallet;
    let grant = GrantRef { number: GrantNumber(3), id: GrantId::mint(1, 3) };
    let created = Event::GrantCreated {
        grant,
        grant_type: scrip_core::GrantType::Paid,
        amount: Credits::ZERO,
        priority: scrip_core::Priority::DEFAULT,
        effective_at: instant("2026-01-01"),
        expire_at: None,
        payment: scrip_core::PaymentState::Settled,
        cost: scrip_core::Money::FREE,
    };
    for event in [created, Event::Granted(Leg { grant, amount: Credits::ZERO })] {
        wallet.apply(&next(&wallet, event), wallet.hash()).unwrap();
    }
    assert_eq!((wallet.grants().count(), wallet.check()), (1, Ok(())));
}

/// What is held on it, or was, is part of its story too.
#[test]
fn sums_stay_while_grants_come_and_go() {
    let (mut world, spent) = one_spent();
    let now = instant("2026-01-02");
    let sums = |world: &World| {
        let balance = world.wallet.balance().unwrap();
        (balance.granted.to_string(), balance.used.to_string(), balance.available.to_string())
    };
    let before = sums(&world);
    let change = GrantChange { expire_at: Some(Some(now.later(9))), ..GrantChange::default() };
    let edit = world.edit(spent.name.id, change);
    world.execute(&edit, now);
    assert_eq!(sums(&world), before);
    world.execute(&Command::Reserve(new_hold("job", credits("10"), now.later(5))), now);
    let release = scrip_core::Release { reservation: reservation("job"), consumed: credits("10") };
    world.execute(&Command::Release(release), now);
    assert_eq!(sums(&world), ("15".to_owned(), "15".to_owned(), "0".to_owned()));
    world.execute(&Command::Advance, now.later(9));
    assert_eq!(sums(&world), ("10".to_owned(), "10".to_owned(), "0".to_owned()));
    assert_eq!(world.wallet.grants().count(), 0);
    let all = Credits::sum(world.departed.iter().map(|grant| grant.consumed)).unwrap();
    assert_eq!(all, credits("15"));
}

//! Undoing a consumption (spec section 7, decisions 11, 39, 69).

use insta::assert_snapshot;
use scrip_core::limits::REFUNDS_MAX;
use scrip_core::{
    Command, Contradiction, Dimension, Entity, Event, Leg, Refund, Refusal, Row, Undone,
};

use crate::script::run;
use crate::world::{World, credits, instant, new_consumption, new_grant, refusal, reservation};

/// The last leg first, and never more than was consumed.
#[test]
fn gives_back_the_last_leg_first() {
    assert_snapshot!(run("
        at 01-01  grant A 30 priority 1 expires 03-01
                  grant B 30 priority 2 expires 03-01
                  consume 50 as c
                  refund c 15
                  refund c 10
                  refund c 26
                  refund c all
                  refund c all
                  refund c 1
                  grants
    "), @r"
    > at 01-01 grant A 30 priority 1 expires 03-01
        01-01  CREDITS_GRANTED A +30 = 30
    > grant B 30 priority 2 expires 03-01
        01-01  CREDITS_GRANTED B +30 = 60
    > consume 50 as c
        01-01  CREDITS_CONSUMED A -30 = 30
        01-01  CREDITS_CONSUMED B -20 = 10
    > refund c 15
        01-01  CREDITS_CONSUMED B +15 = 25
    > refund c 10
        01-01  CREDITS_CONSUMED B +5 = 30
        01-01  CREDITS_CONSUMED A +5 = 35
    > refund c 26
        refused: amount: only 25 credits of the consumption are left to refund
    > refund c all
        01-01  CREDITS_CONSUMED A +25 = 60
    > refund c all
        refused: nothing of the consumption is left to refund
    > refund c 1
        refused: nothing of the consumption is left to refund
    > grants
        A ACTIVE: 30 = 0 consumed, 0 held, 0 lost, 30 left
        B ACTIVE: 30 = 0 consumed, 0 held, 0 lost, 30 left
    balance: 60 granted - 0 used = 60, valid until 03-01
    ");
}

/// A grant that was used up has left its wallet; what it gets back is usable again.
#[test]
fn brings_a_spent_grant_back() {
    assert_snapshot!(run("
        at 01-01  grant A 10
                  consume 10 as c
                  kept
                  refund c 4
                  kept
                  consume 4
                  kept
                  refund c all
                  grants
    "), @r"
    > at 01-01 grant A 10
        01-01  CREDITS_GRANTED A +10 = 10
    > consume 10 as c
        01-01  CREDITS_CONSUMED A -10 = 0
    > kept
        in the wallet: nothing
    > refund c 4
        01-01  CREDITS_CONSUMED A +4 = 4
    > kept
        in the wallet: A
    > consume 4
        01-01  CREDITS_CONSUMED A -4 = 0
    > kept
        in the wallet: nothing
    > refund c all
        01-01  CREDITS_CONSUMED A +6 = 6
    > grants
        A ACTIVE: 10 = 4 consumed, 0 held, 0 lost, 6 left
    balance: 10 granted - 4 used = 6
    ");
}

/// On a dead grant the refund is net 0 (decision 39), whether or not a hold still keeps it.
#[test]
fn comes_to_nothing_on_a_dead_grant() {
    assert_snapshot!(run("
        at 01-01  grant gone 10 priority 1 expires 02-01
                  grant taken 10 priority 2
                  grant kept 10 priority 3 expires 02-01
                  consume 25 as c
        at 01-31T23:00  reserve job 2 until 02-01T12:00
                  void taken
        at 02-01  refund c 1
                  refund c 6
                  refund c 10
                  refund c all
                  grants
                  kept
        at 02-02  grants
                  kept
    "), @r"
    > at 01-01 grant gone 10 priority 1 expires 02-01
        01-01  CREDITS_GRANTED gone +10 = 10
    > grant taken 10 priority 2
        01-01  CREDITS_GRANTED taken +10 = 20
    > grant kept 10 priority 3 expires 02-01
        01-01  CREDITS_GRANTED kept +10 = 30
    > consume 25 as c
        01-01  CREDITS_CONSUMED gone -10 = 20
        01-01  CREDITS_CONSUMED taken -10 = 10
        01-01  CREDITS_CONSUMED kept -5 = 5
    > at 01-31T23:00 reserve job 2 until 02-01T12:00
        01-31T23:00  CREDITS_RESERVED kept -2 [job: kept -2] = 3
    > void taken
        01-31T23:00  CREDITS_VOIDED taken 0 = 3
    > at 02-01 refund c 1
        02-01  CREDITS_EXPIRED gone 0 = 3  (time)
        02-01  CREDITS_EXPIRED kept -3 = 0  (time)
        02-01  CREDITS_CONSUMED kept +1 = 1
        02-01  CREDITS_EXPIRED kept -1 = 0  (follows)
    > refund c 6
        02-01  CREDITS_CONSUMED kept +4 = 4
        02-01  CREDITS_CONSUMED taken +2 = 6
        02-01  CREDITS_EXPIRED kept -4 = 2  (follows)
        02-01  CREDITS_VOIDED taken -2 = 0  (follows)
    > refund c 10
        02-01  CREDITS_CONSUMED taken +8 = 8
        02-01  CREDITS_CONSUMED gone +2 = 10
        02-01  CREDITS_VOIDED taken -8 = 2  (follows)
        02-01  CREDITS_EXPIRED gone -2 = 0  (follows)
    > refund c all
        02-01  CREDITS_CONSUMED gone +8 = 8
        02-01  CREDITS_EXPIRED gone -8 = 0  (follows)
    > grants
        gone EXPIRED: 10 = 0 consumed, 0 held, 10 lost, 0 left
        taken VOIDED: 10 = 0 consumed, 0 held, 10 lost, 0 left
        kept EXPIRED: 10 = 0 consumed, 2 held, 8 lost, 0 left
    > kept
        in the wallet: kept
    > at 02-02 grants
        gone EXPIRED: 10 = 0 consumed, 0 held, 10 lost, 0 left
        taken VOIDED: 10 = 0 consumed, 0 held, 10 lost, 0 left
        kept EXPIRED: 10 = 0 consumed, 2 held, 8 lost, 0 left
    > kept
        in the wallet: kept
    balance: 0 granted - 0 used = 0
    ");
}

/// The deficit of the same overdraft grant falls first; at 0 it ends.
#[test]
fn lowers_a_live_deficit() {
    assert_snapshot!(run("
        at 01-01  grant A 10
                  consume 30 as c
                  refund c 5
                  refund c 17
                  grants
    "), @r"
    > at 01-01 grant A 10
        01-01  CREDITS_GRANTED A +10 = 10
    > consume 30 as c
        01-01  CREDITS_CONSUMED A -10 = 0
        01-01  CREDITS_CONSUMED overdraft -20 = -20
    > refund c 5
        01-01  CREDITS_CONSUMED overdraft +5 = -15
    > refund c 17
        01-01  CREDITS_CONSUMED overdraft +15 = 0
        01-01  CREDITS_CONSUMED A +2 = 2
        01-01  CREDITS_VOIDED overdraft 0 = 2  (follows)
    > grants
        A ACTIVE: 10 = 8 consumed, 0 held, 0 lost, 2 left
        overdraft VOIDED: 0 = 0 consumed, 0 held, 0 lost, 0 left
    balance: 10 granted - 8 used = 2
    ");
}

/// What the deficit no longer bears goes to the grants that took it over, the newest first.
#[test]
fn follows_what_was_taken_over() {
    assert_snapshot!(run("
        at 01-01  consume 30 as c
                  consume 20 as d
                  grant A 10
                  grant B 15 expires 02-01
                  grant C 40
                  refund d 12
                  refund c 20
                  refund d all
                  refund c all
                  grants
    "), @r"
    > at 01-01 consume 30 as c
        01-01  CREDITS_CONSUMED overdraft -30 = -30
    > consume 20 as d
        01-01  CREDITS_CONSUMED overdraft -20 = -50
    > grant A 10
        01-01  CREDITS_GRANTED A +10 = -40
        01-01  CREDITS_CONSUMPTION_TRANSFER_SOURCE overdraft +10 = -30  (follows)
        01-01  CREDITS_CONSUMPTION_TRANSFER_TARGET A -10 = -40  (follows)
    > grant B 15 expires 02-01
        01-01  CREDITS_GRANTED B +15 = -25
        01-01  CREDITS_CONSUMPTION_TRANSFER_SOURCE overdraft +15 = -10  (follows)
        01-01  CREDITS_CONSUMPTION_TRANSFER_TARGET B -15 = -25  (follows)
    > grant C 40
        01-01  CREDITS_GRANTED C +40 = 15
        01-01  CREDITS_CONSUMPTION_TRANSFER_SOURCE overdraft +25 = 40  (follows)
        01-01  CREDITS_CONSUMPTION_TRANSFER_TARGET C -25 = 15  (follows)
        01-01  CREDITS_VOIDED overdraft 0 = 15  (follows)
    > refund d 12
        01-01  CREDITS_CONSUMED C +12 = 27
    > refund c 20
        01-01  CREDITS_CONSUMED C +13 = 40
        01-01  CREDITS_CONSUMED B +7 = 47
    > refund d all
        01-01  CREDITS_CONSUMED B +8 = 55
    > refund c all
        01-01  CREDITS_CONSUMED A +10 = 65
    > grants
        overdraft VOIDED: 0 = 0 consumed, 0 held, 0 lost, 0 left
        A ACTIVE: 10 = 0 consumed, 0 held, 0 lost, 10 left
        B ACTIVE: 15 = 0 consumed, 0 held, 0 lost, 15 left
        C ACTIVE: 40 = 0 consumed, 0 held, 0 lost, 40 left
    balance: 65 granted - 0 used = 65, valid until 02-01
    ");
}

/// A part of the deficit is still there, and a transfer that came after a refund gives first.
#[test]
fn follows_what_was_partly_taken_over() {
    assert_snapshot!(run("
        at 01-01  consume 50 as c
                  grant A 20
                  refund c 35
                  consume 60 as d
                  grant B 40
                  refund d 50
                  refund c all
                  grants
    "), @r"
    > at 01-01 consume 50 as c
        01-01  CREDITS_CONSUMED overdraft -50 = -50
    > grant A 20
        01-01  CREDITS_GRANTED A +20 = -30
        01-01  CREDITS_CONSUMPTION_TRANSFER_SOURCE overdraft +20 = -10  (follows)
        01-01  CREDITS_CONSUMPTION_TRANSFER_TARGET A -20 = -30  (follows)
    > refund c 35
        01-01  CREDITS_CONSUMED overdraft +30 = 0
        01-01  CREDITS_CONSUMED A +5 = 5
        01-01  CREDITS_VOIDED overdraft 0 = 5  (follows)
    > consume 60 as d
        01-01  CREDITS_CONSUMED A -5 = 0
        01-01  CREDITS_CONSUMED overdraft-2 -55 = -55
    > grant B 40
        01-01  CREDITS_GRANTED B +40 = -15
        01-01  CREDITS_CONSUMPTION_TRANSFER_SOURCE overdraft-2 +40 = 25  (follows)
        01-01  CREDITS_CONSUMPTION_TRANSFER_TARGET B -40 = -15  (follows)
    > refund d 50
        01-01  CREDITS_CONSUMED overdraft-2 +15 = 0
        01-01  CREDITS_CONSUMED B +35 = 35
        01-01  CREDITS_VOIDED overdraft-2 0 = 35  (follows)
    > refund c all
        01-01  CREDITS_CONSUMED A +15 = 50
    > grants
        overdraft VOIDED: 0 = 0 consumed, 0 held, 0 lost, 0 left
        A ACTIVE: 20 = 5 consumed, 0 held, 0 lost, 15 left
        overdraft-2 VOIDED: 0 = 0 consumed, 0 held, 0 lost, 0 left
        B ACTIVE: 40 = 5 consumed, 0 held, 0 lost, 35 left
    balance: 60 granted - 10 used = 50
    ");
}

/// Freed credits settle another overdraft's deficit in the same commit.
#[test]
fn settles_a_deficit_with_what_it_frees() {
    assert_snapshot!(run("
        at 01-01  grant A 20
                  consume 20 as c
                  consume 15 as d
                  refund c all
                  refund d all
                  grants
    "), @r"
    > at 01-01 grant A 20
        01-01  CREDITS_GRANTED A +20 = 20
    > consume 20 as c
        01-01  CREDITS_CONSUMED A -20 = 0
    > consume 15 as d
        01-01  CREDITS_CONSUMED overdraft -15 = -15
    > refund c all
        01-01  CREDITS_CONSUMED A +20 = 5
        01-01  CREDITS_CONSUMPTION_TRANSFER_SOURCE overdraft +15 = 20  (follows)
        01-01  CREDITS_CONSUMPTION_TRANSFER_TARGET A -15 = 5  (follows)
        01-01  CREDITS_VOIDED overdraft 0 = 5  (follows)
    > refund d all
        01-01  CREDITS_CONSUMED A +15 = 20
    > grants
        A ACTIVE: 20 = 0 consumed, 0 held, 0 lost, 20 left
        overdraft VOIDED: 0 = 0 consumed, 0 held, 0 lost, 0 left
    balance: 20 granted - 0 used = 20
    ");
}

/// A release is undone with its excess; what is held is not touched.
#[test]
fn undoes_a_release_with_its_excess() {
    assert_snapshot!(run("
        at 01-01  grant A 10 expires 02-01
                  grant B 10
                  reserve job 8 until 01-02
                  refund job 1
                  release job 13
                  reserve other 5 until 01-02
                  refund job 4
                  refund job all
                  reserve none 1 until 01-02
                  release none 0
                  refund none all
                  grants
    "), @r"
    > at 01-01 grant A 10 expires 02-01
        01-01  CREDITS_GRANTED A +10 = 10
    > grant B 10
        01-01  CREDITS_GRANTED B +10 = 20
    > reserve job 8 until 01-02
        01-01  CREDITS_RESERVED A -8 [job: A -8] = 12
    > refund job 1
        refused: nothing of the consumption is left to refund
    > release job 13
        01-01  CREDITS_RESERVATION_RELEASED A -5 [job, 8 returned: A -10, B -3] = 7
    > reserve other 5 until 01-02
        01-01  CREDITS_RESERVED B -5 [other: B -5] = 2
    > refund job 4
        01-01  CREDITS_CONSUMED B +3 [job] = 5
        01-01  CREDITS_CONSUMED A +1 [job] = 6
    > refund job all
        01-01  CREDITS_CONSUMED A +9 [job] = 15
    > reserve none 1 until 01-02
        01-01  CREDITS_RESERVED A -1 [none: A -1] = 14
    > release none 0
        01-01  CREDITS_RESERVATION_RELEASED A +1 [none, 1 returned] = 15
    > refund none all
        refused: nothing of the consumption is left to refund
    > grants
        A ACTIVE: 10 = 0 consumed, 0 held, 0 lost, 10 left
        B ACTIVE: 10 = 0 consumed, 5 held, 0 lost, 5 left
    balance: 20 granted - 5 used = 15, 5 reserved, valid until 01-02
    ");
}

/// What time brings just before the refund is seen by it: the transfer at 01-10 takes the deficit.
#[test]
fn sees_what_time_brought_just_before() {
    assert_snapshot!(run("
        at 01-01  consume 10 as c
                  grant A 6 from 01-10 expires 01-20
                  grant B 10 from 01-12
        at 01-15  refund c 7
        at 01-21  refund c all
                  grants
    "), @r"
    > at 01-01 consume 10 as c
        01-01  CREDITS_CONSUMED overdraft -10 = -10
    > grant A 6 from 01-10 expires 01-20
    > grant B 10 from 01-12
    > at 01-15 refund c 7
        01-10  CREDITS_GRANTED A +6 = -4  (time)
        01-10  CREDITS_CONSUMPTION_TRANSFER_SOURCE overdraft +6 = 2  (follows)
        01-10  CREDITS_CONSUMPTION_TRANSFER_TARGET A -6 = -4  (follows)
        01-12  CREDITS_GRANTED B +10 = 6  (time)
        01-12  CREDITS_CONSUMPTION_TRANSFER_SOURCE overdraft +4 = 10  (follows)
        01-12  CREDITS_CONSUMPTION_TRANSFER_TARGET B -4 = 6  (follows)
        01-12  CREDITS_VOIDED overdraft 0 = 6  (follows)
        01-15  CREDITS_CONSUMED B +4 = 10
        01-15  CREDITS_CONSUMED A +3 = 13
    > at 01-21 refund c all
        01-20  CREDITS_EXPIRED A -3 = 10  (time)
        01-21  CREDITS_CONSUMED A +3 = 13
        01-21  CREDITS_EXPIRED A -3 = 10  (follows)
    > grants
        overdraft VOIDED: 0 = 0 consumed, 0 held, 0 lost, 0 left
        A EXPIRED: 6 = 0 consumed, 0 held, 6 lost, 0 left
        B ACTIVE: 10 = 0 consumed, 0 held, 0 lost, 10 left
    balance: 10 granted - 0 used = 10
    ");
}

/// A consumption can be refunded so many times, however small each is.
#[test]
fn so_many_times_and_no_more() {
    let mut world = World::new();
    let now = instant("2026-01-01");
    world.execute(&Command::Consume(new_consumption("c", credits("200"))), now);
    for _ in 0..REFUNDS_MAX {
        let refund = world.refund("c", Some(credits("1")));
        assert!(world.execute(&refund, now).own.is_ok());
    }
    let refund = world.refund("c", None);
    let limit = REFUNDS_MAX;
    let expected = Refusal::TooMany { what: "refunds of one consumption", limit };
    assert_eq!(refusal(world.execute(&refund, now)), expected);
}

/// Facts that cannot have been are refused, and nothing is folded from rows that nobody can write.
#[test]
fn what_cannot_be_is_refused() {
    let mut world = World::new();
    let now = instant("2026-01-01");
    world.execute(&Command::Grant(new_grant(1, credits("5"))), now);
    world.execute(&Command::Consume(new_consumption("c", credits("9"))), now);
    world.execute(&Command::Grant(new_grant(2, credits("8"))), now);
    let Command::Refund(known) = world.refund("c", None) else { panic!() };
    let mut rows: Vec<(&str, Refund, Refusal)> = Vec::new();
    let exceeds = |left| Refusal::RefundExceeds { left: credits(left) };
    rows.push(("too few transfers", Refund { moves: Vec::new(), ..*known.clone() }, exceeds("0")));
    let mut more = known.clone();
    more.original.legs[0].amount = credits("6");
    rows.push(("more than the grant consumed", *more, exceeds("5")));
    let mut unknown = known.clone();
    unknown.left.retain(|grant| grant.amount.is_zero());
    let id = new_grant(1, credits("5")).id;
    rows.push(("no facts", *unknown, Refusal::not_found(Entity::Grant, id)));
    for (what, refund, expected) in rows {
        let outcome = world.execute(&Command::Refund(Box::new(refund)), now);
        assert_eq!(refusal(outcome), expected, "{what}");
    }

    let second = world.wallet.grants().find(|grant| grant.amount == credits("8")).unwrap().name;
    let leg = |amount| Leg { grant: second, amount: credits(amount) };
    let nothing = "a refund gives nothing back";
    let other = "a refund gives back other than it says";
    let rows = [
        (vec![], None, nothing),
        (vec![leg("0")], None, nothing),
        (vec![leg("1")], Some(leg("0")), other),
        (vec![leg("5")], None, "a grant gives more than it has"),
    ];
    for (legs, taken_over, rule) in rows {
        let of = Undone::Reservation(reservation("job"));
        let event = Event::Refunded { of, attributed_at: now, legs, taken_over };
        let last = &world.rows.last().unwrap().row;
        let row = Row { sequence: last.sequence + 1, event, ..last.clone() };
        let refused = world.wallet.clone().apply(&row, world.wallet.hash());
        assert_eq!(refused, Err(Contradiction::Broken { rule }));
    }
}

/// The row has the key, what the request was, and the dimensions of what it undoes; the row before
/// it tells the sums.
#[test]
fn rows_say_what_was_undone() {
    let mut world = World::new();
    let now = instant("2026-01-02");
    let mut consume = new_consumption("c", credits("9"));
    consume.created_at = Some(instant("2026-01-01"));
    world.execute(&Command::Consume(consume), now);
    world.execute(&world.refund("c", Some(credits("2"))), now);
    let Command::Refund(mut refund) = world.refund("c", Some(credits("3"))) else { panic!() };
    let model = ("model", Dimension::Text("gpt".into()));
    refund.original.dimensions = [model.clone()].into();
    let outcome = world.execute(&Command::Refund(refund.clone()), now);
    let own = outcome.own.unwrap();
    let (named, given) = (&outcome.rows[own - 1].row, &outcome.rows[own].row);
    let of = refund.request.of.clone();
    let (amount, refunded) = (credits("3"), credits("5"));
    assert_eq!(named.event, Event::RefundNamed { of, amount, refunded });
    assert_eq!(named.mark, given.mark);
    let mark = given.mark.as_ref().unwrap();
    assert_eq!(mark.key.as_ref(), Some(&refund.request.key));
    assert_eq!(mark.fingerprint, refund.request.fingerprint());
    assert_eq!((named.texts.words(), given.attributed_at), (None, now));
    assert_eq!(given.texts.words().unwrap().dimensions, [model].into());
    let Event::Refunded { attributed_at, .. } = given.event else { panic!() };
    assert_eq!(attributed_at, instant("2026-01-01"));
}

//! Taking back credits whose money went back (decision 47).

use insta::assert_snapshot;
use scrip_core::{Contradiction, Event, Leg, Refusal};

use crate::script::{run, run_noticing};
use crate::world::{World, credits, instant, new_consumption, new_grant, refusal};

/// First what nobody used, then what was consumed: that becomes a debt.
#[test]
fn takes_what_is_left_and_then_what_was_consumed() {
    assert_snapshot!(run("
        at 01-01  grant A 100 paid
                  consume 70
        at 01-02  return A 20
                  balance
                  return A 20
                  return A 60
                  grants
                  balance
        at 01-03  return A 100
                  grants
                  balance
                  kept
    "), @r"
    > at 01-01 grant A 100 paid
        01-01  CREDITS_GRANTED A +100 = 100
    > consume 70
        01-01  CREDITS_CONSUMED A -70 = 30
    > at 01-02 return A 20
        01-02  CREDITS_VOIDED A -20 = 10  (follows)
    > balance
    balance: 80 granted - 70 used = 10
    > return A 20
    > return A 60
        01-02  CREDITS_VOIDED A -10 = 0  (follows)
        01-02  CREDITS_CONSUMPTION_TRANSFER_SOURCE A +30 = 30  (follows)
        01-02  CREDITS_CONSUMPTION_TRANSFER_TARGET overdraft -30 = 0  (follows)
        01-02  CREDITS_VOIDED A -30 = -30  (follows)
    > grants
        A ACTIVE: 100 = 40 consumed, 0 held, 60 lost, 0 left
        overdraft ACTIVE: 0 = 30 consumed, 0 held, 0 lost, 0 left
    > balance
    balance: 40 granted - 70 used = -30
    > at 01-03 return A 100
        01-03  CREDITS_CONSUMPTION_TRANSFER_SOURCE A +40 = 10  (follows)
        01-03  CREDITS_CONSUMPTION_TRANSFER_TARGET overdraft -40 = -30  (follows)
        01-03  CREDITS_VOIDED A -40 = -70  (follows)
    > grants
        A VOIDED: 100 = 0 consumed, 0 held, 100 lost, 0 left
        overdraft ACTIVE: 0 = 70 consumed, 0 held, 0 lost, 0 left
    > balance
    balance: 0 granted - 70 used = -70
    > kept
        in the wallet: overdraft
    balance: 0 granted - 70 used = -70
    ");
}

/// Other grants bear the debt at once, in burn order.
#[test]
fn other_grants_bear_what_was_consumed() {
    assert_snapshot!(run("
        at 01-01  grant A 100 paid priority 1
                  grant B 10 priority 2
                  grant C 50 priority 3
                  consume 90
        at 01-02  return A 50
                  grants
                  balance
    "), @r"
    > at 01-01 grant A 100 paid priority 1
        01-01  CREDITS_GRANTED A +100 = 100
    > grant B 10 priority 2
        01-01  CREDITS_GRANTED B +10 = 110
    > grant C 50 priority 3
        01-01  CREDITS_GRANTED C +50 = 160
    > consume 90
        01-01  CREDITS_CONSUMED A -90 = 70
    > at 01-02 return A 50
        01-02  CREDITS_VOIDED A -10 = 60  (follows)
        01-02  CREDITS_CONSUMPTION_TRANSFER_SOURCE A +40 = 100  (follows)
        01-02  CREDITS_CONSUMPTION_TRANSFER_TARGET overdraft -40 = 60  (follows)
        01-02  CREDITS_VOIDED A -40 = 20  (follows)
        01-02  CREDITS_CONSUMPTION_TRANSFER_SOURCE overdraft +10 = 30  (follows)
        01-02  CREDITS_CONSUMPTION_TRANSFER_TARGET B -10 = 20  (follows)
        01-02  CREDITS_CONSUMPTION_TRANSFER_SOURCE overdraft +30 = 50  (follows)
        01-02  CREDITS_CONSUMPTION_TRANSFER_TARGET C -30 = 20  (follows)
        01-02  CREDITS_VOIDED overdraft 0 = 20  (follows)
    > grants
        A ACTIVE: 100 = 50 consumed, 0 held, 50 lost, 0 left
        B ACTIVE: 10 = 10 consumed, 0 held, 0 lost, 0 left
        C ACTIVE: 50 = 30 consumed, 0 held, 0 lost, 20 left
        overdraft VOIDED: 0 = 0 consumed, 0 held, 0 lost, 0 left
    > balance
    balance: 110 granted - 90 used = 20
    balance: 110 granted - 90 used = 20
    ");
}

/// What a hold has waits for its end, whatever that brings.
#[test]
fn what_is_held_waits_for_the_end_of_its_hold() {
    assert_snapshot!(run("
        at 01-01  grant A 100 paid
                  consume 20
                  reserve less 30 until 01-02
                  reserve late 25 until 01-02
                  reserve more 25 until 01-02
                  return A 90
                  grants
                  balance
                  release less 10
                  grants
        at 01-02  advance
                  grants
                  release more 40
                  release late 5
                  balance
    "), @r"
    > at 01-01 grant A 100 paid
        01-01  CREDITS_GRANTED A +100 = 100
    > consume 20
        01-01  CREDITS_CONSUMED A -20 = 80
    > reserve less 30 until 01-02
        01-01  CREDITS_RESERVED A -30 [less: A -30] = 50
    > reserve late 25 until 01-02
        01-01  CREDITS_RESERVED A -25 [late: A -25] = 25
    > reserve more 25 until 01-02
        01-01  CREDITS_RESERVED A -25 [more: A -25] = 0
    > return A 90
        01-01  CREDITS_CONSUMPTION_TRANSFER_SOURCE A +20 = 20  (follows)
        01-01  CREDITS_CONSUMPTION_TRANSFER_TARGET overdraft -20 = 0  (follows)
        01-01  CREDITS_VOIDED A -20 = -20  (follows)
    > grants
        A ACTIVE: 100 = 0 consumed, 80 held, 20 lost, 0 left
        overdraft ACTIVE: 0 = 20 consumed, 0 held, 0 lost, 0 left
    > balance
    balance: 80 granted - 100 used = -20, 80 reserved, valid until 01-02
    > release less 10
        01-01  CREDITS_RESERVATION_RELEASED A +20 [less, 30 returned: A -10] = 0
        01-01  CREDITS_VOIDED A -20 = -20  (follows)
        01-01  CREDITS_CONSUMPTION_TRANSFER_SOURCE A +10 = -10  (follows)
        01-01  CREDITS_CONSUMPTION_TRANSFER_TARGET overdraft -10 = -20  (follows)
        01-01  CREDITS_VOIDED A -10 = -30  (follows)
    > grants
        A ACTIVE: 100 = 0 consumed, 50 held, 50 lost, 0 left
        overdraft ACTIVE: 0 = 30 consumed, 0 held, 0 lost, 0 left
    > at 01-02 advance
        01-02  CREDITS_RESERVATION_EXPIRED A +25 [late: A +25] = -5  (time)
        01-02  CREDITS_VOIDED A -25 = -30  (follows)
        01-02  CREDITS_RESERVATION_EXPIRED A +25 [more: A +25] = -5  (time)
        01-02  CREDITS_VOIDED A -15 = -20  (follows)
        01-02  CREDITS_CONSUMPTION_TRANSFER_SOURCE overdraft +10 = -10  (follows)
        01-02  CREDITS_CONSUMPTION_TRANSFER_TARGET A -10 = -20  (follows)
    > grants
        A ACTIVE: 100 = 10 consumed, 0 held, 90 lost, 0 left
        overdraft ACTIVE: 0 = 20 consumed, 0 held, 0 lost, 0 left
    > release more 40
        01-02  CREDITS_RESERVATION_RELEASED A -40 [more, 0 returned: overdraft -40] = -60
    > release late 5
        01-02  CREDITS_RESERVATION_RELEASED A -5 [late, 0 returned: overdraft -5] = -65
    > balance
    balance: 10 granted - 75 used = -65
    balance: 10 granted - 75 used = -65
    ");
}

/// The rest of a grant that has ended left it unused: that is what the money was for, first of all.
#[test]
fn what_left_unused_counts() {
    assert_snapshot!(run("
        at 01-01  grant A 100 paid expires 02-01
                  grant B 100 paid
                  consume 40
                  void B
        at 02-02  return A 60
                  return B 70
                  balance
                  return A 61
                  return B 100
                  grants
                  balance
                  return A 100
                  grants
                  balance
    "), @r"
    > at 01-01 grant A 100 paid expires 02-01
        01-01  CREDITS_GRANTED A +100 = 100
    > grant B 100 paid
        01-01  CREDITS_GRANTED B +100 = 200
    > consume 40
        01-01  CREDITS_CONSUMED A -40 = 160
    > void B
        01-01  CREDITS_VOIDED B -100 = 60
    > at 02-02 return A 60
        02-01  CREDITS_EXPIRED A -60 = 0  (time)
    > return B 70
    > balance
    balance: 0 granted - 0 used = 0
    > return A 61
        02-02  CREDITS_CONSUMPTION_TRANSFER_SOURCE A +1 = 1  (follows)
        02-02  CREDITS_CONSUMPTION_TRANSFER_TARGET overdraft -1 = 0  (follows)
        02-02  CREDITS_VOIDED A -1 = -1  (follows)
    > return B 100
    > grants
        A EXPIRED: 100 = 39 consumed, 0 held, 61 lost, 0 left
        B VOIDED: 100 = 0 consumed, 0 held, 100 lost, 0 left
        overdraft ACTIVE: 0 = 1 consumed, 0 held, 0 lost, 0 left
    > balance
    balance: 0 granted - 1 used = -1
    > return A 100
        02-02  CREDITS_CONSUMPTION_TRANSFER_SOURCE A +39 = 38  (follows)
        02-02  CREDITS_CONSUMPTION_TRANSFER_TARGET overdraft -39 = -1  (follows)
        02-02  CREDITS_VOIDED A -39 = -40  (follows)
    > grants
        A EXPIRED: 100 = 0 consumed, 0 held, 100 lost, 0 left
        B VOIDED: 100 = 0 consumed, 0 held, 100 lost, 0 left
        overdraft ACTIVE: 0 = 40 consumed, 0 held, 0 lost, 0 left
    > balance
    balance: 0 granted - 40 used = -40
    balance: 0 granted - 40 used = -40
    ");
}

/// A hold on a grant that ended leaves what it did not use by the grant's own end.
#[test]
fn a_hold_outlives_its_grant() {
    assert_snapshot!(run("
        at 01-01  grant A 100 paid expires 02-01
                  consume 30
        at 01-31T23:00 reserve job 50 until 02-01T12:00
        at 02-01  return A 80
                  grants
                  release job 35
                  grants
                  balance
    "), @r"
    > at 01-01 grant A 100 paid expires 02-01
        01-01  CREDITS_GRANTED A +100 = 100
    > consume 30
        01-01  CREDITS_CONSUMED A -30 = 70
    > at 01-31T23:00 reserve job 50 until 02-01T12:00
        01-31T23:00  CREDITS_RESERVED A -50 [job: A -50] = 20
    > at 02-01 return A 80
        02-01  CREDITS_EXPIRED A -20 = 0  (time)
        02-01  CREDITS_CONSUMPTION_TRANSFER_SOURCE A +30 = 30  (follows)
        02-01  CREDITS_CONSUMPTION_TRANSFER_TARGET overdraft -30 = 0  (follows)
        02-01  CREDITS_VOIDED A -30 = -30  (follows)
    > grants
        A EXPIRED: 100 = 0 consumed, 50 held, 50 lost, 0 left
        overdraft ACTIVE: 0 = 30 consumed, 0 held, 0 lost, 0 left
    > release job 35
        02-01  CREDITS_RESERVATION_RELEASED A +15 [job, 50 returned: A -35] = -15
        02-01  CREDITS_EXPIRED A -15 = -30  (follows)
        02-01  CREDITS_CONSUMPTION_TRANSFER_SOURCE A +15 = -15  (follows)
        02-01  CREDITS_CONSUMPTION_TRANSFER_TARGET overdraft -15 = -30  (follows)
        02-01  CREDITS_VOIDED A -15 = -45  (follows)
    > grants
        A EXPIRED: 100 = 20 consumed, 0 held, 80 lost, 0 left
        overdraft ACTIVE: 0 = 45 consumed, 0 held, 0 lost, 0 left
    > balance
    balance: 0 granted - 45 used = -45
    balance: 0 granted - 45 used = -45
    ");
}

/// Nobody can use it yet: its day comes, or all of it goes at once.
#[test]
fn a_grant_whose_day_has_not_come() {
    assert_snapshot!(run("
        at 01-01  grant A 100 paid from 01-05
                  grant B 100 paid from 01-05
                  grant C 100 paid from 01-05
                  return A 40
                  return B 100
                  return C 30
                  void C
                  grants
        at 01-05  advance
                  grants
                  balance
    "), @r"
    > at 01-01 grant A 100 paid from 01-05
    > grant B 100 paid from 01-05
    > grant C 100 paid from 01-05
    > return A 40
    > return B 100
        01-01  CREDITS_VOIDED B 0 = 0  (follows)
    > return C 30
    > void C
        01-01  CREDITS_VOIDED C 0 = 0
    > grants
        A SCHEDULED: 100 = 0 consumed, 0 held, 0 lost, 100 left
        B VOIDED: 100 = 0 consumed, 0 held, 100 lost, 0 left
        C VOIDED: 100 = 0 consumed, 0 held, 100 lost, 0 left
    > at 01-05 advance
        01-05  CREDITS_GRANTED A +100 = 100  (time)
        01-05  CREDITS_VOIDED A -40 = 60  (follows)
    > grants
        A ACTIVE: 100 = 0 consumed, 0 held, 40 lost, 60 left
        B VOIDED: 100 = 0 consumed, 0 held, 100 lost, 0 left
        C VOIDED: 100 = 0 consumed, 0 held, 100 lost, 0 left
    > balance
    balance: 60 granted - 0 used = 60
    balance: 60 granted - 0 used = 60
    ");
}

/// A grant that left spent comes back to give, and one of which all is gone ends.
#[test]
fn a_spent_grant_comes_back() {
    assert_snapshot!(run("
        at 01-01  grant A 100 paid
                  consume 100
                  kept
        at 01-02  return A 40
                  kept
                  grant B 500
                  kept
                  edit A comment hello
                  void A
                  grants
                  return A 100
                  balance
    "), @r"
    > at 01-01 grant A 100 paid
        01-01  CREDITS_GRANTED A +100 = 100
    > consume 100
        01-01  CREDITS_CONSUMED A -100 = 0
    > kept
        in the wallet: nothing
    > at 01-02 return A 40
        01-02  CREDITS_CONSUMPTION_TRANSFER_SOURCE A +40 = 40  (follows)
        01-02  CREDITS_CONSUMPTION_TRANSFER_TARGET overdraft -40 = 0  (follows)
        01-02  CREDITS_VOIDED A -40 = -40  (follows)
    > kept
        in the wallet: overdraft
    > grant B 500
        01-02  CREDITS_GRANTED B +500 = 460
        01-02  CREDITS_CONSUMPTION_TRANSFER_SOURCE overdraft +40 = 500  (follows)
        01-02  CREDITS_CONSUMPTION_TRANSFER_TARGET B -40 = 460  (follows)
        01-02  CREDITS_VOIDED overdraft 0 = 460  (follows)
    > kept
        in the wallet: B
    > edit A comment hello
        01-02  CREDITS_UPDATED A 0 = 460
    > void A
        01-02  CREDITS_VOIDED A 0 = 460
    > grants
        A VOIDED: 100 = 60 consumed, 0 held, 40 lost, 0 left
        overdraft VOIDED: 0 = 0 consumed, 0 held, 0 lost, 0 left
        B ACTIVE: 500 = 40 consumed, 0 held, 0 lost, 460 left
    > return A 100
        01-02  CREDITS_CONSUMPTION_TRANSFER_SOURCE A +60 = 520  (follows)
        01-02  CREDITS_CONSUMPTION_TRANSFER_TARGET overdraft-2 -60 = 460  (follows)
        01-02  CREDITS_VOIDED A -60 = 400  (follows)
        01-02  CREDITS_CONSUMPTION_TRANSFER_SOURCE overdraft-2 +60 = 460  (follows)
        01-02  CREDITS_CONSUMPTION_TRANSFER_TARGET B -60 = 400  (follows)
        01-02  CREDITS_VOIDED overdraft-2 0 = 400  (follows)
    > balance
    balance: 500 granted - 100 used = 400
    balance: 500 granted - 100 used = 400
    ");
}

#[test]
fn is_told() {
    assert_snapshot!(run_noticing("
        at 01-01  grant A 100 paid
                  consume 70
        at 01-02  return A 20
                  return A 60
                  return A 100
                  grant B 10 paid expires 01-05
        at 01-06  return B 10
    "), @r"
    > at 01-01 grant A 100 paid
        01-01  Created A: 100 of 100, ACTIVE
    > consume 70
    > at 01-02 return A 20
        01-02  Updated A: 30 of 100, ACTIVE
        01-02  balance low: 10 of 80
    > return A 60
        01-02  Updated A: 30 of 100, ACTIVE
        01-02  Created overdraft: 0 of 0, ACTIVE
        01-02  Updated A: 60 of 100, ACTIVE
        01-02  Updated overdraft: -30 of 0, ACTIVE
        01-02  balance depleted: of 40
    > return A 100
        01-02  Voided A: 100 of 100, VOIDED
        01-02  Updated overdraft: -70 of 0, ACTIVE
    > grant B 10 paid expires 01-05
        01-02  Created B: 10 of 10, ACTIVE
        01-02  Updated overdraft: -60 of 0, ACTIVE
        01-02  Updated B: 0 of 10, ACTIVE
        01-02  Low B: 0 of 10, ACTIVE
        01-02  Depleted B: 0 of 10, ACTIVE
    > at 01-06 return B 10
        01-05  Expired B: 0 of 10, EXPIRED  (time)
        01-06  Updated B: 10 of 10, EXPIRED
        01-06  Updated overdraft: -70 of 0, ACTIVE
    ");
}

/// It asks for nothing by itself: the row says what went back, and takes nothing.
#[test]
fn less_than_before_takes_nothing() {
    assert_snapshot!(run("
        at 01-01  grant A 100 paid
                  return A 50
                  return A 30
                  return A 0
                  grants
                  return A 200
                  return A 200
                  grants
    "), @r"
    > at 01-01 grant A 100 paid
        01-01  CREDITS_GRANTED A +100 = 100
    > return A 50
        01-01  CREDITS_VOIDED A -50 = 50  (follows)
    > return A 30
    > return A 0
    > grants
        A ACTIVE: 100 = 0 consumed, 0 held, 50 lost, 50 left
    > return A 200
        01-01  CREDITS_VOIDED A -50 = 0  (follows)
    > return A 200
    > grants
        A VOIDED: 100 = 0 consumed, 0 held, 100 lost, 0 left
    balance: 0 granted - 0 used = 0
    ");
}

#[test]
fn nobody_paid_for_it() {
    let now = instant("2026-01-01");
    let mut world = World::new();
    let mut pending = new_grant(1, credits("10"));
    pending.payment = scrip_core::PaymentState::Pending;
    let id = pending.id;
    world.execute(&scrip_core::Command::Grant(pending), now);
    let consume = new_consumption("c", credits("5"));
    world.execute(&scrip_core::Command::Consume(consume), now);
    let overdraft = world.all_grants()[1].name.id;
    for id in [id, overdraft] {
        let asked = world.return_money(id, credits("1"));
        assert_eq!(refusal(world.execute(&asked, now)), Refusal::GrantNotPaid);
    }
    let unknown = world.return_money(scrip_core::GrantId::mint(1, 99), credits("1"));
    assert!(matches!(refusal(world.execute(&unknown, now)), Refusal::NotFound { .. }));
}

/// Whatever is taken, at once or later, bears the name under which the money went back.
#[test]
fn what_is_taken_bears_the_name() {
    let now = instant("2026-01-01");
    let mut world = World::new();
    world.execute(&scrip_core::Command::Grant(new_grant(1, credits("100"))), now);
    let consume = new_consumption("c", credits("40"));
    world.execute(&scrip_core::Command::Consume(consume), now);
    let hold = crate::world::new_hold("job", credits("50"), now.later(1));
    world.execute(&scrip_core::Command::Reserve(hold), now);
    let asked = world.return_money(world.all_grants()[0].name.id, credits("100"));
    let scrip_core::Command::ReturnMoney(returned) = &asked else { panic!() };
    let outcome = world.execute(&asked, now);
    let own = &outcome.rows[outcome.own.unwrap()].row;
    assert!(matches!(own.event, Event::MoneyReturned { .. }));
    assert_eq!(own.mark.as_ref().map(|mark| mark.fingerprint), Some(returned.fingerprint));
    world.execute(&scrip_core::Command::Advance, now.later(1));
    let taken =
        world.rows.iter().map(|decided| &decided.row).filter(|row| {
            matches!(row.event, Event::Reclaimed(_) | Event::ReclaimedConsumed { .. })
        });
    let keys: Vec<_> = taken.map(|row| row.mark.clone().and_then(|mark| mark.key)).collect();
    assert_eq!(keys, vec![Some(returned.key.clone()); 3]);
}

/// Rows that take other than went back are no rows.
#[test]
fn rows_that_take_too_much_are_contradictions() {
    let now = instant("2026-01-01");
    let mut world = World::new();
    world.execute(&scrip_core::Command::Grant(new_grant(1, credits("100"))), now);
    let consume = new_consumption("c", credits("40"));
    world.execute(&scrip_core::Command::Consume(consume), now);
    let hold = crate::world::new_hold("job", credits("60"), now.later(1));
    world.execute(&scrip_core::Command::Reserve(hold), now);
    let grant = world.all_grants()[0].name;
    let asked = world.return_money(grant.id, credits("50"));
    world.execute(&asked, now);
    let leg = |amount| Leg { grant, amount: credits(amount) };
    let consumed =
        |amount| Event::ReclaimedConsumed { grant, overdraft: grant, amount: credits(amount) };
    let events =
        [Event::Reclaimed(leg("11")), Event::Reclaimed(leg("10")), consumed("11"), consumed("1")];
    for event in events {
        let row = crate::golden::row(event.clone());
        let row = scrip_core::Row { sequence: world.wallet.sequence() + 1, ..row };
        let mut wallet = world.wallet.clone();
        let row = scrip_core::Row { recorded_at: now.later(1), ..row };
        let found = wallet.apply(&row, wallet.hash());
        assert!(matches!(found, Err(Contradiction::Broken { .. })), "{event:?}: {found:?}");
    }
}

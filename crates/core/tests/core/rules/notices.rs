//! What somebody may want to be told of a wallet: once for each thing that happened, in its order.

use insta::assert_snapshot;
use scrip_core::{
    Command, DueKind, EXPIRING_AHEAD_MILLISECONDS, Event, Fact, GrantChange, GrantFact, Timestamp,
};

use crate::script::run_noticing;
use crate::world::{World, credits, instant, new_consumption, new_grant};

/// A grant is low at a fifth, a wallet at a fifth of its usable grants: at it, not above; once until
/// it was above again (decision 28).
#[test]
fn crossings() {
    assert_snapshot!(run_noticing("
        at 01-01  grant A 100
                  consume 79
                  consume 1
                  consume 19
                  consume 1
                  consume 5
                  grant B 100
                  consume 94.9
    "), @r"
    > at 01-01 grant A 100
        01-01  Created A: 100 of 100, ACTIVE
    > consume 79
    > consume 1
        01-01  Low A: 20 of 100, ACTIVE
        01-01  balance low: 20 of 100
    > consume 19
    > consume 1
        01-01  Depleted A: 0 of 100, ACTIVE
        01-01  balance depleted: of 100
    > consume 5
        01-01  Created overdraft: 0 of 0, ACTIVE
    > grant B 100
        01-01  Created B: 100 of 100, ACTIVE
        01-01  Updated overdraft: 0 of 0, ACTIVE
        01-01  Updated B: 95 of 100, ACTIVE
        01-01  Voided overdraft: 0 of 0, VOIDED
    > consume 94.9
        01-01  Low B: 0.1 of 100, ACTIVE
        01-01  balance low: 0.1 of 200
    ");
}

/// One consumption may cross everything at once; each is told, the lower threshold last.
#[test]
fn everything_at_once() {
    assert_snapshot!(run_noticing("
        at 01-01  grant A 100
                  consume 100
                  grant B 10 priority 1
                  grant C 90
                  consume 95
    "), @r"
    > at 01-01 grant A 100
        01-01  Created A: 100 of 100, ACTIVE
    > consume 100
        01-01  Low A: 0 of 100, ACTIVE
        01-01  Depleted A: 0 of 100, ACTIVE
        01-01  balance low: 0 of 100
        01-01  balance depleted: of 100
    > grant B 10 priority 1
        01-01  Created B: 10 of 10, ACTIVE
    > grant C 90
        01-01  Created C: 90 of 90, ACTIVE
    > consume 95
        01-01  Low B: 0 of 10, ACTIVE
        01-01  Depleted B: 0 of 10, ACTIVE
        01-01  Low C: 5 of 90, ACTIVE
        01-01  balance low: 5 of 200
    ");
}

/// The wallet is judged at rest: a grant that takes over a deficit, and a hold.
#[test]
fn the_wallet_at_rest() {
    assert_snapshot!(run_noticing("
        at 01-01  consume 10
                  grant A 12
                  grant B 100
                  reserve a 90 until 01-02
                  release a 0
                  reserve b 102 until 01-02
        at 01-02  advance
    "), @r"
    > at 01-01 consume 10
        01-01  Created overdraft: 0 of 0, ACTIVE
    > grant A 12
        01-01  Created A: 12 of 12, ACTIVE
        01-01  Updated overdraft: 0 of 0, ACTIVE
        01-01  Updated A: 2 of 12, ACTIVE
        01-01  Low A: 2 of 12, ACTIVE
        01-01  Voided overdraft: 0 of 0, VOIDED
    > grant B 100
        01-01  Created B: 100 of 100, ACTIVE
    > reserve a 90 until 01-02
        01-01  balance low: 12 of 112
    > release a 0
    > reserve b 102 until 01-02
        01-01  balance low: 0 of 112
        01-01  balance depleted: of 112
    > at 01-02 advance
    ");
}

/// A wallet that recharges at once was never low.
#[test]
fn what_recharges_is_not_low() {
    assert_snapshot!(run_noticing("
        at 01-01  grant A 100
                  recharge below 20 to 100 price 0.01 usd
                  consume 85
    "), @r"
    > at 01-01 grant A 100
        01-01  Created A: 100 of 100, ACTIVE
    > recharge below 20 to 100 price 0.01 usd
        01-01  recharge on: true, stopped: None
    > consume 85
        01-01  Low A: 15 of 100, ACTIVE
        01-01  recharged recharge: 85 for 0.85
        01-01  Created recharge: 85 of 85, ACTIVE
    ");
}

/// Activation by time, payment, edits, voids.
#[test]
fn a_grants_life() {
    assert_snapshot!(run_noticing("
        at 01-01  grant A 10 from 01-02 expires 01-05
                  grant B 10 pending
                  grant C 10 from 01-09
                  pay B
                  edit A priority 3
                  edit B comment hello
                  void C
        at 01-03  advance
                  void B
        at 01-05  consume 1 or reject
    "), @r"
    > at 01-01 grant A 10 from 01-02 expires 01-05
        01-01  Created A: 10 of 10, SCHEDULED
    > grant B 10 pending
        01-01  Created B: 10 of 10, PAYMENT_PENDING
    > grant C 10 from 01-09
        01-01  Created C: 10 of 10, SCHEDULED
    > pay B
        01-01  Updated B: 10 of 10, ACTIVE
    > edit A priority 3
        01-01  Updated A: 10 of 10, SCHEDULED
    > edit B comment hello
        01-01  Updated B: 10 of 10, ACTIVE
    > void C
        01-01  Voided C: 10 of 10, VOIDED
    > at 01-03 advance
        01-02  Updated A: 10 of 10, ACTIVE  (time)
    > void B
        01-03  Voided B: 10 of 10, VOIDED
    > at 01-05 consume 1 or reject
        01-05  Expired A: 10 of 10, EXPIRED  (time)
        01-05  balance low: 0 of 0  (time)
        01-05  balance depleted: of 0  (time)
    ");
}

/// Somebody paid for nothing, which he should be told (decision 47); in time, nobody is.
#[test]
fn paid_too_late() {
    assert_snapshot!(run_noticing("
        at 01-01  grant A 10 pending expires 01-04
                  grant B 10 pending from 01-02 expires 01-04
        at 01-03  pay A
        at 01-04  pay B
    "), @r"
    > at 01-01 grant A 10 pending expires 01-04
        01-01  Created A: 10 of 10, PAYMENT_PENDING
    > grant B 10 pending from 01-02 expires 01-04
        01-01  Created B: 10 of 10, PAYMENT_PENDING
    > at 01-03 pay A
        01-03  Updated A: 10 of 10, ACTIVE
    > at 01-04 pay B
        01-04  Expired A: 10 of 10, EXPIRED  (time)
        01-04  balance low: 0 of 0  (time)
        01-04  balance depleted: of 0  (time)
        01-04  Updated B: 10 of 10, ACTIVE
        01-04  Expired B: 10 of 10, EXPIRED
        01-04  PaidAfterExpiry B: 10 of 10, EXPIRED
    ");
}

/// A spent grant that is edited or voided is told of like any other.
#[test]
fn a_grant_that_had_left() {
    assert_snapshot!(run_noticing("
        at 01-01  grant A 10
                  grant B 10
                  consume 10
                  kept
                  edit A comment hello
                  void A
    "), @r"
    > at 01-01 grant A 10
        01-01  Created A: 10 of 10, ACTIVE
    > grant B 10
        01-01  Created B: 10 of 10, ACTIVE
    > consume 10
        01-01  Low A: 0 of 10, ACTIVE
        01-01  Depleted A: 0 of 10, ACTIVE
    > kept
    > edit A comment hello
        01-01  Updated A: 0 of 10, ACTIVE
    > void A
        01-01  Voided A: 0 of 10, VOIDED
    ");
}

/// What a hold leaves on a dead grant ends nothing again.
#[test]
fn a_dead_grant_ends_once() {
    assert_snapshot!(run_noticing("
        at 01-01T00:00  grant A 10 expires 01-01T12:00
                        reserve a 5 until 01-01T12:00
                        reserve b 5 until 01-01T18:00
        at 01-01T12:00  advance
                        release b 2
    "), @r"
    > at 01-01T00:00 grant A 10 expires 01-01T12:00
        01-01  Created A: 10 of 10, ACTIVE
    > reserve a 5 until 01-01T12:00
    > reserve b 5 until 01-01T18:00
        01-01  balance low: 0 of 10
        01-01  balance depleted: of 10
    > at 01-01T12:00 advance
        01-01T12:00  Expired A: 10 of 10, EXPIRED  (time)
    > release b 2
    ");
}

/// A grant's end is announced seven days ahead, to the millisecond, and again if it moves.
#[test]
fn expiring() {
    assert_snapshot!(run_noticing("
        at 01-01  grant A 10 expires 01-31T12:00
        at 01-24T11:59:59.999  advance
        at 01-24T12:00  advance
        at 01-25  edit A expires 02-10
        at 02-02  edit A expires 02-05
        at 02-04  edit A expires 03-05
        at 03-10  advance
    "), @r"
    > at 01-01 grant A 10 expires 01-31T12:00
        01-01  Created A: 10 of 10, ACTIVE
    > at 01-24T11:59:59.999 advance
    > at 01-24T12:00 advance
        01-24T12:00  Expiring A: 10 of 10, ACTIVE  (time)
    > at 01-25 edit A expires 02-10
        01-25  Updated A: 10 of 10, ACTIVE
    > at 02-02 edit A expires 02-05
        02-02  Updated A: 10 of 10, ACTIVE
    > at 02-04 edit A expires 03-05
        02-04  Updated A: 10 of 10, ACTIVE
    > at 03-10 advance
        02-26  Expiring A: 10 of 10, ACTIVE  (time)
        03-05  Expired A: 10 of 10, EXPIRED  (time)
        03-05  balance low: 0 of 0  (time)
        03-05  balance depleted: of 0  (time)
    ");
}

/// Nobody needs to hear of an end that leaves nothing, of one without end, of one that was less than
/// seven days away from the beginning, or of a grant that ended before.
#[test]
fn not_expiring() {
    assert_snapshot!(run_noticing("
        at 01-01  grant spent 10 priority 1 expires 01-31
                  consume 10
                  grant endless 10
                  grant short 10 expires 01-08
                  grant late 10 from 01-25 expires 01-31
                  grant pending 10 expires 01-30 pending
                  grant voided 10 expires 01-29
                  void voided
                  edit endless expires 01-20
                  edit endless expires never
        at 02-10  advance
    "), @r"
    > at 01-01 grant spent 10 priority 1 expires 01-31
        01-01  Created spent: 10 of 10, ACTIVE
    > consume 10
        01-01  Low spent: 0 of 10, ACTIVE
        01-01  Depleted spent: 0 of 10, ACTIVE
        01-01  balance low: 0 of 10
        01-01  balance depleted: of 10
    > grant endless 10
        01-01  Created endless: 10 of 10, ACTIVE
    > grant short 10 expires 01-08
        01-01  Created short: 10 of 10, ACTIVE
    > grant late 10 from 01-25 expires 01-31
        01-01  Created late: 10 of 10, SCHEDULED
    > grant pending 10 expires 01-30 pending
        01-01  Created pending: 10 of 10, PAYMENT_PENDING
    > grant voided 10 expires 01-29
        01-01  Created voided: 10 of 10, ACTIVE
    > void voided
        01-01  Voided voided: 10 of 10, VOIDED
    > edit endless expires 01-20
        01-01  Updated endless: 10 of 10, ACTIVE
    > edit endless expires never
        01-01  Updated endless: 10 of 10, ACTIVE
    > at 02-10 advance
        01-08  Expired short: 10 of 10, EXPIRED  (time)
        01-25  Updated late: 10 of 10, ACTIVE  (time)
        01-31  Expired spent: 0 of 10, EXPIRED  (time)
        01-31  Expired late: 10 of 10, EXPIRED  (time)
    ");
}

/// Credits that are held are not consumed.
#[test]
fn expiring_though_held() {
    assert_snapshot!(run_noticing("
        at 01-01  grant A 10 expires 01-10
        at 01-02  reserve a 10 until 01-03
        at 01-11  advance
    "), @r"
    > at 01-01 grant A 10 expires 01-10
        01-01  Created A: 10 of 10, ACTIVE
    > at 01-02 reserve a 10 until 01-03
        01-02  balance low: 0 of 10
        01-02  balance depleted: of 10
    > at 01-11 advance
        01-03  Expiring A: 10 of 10, ACTIVE  (time)
        01-10  Expired A: 10 of 10, EXPIRED  (time)
        01-10  balance low: 0 of 0  (time)
        01-10  balance depleted: of 0  (time)
    ");
}

/// However the time passes, what is told of it is the same.
#[test]
fn one_month_at_once_or_in_small_moves() {
    let scenario = |world: &mut World| {
        for (number, from, until) in
            [(1, "01-01", "01-31"), (2, "01-05", "01-20"), (3, "01-03", "02-20")]
        {
            let mut new = new_grant(number, credits("10"));
            new.effective_at = Some(instant(&format!("2026-{from}")));
            new.expire_at = Some(instant(&format!("2026-{until}")));
            world.execute(&Command::Grant(new), instant("2026-01-01"));
        }
    };
    let mut at_once = World::new();
    scenario(&mut at_once);
    at_once.execute(&Command::Advance, instant("2026-02-01"));
    let mut slowly = World::new();
    scenario(&mut slowly);
    for hours in 0..=31 * 24 {
        let now = instant("2026-01-01").later(hours * 60 * 60 * 1_000);
        slowly.execute(&Command::Advance, now);
    }
    assert_eq!(at_once.notices, slowly.notices);
    assert_eq!(at_once.rows, slowly.rows);
    assert_eq!(at_once.notices.len(), 3 + 2 + 2 + 2);
}

/// An announcement is a row and changes no answer: neither the balance, nor its instant, its version
/// or how long it is valid.
#[test]
fn an_announcement_changes_no_answer() {
    let mut world = World::new();
    let mut new = new_grant(1, credits("10"));
    new.expire_at = Some(instant("2026-01-31"));
    world.execute(&Command::Grant(new), instant("2026-01-01"));
    world.execute(&Command::Consume(new_consumption("k", credits("1"))), instant("2026-01-02"));
    let before = world.wallet.balance().unwrap();
    assert_eq!(before.valid_until, Some(instant("2026-01-31")));
    let announced = instant("2026-01-31").later(-EXPIRING_AHEAD_MILLISECONDS);
    let due = world.wallet.next_due().unwrap();
    assert_eq!(due.at, announced);
    assert!(matches!(due.kind, DueKind::Announcement(_)));
    world.execute(&Command::Advance, announced);
    let last = &world.rows.last().unwrap().row;
    assert!(matches!(last.event, Event::ExpiryAnnounced { .. }));
    assert_eq!((last.recorded_at, last.event.parts().unwrap()), (announced, Vec::new()));
    assert_eq!(world.wallet.balance().unwrap(), before);
    assert_eq!(world.wallet.next_due().unwrap().at, instant("2026-01-31"));
}

/// A replay makes no second announcement of one that was made, and refuses one that never was due.
#[test]
fn an_announcement_is_folded_once() {
    let mut world = World::new();
    let mut new = new_grant(1, credits("10"));
    new.expire_at = Some(instant("2026-01-31"));
    world.execute(&Command::Grant(new), instant("2026-01-01"));
    world.execute(&Command::Advance, instant("2026-01-25"));
    let mut again = world.rows.last().unwrap().row.clone();
    assert!(matches!(again.event, Event::ExpiryAnnounced { .. }));
    let mut wallet = world.replayed();
    assert_eq!(wallet, world.wallet);
    again.sequence += 1;
    let refused = wallet.apply(&again, wallet.hash()).unwrap_err().to_string();
    assert!(refused.contains("a grant's end is announced twice"), "{refused}");
}

/// A read's fold tells nobody anything, and a command that only reads finds nothing new.
#[test]
fn what_changes_nothing_tells_nothing() {
    let mut world = World::new();
    world.execute(&Command::Grant(new_grant(1, credits("10"))), instant("2026-01-01"));
    let told = world.notices.len();
    world.execute(&Command::Advance, instant("2026-01-02"));
    let id = world.wallet.grants().next().unwrap().name.id;
    let nothing = world.edit(id, GrantChange::default());
    world.execute(&nothing, instant("2026-01-02"));
    assert_eq!(world.notices.len(), told);
    let Fact::Grant(GrantFact::Created, grant) = &world.notices[0].fact else { panic!() };
    assert_eq!((grant.amount, grant.is_usable()), (credits("10"), true));
    assert_eq!(world.notices[0].at, Timestamp::parse("2026-01-01").unwrap());
}

/// A recharge tells of itself, and of its spend at 80, 90 and 100 % of the limit.
#[test]
fn a_recharge_and_its_limit() {
    assert_snapshot!(run_noticing("
        at 01-01T00:00  recharge below 20 to 50 price 1 usd limit 100
                        consume 46
                        consume 50
                        recharge below 20 to 25 price 1 usd limit 100
        at 02-01T00:00  advance
    "), @r"
    > at 01-01T00:00 recharge below 20 to 50 price 1 usd limit 100
        01-01  recharge on: true, stopped: None
        01-01  recharged recharge: 50 for 50
        01-01  Created recharge: 50 of 50, ACTIVE
    > consume 46
        01-01  Low recharge: 4 of 50, ACTIVE
        01-01  recharged recharge-2: 46 for 46
        01-01  recharge at 80 % of its limit: 96 of 100
        01-01  recharge at 90 % of its limit: 96 of 100
        01-01  Created recharge-2: 46 of 46, ACTIVE
    > consume 50
        01-01  Depleted recharge: 0 of 50, ACTIVE
        01-01  Low recharge-2: 0 of 46, ACTIVE
        01-01  Depleted recharge-2: 0 of 46, ACTIVE
        01-01  recharge on: false, stopped: Some(SpendLimit)
        01-01  balance low: 0 of 96
        01-01  balance depleted: of 96
    > recharge below 20 to 25 price 1 usd limit 100
        01-01  recharge on: true, stopped: None
        01-01  recharge on: false, stopped: Some(SpendLimit)
    > at 02-01T00:00 advance
        02-01  recharge on: true, stopped: None  (time)
        02-01  recharged recharge-3: 25 for 25  (time)
        02-01  Created recharge-3: 25 of 25, ACTIVE  (time)
    ");
}

//! What is consumed beyond all grants, and how whatever frees credits settles it at once.

use insta::assert_snapshot;

use crate::script::run;

/// 10 are left and 25 are burned: the grant takes 10, the overdraft 15. Then 50 arrive and take the
/// 15 over, which leaves 35; the overdraft is voided.
#[test]
fn the_published_example() {
    assert_snapshot!(run("
        at 01-01  grant A 10
                  consume 25
                  balance
                  grants
        at 01-02  grant B 50
                  grants
    "), @r"
    > at 01-01 grant A 10
        01-01  CREDITS_GRANTED A +10 = 10
    > consume 25
        01-01  CREDITS_CONSUMED A -10 = 0
        01-01  CREDITS_CONSUMED overdraft -15 = -15
    > balance
    balance: 10 granted - 25 used = -15
    > grants
        A ACTIVE: 10 = 10 consumed, 0 held, 0 lost, 0 left
        overdraft ACTIVE: 0 = 15 consumed, 0 held, 0 lost, 0 left
    > at 01-02 grant B 50
        01-02  CREDITS_GRANTED B +50 = 35
        01-02  CREDITS_CONSUMPTION_TRANSFER_SOURCE overdraft +15 = 50  (follows)
        01-02  CREDITS_CONSUMPTION_TRANSFER_TARGET B -15 = 35  (follows)
        01-02  CREDITS_VOIDED overdraft 0 = 35  (follows)
    > grants
        A ACTIVE: 10 = 10 consumed, 0 held, 0 lost, 0 left
        overdraft VOIDED: 0 = 0 consumed, 0 held, 0 lost, 0 left
        B ACTIVE: 50 = 15 consumed, 0 held, 0 lost, 35 left
    balance: 60 granted - 25 used = 35
    ");
}

#[test]
fn a_deficit_without_any_grant() {
    assert_snapshot!(run("
        at 01-01  consume 5
                  consume 2.5
                  grants
    "), @r"
    > at 01-01 consume 5
        01-01  CREDITS_CONSUMED overdraft -5 = -5
    > consume 2.5
        01-01  CREDITS_CONSUMED overdraft -2.5 = -7.5
    > grants
        overdraft ACTIVE: 0 = 7.5 consumed, 0 held, 0 lost, 0 left
    balance: 0 granted - 7.5 used = -7.5
    ");
}

/// 20 is owed and 5 arrive: the same overdraft goes on with 15; then 15 settle it exactly.
#[test]
fn partial_cover_leaves_the_rest() {
    assert_snapshot!(run("
        at 01-01  consume 20
        at 01-02  grant A 5
                  grants
        at 01-03  grant B 15
                  grants
    "), @r"
    > at 01-01 consume 20
        01-01  CREDITS_CONSUMED overdraft -20 = -20
    > at 01-02 grant A 5
        01-02  CREDITS_GRANTED A +5 = -15
        01-02  CREDITS_CONSUMPTION_TRANSFER_SOURCE overdraft +5 = -10  (follows)
        01-02  CREDITS_CONSUMPTION_TRANSFER_TARGET A -5 = -15  (follows)
    > grants
        overdraft ACTIVE: 0 = 15 consumed, 0 held, 0 lost, 0 left
        A ACTIVE: 5 = 5 consumed, 0 held, 0 lost, 0 left
    > at 01-03 grant B 15
        01-03  CREDITS_GRANTED B +15 = 0
        01-03  CREDITS_CONSUMPTION_TRANSFER_SOURCE overdraft +15 = 15  (follows)
        01-03  CREDITS_CONSUMPTION_TRANSFER_TARGET B -15 = 0  (follows)
        01-03  CREDITS_VOIDED overdraft 0 = 0  (follows)
    > grants
        overdraft VOIDED: 0 = 0 consumed, 0 held, 0 lost, 0 left
        A ACTIVE: 5 = 5 consumed, 0 held, 0 lost, 0 left
        B ACTIVE: 15 = 15 consumed, 0 held, 0 lost, 0 left
    balance: 20 granted - 20 used = 0
    ");
}

#[test]
fn a_new_deficit_opens_a_new_overdraft() {
    assert_snapshot!(run("
        at 01-01  consume 5
                  grant A 5
                  consume 3
                  grants
    "), @r"
    > at 01-01 consume 5
        01-01  CREDITS_CONSUMED overdraft -5 = -5
    > grant A 5
        01-01  CREDITS_GRANTED A +5 = 0
        01-01  CREDITS_CONSUMPTION_TRANSFER_SOURCE overdraft +5 = 5  (follows)
        01-01  CREDITS_CONSUMPTION_TRANSFER_TARGET A -5 = 0  (follows)
        01-01  CREDITS_VOIDED overdraft 0 = 0  (follows)
    > consume 3
        01-01  CREDITS_CONSUMED overdraft-2 -3 = -3
    > grants
        overdraft VOIDED: 0 = 0 consumed, 0 held, 0 lost, 0 left
        A ACTIVE: 5 = 5 consumed, 0 held, 0 lost, 0 left
        overdraft-2 ACTIVE: 0 = 3 consumed, 0 held, 0 lost, 0 left
    balance: 5 granted - 8 used = -3
    ");
}

/// The first scheduled grant to come in settles what it can, then the next.
#[test]
fn a_grant_that_becomes_usable_settles() {
    assert_snapshot!(run("
        at 01-01  grant B 10 from 01-03
                  grant A 10 from 01-02
                  consume 15
        at 01-05  advance
    "), @r"
    > at 01-01 grant B 10 from 01-03
    > grant A 10 from 01-02
    > consume 15
        01-01  CREDITS_CONSUMED overdraft -15 = -15
    > at 01-05 advance
        01-02  CREDITS_GRANTED A +10 = -5  (time)
        01-02  CREDITS_CONSUMPTION_TRANSFER_SOURCE overdraft +10 = 5  (follows)
        01-02  CREDITS_CONSUMPTION_TRANSFER_TARGET A -10 = -5  (follows)
        01-03  CREDITS_GRANTED B +10 = 5  (time)
        01-03  CREDITS_CONSUMPTION_TRANSFER_SOURCE overdraft +5 = 10  (follows)
        01-03  CREDITS_CONSUMPTION_TRANSFER_TARGET B -5 = 5  (follows)
        01-03  CREDITS_VOIDED overdraft 0 = 5  (follows)
    balance: 20 granted - 15 used = 5
    ");
}

#[test]
fn a_payment_settles() {
    assert_snapshot!(run("
        at 01-01  grant A 10 pending
                  consume 4
        at 01-02  pay A
    "), @r"
    > at 01-01 grant A 10 pending
    > consume 4
        01-01  CREDITS_CONSUMED overdraft -4 = -4
    > at 01-02 pay A
        01-02  CREDITS_GRANTED A +10 = 6
        01-02  CREDITS_CONSUMPTION_TRANSFER_SOURCE overdraft +4 = 10  (follows)
        01-02  CREDITS_CONSUMPTION_TRANSFER_TARGET A -4 = 6  (follows)
        01-02  CREDITS_VOIDED overdraft 0 = 6  (follows)
    balance: 10 granted - 4 used = 6
    ");
}

/// Held credits never settle. The release gives 40 back, all of which goes to the deficit of 60.
#[test]
fn a_release_settles() {
    assert_snapshot!(run("
        at 01-01T00:00  grant A 100
                        reserve job 60 until 01-01T12:00
                        consume 100
                        balance
        at 01-01T01:00  release job 20
                        grants
    "), @r"
    > at 01-01T00:00 grant A 100
        01-01  CREDITS_GRANTED A +100 = 100
    > reserve job 60 until 01-01T12:00
        01-01  CREDITS_RESERVED A -60 [job: A -60] = 40
    > consume 100
        01-01  CREDITS_CONSUMED A -40 = 0
        01-01  CREDITS_CONSUMED overdraft -60 = -60
    > balance
    balance: 100 granted - 160 used = -60, 60 reserved, valid until 01-01T12:00
    > at 01-01T01:00 release job 20
        01-01T01:00  CREDITS_RESERVATION_RELEASED A +40 [job, 60 returned: A -20] = -20
        01-01T01:00  CREDITS_CONSUMPTION_TRANSFER_SOURCE overdraft +40 = 20  (follows)
        01-01T01:00  CREDITS_CONSUMPTION_TRANSFER_TARGET A -40 = -20  (follows)
    > grants
        A ACTIVE: 100 = 100 consumed, 0 held, 0 lost, 0 left
        overdraft ACTIVE: 0 = 20 consumed, 0 held, 0 lost, 0 left
    balance: 100 granted - 120 used = -20
    ");
}

/// The hold held 20 of A and 40 of B. Its end frees them; they settle in burn order, one pair of
/// transfers for each grant: 20 of A, then 30 of B.
#[test]
fn a_hold_that_times_out_settles_grant_by_grant() {
    assert_snapshot!(run("
        at 01-01T00:00  grant A 20 priority 1
                        grant B 40 priority 2
                        reserve job 60 until 01-01T12:00
                        consume 50
        at 01-02        advance
                        grants
    "), @r"
    > at 01-01T00:00 grant A 20 priority 1
        01-01  CREDITS_GRANTED A +20 = 20
    > grant B 40 priority 2
        01-01  CREDITS_GRANTED B +40 = 60
    > reserve job 60 until 01-01T12:00
        01-01  CREDITS_RESERVED A -60 [job: A -20, B -40] = 0
    > consume 50
        01-01  CREDITS_CONSUMED overdraft -50 = -50
    > at 01-02 advance
        01-01T12:00  CREDITS_RESERVATION_EXPIRED A +60 [job: A +20, B +40] = 10  (time)
        01-01T12:00  CREDITS_CONSUMPTION_TRANSFER_SOURCE overdraft +20 = 30  (follows)
        01-01T12:00  CREDITS_CONSUMPTION_TRANSFER_TARGET A -20 = 10  (follows)
        01-01T12:00  CREDITS_CONSUMPTION_TRANSFER_SOURCE overdraft +30 = 40  (follows)
        01-01T12:00  CREDITS_CONSUMPTION_TRANSFER_TARGET B -30 = 10  (follows)
        01-01T12:00  CREDITS_VOIDED overdraft 0 = 10  (follows)
    > grants
        A ACTIVE: 20 = 20 consumed, 0 held, 0 lost, 0 left
        B ACTIVE: 40 = 30 consumed, 0 held, 0 lost, 10 left
        overdraft VOIDED: 0 = 0 consumed, 0 held, 0 lost, 0 left
    balance: 60 granted - 50 used = 10
    ");
}

/// Priority 100 is where the overdraft stands; a grant of the same priority is used before it.
#[test]
fn a_grant_of_the_last_priority_burns_before_the_overdraft() {
    assert_snapshot!(run("
        at 01-01  grant A 10 priority 100
                  consume 12
    "), @r"
    > at 01-01 grant A 10 priority 100
        01-01  CREDITS_GRANTED A +10 = 10
    > consume 12
        01-01  CREDITS_CONSUMED A -10 = 0
        01-01  CREDITS_CONSUMED overdraft -2 = -2
    balance: 10 granted - 12 used = -2
    ");
}

/// Voiding or losing a used-up grant changes nothing about who owes what.
#[test]
fn the_end_of_a_used_up_grant_leaves_the_deficit() {
    assert_snapshot!(run("
        at 01-01  grant A 10 expires 02-01
                  grant B 10
                  consume 25
                  void B
        at 02-01  advance
                  grants
    "), @r"
    > at 01-01 grant A 10 expires 02-01
        01-01  CREDITS_GRANTED A +10 = 10
    > grant B 10
        01-01  CREDITS_GRANTED B +10 = 20
    > consume 25
        01-01  CREDITS_CONSUMED A -10 = 10
        01-01  CREDITS_CONSUMED B -10 = 0
        01-01  CREDITS_CONSUMED overdraft -5 = -5
    > void B
        01-01  CREDITS_VOIDED B 0 = -5
    > at 02-01 advance
        02-01  CREDITS_EXPIRED A 0 = -5  (time)
    > grants
        A EXPIRED: 10 = 10 consumed, 0 held, 0 lost, 0 left
        B VOIDED: 10 = 10 consumed, 0 held, 0 lost, 0 left
        overdraft ACTIVE: 0 = 5 consumed, 0 held, 0 lost, 0 left
    balance: 0 granted - 5 used = -5
    ");
}

/// What was lent cannot be taken back or edited by hand; settled or not, it is an overdraft.
#[test]
fn nobody_voids_or_edits_an_overdraft() {
    assert_snapshot!(run("
        at 01-01  consume 5
                  void overdraft
                  edit overdraft priority 1
                  edit overdraft
                  edit overdraft expires 01-01
    "), @r"
    > at 01-01 consume 5
        01-01  CREDITS_CONSUMED overdraft -5 = -5
    > void overdraft
        refused: the credit grant cannot be voided or changed: it is an overdraft
    > edit overdraft priority 1
        refused: the credit grant cannot be voided or changed: it is an overdraft
    > edit overdraft
        refused: the credit grant cannot be voided or changed: it is an overdraft
    > edit overdraft expires 01-01
        refused: expireAt must be later than effectiveAt
    balance: 0 granted - 5 used = -5
    ");
}

//! Undoing a consumption that moved because the money of its grant went back (decisions 47, 69).

use insta::assert_snapshot;

use crate::script::run;

/// What was consumed of a grant whose money went back stands elsewhere, and is given back there.
#[test]
fn a_consumption_that_moved_is_given_back_where_it_went() {
    assert_snapshot!(run("
        at 01-01  grant A 100 paid priority 1
                  consume 80 as c1
                  return A 60
                  grants
                  refund c1 50
                  grants
                  grant B 100 priority 2
                  return A 100
                  grants
                  refund c1 all
                  grants
                  balance
    "), @r"
    > at 01-01 grant A 100 paid priority 1
        01-01  CREDITS_GRANTED A +100 = 100
    > consume 80 as c1
        01-01  CREDITS_CONSUMED A -80 = 20
    > return A 60
        01-01  CREDITS_VOIDED A -20 = 0  (follows)
        01-01  CREDITS_CONSUMPTION_TRANSFER_SOURCE A +40 = 40  (follows)
        01-01  CREDITS_CONSUMPTION_TRANSFER_TARGET overdraft -40 = 0  (follows)
        01-01  CREDITS_VOIDED A -40 = -40  (follows)
    > grants
        A ACTIVE: 100 = 40 consumed, 0 held, 60 lost, 0 left
        overdraft ACTIVE: 0 = 40 consumed, 0 held, 0 lost, 0 left
    > refund c1 50
        01-01  CREDITS_CONSUMED A +40 = 0
        01-01  CREDITS_CONSUMED overdraft +10 = 10
        01-01  CREDITS_CONSUMPTION_TRANSFER_SOURCE overdraft +30 = 40  (follows)
        01-01  CREDITS_CONSUMPTION_TRANSFER_TARGET A -30 = 10  (follows)
        01-01  CREDITS_VOIDED overdraft 0 = 10  (follows)
    > grants
        A ACTIVE: 100 = 30 consumed, 0 held, 60 lost, 10 left
        overdraft VOIDED: 0 = 0 consumed, 0 held, 0 lost, 0 left
    > grant B 100 priority 2
        01-01  CREDITS_GRANTED B +100 = 110
    > return A 100
        01-01  CREDITS_VOIDED A -10 = 100  (follows)
        01-01  CREDITS_CONSUMPTION_TRANSFER_SOURCE A +30 = 130  (follows)
        01-01  CREDITS_CONSUMPTION_TRANSFER_TARGET overdraft-2 -30 = 100  (follows)
        01-01  CREDITS_VOIDED A -30 = 70  (follows)
        01-01  CREDITS_CONSUMPTION_TRANSFER_SOURCE overdraft-2 +30 = 100  (follows)
        01-01  CREDITS_CONSUMPTION_TRANSFER_TARGET B -30 = 70  (follows)
        01-01  CREDITS_VOIDED overdraft-2 0 = 70  (follows)
    > grants
        A VOIDED: 100 = 0 consumed, 0 held, 100 lost, 0 left
        overdraft VOIDED: 0 = 0 consumed, 0 held, 0 lost, 0 left
        B ACTIVE: 100 = 30 consumed, 0 held, 0 lost, 70 left
        overdraft-2 VOIDED: 0 = 0 consumed, 0 held, 0 lost, 0 left
    > refund c1 all
        01-01  CREDITS_CONSUMED B +30 = 100
    > grants
        A VOIDED: 100 = 0 consumed, 0 held, 100 lost, 0 left
        overdraft VOIDED: 0 = 0 consumed, 0 held, 0 lost, 0 left
        B ACTIVE: 100 = 0 consumed, 0 held, 0 lost, 100 left
        overdraft-2 VOIDED: 0 = 0 consumed, 0 held, 0 lost, 0 left
    > balance
    balance: 100 granted - 0 used = 100
    balance: 100 granted - 0 used = 100
    ");
}

/// Of a debt that other grants bear it goes to those, the newest first; a part that was taken from
/// these too goes on.
#[test]
fn a_consumption_that_moved_twice() {
    assert_snapshot!(run("
        at 01-01  grant A 30 paid priority 1
                  consume 30 as c1
                  return A 30
                  grant B 10 paid
                  grant C 40 paid
                  grants
                  return C 40
                  grants
                  refund c1 25
                  grants
                  refund c1 all
                  grants
                  balance
    "), @r"
    > at 01-01 grant A 30 paid priority 1
        01-01  CREDITS_GRANTED A +30 = 30
    > consume 30 as c1
        01-01  CREDITS_CONSUMED A -30 = 0
    > return A 30
        01-01  CREDITS_CONSUMPTION_TRANSFER_SOURCE A +30 = 30  (follows)
        01-01  CREDITS_CONSUMPTION_TRANSFER_TARGET overdraft -30 = 0  (follows)
        01-01  CREDITS_VOIDED A -30 = -30  (follows)
    > grant B 10 paid
        01-01  CREDITS_GRANTED B +10 = -20
        01-01  CREDITS_CONSUMPTION_TRANSFER_SOURCE overdraft +10 = -10  (follows)
        01-01  CREDITS_CONSUMPTION_TRANSFER_TARGET B -10 = -20  (follows)
    > grant C 40 paid
        01-01  CREDITS_GRANTED C +40 = 20
        01-01  CREDITS_CONSUMPTION_TRANSFER_SOURCE overdraft +20 = 40  (follows)
        01-01  CREDITS_CONSUMPTION_TRANSFER_TARGET C -20 = 20  (follows)
        01-01  CREDITS_VOIDED overdraft 0 = 20  (follows)
    > grants
        A VOIDED: 30 = 0 consumed, 0 held, 30 lost, 0 left
        overdraft VOIDED: 0 = 0 consumed, 0 held, 0 lost, 0 left
        B ACTIVE: 10 = 10 consumed, 0 held, 0 lost, 0 left
        C ACTIVE: 40 = 20 consumed, 0 held, 0 lost, 20 left
    > return C 40
        01-01  CREDITS_VOIDED C -20 = 0  (follows)
        01-01  CREDITS_CONSUMPTION_TRANSFER_SOURCE C +20 = 20  (follows)
        01-01  CREDITS_CONSUMPTION_TRANSFER_TARGET overdraft-2 -20 = 0  (follows)
        01-01  CREDITS_VOIDED C -20 = -20  (follows)
    > grants
        A VOIDED: 30 = 0 consumed, 0 held, 30 lost, 0 left
        overdraft VOIDED: 0 = 0 consumed, 0 held, 0 lost, 0 left
        B ACTIVE: 10 = 10 consumed, 0 held, 0 lost, 0 left
        C VOIDED: 40 = 0 consumed, 0 held, 40 lost, 0 left
        overdraft-2 ACTIVE: 0 = 20 consumed, 0 held, 0 lost, 0 left
    > refund c1 25
        01-01  CREDITS_CONSUMED overdraft-2 +20 = 0
        01-01  CREDITS_CONSUMED B +5 = 5
        01-01  CREDITS_VOIDED overdraft-2 0 = 5  (follows)
    > grants
        A VOIDED: 30 = 0 consumed, 0 held, 30 lost, 0 left
        overdraft VOIDED: 0 = 0 consumed, 0 held, 0 lost, 0 left
        B ACTIVE: 10 = 5 consumed, 0 held, 0 lost, 5 left
        C VOIDED: 40 = 0 consumed, 0 held, 40 lost, 0 left
        overdraft-2 VOIDED: 0 = 0 consumed, 0 held, 0 lost, 0 left
    > refund c1 all
        01-01  CREDITS_CONSUMED B +5 = 10
    > grants
        A VOIDED: 30 = 0 consumed, 0 held, 30 lost, 0 left
        overdraft VOIDED: 0 = 0 consumed, 0 held, 0 lost, 0 left
        B ACTIVE: 10 = 0 consumed, 0 held, 0 lost, 10 left
        C VOIDED: 40 = 0 consumed, 0 held, 40 lost, 0 left
        overdraft-2 VOIDED: 0 = 0 consumed, 0 held, 0 lost, 0 left
    > balance
    balance: 10 granted - 0 used = 10
    balance: 10 granted - 0 used = 10
    ");
}

/// What is given back to a grant of which more is claimed is taken at once.
#[test]
fn what_is_given_back_is_claimed() {
    assert_snapshot!(run("
        at 01-01  grant A 100 paid
                  consume 40 as c1
                  reserve job 60 until 01-02
                  return A 90
                  grants
                  refund c1 all
                  grants
                  release job 0
                  grants
                  balance
    "), @r"
    > at 01-01 grant A 100 paid
        01-01  CREDITS_GRANTED A +100 = 100
    > consume 40 as c1
        01-01  CREDITS_CONSUMED A -40 = 60
    > reserve job 60 until 01-02
        01-01  CREDITS_RESERVED A -60 [job: A -60] = 0
    > return A 90
        01-01  CREDITS_CONSUMPTION_TRANSFER_SOURCE A +40 = 40  (follows)
        01-01  CREDITS_CONSUMPTION_TRANSFER_TARGET overdraft -40 = 0  (follows)
        01-01  CREDITS_VOIDED A -40 = -40  (follows)
    > grants
        A ACTIVE: 100 = 0 consumed, 60 held, 40 lost, 0 left
        overdraft ACTIVE: 0 = 40 consumed, 0 held, 0 lost, 0 left
    > refund c1 all
        01-01  CREDITS_CONSUMED overdraft +40 = 0
        01-01  CREDITS_VOIDED overdraft 0 = 0  (follows)
    > grants
        A ACTIVE: 100 = 0 consumed, 60 held, 40 lost, 0 left
        overdraft VOIDED: 0 = 0 consumed, 0 held, 0 lost, 0 left
    > release job 0
        01-01  CREDITS_RESERVATION_RELEASED A +60 [job, 60 returned] = 60
        01-01  CREDITS_VOIDED A -50 = 10  (follows)
    > grants
        A ACTIVE: 100 = 0 consumed, 0 held, 90 lost, 10 left
        overdraft VOIDED: 0 = 0 consumed, 0 held, 0 lost, 0 left
    > balance
    balance: 10 granted - 0 used = 10
    balance: 10 granted - 0 used = 10
    ");
}

/// What passes an overdraft twice on its way counts twice against its moves.
#[test]
fn a_consumption_that_passed_an_overdraft_twice() {
    assert_snapshot!(run("
        at 01-01  consume 5 as c1
                  grant A 1
                  grant B 1 paid
                  return B 0.5
                  grant C 5
                  refund c1 4.75
                  grants
                  refund c1 all
                  grants
    "), @r"
    > at 01-01 consume 5 as c1
        01-01  CREDITS_CONSUMED overdraft -5 = -5
    > grant A 1
        01-01  CREDITS_GRANTED A +1 = -4
        01-01  CREDITS_CONSUMPTION_TRANSFER_SOURCE overdraft +1 = -3  (follows)
        01-01  CREDITS_CONSUMPTION_TRANSFER_TARGET A -1 = -4  (follows)
    > grant B 1 paid
        01-01  CREDITS_GRANTED B +1 = -3
        01-01  CREDITS_CONSUMPTION_TRANSFER_SOURCE overdraft +1 = -2  (follows)
        01-01  CREDITS_CONSUMPTION_TRANSFER_TARGET B -1 = -3  (follows)
    > return B 0.5
        01-01  CREDITS_CONSUMPTION_TRANSFER_SOURCE B +0.5 = -2.5  (follows)
        01-01  CREDITS_CONSUMPTION_TRANSFER_TARGET overdraft -0.5 = -3  (follows)
        01-01  CREDITS_VOIDED B -0.5 = -3.5  (follows)
    > grant C 5
        01-01  CREDITS_GRANTED C +5 = 1.5
        01-01  CREDITS_CONSUMPTION_TRANSFER_SOURCE overdraft +3.5 = 5  (follows)
        01-01  CREDITS_CONSUMPTION_TRANSFER_TARGET C -3.5 = 1.5  (follows)
        01-01  CREDITS_VOIDED overdraft 0 = 1.5  (follows)
    > refund c1 4.75
        01-01  CREDITS_CONSUMED C +3.5 = 5
        01-01  CREDITS_CONSUMED B +0.5 = 5.5
        01-01  CREDITS_CONSUMED A +0.75 = 6.25
    > grants
        overdraft VOIDED: 0 = 0 consumed, 0 held, 0 lost, 0 left
        A ACTIVE: 1 = 0.25 consumed, 0 held, 0 lost, 0.75 left
        B ACTIVE: 1 = 0 consumed, 0 held, 0.5 lost, 0.5 left
        C ACTIVE: 5 = 0 consumed, 0 held, 0 lost, 5 left
    > refund c1 all
        01-01  CREDITS_CONSUMED A +0.25 = 6.5
    > grants
        overdraft VOIDED: 0 = 0 consumed, 0 held, 0 lost, 0 left
        A ACTIVE: 1 = 0 consumed, 0 held, 0 lost, 1 left
        B ACTIVE: 1 = 0 consumed, 0 held, 0.5 lost, 0.5 left
        C ACTIVE: 5 = 0 consumed, 0 held, 0 lost, 5 left
    balance: 6.5 granted - 0 used = 6.5
    ");
}

/// What moved away from a grant, came back and moved away again leads in a circle, which a refund goes
/// round once, however little it gives back.
#[test]
fn a_consumption_that_moved_in_a_circle() {
    assert_snapshot!(run("
        at 01-01  grant A 10 paid
                  consume 10 as c1
                  return A 5
                  grant B 2
                  refund c1 3
                  return A 10
                  refund c1 5
                  refund c1 0.000000001
                  refund c1 1
                  grants
                  refund c1 all
                  grants
    "), @r"
    > at 01-01 grant A 10 paid
        01-01  CREDITS_GRANTED A +10 = 10
    > consume 10 as c1
        01-01  CREDITS_CONSUMED A -10 = 0
    > return A 5
        01-01  CREDITS_CONSUMPTION_TRANSFER_SOURCE A +5 = 5  (follows)
        01-01  CREDITS_CONSUMPTION_TRANSFER_TARGET overdraft -5 = 0  (follows)
        01-01  CREDITS_VOIDED A -5 = -5  (follows)
    > grant B 2
        01-01  CREDITS_GRANTED B +2 = -3
        01-01  CREDITS_CONSUMPTION_TRANSFER_SOURCE overdraft +2 = -1  (follows)
        01-01  CREDITS_CONSUMPTION_TRANSFER_TARGET B -2 = -3  (follows)
    > refund c1 3
        01-01  CREDITS_CONSUMED A +3 = 0
        01-01  CREDITS_CONSUMPTION_TRANSFER_SOURCE overdraft +3 = 3  (follows)
        01-01  CREDITS_CONSUMPTION_TRANSFER_TARGET A -3 = 0  (follows)
        01-01  CREDITS_VOIDED overdraft 0 = 0  (follows)
    > return A 10
        01-01  CREDITS_CONSUMPTION_TRANSFER_SOURCE A +5 = 5  (follows)
        01-01  CREDITS_CONSUMPTION_TRANSFER_TARGET overdraft-2 -5 = 0  (follows)
        01-01  CREDITS_VOIDED A -5 = -5  (follows)
    > refund c1 5
        01-01  CREDITS_CONSUMED overdraft-2 +5 = 0
        01-01  CREDITS_VOIDED overdraft-2 0 = 0  (follows)
    > refund c1 0.000000001
        01-01  CREDITS_CONSUMED B +0.000000001 = 0.000000001
    > refund c1 1
        01-01  CREDITS_CONSUMED B +1 = 1.000000001
    > grants
        A VOIDED: 10 = 0 consumed, 0 held, 10 lost, 0 left
        overdraft VOIDED: 0 = 0 consumed, 0 held, 0 lost, 0 left
        B ACTIVE: 2 = 0.999999999 consumed, 0 held, 0 lost, 1.000000001 left
        overdraft-2 VOIDED: 0 = 0 consumed, 0 held, 0 lost, 0 left
    > refund c1 all
        01-01  CREDITS_CONSUMED B +0.999999999 = 2
    > grants
        A VOIDED: 10 = 0 consumed, 0 held, 10 lost, 0 left
        overdraft VOIDED: 0 = 0 consumed, 0 held, 0 lost, 0 left
        B ACTIVE: 2 = 0 consumed, 0 held, 0 lost, 2 left
        overdraft-2 VOIDED: 0 = 0 consumed, 0 held, 0 lost, 0 left
    balance: 2 granted - 0 used = 2
    ");
}

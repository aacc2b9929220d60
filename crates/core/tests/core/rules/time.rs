//! The passing of time: a grant counts from its first instant until just before its last; rows
//! stand at the exact instant, whenever somebody looked.

use insta::assert_snapshot;

use crate::script::run;

#[test]
fn both_ends_are_exact() {
    assert_snapshot!(run("
        at 01-01                 grant A 10 from 01-02 expires 01-03
        at 01-01T23:59:59.999    balance
        at 01-02                 balance
        at 01-02T23:59:59.999    consume 1 or reject
        at 01-03                 consume 1 or reject
    "), @r"
    > at 01-01 grant A 10 from 01-02 expires 01-03
    > at 01-01T23:59:59.999 balance
    balance: 0 granted - 0 used = 0, valid until 01-02
    > at 01-02 balance
    balance: 10 granted - 0 used = 10, valid until 01-03
    > at 01-02T23:59:59.999 consume 1 or reject
        01-02  CREDITS_GRANTED A +10 = 10  (time)
        01-02T23:59:59.999  CREDITS_CONSUMED A -1 = 9
    > at 01-03 consume 1 or reject
        01-03  CREDITS_EXPIRED A -9 = 0  (time)
        refused: 1 credits are needed and 0 are available
    balance: 0 granted - 0 used = 0
    ");
}

#[test]
fn rows_carry_the_instant_not_the_moment_of_looking() {
    assert_snapshot!(run("
        at 01-01  grant A 10 from 01-02T03:04:05.678 expires 01-09T10:11:12.131
        at 03-01  consume 1
    "), @r"
    > at 01-01 grant A 10 from 01-02T03:04:05.678 expires 01-09T10:11:12.131
    > at 03-01 consume 1
        01-02T03:04:05.678  CREDITS_GRANTED A +10 = 10  (time)
        01-09T10:11:12.131  CREDITS_EXPIRED A -10 = 0  (time)
        03-01  CREDITS_CONSUMED overdraft -1 = -1
    balance: 0 granted - 1 used = -1
    ");
}

/// At one instant activations come first, then expiries, then the ends of holds; within each the
/// order of creation.
#[test]
fn the_order_of_one_instant() {
    assert_snapshot!(run("
        at 01-01T00:00  grant dies-1 10 expires 01-01T12:00
                        grant dies-2 10 expires 01-01T12:00
                        reserve a 1 until 01-01T12:00
                        reserve b 1 until 01-01T12:00
                        grant comes-1 10 from 01-01T12:00
                        grant comes-2 10 from 01-01T12:00 expires 01-01T18:00
        at 01-01T12:00  advance
    "), @r"
    > at 01-01T00:00 grant dies-1 10 expires 01-01T12:00
        01-01  CREDITS_GRANTED dies-1 +10 = 10
    > grant dies-2 10 expires 01-01T12:00
        01-01  CREDITS_GRANTED dies-2 +10 = 20
    > reserve a 1 until 01-01T12:00
        01-01  CREDITS_RESERVED dies-1 -1 [a: dies-1 -1] = 19
    > reserve b 1 until 01-01T12:00
        01-01  CREDITS_RESERVED dies-1 -1 [b: dies-1 -1] = 18
    > grant comes-1 10 from 01-01T12:00
    > grant comes-2 10 from 01-01T12:00 expires 01-01T18:00
    > at 01-01T12:00 advance
        01-01T12:00  CREDITS_GRANTED comes-1 +10 = 28  (time)
        01-01T12:00  CREDITS_GRANTED comes-2 +10 = 38  (time)
        01-01T12:00  CREDITS_EXPIRED dies-1 -8 = 30  (time)
        01-01T12:00  CREDITS_EXPIRED dies-2 -10 = 20  (time)
        01-01T12:00  CREDITS_RESERVATION_EXPIRED dies-1 +1 [a: dies-1 +1] = 21  (time)
        01-01T12:00  CREDITS_EXPIRED dies-1 -1 = 20  (follows)
        01-01T12:00  CREDITS_RESERVATION_EXPIRED dies-1 +1 [b: dies-1 +1] = 21  (time)
        01-01T12:00  CREDITS_EXPIRED dies-1 -1 = 20  (follows)
    balance: 20 granted - 0 used = 20, valid until 01-01T18:00
    ");
}

#[test]
fn a_used_up_grant_expires_with_a_row_of_nothing() {
    assert_snapshot!(run("
        at 01-01  grant A 10 expires 01-02
                  consume 10
        at 01-02  advance
                  grants
    "), @r"
    > at 01-01 grant A 10 expires 01-02
        01-01  CREDITS_GRANTED A +10 = 10
    > consume 10
        01-01  CREDITS_CONSUMED A -10 = 0
    > at 01-02 advance
        01-02  CREDITS_EXPIRED A 0 = 0  (time)
    > grants
        A EXPIRED: 10 = 10 consumed, 0 held, 0 lost, 0 left
    balance: 0 granted - 0 used = 0
    ");
}

/// The wallet's time never goes back: a command of an earlier clock happens at the last row's time.
#[test]
fn a_clock_that_goes_back_changes_nothing() {
    assert_snapshot!(run("
        at 01-10  grant A 10
        at 01-05  consume 1
                  grant B 10 expires 01-10
                  grant C 10 from 01-06 expires 01-10T00:00:00.001
                  reserve job 1 until 01-10
    "), @r"
    > at 01-10 grant A 10
        01-10  CREDITS_GRANTED A +10 = 10
    > at 01-05 consume 1
        01-10  CREDITS_CONSUMED A -1 = 9
    > grant B 10 expires 01-10
        refused: expireAt must be later than effectiveAt
    > grant C 10 from 01-06 expires 01-10T00:00:00.001
        01-10  CREDITS_GRANTED C +10 = 19
    > reserve job 1 until 01-10
        refused: expiresAt must be in the future, at most 24 hours ahead
    balance: 20 granted - 1 used = 19, valid until 01-10T00:00:00.001
    ");
}

/// A refused command still leaves the rows that time brought.
#[test]
fn a_refused_command_leaves_the_rows_of_time() {
    assert_snapshot!(run("
        at 01-01  grant A 10 expires 01-02
        at 01-03  consume 1 or reject
    "), @r"
    > at 01-01 grant A 10 expires 01-02
        01-01  CREDITS_GRANTED A +10 = 10
    > at 01-03 consume 1 or reject
        01-02  CREDITS_EXPIRED A -10 = 0  (time)
        refused: 1 credits are needed and 0 are available
    balance: 0 granted - 0 used = 0
    ");
}

#[test]
fn the_answer_is_valid_until_something_happens_by_itself() {
    assert_snapshot!(run("
        at 01-01T00:00  grant A 10 expires 03-01
                        balance
                        grant B 10 from 02-01
                        balance
                        reserve job 1 until 01-01T12:00
                        balance
                        release job 0
                        grant never 1
                        void A
                        void B
    "), @r"
    > at 01-01T00:00 grant A 10 expires 03-01
        01-01  CREDITS_GRANTED A +10 = 10
    > balance
    balance: 10 granted - 0 used = 10, valid until 03-01
    > grant B 10 from 02-01
    > balance
    balance: 10 granted - 0 used = 10, valid until 02-01
    > reserve job 1 until 01-01T12:00
        01-01  CREDITS_RESERVED A -1 [job: A -1] = 9
    > balance
    balance: 10 granted - 1 used = 9, 1 reserved, valid until 01-01T12:00
    > release job 0
        01-01  CREDITS_RESERVATION_RELEASED A +1 [job, 1 returned] = 10
    > grant never 1
        01-01  CREDITS_GRANTED never +1 = 11
    > void A
        01-01  CREDITS_VOIDED A -10 = 1
    > void B
        01-01  CREDITS_VOIDED B 0 = 1
    balance: 1 granted - 0 used = 1
    ");
}

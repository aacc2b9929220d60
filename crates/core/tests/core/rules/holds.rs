//! Reserve and settle: credits set aside leave the balance at once, and come back but for what the
//! job took.

use insta::assert_snapshot;

use crate::script::run;

#[test]
fn reserve_and_settle() {
    assert_snapshot!(run("
        at 01-01T00:00  grant A 100
                        reserve job 30 until 01-02
                        balance
        at 01-01T01:00  release job 20
    "), @r"
    > at 01-01T00:00 grant A 100
        01-01  CREDITS_GRANTED A +100 = 100
    > reserve job 30 until 01-02
        01-01  CREDITS_RESERVED A -30 [job: A -30] = 70
    > balance
    balance: 100 granted - 30 used = 70, 30 reserved, valid until 01-02
    > at 01-01T01:00 release job 20
        01-01T01:00  CREDITS_RESERVATION_RELEASED A +10 [job, 30 returned: A -20] = 80
    balance: 100 granted - 20 used = 80
    ");
}

/// The second release finds no hold: the ledger, which remembers the first, answers it.
#[test]
fn a_release_of_nothing_gives_everything_back() {
    assert_snapshot!(run("
        at 01-01T00:00  grant A 100
                        reserve job 30 until 01-01T12:00
                        release job 0
                        release job 0
    "), @r#"
    > at 01-01T00:00 grant A 100
        01-01  CREDITS_GRANTED A +100 = 100
    > reserve job 30 until 01-01T12:00
        01-01  CREDITS_RESERVED A -30 [job: A -30] = 70
    > release job 0
        01-01  CREDITS_RESERVATION_RELEASED A +30 [job, 30 returned] = 100
    > release job 0
        refused: reservation "job" was not found
    balance: 100 granted - 0 used = 100
    "#);
}

/// Held on two grants in burn order, charged in the same order: 20 of A and 5 of B.
#[test]
fn a_hold_over_several_grants() {
    assert_snapshot!(run("
        at 01-01T00:00  grant A 20 expires 06-01
                        grant B 30
                        reserve job 40 until 01-01T12:00
                        release job 25
                        grants
    "), @r"
    > at 01-01T00:00 grant A 20 expires 06-01
        01-01  CREDITS_GRANTED A +20 = 20
    > grant B 30
        01-01  CREDITS_GRANTED B +30 = 50
    > reserve job 40 until 01-01T12:00
        01-01  CREDITS_RESERVED A -40 [job: A -20, B -20] = 10
    > release job 25
        01-01  CREDITS_RESERVATION_RELEASED A +15 [job, 40 returned: A -20, B -5] = 25
    > grants
        A ACTIVE: 20 = 20 consumed, 0 held, 0 lost, 0 left
        B ACTIVE: 30 = 5 consumed, 0 held, 0 lost, 25 left
    balance: 50 granted - 25 used = 25, valid until 06-01
    ");
}

/// 30 held, 45 taken: 30 from the hold, 10 that are still there (on the same grant, one element), 5
/// overdrawn. The release is −15.
#[test]
fn more_consumed_than_held() {
    assert_snapshot!(run("
        at 01-01T00:00  grant A 40
                        reserve job 30 until 01-01T12:00
                        release job 45
                        grants
    "), @r"
    > at 01-01T00:00 grant A 40
        01-01  CREDITS_GRANTED A +40 = 40
    > reserve job 30 until 01-01T12:00
        01-01  CREDITS_RESERVED A -30 [job: A -30] = 10
    > release job 45
        01-01  CREDITS_RESERVATION_RELEASED A -15 [job, 30 returned: A -40, overdraft -5] = -5
    > grants
        A ACTIVE: 40 = 40 consumed, 0 held, 0 lost, 0 left
        overdraft ACTIVE: 0 = 5 consumed, 0 held, 0 lost, 0 left
    balance: 40 granted - 45 used = -5
    ");
}

#[test]
fn a_timed_out_hold_comes_back_and_settles_late_once() {
    assert_snapshot!(run("
        at 01-01T00:00  grant A 20 expires 06-01
                        grant B 30
                        reserve job 25 until 01-01T12:00
        at 01-01T12:00  balance
                        release job 10
                        release job 10
    "), @r#"
    > at 01-01T00:00 grant A 20 expires 06-01
        01-01  CREDITS_GRANTED A +20 = 20
    > grant B 30
        01-01  CREDITS_GRANTED B +30 = 50
    > reserve job 25 until 01-01T12:00
        01-01  CREDITS_RESERVED A -25 [job: A -20, B -5] = 25
    > at 01-01T12:00 balance
    balance: 50 granted - 0 used = 50, valid until 06-01
    > release job 10
        01-01T12:00  CREDITS_RESERVATION_EXPIRED A +25 [job: A +20, B +5] = 50  (time)
        01-01T12:00  CREDITS_RESERVATION_RELEASED A -10 [job, 0 returned: A -10] = 40
    > release job 10
        refused: reservation "job" was not found
    balance: 50 granted - 10 used = 40, valid until 06-01
    "#);
}

#[test]
fn a_late_settlement_may_overdraw_and_may_be_of_nothing() {
    assert_snapshot!(run("
        at 01-01T00:00  grant A 20
                        reserve a 5 until 01-01T12:00
                        reserve b 5 until 01-01T12:00
        at 01-02        release a 30
                        release b 0
    "), @r"
    > at 01-01T00:00 grant A 20
        01-01  CREDITS_GRANTED A +20 = 20
    > reserve a 5 until 01-01T12:00
        01-01  CREDITS_RESERVED A -5 [a: A -5] = 15
    > reserve b 5 until 01-01T12:00
        01-01  CREDITS_RESERVED A -5 [b: A -5] = 10
    > at 01-02 release a 30
        01-01T12:00  CREDITS_RESERVATION_EXPIRED A +5 [a: A +5] = 15  (time)
        01-01T12:00  CREDITS_RESERVATION_EXPIRED A +5 [b: A +5] = 20  (time)
        01-02  CREDITS_RESERVATION_RELEASED A -30 [a, 0 returned: A -20, overdraft -10] = -10
    > release b 0
        01-02  CREDITS_RESERVATION_RELEASED A 0 [b, 0 returned] = -10
    balance: 20 granted - 30 used = -10
    ");
}

/// 500 are there and six times 75 fit: the seventh is denied, and nothing is held for it. What a
/// release gives back is there for the next.
#[test]
fn as_many_as_fit() {
    assert_snapshot!(run("
        at 01-01T00:00  grant A 500
                        reserve 1 75 until 01-01T12:00
                        reserve 2 75 until 01-01T12:00
                        reserve 3 75 until 01-01T12:00
                        reserve 4 75 until 01-01T12:00
                        reserve 5 75 until 01-01T12:00
                        reserve 6 75 until 01-01T12:00
                        reserve 7 75 until 01-01T12:00
                        release 1 50
                        reserve 8 75 until 01-01T12:00
    "), @r"
    > at 01-01T00:00 grant A 500
        01-01  CREDITS_GRANTED A +500 = 500
    > reserve 1 75 until 01-01T12:00
        01-01  CREDITS_RESERVED A -75 [1: A -75] = 425
    > reserve 2 75 until 01-01T12:00
        01-01  CREDITS_RESERVED A -75 [2: A -75] = 350
    > reserve 3 75 until 01-01T12:00
        01-01  CREDITS_RESERVED A -75 [3: A -75] = 275
    > reserve 4 75 until 01-01T12:00
        01-01  CREDITS_RESERVED A -75 [4: A -75] = 200
    > reserve 5 75 until 01-01T12:00
        01-01  CREDITS_RESERVED A -75 [5: A -75] = 125
    > reserve 6 75 until 01-01T12:00
        01-01  CREDITS_RESERVED A -75 [6: A -75] = 50
    > reserve 7 75 until 01-01T12:00
        refused: 75 credits are needed and 50 are available
    > release 1 50
        01-01  CREDITS_RESERVATION_RELEASED A +25 [1, 75 returned: A -50] = 75
    > reserve 8 75 until 01-01T12:00
        01-01  CREDITS_RESERVED A -75 [8: A -75] = 0
    balance: 500 granted - 500 used = 0, 450 reserved, valid until 01-01T12:00
    ");
}

/// A name that is open, then the times, then the balance. A hold never overdraws, not even where a
/// consumption would.
#[test]
fn refusals_in_their_order() {
    assert_snapshot!(run("
        at 01-01T00:00  grant A 10
                        reserve job 10 until 01-02
                        reserve job 99 until 2020-01-01
                        reserve other 99 until 01-01
                        reserve other 99 until 2020-01-01
                        reserve other 99 until 01-02T00:00:00.001
                        reserve other 1 until 01-02
                        consume 1
                        reserve other 1 until 01-02
                        release nobody 1
    "), @r#"
    > at 01-01T00:00 grant A 10
        01-01  CREDITS_GRANTED A +10 = 10
    > reserve job 10 until 01-02
        01-01  CREDITS_RESERVED A -10 [job: A -10] = 0
    > reserve job 99 until 2020-01-01
        refused: reservation "job" is open already
    > reserve other 99 until 01-01
        refused: expiresAt must be in the future, at most 24 hours ahead
    > reserve other 99 until 2020-01-01
        refused: expiresAt must be in the future, at most 24 hours ahead
    > reserve other 99 until 01-02T00:00:00.001
        refused: expiresAt must be in the future, at most 24 hours ahead
    > reserve other 1 until 01-02
        refused: 1 credits are needed and 0 are available
    > consume 1
        01-01  CREDITS_CONSUMED overdraft -1 = -1
    > reserve other 1 until 01-02
        refused: 1 credits are needed and -1 are available
    > release nobody 1
        refused: reservation "nobody" was not found
    balance: 10 granted - 11 used = -1, 10 reserved, valid until 01-02
    "#);
}

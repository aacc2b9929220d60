//! Holds whose grants end: the held part can still be consumed by its release, is outside of the
//! balance, and what is not consumed goes the way the grant went.

use insta::assert_snapshot;

use crate::script::run;

/// Hold 30 on a grant that dies, release 20: +30 − 20 = +10, and the 10 leave again at once.
#[test]
fn released_from_an_expired_grant() {
    assert_snapshot!(run("
        at 01-01T00:00  grant A 100 expires 01-01T12:00
                        reserve job 30 until 01-01T23:00
        at 01-01T12:00  balance
                        grants
                        release job 20
                        grants
    "), @r"
    > at 01-01T00:00 grant A 100 expires 01-01T12:00
        01-01  CREDITS_GRANTED A +100 = 100
    > reserve job 30 until 01-01T23:00
        01-01  CREDITS_RESERVED A -30 [job: A -30] = 70
    > at 01-01T12:00 balance
    balance: 0 granted - 0 used = 0, 30 reserved on dead grants, valid until 01-01T23:00
    > grants
        A ACTIVE: 100 = 0 consumed, 30 held, 0 lost, 70 left
    > release job 20
        01-01T12:00  CREDITS_EXPIRED A -70 = 0  (time)
        01-01T12:00  CREDITS_RESERVATION_RELEASED A +10 [job, 30 returned: A -20] = 10
        01-01T12:00  CREDITS_EXPIRED A -10 = 0  (follows)
    > grants
        A EXPIRED: 100 = 20 consumed, 0 held, 80 lost, 0 left
    balance: 0 granted - 0 used = 0
    ");
}

#[test]
fn released_from_a_voided_grant() {
    assert_snapshot!(run("
        at 01-01T00:00  grant A 100
                        reserve job 30 until 01-01T23:00
                        void A
                        balance
                        grants
                        release job 20
                        grants
    "), @r"
    > at 01-01T00:00 grant A 100
        01-01  CREDITS_GRANTED A +100 = 100
    > reserve job 30 until 01-01T23:00
        01-01  CREDITS_RESERVED A -30 [job: A -30] = 70
    > void A
        01-01  CREDITS_VOIDED A -70 = 0
    > balance
    balance: 0 granted - 0 used = 0, 30 reserved on dead grants, valid until 01-01T23:00
    > grants
        A VOIDED: 100 = 0 consumed, 30 held, 70 lost, 0 left
    > release job 20
        01-01  CREDITS_RESERVATION_RELEASED A +10 [job, 30 returned: A -20] = 10
        01-01  CREDITS_VOIDED A -10 = 0  (follows)
    > grants
        A VOIDED: 100 = 20 consumed, 0 held, 80 lost, 0 left
    balance: 0 granted - 0 used = 0
    ");
}

#[test]
fn consumed_whole_nothing_is_left_to_go() {
    assert_snapshot!(run("
        at 01-01T00:00  grant A 30 expires 01-01T12:00
                        reserve job 30 until 01-01T23:00
        at 01-01T13:00  release job 30
                        grants
    "), @r"
    > at 01-01T00:00 grant A 30 expires 01-01T12:00
        01-01  CREDITS_GRANTED A +30 = 30
    > reserve job 30 until 01-01T23:00
        01-01  CREDITS_RESERVED A -30 [job: A -30] = 0
    > at 01-01T13:00 release job 30
        01-01T12:00  CREDITS_EXPIRED A 0 = 0  (time)
        01-01T13:00  CREDITS_RESERVATION_RELEASED A 0 [job, 30 returned: A -30] = 0
    > grants
        A EXPIRED: 30 = 30 consumed, 0 held, 0 lost, 0 left
    balance: 0 granted - 0 used = 0
    ");
}

/// What exceeds the hold is consumed normally: the dead grant has nothing more to give.
#[test]
fn more_consumed_than_held_on_it() {
    assert_snapshot!(run("
        at 01-01T12:00  grant A 100 expires 01-01T18:00
                        reserve job 30 until 01-02T12:00
                        grant B 5
        at 01-02        release job 40
                        grants
    "), @r"
    > at 01-01T12:00 grant A 100 expires 01-01T18:00
        01-01T12:00  CREDITS_GRANTED A +100 = 100
    > reserve job 30 until 01-02T12:00
        01-01T12:00  CREDITS_RESERVED A -30 [job: A -30] = 70
    > grant B 5
        01-01T12:00  CREDITS_GRANTED B +5 = 75
    > at 01-02 release job 40
        01-01T18:00  CREDITS_EXPIRED A -70 = 5  (time)
        01-02  CREDITS_RESERVATION_RELEASED A -10 [job, 30 returned: A -30, B -5, overdraft -5] = -5
    > grants
        A EXPIRED: 100 = 30 consumed, 0 held, 70 lost, 0 left
        B ACTIVE: 5 = 5 consumed, 0 held, 0 lost, 0 left
        overdraft ACTIVE: 0 = 5 consumed, 0 held, 0 lost, 0 left
    balance: 5 granted - 10 used = -5
    ");
}

#[test]
fn timed_out_on_a_dead_grant() {
    assert_snapshot!(run("
        at 01-01T00:00  grant A 30 expires 01-01T12:00
                        reserve job 30 until 01-01T18:00
        at 01-02        advance
                        grants
    "), @r"
    > at 01-01T00:00 grant A 30 expires 01-01T12:00
        01-01  CREDITS_GRANTED A +30 = 30
    > reserve job 30 until 01-01T18:00
        01-01  CREDITS_RESERVED A -30 [job: A -30] = 0
    > at 01-02 advance
        01-01T12:00  CREDITS_EXPIRED A 0 = 0  (time)
        01-01T18:00  CREDITS_RESERVATION_EXPIRED A +30 [job: A +30] = 30  (time)
        01-01T18:00  CREDITS_EXPIRED A -30 = 0  (follows)
    > grants
        A EXPIRED: 30 = 0 consumed, 0 held, 30 lost, 0 left
    balance: 0 granted - 0 used = 0
    ");
}

/// At one instant the grant ends first, then the hold: all of it is gone.
#[test]
fn grant_and_hold_end_at_one_instant() {
    assert_snapshot!(run("
        at 01-01T00:00  grant A 50 expires 01-01T12:00
                        reserve job 30 until 01-01T12:00
        at 01-01T12:00  advance
                        grants
    "), @r"
    > at 01-01T00:00 grant A 50 expires 01-01T12:00
        01-01  CREDITS_GRANTED A +50 = 50
    > reserve job 30 until 01-01T12:00
        01-01  CREDITS_RESERVED A -30 [job: A -30] = 20
    > at 01-01T12:00 advance
        01-01T12:00  CREDITS_EXPIRED A -20 = 0  (time)
        01-01T12:00  CREDITS_RESERVATION_EXPIRED A +30 [job: A +30] = 30  (time)
        01-01T12:00  CREDITS_EXPIRED A -30 = 0  (follows)
    > grants
        A EXPIRED: 50 = 0 consumed, 0 held, 50 lost, 0 left
    balance: 0 granted - 0 used = 0
    ");
}

/// A hold over a dead and a living grant: consumed in the order that was fixed, 10 of the dead one;
/// the rest of each goes its own way.
#[test]
fn half_dead() {
    assert_snapshot!(run("
        at 01-01T00:00  grant A 15 expires 01-01T12:00
                        grant B 30
                        reserve job 40 until 01-01T23:00
        at 01-01T13:00  release job 10
                        grants
    "), @r"
    > at 01-01T00:00 grant A 15 expires 01-01T12:00
        01-01  CREDITS_GRANTED A +15 = 15
    > grant B 30
        01-01  CREDITS_GRANTED B +30 = 45
    > reserve job 40 until 01-01T23:00
        01-01  CREDITS_RESERVED A -40 [job: A -15, B -25] = 5
    > at 01-01T13:00 release job 10
        01-01T12:00  CREDITS_EXPIRED A 0 = 5  (time)
        01-01T13:00  CREDITS_RESERVATION_RELEASED A +30 [job, 40 returned: A -10] = 35
        01-01T13:00  CREDITS_EXPIRED A -5 = 30  (follows)
    > grants
        A EXPIRED: 15 = 10 consumed, 0 held, 5 lost, 0 left
        B ACTIVE: 30 = 0 consumed, 0 held, 0 lost, 30 left
    balance: 30 granted - 0 used = 30
    ");
}

/// Two holds on one dead grant: each end takes only its own part away.
#[test]
fn two_holds_on_one_dead_grant() {
    assert_snapshot!(run("
        at 01-01T00:00  grant A 30
                        reserve a 10 until 01-01T22:00
                        reserve b 15 until 01-01T23:00
                        void A
        at 01-01T13:00  release a 4
                        grants
        at 01-02        advance
                        grants
    "), @r"
    > at 01-01T00:00 grant A 30
        01-01  CREDITS_GRANTED A +30 = 30
    > reserve a 10 until 01-01T22:00
        01-01  CREDITS_RESERVED A -10 [a: A -10] = 20
    > reserve b 15 until 01-01T23:00
        01-01  CREDITS_RESERVED A -15 [b: A -15] = 5
    > void A
        01-01  CREDITS_VOIDED A -5 = 0
    > at 01-01T13:00 release a 4
        01-01T13:00  CREDITS_RESERVATION_RELEASED A +6 [a, 10 returned: A -4] = 6
        01-01T13:00  CREDITS_VOIDED A -6 = 0  (follows)
    > grants
        A VOIDED: 30 = 4 consumed, 15 held, 11 lost, 0 left
    > at 01-02 advance
        01-01T23:00  CREDITS_RESERVATION_EXPIRED A +15 [b: A +15] = 15  (time)
        01-01T23:00  CREDITS_VOIDED A -15 = 0  (follows)
    > grants
        A VOIDED: 30 = 4 consumed, 0 held, 26 lost, 0 left
    balance: 0 granted - 0 used = 0
    ");
}

/// What comes back from a dead grant never settles a deficit.
#[test]
fn the_rest_of_a_dead_grant_settles_nothing() {
    assert_snapshot!(run("
        at 01-01T00:00  grant A 30 expires 01-01T12:00
                        reserve job 30 until 01-01T23:00
                        consume 7
        at 01-01T13:00  release job 20
    "), @r"
    > at 01-01T00:00 grant A 30 expires 01-01T12:00
        01-01  CREDITS_GRANTED A +30 = 30
    > reserve job 30 until 01-01T23:00
        01-01  CREDITS_RESERVED A -30 [job: A -30] = 0
    > consume 7
        01-01  CREDITS_CONSUMED overdraft -7 = -7
    > at 01-01T13:00 release job 20
        01-01T12:00  CREDITS_EXPIRED A 0 = -7  (time)
        01-01T13:00  CREDITS_RESERVATION_RELEASED A +10 [job, 30 returned: A -20] = 3
        01-01T13:00  CREDITS_EXPIRED A -10 = -7  (follows)
    balance: 0 granted - 7 used = -7
    ");
}

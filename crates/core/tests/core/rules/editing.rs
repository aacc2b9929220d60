//! Changing grants: priority and end, on grants that have not ended.

use insta::assert_snapshot;

use crate::script::run;

/// A new priority concerns later burns only.
#[test]
fn priority_concerns_later_burns() {
    assert_snapshot!(run("
        at 01-01  grant A 10
                  grant B 10
                  consume 2
                  edit B priority 1
                  consume 2
    "), @r"
    > at 01-01 grant A 10
        01-01  CREDITS_GRANTED A +10 = 10
    > grant B 10
        01-01  CREDITS_GRANTED B +10 = 20
    > consume 2
        01-01  CREDITS_CONSUMED A -2 = 18
    > edit B priority 1
        01-01  CREDITS_UPDATED B 0 = 18
    > consume 2
        01-01  CREDITS_CONSUMED B -2 = 16
    balance: 20 granted - 4 used = 16
    ");
}

/// A hold keeps the order that was fixed when it was placed: 5 of A, then B.
#[test]
fn holds_keep_their_order() {
    assert_snapshot!(run("
        at 01-01  grant A 5 priority 1
                  grant B 5 priority 2
                  reserve job 8 until 01-01T12:00
                  edit B priority 0
                  release job 6
    "), @r"
    > at 01-01 grant A 5 priority 1
        01-01  CREDITS_GRANTED A +5 = 5
    > grant B 5 priority 2
        01-01  CREDITS_GRANTED B +5 = 10
    > reserve job 8 until 01-01T12:00
        01-01  CREDITS_RESERVED A -8 [job: A -5, B -3] = 2
    > edit B priority 0
        01-01  CREDITS_UPDATED B 0 = 2
    > release job 6
        01-01  CREDITS_RESERVATION_RELEASED A +2 [job, 8 returned: A -5, B -1] = 4
    balance: 10 granted - 6 used = 4
    ");
}

#[test]
fn the_end_moves_both_ways() {
    assert_snapshot!(run("
        at 01-01  grant A 10 expires 01-10
                  grant B 10 expires 01-20
                  edit A expires never
                  edit B expires 01-05
                  balance
                  consume 1
        at 01-20  advance
                  edit A expires 01-25
        at 01-25  advance
    "), @r"
    > at 01-01 grant A 10 expires 01-10
        01-01  CREDITS_GRANTED A +10 = 10
    > grant B 10 expires 01-20
        01-01  CREDITS_GRANTED B +10 = 20
    > edit A expires never
        01-01  CREDITS_UPDATED A 0 = 20
    > edit B expires 01-05
        01-01  CREDITS_UPDATED B 0 = 20
    > balance
    balance: 20 granted - 0 used = 20, valid until 01-05
    > consume 1
        01-01  CREDITS_CONSUMED B -1 = 19
    > at 01-20 advance
        01-05  CREDITS_EXPIRED B -9 = 10  (time)
    > edit A expires 01-25
        01-20  CREDITS_UPDATED A 0 = 10
    > at 01-25 advance
        01-25  CREDITS_EXPIRED A -10 = 0  (time)
    balance: 0 granted - 0 used = 0
    ");
}

#[test]
fn grants_that_do_not_count_yet_can_be_edited() {
    assert_snapshot!(run("
        at 01-01  grant scheduled 10 from 01-05
                  edit scheduled expires 01-10
                  edit scheduled expires 01-05
                  grant unpaid 10 pending expires 01-10
                  edit unpaid expires never
        at 01-12  pay unpaid
                  grants
    "), @r"
    > at 01-01 grant scheduled 10 from 01-05
    > edit scheduled expires 01-10
        01-01  CREDITS_UPDATED scheduled 0 = 0
    > edit scheduled expires 01-05
        refused: expireAt must be later than effectiveAt
    > grant unpaid 10 pending expires 01-10
    > edit unpaid expires never
        01-01  CREDITS_UPDATED unpaid 0 = 0
    > at 01-12 pay unpaid
        01-05  CREDITS_GRANTED scheduled +10 = 10  (time)
        01-10  CREDITS_EXPIRED scheduled -10 = 0  (time)
        01-12  CREDITS_GRANTED unpaid +10 = 10
    > grants
        scheduled EXPIRED: 10 = 0 consumed, 0 held, 10 lost, 0 left
        unpaid ACTIVE: 10 = 0 consumed, 0 held, 0 lost, 10 left
    balance: 10 granted - 0 used = 10
    ");
}

/// Words alone are a change; no member at all writes no row.
#[test]
fn words_and_nothing() {
    assert_snapshot!(run("
        at 01-01  grant A 10
                  edit A comment hello
                  edit A
    "), @r"
    > at 01-01 grant A 10
        01-01  CREDITS_GRANTED A +10 = 10
    > edit A comment hello
        01-01  CREDITS_UPDATED A 0 = 10
    > edit A
    balance: 10 granted - 0 used = 10
    ");
}

/// What does not exist, then times, then what the grant is.
#[test]
fn refusals_in_their_order() {
    assert_snapshot!(run("
        at 01-01T00:00  edit nobody expires 2020-01-01
                        grant A 10 from 2025-12-01
                        edit A expires 2025-12-01
                        edit A expires 01-01
                        reserve a 1 until 01-01T23:00
                        void A
                        edit A expires 2025-12-01
                        edit A expires 01-01
                        edit A expires never
                        edit A
                        grant B 10 expires 01-01T12:00
                        reserve b 1 until 01-01T23:00
        at 01-01T12:00  edit B expires 01-01T12:00
                        edit B priority 3
                        edit B
    "), @r#"
    > at 01-01T00:00 edit nobody expires 2020-01-01
        refused: credit grant "cred-grant-0100000000z7" was not found
    > grant A 10 from 2025-12-01
        01-01  CREDITS_GRANTED A +10 = 10
    > edit A expires 2025-12-01
        refused: expireAt must be later than effectiveAt
    > edit A expires 01-01
        refused: expireAt must be in the future
    > reserve a 1 until 01-01T23:00
        01-01  CREDITS_RESERVED A -1 [a: A -1] = 9
    > void A
        01-01  CREDITS_VOIDED A -9 = 0
    > edit A expires 2025-12-01
        refused: expireAt must be later than effectiveAt
    > edit A expires 01-01
        refused: expireAt must be in the future
    > edit A expires never
        refused: the credit grant is already voided
    > edit A
        refused: the credit grant is already voided
    > grant B 10 expires 01-01T12:00
        01-01  CREDITS_GRANTED B +10 = 10
    > reserve b 1 until 01-01T23:00
        01-01  CREDITS_RESERVED B -1 [b: B -1] = 9
    > at 01-01T12:00 edit B expires 01-01T12:00
        01-01T12:00  CREDITS_EXPIRED B -9 = 0  (time)
        refused: expireAt must be in the future
    > edit B priority 3
        refused: the credit grant has expired and cannot be changed
    > edit B
        refused: the credit grant has expired and cannot be changed
    balance: 0 granted - 0 used = 0, 2 reserved on dead grants, valid until 01-01T23:00
    "#);
}

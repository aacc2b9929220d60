//! Making grants, their times, and their payment.

use insta::assert_snapshot;

use crate::script::run;

#[test]
fn effect_now_back_dated_and_later() {
    assert_snapshot!(run("
        at 02-01  grant now 1
                  grant back-dated 2 from 01-01
                  grant at-this-instant 3 from 02-01
                  grant later 4 from 02-01T00:00:00.001
                  grants
                  balance
        at 02-02  advance
    "), @r"
    > at 02-01 grant now 1
        02-01  CREDITS_GRANTED now +1 = 1
    > grant back-dated 2 from 01-01
        02-01  CREDITS_GRANTED back-dated +2 = 3
    > grant at-this-instant 3 from 02-01
        02-01  CREDITS_GRANTED at-this-instant +3 = 6
    > grant later 4 from 02-01T00:00:00.001
    > grants
        now ACTIVE: 1 = 0 consumed, 0 held, 0 lost, 1 left
        back-dated ACTIVE: 2 = 0 consumed, 0 held, 0 lost, 2 left
        at-this-instant ACTIVE: 3 = 0 consumed, 0 held, 0 lost, 3 left
        later SCHEDULED: 4 = 0 consumed, 0 held, 0 lost, 4 left
    > balance
    balance: 6 granted - 0 used = 6, valid until 02-01T00:00:00.001
    > at 02-02 advance
        02-01T00:00:00.001  CREDITS_GRANTED later +4 = 10  (time)
    balance: 10 granted - 0 used = 10
    ");
}

/// The end must lie after the beginning, which is now unless named; that comes before the past.
#[test]
fn impossible_times() {
    assert_snapshot!(run("
        at 02-01  grant A 1 from 03-01 expires 03-01
                  grant A 1 from 01-10 expires 01-05
                  grant A 1 expires 02-01
                  grant A 1 expires 01-01
                  grant A 1 from 01-01 expires 01-15
                  grant A 1 from 01-01 expires 02-01
                  grant A 1 from 01-01 expires 02-01T00:00:00.001
    "), @r"
    > at 02-01 grant A 1 from 03-01 expires 03-01
        refused: expireAt must be later than effectiveAt
    > grant A 1 from 01-10 expires 01-05
        refused: expireAt must be later than effectiveAt
    > grant A 1 expires 02-01
        refused: expireAt must be later than effectiveAt
    > grant A 1 expires 01-01
        refused: expireAt must be later than effectiveAt
    > grant A 1 from 01-01 expires 01-15
        refused: expireAt must be in the future
    > grant A 1 from 01-01 expires 02-01
        refused: expireAt must be in the future
    > grant A 1 from 01-01 expires 02-01T00:00:00.001
        02-01  CREDITS_GRANTED A +1 = 1
    balance: 1 granted - 0 used = 1, valid until 02-01T00:00:00.001
    ");
}

#[test]
fn an_unpaid_grant_counts_from_its_payment_on() {
    assert_snapshot!(run("
        at 01-01  grant A 10 pending expires 02-01
                  balance
        at 01-03  pay A
                  pay A
                  grants
    "), @r"
    > at 01-01 grant A 10 pending expires 02-01
    > balance
    balance: 0 granted - 0 used = 0
    > at 01-03 pay A
        01-03  CREDITS_GRANTED A +10 = 10
    > pay A
        refused: the credit grant awaits no payment
    > grants
        A ACTIVE: 10 = 0 consumed, 0 held, 0 lost, 10 left
    balance: 10 granted - 0 used = 10, valid until 02-01
    ");
}

#[test]
fn paid_before_its_first_instant_it_waits() {
    assert_snapshot!(run("
        at 01-01  grant A 10 pending from 01-05
        at 01-03  pay A
                  grants
        at 01-06  advance
    "), @r"
    > at 01-01 grant A 10 pending from 01-05
    > at 01-03 pay A
    > grants
        A SCHEDULED: 10 = 0 consumed, 0 held, 0 lost, 10 left
    > at 01-06 advance
        01-05  CREDITS_GRANTED A +10 = 10  (time)
    balance: 10 granted - 0 used = 10
    ");
}

/// Its own instants pass without effect while it is unpaid.
#[test]
fn unpaid_instants_bring_nothing() {
    assert_snapshot!(run("
        at 01-01  grant A 10 pending from 01-02 expires 01-04
        at 01-03  advance
                  grants
                  pay A
        at 01-04  advance
                  grants
    "), @r"
    > at 01-01 grant A 10 pending from 01-02 expires 01-04
    > at 01-03 advance
    > grants
        A PAYMENT_PENDING: 10 = 0 consumed, 0 held, 0 lost, 10 left
    > pay A
        01-03  CREDITS_GRANTED A +10 = 10
    > at 01-04 advance
        01-04  CREDITS_EXPIRED A -10 = 0  (time)
    > grants
        A EXPIRED: 10 = 0 consumed, 0 held, 10 lost, 0 left
    balance: 0 granted - 0 used = 0
    ");
}

/// Paid past its end: granted and expired at once. A debt is not settled from it.
#[test]
fn paid_too_late() {
    assert_snapshot!(run("
        at 01-01  grant A 10 pending expires 01-04
                  consume 3
        at 01-04  pay A
                  grants
    "), @r"
    > at 01-01 grant A 10 pending expires 01-04
    > consume 3
        01-01  CREDITS_CONSUMED overdraft -3 = -3
    > at 01-04 pay A
        01-04  CREDITS_GRANTED A +10 = 7
        01-04  CREDITS_EXPIRED A -10 = -3
    > grants
        A EXPIRED: 10 = 0 consumed, 0 held, 10 lost, 0 left
        overdraft ACTIVE: 0 = 3 consumed, 0 held, 0 lost, 0 left
    balance: 0 granted - 3 used = -3
    ");
}

/// The voided grant has left the wallet: the ledger, which keeps it, answers for it.
#[test]
fn payments_that_nobody_awaits() {
    assert_snapshot!(run("
        at 01-01  grant paid 10
                  pay paid
                  pay nobody
                  grant unpaid 10 pending
                  void unpaid
                  pay unpaid
    "), @r#"
    > at 01-01 grant paid 10
        01-01  CREDITS_GRANTED paid +10 = 10
    > pay paid
        refused: the credit grant awaits no payment
    > pay nobody
        refused: credit grant "cred-grant-0100000000z7" was not found
    > grant unpaid 10 pending
    > void unpaid
        01-01  CREDITS_VOIDED unpaid 0 = 10
    > pay unpaid
        refused: credit grant "cred-grant-010000000002" was not found
    balance: 10 granted - 0 used = 10
    "#);
}

#[test]
fn the_current_period_ends_with_its_recurring_grant() {
    assert_snapshot!(run("
        at 01-15  grant this-year 10 recurring expires 2027-01-01
                  grant this-period 10 recurring expires 02-01
                  grant next-period 10 recurring from 02-01 expires 03-01
                  balance
        at 02-01  advance
    "), @r"
    > at 01-15 grant this-year 10 recurring expires 2027-01-01
        01-15  CREDITS_GRANTED this-year +10 = 10
    > grant this-period 10 recurring expires 02-01
        01-15  CREDITS_GRANTED this-period +10 = 20
    > grant next-period 10 recurring from 02-01 expires 03-01
    > balance
    balance: 20 granted - 0 used = 20, valid until 02-01, period ends 02-01
    > at 02-01 advance
        02-01  CREDITS_GRANTED next-period +10 = 30  (time)
        02-01  CREDITS_EXPIRED this-period -10 = 20  (time)
    balance: 20 granted - 0 used = 20, valid until 03-01, period ends 03-01
    ");
}

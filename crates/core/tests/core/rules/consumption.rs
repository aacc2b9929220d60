//! Consumption: the hard stop, the attribution, and the order of its refusals.

use insta::assert_snapshot;

use crate::script::run;

#[test]
fn the_hard_stop_refuses_what_is_short_and_changes_nothing() {
    assert_snapshot!(run("
        at 01-01  grant A 10
                  consume 10.000000001 or reject
                  consume 10 or reject
                  consume 0.000000001 or reject
    "), @r"
    > at 01-01 grant A 10
        01-01  CREDITS_GRANTED A +10 = 10
    > consume 10.000000001 or reject
        refused: 10.000000001 credits are needed and 10 are available
    > consume 10 or reject
        01-01  CREDITS_CONSUMED A -10 = 0
    > consume 0.000000001 or reject
        refused: 0.000000001 credits are needed and 0 are available
    balance: 10 granted - 10 used = 0
    ");
}

/// Held credits are not there for others, and a deficit leaves nothing at all.
#[test]
fn the_hard_stop_counts_what_is_available() {
    assert_snapshot!(run("
        at 01-01  grant A 10
                  reserve job 6 until 01-01T12:00
                  consume 5 or reject
                  consume 4 or reject
                  consume 1
                  consume 1 or reject
    "), @r"
    > at 01-01 grant A 10
        01-01  CREDITS_GRANTED A +10 = 10
    > reserve job 6 until 01-01T12:00
        01-01  CREDITS_RESERVED A -6 [job: A -6] = 4
    > consume 5 or reject
        refused: 5 credits are needed and 4 are available
    > consume 4 or reject
        01-01  CREDITS_CONSUMED A -4 = 0
    > consume 1
        01-01  CREDITS_CONSUMED overdraft -1 = -1
    > consume 1 or reject
        refused: 1 credits are needed and -1 are available
    balance: 10 granted - 11 used = -1, 6 reserved, valid until 01-01T12:00
    ");
}

/// Grants are chosen by the time of processing; the row carries the attribution.
#[test]
fn attribution_does_not_choose_the_grant() {
    assert_snapshot!(run("
        at 01-01  grant old 10 expires 02-01
                  grant new 10
        at 02-02  consume 4 attributed 01-15
    "), @r"
    > at 01-01 grant old 10 expires 02-01
        01-01  CREDITS_GRANTED old +10 = 10
    > grant new 10
        01-01  CREDITS_GRANTED new +10 = 20
    > at 02-02 consume 4 attributed 01-15
        02-01  CREDITS_EXPIRED old -10 = 10  (time)
        02-02  CREDITS_CONSUMED new -4 = 6  attributed 01-15
    balance: 10 granted - 4 used = 6
    ");
}

/// The attribution stands on the consumption, also when it has to open an overdraft first.
#[test]
fn attribution_of_an_overdrawn_consumption() {
    assert_snapshot!(run("
        at 01-15  consume 4 attributed 01-02
                  grant A 3
                  consume 1 attributed 01-03
    "), @r"
    > at 01-15 consume 4 attributed 01-02
        01-15  CREDITS_CONSUMED overdraft -4 = -4  attributed 01-02
    > grant A 3
        01-15  CREDITS_GRANTED A +3 = -1
        01-15  CREDITS_CONSUMPTION_TRANSFER_SOURCE overdraft +3 = 2  (follows)
        01-15  CREDITS_CONSUMPTION_TRANSFER_TARGET A -3 = -1  (follows)
    > consume 1 attributed 01-03
        01-15  CREDITS_CONSUMED overdraft -1 = -2  attributed 01-03
    balance: 3 granted - 5 used = -2
    ");
}

#[test]
fn attribution_has_bounds() {
    assert_snapshot!(run("
        at 2026-06-01T12:00  grant A 10
                             consume 1 attributed 2026-06-01T12:05
                             consume 1 attributed 2026-06-01T12:05:00.001
                             consume 1 attributed 2025-04-27T12:00
                             consume 1 attributed 2025-04-27T11:59:59.999
    "), @r"
    > at 2026-06-01T12:00 grant A 10
        06-01T12:00  CREDITS_GRANTED A +10 = 10
    > consume 1 attributed 2026-06-01T12:05
        06-01T12:00  CREDITS_CONSUMED A -1 = 9  attributed 06-01T12:05
    > consume 1 attributed 2026-06-01T12:05:00.001
        refused: createdAt must not be more than 5 minutes ahead
    > consume 1 attributed 2025-04-27T12:00
        06-01T12:00  CREDITS_CONSUMED A -1 = 8  attributed 2025-04-27T12:00
    > consume 1 attributed 2025-04-27T11:59:59.999
        refused: createdAt must not be more than 400 days back
    balance: 10 granted - 2 used = 8
    ");
}

#[test]
fn times_are_refused_before_state() {
    assert_snapshot!(run("
        at 2026-06-01  consume 1 attributed 2026-06-02 or reject
                       consume 1 attributed 2025-01-01 or reject
                       consume 1 or reject
    "), @r"
    > at 2026-06-01 consume 1 attributed 2026-06-02 or reject
        refused: createdAt must not be more than 5 minutes ahead
    > consume 1 attributed 2025-01-01 or reject
        refused: createdAt must not be more than 400 days back
    > consume 1 or reject
        refused: 1 credits are needed and 0 are available
    balance: 0 granted - 0 used = 0
    ");
}

#[test]
fn scheduled_and_unpaid_grants_give_nothing() {
    assert_snapshot!(run("
        at 01-01  grant later 10 from 01-02
                  grant unpaid 10 pending
                  consume 1 or reject
                  balance
                  grants
    "), @r"
    > at 01-01 grant later 10 from 01-02
    > grant unpaid 10 pending
    > consume 1 or reject
        refused: 1 credits are needed and 0 are available
    > balance
    balance: 0 granted - 0 used = 0, valid until 01-02
    > grants
        later SCHEDULED: 10 = 0 consumed, 0 held, 0 lost, 10 left
        unpaid PAYMENT_PENDING: 10 = 0 consumed, 0 held, 0 lost, 10 left
    balance: 0 granted - 0 used = 0, valid until 01-02
    ");
}

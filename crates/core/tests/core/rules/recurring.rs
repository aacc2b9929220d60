//! Recurring grants without a catalogue (spec section 7, decisions 74, 76, 82).

use insta::assert_snapshot;

use crate::script::run;

/// The first period begins now and ends at the anchor's next instant; nothing is carried over.
#[test]
fn month_by_month() {
    assert_snapshot!(run("
        at 01-10T00:00  recurring basic 100 monthly anchor 2025-12-31
                        balance
                        consume 30
        at 04-15T00:00  advance
                        grants
    "), @r"
    > at 01-10T00:00 recurring basic 100 monthly anchor 2025-12-31
        01-10  CREDITS_GRANTED period +100 = 100  (time)
    > balance
    balance: 100 granted - 0 used = 100, valid until 01-31, period ends 01-31
    > consume 30
        01-10  CREDITS_CONSUMED period -30 = 70
    > at 04-15T00:00 advance
        01-31  CREDITS_GRANTED period-2 +100 = 170  (time)
        01-31  CREDITS_EXPIRED period -70 = 100  (time)
        02-28  CREDITS_GRANTED period-3 +100 = 200  (time)
        02-28  CREDITS_EXPIRED period-2 -100 = 100  (time)
        03-31  CREDITS_GRANTED period-4 +100 = 200  (time)
        03-31  CREDITS_EXPIRED period-3 -100 = 100  (time)
    > grants
        period EXPIRED: 100 = 30 consumed, 0 held, 70 lost, 0 left
        period-2 EXPIRED: 100 = 0 consumed, 0 held, 100 lost, 0 left
        period-3 EXPIRED: 100 = 0 consumed, 0 held, 100 lost, 0 left
        period-4 ACTIVE: 100 = 0 consumed, 0 held, 0 lost, 100 left
    balance: 100 granted - 0 used = 100, valid until 04-30, period ends 04-30
    ");
}

#[test]
fn a_future_anchor() {
    assert_snapshot!(run("
        at 01-10T00:00  recurring basic 100 yearly anchor 03-01 priority 3
                        balance
        at 03-01T00:00  balance
                        advance
                        balance
    "), @r"
    > at 01-10T00:00 recurring basic 100 yearly anchor 03-01 priority 3
    > balance
    balance: 0 granted - 0 used = 0, valid until 03-01
    > at 03-01T00:00 balance
    balance: 0 granted - 0 used = 0, valid until 2027-03-01
    > advance
        03-01  CREDITS_GRANTED period +100 = 100  (time)
    > balance
    balance: 100 granted - 0 used = 100, valid until 2027-03-01, period ends 2027-03-01
    balance: 100 granted - 0 used = 100, valid until 2027-03-01, period ends 2027-03-01
    ");
}

/// A change holds from the next period on.
#[test]
fn changed() {
    assert_snapshot!(run("
        at 01-01T00:00  recurring basic 100 monthly anchor 01-01
        at 01-05T00:00  recurring basic 250 monthly anchor 01-15 priority 1
        at 02-20T00:00  advance
    "), @r"
    > at 01-01T00:00 recurring basic 100 monthly anchor 01-01
        01-01  CREDITS_GRANTED period +100 = 100  (time)
    > at 01-05T00:00 recurring basic 250 monthly anchor 01-15 priority 1
    > at 02-20T00:00 advance
        02-01  CREDITS_GRANTED period-2 +250 = 350  (time)
        02-01  CREDITS_EXPIRED period -100 = 250  (time)
        02-15  CREDITS_GRANTED period-3 +250 = 500  (time)
        02-15  CREDITS_EXPIRED period-2 -250 = 250  (time)
    balance: 250 granted - 0 used = 250, valid until 03-15, period ends 03-15
    ");
}

/// What it gave stays until its own end.
#[test]
fn ended() {
    assert_snapshot!(run("
        at 01-01T00:00  recurring basic 100 monthly anchor 01-01
        at 01-05T00:00  end basic
                        end basic
                        balance
        at 03-01T00:00  advance
                        recurring basic 10 monthly anchor 03-01
    "), @r#"
    > at 01-01T00:00 recurring basic 100 monthly anchor 01-01
        01-01  CREDITS_GRANTED period +100 = 100  (time)
    > at 01-05T00:00 end basic
    > end basic
        refused: recurring grant "basic" was not found
    > balance
    balance: 100 granted - 0 used = 100, valid until 02-01, period ends 02-01
    > at 03-01T00:00 advance
        02-01  CREDITS_EXPIRED period -100 = 0  (time)
    > recurring basic 10 monthly anchor 03-01
        03-01  CREDITS_GRANTED period-2 +10 = 10  (time)
    balance: 10 granted - 0 used = 10, valid until 04-01, period ends 04-01
    "#);
}

/// Decision 74: a period that begins meanwhile is not made up.
#[test]
fn archived() {
    assert_snapshot!(run("
        at 01-01T00:00  recurring basic 100 monthly anchor 01-01
                        archive
        at 02-10T00:00  advance
                        unarchive
                        advance
        at 03-01T00:00  advance
    "), @r"
    > at 01-01T00:00 recurring basic 100 monthly anchor 01-01
        01-01  CREDITS_GRANTED period +100 = 100  (time)
    > archive
    > at 02-10T00:00 advance
        02-01  a period without a grant, until 03-01
        02-01  CREDITS_EXPIRED period -100 = 0  (time)
    > unarchive
    > advance
    > at 03-01T00:00 advance
        03-01  CREDITS_GRANTED period-2 +100 = 100  (time)
    balance: 100 granted - 0 used = 100, valid until 04-01, period ends 04-01
    ");
}

/// A period's credits settle what was overdrawn before.
#[test]
fn the_debt_comes_first() {
    assert_snapshot!(run("
        at 01-01T00:00  recurring basic 100 monthly anchor 01-01
                        consume 130
        at 02-01T00:00  advance
                        balance
    "), @r"
    > at 01-01T00:00 recurring basic 100 monthly anchor 01-01
        01-01  CREDITS_GRANTED period +100 = 100  (time)
    > consume 130
        01-01  CREDITS_CONSUMED period -100 = 0
        01-01  CREDITS_CONSUMED overdraft -30 = -30
    > at 02-01T00:00 advance
        02-01  CREDITS_GRANTED period-2 +100 = 70  (time)
        02-01  CREDITS_CONSUMPTION_TRANSFER_SOURCE overdraft +30 = 100  (follows)
        02-01  CREDITS_CONSUMPTION_TRANSFER_TARGET period-2 -30 = 70  (follows)
        02-01  CREDITS_VOIDED overdraft 0 = 70  (follows)
        02-01  CREDITS_EXPIRED period 0 = 70  (time)
    > balance
    balance: 100 granted - 30 used = 70, valid until 03-01, period ends 03-01
    balance: 100 granted - 30 used = 70, valid until 03-01, period ends 03-01
    ");
}

/// Activations of older grants, then renewals in the order of their making, then expiries.
#[test]
fn at_one_instant() {
    assert_snapshot!(run("
        at 01-01T00:00  recurring basic 100 monthly anchor 01-01
                        recurring extra 7 monthly anchor 01-01
                        grant A 10 from 02-01
        at 02-01T00:00  advance
    "), @r"
    > at 01-01T00:00 recurring basic 100 monthly anchor 01-01
        01-01  CREDITS_GRANTED period +100 = 100  (time)
    > recurring extra 7 monthly anchor 01-01
        01-01  CREDITS_GRANTED period-2 +7 = 107  (time)
    > grant A 10 from 02-01
    > at 02-01T00:00 advance
        02-01  CREDITS_GRANTED A +10 = 117  (time)
        02-01  CREDITS_GRANTED period-3 +100 = 217  (time)
        02-01  CREDITS_GRANTED period-4 +7 = 224  (time)
        02-01  CREDITS_EXPIRED period -100 = 124  (time)
        02-01  CREDITS_EXPIRED period-2 -7 = 117  (time)
    balance: 117 granted - 0 used = 117, valid until 03-01, period ends 03-01
    ");
}

#[test]
fn no_room_in_the_wallet() {
    assert_snapshot!(run("
        at 01-01T00:00  recurring basic 1000000000000000000 monthly anchor 01-01
                        consume 1
        at 02-01T00:00  advance
    "), @r"
    > at 01-01T00:00 recurring basic 1000000000000000000 monthly anchor 01-01
        01-01  CREDITS_GRANTED period +1000000000000000000 = 1000000000000000000  (time)
    > consume 1
        01-01  CREDITS_CONSUMED period -1 = 999999999999999999
    > at 02-01T00:00 advance
        02-01  a period without a grant, until 03-01
        02-01  CREDITS_EXPIRED period -999999999999999999 = 0  (time)
    balance: 0 granted - 0 used = 0, valid until 03-01
    ");
}

//! A wallet that falls below its threshold buys itself credits (decisions 24, 25, 53, 78).

use insta::assert_snapshot;

use crate::script::run;

/// At the threshold nothing happens; below it one charge closes the whole gap.
#[test]
fn below_the_threshold() {
    assert_snapshot!(run("
        at 01-01T00:00  grant A 100
                        recharge below 20 to 50 price 0.01 usd for month
        at 01-02T00:00  consume 80
        at 01-03T00:00  consume 0.000000001
                        recharging
                        grants
    "), @r"
    > at 01-01T00:00 grant A 100
        01-01  CREDITS_GRANTED A +100 = 100
    > recharge below 20 to 50 price 0.01 usd for month
    > at 01-02T00:00 consume 80
        01-02  CREDITS_CONSUMED A -80 = 20
    > at 01-03T00:00 consume 0.000000001
        01-03  CREDITS_CONSUMED A -0.000000001 = 19.999999999
        01-03  recharged recharge for 0.3 usd, Settled
        01-03  CREDITS_GRANTED recharge +30.000000001 = 50  (follows)
    > recharging
        recharge: on, 0.3 spent
    > grants
        A ACTIVE: 100 = 80.000000001 consumed, 0 held, 0 lost, 19.999999999 left
        recharge ACTIVE: 30.000000001 = 0 consumed, 0 held, 0 lost, 30.000000001 left
    balance: 130.000000001 granted - 80.000000001 used = 50, valid until 02-03
    ");
}

/// The debt is paid by the recharge that it brings.
#[test]
fn a_debt_is_part_of_the_gap() {
    assert_snapshot!(run("
        at 01-01T00:00  grant A 100
                        recharge below 20 to 50 price 0.01 usd
        at 01-02T00:00  consume 200
                        grants
    "), @r"
    > at 01-01T00:00 grant A 100
        01-01  CREDITS_GRANTED A +100 = 100
    > recharge below 20 to 50 price 0.01 usd
    > at 01-02T00:00 consume 200
        01-02  CREDITS_CONSUMED A -100 = 0
        01-02  CREDITS_CONSUMED overdraft -100 = -100
        01-02  recharged recharge for 1.5 usd, Settled
        01-02  CREDITS_GRANTED recharge +150 = 50  (follows)
        01-02  CREDITS_CONSUMPTION_TRANSFER_SOURCE overdraft +100 = 150  (follows)
        01-02  CREDITS_CONSUMPTION_TRANSFER_TARGET recharge -100 = 50  (follows)
        01-02  CREDITS_VOIDED overdraft 0 = 50  (follows)
    > grants
        A ACTIVE: 100 = 100 consumed, 0 held, 0 lost, 0 left
        overdraft VOIDED: 0 = 0 consumed, 0 held, 0 lost, 0 left
        recharge ACTIVE: 150 = 100 consumed, 0 held, 0 lost, 50 left
    balance: 250 granted - 200 used = 50, valid until 2027-01-02
    ");
}

#[test]
fn whatever_takes_credits_triggers_it() {
    assert_snapshot!(run("
        at 01-01T00:00  grant A 30 expires 01-10
                        grant B 30
                        recharge below 20 to 50 price 1 usd for month
        at 01-02T00:00  reserve job 45 until 01-03
        at 01-02T06:00  void B
        at 01-12T00:00  advance
    "), @r"
    > at 01-01T00:00 grant A 30 expires 01-10
        01-01  CREDITS_GRANTED A +30 = 30
    > grant B 30
        01-01  CREDITS_GRANTED B +30 = 60
    > recharge below 20 to 50 price 1 usd for month
    > at 01-02T00:00 reserve job 45 until 01-03
        01-02  CREDITS_RESERVED A -45 [job: A -30, B -15] = 15
        01-02  recharged recharge for 35 usd, Settled
        01-02  CREDITS_GRANTED recharge +35 = 50  (follows)
    > at 01-02T06:00 void B
        01-02T06:00  CREDITS_VOIDED B -15 = 35
    > at 01-12T00:00 advance
        01-03  CREDITS_RESERVATION_EXPIRED A +45 [job: A +30, B +15] = 80  (time)
        01-03  CREDITS_VOIDED B -15 = 65  (follows)
        01-10  CREDITS_EXPIRED A -30 = 35  (time)
    balance: 35 granted - 0 used = 35, valid until 02-02
    ");
}

/// Enabling it, raising the threshold and raising the limit ask anew.
#[test]
fn saving_it_asks_anew() {
    assert_snapshot!(run("
        at 01-01T00:00  recharge off below 20 to 50 price 1 usd
                        recharging
                        recharge below 20 to 50 price 1 usd limit 60
                        recharge below 60 to 80 price 1 usd limit 60
                        recharging
                        recharge below 60 to 80 price 1 usd limit 100
                        recharging
                        recharge off
                        consume 80
                        recharging
    "), @r"
    > at 01-01T00:00 recharge off below 20 to 50 price 1 usd
    > recharging
        recharge: off, 0 spent
    > recharge below 20 to 50 price 1 usd limit 60
        01-01  recharged recharge for 50 usd, Settled
        01-01  CREDITS_GRANTED recharge +50 = 50  (follows)
    > recharge below 60 to 80 price 1 usd limit 60
        01-01  recharge stopped: SpendLimit
    > recharging
        recharge: stopped by SpendLimit, 50 spent (83 %)
    > recharge below 60 to 80 price 1 usd limit 100
        01-01  recharged recharge-2 for 30 usd, Settled
        01-01  CREDITS_GRANTED recharge-2 +30 = 80  (follows)
    > recharging
        recharge: on, 80 spent (80 %)
    > recharge off
    > consume 80
        01-01  CREDITS_CONSUMED recharge -50 = 30
        01-01  CREDITS_CONSUMED recharge-2 -30 = 0
    > recharging
        recharge: off, 80 spent
    balance: 80 granted - 80 used = 0, valid until 2027-01-01
    ");
}

/// A charge that would pass the limit is not made in part; the next month begins anew, at its first
/// instant, and without a command.
#[test]
fn the_limit_holds_until_the_next_month() {
    assert_snapshot!(run("
        at 01-31T22:00  recharge below 20 to 50 price 0.1 usd limit 7
                        recharging
                        consume 45
                        recharging
        at 02-01T01:00  advance
                        recharging
        at 02-02T00:00  consume 31
                        recharging
    "), @r"
    > at 01-31T22:00 recharge below 20 to 50 price 0.1 usd limit 7
        01-31T22:00  recharged recharge for 5 usd, Settled
        01-31T22:00  CREDITS_GRANTED recharge +50 = 50  (follows)
    > recharging
        recharge: on, 5 spent (71 %)
    > consume 45
        01-31T22:00  CREDITS_CONSUMED recharge -45 = 5
        01-31T22:00  recharge stopped: SpendLimit
    > recharging
        recharge: stopped by SpendLimit, 5 spent (71 %)
    > at 02-01T01:00 advance
        02-01  recharge goes on
        02-01  recharged recharge-2 for 4.5 usd, Settled
        02-01  CREDITS_GRANTED recharge-2 +45 = 50  (follows)
    > recharging
        recharge: on, 4.5 spent (64 %)
    > at 02-02T00:00 consume 31
        02-02  CREDITS_CONSUMED recharge -5 = 45
        02-02  CREDITS_CONSUMED recharge-2 -26 = 19
        02-02  recharge stopped: SpendLimit
    > recharging
        recharge: stopped by SpendLimit, 4.5 spent (64 %)
    balance: 95 granted - 76 used = 19, valid until 03-01
    ");
}

/// At the limit exactly it stops at once, and so it does when the limit is set below the spend.
#[test]
fn the_limit_reached() {
    assert_snapshot!(run("
        at 01-05T00:00  recharge below 20 to 50 price 0.1 usd limit 5
                        recharging
        at 01-06T00:00  recharge below 20 to 50 price 0.1 usd limit 6
                        recharging
                        recharge below 20 to 50 price 0.1 usd limit 4
                        recharging
        at 02-01T00:00  advance
                        recharging
    "), @r"
    > at 01-05T00:00 recharge below 20 to 50 price 0.1 usd limit 5
        01-05  recharged recharge for 5 usd, Settled
        01-05  CREDITS_GRANTED recharge +50 = 50  (follows)
        01-05  recharge stopped: SpendLimit
    > recharging
        recharge: stopped by SpendLimit, 5 spent (100 %)
    > at 01-06T00:00 recharge below 20 to 50 price 0.1 usd limit 6
    > recharging
        recharge: on, 5 spent (83 %)
    > recharge below 20 to 50 price 0.1 usd limit 4
        01-06  recharge stopped: SpendLimit
    > recharging
        recharge: stopped by SpendLimit, 5 spent (125 %)
    > at 02-01T00:00 advance
        02-01  recharge goes on
    > recharging
        recharge: on, 0 spent (0 %)
    balance: 50 granted - 0 used = 50, valid until 2027-01-05
    ");
}

/// 100 credits at 0.05 are worth 5; the target stays in credits.
#[test]
fn a_threshold_in_money() {
    assert_snapshot!(run("
        at 01-01T00:00  grant A 100
                        recharge worth 2.5 to 100 price 0.05 usd
                        consume 50
                        consume 0.1
    "), @r"
    > at 01-01T00:00 grant A 100
        01-01  CREDITS_GRANTED A +100 = 100
    > recharge worth 2.5 to 100 price 0.05 usd
    > consume 50
        01-01  CREDITS_CONSUMED A -50 = 50
    > consume 0.1
        01-01  CREDITS_CONSUMED A -0.1 = 49.9
        01-01  recharged recharge for 2.51 usd, Settled
        01-01  CREDITS_GRANTED recharge +50.1 = 100  (follows)
    balance: 150.1 granted - 50.1 used = 100, valid until 2027-01-01
    ");
}

/// A cost is rounded to the cent, half away from zero; where there are none, to the whole.
#[test]
fn the_cost_is_rounded() {
    assert_snapshot!(run("
        at 01-01T00:00  recharge below 1 to 10.5 price 0.01 usd
                        consume 10.5
                        recharge below 20 to 30.5 price 1 jpy
                        recharging
    "), @r"
    > at 01-01T00:00 recharge below 1 to 10.5 price 0.01 usd
        01-01  recharged recharge for 0.11 usd, Settled
        01-01  CREDITS_GRANTED recharge +10.5 = 10.5  (follows)
    > consume 10.5
        01-01  CREDITS_CONSUMED recharge -10.5 = 0
        01-01  recharged recharge-2 for 0.11 usd, Settled
        01-01  CREDITS_GRANTED recharge-2 +10.5 = 10.5  (follows)
    > recharge below 20 to 30.5 price 1 jpy
        01-01  recharged recharge-3 for 20 jpy, Settled
        01-01  CREDITS_GRANTED recharge-3 +20 = 30.5  (follows)
    > recharging
        recharge: on, 20 spent
    balance: 41 granted - 10.5 used = 30.5, valid until 2027-01-01
    ");
}

/// Charges that are open count, so a burst recharges once; a grant whose charge is taken back leaves
/// the gap again.
#[test]
fn open_charges_count() {
    assert_snapshot!(run("
                        charging
        at 01-01T00:00  recharge below 20 to 50 price 1 usd
                        consume 1
                        pay recharge
                        consume 40
                        void recharge-2
                        grants
    "), @r"
    > charging
    > at 01-01T00:00 recharge below 20 to 50 price 1 usd
        01-01  recharged recharge for 50 usd, Pending
    > consume 1
        01-01  CREDITS_CONSUMED overdraft -1 = -1
    > pay recharge
        01-01  CREDITS_GRANTED recharge +50 = 49
        01-01  CREDITS_CONSUMPTION_TRANSFER_SOURCE overdraft +1 = 50  (follows)
        01-01  CREDITS_CONSUMPTION_TRANSFER_TARGET recharge -1 = 49  (follows)
        01-01  CREDITS_VOIDED overdraft 0 = 49  (follows)
    > consume 40
        01-01  CREDITS_CONSUMED recharge -40 = 9
        01-01  recharged recharge-2 for 41 usd, Pending
    > void recharge-2
        01-01  CREDITS_VOIDED recharge-2 0 = 9
        01-01  recharged recharge-3 for 41 usd, Pending
    > grants
        recharge ACTIVE: 50 = 41 consumed, 0 held, 0 lost, 9 left
        overdraft VOIDED: 0 = 0 consumed, 0 held, 0 lost, 0 left
        recharge-2 VOIDED: 41 = 0 consumed, 0 held, 41 lost, 0 left
        recharge-3 PAYMENT_PENDING: 41 = 0 consumed, 0 held, 0 lost, 41 left
    balance: 50 granted - 41 used = 9, valid until 2027-01-01
    ");
}

/// Decision 48.
#[test]
fn an_archived_customer_recharges_nothing() {
    assert_snapshot!(run("
        at 01-01T00:00  grant A 30 expires 01-10
                        recharge below 20 to 50 price 1 usd
                        archive
        at 01-12T00:00  advance
                        unarchive
                        advance
    "), @r"
    > at 01-01T00:00 grant A 30 expires 01-10
        01-01  CREDITS_GRANTED A +30 = 30
    > recharge below 20 to 50 price 1 usd
    > archive
    > at 01-12T00:00 advance
        01-10  CREDITS_EXPIRED A -30 = 0  (time)
    > unarchive
    > advance
        01-12  recharged recharge for 50 usd, Settled
        01-12  CREDITS_GRANTED recharge +50 = 50  (follows)
    balance: 50 granted - 0 used = 50, valid until 2027-01-12
    ");
}

/// A month in one move: the recharges happen at the instants that make them due.
#[test]
fn each_at_its_instant() {
    assert_snapshot!(run("
        at 01-15T00:00  recharge below 20 to 50 price 0.1 usd limit 14 for month
        at 01-20T00:00  grant A 10 expires 02-20
                        consume 45
        at 07-01T00:00  advance
                        recharging
                        grants
    "), @r"
    > at 01-15T00:00 recharge below 20 to 50 price 0.1 usd limit 14 for month
        01-15  recharged recharge for 5 usd, Settled
        01-15  CREDITS_GRANTED recharge +50 = 50  (follows)
    > at 01-20T00:00 grant A 10 expires 02-20
        01-20  CREDITS_GRANTED A +10 = 60
    > consume 45
        01-20  CREDITS_CONSUMED recharge -45 = 15
        01-20  recharged recharge-2 for 3.5 usd, Settled
        01-20  CREDITS_GRANTED recharge-2 +35 = 50  (follows)
    > at 07-01T00:00 advance
        02-15  CREDITS_EXPIRED recharge -5 = 45  (time)
        02-20  CREDITS_EXPIRED A -10 = 35  (time)
        02-20  CREDITS_EXPIRED recharge-2 -35 = 0  (time)
        02-20  recharged recharge-3 for 5 usd, Settled
        02-20  CREDITS_GRANTED recharge-3 +50 = 50  (follows)
        03-20  CREDITS_EXPIRED recharge-3 -50 = 0  (time)
        03-20  recharged recharge-4 for 5 usd, Settled
        03-20  CREDITS_GRANTED recharge-4 +50 = 50  (follows)
        04-20  CREDITS_EXPIRED recharge-4 -50 = 0  (time)
        04-20  recharged recharge-5 for 5 usd, Settled
        04-20  CREDITS_GRANTED recharge-5 +50 = 50  (follows)
        05-20  CREDITS_EXPIRED recharge-5 -50 = 0  (time)
        05-20  recharged recharge-6 for 5 usd, Settled
        05-20  CREDITS_GRANTED recharge-6 +50 = 50  (follows)
        06-20  CREDITS_EXPIRED recharge-6 -50 = 0  (time)
        06-20  recharged recharge-7 for 5 usd, Settled
        06-20  CREDITS_GRANTED recharge-7 +50 = 50  (follows)
    > recharging
        recharge: on, 0 spent (0 %)
    > grants
        recharge EXPIRED: 50 = 45 consumed, 0 held, 5 lost, 0 left
        A EXPIRED: 10 = 0 consumed, 0 held, 10 lost, 0 left
        recharge-2 EXPIRED: 35 = 0 consumed, 0 held, 35 lost, 0 left
        recharge-3 EXPIRED: 50 = 0 consumed, 0 held, 50 lost, 0 left
        recharge-4 EXPIRED: 50 = 0 consumed, 0 held, 50 lost, 0 left
        recharge-5 EXPIRED: 50 = 0 consumed, 0 held, 50 lost, 0 left
        recharge-6 EXPIRED: 50 = 0 consumed, 0 held, 50 lost, 0 left
        recharge-7 ACTIVE: 50 = 0 consumed, 0 held, 0 lost, 50 left
    balance: 50 granted - 0 used = 50, valid until 07-20
    ");
}

/// No room is no reason to try for ever.
#[test]
fn no_room_in_the_wallet() {
    assert_snapshot!(run("
        at 01-01T00:00  grant A 1000000000000000
                        consume 1000000000000000
                        consume 1000000000000000
                        recharge below 20 to 50 price 0.1 usd
                        recharging
                        grant B 1000000000000000
                        recharging
                        recharge below 20 to 50 price 0.1 usd
                        recharging
    "), @r"
    > at 01-01T00:00 grant A 1000000000000000
        01-01  CREDITS_GRANTED A +1000000000000000 = 1000000000000000
    > consume 1000000000000000
        01-01  CREDITS_CONSUMED A -1000000000000000 = 0
    > consume 1000000000000000
        01-01  CREDITS_CONSUMED overdraft -1000000000000000 = -1000000000000000
    > recharge below 20 to 50 price 0.1 usd
        01-01  recharge stopped: WalletLimit
    > recharging
        recharge: stopped by WalletLimit, 0 spent
    > grant B 1000000000000000
        01-01  CREDITS_GRANTED B +1000000000000000 = 0
        01-01  CREDITS_CONSUMPTION_TRANSFER_SOURCE overdraft +1000000000000000 = 1000000000000000  (follows)
        01-01  CREDITS_CONSUMPTION_TRANSFER_TARGET B -1000000000000000 = 0  (follows)
        01-01  CREDITS_VOIDED overdraft 0 = 0  (follows)
    > recharging
        recharge: stopped by WalletLimit, 0 spent
    > recharge below 20 to 50 price 0.1 usd
        01-01  recharged recharge for 5 usd, Settled
        01-01  CREDITS_GRANTED recharge +50 = 50  (follows)
    > recharging
        recharge: on, 5 spent
    balance: 2000000000000050 granted - 2000000000000000 used = 50, valid until 2027-01-01
    ");
}

/// Another money begins another sum.
#[test]
fn another_money() {
    assert_snapshot!(run("
        at 01-01T00:00  recharge below 20 to 50 price 1 usd limit 60
                        recharge below 60 to 90 price 1 eur limit 60
                        recharging
    "), @r"
    > at 01-01T00:00 recharge below 20 to 50 price 1 usd limit 60
        01-01  recharged recharge for 50 usd, Settled
        01-01  CREDITS_GRANTED recharge +50 = 50  (follows)
    > recharge below 60 to 90 price 1 eur limit 60
        01-01  recharged recharge-2 for 40 eur, Settled
        01-01  CREDITS_GRANTED recharge-2 +40 = 90  (follows)
    > recharging
        recharge: on, 40 spent (66 %)
    balance: 90 granted - 0 used = 90, valid until 2027-01-01
    ");
}

/// A declined charge leaves nothing behind: no grant, nothing spent, and no second try until somebody
/// saves the setting (decision 24). A charge that is open is no reason for another.
#[test]
fn a_declined_charge_stops_it() {
    assert_snapshot!(run("
        at 01-01  charging
                  recharge below 20 to 50 price 0.01 usd limit 1 for month
                  recharging
                  grants
                  consume 5
                  decline recharge
                  recharging
                  grants
                  consume 5
        at 02-02  advance
                  recharging
                  recharge below 20 to 50 price 0.01 usd limit 1 for month
                  pay recharge-2
                  decline recharge-2
                  decline recharge
                  recharging
                  balance
    "), @r#"
    > at 01-01 charging
    > recharge below 20 to 50 price 0.01 usd limit 1 for month
        01-01  recharged recharge for 0.5 usd, Pending
    > recharging
        recharge: on, 0.5 spent (50 %)
    > grants
        recharge PAYMENT_PENDING: 50 = 0 consumed, 0 held, 0 lost, 50 left
    > consume 5
        01-01  CREDITS_CONSUMED overdraft -5 = -5
    > decline recharge
        01-01  CREDITS_VOIDED recharge 0 = -5
    > recharging
        recharge: stopped by PaymentFailed, 0 spent (0 %)
    > grants
        recharge VOIDED: 50 = 0 consumed, 0 held, 50 lost, 0 left
        overdraft ACTIVE: 0 = 5 consumed, 0 held, 0 lost, 0 left
    > consume 5
        01-01  CREDITS_CONSUMED overdraft -5 = -10
    > at 02-02 advance
    > recharging
        recharge: stopped by PaymentFailed, 0 spent (0 %)
    > recharge below 20 to 50 price 0.01 usd limit 1 for month
        02-02  recharged recharge-2 for 0.6 usd, Pending
    > pay recharge-2
        02-02  CREDITS_GRANTED recharge-2 +60 = 50
        02-02  CREDITS_CONSUMPTION_TRANSFER_SOURCE overdraft +10 = 60  (follows)
        02-02  CREDITS_CONSUMPTION_TRANSFER_TARGET recharge-2 -10 = 50  (follows)
        02-02  CREDITS_VOIDED overdraft 0 = 50  (follows)
    > decline recharge-2
        refused: the credit grant awaits no payment
    > decline recharge
        refused: credit grant "cred-grant-h7t2p6kqvzr7" was not found
    > recharging
        recharge: on, 0.6 spent (60 %)
    > balance
    balance: 60 granted - 10 used = 50, valid until 03-02
    balance: 60 granted - 10 used = 50, valid until 03-02
    "#);
}

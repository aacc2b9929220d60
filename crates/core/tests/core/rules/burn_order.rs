//! Which grant burns first: priority, expiry, category, effect, creation, order in the wallet.

use insta::assert_snapshot;

use crate::script::run;

/// A and B tie until the category: promotional burns before paid. C has the earliest expiry, but
/// its priority comes later. Burn 60: B gives 20, A gives 40, C nothing.
#[test]
fn the_published_example() {
    assert_snapshot!(run("
        at 01-01  grant A  50 paid        priority 1 expires 09-01
                  grant B  20 promotional priority 1 expires 09-01
                  grant C 100 promotional priority 2 expires 08-15
                  consume 60
                  grants
    "), @r"
    > at 01-01 grant A 50 paid priority 1 expires 09-01
        01-01  CREDITS_GRANTED A +50 = 50
    > grant B 20 promotional priority 1 expires 09-01
        01-01  CREDITS_GRANTED B +20 = 70
    > grant C 100 promotional priority 2 expires 08-15
        01-01  CREDITS_GRANTED C +100 = 170
    > consume 60
        01-01  CREDITS_CONSUMED B -20 = 150
        01-01  CREDITS_CONSUMED A -40 = 110
    > grants
        A ACTIVE: 50 = 40 consumed, 0 held, 0 lost, 10 left
        B ACTIVE: 20 = 20 consumed, 0 held, 0 lost, 0 left
        C ACTIVE: 100 = 0 consumed, 0 held, 0 lost, 100 left
    balance: 170 granted - 60 used = 110, valid until 08-15
    ");
}

#[test]
fn priority_before_expiry() {
    assert_snapshot!(run("
        at 01-01  grant soon  10 priority 51 expires 01-02
                  grant later 10 priority 50
                  consume 15
    "), @r"
    > at 01-01 grant soon 10 priority 51 expires 01-02
        01-01  CREDITS_GRANTED soon +10 = 10
    > grant later 10 priority 50
        01-01  CREDITS_GRANTED later +10 = 20
    > consume 15
        01-01  CREDITS_CONSUMED later -10 = 10
        01-01  CREDITS_CONSUMED soon -5 = 5
    balance: 20 granted - 15 used = 5, valid until 01-02
    ");
}

#[test]
fn expiry_before_category_and_never_last() {
    assert_snapshot!(run("
        at 01-01  grant never 10 promotional
                  grant later 10 promotional expires 03-01
                  grant soon  10 paid        expires 02-01
                  consume 25
    "), @r"
    > at 01-01 grant never 10 promotional
        01-01  CREDITS_GRANTED never +10 = 10
    > grant later 10 promotional expires 03-01
        01-01  CREDITS_GRANTED later +10 = 20
    > grant soon 10 paid expires 02-01
        01-01  CREDITS_GRANTED soon +10 = 30
    > consume 25
        01-01  CREDITS_CONSUMED soon -10 = 20
        01-01  CREDITS_CONSUMED later -10 = 10
        01-01  CREDITS_CONSUMED never -5 = 5
    balance: 30 granted - 25 used = 5, valid until 02-01
    ");
}

#[test]
fn promotional_before_recurring_before_paid() {
    assert_snapshot!(run("
        at 01-01  grant P 10 paid        from 01-01
                  grant R 10 recurring   from 01-01
                  grant G 10 promotional from 01-01
                  consume 25
    "), @r"
    > at 01-01 grant P 10 paid from 01-01
        01-01  CREDITS_GRANTED P +10 = 10
    > grant R 10 recurring from 01-01
        01-01  CREDITS_GRANTED R +10 = 20
    > grant G 10 promotional from 01-01
        01-01  CREDITS_GRANTED G +10 = 30
    > consume 25
        01-01  CREDITS_CONSUMED G -10 = 20
        01-01  CREDITS_CONSUMED R -10 = 10
        01-01  CREDITS_CONSUMED P -5 = 5
    balance: 30 granted - 25 used = 5
    ");
}

#[test]
fn effect_before_creation() {
    assert_snapshot!(run("
        at 01-05  grant created-first 10 from 01-04
        at 01-06  grant effective-first 10 from 01-03
                  consume 15
    "), @r"
    > at 01-05 grant created-first 10 from 01-04
        01-05  CREDITS_GRANTED created-first +10 = 10
    > at 01-06 grant effective-first 10 from 01-03
        01-06  CREDITS_GRANTED effective-first +10 = 20
    > consume 15
        01-06  CREDITS_CONSUMED effective-first -10 = 10
        01-06  CREDITS_CONSUMED created-first -5 = 5
    balance: 20 granted - 15 used = 5
    ");
}

#[test]
fn creation_decides_between_grants_of_one_effect() {
    assert_snapshot!(run("
        at 01-01  grant made-first 10 from 01-03
        at 01-02  grant made-second 10 from 01-03
        at 01-03  consume 15
    "), @r"
    > at 01-01 grant made-first 10 from 01-03
    > at 01-02 grant made-second 10 from 01-03
    > at 01-03 consume 15
        01-03  CREDITS_GRANTED made-first +10 = 10  (time)
        01-03  CREDITS_GRANTED made-second +10 = 20  (time)
        01-03  CREDITS_CONSUMED made-first -10 = 10
        01-03  CREDITS_CONSUMED made-second -5 = 5
    balance: 20 granted - 15 used = 5
    ");
}

#[test]
fn order_in_the_wallet_decides_last() {
    assert_snapshot!(run("
        at 01-01  grant first 10
                  grant second 10
                  grant third 10
                  consume 25
    "), @r"
    > at 01-01 grant first 10
        01-01  CREDITS_GRANTED first +10 = 10
    > grant second 10
        01-01  CREDITS_GRANTED second +10 = 20
    > grant third 10
        01-01  CREDITS_GRANTED third +10 = 30
    > consume 25
        01-01  CREDITS_CONSUMED first -10 = 20
        01-01  CREDITS_CONSUMED second -10 = 10
        01-01  CREDITS_CONSUMED third -5 = 5
    balance: 30 granted - 25 used = 5
    ");
}

#[test]
fn billionths_add_up_exactly() {
    assert_snapshot!(run("
        at 01-01  grant A 0.1
                  grant B 0.2
                  consume 0.3
                  grant C 0.000000001
                  consume 0.000000001
    "), @r"
    > at 01-01 grant A 0.1
        01-01  CREDITS_GRANTED A +0.1 = 0.1
    > grant B 0.2
        01-01  CREDITS_GRANTED B +0.2 = 0.3
    > consume 0.3
        01-01  CREDITS_CONSUMED A -0.1 = 0.2
        01-01  CREDITS_CONSUMED B -0.2 = 0
    > grant C 0.000000001
        01-01  CREDITS_GRANTED C +0.000000001 = 0.000000001
    > consume 0.000000001
        01-01  CREDITS_CONSUMED C -0.000000001 = 0
    balance: 0.300000001 granted - 0.300000001 used = 0
    ");
}

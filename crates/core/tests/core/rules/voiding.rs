//! Taking grants back: the rest goes, what was consumed stays.

use insta::assert_snapshot;

use crate::script::run;

#[test]
fn only_the_rest_goes() {
    assert_snapshot!(run("
        at 01-01  grant A 10
                  consume 4
        at 01-02  void A
                  grants
    "), @r"
    > at 01-01 grant A 10
        01-01  CREDITS_GRANTED A +10 = 10
    > consume 4
        01-01  CREDITS_CONSUMED A -4 = 6
    > at 01-02 void A
        01-02  CREDITS_VOIDED A -6 = 0
    > grants
        A VOIDED: 10 = 4 consumed, 0 held, 6 lost, 0 left
    balance: 0 granted - 0 used = 0
    ");
}

/// What never counted, and what is used up, leaves a row of 0.
#[test]
fn voids_of_nothing_leave_a_row() {
    assert_snapshot!(run("
        at 01-01  grant scheduled 10 from 02-01
                  grant unpaid 10 pending
                  grant used 5
                  consume 5
                  void scheduled
                  void unpaid
                  void used
        at 02-02  advance
                  grants
    "), @r"
    > at 01-01 grant scheduled 10 from 02-01
    > grant unpaid 10 pending
    > grant used 5
        01-01  CREDITS_GRANTED used +5 = 5
    > consume 5
        01-01  CREDITS_CONSUMED used -5 = 0
    > void scheduled
        01-01  CREDITS_VOIDED scheduled 0 = 0
    > void unpaid
        01-01  CREDITS_VOIDED unpaid 0 = 0
    > void used
        01-01  CREDITS_VOIDED used 0 = 0
    > at 02-02 advance
    > grants
        scheduled VOIDED: 10 = 0 consumed, 0 held, 10 lost, 0 left
        unpaid VOIDED: 10 = 0 consumed, 0 held, 10 lost, 0 left
        used VOIDED: 5 = 5 consumed, 0 held, 0 lost, 0 left
    balance: 0 granted - 0 used = 0
    ");
}

/// While a hold keeps a dead grant in the wallet, the wallet itself knows why not.
#[test]
fn what_has_ended_cannot_be_voided() {
    assert_snapshot!(run("
        at 01-01T00:00  grant voided 10
                        reserve a 1 until 01-01T23:00
                        void voided
                        void voided
                        grant expired 10 expires 01-01T12:00
                        reserve b 1 until 01-01T23:00
        at 01-01T12:00  void expired
                        void nobody
    "), @r#"
    > at 01-01T00:00 grant voided 10
        01-01  CREDITS_GRANTED voided +10 = 10
    > reserve a 1 until 01-01T23:00
        01-01  CREDITS_RESERVED voided -1 [a: voided -1] = 9
    > void voided
        01-01  CREDITS_VOIDED voided -9 = 0
    > void voided
        refused: the credit grant is already voided
    > grant expired 10 expires 01-01T12:00
        01-01  CREDITS_GRANTED expired +10 = 10
    > reserve b 1 until 01-01T23:00
        01-01  CREDITS_RESERVED expired -1 [b: expired -1] = 9
    > at 01-01T12:00 void expired
        01-01T12:00  CREDITS_EXPIRED expired -9 = 0  (time)
        refused: the credit grant cannot be voided or changed: it is expired
    > void nobody
        refused: credit grant "cred-grant-0100000000z7" was not found
    balance: 0 granted - 0 used = 0, 2 reserved on dead grants, valid until 01-01T23:00
    "#);
}

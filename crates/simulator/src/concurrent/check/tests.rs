//! Rounds that were made up: what is found in them, and what is not.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use scrip_oracle::{Amount, Short, Totals};

use super::*;
use crate::concurrent::plan::CLOCK_START;

const DEATH: u64 = 10;

fn world() -> World {
    World::new(1, 3, Arc::new(AtomicI64::new(CLOCK_START)))
}

fn item(wallet: usize, key: &str) -> Consume {
    Consume {
        wallet: world().wallets[wallet].clone(),
        key: key.to_owned(),
        amount: 5,
        created_at: None,
        dimensions: Default::default(),
        short: Short::Overdraft,
    }
}

fn batch(items: &[Consume]) -> Call {
    Call::Write { request: Request::Batch(items.to_vec()), key: None }
}

fn answered(called: u64, call: Call, answer: Seen) -> Noted {
    Noted { call, thread: 0, called, end: End::Answered { at: called + 1, answer } }
}

fn open(until: u64, call: Call) -> Noted {
    Noted { call, thread: 0, called: 1, end: End::Open { until, is_watched: false } }
}

/// The check of a wallet that burned so much.
fn balance(called: u64, wallet: usize, used: Amount) -> Noted {
    let wallet = world().wallets[wallet].clone();
    let totals = Totals { used, ..Totals::default() };
    let denied = Some("InsufficientCredits".to_owned());
    answered(called, Call::Check { wallet, requested: None }, Seen::Check { denied, totals })
}

fn check(calls: &[Noted]) -> Result<bool, Failure> {
    Checker::new(&world(), CLOCK_START).check(&world(), calls)
}

fn is_fine(calls: &[Noted]) -> bool {
    check(calls).unwrap()
}

fn has_no_order(calls: &[Noted]) -> bool {
    matches!(check(calls), Err(Failure::NoOrder(_)))
}

#[test]
fn a_batch_that_died_with_the_server_happened_everywhere_or_nowhere() {
    let died = || open(DEATH, batch(&[item(0, "a"), item(1, "a")]));
    assert!(is_fine(&[died(), balance(20, 0, 5), balance(22, 1, 5)]));
    assert!(is_fine(&[died(), balance(20, 0, 0), balance(22, 1, 0)]));
    let torn = check(&[died(), balance(20, 0, 5), balance(22, 1, 0)]);
    let Err(Failure::TornBatch { wallets, .. }) = torn else { panic!("{torn:?}") };
    let may_have: Vec<_> = wallets.iter().map(|(_, happened, _)| *happened).collect();
    assert_eq!(may_have, [true, false]);
}

#[test]
fn a_batch_of_known_keys_may_have_died_too() {
    let known = answered(0, batch(&[item(0, "a")]), Seen::Batch(Vec::new()));
    let died = open(DEATH, batch(&[item(0, "a"), item(1, "a")]));
    assert!(is_fine(&[known.clone(), died.clone(), balance(20, 0, 5), balance(22, 1, 0)]));
    assert!(is_fine(&[known, died, balance(20, 0, 5), balance(22, 1, 5)]));
}

#[test]
fn a_batch_that_may_still_happen_is_not_torn() {
    let waits = open(u64::MAX, batch(&[item(0, "a"), item(1, "a")]));
    assert!(is_fine(&[waits, balance(20, 0, 5), balance(22, 1, 0), balance(24, 1, 5)]));
}

#[test]
fn a_batch_that_is_refused_for_another_wallet_does_nothing_here() {
    let nobody = WalletName { customer: "nobody".to_owned(), ..world().wallets[0].clone() };
    let stranger = Consume { wallet: nobody, ..item(0, "b") };
    let refused = |item| Seen::Refused { status: 404, code: "CustomerNotFound".to_owned(), item };
    let call = || batch(&[item(0, "a"), stranger.clone()]);
    assert!(is_fine(&[answered(1, call(), refused(Some(1))), balance(20, 0, 0)]));
    assert!(has_no_order(&[answered(1, call(), refused(Some(1))), balance(20, 0, 5)]));
    // The wallet's own item would not have been refused.
    assert!(has_no_order(&[answered(1, call(), refused(Some(0))), balance(20, 0, 0)]));
}

#[test]
fn refused_items_are_those_of_the_wallet() {
    let first = answered(1, batch(&[item(1, "a")]), Seen::Batch(Vec::new()));
    let other = Consume { amount: 6, ..item(1, "a") };
    let call = || batch(&[item(0, "a"), other.clone()]);
    let refused = |place| Seen::Batch(vec![(place, "DuplicatedEntityNotAllowed")]);
    assert!(is_fine(&[first.clone(), answered(5, call(), refused(1)), balance(20, 0, 5)]));
    assert!(has_no_order(&[first.clone(), answered(5, call(), refused(0)), balance(20, 0, 0)]));
    assert!(has_no_order(&[first, answered(5, call(), Seen::Batch(Vec::new()))]));
}

#[test]
fn a_customer_is_archived_in_all_wallets() {
    let customer = world().wallets[0].customer.clone();
    assert_eq!(world().wallets[2].customer, customer);
    let archive = Call::Write { request: Request::ArchiveCustomer(customer), key: None };
    let denied = Some("CustomerIsArchived".to_owned());
    let archived = |wallet: usize| {
        let call = Call::Check { wallet: world().wallets[wallet].clone(), requested: None };
        let totals = Totals::default();
        answered(20, call, Seen::Check { denied: denied.clone(), totals })
    };
    let archive = answered(1, archive, Seen::Done);
    assert!(is_fine(&[archive.clone(), archived(0), archived(2), balance(22, 1, 0)]));
    assert!(has_no_order(&[archive.clone(), balance(22, 2, 0)]));
    assert!(has_no_order(&[archive, archived(1)]));
}

#[test]
fn a_round_begins_where_the_last_one_ended() {
    let mut checker = Checker::new(&world(), CLOCK_START);
    let burned = answered(1, batch(&[item(0, "a")]), Seen::Batch(Vec::new()));
    assert!(checker.check(&world(), &[burned]).unwrap());
    assert!(checker.check(&world(), &[balance(20, 0, 5)]).unwrap());
    assert!(checker.check(&world(), &[balance(30, 0, 0)]).is_err());
}

#[test]
fn rows_of_a_customer_are_those_of_all_wallets() {
    let row = |balance_after| SeenRow {
        kind: "CREDITS_CONSUMED".to_owned(),
        grant: "overdraft 1".to_owned(),
        amount: -5,
        balance_after,
        recorded_at: CLOCK_START,
        attributed_at: CLOCK_START,
    };
    let wallets = world().wallets;
    let burned = answered(1, batch(&[item(0, "a"), item(2, "a")]), Seen::Batch(Vec::new()));
    let list = |rows| answered(20, Call::Rows(wallets[0].clone()), Seen::Rows(rows));
    let both = vec![(wallets[0].clone(), row(-5)), (wallets[2].clone(), row(-5))];
    assert!(is_fine(&[burned.clone(), list(both.clone())]));
    assert!(has_no_order(&[burned.clone(), list(both[..1].to_vec())]));
    let wrong = vec![(wallets[0].clone(), row(-5)), (wallets[2].clone(), row(-6))];
    assert!(has_no_order(&[burned, list(wrong)]));
}

//! Names that were forgotten, as they are after a time (decision 13), and then used anew: the new rows
//! lead to none of the old ones, and whoever folds the rows again takes that for right.

use std::time::Duration;

use rusqlite::Connection;
use scrip_core::{IdempotencyKey, RefundRequest, Undone};
use scrip_ledger::conformance::{credits, item, release_of, reserve_of, wallet};
use scrip_ledger::embedded::{Options, verify};
use scrip_ledger::{Ledger as _, Value, WalletRefund, Work};

use super::store::{Opened, Store};

fn slices(opened: &Opened) -> u64 {
    let figures = opened.ledger.figures();
    let figure = figures.iter().find(|figure| figure.name == "scrip_key_slices").unwrap();
    match figure.value {
        Value::Whole(value) => value,
        Value::Thousandths(value) => value / 1_000,
    }
}

async fn until(opened: &Opened, is_so: impl Fn(u64) -> bool) {
    let wait = async {
        while !is_so(slices(opened)) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), wait).await.unwrap();
}

fn small(options: &mut Options) {
    options.names_max = Some(16_384);
    options.snapshots_every = Duration::from_millis(20);
}

/// Lets `before` happen, forgets its names, and lets `after` happen. Then everything is verified, and
/// every wallet is made again from its rows.
async fn sound(before: impl AsyncFn(&Opened), after: impl AsyncFn(&Opened)) {
    let ann = wallet("ann/gold");
    let store = Store::new();
    store.fresh().await.close().await;
    let opened = store.opened_with(small).await;
    before(&opened).await;
    for batch in 0..10 {
        let items = (0..1_000).map(|n| item(&wallet("bob/gold"), &format!("{batch}-{n}"), "1"));
        opened.world.done(Work::ConsumeBatch(items.collect())).await;
    }
    until(&opened, |slices| slices > 0).await;
    opened.close().await;
    let forgetful = |options: &mut Options| {
        small(options);
        options.names_kept = Some(Duration::ZERO);
    };
    let opened = store.opened_with(forgetful).await;
    until(&opened, |slices| slices == 0).await;
    after(&opened).await;
    let available = opened.world.available(&ann).await;
    opened.close().await;
    verify(store.path(), |_, _| {}).unwrap();
    let records = Connection::open(store.path().join("snapshots.db")).unwrap();
    records.execute("update wallets set record = zeroblob(3)", []).unwrap();
    drop(records);
    let opened = store.opened().await;
    assert_eq!(opened.world.available(&ann).await, available, "made again from its rows");
    opened.close().await;
}

async fn refund(opened: &Opened, key: &str) {
    let of = Undone::Consumption(IdempotencyKey::parse("job").unwrap());
    let key = IdempotencyKey::parse(key).unwrap();
    let request = RefundRequest { key, of, amount: Some(credits("5")) };
    let wallet = wallet("ann/gold");
    opened.world.done(Work::Refund(Box::new(WalletRefund { wallet, request }))).await;
}

/// An overdraft that lives longer than names are kept.
#[tokio::test(flavor = "multi_thread")]
async fn of_an_overdraft_that_is_still_being_settled() {
    let ann = wallet("ann/gold");
    let before = async |it: &Opened| {
        it.world.consume(&ann, "job", "50").await;
        it.world.grant(&ann, "first", "20").await;
    };
    let after = async |it: &Opened| {
        // The opened world mints from the beginning again.
        it.world.mint(&ann);
        it.world.grant(&ann, "second", "10").await;
        it.world.grant(&ann, "third", "5").await;
    };
    sound(before, after).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_consumption_that_was_refunded() {
    let ann = wallet("ann/gold");
    let before = async |it: &Opened| {
        it.world.consume(&ann, "job", "50").await;
        refund(it, "r").await;
    };
    let after = async |it: &Opened| {
        it.world.consume(&ann, "job", "50").await;
        refund(it, "r").await;
        refund(it, "s").await;
    };
    sound(before, after).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_reservation() {
    let ann = wallet("ann/gold");
    let job = async |it: &Opened| {
        it.world.done(Work::Reserve(Box::new(reserve_of(&ann, "job", "1")))).await;
        it.world.done(Work::Release(Box::new(release_of(&ann, "job", "1")))).await;
    };
    let before = async |it: &Opened| {
        it.world.grant(&ann, "main", "50").await;
        job(it).await;
    };
    sound(before, job).await;
}

//! Refunds under the eyes of whatever folds rows again: `verify`, the scrubber, and the mending of a
//! wallet whose record is lost.

use std::sync::Arc;

use rusqlite::Connection;
use scrip_core::{
    Cadence, Credits, IdempotencyKey, Priority, RecurringGrantId, RefundRequest, Undone,
};
use scrip_ledger::conformance::{credits, instant, item, wallet};
use scrip_ledger::embedded::verify;
use scrip_ledger::{PutRecurringGrant, WalletRefund, Work};

use super::store::{Opened, Store};

async fn refund(opened: &Opened, key: &str, consumption: &str, amount: Option<&str>) {
    let of = Undone::Consumption(IdempotencyKey::parse(consumption).unwrap());
    let key = IdempotencyKey::parse(key).unwrap();
    let request = RefundRequest { key, of, amount: amount.map(credits) };
    let wallet = wallet("ann/gold");
    opened.world.done(Work::Refund(Box::new(WalletRefund { wallet, request }))).await;
}

/// A refund's row leads to a consumption, whose row leads nowhere.
#[tokio::test]
async fn are_sound_wherever_rows_are_folded_again() {
    let store = Store::new();
    let opened = store.fresh().await;
    let ann = wallet("ann/gold");
    opened.world.grant(&ann, "main", "20").await;
    opened.world.consume(&ann, "job", "30").await;
    refund(&opened, "r1", "job", Some("5")).await;
    opened.world.grant(&ann, "more", "5").await;
    refund(&opened, "r2", "job", Some("3")).await;
    refund(&opened, "r3", "job", None).await;
    assert_eq!(opened.world.available(&ann).await, "25");
    opened.close().await;
    verify(store.path(), |_, _| {}).unwrap();
    let records = Connection::open(store.path().join("snapshots.db")).unwrap();
    records.execute("update wallets set record = zeroblob(3)", []).unwrap();
    drop(records);
    let opened = store.opened().await;
    assert_eq!(opened.world.available(&ann).await, "25");
    let ledger = Arc::clone(&opened.ledger);
    tokio::task::spawn_blocking(move || ledger.scrub()).await.unwrap().unwrap();
    opened.world.consume(&ann, "next", "1").await;
    opened.close().await;
    verify(store.path(), |_, _| {}).unwrap();
}

/// A wallet whose next row has this sequence, after a consumption that used a grant up.
async fn up_to(store: &Store, next: u64) -> Opened {
    let opened = store.fresh().await;
    let ann = wallet("ann/gold");
    opened.world.grant(&ann, "spent", "10").await;
    opened.world.consume(&ann, "job", "10").await;
    opened.world.grant(&ann, "main", "1000").await;
    let keys: Vec<String> = (6..next).map(|n| n.to_string()).collect();
    for keys in keys.chunks(1_000) {
        let items = keys.iter().map(|key| item(&ann, key, "0.1")).collect();
        opened.world.done(Work::ConsumeBatch(items)).await;
    }
    opened
}

/// The state is kept after the whole command, whichever of its rows crosses the multiple.
#[tokio::test]
async fn keep_a_state_after_all_their_rows() {
    for next in 4_093..=4_097 {
        let store = Store::new();
        let opened = up_to(&store, next).await;
        refund(&opened, "r", "job", Some("4")).await;
        opened.close().await;
        verify(store.path(), |_, _| {}).unwrap_or_else(|told| panic!("{next}: {told}"));
    }
}

#[tokio::test]
async fn a_first_period_keeps_a_state_after_all_its_rows() {
    for next in 4_093..=4_097 {
        let store = Store::new();
        let opened = up_to(&store, next).await;
        let put = PutRecurringGrant {
            wallet: wallet("ann/gold"),
            id: RecurringGrantId::parse("basic").unwrap(),
            amount: Credits::whole(1),
            cadence: Cadence::Month,
            anchor: Some(instant("2030-01-01")),
            priority: Priority::DEFAULT,
            display_name: "basic".to_owned(),
        };
        opened.world.done(Work::PutRecurringGrant(Box::new(put))).await;
        opened.close().await;
        verify(store.path(), |_, _| {}).unwrap_or_else(|told| panic!("{next}: {told}"));
    }
}

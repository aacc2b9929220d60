//! Many at once: nothing is lost, nothing happens twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use scrip_ledger::conformance::{SANDBOX, item, wallet};
use scrip_ledger::embedded::verify;
use scrip_ledger::{Answer, Ledger as _, RecordKind, RecordPatch, Work};
use serde_json::{Map, json};

use super::store::Store;
use crate::whole::whole;

const TASKS: usize = 40;
const EACH: usize = 25;

#[tokio::test(flavor = "multi_thread")]
async fn on_one_wallet_and_on_many() {
    let store = Store::new();
    let opened = store.fresh().await;
    opened.world.grant(&wallet("ann/gold"), "main", "500").await;
    let ledger = Arc::clone(&opened.ledger);
    let world = Arc::new(opened.world);
    let mut tasks = Vec::new();
    for task in 0..TASKS {
        let world = Arc::clone(&world);
        tasks.push(tokio::spawn(async move {
            for n in 0..EACH {
                // Each key is used by two tasks, each at its own time.
                let key = format!("{}-{n}", task / 2);
                world.consume(&wallet("ann/gold"), &key, "1").await;
                let own = wallet(&format!("bob/silver/r{}", task % 10));
                let items = vec![item(&own, &format!("{task}-{n}"), "1"), item(&own, "once", "5")];
                let answer = world.execute(SANDBOX, Work::ConsumeBatch(items)).await.unwrap();
                assert!(matches!(answer, Answer::Batch(rejected) if rejected.is_empty()));
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(world.available(&wallet("ann/gold")).await, "0");
    for r in 0..10 {
        let own = wallet(&format!("bob/silver/r{r}"));
        assert_eq!(world.available(&own).await, format!("-{}", TASKS / 10 * EACH + 5));
    }
    let before = whole(ledger.as_ref()).await;
    scrip_ledger::Ledger::close(ledger.as_ref()).await;
    verify(store.path(), |_, _| {}).unwrap();
    assert_eq!(whole(store.opened().await.ledger.as_ref()).await, before);
}

/// What readers know of a record, in memory or from the file, never goes back, and whoever was answered
/// finds what he wrote.
#[tokio::test(flavor = "multi_thread")]
async fn on_one_record() {
    let store = Store::new();
    let opened = store.fresh().await;
    let ledger = Arc::clone(&opened.ledger);
    let is_over = Arc::new(AtomicBool::new(false));
    let version = |ledger: Arc<scrip_ledger::embedded::Embedded>| async move {
        let gold = ledger.record(SANDBOX, RecordKind::CustomCurrency, "gold").await.unwrap();
        gold.unwrap().body.get("version").and_then(serde_json::Value::as_u64).unwrap_or(0)
    };
    let readers: Vec<_> = (0..4)
        .map(|_| {
            let (ledger, is_over) = (Arc::clone(&ledger), Arc::clone(&is_over));
            tokio::spawn(async move {
                let (mut last, mut seen) = (0, 0);
                while !is_over.load(Ordering::Relaxed) {
                    let now = version(Arc::clone(&ledger)).await;
                    assert!(now >= last, "{now} after {last}");
                    seen += u32::from(now > last);
                    last = now;
                    tokio::task::yield_now().await;
                }
                seen
            })
        })
        .collect();
    for next in 1..=200_u64 {
        let members = Map::from_iter([("version".to_owned(), json!(next))]);
        let patch =
            RecordPatch { kind: RecordKind::CustomCurrency, id: "gold".to_owned(), members };
        opened.world.done(Work::PatchRecord(patch)).await;
        assert_eq!(version(Arc::clone(&ledger)).await, next, "whoever was answered");
    }
    is_over.store(true, Ordering::Relaxed);
    for reader in readers {
        assert!(reader.await.unwrap() > 10, "the reader did not keep up");
    }
}

//! Many at once: nothing is lost, nothing happens twice.

use std::sync::Arc;

use scrip_ledger::conformance::{SANDBOX, item, wallet};
use scrip_ledger::embedded::verify;
use scrip_ledger::{Answer, Work};

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

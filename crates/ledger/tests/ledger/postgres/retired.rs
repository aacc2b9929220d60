//! What an environment leaves behind that is reset: a number that nobody has any more.

use std::time::Duration;

use scrip_core::EnvironmentId;
use scrip_ledger::conformance::{SANDBOX, instant, wallet};
use scrip_ledger::postgres::Options;
use scrip_ledger::{
    EnvironmentChange, EventQuery, Ledger as _, Order, PageRequest, SYSTEM, Start, Work,
};
use tokio::runtime::Handle;

use super::nodes::Nodes;
use super::open;

async fn of_system(it: &Nodes, work: Work) {
    let origin = it.world.origin();
    let order = Order { environment: SYSTEM, origin, work, remember: None };
    it.nodes[0].execute(order).await.unwrap();
}

async fn reset(it: &Nodes, number: EnvironmentId) {
    let change = EnvironmentChange::Reset(number);
    of_system(it, Work::ChangeEnvironments(Box::new(change))).await;
}

/// On every node: one that is opened later, and one that hears of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn time_stands_still_in_it() {
    let often = Duration::from_millis(50);
    let it = Nodes::with(2, |options| Options { housekeeping_every: often, ..options }).await;
    reset(&it, SANDBOX).await;
    // This one never had a test clock.
    let second = EnvironmentId(3);
    reset(&it, second).await;
    let later = open(&it.database, Options { lanes: 1, ..Options::on(Handle::current()) }).await;
    assert_eq!(later.now(SANDBOX), instant("2030-01-01"));
    let stood = later.now(second);
    let heard = tokio::time::timeout(Duration::from_secs(20), async {
        while it.nodes[1].now(second) != stood {
            tokio::time::sleep(often).await;
        }
    });
    heard.await.unwrap();
    assert_eq!((later.now(second), it.nodes[0].now(second)), (stood, stood));
    assert_ne!(later.now(EnvironmentId(4)), stood);
}

/// Its events are forgotten as others are.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_events_are_forgotten() {
    let it = Nodes::new(1).await;
    for name in ["one", "two", "three"] {
        it.world.grant(&wallet("ann/gold"), name, "10").await;
    }
    let page = PageRequest { start: Start::Newest, limit: 1_000 };
    let query = EventQuery { environment: SANDBOX, kinds: Vec::new(), page };
    let kept = async || it.nodes[0].events(query.clone()).await.unwrap().items.len();
    assert!(kept().await > 2);
    reset(&it, SANDBOX).await;
    of_system(&it, Work::ForgetEvents(u64::MAX)).await;
    assert_eq!(kept().await, 1, "the newest stays");
}

//! Connections that are cut before, while and after a transaction is committed, and servers that say
//! no: what was asked for happens once, and its answer is true.

use std::sync::Arc;

use scrip_ledger::conformance::{Given, Made, Making, World, item, wallet};
use scrip_ledger::postgres::{Options, Postgres};
use scrip_ledger::{Ledger as _, LedgerError, SystemClock, Value, Work};
use tokio::runtime::Handle;

use super::proxy::{Cut, Proxy};
use super::server::Database;

/// A node behind a proxy.
struct Cuttable {
    world: World,
    node: Arc<Postgres>,
    proxy: Proxy,
    database: Arc<Database>,
}

impl Cuttable {
    async fn new() -> Self {
        let database = Arc::new(Database::make().await);
        let proxy = Proxy::before(&database.url).await;
        let (url, runtime) = (proxy.url.clone(), Handle::current());
        let open = move || {
            let clock = Some(SystemClock::of_machine());
            // Its own transactions must not be cut in place of the test's.
            let housekeeping_every = std::time::Duration::from_secs(3_600);
            let options = Options { clock, housekeeping_every, lanes: 1, ..Options::on(runtime) };
            Postgres::open(&url, options).unwrap()
        };
        let node = tokio::task::spawn_blocking(open).await.unwrap();
        let (ledger, kept) = (Arc::clone(&node), Arc::clone(&database));
        let make = move |_: Given| -> Making {
            let (ledger, keep) = (Arc::clone(&ledger), Arc::clone(&kept));
            Box::pin(async { Made { ledger, follows_given_clock: false, keep: Box::new(keep) } })
        };
        Self { world: World::new(&make).await, node, proxy, database }
    }

    fn figure(&self, name: &str) -> u64 {
        let figures = self.node.figures();
        match figures.iter().find(|figure| figure.name == name).unwrap().value {
            Value::Whole(value) | Value::Thousandths(value) => value,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_is_cut_off_happens_once() {
    let it = Cuttable::new().await;
    let key = wallet("ann/gold");
    it.world.grant(&key, "main", "100").await;
    for (round, cut) in [Cut::Before, Cut::After, Cut::After, Cut::Before].into_iter().enumerate() {
        it.proxy.cut(cut);
        let name = format!("k{round}");
        let consumed = it.world.consume(&key, &name, "1").await;
        assert_eq!(it.proxy.cuts(), round + 1, "{cut:?}");
        let left = 100 - 1 - round;
        assert_eq!(consumed.balance.available.to_string(), left.to_string(), "{cut:?}");
        // Whoever was not told asks again.
        it.world.consume(&key, &name, "1").await;
        assert_eq!(it.world.available(&key).await, left.to_string(), "{cut:?}");
        assert_eq!(it.world.story(&key).await.len(), round + 2, "{cut:?}");
    }
    assert_eq!(it.figure("scrip_database_commits_in_doubt_total"), 4);
}

/// Of what has no rows the database knows all the same what became of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_whose_commit_is_cut_off_is_made_once() {
    let it = Cuttable::new().await;
    for (id, cut) in [("before", Cut::Before), ("after", Cut::After)] {
        it.proxy.cut(cut);
        let kind = scrip_ledger::RecordKind::Customer;
        it.world.done(Work::CreateRecord(scrip_ledger::conformance::record(kind, id, &[]))).await;
    }
    assert_eq!(it.proxy.cuts(), 2);
}

/// Connections that the server ends, in whatever they are doing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_ended_are_made_again() {
    let it = Cuttable::new().await;
    let key = wallet("ann/gold");
    it.world.grant(&key, "main", "100").await;
    let other = it.database.connect().await;
    let end = "select pg_terminate_backend(pid) from pg_stat_activity
               where application_name = 'scrip' and datname = current_database()";
    for round in 0..5 {
        other.execute(end, &[]).await.unwrap();
        it.world.consume(&key, &format!("k{round}"), "1").await;
        other.execute(end, &[]).await.unwrap();
        assert_eq!(it.world.available(&key).await, (99 - round).to_string());
    }
}

/// Somebody holds what an order needs, and does not let go.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_does_not_wait_for_ever() {
    let it = Cuttable::new().await;
    let key = wallet("ann/gold");
    it.world.grant(&key, "main", "100").await;
    let other = it.database.connect().await;
    other.batch_execute("begin; select 1 from scrip.wallets for update").await.unwrap();
    let work = Work::Consume(Box::new(item(&key, "held", "1")));
    let answer = it.world.execute(scrip_ledger::conformance::SANDBOX, work).await;
    assert_eq!(answer.unwrap_err(), LedgerError::Busy);
    other.batch_execute("rollback").await.unwrap();
    it.world.consume(&key, "held", "1").await;
    assert_eq!(it.world.available(&key).await, "99");
}

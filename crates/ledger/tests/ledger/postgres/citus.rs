//! A database that is distributed over the workers of a coordinator. Most of it is the conformance suite
//! itself, beside `scripts/citus`; here is what only a distributed database has.

use std::collections::HashSet;
use std::time::Duration;

use scrip_core::WalletKey;
use scrip_ledger::conformance::{SANDBOX, grant_of, item, record, wallet};
use scrip_ledger::postgres::{NotDistributed, OpenError, Options, distribute};
use scrip_ledger::{EventQuery, Ledger as _, Order, PageRequest, RecordKind, Start, Work};
use tokio::runtime::Handle;
use tokio_postgres::Client;

use super::nodes::Nodes;
use super::open;
use super::server::{Database, workers};

/// What every transaction of a node holds on the worker where it writes.
const HOLD: &str = "select pg_advisory_xact_lock_shared(x'736372697001'::bigint)";

async fn try_to_distribute(database: &Database) -> Result<(), OpenError> {
    let (url, runtime) = (database.url.clone(), Handle::current());
    let distribute = move || distribute(&url, runtime).map(drop);
    tokio::task::spawn_blocking(distribute).await.unwrap()
}

/// So many customers, each with a wallet.
async fn customers(it: &Nodes, count: usize, credits: &str) -> Vec<WalletKey> {
    let keys: Vec<_> = (0..count).map(|n| wallet(&format!("customer{n}/gold"))).collect();
    let records = keys.iter().map(|key| record(RecordKind::Customer, key.customer.as_str(), &[]));
    it.world.done(Work::ImportCustomers(records.collect())).await;
    for key in &keys {
        it.world.grant(key, "main", credits).await;
    }
    keys
}

async fn number(client: &Client, sql: &str) -> i64 {
    client.query_one(sql, &[]).await.unwrap().get(0)
}

/// Nothing is changed, and it is said what is missing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_the_extension_is_refused() {
    let database = Database::make_empty().await;
    let client = database.connect().await;
    client.batch_execute("drop extension if exists citus cascade").await.unwrap();
    let error = try_to_distribute(&database).await.unwrap_err();
    let is_offered = "select count(*) from pg_available_extensions where name = 'citus'";
    let wanted = match number(&client, is_offered).await {
        0 => NotDistributed::NotOffered,
        _ => NotDistributed::NotCreated,
    };
    assert!(matches!(&error, OpenError::NotDistributed(why) if *why == wanted), "{error}");
    assert!(error.to_string().starts_with("the database cannot be distributed: the "), "{error}");
    let schemas = "select count(*) from pg_namespace where nspname = 'scrip'";
    assert_eq!(number(&client, schemas).await, 0, "nothing is left behind");
}

/// The coordinator notes for each transaction on which workers something was written: on one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a cluster: scripts/citus"]
async fn a_transaction_of_a_lane_stays_on_one_worker() {
    let it = Nodes::with(2, |options| Options {
        housekeeping_every: Duration::from_secs(3_600),
        scrub_every: None,
        ..options
    })
    .await;
    let customers = customers(&it, 40, "1000").await;
    let client = it.database.connect().await;
    let noted = "
        select min(groupid) as worker, count(distinct groupid) as workers
        from pg_dist_transaction group by regexp_replace(gid, '_[0-9]+$', '')";
    let mut transactions = Vec::new();
    // What is noted is forgotten by and by, so it is looked at soon.
    for round in 0..10 {
        client.batch_execute("select recover_prepared_transactions()").await.unwrap();
        let asks = (0..80).map(|n| {
            let key = &customers[n % customers.len()];
            it.ask(n % 2, Work::Consume(Box::new(item(key, &format!("k{round}-{n}"), "1"))))
        });
        for answer in futures_util::future::join_all(asks).await {
            answer.unwrap();
        }
        for row in client.query(noted, &[]).await.unwrap() {
            transactions.push((row.get::<_, i32>(0), row.get::<_, i64>(1)));
        }
    }
    assert!(transactions.len() > 8, "{}: nothing is noted", transactions.len());
    assert!(transactions.iter().all(|(_, workers)| *workers == 1), "{transactions:?}");
    let used: HashSet<_> = transactions.iter().map(|(worker, _)| worker).collect();
    assert_eq!(used.len(), 2, "both workers are used, one by each transaction");
    let rows: i64 = number(&client, "select count(*) from scrip.entries").await;
    assert_eq!(rows, 880, "two for each grant, one for each consumption");
    for key in &customers {
        let balance = it.nodes[1].balance(key).await.unwrap().unwrap();
        assert_eq!(balance.available.to_string(), "980");
    }
    it.database.verify().await.unwrap();
}

fn newest() -> EventQuery {
    let page = PageRequest { start: Start::Newest, limit: 1_000 };
    EventQuery { environment: SANDBOX, kinds: Vec::new(), page }
}

/// A worker has a transaction that the coordinator does not know of any more, or of which it has decided what
/// the worker has not heard: whoever reads upward waits for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a cluster: scripts/citus"]
async fn an_upward_reader_waits_for_what_a_worker_keeps() {
    let it = Nodes::new(1).await;
    it.world.grant(&wallet("ann/gold"), "main", "10").await;
    for (at, worker) in it.database.connect_to_workers().await.into_iter().enumerate() {
        worker.batch_execute(&format!("begin; {HOLD}")).await.unwrap();
        let asked = it.nodes[0].clone();
        let reading = tokio::spawn(async move { asked.events(newest()).await.unwrap() });
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(!reading.is_finished(), "it waits for what is under way");
        let name = format!("left_{at}_{}", std::process::id());
        worker.batch_execute(&format!("prepare transaction '{name}'")).await.unwrap();
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(!reading.is_finished(), "it waits for what is prepared");
        worker.batch_execute(&format!("rollback prepared '{name}'")).await.unwrap();
        reading.await.unwrap();
    }
}

/// What was there on one server is there on the workers, and everything goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a cluster: scripts/citus"]
async fn one_server_becomes_many() {
    let it = Nodes::on(Database::make_empty().await, 1, |options| options).await;
    for key in customers(&it, 30, "100").await {
        it.world.consume(&key, "before", "1").await;
    }
    let error = try_to_distribute(&it.database).await.unwrap_err();
    let is_used =
        |error: &OpenError| matches!(error, OpenError::NotDistributed(NotDistributed::InUse(_)));
    assert!(is_used(&error), "{error}");
    let origin = it.world.origin();
    it.nodes[0].close().await;
    let before = it.database.verify().await.unwrap();
    let Nodes { world, nodes, database } = it;
    drop((world, nodes));
    let database = std::sync::Arc::into_inner(database).unwrap();
    // The connections that read go with the node.
    while let Err(error) = try_to_distribute(&database).await {
        assert!(is_used(&error), "{error}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(database.verify().await.unwrap(), before);
    try_to_distribute(&database).await.unwrap();
    let shards = "select count(distinct nodeport) from citus_shards
                  where table_name = 'scrip.entries'::regclass";
    let workers = i64::try_from(workers().len()).unwrap();
    assert_eq!(number(&database.connect().await, shards).await, workers);
    let node = open(&database, Options::on(Handle::current())).await;
    let key = wallet("customer7/gold");
    for name in ["before", "after"] {
        let work = Work::Consume(Box::new(item(&key, name, "1")));
        let origin = origin.clone();
        let order = Order { environment: SANDBOX, origin, work, remember: None };
        node.execute(order).await.unwrap();
    }
    let balance = node.balance(&key).await.unwrap().unwrap();
    assert_eq!(balance.available.to_string(), "98", "a repeated key burns once");
    database.verify().await.unwrap();
}

/// A batch names customers of several shards: one transaction over both workers, all of it or nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a cluster: scripts/citus"]
async fn a_batch_over_several_workers_is_one_transaction() {
    let it = Nodes::new(1).await;
    let keys = customers(&it, 20, "10").await;
    let items = keys.iter().enumerate().map(|(n, key)| item(key, &format!("b{n}"), "2")).collect();
    it.world.done(Work::ConsumeBatch(items)).await;
    for key in &keys {
        let balance = it.nodes[0].balance(key).await.unwrap().unwrap();
        assert_eq!(balance.available.to_string(), "8");
    }
    let key = &keys[0];
    let work = Work::CreateGrant(Box::new(grant_of(key, it.world.mint(key), "more", "30")));
    it.ask(0, work).await.unwrap();
    it.database.verify().await.unwrap();
}

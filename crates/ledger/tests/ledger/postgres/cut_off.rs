//! Connections that are cut before, while and after a transaction is committed, and servers that say
//! no: what was asked for happens once, and its answer is true.

use std::sync::Arc;
use std::time::Duration;

use scrip_ledger::conformance::{Given, Made, Making, SANDBOX, World, item, wallet};
use scrip_ledger::postgres::{Options, Postgres};
use scrip_ledger::{Ledger as _, LedgerError, Order, SystemClock, Value, Work};
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
        Self::answering_within(Duration::from_secs(40)).await
    }

    /// A node that gives a connection up when an answer takes longer.
    async fn answering_within(answer_within: Duration) -> Self {
        let database = Arc::new(Database::make().await);
        let proxy = Proxy::before(&database.url).await;
        let (url, runtime) = (proxy.url.clone(), Handle::current());
        let open = move || {
            let clock = Some(SystemClock::of_machine());
            // Its own transactions must not be cut in place of the test's.
            let housekeeping_every = Duration::from_secs(3_600);
            let options = Options {
                clock,
                housekeeping_every,
                answer_within,
                lanes: 1,
                ..Options::on(runtime)
            };
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

/// A server that is there and says nothing: whoever asks is told to come again, and what was asked for
/// happened once or not at all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_server_keeps_nobody() {
    let it = Cuttable::answering_within(Duration::from_secs(1)).await;
    let key = wallet("ann/gold");
    it.world.grant(&key, "main", "100").await;
    let order = |name: &str| Order {
        environment: SANDBOX,
        origin: it.world.origin(),
        work: Work::Consume(Box::new(item(&wallet("ann/gold"), name, "1"))),
        remember: None,
    };
    it.proxy.be_silent(true);
    let asked = (0..5).map(|n| it.node.execute(order(&format!("k{n}"))));
    for answer in futures_util::future::join_all(asked).await {
        assert!(matches!(answer, Err(LedgerError::Unavailable)), "{answer:?}");
    }
    assert!(matches!(it.node.balance(&key).await, Err(LedgerError::Unavailable)));
    it.proxy.be_silent(false);
    for n in 0..5 {
        it.world.consume(&key, &format!("k{n}"), "1").await;
    }
    assert_eq!(it.world.available(&key).await, "95");
    assert_eq!(it.world.story(&key).await.len(), 6);
    it.database.verify().await.unwrap();
}

/// While the database is gone, whoever asks waits as long as a lane tries to reach it, and not longer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_gone_is_waited_for_once() {
    let it = Cuttable::new().await;
    let key = wallet("ann/gold");
    it.world.grant(&key, "main", "100").await;
    let ask = async |name: &str| {
        let work = Work::Consume(Box::new(item(&key, name, "1")));
        let origin = it.world.origin();
        let order = Order { environment: SANDBOX, origin, work, remember: None };
        let answer = it.node.execute(order).await;
        assert!(matches!(answer, Err(LedgerError::Unavailable)), "{answer:?}");
    };
    it.proxy.be_gone();
    it.proxy.cut(Cut::Before);
    ask("in doubt").await;
    let begin = std::time::Instant::now();
    ask("not sent").await;
    let waited = begin.elapsed();
    assert!(waited > Duration::from_secs(9) && waited < Duration::from_secs(15), "{waited:?}");
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
    let bucket: i16 =
        other.query_one("select bucket from scrip.wallets", &[]).await.unwrap().get(0);
    let hold = format!("begin; select 1 from scrip.wallets where bucket = {bucket} for update");
    other.batch_execute(&hold).await.unwrap();
    let work = Work::Consume(Box::new(item(&key, "held", "1")));
    let answer = it.world.execute(scrip_ledger::conformance::SANDBOX, work).await;
    assert_eq!(answer.unwrap_err(), LedgerError::Busy);
    other.batch_execute("rollback").await.unwrap();
    it.world.consume(&key, "held", "1").await;
    assert_eq!(it.world.available(&key).await, "99");
}

/// What the server says when it has no room, or when somebody else was faster, in place of a commit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_server_refuses_is_not_done() {
    let it = Cuttable::new().await;
    let key = wallet("ann/gold");
    it.world.grant(&key, "main", "100").await;
    let tables = it.database.tables_of_entries().await;
    for (server, _) in &tables {
        server.batch_execute("create sequence scrip.refusals").await.unwrap();
    }
    // In which words, how often it refuses, and what whoever asked is told.
    let full = "could not extend file \"base/5/1\": No space left on device";
    let cases = [
        ("53100", full, i64::MAX, Some(LedgerError::DiskFull)),
        ("40001", "could not serialize access due to concurrent update", 2, None),
        ("40P01", "deadlock detected", 2, None),
        ("55P03", "canceling statement due to lock timeout", 1, Some(LedgerError::Busy)),
        ("57014", "canceling statement due to statement timeout", 1, Some(LedgerError::Busy)),
    ];
    for (round, (code, words, times, told)) in cases.into_iter().enumerate() {
        let refuse = format!(
            "create or replace function scrip.refuse() returns trigger language plpgsql as $$ begin
                 if nextval('scrip.refusals') <= {times} then
                     raise exception '{words}' using errcode = '{code}';
                 end if;
                 return null;
             end $$;
             select setval('scrip.refusals', 1, false);"
        );
        for (server, names) in &tables {
            server.batch_execute(&refuse).await.unwrap();
            for table in names {
                let refusing = format!(
                    "create trigger refuse after insert on {table} for each statement
                         execute function scrip.refuse()"
                );
                server.batch_execute(&refusing).await.unwrap();
            }
        }
        let work = Work::Consume(Box::new(item(&key, code, "1")));
        let answer = it.world.execute(SANDBOX, work).await;
        assert_eq!(answer.as_ref().err(), told.as_ref(), "{code}: {answer:?}");
        let done = i64::try_from(round).unwrap() + i64::from(told.is_none());
        assert_eq!(it.world.available(&key).await, (100 - done).to_string(), "{code}");
        for (server, names) in &tables {
            for table in names {
                let accept = format!("drop trigger refuse on {table}");
                server.batch_execute(&accept).await.unwrap();
            }
        }
        it.world.consume(&key, code, "1").await;
        assert_eq!(it.world.story(&key).await.len(), round + 2, "{code}: once");
    }
    it.database.verify().await.unwrap();
}

//! Whoever reads upward sees everything, also what was committed in another order than that in which
//! its position was taken.

use std::time::Duration;

use scrip_ledger::conformance::{SANDBOX, item, wallet};
use scrip_ledger::{EventQuery, ExportQuery, Ledger as _, PageRequest, Point, Start, Work};

use super::nodes::Nodes;

/// What every transaction of a node holds while it has positions that nobody sees yet.
const HOLD: &str = "select pg_advisory_xact_lock_shared(x'736372697001'::bigint)";

fn newest() -> EventQuery {
    let page = PageRequest { start: Start::Newest, limit: 1_000 };
    EventQuery { environment: SANDBOX, kinds: Vec::new(), page }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_with_a_lower_position_is_not_passed_by() {
    let it = Nodes::new(1).await;
    let slow = it.database.connect().await;
    slow.batch_execute("begin; set search_path = scrip").await.unwrap();
    slow.batch_execute(HOLD).await.unwrap();
    let row = slow.query_one("select nextval('event_position')", &[]).await.unwrap();
    let lower: i64 = row.get(0);
    // Another transaction takes a higher position, and is committed first.
    it.world.grant(&wallet("ann/gold"), "main", "10").await;
    let asked = it.nodes[0].clone();
    let reading = tokio::spawn(async move { asked.events(newest()).await.unwrap() });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!reading.is_finished(), "it waits for the one that is not told yet");
    let sql = "insert into domain_events
               select bucket, $1, environment, kind, body from domain_events limit 1";
    slow.execute(sql, &[&lower]).await.unwrap();
    slow.batch_execute("commit").await.unwrap();
    reading.await.unwrap();
    let page = it.nodes[0].events(newest()).await.unwrap();
    let positions: Vec<u64> = page.items.iter().map(|(_, view)| view.event.position).collect();
    assert!(positions.is_sorted(), "{positions:?}");
    assert!(positions.contains(&lower.unsigned_abs()), "{lower} of {positions:?}");
}

/// A reader waits only for those who may have lower positions, not for whoever comes later, nor for
/// transactions that take none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_waits_for_nobody_else() {
    let it = Nodes::new(1).await;
    let other = it.database.connect().await;
    other.batch_execute("begin; create table scrip.anything (number integer)").await.unwrap();
    it.world.grant(&wallet("ann/gold"), "main", "10").await;
    let within = Duration::from_secs(5);
    tokio::time::timeout(within, it.nodes[0].events(newest())).await.unwrap().unwrap();
    other.batch_execute("rollback").await.unwrap();
}

/// Goes on reading while rows are written, and has them all at the end, once each.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_that_goes_on_misses_no_row() {
    const ROWS: usize = 400;
    let it = Nodes::new(3).await;
    for customer in ["ann", "bob"] {
        it.world.grant(&wallet(&format!("{customer}/gold")), "main", "100000").await;
    }
    let writing = async {
        for round in 0..ROWS / 8 {
            let asks = (0..8).map(|number| {
                let key = wallet(if number % 2 == 0 { "ann/gold" } else { "bob/gold" });
                let name = format!("k{round}-{number}");
                it.ask(number % 3, Work::Consume(Box::new(item(&key, &name, "1"))))
            });
            for answer in futures_util::future::join_all(asks).await {
                answer.unwrap();
            }
        }
    };
    let reading = async {
        let query =
            ExportQuery { environment: SANDBOX, customer: None, resource: None, currency: None };
        let (mut after, mut seen) = (Point::END, Vec::new());
        while seen.len() < ROWS + 2 {
            let slice = it.nodes[1].export(query.clone(), after, None).await.unwrap().unwrap();
            seen.extend(slice.rows.iter().map(|(point, _)| *point));
            after = slice.reached;
        }
        seen
    };
    let both = futures_util::future::join(writing, reading);
    let (_, seen) = tokio::time::timeout(Duration::from_secs(60), both).await.unwrap();
    assert_eq!(seen.len(), ROWS + 2);
    assert!(seen.windows(2).all(|pair| pair[1].is_behind(pair[0])), "upward, once each");
}

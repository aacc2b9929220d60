//! Usage that is added up behind the rows says what the rows say, whichever node did it.

use std::sync::Arc;
use std::time::Duration;

use scrip_ledger::Ledger as _;
use scrip_ledger::conformance::{Given, Made, Making, World, wallet};
use scrip_ledger::postgres::{Options, Postgres};
use tokio::runtime::Handle;
use tokio_postgres::Client;

use super::open;
use super::server::Database;
use crate::embedded::added_up::{Chance, answers, check, live, questions};

/// A node that looks after everything so often.
async fn node(database: &Database, every: Duration) -> Arc<Postgres> {
    let options = Options { lanes: 1, housekeeping_every: every, ..Options::on(Handle::current()) };
    open(database, options).await
}

async fn world_of(node: &Arc<Postgres>) -> World {
    let node = Arc::clone(node);
    let make = move |_: Given| -> Making {
        let ledger = Arc::clone(&node);
        Box::pin(async { Made { ledger, follows_given_clock: false, keep: Box::new(()) } })
    };
    World::new(&make).await
}

/// Waits until usage is added up to the last row.
async fn added_up(client: &Client) {
    let sql = "select coalesce((select ('x' || encode(value, 'hex'))::bit(64)::bigint
                                from scrip.meta where name = 'usage_reach'), 0)
                   >= (select max(position) from scrip.entries)";
    let wait = async {
        while !client.query_one(sql, &[]).await.unwrap().get::<_, bool>(0) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), wait).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn is_what_the_rows_say() {
    const SELDOM: Duration = Duration::from_secs(3_600);
    for seed in 0..2 {
        let database = Database::make().await;
        let client = database.connect().await;
        let first = node(&database, SELDOM).await;
        let world = world_of(&first).await;
        let (mut chance, questions) = (Chance(seed), questions(seed));
        for name in ["ann/gold", "ann/gold/r"] {
            world.grant(&wallet(name), name, "100").await;
        }
        live(&world, &mut chance, 0).await;
        let from_rows = answers(first.as_ref(), &questions).await;
        let second = node(&database, Duration::from_millis(20)).await;
        added_up(&client).await;
        let days = "select count(*) from scrip.usage_days";
        assert!(client.query_one(days, &[]).await.unwrap().get::<_, i64>(0) > 1);
        for node in [&first, &second] {
            check(&answers(node.as_ref(), &questions).await, &from_rows, &questions);
        }
        database.verify().await.unwrap();
        // Of the days and of the rows behind them, while these become days.
        second.close().await;
        live(&world, &mut chance, 1).await;
        let from_both = answers(first.as_ref(), &questions).await;
        assert_ne!(from_both, from_rows, "the second day is asked for");
        let second = node(&database, Duration::from_millis(20)).await;
        added_up(&client).await;
        check(&answers(second.as_ref(), &questions).await, &from_both, &questions);
        let usage_days = database.verify().await.unwrap().usage_days;
        assert!(usage_days > 1, "{usage_days}");
        // What is damaged is found, and the rows tell.
        second.close().await;
        for damage in ["hours = sets", "hours = set_byte(hours, 3, get_byte(hours, 3) # 1)"] {
            let sql = format!("update scrip.usage_days set {damage} where sets is not null");
            assert!(client.execute(&sql, &[]).await.unwrap() > 0);
            let found = database.verify().await.unwrap_err();
            assert!(found.contains("usage of wallet 1 on day "), "{found}");
            check(&answers(first.as_ref(), &questions).await, &from_both, &questions);
        }
        client.execute("delete from scrip.usage_days", &[]).await.unwrap();
        let found = database.verify().await.unwrap_err();
        assert!(found.contains("its usage is not what its rows add up to"), "{found}");
        first.close().await;
    }
}

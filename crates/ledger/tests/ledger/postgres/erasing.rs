//! A customer is erased from a database: from every table, whoever adds usage up meanwhile, and whichever
//! node finishes it.

use std::time::Duration;

use scrip_ledger::conformance::erasure::word_of;
use scrip_ledger::conformance::{Given, Made, Making, SANDBOX, World, wallet};
use scrip_ledger::postgres::Options;
use scrip_ledger::{Ledger as _, finish_erasures, go_on_erasing};
use tokio::runtime::Handle;
use tokio_postgres::Client;

use super::open;
use super::server::Database;

/// The tables in which a word lies, in whatever column.
async fn tables_with(word: &str, client: &Client) -> Vec<String> {
    let sql = "select table_name::text from information_schema.tables
               where table_schema = 'scrip' and table_type = 'BASE TABLE' order by 1";
    let mut found = Vec::new();
    for row in client.query(sql, &[]).await.unwrap() {
        let table: String = row.get(0);
        // Bytes are shown by their digits.
        let digits: String = word.bytes().map(|byte| format!("{byte:02x}")).collect();
        let sql = format!(
            "select count(*) from scrip.{table} t
             where position($1 in t::text) > 0 or position($2 in t::text) > 0"
        );
        let count: i64 = client.query_one(&sql, &[&word, &digits]).await.unwrap().get(0);
        if count > 0 {
            found.push(table);
        }
    }
    found
}

/// Two nodes, the second of which adds usage up and looks after everything often.
async fn world(database: &Database) -> (World, std::sync::Arc<scrip_ledger::postgres::Postgres>) {
    let node =
        |every| Options { lanes: 2, housekeeping_every: every, ..Options::on(Handle::current()) };
    let first = open(database, node(Duration::from_secs(3_600))).await;
    let second = open(database, node(Duration::from_millis(20))).await;
    let make = move |_: Given| -> Making {
        let ledger = std::sync::Arc::clone(&first);
        Box::pin(async { Made { ledger, follows_given_clock: false, keep: Box::new(()) } })
    };
    (World::new(&make).await, second)
}

async fn added_up(client: &Client) {
    let sql = "select count(*) from scrip.usage_days where sets is not null";
    let wait = async {
        while client.query_one(sql, &[]).await.unwrap().get::<_, i64>(0) < 4 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), wait).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_table_has_a_word_left() {
    let database = Database::make().await;
    let client = database.connect().await;
    let (world, second) = world(&database).await;
    world.write_of(SANDBOX, "ann", "1").await;
    world.write_of(SANDBOX, "bob", "1").await;
    added_up(&client).await;
    let (ann, bob) = (word_of("ann"), word_of("bob"));
    let tables = ["entries", "grants", "record_keys", "records", "usage_days"];
    assert_eq!(tables_with(&ann, &client).await, tables);
    database.verify().await.unwrap();
    // Begun on one node, which ends; the other finishes it.
    world.begin_erasing(SANDBOX, "ann").await;
    database.verify().await.unwrap();
    let later = second.now(SANDBOX).later(3_600_000_000);
    assert_eq!(finish_erasures(second.as_ref(), SANDBOX, later).await.unwrap(), 1);
    assert_eq!(tables_with(&ann, &client).await, [""; 0]);
    assert_eq!(tables_with(&bob, &client).await, tables);
    database.verify().await.unwrap();
    assert!(!world.everything_told(SANDBOX).await.contains(&ann));
    world.write_of(SANDBOX, "ann", "2").await;
    world.erase(SANDBOX, "ann").await;
    assert_eq!(tables_with(&ann, &client).await, [""; 0]);
    database.verify().await.unwrap();
    second.close().await;
}

/// Usage is changed behind the rows. What comes meanwhile keeps its dimensions there, too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_meanwhile_keeps_its_words() {
    let database = Database::make().await;
    let (world, second) = world(&database).await;
    world.write_of(SANDBOX, "ann", "1").await;
    for again in 0..4 {
        world.erase_while_others_consume("ann/gold", &again.to_string()).await;
        database.verify().await.unwrap();
    }
    second.close().await;
}

/// A wallet's rows are walked by their links. One that is missing ends it with an error, not never.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_is_missing_is_told() {
    let database = Database::make().await;
    let client = database.connect().await;
    let (world, second) = world(&database).await;
    world.write_of(SANDBOX, "ann", "1").await;
    let sql =
        "delete from scrip.entries where position = (select min(position) from scrip.entries)";
    assert_eq!(client.execute(sql, &[]).await.unwrap(), 1);
    let erasure = world.begin_erasing(SANDBOX, "ann").await;
    let customer = wallet("ann/gold").customer;
    let erasing = go_on_erasing(second.as_ref(), SANDBOX, &customer, &erasure);
    let erased = tokio::time::timeout(Duration::from_secs(60), erasing).await.unwrap();
    assert!(erased.is_err(), "a row is missing");
    second.close().await;
}

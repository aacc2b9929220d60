//! What the scrubber finds while nodes serve, and what follows: a wallet that is wrong takes no orders of
//! any node, until a later pass finds it well.

use std::sync::Arc;

use scrip_core::WalletKey;
use scrip_ledger::conformance::{item, release_of, reserve_of, wallet};
use scrip_ledger::postgres::{Options, Postgres};
use scrip_ledger::{Ledger as _, LedgerError, Work};
use tokio_postgres::Client;

use super::nodes::Nodes;

async fn scrub(node: &Arc<Postgres>) {
    let node = Arc::clone(node);
    tokio::task::spawn_blocking(move || node.scrub()).await.unwrap().unwrap();
}

fn figure(node: &Arc<Postgres>, name: &str) -> String {
    let figures = node.figures();
    figures.iter().find(|figure| figure.name == name).unwrap().value.to_string()
}

async fn consume(it: &Nodes, node: usize, key: &WalletKey, name: &str) -> Result<(), LedgerError> {
    it.ask(node, Work::Consume(Box::new(item(key, name, "1")))).await.map(drop)
}

/// Two nodes that scrub only when they are told to, two wallets, reservations, and many rows.
async fn two(rows: usize) -> (Nodes, Client) {
    let it = Nodes::with(2, |options| Options { scrub_every: None, ..options }).await;
    for name in ["ann/gold", "bob/silver"] {
        it.world.grant(&wallet(name), "main", "90000").await;
    }
    let ann = wallet("ann/gold");
    it.world.done(Work::Reserve(Box::new(reserve_of(&ann, "job", "5")))).await;
    it.world.done(Work::Release(Box::new(release_of(&ann, "job", "2")))).await;
    for start in (0..rows).step_by(1_000) {
        let end = rows.min(start + 1_000);
        let items = (start..end).map(|n| item(&wallet("bob/silver"), &format!("b{n}"), "1"));
        it.world.done(Work::ConsumeBatch(items.collect())).await;
    }
    let client = it.database.connect().await;
    client.batch_execute("set search_path = scrip").await.unwrap();
    (it, client)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_well_stays_as_it_is() {
    // More than a part's rows, and a kept state.
    let (it, client) = two(4_200).await;
    scrub(&it.nodes[0]).await;
    assert_eq!(figure(&it.nodes[0], "scrip_scrubbed_wallets_total"), "2");
    assert_eq!(figure(&it.nodes[0], "scrip_scrub_findings_total"), "0");
    let frozen = "select count(*) from wallets where frozen is not null";
    assert_eq!(client.query_one(frozen, &[]).await.unwrap().get::<_, i64>(0), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wallet_that_is_wrong_takes_no_orders_of_any_node_until_it_is_well() {
    let (it, client) = two(40).await;
    let (ann, bob) = (wallet("ann/gold"), wallet("bob/silver"));
    let of_bob = "(select number from wallets where customer = 'bob')";
    let fifth = format!("wallet = {of_bob} and sequence = 5");
    let mut found = 0;
    for (n, (table, damage)) in [
        ("entries", "row = set_byte(row, 30, get_byte(row, 30) # 1)"),
        ("entries", "row = 'x'"),
        ("entries", "seal = seal # 1"),
        ("entries", "sequence = 4"),
        ("entries", "wallet = wallet + 1"),
        ("entries", "previous = 0"),
        ("entries", "name = null"),
        ("wallets", "slot = set_byte(slot, 9, get_byte(slot, 9) # 1)"),
        ("wallets", "sequence = sequence + 1"),
        ("wallets", "due_at = 5"),
    ]
    .into_iter()
    .enumerate()
    {
        let place = if table == "entries" { fifth.as_str() } else { "customer = 'bob'" };
        let keep = format!("create temporary table kept as select * from {table} where {place}");
        client.batch_execute(&keep).await.unwrap();
        client.batch_execute(&format!("update {table} set {damage} where {place}")).await.unwrap();
        scrub(&it.nodes[0]).await;
        found += 1;
        assert_eq!(
            figure(&it.nodes[0], "scrip_scrub_findings_total"),
            found.to_string(),
            "{damage}"
        );
        for node in [0, 1] {
            let refused = consume(&it, node, &bob, &format!("refused {n}")).await;
            assert!(matches!(refused, Err(LedgerError::Frozen)), "{damage}: {refused:?}");
            consume(&it, node, &ann, &format!("others {n} {node}")).await.unwrap();
        }
        let reason = "select frozen from wallets where customer = 'bob'";
        let reason: Option<String> = client.query_one(reason, &[]).await.unwrap().get(0);
        assert!(reason.is_some_and(|reason| !reason.is_empty()), "{damage}");
        // Somebody brings back what was there.
        let column = damage.split_once(' ').unwrap().0;
        let back = match table {
            "entries" => format!(
                "update entries e set {column} = k.{column} from kept k
                 where e.bucket = k.bucket and e.position = k.position"
            ),
            _ => format!(
                "update wallets w set {column} = k.{column} from kept k
                 where w.bucket = k.bucket and w.number = k.number"
            ),
        };
        client.batch_execute(&format!("{back}; drop table kept")).await.unwrap();
        scrub(&it.nodes[1]).await;
        for node in [0, 1] {
            consume(&it, node, &bob, &format!("again {n} {node}")).await.unwrap();
        }
    }
    it.database.verify().await.unwrap();
}

/// A wallet whose key says nothing is passed, and those behind it are looked at.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wallet_that_cannot_be_read_is_passed() {
    let (it, client) = two(40).await;
    for (n, (damage, back)) in [
        ("customer = ''", "customer = 'bob'"),
        ("currency = 'no currency'", "currency = 'silver'"),
        ("environment = -1", "environment = 2"),
        ("sequence = -sequence", "sequence = -sequence"),
    ]
    .into_iter()
    .enumerate()
    {
        let of_bob = "select number from wallets where customer = 'bob'";
        let number: i64 = client.query_one(of_bob, &[]).await.unwrap().get(0);
        let change = async |set: &str| {
            let sql = format!("update wallets set {set} where number = {number}");
            client.batch_execute(&sql).await.unwrap();
        };
        let figures = |names: [&str; 2]| names.map(|name| figure(&it.nodes[0], name));
        let names = ["scrip_scrubbed_wallets_total", "scrip_scrub_findings_total"];
        change(damage).await;
        scrub(&it.nodes[0]).await;
        assert_eq!(figures(names), [(2 + 4 * n).to_string(), (n + 1).to_string()], "{damage}");
        let frozen = format!("select frozen from wallets where number = {number}");
        let why: Option<String> = client.query_one(&frozen, &[]).await.unwrap().get(0);
        assert!(why.is_some_and(|why| !why.is_empty()), "{damage}");
        change(back).await;
        scrub(&it.nodes[0]).await;
        assert_eq!(figures(names), [(4 + 4 * n).to_string(), (n + 1).to_string()], "{damage}");
        consume(&it, 0, &wallet("bob/silver"), &format!("again {n}")).await.unwrap();
    }
    it.database.verify().await.unwrap();
}

/// In the background, and by one node.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_node_scrubs_by_itself() {
    let soon = std::time::Duration::from_secs(1);
    let it = Nodes::with(2, |options| Options { scrub_every: Some(soon), ..options }).await;
    it.world.grant(&wallet("ann/gold"), "main", "10").await;
    let scrubbed = |node: usize| figure(&it.nodes[node], "scrip_scrubbed_wallets_total");
    let waited = tokio::time::timeout(std::time::Duration::from_secs(120), async {
        while scrubbed(0) == "0" && scrubbed(1) == "0" {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    });
    waited.await.unwrap();
    assert!(scrubbed(0) == "0" || scrubbed(1) == "0", "not both");
}

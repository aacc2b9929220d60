//! However much there is, an order reads what it needs and no more: every statement has its index, also
//! as it is planned, before its values are known.

use std::time::Duration;

use scrip_ledger::Work;
use scrip_ledger::conformance::{item, release_of, reserve_of, wallet};
use tokio_postgres::Client;

use super::nodes::Nodes;

/// How many others there are, all in the bucket of the one who is asked for.
const OTHERS: i64 = 3_000;
/// What one order may read, in all tables together.
const READ_MOST: i64 = 150;

/// Entries of indexes and rows of tables that were read so far, on all servers.
async fn read(servers: &[Client]) -> i64 {
    // Sessions tell the server what they read once a second at most; those that a coordinator keeps on its
    // workers when they have been idle for ten.
    let told_within = if servers.len() > 1 { 11_000 } else { 1_500 };
    tokio::time::sleep(Duration::from_millis(told_within)).await;
    let sql = "
        select (select sum(idx_tup_read) from pg_stat_user_indexes where schemaname = 'scrip')::bigint
             + (select sum(seq_tup_read) from pg_stat_user_tables where schemaname = 'scrip')::bigint";
    let mut read = 0;
    for server in servers {
        read += server.query_one(sql, &[]).await.unwrap().get::<_, i64>(0);
    }
    read
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_reads_no_more_among_many() {
    let it = Nodes::new(1).await;
    let key = wallet("ann/gold");
    it.world.grant(&key, "main", "1000").await;
    let client = it.database.connect().await;
    client.batch_execute("set search_path = scrip").await.unwrap();
    let mut servers = it.database.connect_to_workers().await;
    servers.push(it.database.connect().await);
    for others in [
        "insert into records
             (bucket, ordinal, environment, kind, id, created_at, updated_at, archived_at, body)
         select r.bucket, nextval('record_ordinal'), r.environment, r.kind, 'other-' || n,
                r.created_at, r.updated_at, r.archived_at, r.body
         from records r, generate_series(1, $1::bigint) n where r.id = 'ann'",
        "insert into names (bucket, name, position, stored_at)
         select bucket, int8send(n), 1, 0 from wallets, generate_series(1, $1::bigint) n
         where customer = 'ann'",
        "insert into wallets
             (bucket, environment, customer, currency, resource, number, sequence, due_at, slot)
         select bucket, environment, 'other-' || n, currency, resource, nextval('wallet_number'),
                sequence, null, slot
         from wallets, generate_series(1, $1::bigint) n where customer = 'ann'",
        "insert into grants
             (bucket, ordinal, environment, id, customer, resource, currency, created_at, facts)
         select bucket, nextval('grant_ordinal'), environment, 'other-' || n, 'other-' || n,
                resource, currency, created_at, facts
         from grants, generate_series(1, $1::bigint) n where customer = 'ann'",
    ] {
        assert_eq!(client.execute(others, &[&OTHERS]).await.unwrap(), OTHERS.unsigned_abs());
    }
    let job = |n| format!("job {n}");
    let reserve = |n| Work::Reserve(Box::new(reserve_of(&key, &job(n), "5")));
    let release = |n| Work::Release(Box::new(release_of(&key, &job(n), "2")));
    let orders: [(&str, Vec<Work>); 4] = [
        ("consume", (0..20).map(|n| consume(&key, n)).collect()),
        ("repeat", (0..20).map(|n| consume(&key, n)).collect()),
        ("reserve", (0..20).map(reserve).collect()),
        ("release", (0..20).map(release).collect()),
    ];
    // Connections learn what there is.
    it.world.done(consume(&key, 99)).await;
    for (name, orders) in orders {
        let (before, count) = (read(&servers).await, i64::try_from(orders.len()).unwrap());
        for order in orders {
            it.world.done(order).await;
        }
        let each = (read(&servers).await - before) / count;
        assert!(each <= READ_MOST, "{name}: {each} for each");
    }
    // Without the index that finds a name, all are read.
    let damage = "alter table names drop constraint names_pkey";
    client.batch_execute(damage).await.unwrap();
    let before = read(&servers).await;
    it.world.done(consume(&key, 100)).await;
    let without = read(&servers).await - before;
    assert!(without > OTHERS, "{without}: what is read is not counted");
}

fn consume(key: &scrip_core::WalletKey, n: usize) -> Work {
    Work::Consume(Box::new(item(key, &format!("k{n}"), "1")))
}

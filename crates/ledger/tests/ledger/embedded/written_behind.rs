//! What is written behind the ledger: wallets and names, in every state that a kill can leave.

use std::sync::Arc;
use std::time::{Duration, Instant};

use scrip_core::Dimension;
use scrip_ledger::conformance::{item, wallet};
use scrip_ledger::embedded::{Embedded, Options, verify};
use scrip_ledger::{Ledger as _, Value, Work};

use super::store::{Opened, Store, wait_until_free};
use crate::whole::whole;

fn figure(opened: &Opened, name: &str) -> u64 {
    let figures = opened.ledger.figures();
    let figure = figures.iter().find(|figure| figure.name == name).unwrap();
    match figure.value {
        Value::Whole(value) => value,
        Value::Thousandths(value) => value / 1_000,
    }
}

/// Waits for what happens behind.
async fn until(opened: &Opened, name: &str, least: u64) {
    let begin = Instant::now();
    while figure(opened, name) < least {
        assert!(begin.elapsed() < Duration::from_secs(60), "{name} {}", figure(opened, name));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn folded(store: &Store) -> u64 {
    wait_until_free(store.path());
    let mut rows = 0;
    let ledger = Embedded::open(store.path(), Options::default(), |_, all| rows = all).unwrap();
    drop(ledger);
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_folds_what_is_behind_and_no_more() {
    let store = Store::new();
    let opened = store.fresh().await;
    for n in 0..20 {
        let key = wallet(["ann/gold", "bob/gold", "ann/gold/r"][n % 3]);
        opened.world.consume(&key, &format!("k{n}"), "1").await;
    }
    let before = whole(opened.ledger.as_ref()).await;
    opened.close().await;
    assert_eq!(folded(&store), 0, "after a clean stop");
    let opened = store.opened_with(|options| options.snapshots_every = Duration::MAX).await;
    assert_eq!(whole(opened.ledger.as_ref()).await, before);
    for n in 0..7 {
        opened.world.consume(&wallet("bob/gold"), &format!("more{n}"), "1").await;
    }
    let before = whole(opened.ledger.as_ref()).await;
    drop(opened);
    assert_eq!(folded(&store), 7, "after a kill");
    let opened = store.opened().await;
    assert_eq!(whole(opened.ledger.as_ref()).await, before);
    opened.close().await;
    verify(store.path(), |_, _| {}).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn names_move_into_slices_and_stay_known() {
    let store = Store::new();
    store.fresh().await.close().await;
    let small = |options: &mut Options| {
        options.names_max = Some(16_384);
        options.snapshots_every = Duration::from_millis(20);
    };
    let opened = store.opened_with(small).await;
    const BATCHES: usize = 10;
    let burn = async |opened: &Opened| {
        for batch in 0..BATCHES {
            let items = (0..1_000).map(|n| item(&wallet("ann/gold"), &format!("{batch}-{n}"), "1"));
            opened.world.done(Work::ConsumeBatch(items.collect())).await;
        }
        opened.world.available(&wallet("ann/gold")).await
    };
    assert_eq!(burn(&opened).await, "-10000");
    until(&opened, "scrip_key_slices", 1).await;
    assert_eq!(burn(&opened).await, "-10000", "from slices and from memory");
    // Killed: the names behind the slices are read from the rows again.
    drop(opened);
    let opened = store.opened_with(small).await;
    assert_eq!(burn(&opened).await, "-10000", "after a kill");
    opened.close().await;
    let opened = store.opened_with(small).await;
    assert_eq!(burn(&opened).await, "-10000", "after a stop");
    opened.close().await;
    std::fs::remove_dir_all(store.path().join("keys")).unwrap();
    let opened = store.opened_with(small).await;
    assert_eq!(burn(&opened).await, "-10000", "from the rows alone");
    until(&opened, "scrip_key_slices", 1).await;
    opened.world.consume(&wallet("ann/gold"), "newest", "1").await;
    opened.close().await;
    // What need not be known any more is forgotten, slice by slice.
    let forgetful = store
        .opened_with(|options| {
            small(options);
            options.names_kept = Some(Duration::ZERO);
        })
        .await;
    let begin = Instant::now();
    while figure(&forgetful, "scrip_key_slices") > 0 && begin.elapsed() < Duration::from_secs(20) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for key in ["0-0", "newest"] {
        forgetful.world.consume(&wallet("ann/gold"), key, "1").await;
    }
    assert_eq!(forgetful.world.available(&wallet("ann/gold")).await, "-10002", "one burned again");
    forgetful.close().await;
    verify(store.path(), |_, _| {}).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_writer_waits_for_the_snapshots() {
    let store = Store::new();
    store.fresh().await.close().await;
    let opened = store
        .opened_with(|options| {
            options.snapshots_every = Duration::MAX;
            options.lag_rows_max = 10;
        })
        .await;
    for n in 0..200 {
        opened.world.consume(&wallet("ann/gold"), &format!("k{n}"), "1").await;
        assert!(figure(&opened, "scrip_snapshot_lag_rows") <= 11);
    }
    assert!(figure(&opened, "scrip_writer_slow_downs_total") >= 15);
    assert_eq!(opened.world.available(&wallet("ann/gold")).await, "-200");
    opened.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_writer_waits_until_usage_is_added_up() {
    let store = Store::new();
    store.fresh().await.close().await;
    let bounded = |options: &mut Options| {
        options.snapshots_every = Duration::MAX;
        options.usage_lag_rows_max = 10;
    };
    let opened = store.opened_with(bounded).await;
    let added_up = || {
        let snapshots = rusqlite::Connection::open(store.path().join("snapshots.db")).unwrap();
        let reach = "select value from meta where name = 'usage'";
        let reach: Vec<u8> = snapshots.query_row(reach, [], |row| row.get(0)).unwrap();
        u64::from_be_bytes(reach[..8].try_into().unwrap())
    };
    let before = added_up();
    for n in 0..200 {
        opened.world.consume(&wallet("ann/gold"), &format!("k{n}"), "1").await;
        assert!(added_up() + 11 >= before + n, "{n}");
    }
    assert!(figure(&opened, "scrip_writer_slow_downs_total") >= 15);
    // Days that cannot be written stop nobody.
    let broken = rusqlite::Connection::open(store.path().join("snapshots.db")).unwrap();
    broken
        .execute_batch("pragma busy_timeout = 5000; alter table usage_days rename to gone")
        .unwrap();
    for n in 200..300 {
        opened.world.consume(&wallet("ann/gold"), &format!("k{n}"), "1").await;
    }
    assert_eq!(opened.world.available(&wallet("ann/gold")).await, "-300");
    opened.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn snapshots_that_cannot_be_written_stop_nobody() {
    let store = Store::new();
    store.fresh().await.close().await;
    let opened = store
        .opened_with(|options| {
            options.wallets_bytes_max = 0;
            options.lag_rows_max = 50;
            options.snapshots_every = Duration::from_millis(5);
        })
        .await;
    opened.world.consume(&wallet("ann/gold"), "first", "1").await;
    until(&opened, "scrip_snapshot_rounds_total", 1).await;
    let broken = rusqlite::Connection::open(store.path().join("snapshots.db")).unwrap();
    broken.execute_batch("pragma busy_timeout = 5000; alter table wallets rename to gone").unwrap();
    for n in 0..200 {
        opened.world.consume(&wallet("bob/gold"), &format!("k{n}"), "1").await;
    }
    assert!(figure(&opened, "scrip_snapshot_failures_total") > 0);
    assert_eq!(opened.world.available(&wallet("bob/gold")).await, "-200");
    opened.close().await;
    let opened = store.opened().await;
    for (name, available) in [("ann/gold", "-1"), ("bob/gold", "-200")] {
        assert_eq!(opened.world.available(&wallet(name)).await, available, "{name}");
    }
    opened.close().await;
    verify(store.path(), |_, _| {}).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_record_is_made_from_its_rows() {
    let store = Store::new();
    let opened = store.fresh().await;
    for n in 0..10 {
        opened.world.consume(&wallet("ann/gold"), &format!("k{n}"), "1").await;
        opened.world.consume(&wallet("bob/gold"), &format!("k{n}"), "1").await;
    }
    let before = whole(opened.ledger.as_ref()).await;
    opened.close().await;
    let snapshots = rusqlite::Connection::open(store.path().join("snapshots.db")).unwrap();
    let damage = "update wallets set record = zeroblob(length(record))";
    assert_eq!(snapshots.execute(damage, []).unwrap(), 2);
    let opened = store.opened().await;
    assert_eq!(whole(opened.ledger.as_ref()).await, before);
    opened.world.consume(&wallet("ann/gold"), "more", "1").await;
    assert_eq!(opened.world.available(&wallet("ann/gold")).await, "-11");
    opened.close().await;
}

/// An order that changes nothing puts a wallet back that was dropped meanwhile. What it becomes
/// later must still reach `snapshots.db`.
#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_that_was_dropped_while_it_was_looked_at_is_written() {
    let store = Store::new();
    store.fresh().await.close().await;
    let cold = |options: &mut Options| {
        options.wallets_bytes_max = 0;
        options.snapshots_every = Duration::from_millis(1);
    };
    let opened = store.opened_with(cold).await;
    let ann = wallet("ann/gold");
    for n in 0..150 {
        opened.world.consume(&ann, &format!("k{n}"), "1").await;
        // Known already: nothing changes.
        for _ in 0..5 {
            opened.world.consume(&ann, "k0", "1").await;
        }
    }
    opened.close().await;
    verify(store.path(), |_, _| {}).unwrap();
    let opened = store.opened().await;
    assert_eq!(opened.world.available(&ann).await, "-150");
    opened.close().await;
}

/// A file of the version before has nothing that this one does not know. That version would not know what
/// this one writes, and is told so.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_the_version_before_is_kept() {
    let store = Store::new();
    let opened = store.fresh().await;
    opened.world.consume(&wallet("ann/gold"), "first", "1").await;
    opened.close().await;
    let snapshots = || rusqlite::Connection::open(store.path().join("snapshots.db")).unwrap();
    let before = "update meta set value = 3 where name = 'format'; create table kept (it integer)";
    snapshots().execute_batch(before).unwrap();
    verify(store.path(), |_, _| {}).unwrap();
    let opened = store.opened().await;
    assert_eq!(opened.world.available(&wallet("ann/gold")).await, "-1");
    opened.close().await;
    let format = "select value from meta, (select count(*) from kept) where name = 'format'";
    assert_eq!(snapshots().query_row(format, [], |row| row.get(0)), Ok(4));
}

/// Commits of the ledger wait while the disk syncs anything else, so no round is synced in one piece, nor
/// is the usage of its wallets.
#[tokio::test(flavor = "multi_thread")]
async fn a_round_of_many_wallets_is_written_little_by_little() {
    let store = Store::new();
    store.fresh().await.close().await;
    let opened = store.opened_with(|options| options.snapshots_every = Duration::MAX).await;
    let wallets: Vec<_> = (0..12_000).map(|n| wallet(&format!("bob/silver/r{n}"))).collect();
    for wallets in wallets.chunks(1_000) {
        let items = wallets.iter().map(|key| {
            let mut one = item(key, "once", "1");
            one.consume.dimensions = [("what", Dimension::Text("long".repeat(50).into()))].into();
            one
        });
        opened.world.done(Work::ConsumeBatch(items.collect())).await;
    }
    let ledger = Arc::clone(&opened.ledger);
    tokio::task::spawn_blocking(move || ledger.write_behind()).await.unwrap();
    let bytes = |name: &str| std::fs::metadata(store.path().join(name)).unwrap().len();
    let (all, log) = (bytes("snapshots.db"), bytes("snapshots.db-wal"));
    assert!(all > 5_000_000 && log < 1_500_000, "{all} bytes by way of a log of {log}");
    opened.close().await;
    verify(store.path(), |_, _| {}).unwrap();
}

/// What is behind the requests goes behind them.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn threads_that_nobody_waits_for_give_way() {
    let store = Store::new();
    let opened = store.fresh().await;
    let begin = Instant::now();
    loop {
        let less = |name| priorities_of(name).into_iter().min();
        let behind = [less("ledger-keeper"), less("ledger-scrubber")];
        if behind == [less("ledger-writer").map(|own| (own + 10).min(19)); 2] {
            break;
        }
        assert!(begin.elapsed() < Duration::from_secs(10), "{behind:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    opened.close().await;
}

/// How nice the threads of this process are that are called like this.
#[cfg(target_os = "linux")]
fn priorities_of(name: &str) -> Vec<i64> {
    let threads = std::fs::read_dir("/proc/self/task").unwrap();
    let told = threads.filter_map(|thread| {
        let stat = std::fs::read_to_string(thread.unwrap().path().join("stat")).ok()?;
        let (head, rest) = stat.rsplit_once(") ")?;
        let is_one = head.split_once('(')?.1 == name;
        // The nineteenth of all, of which two stand in front.
        is_one.then(|| rest.split(' ').nth(16)?.parse().ok()).flatten()
    });
    told.collect()
}

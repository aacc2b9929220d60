//! What the scrubber finds while the ledger serves, and what follows: a wallet whose rows are wrong
//! takes no orders, and what can be made again is made again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::Connection;
use scrip_core::WalletKey;
use scrip_ledger::conformance::{SANDBOX, instant, item, wallet};
use scrip_ledger::embedded::verify;
use scrip_ledger::{Ledger as _, LedgerError, Work};

use super::behind::{flip, sliced};
use super::store::{Opened, Store};

async fn scrub(opened: &Opened) {
    let ledger = Arc::clone(&opened.ledger);
    tokio::task::spawn_blocking(move || ledger.scrub()).await.unwrap().unwrap();
}

fn figure(opened: &Opened, name: &str) -> String {
    let figures = opened.ledger.figures();
    figures.iter().find(|figure| figure.name == name).unwrap().value.to_string()
}

async fn consume(opened: &Opened, wallet: &WalletKey, key: &str) -> Result<(), LedgerError> {
    let work = Work::Consume(Box::new(item(wallet, key, "1")));
    opened.world.execute(SANDBOX, work).await.map(drop)
}

fn incidents(store: &Store) -> Vec<String> {
    let sql = store.sql();
    let mut kinds = sql.prepare("select kind from incidents order by number").unwrap();
    kinds.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// Two wallets in turns: the first has the odd rows up to 9, the second the even ones.
async fn two() -> (Store, Opened) {
    let store = Store::new();
    let opened = store.fresh().await;
    for n in 0..5 {
        for name in ["ann/gold", "bob/silver"] {
            let due = |grant: &mut scrip_core::NewGrant| {
                grant.expire_at = Some(instant("2030-06-01").later(n));
            };
            opened.world.grant_as(&wallet(name), "main", "10", due).await;
        }
    }
    (store, opened)
}

#[tokio::test]
async fn what_is_well_stays_as_it_is() {
    let store = sliced().await;
    // Once with the wallets on the disk only, once in use.
    let opened = store.opened().await;
    scrub(&opened).await;
    consume(&opened, &wallet("ann/gold"), "new").await.unwrap();
    opened.world.balance(&wallet("bob/silver")).await;
    scrub(&opened).await;
    assert_eq!(figure(&opened, "scrip_scrubbed_wallets_total"), "4");
    assert_eq!(incidents(&store), [""; 0]);
    for name in ["scrub_findings_total", "snapshots_repaired_total", "key_slices_repaired_total"] {
        assert_eq!(figure(&opened, &format!("scrip_{name}")), "0", "{name}");
    }
    assert_eq!(incidents(&store), [""; 0]);
    opened.close().await;
    verify(store.path(), |_, _| {}).unwrap();
}

#[tokio::test]
async fn a_wallet_whose_rows_are_wrong_takes_no_orders_until_they_are_well() {
    for damage in [
        "update entries set row = cast(substr(row, 1, 20) || x'ff' || substr(row, 22) as blob) where position = 5",
        "update entries set row = zeroblob(9) where position = 5",
        "update entries set row = 'text' where position = 5",
        "update entries set wallet = 2 where position = 5",
        "update entries set sequence = 7 where position = 5",
        "update entries set previous = previous - 1 where position = 5",
        "update entries set previous_notable = 0 where position = 5",
        "update entries set skip = skip + 1 where position = 5",
        "update entries set types = types + 1 where position = 5",
        "update entries set name = zeroblob(16) where position = 5",
        "update entries set related = 2 where position = 5",
        "update entries set row = (select row from entries where position = 7) where position = 5",
        "delete from entries where position = 5",
    ] {
        let (store, opened) = two().await;
        let (ann, bob) = (wallet("ann/gold"), wallet("bob/silver"));
        let sql = store.sql();
        sql.execute("create table kept as select * from entries", []).unwrap();
        assert_eq!(sql.execute(damage, []).unwrap(), 1, "{damage}");
        scrub(&opened).await;
        assert_eq!(consume(&opened, &ann, "k").await, Err(LedgerError::Frozen), "{damage}");
        assert_eq!(figure(&opened, "scrip_wallets_frozen"), "1", "{damage}");
        assert_eq!(figure(&opened, "scrip_scrub_findings_total"), "1", "{damage}");
        assert_eq!(opened.world.available(&ann).await, "50", "reads go on");
        consume(&opened, &bob, "k").await.unwrap();
        opened.close().await;

        let opened = store.opened().await;
        assert_eq!(consume(&opened, &ann, "k").await, Err(LedgerError::Frozen), "{damage}");
        scrub(&opened).await;
        assert_eq!(consume(&opened, &ann, "k").await, Err(LedgerError::Frozen), "{damage}");
        let told = verify(store.path(), |_, _| {}).unwrap_err().to_string();
        assert!(told.starts_with("entries 5: "), "{told}");
        let mend = "insert or replace into entries select * from kept where position = 5";
        sql.execute(mend, []).unwrap();
        scrub(&opened).await;
        consume(&opened, &ann, "k").await.unwrap();
        assert_eq!(figure(&opened, "scrip_wallets_frozen"), "0", "{damage}");
        assert_eq!(incidents(&store), ["wallet_frozen", "wallet_thawed"], "{damage}");
        sql.execute("drop table kept", []).unwrap();
        opened.close().await;
        verify(store.path(), |_, _| {}).unwrap();
    }
}

fn records(store: &Store) -> Connection {
    Connection::open(store.path().join("snapshots.db")).unwrap()
}

const OF_ANN: &str = "where key = x'00000002616e6e00676f6c6400'";

/// A record that is wrong is written again, whether its wallet is in use or not; orders go on.
#[tokio::test]
async fn a_record_that_is_wrong_is_made_again() {
    for damage in [
        "update wallets set record = cast(x'02' || substr(record, 2) as blob)",
        "update wallets set record = zeroblob(3)",
        "update wallets set due_at = due_at + 1",
        "update wallets set due_at = null",
        "delete from wallets",
        "update wallets set record = (select record from old where old.key = wallets.key)",
    ] {
        for is_in_use in [false, true] {
            let (store, opened) = two().await;
            opened.close().await;
            records(&store).execute("create table old as select * from wallets", []).unwrap();
            let opened = store.opened().await;
            consume(&opened, &wallet("ann/gold"), "k").await.unwrap();
            opened.close().await;
            let opened = store.opened().await;
            let ann = wallet("ann/gold");
            if is_in_use {
                opened.world.balance(&ann).await;
            }
            assert_eq!(records(&store).execute(&format!("{damage} {OF_ANN}"), []).unwrap(), 1);
            let told = verify(store.path(), |_, _| {}).unwrap_err().to_string();
            assert!(told.starts_with("snapshots.db: "), "{told}");
            scrub(&opened).await;
            assert_eq!(opened.world.available(&ann).await, "49", "{damage} {is_in_use}");
            consume(&opened, &ann, "k").await.unwrap();
            consume(&opened, &ann, "more").await.unwrap();
            assert_eq!(figure(&opened, "scrip_snapshots_repaired_total"), "1", "{damage}");
            assert_eq!(figure(&opened, "scrip_scrub_findings_total"), "0", "{damage}");
            scrub(&opened).await;
            assert_eq!(incidents(&store), [""; 0], "{damage}");
            opened.close().await;
            verify(store.path(), |_, _| {}).unwrap();
        }
    }
}

/// Somebody used a record that was wrong before the scrubber came.
#[tokio::test]
async fn a_wallet_that_is_in_use_as_it_never_was() {
    for damage in [
        "delete from wallets",
        "update wallets set record = (select record from old where old.key = wallets.key)",
    ] {
        let (store, opened) = two().await;
        opened.close().await;
        records(&store).execute("create table old as select * from wallets", []).unwrap();
        let opened = store.opened().await;
        let ann = wallet("ann/gold");
        consume(&opened, &ann, "k").await.unwrap();
        opened.close().await;
        records(&store).execute(&format!("{damage} {OF_ANN}"), []).unwrap();
        let opened = store.opened().await;
        let wrong = opened.ledger.balance(&ann).await.unwrap();
        assert!(wrong.is_none_or(|balance| balance.available.to_string() == "50"));
        scrub(&opened).await;
        scrub(&opened).await;
        assert_eq!(opened.world.available(&ann).await, "49", "{damage}");
        consume(&opened, &ann, "more").await.unwrap();
        opened.close().await;
        verify(store.path(), |_, _| {}).unwrap();
    }
}

#[tokio::test]
async fn a_slice_that_is_damaged_is_made_again() {
    for (file, at) in [("0000000001.keys", 5_000), ("0000000001.column", 200)] {
        let store = sliced().await;
        let opened = store.opened_with(|options| options.names_max = Some(16_384)).await;
        flip(&store.path().join("keys").join(file), at);
        scrub(&opened).await;
        assert_eq!(figure(&opened, "scrip_key_slices_repaired_total"), "1", "{file}");
        // Its names are known as before.
        let before = opened.world.available(&wallet("ann/gold")).await;
        let again = item(&wallet("ann/gold"), "0-0", "0.1");
        opened.world.done(Work::Consume(Box::new(again))).await;
        assert_eq!(opened.world.available(&wallet("ann/gold")).await, before);
        scrub(&opened).await;
        assert_eq!(figure(&opened, "scrip_key_slices_repaired_total"), "1", "{file}");
        opened.close().await;
        verify(store.path(), |_, _| {}).unwrap();
    }
}

/// Time cannot pass in one of many wallets: it passes in the others.
#[tokio::test]
async fn a_leap_of_the_clock_goes_past_a_wallet_that_contradicts() {
    let (store, opened) = two().await;
    let (ann, bob) = (wallet("ann/gold"), wallet("bob/silver"));
    // The end of a grant is written into its record.
    store.sql().execute("delete from grants where ordinal = 1", []).unwrap();
    opened.world.move_clock("2030-07-01").await;
    assert_eq!(opened.world.available(&bob).await, "0");
    assert_eq!(consume(&opened, &ann, "k").await, Err(LedgerError::Frozen));
    consume(&opened, &bob, "k").await.unwrap();
    opened.close().await;
    let opened = store.opened().await;
    opened.world.move_clock("2030-08-01").await;
    assert_eq!(consume(&opened, &ann, "k").await, Err(LedgerError::Frozen));
    consume(&opened, &bob, "l").await.unwrap();
    assert_eq!(incidents(&store), ["wallet_frozen"]);
    let told = verify(store.path(), |_, _| {}).unwrap_err().to_string();
    assert!(told.starts_with("entries 1: its grant "), "{told}");
}

#[tokio::test]
async fn a_wallet_of_many_rows() {
    let store = sliced().await;
    let opened = store.opened().await;
    let sql = store.sql();
    sql.execute("update entries set types = 0 where position = 9001", []).unwrap();
    scrub(&opened).await;
    assert_eq!(figure(&opened, "scrip_scrub_findings_total"), "1");
    assert_eq!(figure(&opened, "scrip_wallets_frozen"), "1");
    let frozen: u64 =
        sql.query_row("select wallet from frozen_wallets", [], |row| row.get(0)).unwrap();
    let of: u64 = sql
        .query_row("select wallet from entries where position = 9001", [], |row| row.get(0))
        .unwrap();
    assert_eq!(frozen, of);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_well_and_changes_meanwhile_is_left_alone() {
    let store = Store::new();
    store.fresh().await.close().await;
    // Wallets are written behind, dropped and loaded all the time.
    let opened = store
        .opened_with(|options| {
            options.wallets_bytes_max = 0;
            options.snapshots_every = std::time::Duration::from_millis(3);
        })
        .await;
    let names = ["ann/gold", "ann/gold/r", "bob/silver", "bob/gold"];
    for name in names {
        for n in 0..5 {
            let due = |grant: &mut scrip_core::NewGrant| {
                grant.expire_at = (n < 3).then(|| instant("2030-02-01").later(n * 86_400_000));
            };
            opened.world.grant_as(&wallet(name), "main", "40", due).await;
        }
    }
    let ledger = Arc::clone(&opened.ledger);
    let is_over = Arc::new(AtomicBool::new(false));
    let over = Arc::clone(&is_over);
    let scrubbing = tokio::task::spawn_blocking(move || {
        let mut passes = 0;
        while passes < 10 || !over.load(Ordering::Relaxed) {
            ledger.scrub().unwrap();
            passes += 1;
        }
    });
    for n in 1..=120 {
        let items = names.map(|name| item(&wallet(name), &format!("k{n}"), "1"));
        opened.world.done(Work::ConsumeBatch(items.to_vec())).await;
        if n % 50 == 0 {
            let day = format!("2030-02-{:02}", (n / 50).min(28));
            opened.world.move_clock(&day).await;
        }
    }
    is_over.store(true, Ordering::Relaxed);
    scrubbing.await.unwrap();
    for name in ["scrub_findings_total", "snapshots_repaired_total"] {
        assert_eq!(figure(&opened, &format!("scrip_{name}")), "0", "{name}");
    }
    assert_eq!(incidents(&store), [""; 0]);
    opened.close().await;
    verify(store.path(), |_, _| {}).unwrap();
}

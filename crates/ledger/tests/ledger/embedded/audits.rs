//! `verify` of a sound store, idle and in use.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use scrip_core::{EditGrant, GrantChange};
use scrip_ledger::Work;
use scrip_ledger::conformance::{SANDBOX, instant, item, wallet};
use scrip_ledger::embedded::{Verified, verify};

use super::store::Store;

#[tokio::test]
async fn a_sound_store_is_counted() {
    let store = Store::new();
    store.fresh().await.close().await;
    assert_eq!(verify(store.path(), |_, _| {}).unwrap(), Verified::default());
    let opened = store.opened().await;
    for name in ["ann/gold", "bob/gold/r"] {
        opened.world.grant(&wallet(name), "main", "10").await;
        opened.world.consume(&wallet(name), "k", "15").await;
    }
    opened.close().await;
    let verified = verify(store.path(), |_, _| {}).unwrap();
    let counted = Verified {
        rows: 8,
        wallets: 2,
        grants: 4,
        records: 2,
        usage_days: 2,
        chains: verified.chains,
        ..Verified::default()
    };
    assert_ne!(verified.chains.to_string(), Verified::default().chains.to_string());
    assert_eq!(verified, counted);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_in_use_is_sound_at_every_moment() {
    let store = Store::new();
    let opened = store.fresh().await;
    let world = Arc::new(opened.world);
    let done = Arc::new(AtomicBool::new(false));
    let busy = tokio::spawn({
        let (world, done) = (Arc::clone(&world), Arc::clone(&done));
        async move {
            let mut n = 0;
            while !done.load(Ordering::Relaxed) {
                let wallet = wallet(["ann/gold", "bob/silver/r"][n % 2]);
                let short = |grant: &mut scrip_core::NewGrant| {
                    grant.expire_at = Some(instant("2030-01-01").later(1 + n as i64 / 10));
                };
                let made = world.grant_as(&wallet, "short", "10", short).await;
                let change = GrantChange {
                    display_name: Some(format!("renamed {n}")),
                    ..GrantChange::default()
                };
                let edit = EditGrant { id: made.grant.name.id, change };
                world.execute(SANDBOX, Work::EditGrant(Box::new(edit))).await.unwrap();
                let items = (0..50).map(|m| item(&wallet, &format!("{n}-{m}"), "0.5")).collect();
                world.done(Work::ConsumeBatch(items)).await;
                if n % 10 == 9 {
                    let now = instant("2030-01-01").later(1 + n as i64 / 10);
                    world.done(Work::MoveClock(now)).await;
                }
                n += 1;
            }
        }
    });
    let (mut rows, mut looks) = (0, 0);
    // On a busy machine the first rows may be slow to come.
    while looks < 8 || rows == 0 {
        looks += 1;
        let path = store.path().to_owned();
        let verified = tokio::task::spawn_blocking(move || verify(&path, |_, _| {})).await.unwrap();
        let verified = verified.unwrap();
        assert!(verified.rows >= rows);
        rows = verified.rows;
    }
    done.store(true, Ordering::Relaxed);
    busy.await.unwrap();
    assert!(verify(store.path(), |_, _| {}).unwrap().rows >= rows);
}

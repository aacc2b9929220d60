//! A customer is erased from a directory: from its files too, halfway and to the end, and from backups that
//! are taken meanwhile.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use scrip_core::Dimension;
use scrip_ledger::conformance::erasure::word_of;
use scrip_ledger::conformance::{SANDBOX, World, item, wallet};
use scrip_ledger::embedded::{BackupStage, Proof, back_up, restore, verify};
use scrip_ledger::{
    ErasePart, EraseStep, Ledger as _, RecordKind, Work, finish_erasures, go_on_erasing,
};

use super::store::Store;

/// The files of a directory in which a word lies.
fn files_with(word: &str, directory: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(word, &path));
        } else if fs::read(&path).unwrap().windows(word.len()).any(|it| it == word.as_bytes()) {
            found.push(path.file_name().unwrap().to_string_lossy().into_owned());
        }
    }
    found.sort_unstable();
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_file_has_a_word_left() {
    let store = Store::new();
    let (ann, bob) = (word_of("ann"), word_of("bob"));
    let opened = store.fresh().await;
    for again in ["1", "2"] {
        opened.world.write_of(SANDBOX, "ann", again).await;
        opened.world.write_of(SANDBOX, "bob", again).await;
        opened.ledger.write_behind();
        // Into the files, and again into their logs.
        for file in ["ledger.db", "snapshots.db"].iter().filter(|_| again == "1") {
            let file = rusqlite::Connection::open(store.path().join(file)).unwrap();
            file.query_row("pragma wal_checkpoint(passive)", [], |_| Ok(())).unwrap();
        }
    }
    let everywhere = ["ledger.db", "ledger.db-wal", "snapshots.db", "snapshots.db-wal"];
    assert_eq!(files_with(&ann, store.path()), everywhere);
    opened.world.erase(SANDBOX, "ann").await;
    // While it is served, too.
    assert_eq!(files_with(&ann, store.path()), [""; 0]);
    opened.close().await;
    assert_eq!(files_with(&ann, store.path()), [""; 0]);
    assert_eq!(files_with(&bob, store.path()), ["ledger.db", "snapshots.db"]);
    let verified = verify(store.path(), |_, _| {}).unwrap();
    assert_eq!(verified.wallets, 4);
    let opened = store.opened().await;
    assert!(!opened.world.everything_told(SANDBOX).await.contains(&ann));
    opened.close().await;
    // What is derived from the rows is made again without them.
    store.keep_only("nothing");
    store.opened().await.close().await;
    assert_eq!(files_with(&ann, store.path()), [""; 0]);
    verify(store.path(), |_, _| {}).unwrap();
}

/// Usage is changed behind the rows. What comes meanwhile keeps its dimensions there, too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_meanwhile_keeps_its_words() {
    let store = Store::new();
    let opened = store.fresh().await;
    opened.world.write_of(SANDBOX, "ann", "1").await;
    for again in 0..8 {
        opened.world.erase_while_others_consume("ann/gold", &again.to_string()).await;
        opened.ledger.write_behind();
        verify(store.path(), |_, _| {}).unwrap();
    }
    opened.close().await;
}

/// The process ends after any step: what is there is sound, and the next one finishes it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn halfway_it_is_sound_and_goes_on() {
    for steps in 0..4 {
        let store = Store::new();
        let opened = store.fresh().await;
        opened.world.write_of(SANDBOX, "ann", "1").await;
        opened.ledger.write_behind();
        let erasure = opened.world.begin_erasing(SANDBOX, "ann").await;
        let customer = wallet("ann/gold").customer;
        for path in ["ann/gold", "ann/gold/r"].iter().take(steps) {
            let part = ErasePart::Rows { wallet: wallet(path), until: 1_000, from: 0 };
            let step = EraseStep { customer: customer.clone(), part };
            opened.world.done(Work::Erase(Box::new(step))).await;
        }
        if steps == 3 {
            go_on_erasing(opened.ledger.as_ref(), SANDBOX, &customer, &erasure).await.unwrap();
        }
        // In use, and as a kill leaves it.
        verify(store.path(), |_, _| {}).unwrap();
        let killed = store.copied_whole();
        opened.close().await;
        verify(store.path(), |_, _| {}).unwrap();
        for store in [&store, &killed] {
            let opened = store.opened().await;
            let now = opened.ledger.now(scrip_ledger::SYSTEM).later(60_000);
            let finished = finish_erasures(opened.ledger.as_ref(), SANDBOX, now).await.unwrap();
            assert_eq!(finished, 1);
            opened.close().await;
            assert_eq!(files_with(&word_of("ann"), store.path()), [""; 0], "{steps}");
            verify(store.path(), |_, _| {}).unwrap();
        }
    }
}

/// A backup reads rows over some time: those of whoever was erased meanwhile are in it without words.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_that_is_under_way_has_no_word_either() {
    const MANY: usize = 17_000;
    let store = Store::new();
    let opened = store.fresh().await;
    opened.world.write_of(SANDBOX, "ann", "1").await;
    consume(&opened.world, MANY).await;
    let world = Arc::new(opened.world);
    let room = tempfile::tempdir().unwrap();
    let to = room.path().join("backup");
    let (from, target, erasing) = (store.path().to_owned(), to.clone(), Arc::clone(&world));
    let taken = tokio::task::spawn_blocking(move || {
        let mut erased = false;
        back_up(&from, &target, Proof::Recomputed, |stage, _, _| {
            if matches!(stage, BackupStage::Rows) && !std::mem::replace(&mut erased, true) {
                tokio::runtime::Handle::current().block_on(erasing.erase(SANDBOX, "ann"));
            }
        })
    });
    taken.await.unwrap().unwrap();
    assert_eq!(files_with(&word_of("ann"), &to), [""; 0]);
    let again = Store::new();
    restore(&to, again.path(), Proof::Recomputed, |_, _, _| {}).unwrap();
    let restored = again.opened().await;
    assert!(restored.world.record(RecordKind::Erasure, "ann").await.is_some());
    restored.close().await;
}

async fn consume(world: &World, count: usize) {
    let key = wallet("ann/gold");
    for first in (0..count).step_by(1_000) {
        let items = (first..(first + 1_000).min(count)).map(|n| {
            let mut one = item(&key, &format!("many{n}"), "1");
            let value = Dimension::Text(format!("{} {}", word_of("ann"), n % 3).into());
            one.consume.dimensions = [("what", value)].into();
            one
        });
        world.done(Work::ConsumeBatch(items.collect())).await;
    }
}

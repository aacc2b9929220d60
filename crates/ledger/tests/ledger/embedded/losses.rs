//! A ledger that is shorter than it was, or another one: whatever file tells it, the start is
//! refused, and goes on only when the loss is accepted.

use scrip_ledger::conformance::wallet;
use scrip_ledger::embedded::{Embedded, Loss, OpenError, Options, Recovered, recover};

use super::store::Store;

/// A store with three rows, and the same store with `rows` more by these keys.
async fn grown(keys: &[&str]) -> (Store, Store) {
    let store = Store::new();
    let opened = store.fresh().await;
    opened.world.grant(&wallet("ann/gold"), "g", "100").await;
    opened.world.consume(&wallet("ann/gold"), "early", "1").await;
    opened.close().await;
    let before = store.copied_whole();
    go_on(&store, keys).await;
    (before, store)
}

async fn go_on(store: &Store, keys: &[&str]) {
    let opened = store.opened().await;
    for key in keys {
        opened.world.consume(&wallet("ann/gold"), key, "10").await;
    }
    opened.close().await;
}

fn loss(store: &Store) -> Loss {
    match Embedded::open(store.path(), Options::default(), |_, _| {}).err() {
        Some(OpenError::Lost(loss)) => loss,
        other => panic!("rows are missing, and it says {other:?}"),
    }
}

#[tokio::test]
async fn each_witness_alone_tells_a_loss() {
    for witness in ["mark", "snapshots", "keys"] {
        let (before, store) = grown(&["lost", "lost too"]).await;
        store.put_back("ledger.db", &before);
        store.keep_only(witness);
        let files = std::fs::read(store.path().join("ledger.db")).unwrap();
        let loss = loss(&store);
        assert_eq!((loss.end, loss.until, loss.other_row), (3, 5, None), "{witness}");
        let told = loss.to_string();
        assert!(told.starts_with("2 rows are missing, 4 to 5; "), "{told}");
        assert!(told.contains(witness), "{told}");
        assert_eq!(recover(store.path(), false).unwrap(), Recovered::Found(loss.clone()));
        assert_eq!(std::fs::read(store.path().join("ledger.db")).unwrap(), files);

        assert_eq!(recover(store.path(), true).unwrap(), Recovered::Accepted(loss));
        assert_eq!(recover(store.path(), true).unwrap(), Recovered::NothingLost);
        let opened = store.opened().await;
        assert_eq!(opened.world.available(&wallet("ann/gold")).await, "99");
        // What was lost can be asked for again; what was not is known.
        opened.world.consume(&wallet("ann/gold"), "lost", "10").await;
        opened.world.consume(&wallet("ann/gold"), "early", "1").await;
        assert_eq!(opened.world.available(&wallet("ann/gold")).await, "89");
        opened.close().await;
        let sql = "select kind, details from incidents";
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let incident: (String, String) = store.sql().query_row(sql, [], read).unwrap();
        assert_eq!(incident, ("loss_accepted".to_owned(), told));
    }
}

#[tokio::test]
async fn another_course_of_events_is_a_loss() {
    let (before, store) = grown(&["a", "b"]).await;
    let other = before.copied_whole();
    // Longer than what it replaces, but not the rows that were acknowledged.
    go_on(&other, &["x", "y", "z"]).await;
    store.put_back("ledger.db", &other);
    let loss = loss(&store);
    assert_eq!((loss.end, loss.until, loss.other_row), (6, 5, Some(5)));
    let told = loss.to_string();
    assert!(told.starts_with("row 5 is not the one that was acknowledged; "), "{told}");
}

#[tokio::test]
async fn a_ledger_that_vanished_does_not_begin_again_by_itself() {
    let (_, store) = grown(&["a"]).await;
    std::fs::remove_file(store.path().join("ledger.db")).unwrap();
    let _ = std::fs::remove_file(store.path().join("ledger.db-wal"));
    for _ in 0..2 {
        let opened = Embedded::open(store.path(), Options::default(), |_, _| {});
        assert!(matches!(opened.err(), Some(OpenError::Gone { .. })), "nor at the second try");
        assert!(matches!(recover(store.path(), false), Err(OpenError::Gone { .. })));
    }
    assert!(matches!(recover(store.path(), true).unwrap(), Recovered::Accepted(_)));
    store.fresh().await.close().await;
}

#[tokio::test]
async fn the_ledger_of_another_store_is_refused() {
    let (_, store) = grown(&["a"]).await;
    let (_, other) = grown(&["a", "b"]).await;
    store.put_back("ledger.db", &other);
    let loss = loss(&store);
    assert!(loss.other_ledger);
    let told = loss.to_string();
    assert_eq!(told, "ledger.db is not the ledger of this directory, says mark");
}

#[tokio::test]
async fn a_longer_ledger_is_no_loss() {
    let (before, store) = grown(&["a", "b"]).await;
    // Yesterday's files beside today's ledger: they are taken as far as they go.
    for name in ["mark", "snapshots.db"] {
        store.put_back(name, &before);
    }
    std::fs::remove_dir_all(store.path().join("keys")).unwrap();
    let opened = store.opened().await;
    assert_eq!(opened.world.available(&wallet("ann/gold")).await, "79");
    opened.world.consume(&wallet("ann/gold"), "a", "10").await;
    assert_eq!(opened.world.available(&wallet("ann/gold")).await, "79", "its key is known");
    opened.close().await;
}

//! The past of a wallet of many rows: folded from kept states, or without them.

use scrip_core::{Credits, Timestamp};
use scrip_ledger::conformance::{instant, item, wallet};
use scrip_ledger::{Explained, Ledger as _, WalletAt, Work};

use super::store::{Opened, Store};

/// Nine thousand rows of one wallet, and its balance after each batch.
async fn deep(store: &Store) -> (Opened, Vec<WalletAt>) {
    let opened = store.fresh().await;
    let key = wallet("ann/gold");
    let mut seen = Vec::new();
    for batch in 0..9 {
        opened.world.move_clock(&format!("2030-01-{:02}T10:00:00Z", 2 + batch)).await;
        opened.world.grant(&key, "more", "90").await;
        let items = (0..1_000).map(|n| item(&key, &format!("{batch}-{n}"), "0.1"));
        opened.world.done(Work::ConsumeBatch(items.collect())).await;
        seen.push(opened.ledger.wallet_at(&key, None).await.unwrap().unwrap());
    }
    (opened, seen)
}

/// How many rows lead to each balance.
async fn explained(opened: &Opened, seen: &[WalletAt]) -> Vec<usize> {
    let mut counts = Vec::new();
    for WalletAt { at, wallet: live } in seen {
        let key = wallet("ann/gold");
        let later = at.later(1);
        let past = opened.ledger.wallet_at(&key, Some(later)).await.unwrap().unwrap();
        assert_eq!((past.at, &past.wallet), (later, live));
        let told = opened.ledger.explain(&key, Some(*at)).await.unwrap().unwrap();
        let Explained { then, opening, rows } = told;
        assert_eq!(then.wallet, *live);
        let sum = Credits::sum(rows.iter().map(|view| view.part.amount)).unwrap();
        assert_eq!(opening.plus(sum).unwrap(), live.balance().unwrap().available);
        counts.push(rows.len());
    }
    counts
}

#[tokio::test]
async fn is_folded_from_the_nearest_state_that_is_right() {
    let store = Store::new();
    let (opened, seen) = deep(&store).await;
    let counts = explained(&opened, &seen).await;
    // A batch of a thousand and its overdrafts may follow the row that crossed the multiple.
    assert!(counts.iter().all(|count| *count < 4_096 + 1_200), "{counts:?}");
    assert!(counts.iter().any(|count| *count > 3_000), "{counts:?}");
    let before: Timestamp = instant("2030-01-01T09:00:00Z");
    let none = opened.ledger.wallet_at(&wallet("ann/gold"), Some(before)).await.unwrap();
    assert!(none.is_none());
    opened.close().await;

    // A state that cannot be read, one that is another row's, and none at all: the rows know.
    let first = "(select min(sequence) from states)";
    for damage in [
        format!("update states set state = x'00' where sequence = {first}"),
        format!(
            "update states set state = (select state from states order by sequence desc limit 1)
             where sequence = {first}"
        ),
        "delete from states".to_owned(),
    ] {
        store.sql().execute(&damage, []).unwrap();
        let again = store.opened().await;
        let longer = explained(&again, &seen).await;
        assert!(longer.iter().max() > counts.iter().max(), "{damage}: {longer:?}");
        again.close().await;
    }
}

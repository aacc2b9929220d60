//! Reservations are found again, wherever their names are: in memory, in slices, in the rows.

use scrip_ledger::conformance::{SANDBOX, credits, instant, item, release_of, reserve_of, wallet};
use scrip_ledger::embedded::verify;
use scrip_ledger::{Answer, WalletReserve, Work};

use super::store::{Opened, Store};

const NAMES: [&str; 4] = ["open", "settled", "ended", "late"];
const SLICED: usize = 16_384;

fn reserve(name: &str) -> WalletReserve {
    let mut reserve = reserve_of(&wallet("ann/gold"), name, "30");
    if name == "open" {
        reserve.reserve.ends = instant("2030-01-01T12:00:00Z").into();
    }
    reserve
}

async fn release(opened: &Opened, name: &str, consumed: &str) -> Answer {
    let release = release_of(&wallet("ann/gold"), name, consumed);
    opened.world.done(Work::Release(Box::new(release))).await
}

/// One reservation in each state at half past one.
async fn reserved(store: &Store) -> Opened {
    let opened = store.opened_with(|options| options.names_max = Some(SLICED)).await;
    opened.world.populate(SANDBOX).await;
    opened.world.move_clock("2030-01-01").await;
    opened.world.grant(&wallet("ann/gold"), "main", "200").await;
    for name in NAMES {
        opened.world.done(Work::Reserve(Box::new(reserve(name)))).await;
    }
    release(&opened, "settled", "20").await;
    opened.world.move_clock("2030-01-01T01:30:00Z").await;
    release(&opened, "late", "5").await;
    opened
}

/// What repeats are answered, and what a release of the open ones finds.
async fn told(opened: &Opened) -> String {
    let mut text = String::new();
    for name in NAMES {
        let answer = opened.world.done(Work::Reserve(Box::new(reserve(name)))).await;
        text += &format!("{name}: {answer:?}\n");
        let mut other = reserve(name);
        other.reserve.fingerprint = reserve_of(&other.wallet, name, "31").reserve.fingerprint;
        let refusal = opened.world.refused(Work::Reserve(Box::new(other))).await;
        text += &format!("{name}: {refusal:?}\n");
    }
    for name in ["settled", "late"] {
        text += &format!("{name}: {:?}\n", release(opened, name, "1").await);
    }
    text
}

/// More names than a table takes, of another wallet.
async fn push_names_into_a_slice(opened: &Opened) {
    for batch in 0..9 {
        let items = (0..1_000).map(|n| item(&wallet("bob/silver"), &format!("{batch}-{n}"), "1"));
        opened.world.done(Work::ConsumeBatch(items.collect())).await;
    }
}

async fn reopened(store: &Store) -> Opened {
    store.opened_with(|options| options.names_max = Some(SLICED)).await
}

#[tokio::test]
async fn are_found_again_after_a_restart() {
    let store = Store::new();
    let opened = reserved(&store).await;
    let expected = told(&opened).await;
    opened.close().await;
    let opened = reopened(&store).await;
    assert_eq!(told(&opened).await, expected);
    opened.close().await;
    store.keep_only("nothing");
    let opened = reopened(&store).await;
    assert_eq!(told(&opened).await, expected, "everything beside the rows was lost");
    push_names_into_a_slice(&opened).await;
    opened.close().await;
    assert_eq!(verify(store.path(), |_, _| {}).unwrap().slices, 1);
    let opened = reopened(&store).await;
    assert_eq!(told(&opened).await, expected, "their names are in a slice");
    // The rows that follow are linked to rows whose names are only in the slice.
    release(&opened, "open", "40").await;
    release(&opened, "ended", "10").await;
    assert_eq!(opened.world.available(&wallet("ann/gold")).await, "125");
    for (name, consumed) in [("settled", "20"), ("late", "5"), ("open", "40"), ("ended", "10")] {
        match release(&opened, name, "1").await {
            Answer::Released(released) => {
                assert_eq!(
                    (released.amount, released.consumed),
                    (credits("30"), credits(consumed))
                );
            }
            other => panic!("{name}: {other:?}"),
        }
    }
    opened.close().await;
    verify(store.path(), |_, _| {}).unwrap();
}

/// A timeout is written by whoever comes along; its row is linked though nobody asked the slices
/// for its name.
#[tokio::test]
async fn that_end_when_only_a_slice_knows_them() {
    let store = Store::new();
    let opened = reserved(&store).await;
    push_names_into_a_slice(&opened).await;
    opened.close().await;
    let opened = reopened(&store).await;
    opened.world.move_clock("2030-01-02").await;
    for consumed in ["50", "1"] {
        match release(&opened, "open", consumed).await {
            Answer::Released(released) => assert_eq!(released.consumed, credits("50")),
            other => panic!("not released: {other:?}"),
        }
    }
    assert_eq!(opened.world.available(&wallet("ann/gold")).await, "125");
    opened.close().await;
    verify(store.path(), |_, _| {}).unwrap();
}

//! A system clock that leaps ahead while the ledger is open.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use scrip_ledger::conformance::{PRODUCTION, start, wallet};
use scrip_ledger::embedded::Embedded;
use scrip_ledger::{Ledger as _, Reading, SystemClock};

use super::housekeeping::until;
use super::store::{Opened, Store};

const HOUR: i64 = 3_600_000;

/// How far ahead somebody set the clock.
#[derive(Clone, Default)]
struct Ahead(Arc<AtomicI64>);

impl Ahead {
    fn set(&self, milliseconds: i64) {
        self.0.store(milliseconds, Ordering::Relaxed);
    }

    /// No time passes on it; it only leaps.
    fn clock(&self) -> SystemClock {
        let ahead = self.clone();
        SystemClock::reading(move || Reading {
            wall: start().milliseconds() + ahead.0.load(Ordering::Relaxed),
            monotonic: 0,
        })
    }
}

async fn with_a_grant_of_three_hours(store: &Store, ahead: &Ahead) -> Opened {
    let opened = store.opened_with(|options| options.clock = ahead.clock()).await;
    opened.world.populate(PRODUCTION).await;
    let mut wallet = wallet("ann/gold");
    wallet.environment = PRODUCTION;
    let due = opened.ledger.now(PRODUCTION).later(3 * HOUR);
    opened.world.grant_as(&wallet, "short", "1", |grant| grant.expire_at = Some(due)).await;
    opened
}

async fn granted(opened: &Opened) -> String {
    let mut wallet = wallet("ann/gold");
    wallet.environment = PRODUCTION;
    opened.world.balance(&wallet).await.granted.to_string()
}

#[tokio::test]
async fn stops_expiries_until_it_is_accepted() {
    let (store, ahead) = (Store::new(), Ahead::default());
    let opened = with_a_grant_of_three_hours(&store, &ahead).await;
    assert!(opened.ledger.trusted_time().is_some());
    ahead.set(5 * HOUR);
    assert_eq!(opened.ledger.trusted_time(), None);
    assert_eq!(granted(&opened).await, "1", "nothing expires on the word of such a clock");
    Embedded::accept_clock(store.path()).unwrap();
    until(|| opened.ledger.trusted_time().is_some()).await;
    assert_eq!(granted(&opened).await, "0");
}

#[tokio::test]
async fn is_not_accepted_by_a_word_that_was_said_before() {
    let (store, ahead) = (Store::new(), Ahead::default());
    let opened = with_a_grant_of_three_hours(&store, &ahead).await;
    Embedded::accept_clock(store.path()).unwrap();
    until(|| {
        std::fs::read_dir(store.path())
            .unwrap()
            .all(|entry| entry.unwrap().file_name() != "clock-accept")
    })
    .await;
    ahead.set(5 * HOUR);
    assert_eq!(opened.ledger.trusted_time(), None);
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(opened.ledger.trusted_time(), None);
    assert_eq!(granted(&opened).await, "1");
}

//! What happens by itself.

use std::time::Duration;

use scrip_ledger::conformance::{PRODUCTION, start, wallet};
use scrip_ledger::{Claim, ClaimState, Ledger as _, Reading, StoredAnswer, SystemClock};

use super::store::Store;

const HOUR: i64 = 3_600_000;

/// Waits for what happens by itself, for at most ten seconds.
pub async fn until(holds: impl Fn() -> bool) {
    for _ in 0..1_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it never happened");
}

#[tokio::test]
async fn rows_of_what_became_due_appear() {
    let store = Store::new();
    let opened = store.fresh().await;
    let world = &opened.world;
    world.populate(PRODUCTION).await;
    let mut wallet = wallet("ann/gold");
    wallet.environment = PRODUCTION;
    let due = opened.ledger.now(PRODUCTION).later(HOUR);
    world.grant_as(&wallet, "short", "1", |grant| grant.expire_at = Some(due)).await;
    world.pass(HOUR);
    let sql = store.sql();
    until(|| sql.query_row("select max(sequence) from entries", [], |row| row.get(0)) == Ok(3))
        .await;
    assert_eq!(world.balance(&wallet).await.updated_at, Some(due));
}

#[tokio::test]
async fn old_claims_and_attempts_are_forgotten_however_many() {
    const OLD: u16 = 1_100;
    let store = Store::new();
    let opened = store.fresh().await;
    let claim = |n: u16| {
        let mut scope = [0; 32];
        scope[..2].copy_from_slice(&n.to_be_bytes());
        Claim { scope, body: [0; 32] }
    };
    let answer = || StoredAnswer { status: 400, body: Vec::new() };
    for n in 0..OLD {
        opened.ledger.answer_claim(claim(n), answer()).await.unwrap();
    }
    opened.world.pass(HOUR);
    opened.ledger.answer_claim(claim(OLD), answer()).await.unwrap();
    opened.close().await;
    let a_day_later = || {
        let wall = start().milliseconds() + 24 * HOUR;
        SystemClock::reading(move || Reading { wall, monotonic: 0 })
    };
    let opened = store.opened_with(|options| options.clock = a_day_later()).await;
    let sql = store.sql();
    until(|| sql.query_row("select count(*) from claims", [], |row| row.get(0)) == Ok(1)).await;
    let young = opened.ledger.claim(claim(OLD)).await.unwrap();
    assert!(matches!(young, ClaimState::Answered(_)));
    assert!(matches!(opened.ledger.claim(claim(0)).await.unwrap(), ClaimState::Open(_)));
}

//! What happens by itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

use scrip_ledger::conformance::{PRODUCTION, grant_of, start, wallet};
use scrip_ledger::{
    Claim, ClaimState, Ledger as _, Order, Reading, StoredAnswer, SystemClock, Work,
};
use tokio::task::JoinSet;

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

/// Whatever else is looked after in between, nothing that is due waits for the next tick.
#[tokio::test(flavor = "multi_thread")]
async fn rows_of_all_that_became_due_in_one_instant_appear_without_a_pause() {
    const WALLETS: u64 = 3_000;
    const TICK: Duration = Duration::from_secs(5);
    let store = Store::new();
    let opened = store.opened_with(|options| options.housekeeping_every = TICK).await;
    let world = &opened.world;
    world.populate(PRODUCTION).await;
    let due = opened.ledger.now(PRODUCTION).later(HOUR);
    let mut making = JoinSet::new();
    for n in 0..WALLETS {
        let mut wallet = wallet(&format!("ann/gold/r{n}"));
        wallet.environment = PRODUCTION;
        let mut create = grant_of(&wallet, world.mint(&wallet), "short", "1");
        create.grant.expire_at = Some(due);
        let work = Work::CreateGrant(Box::new(create));
        let order = Order { environment: PRODUCTION, origin: world.origin(), work, remember: None };
        let ledger = Arc::clone(&opened.ledger);
        making.spawn(async move { ledger.execute(order).await.map(drop) });
        if making.len() == 512 {
            making.join_next().await.unwrap().unwrap().unwrap();
        }
    }
    while let Some(made) = making.join_next().await {
        made.unwrap().unwrap();
    }
    let sql = store.sql();
    let last = || -> u64 {
        sql.query_row("select max(position) from entries", [], |row| row.get(0)).unwrap()
    };
    let before = last();
    world.pass(HOUR);
    until(|| last() > before).await;
    let begin = Instant::now();
    until(|| last() == before + WALLETS).await;
    assert!(begin.elapsed() < TICK, "the rest waited: {:?}", begin.elapsed());
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

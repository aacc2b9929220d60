//! A disk without room: writes are refused, reads go on, and nothing is half there.

use scrip_core::GrantStatus;
use scrip_ledger::conformance::{PRODUCTION, SANDBOX, item, record, rows_of, wallet};
use scrip_ledger::embedded::verify;
use scrip_ledger::{Claim, Ledger, LedgerError, RecordKind, StoredAnswer, Work};

use super::store::{Opened, Store};
use crate::whole::whole;

const HOUR: i64 = 3_600_000;

/// Burns until there is no room; tells how often that went well.
async fn fill(opened: &Opened) -> usize {
    for n in 0.. {
        let consume = item(&wallet("ann/gold"), &format!("fill-{n}"), "1");
        match opened.world.execute(SANDBOX, Work::Consume(Box::new(consume))).await {
            Ok(_) => {}
            Err(LedgerError::DiskFull) => return n,
            Err(other) => panic!("{other}"),
        }
    }
    unreachable!()
}

#[tokio::test(flavor = "multi_thread")]
async fn writes_are_refused_and_reads_go_on() {
    let store = Store::new();
    store.fresh().await.close().await;
    let opened = store.opened_with(|options| options.pages_max = Some(80)).await;
    let world = &opened.world;
    world.populate(PRODUCTION).await;
    let mut in_real_time = wallet("bob/gold");
    in_real_time.environment = PRODUCTION;
    let until = Some(opened.ledger.now(PRODUCTION).later(HOUR));
    let mut short = Vec::new();
    for _ in 0..60 {
        let made = world.grant_as(&in_real_time, "short", "10", |grant| grant.expire_at = until);
        short.push(made.await.grant.name.id);
    }
    let filled = fill(&opened).await;
    assert!(filled > 100, "{filled}");
    let before = whole(opened.ledger.as_ref()).await;

    // Whatever needs more room is refused, large or small.
    let many = (0..1_000).map(|n| item(&wallet("bob/silver"), &format!("k{n}"), "1")).collect();
    let customers = (0..1_000).map(|n| record(RecordKind::Customer, &format!("c{n}"), &[]));
    for work in [Work::ConsumeBatch(many), Work::ImportCustomers(customers.collect())] {
        assert_eq!(world.execute(SANDBOX, work).await.unwrap_err(), LedgerError::DiskFull);
    }
    let claim = Claim { scope: [1; 32], body: [2; 32] };
    let long = StoredAnswer { status: 400, body: vec![b'x'; 100_000] };
    let refused = opened.ledger.answer_claim(claim, long).await;
    assert_eq!(refused.unwrap_err(), LedgerError::DiskFull);
    assert_eq!(whole(opened.ledger.as_ref()).await, before, "nothing is half there");
    // What needs none is answered.
    world.consume(&wallet("ann/gold"), "fill-0", "1").await;

    // What is due cannot be written; it is read all the same.
    world.pass(HOUR);
    assert_eq!(world.available(&in_real_time).await, "0");
    let mut query = rows_of("bob");
    query.environment = PRODUCTION;
    let rows = opened.ledger.rows(query).await.unwrap();
    assert_eq!(rows.items.len(), 60, "those that are there");
    let now = opened.ledger.now(PRODUCTION);
    let row = opened.ledger.row_at(&in_real_time, now).await;
    assert_eq!(row.unwrap_err(), LedgerError::DiskFull, "the newest row is missing");
    for id in short {
        let grant = opened.ledger.grant(PRODUCTION, id).await.unwrap().unwrap();
        assert_eq!(grant.grant.status(), GrantStatus::Expired);
        assert_eq!(grant.grant.lost, grant.grant.amount);
    }

    opened.close().await;
    verify(store.path(), |_, _| {}).unwrap();
    let opened = store.opened().await;
    let world = &opened.world;
    assert_eq!(whole(opened.ledger.as_ref()).await, before);
    for n in 0..filled + 5 {
        world.consume(&wallet("ann/gold"), &format!("fill-{n}"), "1").await;
    }
    assert_eq!(world.available(&wallet("ann/gold")).await, format!("-{}", filled + 5));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_is_too_large_does_not_stop_smaller_ones() {
    let store = Store::new();
    store.fresh().await.close().await;
    let opened = store.opened_with(|options| options.pages_max = Some(40)).await;
    let items: Vec<_> =
        (0..1_000).map(|n| item(&wallet("bob/silver"), &format!("k{n}"), "1")).collect();
    let too_large = opened.world.execute(SANDBOX, Work::ConsumeBatch(items)).await;
    assert_eq!(too_large.unwrap_err(), LedgerError::DiskFull);
    for n in 0..20 {
        opened.world.consume(&wallet("bob/silver"), &format!("k{n}"), "1").await;
    }
    assert_eq!(opened.world.available(&wallet("bob/silver")).await, "-20");
}

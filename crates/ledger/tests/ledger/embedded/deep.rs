//! A wallet of many rows.

use scrip_core::EventType;
use scrip_ledger::conformance::{instant, item, rows_of, wallet};
use scrip_ledger::embedded::verify;
use scrip_ledger::{Ledger as _, PageRequest, Point, Start, Work};

use super::store::{Opened, Store};

const ROWS: u64 = 9_000;

async fn deep(store: &Store) -> Opened {
    let opened = store.fresh().await;
    for batch in 0..9 {
        // Some of the thousand at one instant, and a grant now and then.
        opened.world.move_clock(&format!("2030-01-{:02}", 2 + batch / 2)).await;
        opened.world.grant(&wallet("ann/gold"), "more", "100").await;
        let rows = if batch == 8 { 1_000 - 3 * 9 } else { 1_000 };
        let items = (0..rows).map(|n| item(&wallet("ann/gold"), &format!("{batch}-{n}"), "0.1"));
        opened.world.done(Work::ConsumeBatch(items.collect())).await;
    }
    opened
}

#[tokio::test]
async fn keeps_its_states_and_pages_both_ways() {
    let store = Store::new();
    let opened = deep(&store).await;
    let states: Vec<u64> = {
        let sql = store.sql();
        let mut states = sql.prepare("select sequence from states order by sequence").unwrap();
        states.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    assert_eq!(states.iter().map(|at| at / 4_096).collect::<Vec<_>>(), [1, 2]);
    let forward = walk(&opened, Start::Newest, &[]).await;
    assert!(forward.windows(2).all(|pair| pair[0] > pair[1]), "each once, newest first");
    let mut backward = walk(&opened, Start::Before(Point::END), &[]).await;
    backward.reverse();
    assert_eq!(forward, backward);
    let granted = [EventType::CreditsGranted];
    let forward = walk(&opened, Start::Newest, &granted).await;
    let mut backward = walk(&opened, Start::Before(Point::END), &granted).await;
    backward.reverse();
    assert_eq!((forward.len(), &forward), (9, &backward));
    opened.close().await;
    let verified = verify(store.path(), |_, _| {}).unwrap();
    assert!(verified.rows > ROWS - 100 && verified.wallets == 1, "{verified:?}");
}

/// The places of all rows, page by page away from the start.
async fn walk(opened: &Opened, mut start: Start, types: &[EventType]) -> Vec<(u64, u32)> {
    let mut places = Vec::new();
    loop {
        let mut query = rows_of("ann");
        query.event_types = types.to_vec();
        query.page = PageRequest { start, limit: 100 };
        let page = opened.ledger.rows(query).await.unwrap();
        let backward = matches!(start, Start::Before(_));
        let mut seen: Vec<_> =
            page.items.iter().map(|(point, view)| (view.row.sequence, point.part)).collect();
        if backward {
            seen.reverse();
        }
        places.extend(seen);
        let next = if backward { page.newer_cursor() } else { page.older_cursor() };
        match next {
            Some(point) if backward => start = Start::Before(point),
            Some(point) => start = Start::After(point),
            None => return places,
        }
    }
}

#[tokio::test]
async fn keeps_its_state_after_a_command_of_many_rows() {
    let store = Store::new();
    let opened = store.fresh().await;
    let world = &opened.world;
    for n in 0..10 {
        let short = |grant: &mut scrip_core::NewGrant| {
            grant.expire_at = Some(instant("2030-01-02"));
        };
        world.grant_as(&wallet("ann/gold"), &format!("g{n}"), "1000", short).await;
    }
    // Two rows for each grant; the ten that expire at once cross the multiple.
    for batch in 0..4_u64 {
        let items = (0..1_020 - u64::from(batch == 3) * 10)
            .map(|n| item(&wallet("ann/gold"), &format!("{batch}-{n}"), "0.1"));
        world.done(Work::ConsumeBatch(items.collect())).await;
    }
    world.move_clock("2030-01-02").await;
    let last = world.rows(rows_of("ann")).await.items[0].1.row.sequence;
    assert_eq!(last, 4_100);
    world.consume(&wallet("ann/gold"), "k", "1").await;
    let states: u64 =
        store.sql().query_row("select sequence from states", [], |row| row.get(0)).unwrap();
    assert_eq!(states, last, "after the command that crossed the multiple");
    opened.close().await;
    verify(store.path(), |_, _| {}).unwrap();
    store.sql().execute("delete from states", []).unwrap();
    let missing = verify(store.path(), |_, _| {}).unwrap_err();
    assert!(missing.to_string().starts_with("entries 4096: no state"), "{missing}");
}

/// The return of a spent grant crosses the multiple; the state follows the void after it.
#[tokio::test]
async fn keeps_its_state_after_the_void_of_a_spent_grant() {
    let store = Store::new();
    let opened = store.fresh().await;
    let world = &opened.world;
    let spent = world.grant(&wallet("ann/gold"), "spent", "1").await;
    world.consume(&wallet("ann/gold"), "all", "1").await;
    world.grant(&wallet("ann/gold"), "main", "1000").await;
    for (batch, count) in [(0, 1_000), (1, 1_000), (2, 1_000), (3, 1_000), (4, 90)] {
        let items = (0..count).map(|n| item(&wallet("ann/gold"), &format!("{batch}-{n}"), "0.1"));
        world.done(Work::ConsumeBatch(items.collect())).await;
    }
    assert_eq!(world.rows(rows_of("ann")).await.items[0].1.row.sequence, 4_095);
    world.done(Work::VoidGrant(spent.grant.name.id)).await;
    world.consume(&wallet("ann/gold"), "k", "1").await;
    let states: u64 =
        store.sql().query_row("select sequence from states", [], |row| row.get(0)).unwrap();
    assert_eq!(states, 4_097, "after the command that crossed the multiple");
    opened.close().await;
    verify(store.path(), |_, _| {}).unwrap();
}

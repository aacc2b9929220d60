//! The ledger's list: its order over wallets, and its pages.

use scrip_core::{CurrencyId, EditGrant, GrantChange, Priority, ResourceId, Timestamp};

use super::voiding::void;
use super::world::{instant, rows_of, wallet};
use super::{Factory, World, item, paging};
use crate::{LedgerError, Point, RowQuery, RowView, Start, Work};

/// Every type of row that can be made, over four wallets and several instants; at most instants
/// several wallets have rows.
pub(super) async fn busy_month(world: &World) {
    let names = ["ann/silver", "ann/gold", "ann/gold/r1", "ann/silver/r1"];
    for (n, name) in names.into_iter().enumerate() {
        let wallet = wallet(name);
        let main = world
            .grant_as(&wallet, "main", "10", |grant| {
                grant.expire_at = Some(instant("2030-01-05"));
            })
            .await;
        world.grant(&wallet, "more", "10").await;
        if n % 2 == 0 {
            world.consume(&wallet, "first", "15").await;
        }
        let change = GrantChange { priority: Priority::new(3), ..GrantChange::default() };
        let edit = EditGrant { id: main.grant.name.id, change };
        world.done(Work::EditGrant(Box::new(edit))).await;
        if n == 3 {
            world.move_clock("2030-01-02").await;
        }
    }
    for name in names {
        world.consume(&wallet(name), "deep", "30").await;
    }
    world.move_clock("2030-01-09").await;
    for name in names.into_iter().rev() {
        let grant = world.grant(&wallet(name), "top-up", "40").await;
        let batch = vec![item(&wallet(name), "a", "1"), item(&wallet(name), "b", "1")];
        world.done(Work::ConsumeBatch(batch)).await;
        if name.ends_with("silver") {
            world.done(void(&grant)).await;
        }
    }
    world.consume(&wallet("bob/gold"), "of another", "1").await;
}

/// Nobody's list is empty at both ends.
pub async fn are_empty_for_who_has_none(make: &Factory<'_>) {
    let world = World::new(make).await;
    world.consume(&wallet("bob/gold"), "k", "1").await;
    check(&world, rows_of("ann"), &[]).await;
    let nobody = rows_of("nobody");
    check(&world, nobody, &[]).await;
}

/// The latest instant first; at one instant by currency, then resource; within a wallet the newest
/// first (decisions 56 and 81).
pub async fn follow_the_decided_order_over_wallets(make: &Factory<'_>) {
    let world = World::new(make).await;
    busy_month(&world).await;
    let page = world.rows(rows_of("ann")).await;
    type Place = (Timestamp, CurrencyId, Option<ResourceId>, u64, u32);
    let mut places: Vec<Place> = Vec::new();
    for (point, view) in &page.items {
        let (row, key) = (&view.row, view.wallet.clone());
        places.push((row.recorded_at, key.currency, key.resource, row.sequence, point.part));
    }
    let mut sorted = places.clone();
    sorted.sort_by(|a, b| {
        let wallets = (&a.1, &a.2).cmp(&(&b.1, &b.2));
        b.0.cmp(&a.0).then(wallets).then((b.3, b.4).cmp(&(a.3, a.4)))
    });
    assert_eq!(places, sorted);
    for name in ["ann/silver", "ann/gold", "ann/gold/r1", "ann/silver/r1"] {
        let key = wallet(name);
        let mine: Vec<_> = page.items.iter().filter(|(_, view)| view.wallet == key).collect();
        let sum = scrip_core::Credits::sum(mine.iter().map(|(_, view)| view.part.amount)).unwrap();
        let balance = world.balance(&key).await.available;
        assert_eq!((sum, mine[0].1.balance_after), (balance, balance), "{name}");
        for pair in mine.windows(2) {
            let (newer, older) = (&pair[0].1, &pair[1].1);
            let before = newer.balance_after.minus(newer.part.amount).unwrap();
            assert_eq!(before, older.balance_after, "{name}: {}", world.tell(newer));
        }
    }
    let expected: Vec<String> = page.items.iter().map(|(_, view)| full(&world, view)).collect();
    check(&world, rows_of("ann"), &expected).await;
}

/// Many rows of one instant, in several wallets.
pub async fn page_both_ways_at_one_instant(make: &Factory<'_>) {
    let world = World::new(make).await;
    for n in 0..4 {
        for name in ["ann/silver", "ann/gold/r2", "ann/gold"] {
            world.consume(&wallet(name), &format!("k{n}"), "1").await;
        }
    }
    let mut expected = Vec::new();
    for (name, resource) in [("gold", ""), ("gold", "r2"), ("silver", "")] {
        for left in [-4, -3, -2, -1] {
            expected.push(format!("{name} {resource} 2030-01-01 CONSUMED overdraft -1 = {left}"));
        }
    }
    check(&world, rows_of("ann"), &expected).await;
}

/// A consumption over many grants shows as many rows, and a page may end between them.
pub async fn page_both_ways_through_parts_of_a_row(make: &Factory<'_>) {
    let world = World::new(make).await;
    for n in 1..=5 {
        world.grant(&wallet("ann/gold"), &format!("g{n}"), "1").await;
    }
    world.consume(&wallet("ann/gold"), "k", "6").await;
    world.consume(&wallet("ann/gold"), "k2", "1").await;
    let mut expected = vec![line("CONSUMED overdraft -1 = -2"), line("CONSUMED overdraft -1 = -1")];
    expected.extend((1..=5).rev().map(|n| line(&format!("CONSUMED g{n} -1 = {}", 5 - n))));
    expected.extend((1..=5).rev().map(|n| line(&format!("GRANTED g{n} 1 = {n}"))));
    check(&world, rows_of("ann"), &expected).await;
}

fn line(text: &str) -> String {
    format!("gold  2030-01-01 {text}")
}

/// Rows that arrive while somebody pages neither move nor repeat the older ones; they are found
/// before the first page.
pub async fn stay_in_place_while_rows_arrive(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    for n in 0..6 {
        world.consume(&wallet, &format!("k{n}"), "1").await;
    }
    let (mut start, mut first, mut seen) = (Start::Newest, None, Vec::new());
    for n in 6.. {
        let page = page(&world, &rows_of("ann"), start, 2).await;
        world.consume(&wallet, &format!("k{n}"), "1").await;
        seen.extend(page.items.iter().map(|(_, view)| view.balance_after.to_string()));
        first = first.or_else(|| page.items.first().map(|(point, _)| *point));
        match page.older_cursor() {
            Some(point) => start = Start::After(point),
            None => break,
        }
    }
    assert_eq!(seen, ["-6", "-5", "-4", "-3", "-2", "-1"]);
    let newer = page(&world, &rows_of("ann"), Start::Before(first.unwrap()), 2).await;
    let balances: Vec<_> = newer.items.iter().map(|(_, v)| v.balance_after.to_string()).collect();
    assert_eq!((balances, newer.newer, newer.older), (vec!["-8".into(), "-7".into()], true, true));
}

/// What was answered is in the list at once.
pub async fn show_what_was_answered(make: &Factory<'_>) {
    let world = World::new(make).await;
    for n in 1..=50 {
        world.consume(&wallet("ann/gold"), &format!("k{n}"), "1").await;
        let newest = page(&world, &rows_of("ann"), Start::Newest, 1).await;
        assert_eq!(newest.items[0].1.balance_after.to_string(), format!("-{n}"));
        let mark = newest.items[0].1.row.mark.as_ref().unwrap();
        assert_eq!(mark.key.as_ref().unwrap().as_str(), format!("k{n}"));
    }
}

/// A place in another customer's list is no place in this one.
pub async fn refuse_a_cursor_of_other_wallets(make: &Factory<'_>) {
    let world = World::new(make).await;
    world.consume(&wallet("ann/gold"), "k", "1").await;
    world.consume(&wallet("bob/gold"), "k", "1").await;
    let (of_bob, _) = world.rows(rows_of("bob")).await.items[0].clone();
    let nowhere = Point { position: 1_000_000, part: 0 };
    for point in [of_bob, nowhere] {
        for start in [Start::After(point), Start::Before(point)] {
            let mut query = rows_of("ann");
            query.page.start = start;
            let refused = world.ledger.rows(query).await;
            assert!(matches!(refused, Err(LedgerError::Internal(_))));
        }
    }
}

async fn page(world: &World, query: &RowQuery, start: Start, limit: usize) -> crate::Page<RowView> {
    let page = crate::PageRequest { start, limit };
    world.rows(RowQuery { page, ..query.clone() }).await
}

/// A row in a line, with its wallet.
pub(super) fn full(world: &World, view: &RowView) -> String {
    let resource = view.wallet.resource.as_ref().map_or("", ResourceId::as_str);
    format!("{} {resource} {}", view.wallet.currency, world.tell(view))
}

async fn check(world: &World, query: RowQuery, expected: &[String]) {
    let fetch = async |page| world.rows(RowQuery { page, ..query.clone() }).await;
    paging::check(expected, &[1, 2, 5, 100], fetch, |view| full(world, view)).await;
}

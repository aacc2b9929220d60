//! The list of grants.

use scrip_core::{Credits, GrantStatus, WalletKey};

use super::voiding::void;
use super::world::{everything, instant, wallet};
use super::{Factory, SANDBOX, World, paging};
use crate::{CreatedRange, GrantQuery, GrantView};

/// Grants of all wallets of the scope, newest first by order of making.
pub async fn page_both_ways(make: &Factory<'_>) {
    let world = World::new(make).await;
    check(&world, &of("ann/gold"), &[]).await;
    let mut expected = Vec::new();
    for n in 0..11 {
        let name = format!("g{n}");
        world.grant(&wallet(["ann/gold", "ann/silver"][n % 2]), &name, "1").await;
        world.grant(&wallet("ann/gold/r1"), "of r1", "1").await;
        world.grant(&wallet("bob/gold"), "of bob", "1").await;
        expected.insert(0, name);
    }
    check(&world, &GrantQuery { currency: None, ..of("ann/gold") }, &expected).await;
}

/// Without a resource, only grants without one (decision 51).
pub async fn show_one_scope(make: &Factory<'_>) {
    let world = World::new(make).await;
    for name in ["ann/gold", "ann/gold/r1", "ann/gold/r2", "bob/gold", "bob/gold/r1"] {
        world.grant(&wallet(name), name, "1").await;
    }
    for name in ["ann/gold", "ann/gold/r1", "ann/gold/r2", "bob/gold", "bob/gold/r1"] {
        check(&world, &of(name), &[name.to_owned()]).await;
    }
    check(&world, &of("ann/gold/r9"), &[]).await;
}

/// By currency, and by when they were made, each bound as it says.
pub async fn filter_by_currency_and_creation(make: &Factory<'_>) {
    let world = World::new(make).await;
    for day in 1..=6 {
        world.move_clock(&format!("2030-01-0{day}")).await;
        world.grant(&wallet("ann/gold"), &format!("gold {day}"), "1").await;
        world.grant(&wallet("ann/silver"), &format!("silver {day}"), "1").await;
    }
    let at = |day: u8| Some(instant(&format!("2030-01-0{day}")));
    let none = CreatedRange::default();
    let ranges = [
        (none, vec![6, 5, 4, 3, 2, 1]),
        (CreatedRange { gt: at(2), ..none }, vec![6, 5, 4, 3]),
        (CreatedRange { gte: at(2), ..none }, vec![6, 5, 4, 3, 2]),
        (CreatedRange { lt: at(4), ..none }, vec![3, 2, 1]),
        (CreatedRange { lte: at(4), ..none }, vec![4, 3, 2, 1]),
        (CreatedRange { gt: at(1), gte: at(3), lt: at(6), lte: at(4) }, vec![4, 3]),
        (CreatedRange { gt: at(4), lt: at(4), ..none }, vec![]),
    ];
    for (created, days) in ranges {
        for currency in ["gold", "silver"] {
            let expected: Vec<_> = days.iter().map(|day| format!("{currency} {day}")).collect();
            let query = GrantQuery { created, ..of(&format!("ann/{currency}")) };
            check(&world, &query, &expected).await;
        }
    }
}

/// Each grant as it is now: consumed, voided, expired, scheduled.
pub async fn show_grants_as_they_are_now(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    let short = |grant: &mut scrip_core::NewGrant| grant.expire_at = Some(instant("2030-01-02"));
    world.grant_as(&wallet, "expired", "1", short).await;
    let voided = world.grant(&wallet, "voided", "2").await;
    world.grant(&wallet, "used", "4").await;
    world.done(void(&voided)).await;
    world.consume(&wallet, "k", "2").await;
    let later = |grant: &mut scrip_core::NewGrant| grant.effective_at = Some(instant("2031-01-01"));
    world.grant_as(&wallet, "later", "8", later).await;
    world.move_clock("2030-01-02").await;
    let page = world.ledger.grants(of("ann/gold")).await.unwrap();
    let seen: Vec<_> = page
        .items
        .iter()
        .map(|(_, grant)| {
            let name = grant.words.display_name.as_deref().unwrap();
            (name, grant.grant.status(), grant.grant.consumed.to_string())
        })
        .collect();
    let expected = [
        ("later", GrantStatus::Scheduled, "0".to_owned()),
        ("used", GrantStatus::Active, "1".to_owned()),
        ("voided", GrantStatus::Voided, "0".to_owned()),
        ("expired", GrantStatus::Expired, "1".to_owned()),
    ];
    assert_eq!(seen, expected);
    for (_, grant) in &page.items {
        assert_eq!(world.grant_now(grant.grant.name.id).await, *grant);
    }
}

/// Spent grants stay in the list for ever, active and with all they gave.
pub async fn show_spent_grants(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    for n in 0..50 {
        world.grant(&wallet, &format!("top-up {n}"), "2").await;
        world.consume(&wallet, &format!("k{n}"), "2").await;
    }
    world.grant(&wallet, "rest", "2").await;
    let balance = world.balance(&wallet).await;
    assert_eq!(
        (balance.granted.to_string(), balance.used.to_string()),
        ("102".into(), "100".into())
    );
    let page = world.ledger.grants(of("ann/gold")).await.unwrap();
    assert_eq!(page.items.len(), 51);
    for (_, view) in &page.items[1..] {
        assert_eq!(view.grant.status(), GrantStatus::Active);
        assert_eq!(
            (view.grant.consumed, view.grant.unheld()),
            (view.grant.amount, Ok(Credits::ZERO))
        );
        assert_eq!(world.grant_now(view.grant.name.id).await, *view);
    }
}

fn of(name: &str) -> GrantQuery {
    let WalletKey { customer, currency, resource, .. } = wallet(name);
    let (environment, currency, created) = (SANDBOX, Some(currency), CreatedRange::default());
    GrantQuery { environment, customer, resource, currency, created, page: everything() }
}

async fn check(world: &World, query: &GrantQuery, expected: &[String]) {
    let fetch = async |page| {
        let query = GrantQuery { page, ..query.clone() };
        world.ledger.grants(query).await.unwrap()
    };
    let name = |grant: &GrantView| grant.words.display_name.clone().unwrap();
    paging::check(expected, &[1, 4, 100], fetch, name).await;
}

//! What time brings (decisions 33, 45, 58).

use scrip_core::{GrantStatus, Timestamp, WalletKey};

use super::row_lists::busy_month;
use super::world::{credits, everything, instant, record, rows_of, start, wallet};
use super::{Factory, PRODUCTION, World};
use crate::{CreatedRange, GrantQuery, RecordKind, Work};

const HOUR: i64 = 3_600_000;

/// Rows carry the exact instants, however late they are written; activations come before
/// expiries, and within each the older grant first.
pub async fn brings_rows_at_their_exact_instants(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    let noon = instant("2030-01-02T12:00:00Z");
    for (name, amount, from, until) in [
        ("old", "1", None, Some(noon)),
        ("older end", "2", Some(instant("2030-01-02T11:59:59.999Z")), Some(noon)),
        ("new", "4", Some(noon), Some(instant("2030-01-04T00:00:00.001Z"))),
        ("later", "8", Some(instant("2031-01-01")), None),
    ] {
        world
            .grant_as(&wallet, name, amount, |grant| {
                (grant.effective_at, grant.expire_at) = (from, until);
            })
            .await;
    }
    world.move_clock("2030-02-01").await;
    let story = world.story(&wallet).await;
    assert_eq!(
        story,
        [
            "2030-01-01 GRANTED old 1 = 1",
            "2030-01-02T11:59:59.999Z GRANTED older end 2 = 3",
            "2030-01-02T12:00:00 GRANTED new 4 = 7",
            "2030-01-02T12:00:00 EXPIRED old -1 = 6",
            "2030-01-02T12:00:00 EXPIRED older end -2 = 4",
            "2030-01-04T00:00:00.001Z EXPIRED new -4 = 0",
        ]
    );
    assert_eq!(world.balance(&wallet).await.valid_until, Some(instant("2031-01-01")));
}

/// A balance read is exact at any instant, whether or not a row was written (decision 33).
pub async fn is_folded_into_balances_without_writing(make: &Factory<'_>) {
    let Some((world, wallet)) = in_real_time(make).await else { return };
    let begin = world.ledger.now(PRODUCTION);
    world.grant_as(&wallet, "short", "5", |grant| grant.expire_at = Some(begin.later(HOUR))).await;
    world
        .grant_as(&wallet, "later", "3", |grant| grant.effective_at = Some(begin.later(2 * HOUR)))
        .await;
    for (passes, available, valid_until) in [
        (HOUR - 1, "5", Some(begin.later(HOUR))),
        (1, "0", Some(begin.later(2 * HOUR))),
        (HOUR, "3", None),
    ] {
        world.pass(passes);
        let balance = world.balance(&wallet).await;
        assert_eq!(balance.available, credits(available));
        assert_eq!(balance.valid_until, valid_until);
        let all = world.ledger.balances(PRODUCTION, &wallet.customer, None).await.unwrap();
        assert_eq!(all, [(wallet.clone(), balance)]);
    }
    let story = world.story(&wallet).await;
    assert_eq!(story.len(), 3, "a read of rows writes what is due: {story:?}");
    assert_eq!(world.balance(&wallet).await.updated_at, Some(begin.later(2 * HOUR)));
}

/// When the clock's move is answered, everything due up to it is written.
pub async fn brings_everything_up_to_the_moved_clock(make: &Factory<'_>) {
    let world = World::new(make).await;
    for name in ["ann/gold", "ann/silver/r", "bob/gold"] {
        world
            .grant_as(&wallet(name), "short", "5", |grant| {
                grant.expire_at = Some(instant("2030-01-02"));
            })
            .await;
    }
    world.move_clock("2030-01-01T23:59:59.999Z").await;
    assert_eq!(world.available(&wallet("ann/gold")).await, "5");
    world.move_clock("2030-01-02").await;
    for name in ["ann/gold", "ann/silver/r", "bob/gold"] {
        assert_eq!(world.available(&wallet(name)).await, "0");
        assert_eq!(world.story(&wallet(name)).await[1..], ["2030-01-02 EXPIRED short -5 = 0"]);
    }
}

/// If the clock goes back, a wallet's time stays (decision 45).
pub async fn never_goes_back_in_a_wallet(make: &Factory<'_>) {
    let Some((world, wallet)) = in_real_time(make).await else { return };
    world.pass(2 * HOUR);
    let late = world.ledger.now(PRODUCTION);
    world.grant(&wallet, "main", "5").await;
    world.pass(-HOUR);
    assert!(world.ledger.now(PRODUCTION) < late);
    let consumed = world.consume(&wallet, "k", "1").await;
    assert_eq!(consumed.attributed_at, late);
    let again = world.consume(&wallet, "k", "1").await;
    assert_eq!(again.attributed_at, late);
    assert!(consumed.balance.version_microseconds > late.microseconds());
    let mut query = rows_of("ann");
    query.environment = PRODUCTION;
    let page = world.rows(query).await;
    assert!(page.items.iter().all(|(_, view)| view.row.recorded_at == late));
}

/// Wallets by the hundred are brought up to date by one move.
pub async fn moves_many_wallets_at_once(make: &Factory<'_>) {
    const WALLETS: usize = 300;
    let world = World::new(make).await;
    let customers = (0..WALLETS).map(|n| record(RecordKind::Customer, &format!("c{n}"), &[]));
    world.done(Work::ImportCustomers(customers.collect())).await;
    let wallets: Vec<_> = (0..WALLETS).map(|n| wallet(&format!("c{n}/gold"))).collect();
    for wallet in &wallets {
        let until = Some(instant("2030-01-02"));
        world.grant_as(wallet, "short", "5", |grant| grant.expire_at = until).await;
    }
    world.move_clock("2030-06-01").await;
    for wallet in &wallets {
        let balance = world.balance(wallet).await;
        assert_eq!(balance.updated_at, Some(instant("2030-01-02")), "{wallet:?}");
    }
}

/// Reads of grants, one or many, write what is due first, and show it.
pub async fn is_written_by_a_read_of_a_grant(make: &Factory<'_>) {
    let Some((world, wallet)) = in_real_time(make).await else { return };
    let begin = world.ledger.now(PRODUCTION);
    let mut ids = Vec::new();
    for (name, hours) in [("one", 1), ("two", 2)] {
        let until = Some(begin.later(hours * HOUR));
        let made = world.grant_as(&wallet, name, "5", |grant| grant.expire_at = until).await;
        ids.push(made.grant.name.id);
    }
    world.pass(HOUR);
    let one = world.ledger.grant(PRODUCTION, ids[0]).await.unwrap().unwrap();
    assert_eq!(one.grant.status(), GrantStatus::Expired);
    assert_eq!(one.grant.updated_at, begin.later(HOUR));
    assert_eq!(world.balance(&wallet).await.updated_at, Some(begin.later(HOUR)));
    world.pass(HOUR);
    let query = GrantQuery {
        environment: PRODUCTION,
        customer: wallet.customer.clone(),
        resource: None,
        currency: None,
        created: CreatedRange::default(),
        page: everything(),
    };
    let page = world.ledger.grants(query).await.unwrap();
    let statuses: Vec<_> = page.items.iter().map(|(_, grant)| grant.grant.status()).collect();
    assert_eq!(statuses, [GrantStatus::Expired, GrantStatus::Expired]);
}

/// At any instant a wallet's balance was what its newest row then says.
pub async fn leaves_the_balance_at_every_instant_behind(make: &Factory<'_>) {
    let world = World::new(make).await;
    assert!(world.ledger.row_at(&wallet("ann/gold"), start()).await.unwrap().is_none());
    busy_month(&world).await;
    for name in ["ann/gold", "ann/silver", "ann/gold/r1", "ann/silver/r1"] {
        let key = wallet(name);
        let page = world.rows(rows_of("ann")).await;
        let mine: Vec<_> = page.items.iter().filter(|(_, view)| view.wallet == key).collect();
        let mut instants: Vec<Timestamp> =
            mine.iter().map(|(_, view)| view.row.recorded_at).collect();
        instants.dedup();
        assert!(instants.len() >= 3, "{instants:?}");
        for at in instants.into_iter().flat_map(|at| [at.later(-1), at, at.later(1)]) {
            let found = world.ledger.row_at(&key, at).await.unwrap();
            let newest = mine.iter().find(|(_, view)| view.row.recorded_at <= at);
            let expected = newest.map(|(_, view)| view.balance_after);
            assert_eq!(found.map(|row| row.balance_after), expected, "{name} at {at:?}");
        }
    }
}

/// A read of the past writes first what was due by then.
pub async fn is_written_by_a_read_of_the_past(make: &Factory<'_>) {
    let Some((world, wallet)) = in_real_time(make).await else { return };
    let begin = world.ledger.now(PRODUCTION);
    let until = begin.later(HOUR);
    world.grant_as(&wallet, "short", "5", |grant| grant.expire_at = Some(until)).await;
    world.pass(2 * HOUR);
    for (at, balance, recorded_at) in
        [(until.later(-1), "5", begin), (until, "0", until), (begin.later(9 * HOUR), "0", until)]
    {
        let row = world.ledger.row_at(&wallet, at).await.unwrap().unwrap();
        assert_eq!((row.balance_after, row.recorded_at), (credits(balance), recorded_at));
    }
    assert!(world.ledger.row_at(&wallet, begin.later(-1)).await.unwrap().is_none());
}

/// A wallet of production, whose time the scenario can move.
pub(super) async fn in_real_time(make: &Factory<'_>) -> Option<(World, WalletKey)> {
    let world = World::new(make).await;
    if !world.time_can_pass {
        return None;
    }
    world.populate(PRODUCTION).await;
    let mut wallet = wallet("ann/gold");
    wallet.environment = PRODUCTION;
    Some((world, wallet))
}

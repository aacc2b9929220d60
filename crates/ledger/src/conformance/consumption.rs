//! Burning credits, once for each key (decision 13).

use scrip_core::{Consume, Dimension, Entity, OnInsufficient, Refusal};

use super::world::{credits, instant, record, wallet};
use super::{Factory, World, currencies, item};
use crate::{RecordKind, WalletConsume, Work};

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;

/// The answer tells what was consumed, when, and the balance that it left.
pub async fn burns_and_answers_the_balance(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    world.grant(&wallet, "main", "10").await;
    let first = world.consume(&wallet, "k1", "4.000000001").await;
    assert_eq!((first.amount, first.attributed_at), (credits("4.000000001"), super::start()));
    let balance = first.balance;
    assert_eq!((balance.granted, balance.used), (credits("10"), credits("4.000000001")));
    assert_eq!(balance.available, credits("5.999999999"));
    assert_eq!(world.balance(&wallet).await, balance);
    let second = world.consume(&wallet, "k2", "1").await;
    assert!(second.balance.version_microseconds > balance.version_microseconds);
    let story = world.story(&wallet).await;
    assert_eq!(story[2], "2030-01-01 CONSUMED main -1 = 4.999999999");
}

/// The same request again: the first amount and instant, the balance as it is now, nothing burned.
pub async fn happens_once_for_each_key(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    world.grant(&wallet, "main", "10").await;
    let first = world.consume(&wallet, "k", "4").await;
    world.move_clock("2030-01-02").await;
    world.consume(&wallet, "other", "1").await;
    let repeated = world.consume(&wallet, "k", "4").await;
    assert_eq!((repeated.amount, repeated.attributed_at), (first.amount, first.attributed_at));
    assert_eq!(repeated.balance, world.balance(&wallet).await);
    assert_eq!(repeated.balance.available, credits("5"));
    assert_eq!(world.story(&wallet).await.len(), 3);
    // A repeat reads what time has brought, and writes nothing.
    world
        .grant_as(&wallet, "short", "7", |grant| grant.expire_at = Some(instant("2030-01-03")))
        .await;
    assert_eq!(world.consume(&wallet, "k", "4").await.balance.available, credits("12"));
    world.move_clock("2030-01-04").await;
    assert_eq!(world.consume(&wallet, "k", "4").await.balance.available, credits("5"));
}

/// The same key with another request is a conflict, whatever differs.
pub async fn of_the_same_key_with_another_request_conflicts(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    world.consume(&wallet, "k", "4").await;
    let others: [fn(&mut Consume); 4] = [
        |consume| consume.amount = credits("4.1"),
        |consume| consume.created_at = Some(super::start()),
        |consume| consume.on_insufficient = OnInsufficient::Reject,
        |consume| consume.dimensions = [("a", Dimension::Flag(true))].into(),
    ];
    for change in others {
        let mut other = item(&wallet, "k", "4");
        change(&mut other.consume);
        assert_eq!(refused(&world, &other).await, Refusal::KeyReused { key: "k".to_owned() });
    }
    assert_eq!(world.available(&wallet).await, "-4");
}

/// A key is unique in its wallet only.
pub async fn keys_belong_to_their_wallet(make: &Factory<'_>) {
    let world = World::new(make).await;
    for (n, name) in
        ["ann/gold", "ann/gold/r1", "ann/gold/r2", "ann/silver", "bob/gold"].into_iter().enumerate()
    {
        let amount = format!("{}", n + 1);
        world.consume(&wallet(name), "k", &amount).await;
        assert_eq!(world.available(&wallet(name)).await, format!("-{amount}"));
    }
}

/// Equal values make an equal request: the order of dimensions and trailing zeros mean nothing.
pub async fn is_the_same_request_whatever_the_order_of_members(make: &Factory<'_>) {
    let world = World::new(make).await;
    let dimension = |name: &str| (name.to_owned(), Dimension::Text(name.to_uppercase().into()));
    let mut one = item(&wallet("ann/gold"), "k", "4");
    one.consume.dimensions = [dimension("a"), dimension("b")].into();
    let mut other = item(&wallet("ann/gold"), "k", "4.000");
    other.consume.dimensions = [dimension("b"), dimension("a")].into();
    for same in [one, other] {
        world.done(Work::Consume(Box::new(same))).await;
    }
    assert_eq!(world.available(&wallet("ann/gold")).await, "-4");
}

/// What does not exist, what is archived, key conflicts, times, state (decisions 55 and 71).
pub async fn refuses_in_order_of_precedence(make: &Factory<'_>) {
    let world = World::new(make).await;
    let bad = |name: &str| {
        let mut bad = item(&wallet(name), "used", "5");
        bad.consume.created_at = Some(super::start().later(DAY));
        bad.consume.on_insufficient = OnInsufficient::Reject;
        bad
    };
    let cleo = bad("cleo/lead");
    assert_eq!(refused(&world, &cleo).await, Refusal::not_found(Entity::Customer, "cleo"));
    world.done(Work::CreateRecord(record(RecordKind::Customer, "cleo", &[]))).await;
    world.done(Work::ArchiveRecord(RecordKind::Customer, "cleo".to_owned())).await;
    assert_eq!(refused(&world, &cleo).await, Refusal::not_found(Entity::CustomCurrency, "lead"));
    world.consume(&wallet("ann/gold"), "used", "1").await;
    world.done(Work::ArchiveRecord(RecordKind::Customer, "ann".to_owned())).await;
    let archived = Refusal::archived(Entity::Customer, "ann");
    assert_eq!(refused(&world, &bad("ann/gold")).await, archived);
    world.done(Work::UnarchiveRecord(RecordKind::Customer, "ann".to_owned())).await;
    let mut bad = bad("ann/gold");
    assert_eq!(refused(&world, &bad).await, Refusal::KeyReused { key: "used".to_owned() });
    bad.consume.key = item(&wallet("ann/gold"), "fresh", "1").consume.key;
    assert_eq!(refused(&world, &bad).await, Refusal::CreatedAtAhead);
    bad.consume.created_at = Some(super::start().later(5 * MINUTE));
    let (needed, available) = (credits("5"), credits("-1"));
    let short = Refusal::InsufficientCredits { needed, available };
    assert_eq!(refused(&world, &bad).await, short);
    bad.consume.created_at = Some(super::start().later(-400 * DAY - 1));
    assert_eq!(refused(&world, &bad).await, Refusal::CreatedAtTooOld);
    assert_eq!(world.story(&wallet("ann/gold")).await.len(), 1, "nothing is left");
}

/// Consumption goes on in an archived currency (decision 48).
pub async fn goes_on_in_an_archived_currency(make: &Factory<'_>) {
    let world = World::new(make).await;
    world.grant(&wallet("ann/gold"), "main", "10").await;
    world.done(currencies::archive("gold")).await;
    let used = world.consume(&wallet("ann/gold"), "k", "4").await;
    assert_eq!(used.balance.available, credits("6"));
    let batch = vec![item(&wallet("ann/gold"), "k2", "1"), item(&wallet("bob/gold"), "k", "1")];
    world.done(Work::ConsumeBatch(batch)).await;
    assert_eq!(world.available(&wallet("ann/gold")).await, "5");
}

/// A refused consumption does not use up its key (decision 63).
pub async fn that_was_refused_leaves_its_key_free(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    let mut hard = item(&wallet, "k", "4");
    hard.consume.on_insufficient = OnInsufficient::Reject;
    let (needed, available) = (credits("4"), credits("0"));
    let short = Refusal::InsufficientCredits { needed, available };
    assert_eq!(refused(&world, &hard).await, short);
    assert_eq!(world.ledger.balance(&wallet).await.unwrap(), None, "a wallet is made by a change");
    world.grant(&wallet, "main", "10").await;
    world.done(Work::Consume(Box::new(hard))).await;
    assert_eq!(world.available(&wallet).await, "6");
}

/// Rows carry the instant that the client named, and the one at which they were recorded.
pub async fn is_attributed_to_its_instant(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    let mut late = item(&wallet, "k", "4");
    late.consume.created_at = Some(instant("2029-12-24T18:00:00Z"));
    for _ in 0..2 {
        match world.done(Work::Consume(Box::new(late.clone()))).await {
            crate::Answer::Consumed(consumed) => {
                assert_eq!(consumed.attributed_at, instant("2029-12-24T18:00:00Z"));
            }
            other => panic!("nothing consumed: {other:?}"),
        }
        world.move_clock("2030-03-01").await;
    }
    let page = world.rows(super::world::rows_of("ann")).await;
    let row = &page.items[0].1.row;
    assert_eq!(row.attributed_at, instant("2029-12-24T18:00:00Z"));
    assert_eq!(row.recorded_at, super::start());
    // Times are not checked for a known key (decision 71): it is a repeat, however late.
    world.move_clock("2031-02-28").await;
    world.move_clock("2031-12-31").await;
    world.done(Work::Consume(Box::new(late))).await;
    assert_eq!(world.available(&wallet).await, "-4");
}

async fn refused(world: &World, item: &WalletConsume) -> Refusal {
    world.refused(Work::Consume(Box::new(item.clone()))).await
}

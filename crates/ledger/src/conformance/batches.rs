//! Batches of consumptions (decisions 52, 65 and 71).

use scrip_core::{Entity, OnInsufficient, Refusal};

use super::time::in_real_time;
use super::world::{credits, wallet};
use super::{Factory, PRODUCTION, SANDBOX, World, item};
use crate::{Answer, LedgerError, OrderRefusal, RecordKind, Rejected, WalletConsume, Work};

/// All items of a batch are carried out, over several wallets and many of one wallet.
pub async fn carry_out_every_item(make: &Factory<'_>) {
    let world = World::new(make).await;
    world.grant(&wallet("ann/gold"), "main", "100").await;
    let mut items =
        vec![item(&wallet("bob/gold"), "k", "7"), item(&wallet("ann/silver"), "k", "3")];
    items.extend((0..50).map(|n| item(&wallet("ann/gold"), &format!("k{n}"), "1")));
    assert_eq!(batch(&world, items).await, []);
    assert_eq!(batch(&world, Vec::new()).await, []);
    for (name, left) in [("ann/gold", "50"), ("bob/gold", "-7"), ("ann/silver", "-3")] {
        assert_eq!(world.available(&wallet(name)).await, left, "{name}");
    }
    assert_eq!(world.story(&wallet("ann/gold")).await.len(), 51);
}

/// One bad item refuses all, and is named; no item has an effect.
pub async fn with_one_bad_item_are_refused_whole(make: &Factory<'_>) {
    let world = World::new(make).await;
    world.done(Work::ArchiveRecord(RecordKind::Customer, "bob".to_owned())).await;
    let good = item(&wallet("ann/gold"), "good", "1");
    let mut ahead = item(&wallet("ann/gold"), "ahead", "1");
    ahead.consume.created_at = Some(super::start().later(3_600_000));
    let bad = [
        (item(&wallet("nobody/gold"), "k", "1"), Refusal::not_found(Entity::Customer, "nobody")),
        (item(&wallet("ann/tin"), "k", "1"), Refusal::not_found(Entity::CustomCurrency, "tin")),
        (item(&wallet("bob/gold"), "k", "1"), Refusal::archived(Entity::Customer, "bob")),
        (ahead, Refusal::CreatedAtAhead),
    ];
    for (bad, refusal) in bad {
        let work = Work::ConsumeBatch(vec![good.clone(), bad, good.clone()]);
        assert_eq!(world.refusal(work).await, OrderRefusal { index: Some(1), refusal });
        assert_eq!(world.ledger.balance(&good.wallet).await.unwrap(), None);
    }
    assert_eq!(batch(&world, vec![good]).await, [], "its key is free");
}

/// Items are judged by the time of their wallet, which stays when the clock goes back.
pub async fn go_by_the_time_of_the_wallet(make: &Factory<'_>) {
    const DAY: i64 = 24 * 3_600_000;
    let Some((world, wallet)) = in_real_time(make).await else { return };
    world.pass(DAY);
    let late = world.ledger.now(PRODUCTION);
    world.grant(&wallet, "main", "5").await;
    world.pass(-DAY);
    let attributed = |key: &str, milliseconds: i64| {
        let mut item = item(&wallet, key, "1");
        item.consume.created_at = Some(late.later(milliseconds));
        Work::ConsumeBatch(vec![item])
    };
    let batch = world.execute(PRODUCTION, attributed("ahead", 300_000)).await.unwrap();
    assert!(matches!(batch, Answer::Batch(rejected) if rejected.is_empty()));
    let refused = [
        (attributed("too far ahead", 300_001), Refusal::CreatedAtAhead),
        (attributed("too old", -400 * DAY - 1), Refusal::CreatedAtTooOld),
    ];
    for (work, refusal) in refused {
        let refused = world.execute(PRODUCTION, work).await.unwrap_err();
        assert_eq!(refused, LedgerError::Refused(OrderRefusal { index: Some(0), refusal }));
    }
}

/// Items are judged in order: the first bad one is named, whatever is wrong with later ones.
pub async fn name_the_first_bad_item(make: &Factory<'_>) {
    let world = World::new(make).await;
    let mut ahead = item(&wallet("ann/gold"), "ahead", "1");
    ahead.consume.created_at = Some(super::start().later(3_600_000));
    let items =
        vec![item(&wallet("ann/gold"), "good", "1"), ahead, item(&wallet("nobody/gold"), "k", "1")];
    let refusal = world.refusal(Work::ConsumeBatch(items)).await;
    assert_eq!(refusal, OrderRefusal { index: Some(1), refusal: Refusal::CreatedAtAhead });
}

/// One key twice with different contents refuses the whole batch (decision 65).
pub async fn refuse_one_key_with_two_contents(make: &Factory<'_>) {
    let world = World::new(make).await;
    let items = vec![
        item(&wallet("ann/gold"), "k", "1"),
        item(&wallet("ann/silver"), "k", "2"),
        item(&wallet("ann/gold"), "k", "2"),
    ];
    let refusal = Refusal::KeyReused { key: "k".to_owned() };
    let refused = world.refusal(Work::ConsumeBatch(items)).await;
    assert_eq!(refused, OrderRefusal { index: Some(2), refusal });
    assert_eq!(world.ledger.balance(&wallet("ann/silver")).await.unwrap(), None);
}

/// The same item twice is one consumption.
pub async fn count_a_repeated_item_once(make: &Factory<'_>) {
    let world = World::new(make).await;
    let one = item(&wallet("ann/gold"), "k", "4");
    assert_eq!(batch(&world, vec![one.clone(), one.clone(), one]).await, []);
    assert_eq!(world.available(&wallet("ann/gold")).await, "-4");
}

/// What the state refuses is left out and listed; all others are durable.
pub async fn list_what_the_state_refuses(make: &Factory<'_>) {
    let world = World::new(make).await;
    world.grant(&wallet("ann/gold"), "main", "10").await;
    world.consume(&wallet("ann/gold"), "used", "1").await;
    let hard = |name: &str, key: &str, amount: &str| {
        let mut hard = item(&wallet(name), key, amount);
        hard.consume.on_insufficient = OnInsufficient::Reject;
        hard
    };
    let items = vec![
        item(&wallet("ann/gold"), "used", "2"),
        hard("ann/gold", "a", "8"),
        hard("ann/gold", "b", "8"),
        hard("bob/gold", "c", "1"),
        item(&wallet("ann/gold"), "d", "0.5"),
        item(&wallet("ann/gold"), "used", "2"),
    ];
    let short = |needed, available| Refusal::InsufficientCredits {
        needed: credits(needed),
        available: credits(available),
    };
    let reused = || Refusal::KeyReused { key: "used".to_owned() };
    let rejected = [(0, reused()), (2, short("8", "1")), (3, short("1", "0")), (5, reused())]
        .map(|(index, refusal)| Rejected { index, refusal });
    assert_eq!(batch(&world, items).await, rejected);
    assert_eq!(world.available(&wallet("ann/gold")).await, "0.5");
    assert_eq!(world.ledger.balance(&wallet("bob/gold")).await.unwrap(), None);
}

/// A repeat after an unknown outcome completes the batch: what is there is not burned again.
pub async fn are_completed_by_a_repeat(make: &Factory<'_>) {
    let world = World::new(make).await;
    world.consume(&wallet("ann/gold"), "k1", "1").await;
    let items: Vec<_> = (0..4).map(|n| item(&wallet("ann/gold"), &format!("k{n}"), "1")).collect();
    for _ in 0..2 {
        assert_eq!(batch(&world, items.clone()).await, []);
        assert_eq!(world.available(&wallet("ann/gold")).await, "-4");
    }
    // An item that is long known is not judged by its times again.
    let mut dated = item(&wallet("ann/gold"), "dated", "1");
    dated.consume.created_at = Some(super::start());
    batch(&world, vec![dated.clone()]).await;
    world.move_clock("2030-12-31").await;
    world.move_clock("2031-06-01").await;
    assert_eq!(batch(&world, vec![dated]).await, []);
    assert_eq!(world.available(&wallet("ann/gold")).await, "-5");
}

async fn batch(world: &World, items: Vec<WalletConsume>) -> Vec<Rejected> {
    match world.execute(SANDBOX, Work::ConsumeBatch(items)).await.unwrap() {
        Answer::Batch(rejected) => rejected,
        other => panic!("no batch: {other:?}"),
    }
}

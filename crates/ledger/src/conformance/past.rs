//! Wallets as they are and as they were, and what their balances are made of (decisions 33, 83).

use scrip_core::{Credits, EditGrant, GrantChange, GrantId, Timestamp, WalletKey};

use super::holds::{HOUR, release_of, reserve_until};
use super::row_lists::busy_month;
use super::time::in_real_time;
use super::world::{credits, instant, start, wallet};
use super::{Factory, SANDBOX, World, item};
use crate::{Explained, WalletAt, Work};

/// Every wallet that has rows is listed, by currency, without a resource first.
pub async fn has_the_wallets_of_a_customer(make: &Factory<'_>) {
    let world = World::new(make).await;
    let names = ["ann/silver/r1", "ann/gold/r2", "bob/gold", "ann/gold", "ann/gold/r1"];
    for name in names {
        world.consume(&wallet(name), "k", "1").await;
    }
    let ann = wallet("ann/gold").customer;
    let listed = world.ledger.wallets(SANDBOX, &ann).await.unwrap();
    let expected = ["ann/gold", "ann/gold/r1", "ann/gold/r2", "ann/silver/r1"].map(wallet);
    assert_eq!(listed, expected);
    let nobody = wallet("nobody/gold").customer;
    assert_eq!(world.ledger.wallets(SANDBOX, &nobody).await.unwrap(), []);
    assert!(world.ledger.wallet_at(&wallet("ann/silver"), None).await.unwrap().is_none());
}

/// Holds, expiries and a deficit, as they stood at each instant.
pub async fn shows_holds_expiries_and_deficits(make: &Factory<'_>) {
    let world = World::new(make).await;
    let key = wallet("ann/gold");
    assert!(then(&world, &key, start()).await.is_none(), "it has no rows yet");
    let until = |grant: &mut scrip_core::NewGrant| grant.expire_at = Some(instant("2030-01-04"));
    world.grant_as(&key, "short", "10", until).await;
    world.grant(&key, "main", "5").await;
    world.move_clock("2030-01-02").await;
    let hold = reserve_until(&key, "job", "8", instant("2030-01-02T12:00:00Z"));
    world.done(Work::Reserve(Box::new(hold))).await;
    world.move_clock("2030-01-03").await;
    world.consume(&key, "k", "1").await;
    world.move_clock("2030-01-05").await;
    world.consume(&key, "k2", "7").await;
    world.move_clock("2030-01-06").await;
    world.grant(&key, "late", "4").await;
    let end = Some((instant("2030-01-04"), credits("10")));
    let rest = |amount| Some((instant("2030-01-04"), credits(amount)));
    for (at, granted, used, reserved, deficit, next_expiry) in [
        ("2030-01-01", "15", "0", "0", "0", end),
        ("2030-01-01T23:59:59.999Z", "15", "0", "0", "0", end),
        ("2030-01-02", "15", "8", "8", "0", rest("2")),
        ("2030-01-02T11:59:59.999Z", "15", "8", "8", "0", rest("2")),
        ("2030-01-02T12:00:00Z", "15", "0", "0", "0", end),
        ("2030-01-03", "15", "1", "0", "0", rest("9")),
        ("2030-01-03T23:59:59.999Z", "15", "1", "0", "0", rest("9")),
        ("2030-01-04", "5", "0", "0", "0", None),
        ("2030-01-05", "5", "7", "0", "2", None),
        ("2030-01-06", "9", "7", "0", "0", None),
    ] {
        let WalletAt { at: told, wallet } = then(&world, &key, instant(at)).await.unwrap();
        let balance = wallet.balance().unwrap();
        let sums = [balance.granted, balance.used, balance.reserved, wallet.deficit()];
        assert_eq!(told, instant(at));
        assert_eq!(sums, [granted, used, reserved, deficit].map(credits), "{at}");
        assert_eq!(wallet.next_expiry().unwrap(), next_expiry, "{at}");
    }
    assert!(then(&world, &key, start().later(-1)).await.is_none());
}

/// A read of now writes nothing; one of the past writes what is due, and folds what was due then.
pub async fn is_folded_now_and_written_then(make: &Factory<'_>) {
    let Some((world, key)) = in_real_time(make).await else { return };
    let begin = world.ledger.now(key.environment);
    let end = Some(begin.later(HOUR));
    world.grant_as(&key, "short", "5", |grant| grant.expire_at = end).await;
    world.pass(2 * HOUR);
    for _ in 0..2 {
        let WalletAt { at, wallet } = world.ledger.wallet_at(&key, None).await.unwrap().unwrap();
        assert_eq!(
            (at, wallet.balance().unwrap().available),
            (begin.later(2 * HOUR), credits("0"))
        );
        assert_eq!(wallet.recorded_at(), end);
    }
    for (milliseconds, available) in [(0, "5"), (HOUR - 1, "5"), (HOUR, "0"), (2 * HOUR, "0")] {
        let at = begin.later(milliseconds);
        let WalletAt { wallet, .. } = then(&world, &key, at).await.unwrap();
        assert_eq!(wallet.balance().unwrap().available, credits(available), "{milliseconds}");
    }
}

/// Whatever is done, a balance that is asked for later is what was answered then.
pub async fn is_what_was_answered_live(make: &Factory<'_>) {
    for seed in 1..=2 {
        let Some((world, key)) = in_real_time(make).await else { return };
        let mut dice = Dice(seed);
        let mut grants = Vec::new();
        let mut seen: Vec<(Timestamp, Option<WalletAt>)> = Vec::new();
        for step in 0..100 {
            // Many steps share an instant; then the last answer is that of the instant.
            world.pass([0, 0, 1, HOUR / 7, HOUR, 5 * HOUR][dice.below(6)]);
            if dice.below(4) > 0 {
                act(&world, &key, &mut dice, step, &mut grants).await;
            }
            let now = world.ledger.now(key.environment);
            let live = world.ledger.wallet_at(&key, None).await.unwrap();
            if let Some(live) = &live {
                let balance = world.balance(&key).await;
                assert_eq!(live.wallet.balance().unwrap(), balance);
                assert_eq!(live.at, now);
            }
            seen.retain(|(at, _)| *at != now);
            seen.push((now, live));
        }
        for (at, live) in &seen {
            let past = then(&world, &key, *at).await;
            let told = past.map(|past| (past.at, past.wallet));
            let live = live.as_ref().map(|live| (live.at, live.wallet.clone()));
            assert_eq!(told, live, "seed {seed} at {at}");
            check_explained(&world, &key, *at).await;
        }
    }
}

/// Some order; the state may refuse it.
async fn act(
    world: &World,
    key: &WalletKey,
    dice: &mut Dice,
    step: usize,
    grants: &mut Vec<GrantId>,
) {
    let now = world.ledger.now(key.environment);
    let amount = (1 + dice.below(40)).to_string();
    let name = format!("n{step}");
    let ahead = |dice: &mut Dice| now.later(1 + i64::try_from(dice.below(9)).unwrap() * HOUR);
    let work = match dice.below(9) {
        0 | 1 => {
            let (from, end) = (dice.below(3), dice.below(3));
            let (from_at, end_at) = (ahead(dice), ahead(dice));
            let made = world.grant_as(key, &name, &amount, |grant| {
                grant.effective_at = (from == 0).then_some(from_at);
                // An end before the beginning would be refused.
                grant.expire_at = (end > 0).then(|| end_at.max(from_at).later(1));
            });
            grants.push(made.await.grant.name.id);
            return;
        }
        2 | 3 => Work::Consume(Box::new(item(key, &name, &amount))),
        4 | 5 => {
            let until = ahead(dice);
            Work::Reserve(Box::new(reserve_until(key, &name, &amount, until)))
        }
        6 => {
            let name = format!("n{}", dice.below(step + 1));
            Work::Release(Box::new(release_of(key, &name, &amount)))
        }
        7 if !grants.is_empty() => Work::VoidGrant(grants[dice.below(grants.len())]),
        8 if !grants.is_empty() => {
            let expire_at = Some((dice.below(2) == 0).then(|| ahead(dice)));
            let change = GrantChange { expire_at, ..GrantChange::default() };
            let id = grants[dice.below(grants.len())];
            Work::EditGrant(Box::new(EditGrant { id, change }))
        }
        _ => return,
    };
    let _ = world.execute(key.environment, work).await;
}

/// At any instant the opening and the rows add up to the balance, and so do the grants.
pub async fn is_explained_at_every_instant(make: &Factory<'_>) {
    let world = World::new(make).await;
    assert!(world.ledger.explain(&wallet("ann/gold"), None).await.unwrap().is_none());
    busy_month(&world).await;
    for name in ["ann/gold", "ann/silver", "ann/gold/r1", "ann/silver/r1"] {
        let key = wallet(name);
        for day in 1..=9 {
            check_explained(&world, &key, instant(&format!("2030-01-0{day}"))).await;
        }
        let Explained { then: now, rows, .. } = explained(&world, &key, None).await.unwrap();
        assert_eq!(now.at, world.ledger.now(SANDBOX));
        assert_eq!(now.wallet.balance().unwrap(), world.balance(&key).await);
        let told: Vec<String> = rows.iter().map(|view| world.tell(view)).collect();
        assert_eq!(told, world.story(&key).await, "oldest first, all of a short story");
    }
    assert!(explained(&world, &wallet("ann/gold"), Some(start().later(-1))).await.is_none());
}

/// What is due is written before it is explained.
pub async fn is_explained_with_what_is_due(make: &Factory<'_>) {
    let Some((world, key)) = in_real_time(make).await else { return };
    let begin = world.ledger.now(key.environment);
    world.grant_as(&key, "short", "5", |grant| grant.expire_at = Some(begin.later(HOUR))).await;
    world.pass(2 * HOUR);
    let Explained { then: now, opening, rows } = explained(&world, &key, None).await.unwrap();
    assert_eq!((now.at, opening), (begin.later(2 * HOUR), credits("0")));
    let amounts: Vec<_> = rows.iter().map(|view| view.part.amount).collect();
    assert_eq!(amounts, [credits("5"), credits("-5")]);
    check_explained(&world, &key, begin.later(HOUR - 1)).await;
    check_explained(&world, &key, begin.later(HOUR)).await;
}

async fn check_explained(world: &World, key: &WalletKey, at: Timestamp) {
    let told = explained(world, key, Some(at)).await;
    let past = then(world, key, at).await;
    let (Some(Explained { then, opening, rows }), Some(past)) = (&told, &past) else {
        assert_eq!((told.is_some(), past.is_some()), (false, false), "at {at}");
        return;
    };
    assert_eq!((then.at, &then.wallet), (at, &past.wallet));
    let available = past.wallet.balance().unwrap().available;
    let rows = Credits::sum(rows.iter().map(|view| view.part.amount)).unwrap();
    assert_eq!(opening.plus(rows).unwrap(), available, "at {at}");
    let grants = past.wallet.grants().map(|grant| grant.available().unwrap());
    assert_eq!(Credits::sum(grants).unwrap(), available, "at {at}");
}

async fn then(world: &World, key: &WalletKey, at: Timestamp) -> Option<WalletAt> {
    world.ledger.wallet_at(key, Some(at)).await.unwrap()
}

async fn explained(world: &World, key: &WalletKey, at: Option<Timestamp>) -> Option<Explained> {
    world.ledger.explain(key, at).await.unwrap()
}

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

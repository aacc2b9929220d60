//! Setting credits aside, once for each reservation (decisions 20, 21, 49).

use std::collections::BTreeMap;
use std::sync::Arc;

use scrip_core::{
    Entity, Extend, Fingerprint, HoldEnd, Refusal, Release, ReservationId, Reserve, Timestamp,
    WalletKey,
};

use super::settlement::release;
use super::world::{credits, instant, record, start, wallet};
use super::{Factory, SANDBOX, World, currencies};
use crate::{
    Answer, Executed, LedgerError, Order, RecordKind, Reserved, Settings, WalletExtend,
    WalletRelease, WalletReserve, Work,
};

pub(super) const HOUR: i64 = 3_600_000;

/// The hold leaves the balance at once, and is placed on grants in burn order.
pub async fn set_credits_aside(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    world.grant(&wallet, "first", "20").await;
    let second = world.grant(&wallet, "second", "30").await;
    let held = reserve(&world, &reserve_of(&wallet, "job", "25.5")).await;
    assert_eq!((held.amount, held.is_open), (credits("25.5"), true));
    assert_eq!(held.expires_at, start().later(HOUR));
    let balance = held.balance;
    assert_eq!((balance.granted, balance.used), (credits("50"), credits("25.5")));
    assert_eq!((balance.reserved, balance.available), (credits("25.5"), credits("24.5")));
    assert_eq!(balance.valid_until, Some(held.expires_at));
    assert_eq!(world.balance(&wallet).await, balance);
    assert_eq!(world.grant_now(second.grant.name.id).await.grant.held, credits("5.5"));
    let story = world.story(&wallet).await;
    assert_eq!(story[2..], ["2030-01-01 RESERVED first -25.5 = 24.5"]);
}

/// Twenty reservations of 75 on 500 credits at once: six are granted, whatever races with them.
pub async fn are_placed_as_long_as_credits_last(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    world.grant(&wallet, "main", "500").await;
    let (held, denied) = twenty_at_once(&world, &wallet, "a").await;
    assert_eq!((held.len(), denied), (6, 14));
    let balance = world.balance(&wallet).await;
    assert_eq!((balance.reserved, balance.available), (credits("450"), credits("50")));
    // Each release gives back what it did not take: what is free is never given twice.
    let releases = held.iter().map(|name| {
        let work = Work::Release(Box::new(release_of(&wallet, name, "0")));
        tokio::spawn(executed(&world, work))
    });
    let releases: Vec<_> = releases.collect();
    let (held, denied) = twenty_at_once(&world, &wallet, "b").await;
    for release in releases {
        release.await.unwrap().unwrap();
    }
    assert_eq!(held.len() + denied, 20);
    assert!(held.len() <= 6, "{held:?}");
    let balance = world.balance(&wallet).await;
    let reserved = credits(&(75 * held.len()).to_string());
    assert_eq!((balance.granted, balance.reserved), (credits("500"), reserved));
    assert_eq!(balance.used, reserved);
}

/// A hold never overdraws; a denied one is forgotten and decided anew when it is asked for again.
pub async fn that_are_denied_leave_nothing(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    let mut wanted = reserve_of(&wallet, "job", "10");
    let short = |available| {
        let (needed, available) = (credits("10"), credits(available));
        Refusal::InsufficientCredits { needed, available }
    };
    assert_eq!(refused(&world, &wanted).await, short("0"));
    assert_eq!(world.ledger.balance(&wallet).await.unwrap(), None, "a wallet is made by a change");
    world.grant(&wallet, "main", "9.999999999").await;
    assert_eq!(refused(&world, &wanted).await, short("9.999999999"));
    let unknown = Refusal::not_found(Entity::Reservation, "job");
    let release = Work::Release(Box::new(release_of(&wallet, "job", "0")));
    assert_eq!(world.refused(release).await, unknown);
    assert_eq!(world.story(&wallet).await.len(), 1, "nothing is left");
    world.grant(&wallet, "more", "0.000000001").await;
    // It is no repeat, so it may be another request.
    wanted.reserve.fingerprint = Fingerprint::of(&"another");
    assert_eq!(reserve(&world, &wanted).await.balance.available, credits("0"));
}

/// The same request again while the hold is open: the first answer with the balance as it is now,
/// though its own instant would by now be too near or too far.
pub async fn are_placed_once_for_each_reservation(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    world.grant(&wallet, "main", "100").await;
    let first = reserve(&world, &reserve_of(&wallet, "job", "30")).await;
    world.consume(&wallet, "k", "1").await;
    world.move_clock("2030-01-01T00:59:59.999Z").await;
    for expires_at in [start(), start().later(HOUR), start().later(2 * HOUR), instant("2031-01-01")]
    {
        let mut again = reserve_of(&wallet, "job", "30");
        again.reserve.ends = expires_at.into();
        let repeated = reserve(&world, &again).await;
        assert_eq!(
            (repeated.amount, repeated.expires_at, repeated.is_open),
            (first.amount, first.expires_at, true)
        );
        assert_eq!(repeated.balance, world.balance(&wallet).await);
        assert_eq!(repeated.balance.available, credits("69"));
    }
    assert_eq!(world.story(&wallet).await.len(), 3, "nothing was written");
}

/// Once the hold was settled or has ended, a repeat holds nothing and says so.
pub async fn tell_a_repeat_that_they_are_closed(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    world.grant(&wallet, "main", "100").await;
    for name in ["settled", "unused", "ended", "late"] {
        reserve(&world, &reserve_of(&wallet, name, "30")).await;
        if ["settled", "unused"].contains(&name) {
            let used = if name == "settled" { "20" } else { "0" };
            release(&world, &release_of(&wallet, name, used)).await;
        } else {
            world.consume(&wallet, name, "1").await;
        }
    }
    world.move_clock("2030-01-01T01:00:00Z").await;
    release(&world, &release_of(&wallet, "late", "5")).await;
    let rows = world.story(&wallet).await.len();
    for name in ["settled", "unused", "ended", "late"] {
        let again = reserve(&world, &reserve_of(&wallet, name, "30")).await;
        assert_eq!((again.amount, again.is_open), (credits("30"), false), "{name}");
        assert_eq!(again.expires_at, start().later(HOUR));
        assert_eq!(again.balance.available, credits("73"));
    }
    assert_eq!(world.story(&wallet).await.len(), rows, "nothing was written");
}

/// The same reservation with another request is a conflict, while it is open and afterwards.
pub async fn of_the_same_name_with_another_request_conflict(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    world.grant(&wallet, "main", "100").await;
    let first = reserve_of(&wallet, "job", "30");
    reserve(&world, &first).await;
    let other = reserve_of(&wallet, "job", "31");
    let conflict = Refusal::ReservationReused { reservation: "job".to_owned() };
    assert_eq!(refused(&world, &other).await, conflict);
    release(&world, &release_of(&wallet, "job", "20")).await;
    assert_eq!(refused(&world, &other).await, conflict);
    let ended = reserve_of(&wallet, "ended", "30");
    reserve(&world, &ended).await;
    world.move_clock("2030-01-01T01:00:00Z").await;
    let conflict = Refusal::ReservationReused { reservation: "ended".to_owned() };
    let mut other = ended.clone();
    other.reserve.fingerprint = Fingerprint::of(&"another");
    assert_eq!(refused(&world, &other).await, conflict);
    assert!(!reserve(&world, &ended).await.is_open);
    assert_eq!(world.available(&wallet).await, "80");
}

/// Wallets know nothing of each other's reservations, and consumption keys are other names.
pub async fn belong_to_their_wallet(make: &Factory<'_>) {
    let world = World::new(make).await;
    let names = ["ann/gold", "ann/gold/r1", "ann/silver", "bob/gold"];
    for (n, name) in (1..).zip(names) {
        let wallet = wallet(name);
        world.grant(&wallet, "main", "100").await;
        world.consume(&wallet, "job", "10").await;
        let held = reserve(&world, &reserve_of(&wallet, "job", &n.to_string())).await;
        assert_eq!(held.amount, credits(&n.to_string()));
    }
    release(&world, &release_of(&wallet("ann/gold"), "job", "1")).await;
    for (name, reserved) in names.into_iter().zip(["0", "2", "3", "4"]) {
        assert_eq!(world.balance(&wallet(name)).await.reserved, credits(reserved), "{name}");
    }
    let again = reserve(&world, &reserve_of(&wallet("bob/gold"), "job", "4")).await;
    assert!(again.is_open);
}

/// What does not exist, what is archived, key conflicts, times, state (decision 55).
pub async fn are_refused_in_order_of_precedence(make: &Factory<'_>) {
    let world = World::new(make).await;
    let bad = |wallet_name: &str, name: &str| {
        let mut bad = reserve_of(&wallet(wallet_name), name, "500");
        bad.reserve.ends = start().into();
        bad
    };
    let cleo = bad("cleo/lead", "job");
    assert_eq!(refused(&world, &cleo).await, Refusal::not_found(Entity::Customer, "cleo"));
    world.done(Work::CreateRecord(record(RecordKind::Customer, "cleo", &[]))).await;
    world.done(Work::ArchiveRecord(RecordKind::Customer, "cleo".to_owned())).await;
    assert_eq!(refused(&world, &cleo).await, Refusal::not_found(Entity::CustomCurrency, "lead"));
    world.grant(&wallet("ann/gold"), "main", "100").await;
    let used = reserve_of(&wallet("ann/gold"), "used", "1");
    reserve(&world, &used).await;
    world.done(Work::ArchiveRecord(RecordKind::Customer, "ann".to_owned())).await;
    let archived = Refusal::archived(Entity::Customer, "ann");
    assert_eq!(refused(&world, &bad("ann/gold", "used")).await, archived);
    assert_eq!(refused(&world, &used).await, archived, "a repeat too");
    world.done(Work::UnarchiveRecord(RecordKind::Customer, "ann".to_owned())).await;
    let conflict = Refusal::ReservationReused { reservation: "used".to_owned() };
    assert_eq!(refused(&world, &bad("ann/gold", "used")).await, conflict);
    let mut fresh = bad("ann/gold", "fresh");
    for expires_at in [start(), start().later(24 * HOUR + 1)] {
        fresh.reserve.ends = expires_at.into();
        assert_eq!(refused(&world, &fresh).await, Refusal::HoldExpiryOutOfRange);
    }
    fresh.reserve.ends = start().later(24 * HOUR).into();
    let (needed, available) = (credits("500"), credits("99"));
    let short = Refusal::InsufficientCredits { needed, available };
    assert_eq!(refused(&world, &fresh).await, short);
    assert_eq!(world.story(&wallet("ann/gold")).await.len(), 2, "nothing is left");
}

/// Holds go on in an archived currency (decision 48).
pub async fn go_on_in_an_archived_currency(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    world.grant(&wallet, "main", "10").await;
    world.done(currencies::archive("gold")).await;
    reserve(&world, &reserve_of(&wallet, "job", "4")).await;
    assert!(reserve(&world, &reserve_of(&wallet, "job", "4")).await.is_open);
    let settled = release(&world, &release_of(&wallet, "job", "3")).await;
    assert_eq!(settled.balance.available, credits("7"));
}

/// A grant or a consumption makes a customer where that is wanted; a hold does not (decision 3).
pub async fn make_no_customers(make: &Factory<'_>) {
    let settings = Settings { auto_create_customers: true, ..Settings::default() };
    let world = World::with(make, settings).await;
    let unknown = Refusal::not_found(Entity::Customer, "cleo");
    let cleo = wallet("cleo/gold");
    assert_eq!(refused(&world, &reserve_of(&cleo, "job", "1")).await, unknown);
    let release = Work::Release(Box::new(release_of(&cleo, "job", "1")));
    assert_eq!(world.refused(release).await, unknown);
    assert_eq!(world.record(RecordKind::Customer, "cleo").await, None);
}

/// A reservation from the start on for an hour; its amount is what tells requests apart.
#[must_use]
pub fn reserve_of(wallet: &WalletKey, name: &str, credits_: &str) -> WalletReserve {
    reserve_until(wallet, name, credits_, start().later(HOUR))
}

/// The same until an instant.
pub(super) fn reserve_until(
    wallet: &WalletKey,
    name: &str,
    credits_: &str,
    expires_at: Timestamp,
) -> WalletReserve {
    let reserve = Reserve {
        reservation: ReservationId::parse(name).unwrap(),
        amount: credits(credits_),
        ends: expires_at.into(),
        fingerprint: Fingerprint::of(&credits_),
        metadata: BTreeMap::new(),
    };
    WalletReserve { wallet: wallet.clone(), reserve }
}

/// A release of a reservation.
#[must_use]
pub fn release_of(wallet: &WalletKey, name: &str, consumed: &str) -> WalletRelease {
    let reservation = ReservationId::parse(name).unwrap();
    let release = Release { reservation, consumed: credits(consumed) };
    WalletRelease { wallet: wallet.clone(), release }
}

/// An extension of a reservation.
#[must_use]
pub fn extend_of(wallet: &WalletKey, name: &str, ends: impl Into<HoldEnd>) -> WalletExtend {
    let reservation = ReservationId::parse(name).unwrap();
    WalletExtend { wallet: wallet.clone(), extend: Extend { reservation, ends: ends.into() } }
}

/// Sets credits aside.
pub(super) async fn reserve(world: &World, item: &WalletReserve) -> Reserved {
    let work = Work::Reserve(Box::new(item.clone()));
    match world.execute(item.wallet.environment, work).await.unwrap() {
        Answer::Reserved(reserved) => reserved,
        other => panic!("nothing reserved: {other:?}"),
    }
}

async fn refused(world: &World, item: &WalletReserve) -> Refusal {
    world.refused(Work::Reserve(Box::new(item.clone()))).await
}

/// Asks for twenty reservations of 75, all at once: the names of those that are held, and how many
/// were denied.
async fn twenty_at_once(world: &World, wallet: &WalletKey, prefix: &str) -> (Vec<String>, usize) {
    let names: Vec<_> = (0..20).map(|n| format!("{prefix}{n}")).collect();
    let asked = names.into_iter().map(|name| {
        let work = Work::Reserve(Box::new(reserve_of(wallet, &name, "75")));
        (name, tokio::spawn(executed(world, work)))
    });
    let asked: Vec<_> = asked.collect();
    let mut held = Vec::new();
    let mut denied = 0;
    for (name, answer) in asked {
        match answer.await.unwrap() {
            Ok(Executed::Fresh(Answer::Reserved(reserved))) if reserved.is_open => held.push(name),
            Err(LedgerError::Refused(refusal)) => {
                assert!(matches!(refusal.refusal, Refusal::InsufficientCredits { .. }));
                denied += 1;
            }
            other => panic!("neither held nor denied: {other:?}"),
        }
    }
    (held, denied)
}

/// An order of the sandbox that needs no world.
fn executed(
    world: &World,
    work: Work,
) -> impl Future<Output = Result<Executed, LedgerError>> + Send + use<> {
    let ledger = Arc::clone(&world.ledger);
    let order = Order { environment: SANDBOX, origin: world.origin(), work, remember: None };
    async move { ledger.execute(order).await }
}

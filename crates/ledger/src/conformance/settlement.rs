//! Settling reservations, once, in time or late (decisions 16, 17, 19, 22, 39, 64).

use std::sync::Arc;

use scrip_core::{Entity, Refusal};

use super::holds::{HOUR, reserve, reserve_until};
use super::time::in_real_time;
use super::world::{credits, start, wallet};
use super::{Factory, PRODUCTION, SANDBOX, World, release_of, reserve_of};
use crate::{
    Answer, Claim, Executed, LedgerError, Order, RecordKind, Released, Remember, RememberBy,
    Render, StoredAnswer, WalletRelease, Work,
};

/// Less, exactly, more than was set aside, and nothing at all.
pub async fn returns_what_the_job_left(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    world.grant(&wallet, "main", "100").await;
    for (name, consumed, available) in
        [("less", "20", "80"), ("exactly", "30", "50"), ("more", "45", "5"), ("nothing", "0", "5")]
    {
        let held = if name == "nothing" { "5" } else { "30" };
        reserve(&world, &reserve_of(&wallet, name, held)).await;
        let settled = release(&world, &release_of(&wallet, name, consumed)).await;
        assert_eq!((settled.amount, settled.consumed), (credits(held), credits(consumed)));
        assert_eq!(settled.expires_at, start().later(HOUR));
        assert_eq!(settled.balance.available, credits(available), "{name}");
        assert_eq!(settled.balance.reserved, credits("0"));
        assert_eq!(world.balance(&wallet).await, settled.balance);
    }
    reserve(&world, &reserve_of(&wallet, "overdrawn", "5")).await;
    let overdrawn = release(&world, &release_of(&wallet, "overdrawn", "7")).await;
    assert_eq!(overdrawn.balance.available, credits("-2"), "a release never fails for credits");
    let story = world.story(&wallet).await;
    assert_eq!(
        story[1..],
        [
            "2030-01-01 RESERVED main -30 = 70",
            "2030-01-01 RESERVATION_RELEASED main 10 = 80",
            "2030-01-01 RESERVED main -30 = 50",
            "2030-01-01 RESERVATION_RELEASED main 0 = 50",
            "2030-01-01 RESERVED main -30 = 20",
            "2030-01-01 RESERVATION_RELEASED main -15 = 5",
            "2030-01-01 RESERVED main -5 = 0",
            "2030-01-01 RESERVATION_RELEASED main 5 = 5",
            "2030-01-01 RESERVED main -5 = 0",
            "2030-01-01 RESERVATION_RELEASED main -2 = -2",
        ]
    );
}

/// A second release, of whatever amount, gets the first answer with the balance as it is now.
pub async fn happens_once(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    world.grant(&wallet, "main", "100").await;
    reserve(&world, &reserve_of(&wallet, "job", "30")).await;
    let first = release(&world, &release_of(&wallet, "job", "45")).await;
    world.move_clock("2030-01-02").await;
    world.consume(&wallet, "k", "5").await;
    for consumed in ["45", "20", "0", "1000"] {
        let again = release(&world, &release_of(&wallet, "job", consumed)).await;
        assert_eq!((again.amount, again.consumed), (first.amount, first.consumed), "{consumed}");
        assert_eq!(again.expires_at, first.expires_at);
        assert_eq!(again.balance, world.balance(&wallet).await);
        assert_eq!(again.balance.available, credits("50"));
    }
    assert_eq!(world.story(&wallet).await.len(), 4);
}

/// A hold that ended by itself returned everything; its release is then a normal consumption, once.
pub async fn is_late_when_the_hold_has_ended(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    world.grant(&wallet, "first", "10").await;
    world.grant(&wallet, "second", "100").await;
    for name in ["job", "nothing"] {
        reserve(&world, &reserve_of(&wallet, name, "15")).await;
    }
    world.move_clock("2030-01-02").await;
    world.consume(&wallet, "k", "10").await;
    for (name, consumed, available) in [("job", "20", "80"), ("nothing", "0", "80")] {
        for asked in [consumed, "1"] {
            let settled = release(&world, &release_of(&wallet, name, asked)).await;
            assert_eq!((settled.amount, settled.consumed), (credits("15"), credits(consumed)));
            assert_eq!(settled.expires_at, start().later(HOUR));
            assert_eq!(settled.balance.available, credits(available));
        }
    }
    let story = world.story(&wallet).await;
    assert_eq!(
        story[4..],
        [
            "2030-01-01T01:00:00 RESERVATION_EXPIRED first 15 = 95",
            "2030-01-01T01:00:00 RESERVATION_EXPIRED second 15 = 110",
            "2030-01-02 CONSUMED first -10 = 100",
            // It stands on the first grant that backed the hold, whichever paid.
            "2030-01-02 RESERVATION_RELEASED first -20 = 80",
            "2030-01-02 RESERVATION_RELEASED second 0 = 80",
        ]
    );
}

/// The hold has ended though no row says so yet: the answers are the same, and the release writes
/// both rows. At its very instant a hold has ended, a millisecond before it has not.
pub async fn finds_holds_that_ended_unwritten(make: &Factory<'_>) {
    let Some((world, wallet)) = in_real_time(make).await else { return };
    let end = world.ledger.now(PRODUCTION).later(HOUR);
    world.grant(&wallet, "main", "100").await;
    for name in ["open", "asked", "late"] {
        reserve(&world, &reserve_until(&wallet, name, "30", end)).await;
    }
    world.pass(HOUR - 1);
    let settled = release(&world, &release_of(&wallet, "open", "40")).await;
    assert_eq!(settled.balance.available, credits("0"));
    world.pass(1);
    let again = reserve(&world, &reserve_until(&wallet, "asked", "30", end)).await;
    assert!(!again.is_open);
    assert_eq!(again.balance.available, credits("60"));
    assert_eq!(again.balance, world.balance(&wallet).await);
    world.pass(1);
    let settled = release(&world, &release_of(&wallet, "late", "10")).await;
    assert_eq!((settled.amount, settled.consumed), (credits("30"), credits("10")));
    assert_eq!(settled.balance.available, credits("50"));
    let again = release(&world, &release_of(&wallet, "late", "30")).await;
    assert_eq!((again.amount, again.consumed), (credits("30"), credits("10")));
    let effects: Vec<_> = world.story(&wallet).await[4..].iter().map(effect).collect();
    assert_eq!(
        effects,
        [
            "RESERVATION_RELEASED main -10 = 0",
            "RESERVATION_EXPIRED main 30 = 30",
            "RESERVATION_EXPIRED main 30 = 60",
            "RESERVATION_RELEASED main -10 = 50",
        ]
    );
}

/// Whatever writes them, timeouts carry the instants at which the holds ended, after what else that
/// instant brought (decision 58).
pub async fn brings_timeouts_at_their_exact_instants(make: &Factory<'_>) {
    let Some((world, wallet)) = in_real_time(make).await else { return };
    let begin = world.ledger.now(PRODUCTION);
    let end = begin.later(HOUR);
    world.grant_as(&wallet, "short", "10", |grant| grant.expire_at = Some(end)).await;
    world.grant(&wallet, "main", "100").await;
    for (name, end) in [("b", end.later(1)), ("a", end), ("c", end)] {
        reserve(&world, &reserve_until(&wallet, name, "10", end)).await;
    }
    world.pass(3 * HOUR);
    assert_eq!(world.available(&wallet).await, "100");
    let mut query = super::rows_of("ann");
    query.environment = PRODUCTION;
    let page = world.rows(query).await;
    let mut rows: Vec<_> =
        page.items.iter().map(|(_, view)| (view.row.recorded_at, view)).collect();
    rows.reverse();
    let told: Vec<_> =
        rows[5..].iter().map(|(at, view)| (at.since(begin), effect(world.tell(view)))).collect();
    let expected = [
        // What is held of it can still be charged by the release.
        (HOUR, "EXPIRED short 0 = 80"),
        (HOUR, "RESERVATION_EXPIRED main 10 = 90"),
        (HOUR, "RESERVATION_EXPIRED main 10 = 100"),
        (HOUR + 1, "RESERVATION_EXPIRED short 10 = 110"),
        (HOUR + 1, "EXPIRED short -10 = 100"),
    ];
    assert_eq!(told, expected.map(|(at, text)| (at, text.to_owned())));
}

/// What is held on a grant that expired or was voided is still charged; what is left of it is gone.
pub async fn charges_grants_that_ended(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    let soon = Some(start().later(HOUR / 2));
    world.grant_as(&wallet, "expiring", "30", |grant| grant.expire_at = soon).await;
    reserve(&world, &reserve_of(&wallet, "on expiring", "30")).await;
    let voided = world.grant(&wallet, "voided", "30").await;
    reserve(&world, &reserve_of(&wallet, "on voided", "30")).await;
    world.grant(&wallet, "main", "5").await;
    world.done(Work::VoidGrant(voided.grant.name.id)).await;
    world.move_clock("2030-01-01T00:45:00Z").await;
    let balance = world.balance(&wallet).await;
    assert_eq!((balance.available, balance.reserved), (credits("5"), credits("0")));
    assert_eq!(balance.reserved_on_dead, credits("60"));
    for (name, left) in [("on expiring", "30"), ("on voided", "0")] {
        assert!(reserve(&world, &reserve_of(&wallet, name, "30")).await.is_open);
        let settled = release(&world, &release_of(&wallet, name, "20")).await;
        assert_eq!(settled.balance.available, credits("5"));
        assert_eq!(settled.balance.reserved_on_dead, credits(left));
    }
    let story = world.story(&wallet).await;
    assert_eq!(
        story[5..],
        [
            "2030-01-01 VOIDED voided 0 = 5",
            "2030-01-01T00:30:00 EXPIRED expiring 0 = 5",
            "2030-01-01T00:45:00 RESERVATION_RELEASED expiring 10 = 15",
            "2030-01-01T00:45:00 EXPIRED expiring -10 = 5",
            "2030-01-01T00:45:00 RESERVATION_RELEASED voided 10 = 15",
            "2030-01-01T00:45:00 VOIDED voided -10 = 5",
        ]
    );
}

/// The work was done: an archived customer's holds are settled, in time and late (decision 48).
pub async fn goes_on_for_archived_customers(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    world.grant(&wallet, "main", "100").await;
    for name in ["job", "late"] {
        reserve(&world, &reserve_of(&wallet, name, "30")).await;
    }
    world.done(Work::ArchiveRecord(RecordKind::Customer, "ann".to_owned())).await;
    let settled = release(&world, &release_of(&wallet, "job", "20")).await;
    assert_eq!(settled.balance.available, credits("50"));
    world.move_clock("2030-01-02").await;
    for _ in 0..2 {
        let late = release(&world, &release_of(&wallet, "late", "10")).await;
        assert_eq!(late.balance.available, credits("70"));
    }
}

/// Customer, currency, reservation: whichever does not exist first.
pub async fn is_refused_for_what_was_never_reserved(make: &Factory<'_>) {
    let world = World::new(make).await;
    let unknown = Refusal::not_found(Entity::Reservation, "job");
    let elsewhere = wallet("ann/gold/r1");
    world.grant(&elsewhere, "main", "10").await;
    reserve(&world, &reserve_of(&elsewhere, "job", "1")).await;
    world.consume(&wallet("bob/gold"), "job", "1").await;
    for (name, expected) in [
        ("cleo/lead", Refusal::not_found(Entity::Customer, "cleo")),
        ("ann/lead", Refusal::not_found(Entity::CustomCurrency, "lead")),
        ("ann/gold", unknown.clone()),
        ("bob/gold", unknown),
    ] {
        let release = Work::Release(Box::new(release_of(&wallet(name), "job", "1")));
        assert_eq!(world.refused(release).await, expected, "{name}");
    }
    assert_eq!(world.ledger.balance(&wallet("ann/gold")).await.unwrap(), None);
}

/// What a release or a timeout gives back settles the deficit first (decision 11).
pub async fn settles_a_deficit(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    world.grant(&wallet, "main", "100").await;
    reserve(&world, &reserve_of(&wallet, "job", "60")).await;
    reserve(&world, &reserve_of(&wallet, "ends", "40")).await;
    world.consume(&wallet, "k", "50").await;
    let settled = release(&world, &release_of(&wallet, "job", "30")).await;
    assert_eq!(settled.balance.available, credits("-20"));
    world.move_clock("2030-01-02").await;
    assert_eq!(world.available(&wallet).await, "20");
    let story = world.story(&wallet).await;
    assert_eq!(
        story[4..],
        [
            "2030-01-01 RESERVATION_RELEASED main 30 = -20",
            "2030-01-01 CONSUMPTION_TRANSFER_SOURCE overdraft 30 = 10",
            "2030-01-01 CONSUMPTION_TRANSFER_TARGET main -30 = -20",
            "2030-01-01T01:00:00 RESERVATION_EXPIRED main 40 = 20",
            "2030-01-01T01:00:00 CONSUMPTION_TRANSFER_SOURCE overdraft 20 = 40",
            "2030-01-01T01:00:00 CONSUMPTION_TRANSFER_TARGET main -20 = 20",
            "2030-01-01T01:00:00 VOIDED overdraft 0 = 20",
        ]
    );
}

/// Reservations and releases under an `Idempotency-Key` are answered from memory.
pub async fn is_remembered_like_any_order(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    world.grant(&wallet, "main", "100").await;
    for (scope, work) in [
        (1, Work::Reserve(Box::new(reserve_of(&wallet, "job", "30")))),
        (2, Work::Release(Box::new(release_of(&wallet, "job", "20")))),
        (3, Work::Reserve(Box::new(reserve_of(&wallet, "denied", "500")))),
    ] {
        let render: Render = Arc::new(|outcome| {
            let (status, body) = if outcome.is_ok() { (200, vec![1]) } else { (402, vec![2]) };
            Some(StoredAnswer { status, body })
        });
        let by = RememberBy::Claim(Claim { scope: [scope; 32], body: [0; 32] });
        let order = || Order {
            environment: SANDBOX,
            origin: world.origin(),
            work: work.clone(),
            remember: Some(Remember { by, render: Arc::clone(&render) }),
        };
        let first = world.ledger.execute(order()).await;
        assert_eq!(matches!(first, Ok(Executed::Fresh(_))), scope < 3);
        assert_eq!(matches!(first, Err(LedgerError::Refused(_))), scope == 3);
        match world.ledger.execute(order()).await.unwrap() {
            Executed::Replayed(answer) => {
                assert_eq!(answer.status, if scope < 3 { 200 } else { 402 });
            }
            Executed::Fresh(answer) => panic!("carried out twice: {answer:?}"),
        }
    }
    assert_eq!(world.available(&wallet).await, "80");
}

/// Settles a reservation.
pub(super) async fn release(world: &World, item: &WalletRelease) -> Released {
    let work = Work::Release(Box::new(item.clone()));
    match world.execute(item.wallet.environment, work).await.unwrap() {
        Answer::Released(released) => released,
        other => panic!("nothing released: {other:?}"),
    }
}

/// A row's line without its instant.
fn effect(line: impl AsRef<str>) -> String {
    line.as_ref().split_once(' ').map_or("", |(_, effect)| effect).to_owned()
}

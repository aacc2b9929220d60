//! Reservations that are extended, read and listed (spec section 7, decisions 69, 74, 77).

use std::collections::BTreeMap;

use scrip_core::{CustomerId, Entity, HoldEnd, Refusal, ReservationId, WalletKey};

use super::holds::{HOUR, reserve, reserve_until};
use super::paging;
use super::settlement::release;
use super::time::in_real_time;
use super::world::{credits, everything, start, wallet};
use super::{Factory, SANDBOX, World, extend_of, release_of, reserve_of};
use crate::{
    Answer, PageRequest, RecordKind, ReservationQuery, ReservationView, Reserved, WalletExtend,
    Work,
};

/// Later or sooner than it would have ended, which a repeat and a late release are told too.
pub async fn end_when_it_was_said_last(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    world.grant(&wallet, "main", "100").await;
    let first = reserve_of(&wallet, "job", "30");
    reserve(&world, &first).await;
    reserve(&world, &reserve_of(&wallet, "short", "5")).await;
    let ends = HoldEnd::After { milliseconds: 1_000 };
    let shorter = extend(&world, &extend_of(&wallet, "short", ends)).await;
    assert_eq!(shorter.expires_at, start().later(1_000));
    for hours in [5, 3] {
        let at = start().later(hours * HOUR);
        let longer = extend(&world, &extend_of(&wallet, "job", at)).await;
        assert_eq!((longer.amount, longer.expires_at), (credits("30"), at));
        assert_eq!(longer.balance, world.balance(&wallet).await);
        assert_eq!(reserve(&world, &first).await.expires_at, at, "a repeat is told");
    }
    world.move_clock("2030-01-01T02:59:59.999Z").await;
    assert!(reserve(&world, &first).await.is_open);
    world.move_clock("2030-01-01T04:00:00Z").await;
    let late = release(&world, &release_of(&wallet, "job", "10")).await;
    assert_eq!((late.expires_at, late.balance.available), (start().later(3 * HOUR), credits("90")));
    let again = reserve(&world, &first).await;
    assert_eq!((again.expires_at, again.is_open), (start().later(3 * HOUR), false));
    let story = world.story(&wallet).await;
    assert_eq!(
        story[1..],
        [
            "2030-01-01 RESERVED main -30 = 70",
            "2030-01-01 RESERVED main -5 = 65",
            "2030-01-01T00:00:01 RESERVATION_EXPIRED main 5 = 70",
            "2030-01-01T03:00:00 RESERVATION_EXPIRED main 30 = 100",
            "2030-01-01T04:00:00 RESERVATION_RELEASED main -10 = 90",
        ],
        "an extension is no row of the API"
    );
}

/// What was settled or has ended stays so; an archived customer is not in the way.
pub async fn are_extended_only_while_open(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet_ = wallet("ann/gold");
    world.grant(&wallet_, "main", "100").await;
    for name in ["settled", "ended", "open"] {
        reserve(&world, &reserve_of(&wallet_, name, "10")).await;
    }
    extend(&world, &extend_of(&wallet_, "open", start().later(24 * HOUR))).await;
    release(&world, &release_of(&wallet_, "settled", "0")).await;
    world.move_clock("2030-01-01T02:00:00Z").await;
    world.done(Work::ArchiveRecord(RecordKind::Customer, "ann".to_owned())).await;
    for name in ["settled", "ended"] {
        let item = extend_of(&wallet_, name, start().later(3 * HOUR));
        let ended = Refusal::HoldEnded { reservation: name.to_owned() };
        assert_eq!(refused(&world, &item).await, ended);
        // Decision 55: an instant that is out of range is told first.
        let item = extend_of(&wallet_, name, start().later(2 * HOUR));
        assert_eq!(refused(&world, &item).await, Refusal::HoldExpiryOutOfRange);
    }
    let unknown = Refusal::not_found(Entity::Reservation, "other");
    for item in [
        extend_of(&wallet_, "other", start().later(3 * HOUR)),
        extend_of(&wallet("ann/silver"), "other", start().later(3 * HOUR)),
    ] {
        assert_eq!(refused(&world, &item).await, unknown);
    }
    for at in [start().later(2 * HOUR), start().later(26 * HOUR + 1)] {
        let item = extend_of(&wallet_, "open", at);
        assert_eq!(refused(&world, &item).await, Refusal::HoldExpiryOutOfRange);
    }
    let at = start().later(26 * HOUR);
    assert_eq!(extend(&world, &extend_of(&wallet_, "open", at)).await.expires_at, at);
    let nobody = extend_of(&wallet("cleo/gold"), "open", at);
    assert_eq!(refused(&world, &nobody).await, Refusal::not_found(Entity::Customer, "cleo"));
}

/// With what was written when it was made, and what it came to.
pub async fn are_read_open_and_closed(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet_ = wallet("ann/gold");
    world.grant(&wallet_, "main", "100").await;
    let metadata = BTreeMap::from([("job".to_owned(), "render".to_owned())]);
    let mut item = reserve_of(&wallet_, "job", "30");
    item.reserve.metadata = metadata.clone();
    assert_eq!(read(&world, &wallet_, "job").await, None);
    reserve(&world, &item).await;
    let open = ReservationView {
        wallet: wallet_.clone(),
        id: ReservationId::parse("job").unwrap(),
        amount: credits("30"),
        consumed: credits("0"),
        created_at: start(),
        expires_at: start().later(HOUR),
        is_open: true,
        metadata,
    };
    assert_eq!(read(&world, &wallet_, "job").await, Some(open.clone()));
    extend(&world, &extend_of(&wallet_, "job", start().later(2 * HOUR))).await;
    let extended = ReservationView { expires_at: start().later(2 * HOUR), ..open };
    assert_eq!(read(&world, &wallet_, "job").await, Some(extended.clone()));
    release(&world, &release_of(&wallet_, "job", "45")).await;
    let closed = ReservationView { consumed: credits("45"), is_open: false, ..extended };
    assert_eq!(read(&world, &wallet_, "job").await, Some(closed));
    for other in ["ann/silver", "ann/gold/r1", "bob/gold"] {
        assert_eq!(read(&world, &wallet(other), "job").await, None, "{other}");
    }
}

/// A hold that has ended and was not written yet is closed to whoever asks.
pub async fn are_read_as_of_now_without_writing(make: &Factory<'_>) {
    let Some((world, key)) = in_real_time(make).await else { return };
    world.grant(&key, "main", "100").await;
    let now = world.ledger.now(key.environment);
    reserve(&world, &reserve_until(&key, "job", "30", now.later(1_000))).await;
    world.pass(1_000);
    let seen = read(&world, &key, "job").await.unwrap();
    assert_eq!((seen.is_open, seen.consumed), (false, credits("0")));
    let mut query = of("ann");
    query.environment = key.environment;
    assert_eq!(names(&world, query).await, [""; 0]);
}

/// The open ones only, newest first, over all wallets of the customer.
pub async fn page_both_ways(make: &Factory<'_>) {
    let world = World::new(make).await;
    check(&world, "ann", &[]).await;
    let names = ["ann/gold", "ann/gold/r1", "ann/silver"];
    for name in names {
        world.grant(&wallet(name), "main", "1000").await;
    }
    let mut expected = Vec::new();
    for (n, at) in (0..4).zip(["00:00:01Z", "00:00:02Z", "00:00:03Z", "00:00:04Z"]) {
        world.move_clock(&format!("2030-01-01T{at}")).await;
        let mut at_once = Vec::new();
        for name in names {
            for which in ["a", "b", "gone"] {
                let id = format!("{name} {n} {which}");
                let now = world.ledger.now(SANDBOX).later(HOUR);
                reserve(&world, &reserve_until(&wallet(name), &id, "1", now)).await;
                world.consume(&wallet(name), &id, "1").await;
            }
            release(&world, &release_of(&wallet(name), &format!("{name} {n} gone"), "1")).await;
            // Within a wallet the newest first; wallets at one instant ascending.
            at_once.extend(["b", "a"].map(|which| format!("{name} {n} {which}")));
        }
        expected.splice(0..0, at_once);
    }
    // An extension moves nothing.
    extend(&world, &extend_of(&wallet("ann/gold"), "ann/gold 1 a", start().later(3 * HOUR))).await;
    check(&world, "ann", &expected).await;
    // A cursor stays good when its hold has ended.
    let query = |page| ReservationQuery { page, ..of("ann") };
    let request = PageRequest { limit: 5, ..everything() };
    let page = world.ledger.reservations(query(request)).await.unwrap();
    let next = page.older_cursor().unwrap();
    let (_, last) = page.items.last().unwrap();
    release(&world, &release_of(&last.wallet, last.id.as_str(), "0")).await;
    let after = PageRequest { start: crate::Start::After(next), limit: 100 };
    let page = world.ledger.reservations(query(after)).await.unwrap();
    let seen: Vec<_> = page.items.iter().map(|(_, view)| view.id.to_string()).collect();
    assert_eq!(seen, expected[5..]);
}

/// Without a resource: the wallets of all scopes.
pub async fn filter_by_currency_and_resource(make: &Factory<'_>) {
    let world = World::new(make).await;
    for name in ["ann/gold", "ann/gold/r1", "ann/silver", "bob/gold"] {
        world.grant(&wallet(name), "main", "10").await;
        reserve(&world, &reserve_of(&wallet(name), name, "1")).await;
    }
    let key = wallet("ann/gold/r1");
    let (resource, currency) = (key.resource, Some(key.currency));
    let all = ["ann/gold", "ann/gold/r1", "ann/silver"];
    assert_eq!(names(&world, of("ann")).await, all);
    let query = ReservationQuery { currency: currency.clone(), ..of("ann") };
    assert_eq!(names(&world, query).await, all[..2]);
    let query = ReservationQuery { resource, currency, ..of("ann") };
    assert_eq!(names(&world, query).await, all[1..2]);
    assert_eq!(names(&world, of("cleo")).await, [""; 0]);
}

async fn check(world: &World, customer: &str, expected: &[String]) {
    let fetch = async |page| {
        world.ledger.reservations(ReservationQuery { page, ..of(customer) }).await.unwrap()
    };
    paging::check(expected, &[1, 3, 5, 100], fetch, |view| view.id.to_string()).await;
}

fn of(customer: &str) -> ReservationQuery {
    ReservationQuery {
        environment: SANDBOX,
        customer: CustomerId::parse(customer).unwrap(),
        resource: None,
        currency: None,
        page: everything(),
    }
}

async fn names(world: &World, query: ReservationQuery) -> Vec<String> {
    let page = world.ledger.reservations(query).await.unwrap();
    page.items.iter().map(|(_, view)| view.id.to_string()).collect()
}

async fn read(world: &World, wallet: &WalletKey, name: &str) -> Option<ReservationView> {
    let id = ReservationId::parse(name).unwrap();
    world.ledger.reservation(wallet, &id).await.unwrap()
}

async fn extend(world: &World, item: &WalletExtend) -> Reserved {
    let work = Work::Extend(Box::new(item.clone()));
    match world.execute(item.wallet.environment, work).await.unwrap() {
        Answer::Reserved(reserved) => reserved,
        other => panic!("nothing extended: {other:?}"),
    }
}

async fn refused(world: &World, item: &WalletExtend) -> Refusal {
    world.refused(Work::Extend(Box::new(item.clone()))).await
}

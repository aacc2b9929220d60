//! Consumptions that are given back.

use scrip_core::{
    Entity, IdempotencyKey, RefundRequest, Refusal, ReservationId, Undone, WalletKey,
};

use super::holds::{release_of, reserve_of};
use super::world::{Factory, World, credits, instant, item, wallet};
use crate::{Answer, RecordKind, Refunded, WalletRefund, Work};

/// The last leg comes first, and the consumption can be repeated all the time.
pub async fn give_back_the_last_leg_first(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    let first = world.grant(&wallet, "A", "10").await;
    let second = world.grant(&wallet, "B", "100").await;
    world.consume(&wallet, "job", "30").await;
    let refunded = world.refund(&wallet, "r1", "job", Some("15")).await;
    assert_eq!((refunded.amount, refunded.refunded), (credits("15"), credits("15")));
    assert_eq!(refunded.balance.available, credits("95"));
    for (id, consumed) in [(first.grant.name.id, "10"), (second.grant.name.id, "5")] {
        assert_eq!(world.grant_now(id).await.grant.consumed, credits(consumed));
    }
    // The consumption's key still finds it, and its other content conflicts.
    let again = world.consume(&wallet, "job", "30").await;
    assert_eq!((again.amount, again.balance.available), (credits("30"), credits("95")));
    let other = Work::Consume(Box::new(item(&wallet, "job", "31")));
    assert!(matches!(world.refused(other).await, Refusal::KeyReused { .. }));
    let rest = world.refund(&wallet, "r2", "job", None).await;
    assert_eq!((rest.amount, rest.refunded), (credits("15"), credits("30")));
    assert_eq!(world.available(&wallet).await, "110");
    assert_eq!(world.consume(&wallet, "job", "30").await.balance.available, credits("110"));
    assert_eq!(
        world.refused(refund_of(&wallet, "r3", "job", None)).await,
        Refusal::NothingToRefund
    );
}

/// A repeat changes nothing; another request under the same key conflicts.
pub async fn happen_once_for_each_key(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    world.grant(&wallet, "A", "10").await;
    world.consume(&wallet, "job", "8").await;
    let first = world.refund(&wallet, "r", "job", Some("3")).await;
    world.refund(&wallet, "r2", "job", Some("1")).await;
    let again = world.refund(&wallet, "r", "job", Some("3")).await;
    let told = |it: &Refunded| (it.amount, it.refunded, it.at);
    assert_eq!(told(&again), told(&first));
    assert_eq!(again.balance.available, credits("6"));
    for work in [refund_of(&wallet, "r", "job", Some("4")), refund_of(&wallet, "r", "job", None)] {
        assert!(matches!(world.refused(work).await, Refusal::KeyReused { .. }));
    }
    let exceeds = refund_of(&wallet, "r3", "job", Some("5"));
    let left = credits("4");
    assert_eq!(world.refused(exceeds).await, Refusal::RefundExceeds { left });
    // Names of refunds and of consumptions never meet.
    world.consume(&wallet, "r", "1").await;
    world.refund(&wallet, "job", "r", None).await;
    assert_eq!(world.available(&wallet).await, "6");
}

/// Decision 71: what is undone must exist before the refund's own key matters.
pub async fn are_refused_in_order_of_precedence(make: &Factory<'_>) {
    let world = World::new(make).await;
    let ann = wallet("ann/gold");
    let unknown = |work| async { world.refused(work).await };
    assert!(matches!(
        unknown(refund_of(&wallet("nobody/gold"), "r", "job", None)).await,
        Refusal::NotFound { entity: Entity::Customer, .. }
    ));
    assert!(matches!(
        unknown(refund_of(&wallet("ann/lead"), "r", "job", None)).await,
        Refusal::NotFound { entity: Entity::CustomCurrency, .. }
    ));
    assert!(matches!(
        unknown(refund_of(&ann, "r", "job", None)).await,
        Refusal::NotFound { entity: Entity::Consumption, .. }
    ));
    world.consume(&ann, "job", "5").await;
    world.refund(&ann, "r", "job", Some("1")).await;
    assert!(matches!(
        unknown(refund_of(&ann, "r", "other", None)).await,
        Refusal::NotFound { entity: Entity::Consumption, .. }
    ));
    assert!(matches!(
        unknown(refund_of(&wallet("bob/gold"), "r", "job", None)).await,
        Refusal::NotFound { entity: Entity::Consumption, .. }
    ));
    world.done(Work::ArchiveRecord(RecordKind::Customer, "ann".to_owned())).await;
    world.refund(&ann, "r2", "job", None).await;
    assert_eq!(world.available(&ann).await, "0");
}

/// On a grant that ended, net nothing; on a used-up one that left its wallet, everything.
pub async fn go_to_grants_that_left(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    let ends = |new: &mut scrip_core::NewGrant| new.expire_at = Some(instant("2030-02-01"));
    let spent = world.grant(&wallet, "spent", "10").await;
    world.consume(&wallet, "a", "10").await;
    let dead = world.grant_as(&wallet, "dead", "10", ends).await;
    world.consume(&wallet, "b", "6").await;
    world.move_clock("2030-02-02").await;
    world.refund(&wallet, "r1", "b", Some("4")).await;
    assert_eq!(world.available(&wallet).await, "0");
    world.refund(&wallet, "r2", "a", Some("4")).await;
    assert_eq!(world.available(&wallet).await, "4");
    let dead = world.grant_now(dead.grant.name.id).await.grant;
    assert_eq!((dead.consumed, dead.lost, dead.is_dead()), (credits("2"), credits("8"), true));
    assert_eq!(world.grant_now(spent.grant.name.id).await.grant.consumed, credits("6"));
    assert_eq!(
        world.story(&wallet).await[4..],
        [
            "2030-02-01 EXPIRED dead -4 = 0",
            "2030-02-02 CONSUMED dead 4 = 4",
            "2030-02-02 EXPIRED dead -4 = 0",
            "2030-02-02 CONSUMED spent 4 = 4",
        ]
    );
}

/// First to the debt while it stands, then to the grants that took it over, the newest first.
pub async fn of_what_was_overdrawn_follow_the_debt(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    world.consume(&wallet, "job", "100").await;
    world.refund(&wallet, "r1", "job", Some("10")).await;
    assert_eq!(world.available(&wallet).await, "-90");
    let mut takers = Vec::new();
    for (name, amount) in [("A", "20"), ("B", "30"), ("C", "50")] {
        takers.push(world.grant(&wallet, name, amount).await.grant.name.id);
    }
    assert_eq!(world.available(&wallet).await, "10");
    // C took over 40, B 30, A 20.
    world.refund(&wallet, "r2", "job", Some("45")).await;
    world.refund(&wallet, "r3", "job", Some("15")).await;
    let mut consumed = Vec::new();
    for id in takers {
        consumed.push(world.grant_now(id).await.grant.consumed.to_string());
    }
    assert_eq!(consumed, ["20", "10", "0"]);
    let rest = world.refund(&wallet, "r4", "job", None).await;
    assert_eq!((rest.amount, rest.refunded), (credits("30"), credits("100")));
    assert_eq!(world.available(&wallet).await, "100");
}

/// What a release consumed is undone by the reservation; one that consumed nothing is not.
pub async fn of_releases_go_by_the_reservation(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    world.grant(&wallet, "A", "100").await;
    let by = |key: &str, amount: Option<&str>| {
        let of = Undone::Reservation(ReservationId::parse("job").unwrap());
        refund_as(&wallet, key, of, amount)
    };
    assert!(matches!(
        world.refused(by("r", None)).await,
        Refusal::NotFound { entity: Entity::Reservation, .. }
    ));
    world.done(Work::Reserve(Box::new(reserve_of(&wallet, "job", "30")))).await;
    assert_eq!(world.refused(by("r", None)).await, Refusal::NothingToRefund);
    world.done(Work::Release(Box::new(release_of(&wallet, "job", "40")))).await;
    world.done(by("r", Some("15"))).await;
    assert_eq!(world.available(&wallet).await, "75");
    // The reservation is still known by its name.
    let Answer::Released(again) =
        world.done(Work::Release(Box::new(release_of(&wallet, "job", "1")))).await
    else {
        panic!("no release");
    };
    assert_eq!((again.amount, again.consumed), (credits("30"), credits("40")));
    world.done(by("r2", None)).await;
    assert_eq!(world.available(&wallet).await, "100");
}

/// A refund of a consumption.
#[must_use]
pub fn refund_of(wallet: &WalletKey, key: &str, consumption: &str, amount: Option<&str>) -> Work {
    let of = Undone::Consumption(IdempotencyKey::parse(consumption).unwrap());
    refund_as(wallet, key, of, amount)
}

fn refund_as(wallet: &WalletKey, key: &str, of: Undone, amount: Option<&str>) -> Work {
    let key = IdempotencyKey::parse(key).unwrap();
    let request = RefundRequest { key, of, amount: amount.map(credits) };
    Work::Refund(Box::new(WalletRefund { wallet: wallet.clone(), request }))
}

impl World {
    async fn refund(
        &self,
        wallet: &WalletKey,
        key: &str,
        consumption: &str,
        amount: Option<&str>,
    ) -> Refunded {
        match self.done(refund_of(wallet, key, consumption, amount)).await {
            Answer::Refunded(refunded) => refunded,
            other => panic!("nothing refunded: {other:?}"),
        }
    }
}

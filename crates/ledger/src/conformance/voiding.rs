//! Taking grants back (spec 2.6, decisions 16 and 59).

use scrip_core::{Entity, GrantStatus, Refusal};

use super::granting::made;
use super::world::{credits, instant, wallet};
use super::{Factory, World};
use crate::{GrantView, RecordKind, Work};

/// The remainder goes, what is consumed stays consumed.
pub async fn takes_back_what_is_left(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    let main = world.grant(&wallet, "main", "10").await;
    world.consume(&wallet, "k", "4").await;
    world.move_clock("2030-01-02").await;
    let voided = made(world.done(void(&main)).await);
    assert_eq!(voided.grant.status(), GrantStatus::Voided);
    assert_eq!((voided.grant.consumed, voided.grant.lost), (credits("4"), credits("6")));
    assert_eq!(voided.grant.updated_at, instant("2030-01-02"));
    assert_eq!(world.grant_now(main.grant.name.id).await, voided);
    assert_eq!(world.available(&wallet).await, "0");
    let story = world.story(&wallet).await;
    assert_eq!(story[2..], ["2030-01-02 VOIDED main -6 = 0"]);
    assert_eq!(world.refused(void(&main)).await, Refusal::GrantAlreadyVoided);
}

/// A scheduled or used-up grant goes with a row of amount 0 (decision 59).
pub async fn takes_back_what_never_counted(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    let later = world
        .grant_as(&wallet, "later", "10", |grant| {
            grant.effective_at = Some(instant("2030-01-05"));
        })
        .await;
    let used_up = world.grant(&wallet, "used up", "3").await;
    world.consume(&wallet, "k", "3").await;
    for grant in [&later, &used_up] {
        let voided = made(world.done(void(grant)).await);
        assert_eq!(voided.grant.status(), GrantStatus::Voided);
    }
    world.move_clock("2030-01-06").await;
    let story = world.story(&wallet).await;
    assert_eq!(story[2..], ["2030-01-01 VOIDED later 0 = 0", "2030-01-01 VOIDED used up 0 = 0"]);
}

/// A spent grant goes like one that still has credits, and once.
pub async fn takes_back_what_is_spent(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    let spent = world.grant(&wallet, "spent", "3").await;
    world.grant(&wallet, "main", "10").await;
    world.consume(&wallet, "k", "3").await;
    world.move_clock("2030-01-02").await;
    let before = world.balance(&wallet).await;
    assert_eq!((before.granted, before.used), (credits("13"), credits("3")));
    let voided = made(world.done(void(&spent)).await);
    assert_eq!(voided.grant.status(), GrantStatus::Voided);
    assert_eq!((voided.grant.consumed, voided.grant.lost), (credits("3"), credits("0")));
    assert_eq!(voided.grant.updated_at, instant("2030-01-02"));
    assert_eq!(world.grant_now(spent.grant.name.id).await, voided);
    let after = world.balance(&wallet).await;
    assert_eq!((after.granted, after.used), (credits("10"), credits("0")));
    for _ in 0..2 {
        assert_eq!(world.refused(void(&spent)).await, Refusal::GrantAlreadyVoided);
    }
    let story = world.story(&wallet).await;
    assert_eq!(story[3..], ["2030-01-02 VOIDED spent 0 = 10"]);
}

/// What the same order lets expire or spend is taken back, or not, by what it is then.
pub async fn knows_what_time_brought_first(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    world.consume(&wallet, "k", "5").await;
    let from = |grant: &mut scrip_core::NewGrant| grant.effective_at = Some(instant("2030-01-02"));
    let later = world.grant_as(&wallet, "later", "5", from).await;
    world.move_clock("2030-01-03").await;
    let voided = made(world.done(void(&later)).await);
    assert_eq!((voided.grant.consumed, voided.grant.lost), (credits("5"), credits("0")));
    assert_eq!(world.grant_now(later.grant.name.id).await, voided);
    let story = world.story(&wallet).await;
    let expected = [
        "2030-01-02 GRANTED later 5 = 0",
        "2030-01-02 CONSUMPTION_TRANSFER_SOURCE overdraft 5 = 5",
        "2030-01-02 CONSUMPTION_TRANSFER_TARGET later -5 = 0",
        "2030-01-02 VOIDED overdraft 0 = 0",
        "2030-01-03 VOIDED later 0 = 0",
    ];
    assert_eq!(story[1..], expected);
}

/// Expired grants and overdrafts cannot be voided, unknown ones are not found.
pub async fn is_refused_for_what_has_ended(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    let short = world
        .grant_as(&wallet, "short", "10", |grant| grant.expire_at = Some(instant("2030-01-02")))
        .await;
    world.move_clock("2030-01-02").await;
    let expired = Refusal::GrantCannotBeVoided { what: "expired" };
    assert_eq!(world.refused(void(&short)).await, expired);
    assert_eq!(world.grant_now(short.grant.name.id).await.grant.status(), GrantStatus::Expired);
    let unknown = world.mint(&wallet);
    let refusal = world.refused(Work::VoidGrant(unknown)).await;
    assert_eq!(refusal, Refusal::not_found(Entity::Grant, unknown));
}

/// What an archived customer was given can still be taken back (decision 48).
pub async fn goes_on_for_archived_customers(make: &Factory<'_>) {
    let world = World::new(make).await;
    let main = world.grant(&wallet("ann/gold"), "main", "10").await;
    world.done(Work::ArchiveRecord(RecordKind::Customer, "ann".to_owned())).await;
    let voided = made(world.done(void(&main)).await);
    assert_eq!(voided.grant.status(), GrantStatus::Voided);
    assert_eq!(world.story(&wallet("ann/gold")).await.len(), 2, "reads go on");
}

pub(super) fn void(grant: &GrantView) -> Work {
    Work::VoidGrant(grant.grant.name.id)
}

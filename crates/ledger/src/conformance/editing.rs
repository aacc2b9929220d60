//! Changing grants (decisions 27 and 60).

use std::collections::BTreeMap;

use scrip_core::{EditGrant, Entity, GrantChange, GrantId, Priority, Refusal};

use super::granting::made;
use super::voiding::void;
use super::world::{credits, instant, wallet};
use super::{Factory, World};
use crate::{RecordKind, Work};

/// What is given changes, what is not stays; later burns follow the new priority.
pub async fn changes_what_is_given(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    let first = world
        .grant_as(&wallet, "first", "10", |grant| {
            grant.words.comment = Some(Some("why".to_owned()));
            grant.expire_at = Some(instant("2030-03-01"));
        })
        .await;
    let second = world.grant(&wallet, "second", "10").await;
    world.move_clock("2030-01-02").await;
    let metadata = BTreeMap::from([("k".to_owned(), "v".to_owned())]);
    let change = GrantChange {
        display_name: Some("renamed".to_owned()),
        comment: Some(None),
        metadata: Some(metadata.clone()),
        priority: Priority::new(60),
        expire_at: Some(None),
    };
    let edited = made(world.done(edit(first.grant.name.id, change)).await);
    assert_eq!(edited.words.display_name.as_deref(), Some("renamed"));
    assert_eq!((edited.words.comment.clone(), edited.grant.priority.get()), (Some(None), 60));
    assert_eq!((edited.words.metadata.as_ref(), edited.grant.expire_at), (Some(&metadata), None));
    assert_eq!(edited.grant.updated_at, instant("2030-01-02"));
    assert_eq!(edited.grant.created_at, first.grant.created_at);
    assert_eq!(world.grant_now(first.grant.name.id).await, edited);
    world.consume(&wallet, "k", "10").await;
    assert_eq!(world.grant_now(second.grant.name.id).await.grant.consumed, credits("10"));
    let story = world.story(&wallet).await;
    assert_eq!(story[2], "2030-01-02 UPDATED first 0 = 20");

    let change =
        GrantChange { expire_at: Some(Some(instant("2030-01-03"))), ..GrantChange::default() };
    world.done(edit(second.grant.name.id, change)).await;
    let view = world.grant_now(second.grant.name.id).await;
    assert_eq!(view.words.display_name.as_deref(), Some("second"), "words stay");
    world.done(Work::ArchiveRecord(RecordKind::Customer, "ann".to_owned())).await;
    let change = GrantChange { comment: Some(Some("late".to_owned())), ..GrantChange::default() };
    let edited = made(world.done(edit(first.grant.name.id, change)).await);
    assert_eq!(edited.words.comment, Some(Some("late".to_owned())), "decision 74: it goes on");
}

/// A spent grant can be renamed, be given an end, and then expires with nothing.
pub async fn changes_what_is_spent(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    let spent = world.grant(&wallet, "spent", "3").await;
    let id = spent.grant.name.id;
    world.grant(&wallet, "main", "10").await;
    world.consume(&wallet, "k", "3").await;
    world.move_clock("2030-01-02").await;
    let same = made(world.done(edit(id, GrantChange::default())).await);
    assert_eq!(same.grant.updated_at, spent.grant.updated_at, "nothing changed");
    let renamed =
        GrantChange { display_name: Some("renamed".to_owned()), ..GrantChange::default() };
    let until = |at: Option<&str>| GrantChange {
        expire_at: Some(at.map(instant)),
        ..GrantChange::default()
    };
    for (change, expire_at) in [
        (renamed.clone(), None),
        (until(Some("2030-02-01")), Some(instant("2030-02-01"))),
        (renamed.clone(), Some(instant("2030-02-01"))),
        (until(None), None),
        (until(Some("2030-01-05")), Some(instant("2030-01-05"))),
    ] {
        let edited = made(world.done(edit(id, change)).await);
        assert_eq!(edited.words.display_name.as_deref(), Some("renamed"));
        assert_eq!((edited.grant.consumed, edited.grant.expire_at), (credits("3"), expire_at));
        assert_eq!(edited.grant.updated_at, instant("2030-01-02"));
        assert_eq!(world.grant_now(id).await, edited);
        let balance = world.balance(&wallet).await;
        assert_eq!((balance.granted, balance.used), (credits("13"), credits("3")));
        assert_eq!(balance.valid_until, expire_at);
    }
    let past = world.refused(edit(id, until(Some("2030-01-01")))).await;
    assert_eq!(past, Refusal::ExpireNotAfterEffective);
    world.move_clock("2030-01-05").await;
    assert_eq!(world.refused(edit(id, renamed)).await, Refusal::GrantExpired);
    let balance = world.balance(&wallet).await;
    assert_eq!((balance.granted, balance.used), (credits("10"), credits("0")));
    let story = world.story(&wallet).await;
    assert_eq!(story[3..8], vec!["2030-01-02 UPDATED spent 0 = 10"; 5]);
    assert_eq!(story[8..], ["2030-01-05 EXPIRED spent 0 = 10"]);
}

/// Voided, expired, overdraft, unknown: each has its refusal (decision 60).
pub async fn is_refused_for_what_has_ended(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    let voided = world.grant(&wallet, "voided", "10").await;
    world.done(void(&voided)).await;
    let expired = world
        .grant_as(&wallet, "expired", "10", |grant| grant.expire_at = Some(instant("2030-01-02")))
        .await;
    world.move_clock("2030-01-02").await;
    let renamed = GrantChange { display_name: Some("x".to_owned()), ..GrantChange::default() };
    let unknown = world.mint(&wallet);
    let refusals = [
        (voided.grant.name.id, Refusal::GrantAlreadyVoided),
        (expired.grant.name.id, Refusal::GrantExpired),
        (unknown, Refusal::not_found(Entity::Grant, unknown)),
    ];
    for (id, refusal) in refusals {
        assert_eq!(world.refused(edit(id, renamed.clone())).await, refusal);
    }
    let view = world.grant_now(expired.grant.name.id).await;
    assert_eq!(view.words.display_name.as_deref(), Some("expired"), "nothing changed");
}

/// Times come before the state of the grant (decision 71).
pub async fn checks_times_before_the_state(make: &Factory<'_>) {
    let world = World::new(make).await;
    let voided = world.grant(&wallet("ann/gold"), "voided", "10").await;
    world.done(void(&voided)).await;
    world.move_clock("2030-01-05").await;
    let until =
        |at: &str| GrantChange { expire_at: Some(Some(instant(at))), ..GrantChange::default() };
    let refusals = [
        ("2029-12-31", Refusal::ExpireNotAfterEffective),
        ("2030-01-04", Refusal::ExpireInPast),
        ("2030-01-06", Refusal::GrantAlreadyVoided),
    ];
    for (at, refusal) in refusals {
        assert_eq!(world.refused(edit(voided.grant.name.id, until(at))).await, refusal, "{at}");
    }
}

/// `{}` changes nothing and writes nothing.
pub async fn of_nothing_writes_no_row(make: &Factory<'_>) {
    let world = World::new(make).await;
    let main = world.grant(&wallet("ann/gold"), "main", "10").await;
    world.move_clock("2030-01-02").await;
    let same = made(world.done(edit(main.grant.name.id, GrantChange::default())).await);
    assert_eq!(same, main);
    assert_eq!(world.story(&wallet("ann/gold")).await.len(), 1);
}

fn edit(id: GrantId, change: GrantChange) -> Work {
    Work::EditGrant(Box::new(EditGrant { id, change }))
}

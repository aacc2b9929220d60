//! Consuming more than there is (spec 2.5, decision 11).

use scrip_core::{GrantChange, GrantStatus, GrantType, Refusal};

use super::world::{credits, everything, instant, wallet};
use super::{Factory, SANDBOX, World};
use crate::{CreatedRange, GrantQuery, GrantView, Work};

/// The deficit goes to an overdraft grant, which is listed like any other.
pub async fn opens_when_the_balance_is_short(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    world.grant(&wallet, "main", "10").await;
    let used = world.consume(&wallet, "k", "25").await;
    assert_eq!((used.amount, used.balance.available), (credits("25"), credits("-15")));
    let overdraft = overdraft_of(&world).await;
    assert_eq!(overdraft.grant.status(), GrantStatus::Active);
    assert_eq!((overdraft.grant.amount, overdraft.grant.consumed), (credits("0"), credits("15")));
    assert_eq!(overdraft.words.display_name.as_deref(), Some("Overdraft"));
    assert_eq!(overdraft.grant.priority.get(), 100);
    let story = world.story(&wallet).await;
    assert_eq!(
        story[1..],
        ["2030-01-01 CONSUMED main -10 = 0", "2030-01-01 CONSUMED overdraft -15 = -15"]
    );
    world.consume(&wallet, "k2", "1").await;
    assert_eq!(overdraft_of(&world).await.grant.consumed, credits("16"), "one a wallet");
}

/// A new grant takes the deficit over, in part or whole; the settled overdraft is voided.
pub async fn is_settled_by_what_becomes_usable(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    world.consume(&wallet, "k", "15").await;
    world.grant(&wallet, "small", "5").await;
    assert_eq!(overdraft_of(&world).await.grant.consumed, credits("10"));
    world.grant(&wallet, "big", "50").await;
    let overdraft = overdraft_of(&world).await;
    assert_eq!(
        (overdraft.grant.status(), overdraft.grant.consumed),
        (GrantStatus::Voided, credits("0"))
    );
    assert_eq!(world.available(&wallet).await, "40");
    let story = world.story(&wallet).await;
    assert_eq!(
        story[4..],
        [
            "2030-01-01 GRANTED big 50 = 40",
            "2030-01-01 CONSUMPTION_TRANSFER_SOURCE overdraft 10 = 50",
            "2030-01-01 CONSUMPTION_TRANSFER_TARGET big -10 = 40",
            "2030-01-01 VOIDED overdraft 0 = 40",
        ]
    );
    world.consume(&wallet, "k2", "41").await;
    let again = overdraft_of(&world).await;
    assert_ne!(again.grant.name.id, overdraft.grant.name.id, "a new deficit, a new grant");
    assert_eq!(world.grant_now(overdraft.grant.name.id).await, overdraft);
}

/// A scheduled grant settles at its instant.
pub async fn is_settled_by_a_scheduled_grant(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    let later = world
        .grant_as(&wallet, "later", "10", |grant| {
            grant.effective_at = Some(instant("2030-01-02T12:00:00Z"));
        })
        .await;
    assert_eq!(later.grant.status(), GrantStatus::Scheduled);
    world.consume(&wallet, "k", "4").await;
    world.move_clock("2030-01-03").await;
    let story = world.story(&wallet).await;
    assert_eq!(
        story[1..],
        [
            "2030-01-02T12:00:00 GRANTED later 10 = 6",
            "2030-01-02T12:00:00 CONSUMPTION_TRANSFER_SOURCE overdraft 4 = 10",
            "2030-01-02T12:00:00 CONSUMPTION_TRANSFER_TARGET later -4 = 6",
            "2030-01-02T12:00:00 VOIDED overdraft 0 = 6",
        ]
    );
    assert_eq!(world.grant_now(later.grant.name.id).await.grant.consumed, credits("4"));
}

/// An overdraft, live or settled, can be neither voided nor changed (decisions 59 and 60).
pub async fn cannot_be_touched_by_hand(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    world.consume(&wallet, "k", "4").await;
    let id = overdraft_of(&world).await.grant.name.id;
    let change = GrantChange { display_name: Some("mine".to_owned()), ..GrantChange::default() };
    let edit = || Work::EditGrant(Box::new(scrip_core::EditGrant { id, change: change.clone() }));
    let refusal = Refusal::GrantCannotBeVoided { what: "an overdraft" };
    assert_eq!(world.refused(Work::VoidGrant(id)).await, refusal);
    assert_eq!(world.refused(edit()).await, refusal);
    world.grant(&wallet, "main", "10").await;
    assert_eq!(world.refused(Work::VoidGrant(id)).await, refusal);
    assert_eq!(world.refused(edit()).await, refusal);
}

/// Ann's newest overdraft grant of gold.
async fn overdraft_of(world: &World) -> GrantView {
    let key = wallet("ann/gold");
    let query = GrantQuery {
        environment: SANDBOX,
        customer: key.customer,
        resource: None,
        currency: Some(key.currency),
        created: CreatedRange::default(),
        page: everything(),
    };
    let page = world.ledger.grants(query).await.unwrap();
    let grants = page.items.into_iter().map(|(_, grant)| grant);
    let mut overdrafts = grants.filter(|grant| grant.grant.grant_type == GrantType::Overdraft);
    overdrafts.next().unwrap()
}

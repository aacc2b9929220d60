//! Resources: they come to be with their wallets (decisions 4 and 75).

use scrip_core::Refusal;

use super::world::{body, everything, rows_of, wallet};
use super::{Factory, SANDBOX, World, grant_of, item};
use crate::{CreatedRange, RecordKind, RecordQuery, Work};

/// The first grant that names a resource makes it; a refused one does not.
pub async fn appear_with_their_first_grant(make: &Factory<'_>) {
    let world = World::new(make).await;
    let mut late =
        grant_of(&wallet("ann/gold/r1"), world.mint(&wallet("ann/gold/r1")), "late", "1");
    late.grant.expire_at = Some(super::start());
    late.grant.effective_at = Some(super::start().later(-1));
    let refused = world.refused(Work::CreateGrant(Box::new(late))).await;
    assert_eq!(refused, Refusal::ExpireInPast);
    assert_eq!(resources_of(&world, "ann").await, [""; 0]);
    world.grant(&wallet("ann/gold/r1"), "a gift", "1").await;
    world.grant(&wallet("ann/silver/r1"), "another", "1").await;
    world.grant(&wallet("ann/gold"), "of no resource", "1").await;
    assert_eq!(resources_of(&world, "ann").await, ["r1"]);
    let made = world.record(RecordKind::Resource, "ann/r1").await.unwrap();
    assert_eq!(made.body, body(&[("customerId", "ann"), ("resourceId", "r1")]));
    assert_eq!(resources_of(&world, "bob").await, [""; 0]);
}

/// So does the first consumption, alone or in a batch.
pub async fn appear_with_their_first_consumption(make: &Factory<'_>) {
    let world = World::new(make).await;
    world.consume(&wallet("ann/gold/r1"), "k", "1").await;
    let batch = ["ann/gold/r2", "ann/silver/r2", "bob/gold/r1", "ann/gold/r1"];
    let batch = batch.map(|name| item(&wallet(name), "k2", "1")).to_vec();
    world.done(Work::ConsumeBatch(batch)).await;
    assert_eq!(resources_of(&world, "ann").await, ["r2", "r1"]);
    assert_eq!(resources_of(&world, "bob").await, ["r1"]);
}

/// A resource's wallet is its own (spec 2.8): no credits flow between scopes.
pub async fn do_not_share_credits(make: &Factory<'_>) {
    let world = World::new(make).await;
    world.grant(&wallet("ann/gold"), "own", "10").await;
    world.consume(&wallet("ann/gold/r1"), "k", "4").await;
    assert_eq!(world.available(&wallet("ann/gold")).await, "10");
    assert_eq!(world.available(&wallet("ann/gold/r1")).await, "-4");
    let ann = wallet("ann/gold");
    let scope = |resource| world.ledger.balances(SANDBOX, &ann.customer, resource);
    let own = scope(None).await.unwrap();
    assert!(matches!(&own[..], [(key, _)] if *key == ann));
    let r1 = wallet("ann/gold/r1");
    let scoped = scope(r1.resource.as_ref()).await.unwrap();
    assert!(matches!(&scoped[..], [(key, _)] if *key == r1));
    world.grant(&wallet("ann/silver"), "silver", "1").await;
    let own = scope(None).await.unwrap();
    let currencies: Vec<_> = own.iter().map(|(key, _)| key.currency.as_str()).collect();
    assert_eq!(currencies, ["gold", "silver"], "by currency");
    assert_eq!(world.ledger.balance(&wallet("bob/gold")).await.unwrap(), None);
    let mut query = rows_of("ann");
    query.resource = r1.resource;
    assert!(world.rows(query).await.items.iter().all(|(_, view)| view.wallet.resource.is_some()));
}

async fn resources_of(world: &World, customer: &str) -> Vec<String> {
    let query = RecordQuery {
        environment: SANDBOX,
        kind: RecordKind::Resource,
        matching: vec![("customerId", customer.to_owned())],
        created: CreatedRange::default(),
        archived: Some(false),
        page: everything(),
    };
    let page = world.ledger.records(query).await.unwrap();
    let id = |record: &crate::Record| record.text("resourceId").unwrap().to_owned();
    page.items.iter().map(|(_, record)| id(record)).collect()
}

//! Making grants.

use std::collections::BTreeMap;

use scrip_core::{
    Address, Entity, GrantStatus, GrantType, Money, MoneyAmount, MoneyCurrency, Priority, Refusal,
};

use super::world::{credits, instant, record, wallet};
use super::{Factory, SANDBOX, World, currencies, grant_of};
use crate::{Answer, CreateGrant, GrantInvoice, GrantView, LedgerError, Payment, RecordKind, Work};

/// The answer carries every fact, and the same is read again.
pub async fn answers_with_the_whole_grant(make: &Factory<'_>) {
    let world = World::new(make).await;
    let metadata = BTreeMap::from([("order".to_owned(), "7".to_owned())]);
    let address = Address { city: Some("Oslo".to_owned()), ..Address::default() };
    let made = world
        .grant_as(&wallet("ann/gold/r1"), "main", "100.5", |grant| {
            grant.grant_type = GrantType::Paid;
            grant.priority = Priority::new(7).unwrap();
            grant.expire_at = Some(instant("2030-02-01"));
            grant.words.comment = Some(Some("a comment".to_owned()));
            grant.words.metadata = Some(metadata.clone());
            grant.words.billing_address = Some(address.clone());
        })
        .await;
    assert_eq!(made.wallet, wallet("ann/gold/r1"));
    assert_eq!(made.grant.status(), GrantStatus::Active);
    assert_eq!((made.grant.grant_type, made.grant.priority.get()), (GrantType::Paid, 7));
    assert_eq!((made.grant.amount, made.grant.consumed), (credits("100.5"), credits("0")));
    assert_eq!((made.grant.effective_at, made.grant.created_at), (super::start(), super::start()));
    assert_eq!(made.grant.expire_at, Some(instant("2030-02-01")));
    assert_eq!(made.words.display_name.as_deref(), Some("main"));
    assert_eq!(made.words.comment, Some(Some("a comment".to_owned())));
    assert_eq!(
        (made.words.metadata.as_ref(), &made.invoice),
        (Some(&metadata), &GrantInvoice::None)
    );
    assert_eq!(made.words.billing_address, Some(address));
    assert_eq!(world.grant_now(made.grant.name.id).await, made);
    assert_eq!(world.ledger.grant(SANDBOX, world.mint(&wallet("ann/gold"))).await.unwrap(), None);
    let story = world.story(&wallet("ann/gold/r1")).await;
    assert_eq!(story, ["2030-01-01 GRANTED main 100.5 = 100.5"]);
    let used = world.consume(&wallet("ann/gold/r1"), "k", "0.5").await;
    assert_eq!((used.balance.granted, used.balance.used), (credits("100.5"), credits("0.5")));
    assert_eq!(world.grant_now(made.grant.name.id).await.grant.consumed, credits("0.5"));
}

/// What a grant cost stands in its record.
pub async fn records_what_a_grant_cost(make: &Factory<'_>) {
    let world = World::new(make).await;
    let amount = MoneyAmount::parse("49.9").unwrap();
    let cost = Money { amount, currency: MoneyCurrency::parse("eur").unwrap() };
    let made = world.grant_as(&wallet("ann/gold"), "bought", "10", |grant| grant.cost = cost).await;
    assert_eq!((made.cost, world.grant_now(made.grant.name.id).await.cost), (cost, cost));
}

/// What does not exist, what is archived, times, payment, state: in this order (decision 55).
pub async fn refuses_in_order_of_precedence(make: &Factory<'_>) {
    let world = World::new(make).await;
    world.grant(&wallet("ann/gold"), "nearly all", "1").await;
    let taken = world.mint(&wallet("cleo/lead"));
    // Everything is wrong with it; what is mended moves the answer on.
    let mut create = grant_of(&wallet("cleo/lead"), taken, "bad", "1");
    create.payment = Payment::Charge;
    create.grant.effective_at = Some(instant("2029-12-01"));
    create.grant.expire_at = Some(instant("2029-11-01"));
    let customer = Refusal::not_found(Entity::Customer, "cleo");
    assert_eq!(refused(&world, &create).await, customer);
    world.done(Work::CreateRecord(record(RecordKind::Customer, "cleo", &[]))).await;
    world.done(Work::ArchiveRecord(RecordKind::Customer, "cleo".to_owned())).await;
    let currency = Refusal::not_found(Entity::CustomCurrency, "lead");
    assert_eq!(refused(&world, &create).await, currency, "404 comes before archived");
    world.done(currencies::create("lead", "Lead")).await;
    world.done(currencies::archive("lead")).await;
    let archived = Refusal::archived(Entity::Customer, "cleo");
    assert_eq!(refused(&world, &create).await, archived);
    world.done(Work::UnarchiveRecord(RecordKind::Customer, "cleo".to_owned())).await;
    let archived = Refusal::archived(Entity::CustomCurrency, "lead");
    assert_eq!(refused(&world, &create).await, archived);
    world.done(Work::UnarchiveRecord(RecordKind::CustomCurrency, "lead".to_owned())).await;
    assert_eq!(refused(&world, &create).await, Refusal::ExpireNotAfterEffective);
    create.grant.expire_at = Some(super::start());
    assert_eq!(refused(&world, &create).await, Refusal::ExpireInPast);
    create.grant.expire_at = Some(super::start().later(1));
    assert_eq!(refused(&world, &create).await, Refusal::BillingIntegrationMissing);
    create.payment = Payment::None;
    assert_eq!(world.ledger.balance(&wallet("cleo/lead")).await.unwrap(), None, "nothing is left");
    assert_eq!(world.ledger.grant(SANDBOX, taken).await.unwrap(), None);
    assert_eq!(create_grant(&world, &create).await.grant.status(), GrantStatus::Active);
}

/// An identifier that was minted twice is told, so that another can be minted; nothing changes.
pub async fn refuses_an_identifier_that_is_taken(make: &Factory<'_>) {
    let world = World::new(make).await;
    let made = world.grant(&wallet("ann/gold"), "first", "10").await;
    let mut again = grant_of(&wallet("ann/silver"), made.grant.name.id, "second", "20");
    let work = Work::CreateGrant(Box::new(again.clone()));
    let answer = world.execute(SANDBOX, work).await;
    assert_eq!(answer.unwrap_err(), LedgerError::GrantIdTaken);
    assert_eq!(world.ledger.balance(&wallet("ann/silver")).await.unwrap(), None);
    assert_eq!(world.grant_now(made.grant.name.id).await, made);
    again.grant.id = world.mint(&again.wallet);
    create_grant(&world, &again).await;
}

/// The sums of a wallet are bounded (decision 5): the grant beyond is refused and leaves nothing.
pub async fn refuses_sums_beyond_the_bound(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    for n in 0..2 {
        // A wallet takes what one request may not name; the edge bounds requests.
        world.grant(&wallet, &format!("half {n}"), "500000000000000000").await;
    }
    let last = grant_of(&wallet, world.mint(&wallet), "one more", "0.000000001");
    assert_eq!(refused(&world, &last).await, Refusal::SumTooLarge);
    assert_eq!(world.available(&wallet).await, "1000000000000000000");
    assert_eq!(world.ledger.grant(SANDBOX, last.grant.id).await.unwrap(), None);
}

/// A grant that arrives in a deficit pays for it first (spec 2.5), and says so in its answer.
pub async fn settles_a_deficit(make: &Factory<'_>) {
    let world = World::new(make).await;
    world.consume(&wallet("ann/gold"), "k", "15").await;
    let made = world.grant(&wallet("ann/gold"), "main", "50").await;
    assert_eq!((made.grant.amount, made.grant.consumed), (credits("50"), credits("15")));
    assert_eq!(made, world.grant_now(made.grant.name.id).await);
}

async fn refused(world: &World, create: &CreateGrant) -> Refusal {
    world.refused(Work::CreateGrant(Box::new(create.clone()))).await
}

async fn create_grant(world: &World, create: &CreateGrant) -> GrantView {
    made(world.done(Work::CreateGrant(Box::new(create.clone()))).await)
}

pub(super) fn made(answer: Answer) -> GrantView {
    match answer {
        Answer::Grant(grant) => *grant,
        other => panic!("no grant: {other:?}"),
    }
}

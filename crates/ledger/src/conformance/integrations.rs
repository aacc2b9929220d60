//! Links between customers and other systems: a member of the customer that is changed one by one.

use scrip_core::{Entity, Refusal};
use serde_json::{Value, json};

use super::world::{Factory, World};
use crate::{Answer, CustomerLink, LinkChange, LinkDeed, RecordKind, RecordPatch, Work};

/// Whatever is done shows in the customer at once, and in its instant of change.
pub async fn are_made_changed_and_removed(make: &Factory<'_>) {
    let world = World::new(make).await;
    let [stripe, hubspot] = [link("s", "STRIPE", "cus_1"), link("h", "HUBSPOT", "7")];
    assert_eq!(world.linked(made(&stripe)).await, stripe);
    world.move_clock("2030-01-02").await;
    assert_eq!(world.linked(made(&hubspot)).await, hubspot);
    assert_eq!(world.links().await, [stripe.clone(), hubspot.clone()]);
    let customer = world.record(RecordKind::Customer, "ann").await.unwrap();
    assert_eq!(customer.updated_at, super::instant("2030-01-02"));
    assert!(customer.created_at < customer.updated_at);

    let unknown = CustomerLink { synced_entity_id: None, ..stripe };
    assert_eq!(world.linked(sync("s", None)).await, unknown);
    let known = link("s", "STRIPE", "cus_2");
    assert_eq!(world.linked(sync("s", Some("cus_2"))).await, known);
    assert_eq!(world.links().await, [known.clone(), hubspot.clone()]);
    assert_eq!(world.linked(remove("s")).await, known);
    assert_eq!(world.links().await, [hubspot]);
}

/// One in each integration, whoever made it; and nothing of what is not there.
pub async fn are_refused_by_what_there_is(make: &Factory<'_>) {
    let world = World::new(make).await;
    let stripe = link("s", "STRIPE", "cus_1");
    world.linked(made(&stripe)).await;
    let taken = Refusal::Duplicate { entity: Entity::CustomerLink, id: "s".to_owned() };
    for other in [stripe.clone(), link("s", "ZUORA", "1")] {
        assert_eq!(world.refused(change("ann", made(&other))).await, taken);
    }
    let unknown = Refusal::not_found(Entity::CustomerLink, "x");
    for other in [sync("x", None), remove("x")] {
        assert_eq!(world.refused(change("ann", other)).await, unknown);
    }
    let nobody = Refusal::not_found(Entity::Customer, "nobody");
    for other in [made(&stripe), sync("s", None), remove("s")] {
        assert_eq!(world.refused(change("nobody", other)).await, nobody);
    }
    assert_eq!(world.links().await, [stripe]);
}

/// What came with the customer is found, and what cannot be asked for by itself stays as it is.
pub async fn of_every_vendor_stay(make: &Factory<'_>) {
    let world = World::new(make).await;
    let kept = json!([
        {"id": "s", "syncedEntityId": null, "vendorIdentifier": "STRIPE"},
        {"id": "f", "syncedEntityId": "1", "vendorIdentifier": "SALESFORCE"},
        {"id": "s", "syncedEntityId": "2", "vendorIdentifier": "STRIPE"},
    ]);
    world.put_links(kept).await;
    let stripe = CustomerLink { synced_entity_id: None, ..link("s", "STRIPE", "") };
    assert_eq!(world.links().await, [stripe]);
    let taken = Refusal::Duplicate { entity: Entity::CustomerLink, id: "f".to_owned() };
    assert_eq!(world.refused(change("ann", made(&link("f", "ZUORA", "1")))).await, taken);
    let unknown = Refusal::not_found(Entity::CustomerLink, "f");
    for other in [sync("f", None), remove("f")] {
        assert_eq!(world.refused(change("ann", other)).await, unknown);
    }
    world.linked(remove("s")).await;
    let customer = world.record(RecordKind::Customer, "ann").await.unwrap();
    let left = json!([{"id": "f", "syncedEntityId": "1", "vendorIdentifier": "SALESFORCE"}]);
    assert_eq!(customer.body[CustomerLink::MEMBER], left);
}

/// A record has its bounds.
pub async fn are_limited_in_number(make: &Factory<'_>) {
    let world = World::new(make).await;
    let link_of = |number: usize| link(&format!("i{number}"), "STRIPE", "cus");
    world.put_links(json!((0..99).map(link_of).collect::<Vec<_>>())).await;
    world.linked(made(&link_of(99))).await;
    let refused = world.refused(change("ann", made(&link_of(100)))).await;
    assert_eq!(refused, Refusal::TooMany { what: "integrations of a customer", limit: 100 });
    world.linked(remove("i0")).await;
    world.linked(made(&link_of(100))).await;
}

/// An archived customer's change like all that is known of it.
pub async fn go_on_for_archived_customers(make: &Factory<'_>) {
    let world = World::new(make).await;
    world.done(Work::ArchiveRecord(RecordKind::Customer, "ann".to_owned())).await;
    let stripe = link("s", "STRIPE", "cus_1");
    world.linked(made(&stripe)).await;
    world.linked(sync("s", Some("cus_2"))).await;
    world.linked(remove("s")).await;
    assert_eq!(world.links().await, []);
}

/// Who changes links at the same time takes none of the others away.
pub async fn changed_at_once_are_all_there(make: &Factory<'_>) {
    let world = World::new(make).await;
    let names: Vec<String> = (0..20).map(|number| format!("i{number}")).collect();
    let changes = names.iter().map(|name| world.linked(made(&link(name, "ZUORA", name))));
    futures_util::future::join_all(changes).await;
    let mut found: Vec<_> = world.links().await.into_iter().map(|link| link.id).collect();
    found.sort();
    let mut expected = names;
    expected.sort();
    assert_eq!(found, expected);
}

impl World {
    async fn linked(&self, (id, deed): (String, LinkDeed)) -> CustomerLink {
        match self.done(change("ann", (id, deed))).await {
            Answer::CustomerLink(link) => *link,
            other => panic!("no link: {other:?}"),
        }
    }

    async fn links(&self) -> Vec<CustomerLink> {
        CustomerLink::all_of(&self.record(RecordKind::Customer, "ann").await.unwrap())
    }

    async fn put_links(&self, links: Value) {
        let members = [(CustomerLink::MEMBER.to_owned(), links)].into_iter().collect();
        let (kind, id) = (RecordKind::Customer, "ann".to_owned());
        self.done(Work::PatchRecord(RecordPatch { kind, id, members })).await;
    }
}

fn link(id: &str, vendor: &str, entity: &str) -> CustomerLink {
    let synced_entity_id = Some(entity.to_owned());
    CustomerLink { id: id.to_owned(), synced_entity_id, vendor: vendor.to_owned() }
}

fn change(customer: &str, (id, deed): (String, LinkDeed)) -> Work {
    let customer = scrip_core::CustomerId::parse(customer).unwrap();
    Work::ChangeLink(Box::new(LinkChange { customer, id, deed }))
}

fn made(link: &CustomerLink) -> (String, LinkDeed) {
    let synced_entity_id = link.synced_entity_id.clone().unwrap_or_default();
    (link.id.clone(), LinkDeed::Make { vendor: link.vendor.clone(), synced_entity_id })
}

fn sync(id: &str, entity: Option<&str>) -> (String, LinkDeed) {
    (id.to_owned(), LinkDeed::Sync(entity.map(str::to_owned)))
}

fn remove(id: &str) -> (String, LinkDeed) {
    (id.to_owned(), LinkDeed::Remove)
}

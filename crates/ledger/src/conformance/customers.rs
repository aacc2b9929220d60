//! Customers, and what holds for all records.

use scrip_core::{Entity, Refusal};
use serde_json::Value;

use super::world::{body, record, wallet};
use super::{Factory, SANDBOX, World, grant_of, item};
use crate::{Answer, LedgerError, NewRecord, Record, RecordKind, RecordPatch, Settings, Work};

const CUSTOMER: RecordKind = RecordKind::Customer;

/// A customer is answered, and read again, as it was made.
pub async fn are_made_and_read(make: &Factory<'_>) {
    let world = World::new(make).await;
    let new = record(CUSTOMER, "cleo", &[("email", "cleo@example.com"), ("name", "Cleo")]);
    let made = made(world.done(Work::CreateRecord(new)).await);
    assert_eq!((made.id.as_str(), made.kind, made.environment), ("cleo", CUSTOMER, SANDBOX));
    assert_eq!((made.created_at, made.updated_at), (super::start(), super::start()));
    assert_eq!((made.archived_at, made.text("name")), (None, Some("Cleo")));
    assert_eq!(world.record(CUSTOMER, "cleo").await, Some(made));
    assert_eq!(world.record(CUSTOMER, "nobody").await, None);
    assert_eq!(world.record(RecordKind::CustomCurrency, "cleo").await, None);
}

/// A customer's identifier cannot be given again, not even after archiving.
pub async fn keep_their_identifier_for_ever(make: &Factory<'_>) {
    let world = World::new(make).await;
    let again = || Work::CreateRecord(record(CUSTOMER, "ann", &[("name", "Another")]));
    let duplicate = Refusal::Duplicate { entity: Entity::Customer, id: "ann".to_owned() };
    assert_eq!(world.refused(again()).await, duplicate);
    world.done(Work::ArchiveRecord(CUSTOMER, "ann".to_owned())).await;
    assert_eq!(world.refused(again()).await, duplicate);
    assert_eq!(world.record(CUSTOMER, "ann").await.unwrap().text("name"), None);
}

/// Members that are given replace, whole; null removes; others stay.
pub async fn are_patched_member_by_member(make: &Factory<'_>) {
    let world = World::new(make).await;
    let new = record(CUSTOMER, "cleo", &[("email", "old@example.com"), ("name", "Cleo")]);
    let made_ = made(world.done(Work::CreateRecord(new)).await);
    world.move_clock("2030-01-02").await;
    let mut members = body(&[("email", "new@example.com")]);
    members.insert("name".to_owned(), Value::Null);
    members.insert("metadata".to_owned(), Value::Object(body(&[("tier", "gold")])));
    let patch = |id: &str| {
        let (kind, id, members) = (CUSTOMER, id.to_owned(), members.clone());
        Work::PatchRecord(RecordPatch { kind, id, members })
    };
    let patched = made(world.done(patch("cleo")).await);
    assert_eq!(patched.text("email"), Some("new@example.com"));
    assert!(!patched.body.contains_key("name"));
    assert_eq!(patched.body["metadata"]["tier"], "gold");
    assert_eq!(patched.created_at, made_.created_at);
    assert_eq!(patched.updated_at, super::world::instant("2030-01-02"));
    assert_eq!(world.record(CUSTOMER, "cleo").await, Some(patched));
    let unknown = Refusal::not_found(Entity::Customer, "nobody");
    assert_eq!(world.refused(patch("nobody")).await, unknown);
}

/// Archiving twice changes nothing, nor does bringing back what is live (decision 70).
pub async fn are_archived_and_brought_back(make: &Factory<'_>) {
    let world = World::new(make).await;
    let archive = || Work::ArchiveRecord(CUSTOMER, "ann".to_owned());
    let unarchive = || Work::UnarchiveRecord(CUSTOMER, "ann".to_owned());
    let archived = made(world.done(archive()).await);
    assert_eq!(archived.archived_at, Some(super::start()));
    world.move_clock("2030-01-02").await;
    assert_eq!(made(world.done(archive()).await), archived, "once is enough");
    let grant = grant_of(&wallet("ann/gold"), world.mint(&wallet("ann/gold")), "a gift", "1");
    let consume = item(&wallet("ann/gold"), "k", "1");
    let refused = Refusal::archived(Entity::Customer, "ann");
    assert_eq!(world.refused(Work::CreateGrant(Box::new(grant.clone()))).await, refused);
    assert_eq!(world.refused(Work::Consume(Box::new(consume.clone()))).await, refused);
    let back = made(world.done(unarchive()).await);
    assert_eq!(back.archived_at, None);
    assert_eq!(made(world.done(unarchive()).await), back);
    world.done(Work::CreateGrant(Box::new(grant))).await;
    world.done(Work::Consume(Box::new(consume))).await;
    let unknown = Refusal::not_found(Entity::Customer, "nobody");
    for work in [
        Work::ArchiveRecord(CUSTOMER, "nobody".to_owned()),
        Work::UnarchiveRecord(CUSTOMER, "nobody".to_owned()),
    ] {
        assert_eq!(world.refused(work).await, unknown);
    }
}

/// An import makes what is new and merges into what is not, and names only what is new.
pub async fn are_imported(make: &Factory<'_>) {
    let world = World::new(make).await;
    let cleo = record(CUSTOMER, "cleo", &[("name", "Cleo")]);
    let mut ann = record(CUSTOMER, "ann", &[("name", "Ann")]);
    ann.body.insert("email".to_owned(), Value::Null);
    let items = vec![cleo.clone(), ann, cleo];
    assert_eq!(imported(&world, items.clone()).await, ["cleo"], "one item twice is one customer");
    assert_eq!(world.record(CUSTOMER, "ann").await.unwrap().body, body(&[("name", "Ann")]));
    assert_eq!(world.record(CUSTOMER, "cleo").await.unwrap().body, body(&[("name", "Cleo")]));
    assert_eq!(imported(&world, items).await, [""; 0]);
    assert_eq!(imported(&world, Vec::new()).await, [""; 0]);
}

/// One identifier with two contents refuses the whole import and names the item.
pub async fn are_imported_all_or_none(make: &Factory<'_>) {
    let world = World::new(make).await;
    let items = vec![
        record(CUSTOMER, "ann", &[("name", "Changed")]),
        record(CUSTOMER, "cleo", &[("name", "Cleo")]),
        record(CUSTOMER, "cleo", &[("name", "Another")]),
    ];
    let refusal = world.refusal(Work::ImportCustomers(items)).await;
    assert_eq!(refusal.index, Some(2));
    let duplicate = Refusal::Duplicate { entity: Entity::Customer, id: "cleo".to_owned() };
    assert_eq!(refusal.refusal, duplicate);
    assert_eq!(world.record(CUSTOMER, "cleo").await, None);
    assert_eq!(world.record(CUSTOMER, "ann").await.unwrap().text("name"), None);
}

/// Where the owner wants it, the first grant or consumption makes its customer (decision 3); a
/// refused one makes none.
pub async fn are_made_by_first_use_where_wanted(make: &Factory<'_>) {
    let settings = Settings { auto_create_customers: true, ..Settings::default() };
    let world = World::with(make, settings).await;
    let unknown = Refusal::not_found(Entity::CustomCurrency, "lead");
    let work = Work::Consume(Box::new(item(&wallet("cleo/lead"), "k", "1")));
    assert_eq!(world.refused(work).await, unknown);
    let mut late = grant_of(&wallet("cleo/gold"), world.mint(&wallet("cleo/gold")), "late", "1");
    late.grant.expire_at = Some(super::start().later(-1));
    late.grant.effective_at = Some(super::start().later(-2));
    let work = Work::CreateGrant(Box::new(late));
    assert_eq!(world.refused(work).await, Refusal::ExpireInPast);
    assert_eq!(world.record(CUSTOMER, "cleo").await, None);

    world.grant(&wallet("cleo/gold"), "a gift", "1").await;
    world.consume(&wallet("dan/gold"), "k", "1").await;
    let batch = vec![item(&wallet("eve/gold/r"), "k", "1"), item(&wallet("eve/gold"), "k", "1")];
    world.done(Work::ConsumeBatch(batch)).await;
    for id in ["cleo", "dan", "eve"] {
        let record = world.record(CUSTOMER, id).await.unwrap();
        assert_eq!((record.body.len(), record.created_at), (0, super::start()), "{id}");
    }
    let again = world.execute(SANDBOX, Work::CreateRecord(record(CUSTOMER, "cleo", &[]))).await;
    assert!(matches!(again, Err(LedgerError::Refused(_))));
}

async fn imported(world: &World, items: Vec<NewRecord>) -> Vec<String> {
    match world.done(Work::ImportCustomers(items)).await {
        Answer::Imported(ids) => ids,
        other => panic!("no import: {other:?}"),
    }
}

pub(super) fn made(answer: Answer) -> Record {
    match answer {
        Answer::Record(record) => *record,
        other => panic!("no record: {other:?}"),
    }
}

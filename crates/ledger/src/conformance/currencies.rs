//! Custom currencies.

use scrip_core::{Entity, Refusal};

use super::customers::made;
use super::world::{body, record, wallet};
use super::{Factory, World, grant_of, item};
use crate::{Record, RecordKind, RecordPatch, Settings, Work};

const CURRENCY: RecordKind = RecordKind::CustomCurrency;

/// A currency is made, changed, archived and brought back.
pub async fn are_made_patched_and_archived(make: &Factory<'_>) {
    let world = World::new(make).await;
    let made_ = made(world.done(create("lead", "Lead")).await);
    assert_eq!((made_.text("displayName"), made_.archived_at), (Some("Lead"), None));
    let members = body(&[("displayName", "Heavy"), ("symbol", "Pb")]);
    let patch = RecordPatch { kind: CURRENCY, id: "lead".to_owned(), members };
    let patched = made(world.done(Work::PatchRecord(patch)).await);
    assert_eq!((patched.text("displayName"), patched.text("symbol")), (Some("Heavy"), Some("Pb")));
    let duplicate = Refusal::Duplicate { entity: Entity::CustomCurrency, id: "lead".to_owned() };
    assert_eq!(world.refused(create("lead", "Again")).await, duplicate);
    let archived = made(world.done(archive("lead")).await);
    assert_eq!(archived.archived_at, Some(super::start()));
    assert_eq!(made(world.done(unarchive("lead")).await).archived_at, None);
    assert_eq!(made(world.done(unarchive("lead")).await).archived_at, None, "no change, 200");
    let unknown = Refusal::not_found(Entity::CustomCurrency, "tin");
    for work in [archive("tin"), unarchive("tin")] {
        assert_eq!(world.refused(work).await, unknown);
    }
}

/// An archived currency's identifier may be given again; the old one cannot come back beside the
/// new one (decision 79), and the one archived last comes back first.
pub async fn free_their_identifier_when_archived(make: &Factory<'_>) {
    let world = World::new(make).await;
    let first = made(world.done(create("lead", "First")).await);
    world.done(archive("lead")).await;
    let second = made(world.done(create("lead", "Second")).await);
    assert_ne!(first.ordinal, second.ordinal);
    assert_eq!(named(&world).await.as_deref(), Some("Second"), "the live one has the identifier");
    let duplicate = Refusal::Duplicate { entity: Entity::CustomCurrency, id: "lead".to_owned() };
    assert_eq!(world.refused(unarchive("lead")).await, duplicate);
    // Both archived at one instant: the newer counts as archived last.
    world.done(archive("lead")).await;
    assert_eq!(named(&world).await.as_deref(), Some("Second"));
    assert_eq!(made(world.done(unarchive("lead")).await).text("displayName"), Some("Second"));
    world.move_clock("2030-01-02").await;
    assert_eq!(made(world.done(archive("lead")).await).text("displayName"), Some("Second"));
    assert_eq!(made(world.done(unarchive("lead")).await).text("displayName"), Some("Second"));
}

/// Live currencies are limited; archived ones do not count (decision 80).
pub async fn are_limited_in_number(make: &Factory<'_>) {
    let settings = Settings { custom_currencies_max: 3, ..Settings::default() };
    let world = World::with(make, settings).await;
    world.done(create("lead", "Lead")).await;
    let too_many = Refusal::TooManyCustomCurrencies { limit: 3 };
    assert_eq!(world.refused(create("tin", "Tin")).await, too_many);
    let duplicate = Refusal::Duplicate { entity: Entity::CustomCurrency, id: "lead".to_owned() };
    assert_eq!(world.refused(create("lead", "Lead")).await, duplicate, "a conflict comes first");
    world.done(archive("lead")).await;
    world.done(create("tin", "Tin")).await;
    assert_eq!(world.refused(unarchive("lead")).await, too_many);
    world.done(archive("tin")).await;
    world.done(unarchive("lead")).await;
}

/// An identifier that is used again finds the wallets of the old currency (decision 70).
pub async fn used_again_keep_their_wallets(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    world.grant(&wallet, "a gift", "10").await;
    world.done(archive("gold")).await;
    let grant = grant_of(&wallet, world.mint(&wallet), "refused", "1");
    let archived = Refusal::archived(Entity::CustomCurrency, "gold");
    assert_eq!(world.refused(Work::CreateGrant(Box::new(grant))).await, archived);
    world.done(create("gold", "New gold")).await;
    assert_eq!(world.available(&wallet).await, "10");
    world.grant(&wallet, "another gift", "5").await;
    world.done(Work::Consume(Box::new(item(&wallet, "k", "12")))).await;
    assert_eq!(world.available(&wallet).await, "3");
}

async fn named(world: &World) -> Option<String> {
    let name = |record: &Record| record.text("displayName").map(str::to_owned);
    world.record(CURRENCY, "lead").await.as_ref().and_then(name)
}

pub(super) fn create(id: &str, name: &str) -> Work {
    Work::CreateRecord(record(CURRENCY, id, &[("displayName", name)]))
}

pub(super) fn archive(id: &str) -> Work {
    Work::ArchiveRecord(CURRENCY, id.to_owned())
}

fn unarchive(id: &str) -> Work {
    Work::UnarchiveRecord(CURRENCY, id.to_owned())
}

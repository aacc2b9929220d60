//! Environments, their keys, and how an empty ledger gets them.

use std::io::Error;
use std::sync::Arc;

use scrip_core::{EnvironmentId, Refusal};

use super::world::{everything, record, rows_of, wallet};
use super::{Factory, PRODUCTION, SANDBOX, World, grant_of, item};
use crate::{
    ApiKeyChange, ApiKeyDeed, CreatedRange, InitialKey, KeyHolder, KeySecret, LedgerError,
    OrderRefusal, ProvidedKeys, RecordKind, RecordQuery, SYSTEM, Settings, Work, bootstrap,
    secret_hash,
};

/// What is in one environment is unknown in the other; the same identifiers may stand in both.
pub async fn know_nothing_of_each_other(make: &Factory<'_>) {
    let world = World::new(make).await;
    let here = wallet("ann/gold");
    let mut there = here.clone();
    there.environment = PRODUCTION;
    let made = world.grant(&here, "main", "10").await;
    world.consume(&here, "k", "4").await;
    let unknown = world.execute(PRODUCTION, Work::Consume(Box::new(item(&there, "k", "1")))).await;
    let refusal = Refusal::not_found(scrip_core::Entity::Customer, "ann");
    let refusal = OrderRefusal { index: None, refusal };
    assert_eq!(unknown.unwrap_err(), LedgerError::Refused(refusal));
    assert_eq!(world.ledger.grant(PRODUCTION, made.grant.name.id).await.unwrap(), None);
    let void = world.execute(PRODUCTION, Work::VoidGrant(made.grant.name.id)).await;
    assert!(matches!(void, Err(LedgerError::Refused(_))));
    world.populate(PRODUCTION).await;
    // The same customer and currency, and the same key with another request.
    let id = world.mint(&there);
    let create = grant_of(&there, id, "there", "100");
    world.execute(PRODUCTION, Work::CreateGrant(Box::new(create))).await.unwrap();
    world.consume(&there, "k", "1").await;
    let views = [(&here, "6", made.grant.name.id), (&there, "99", id)];
    for (key, available, id) in views {
        assert_eq!(world.available(key).await, available);
        assert_eq!(world.story(key).await.len(), 2);
        let grant = world.ledger.grant(key.environment, id).await.unwrap();
        assert_eq!(grant.unwrap().wallet, *key);
    }
    let in_sandbox = record(RecordKind::Customer, "only here", &[]);
    world.done(Work::CreateRecord(in_sandbox)).await;
    let found = world.ledger.record(PRODUCTION, RecordKind::Customer, "only here").await.unwrap();
    assert_eq!(found, None);
    let mut query = rows_of("ann");
    query.environment = EnvironmentId(77);
    assert!(world.rows(query).await.items.is_empty());
}

/// A key speaks for its environment; others for nobody.
pub async fn have_their_keys(make: &Factory<'_>) {
    let world = World::bare(make, Settings::default()).await;
    let production = holder(&world, "server-production").unwrap();
    assert_eq!((production.environment, production.sandbox), (PRODUCTION, false));
    let sandbox = holder(&world, "server-sandbox").unwrap();
    assert_eq!((sandbox.environment, sandbox.sandbox), (SANDBOX, true));
    assert_ne!(production.key_id, sandbox.key_id);
    assert!(sandbox.key_id.starts_with("key_") && !sandbox.key_id.contains("sandbox"));
    assert_eq!(holder(&world, "server-nobody"), None);
    let one = world.ledger.secret();
    assert_eq!(one, world.ledger.secret());
}

/// An empty ledger gets random keys once; keys that are given later are added.
pub async fn are_bootstrapped_once(make: &Factory<'_>) {
    let world = World::empty(make, Settings::default()).await;
    let mut kept: Vec<InitialKey> = Vec::new();
    let ledger = world.ledger.as_ref();
    bootstrap(ledger, ProvidedKeys::default(), |keys| {
        kept = keys.to_vec();
        Ok(())
    })
    .await
    .unwrap();
    let names: Vec<_> = kept.iter().map(|key| key.environment).collect();
    assert_eq!(names, ["production", "sandbox"]);
    assert_ne!(kept[0].key, kept[1].key);
    for (key, environment) in kept.iter().zip([PRODUCTION, SANDBOX]) {
        let bits = key.key.strip_prefix("server-").unwrap();
        assert!(bits.len() == 40 && bits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        assert_eq!(holder(&world, &key.key).unwrap().environment, environment);
    }
    let records = records(&world).await;
    let more = ProvidedKeys { production: Some("server-mine".to_owned()), sandbox: None };
    for keys in [ProvidedKeys::default(), more.clone(), more] {
        bootstrap(ledger, keys, |_| panic!("there are keys")).await.unwrap();
    }
    assert_eq!(self::records(&world).await, records + 1);
    assert_eq!(holder(&world, "server-mine").unwrap().environment, PRODUCTION);
    assert!(holder(&world, &kept[0].key).is_some());
}

/// A key that the server is started with again is left as it is, though it may nothing any more.
pub async fn leave_a_given_key_as_it_is(make: &Factory<'_>) {
    let world = World::bare(make, Settings::default()).await;
    let record_id: String =
        hash("server-sandbox").iter().map(|byte| format!("{byte:02x}")).collect();
    let change = |deed| Box::new(ApiKeyChange { record_id: record_id.clone(), deed });
    let secret = KeySecret::brought("server-new");
    let rotate = ApiKeyDeed::Rotate { secret, overlap_milliseconds: 0 };
    world.execute(SYSTEM, Work::ChangeApiKey(change(rotate))).await.unwrap();
    let records = records(&world).await;
    for (secret, deed) in [("server-new", None), ("server-new", Some(ApiKeyDeed::Revoke))] {
        if let Some(deed) = deed {
            world.execute(SYSTEM, Work::ChangeApiKey(change(deed))).await.unwrap();
        }
        for given in [secret, "server-sandbox"] {
            let keys = ProvidedKeys { production: None, sandbox: Some(given.to_owned()) };
            bootstrap(world.ledger.as_ref(), keys, |_| panic!("there are keys")).await.unwrap();
        }
    }
    assert_eq!(self::records(&world).await, records);
    assert_eq!((holder(&world, "server-new"), holder(&world, "server-sandbox")), (None, None));
}

/// Keys that cannot be kept are not made, nor is anything else.
pub async fn keep_nothing_if_their_keys_cannot_be_kept(make: &Factory<'_>) {
    let world = World::empty(make, Settings::default()).await;
    let ledger = world.ledger.as_ref();
    let mut key = String::new();
    let failed = bootstrap(ledger, ProvidedKeys::default(), |keys| {
        key = keys[0].key.clone();
        Err(Error::other("no room"))
    });
    assert!(matches!(failed.await, Err(LedgerError::Internal(text)) if text.contains("no room")));
    assert_eq!((records(&world).await, holder(&world, &key)), (0, None));
    bootstrap(ledger, ProvidedKeys::default(), |_| Ok(())).await.unwrap();
}

/// An archived key speaks for nobody, from the answer on.
pub async fn forget_an_archived_key(make: &Factory<'_>) {
    let world = World::bare(make, Settings::default()).await;
    let before = holder(&world, "server-sandbox");
    let id: String = hash("server-sandbox").iter().map(|byte| format!("{byte:02x}")).collect();
    let archive = Work::ArchiveRecord(RecordKind::ApiKey, id.clone());
    world.execute(SYSTEM, archive).await.unwrap();
    assert_eq!(holder(&world, "server-sandbox"), None);
    world.execute(SYSTEM, Work::UnarchiveRecord(RecordKind::ApiKey, id)).await.unwrap();
    assert_eq!(holder(&world, "server-sandbox"), before);
    assert!(holder(&world, "server-production").is_some());
}

async fn records(world: &World) -> usize {
    let mut count = 0;
    for kind in [RecordKind::Account, RecordKind::Environment, RecordKind::ApiKey] {
        let query = RecordQuery {
            environment: SYSTEM,
            kind,
            matching: Vec::new(),
            created: CreatedRange::default(),
            archived: None,
            page: everything(),
        };
        count += world.ledger.records(query).await.unwrap().items.len();
    }
    count
}

fn holder(world: &World, key: &str) -> Option<Arc<KeyHolder>> {
    world.ledger.key_holder(hash(key)).ok()
}

fn hash(key: &str) -> [u8; 32] {
    secret_hash(key.as_bytes())
}

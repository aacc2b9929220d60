//! API keys: what they may, until when, by which secrets.

use std::sync::Arc;

use scrip_core::{Entity, Refusal, Timestamp};
use serde_json::{Map, Value};

use super::{Factory, SANDBOX, World};
use crate::{
    Answer, ApiKey, ApiKeyChange, ApiKeyDeed, KeyHolder, KeyRefusal, KeySecret, LedgerError,
    NewRecord, Permissions, Record, RecordKind, SYSTEM, Scope, Settings, Work, secret_hash,
};

/// A key as the first release stored it may everything, and goes on to.
pub async fn of_the_first_release_may_everything(make: &Factory<'_>) {
    let world = World::bare(make, Settings::default()).await;
    let id: String = secret_hash(b"first").iter().map(|byte| format!("{byte:02x}")).collect();
    let body = Map::from_iter([
        ("keyId".to_owned(), Value::from("key_first")),
        ("environment".to_owned(), Value::from("2")),
        ("sandbox".to_owned(), Value::from(true)),
    ]);
    let first = NewRecord { kind: RecordKind::ApiKey, id: id.clone(), body };
    world.execute(SYSTEM, Work::CreateRecord(first)).await.unwrap();
    let holder = world.holder("first").unwrap();
    assert_eq!((&*holder.key_id, holder.environment), ("key_first", SANDBOX));
    assert_eq!((holder.sandbox, holder.permissions), (true, Permissions::Full));
    world.change(&id, ApiKeyDeed::NoteUse(instant(5))).await.unwrap();
    assert_eq!(world.holder("first").unwrap().permissions, Permissions::Full);
    world.change(&id, rotate("second", 0)).await.unwrap();
    assert_eq!(world.holder("first"), Err(KeyRefusal::Replaced));
    assert_eq!(world.holder("second").unwrap().key_id, holder.key_id);
}

/// A key may what its scopes say, from the answer on, and what is done to other parts of it at the
/// same time changes nothing of that.
pub async fn may_what_their_scopes_say(make: &Factory<'_>) {
    let world = World::bare(make, Settings::default()).await;
    let id = world.make_key("secret", |key| key.permissions = Permissions::of([Scope::Read])).await;
    let may = |scope| world.holder("secret").unwrap().permissions.allow(scope);
    assert_eq!((may(Scope::Read), may(Scope::Grants)), (true, false));
    let permissions = Some(Permissions::of([Scope::Grants]));
    let narrowed = edit(None, permissions, None);
    let renamed = edit(Some("Renamed"), None, None);
    for deed in [narrowed, renamed, ApiKeyDeed::NoteUse(instant(7))] {
        world.change(&id, deed).await.unwrap();
    }
    assert_eq!((may(Scope::Read), may(Scope::Grants)), (false, true));
    let key = world.key(&id).await;
    assert_eq!((key.name.as_deref(), key.last_used_at), (Some("Renamed"), Some(instant(7))));
    // An earlier use that another node writes later is no news, and no use is a change.
    let before = world.key_record(&id).await;
    world.change(&id, ApiKeyDeed::NoteUse(instant(6))).await.unwrap();
    let after = world.key_record(&id).await;
    assert_eq!((after.updated_at, after.body), (before.updated_at, before.body));
}

/// A key ends at its instant of real time.
pub async fn end_when_they_expire(make: &Factory<'_>) {
    let world = World::new(make).await;
    let end = world.ledger.now(SYSTEM).later(60_000);
    let id = world.make_key("secret", |key| key.expires_at = Some(end)).await;
    assert!(world.holder("secret").is_ok());
    // Test clocks mean nothing to keys.
    world.move_clock("2030-06-01").await;
    assert!(world.holder("secret").is_ok());
    if world.time_can_pass {
        world.pass(59_999);
        assert!(world.holder("secret").is_ok());
        world.pass(1);
        assert_eq!(world.holder("secret"), Err(KeyRefusal::Expired));
    }
    world.change(&id, edit(None, None, Some(None))).await.unwrap();
    assert!(world.holder("secret").is_ok());
    world.change(&id, edit(None, None, Some(Some(instant(1))))).await.unwrap();
    assert_eq!(world.holder("secret"), Err(KeyRefusal::Expired));
}

/// A new secret is good at once, and the one before until its overlap is over; never for longer than
/// it was to be.
pub async fn change_their_secrets(make: &Factory<'_>) {
    let world = World::bare(make, Settings::default()).await;
    let id = world.make_key("a", |_| {}).await;
    world.change(&id, rotate("b", 60_000)).await.unwrap();
    let holders = ["a", "b"].map(|secret| world.holder(secret).unwrap());
    assert_eq!(holders[0].key_id, holders[1].key_id);
    assert_eq!(holders[0].permissions, Permissions::Full);
    let end = world.key(&id).await.secrets[1].ends_at;
    world.change(&id, rotate("c", 3_600_000)).await.unwrap();
    let secrets = world.key(&id).await.secrets;
    assert_eq!((secrets[0].ends_at, secrets[2].ends_at), (None, end));
    assert!(["a", "b", "c"].iter().all(|secret| world.holder(secret).is_ok()));
    if world.time_can_pass {
        world.pass(60_000);
        assert_eq!(world.holder("a"), Err(KeyRefusal::Replaced));
        assert!(["b", "c"].iter().all(|secret| world.holder(secret).is_ok()));
    }
    world.change(&id, rotate("d", 0)).await.unwrap();
    let refused = ["b", "c"].map(|secret| world.holder(secret));
    assert_eq!(refused, [Err(KeyRefusal::Replaced), Err(KeyRefusal::Replaced)]);
    assert!(world.holder("d").is_ok());
    // More than a few are not good at a time: the oldest go.
    for secret in ["e", "f", "g", "h", "i"] {
        world.change(&id, rotate(secret, 3_600_000)).await.unwrap();
    }
    assert_eq!(world.holder("d"), Err(KeyRefusal::Unknown));
    assert!(["e", "f", "g", "h", "i"].iter().all(|secret| world.holder(secret).is_ok()));
}

/// A key that is revoked speaks for nobody, by none of its secrets, and stays as it is.
pub async fn are_revoked_for_good(make: &Factory<'_>) {
    let world = World::bare(make, Settings::default()).await;
    let id = world.make_key("a", |_| {}).await;
    world.change(&id, rotate("b", 60_000)).await.unwrap();
    world.change(&id, ApiKeyDeed::Revoke).await.unwrap();
    for secret in ["a", "b"] {
        assert_eq!(world.holder(secret), Err(KeyRefusal::Revoked));
    }
    let revoked = world.key_record(&id).await;
    for deed in [ApiKeyDeed::Revoke, ApiKeyDeed::NoteUse(instant(9))] {
        world.change(&id, deed).await.unwrap();
    }
    assert_eq!(world.key_record(&id).await, revoked);
    let archived = Refusal::archived(Entity::ApiKey, world.key(&id).await.id);
    for deed in [rotate("c", 0), edit(Some("Again"), None, None)] {
        let refused = world.change(&id, deed).await;
        assert!(
            matches!(&refused, Err(LedgerError::Refused(refused)) if refused.refusal == archived),
            "{refused:?}"
        );
    }
    assert_eq!(world.holder("c"), Err(KeyRefusal::Unknown));
    let unknown = world.change("nothing", ApiKeyDeed::Revoke).await;
    assert!(matches!(unknown, Err(LedgerError::Refused(_))), "{unknown:?}");
    assert!(world.holder("server-sandbox").is_ok());
}

/// A key that was made elsewhere under the name of a secret that is known already changes nothing.
pub async fn have_secrets_of_their_own(make: &Factory<'_>) {
    let world = World::bare(make, Settings::default()).await;
    let id = world.make_key("a", |key| key.permissions = Permissions::of([Scope::Read])).await;
    let again = ApiKey { id: "key_b".to_owned(), ..world.key(&id).await };
    let refused = world.execute(SYSTEM, Work::CreateRecord(again.record())).await;
    assert!(matches!(refused, Err(LedgerError::Refused(_))), "{refused:?}");
    assert_eq!(&*world.holder("a").unwrap().key_id, "key_a");
}

impl World {
    fn holder(&self, secret: &str) -> Result<Arc<KeyHolder>, KeyRefusal> {
        self.ledger.key_holder(secret_hash(secret.as_bytes()))
    }

    /// Makes a key of the sandbox that may everything, or is special; the identifier of its record.
    async fn make_key(&self, secret: &str, special: impl FnOnce(&mut ApiKey)) -> String {
        let mut key = ApiKey {
            id: format!("key_{secret}"),
            name: Some("A key".to_owned()),
            ..ApiKey::full(SANDBOX, true, KeySecret::brought(secret))
        };
        special(&mut key);
        let new = key.record();
        let id = new.id.clone();
        self.execute(SYSTEM, Work::CreateRecord(new)).await.unwrap();
        id
    }

    async fn change(&self, record_id: &str, deed: ApiKeyDeed) -> Result<Answer, LedgerError> {
        let change = ApiKeyChange { record_id: record_id.to_owned(), deed };
        self.execute(SYSTEM, Work::ChangeApiKey(Box::new(change))).await
    }

    async fn key_record(&self, id: &str) -> Record {
        self.ledger.record(SYSTEM, RecordKind::ApiKey, id).await.unwrap().unwrap()
    }

    async fn key(&self, id: &str) -> ApiKey {
        ApiKey::of(&self.key_record(id).await).unwrap()
    }
}

fn rotate(secret: &str, overlap_milliseconds: i64) -> ApiKeyDeed {
    ApiKeyDeed::Rotate { secret: KeySecret::brought(secret), overlap_milliseconds }
}

fn edit(
    name: Option<&str>,
    permissions: Option<Permissions>,
    expires_at: Option<Option<Timestamp>>,
) -> ApiKeyDeed {
    ApiKeyDeed::Edit { name: name.map(str::to_owned), permissions, expires_at }
}

/// So many seconds after the beginning of 1970.
fn instant(seconds: i64) -> Timestamp {
    Timestamp::from_milliseconds(seconds * 1_000).unwrap()
}

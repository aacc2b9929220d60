//! The audit log: who did what, with what it was before and after, in the same commit.

use scrip_core::{Actor, EnvironmentId, Origin, TraceId};
use serde_json::{Map, Value, json};

use super::{Factory, SANDBOX, World, grant_of, instant, item, record, wallet};
use crate::{
    ApiKey, ApiKeyChange, ApiKeyDeed, AuditEntry, CreatedRange, Email, KeySecret, LedgerError,
    NewRecord, Order, PageRequest, PasswordHash, PersonChange, PersonDeed, PortalTokenMade,
    RecordKind, RecordPatch, RecordQuery, Role, SYSTEM, Settings, Start, Work,
};

/// Everything that a person did and that changed something is there once; what was refused is not.
pub async fn tells_what_people_did(make: &Factory<'_>) {
    let world = World::new(make).await;
    let key = wallet("ann/gold");
    let create = grant_of(&key, world.mint(&key), "Welcome", "5");
    world.as_ann(SANDBOX, Work::CreateGrant(Box::new(create))).await.unwrap();
    world.as_ann(SANDBOX, Work::Consume(Box::new(item(&key, "k", "2")))).await.unwrap();
    // A repetition changes nothing.
    world.as_ann(SANDBOX, Work::Consume(Box::new(item(&key, "k", "2")))).await.unwrap();
    let refused = Work::CreateRecord(record(RecordKind::Customer, "ann", &[]));
    world.as_ann(SANDBOX, refused).await.unwrap_err();
    let members = Map::from_iter([("name".to_owned(), json!("Ann"))]);
    let patch = RecordPatch { kind: RecordKind::Customer, id: "ann".to_owned(), members };
    world.as_ann(SANDBOX, Work::PatchRecord(patch)).await.unwrap();
    let told = world.entries(SANDBOX, (AuditEntry::ACTOR, "person:person_ann")).await;
    let operations: Vec<&str> = told.iter().map(|entry| entry.operation.as_str()).collect();
    assert_eq!(operations, ["update", "consume", "create-grant"]);
    let [update, consume, grant] = &told[..] else { panic!("three entries") };
    let change = &update.changes[0];
    assert_eq!(
        (update.target.as_str(), update.customer_id.as_deref()),
        ("customer/ann", Some("ann"))
    );
    assert_eq!(
        (&change.before, &change.after),
        (&Some(Map::new()), &Some(map(json!({"name": "Ann"}))))
    );
    assert_eq!(consume.target, "wallet/ann/gold");
    let change = &consume.changes[0];
    let before = change.before.as_ref().unwrap();
    let after = change.after.as_ref().unwrap();
    assert_eq!((&before["available"], &after["available"]), (&json!("5"), &json!("3")));
    assert_eq!(after["rows"], json!([3]));
    assert_eq!(grant.changes[0].before, None);
    assert_eq!(grant.changes[0].after.as_ref().unwrap()["available"], "5");
    let about = world.entries(SANDBOX, (AuditEntry::CUSTOMER, "ann")).await;
    assert_eq!(about, told);
    let target = world.entries(SANDBOX, (AuditEntry::TARGET, "customer/ann")).await;
    assert_eq!(target, told[..1]);
    let made = PortalTokenMade {
        customer: key.customer.clone(),
        scopes: vec!["usage".to_owned()],
        expires_at: instant("2030-01-02"),
    };
    world.as_ann(SANDBOX, Work::NotePortalToken(Box::new(made))).await.unwrap();
    let told = world.entries(SANDBOX, (AuditEntry::TARGET, "portal-token/ann")).await;
    let [made] = &told[..] else { panic!("one entry: {told:?}") };
    assert_eq!(made.customer_id.as_deref(), Some("ann"));
    let after = json!({"scopes": ["usage"], "expiresAt": "2030-01-02T00:00:00.000Z"});
    assert_eq!(made.changes[0].after, Some(map(after)));
}

/// Of what keys do only what they manage is there: the rest has its rows.
pub async fn tells_what_keys_manage(make: &Factory<'_>) {
    let world = World::new(make).await;
    let key = wallet("ann/gold");
    world.grant(&key, "Welcome", "5").await;
    world.done(Work::Consume(Box::new(item(&key, "k", "2")))).await;
    let told = world.entries(SANDBOX, (AuditEntry::ACTOR, "key:key_1")).await;
    let mut told: Vec<String> =
        told.iter().map(|entry| format!("{} {}", entry.operation, entry.target)).collect();
    told.sort_unstable();
    let expected = [
        "create custom-currency/gold",
        "create custom-currency/silver",
        "move-test-clock environment/2",
    ];
    assert_eq!(told, expected);
}

/// Neither a secret nor the hash of one is in the log, whatever is done with it.
pub async fn shows_no_secret(make: &Factory<'_>) {
    let world = World::bare(make, Settings::default()).await;
    let secret = "server-0123456789abcdef";
    let key = ApiKey::full(SANDBOX, true, KeySecret::brought(secret));
    let new = key.record();
    let (hash, record_id) = (new.id.clone(), new.id.clone());
    world.as_ann(SYSTEM, Work::CreateRecord(new)).await.unwrap();
    let other = KeySecret::brought("server-another-secret");
    let deed = ApiKeyDeed::Rotate { secret: other, overlap_milliseconds: 5 };
    let change = ApiKeyChange { record_id, deed };
    world.as_ann(SYSTEM, Work::ChangeApiKey(Box::new(change))).await.unwrap();
    let provider = NewRecord {
        kind: RecordKind::PaymentProvider,
        id: "default".to_owned(),
        body: map(
            json!({"provider": "STRIPE", "secretKey": "sk_secret", "webhookSecret": "wh_secret"}),
        ),
    };
    world.as_ann(SANDBOX, Work::PutRecords(vec![provider])).await.unwrap();
    let email = Email::parse("bob@example.com").unwrap();
    let deed = PersonDeed::Invite {
        person_id: "person_bob".to_owned(),
        display_name: "Bob".to_owned(),
        account: "default".to_owned(),
        role: Role::Owner,
        link: None,
    };
    for deed in [deed, PersonDeed::SetPassword(PasswordHash("$argon2id$hash".to_owned()))] {
        let change = PersonChange { email: email.clone(), deed };
        world.as_ann(SYSTEM, Work::ChangePerson(Box::new(change))).await.unwrap();
    }
    // What is about a key is told where the key is.
    let by_ann = (AuditEntry::ACTOR, "person:person_ann");
    let told = world.entries(SANDBOX, by_ann).await;
    let targets: Vec<&str> = told.iter().map(|entry| entry.target.as_str()).collect();
    let of_key = format!("api-key/{}", key.id);
    assert_eq!(targets, ["payment-provider/default", of_key.as_str(), of_key.as_str()]);
    let people = world.entries(SYSTEM, (AuditEntry::ACCOUNT, "default")).await;
    let operations: Vec<&str> = people.iter().map(|entry| entry.operation.as_str()).collect();
    assert_eq!(operations, ["set-password", "invite"]);
    let all = format!("{told:?} {people:?}");
    for secret in [secret, &hash, "server-another", "sk_secret", "wh_secret", "argon2id"] {
        assert!(!all.contains(secret), "{secret}: {all}");
    }
    // That it changed is there.
    assert_ne!(people[0].changes[0].before, people[0].changes[0].after);
}

impl World {
    /// Carries out an order of a person.
    async fn as_ann(&self, environment: EnvironmentId, work: Work) -> Result<(), LedgerError> {
        let actor = Actor::Person("person_ann".into());
        let origin = Origin { actor, trace_id: TraceId([7; 16]), salt: [8; 16] };
        let order = Order { environment, origin, work, remember: None };
        self.ledger.execute(order).await.map(drop)
    }

    /// Entries of an environment with a member, newest first.
    async fn entries(
        &self,
        environment: EnvironmentId,
        (member, value): (&'static str, &str),
    ) -> Vec<AuditEntry> {
        let query = RecordQuery {
            environment,
            kind: RecordKind::AuditEntry,
            matching: vec![(member, value.to_owned())],
            created: CreatedRange::default(),
            archived: None,
            page: PageRequest { start: Start::Newest, limit: 50 },
        };
        let page = self.ledger.records(query).await.unwrap();
        page.items.iter().map(|(_, record)| AuditEntry::of(record).unwrap()).collect()
    }
}

fn map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("no object: {other}"),
    }
}

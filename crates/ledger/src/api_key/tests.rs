//! How keys are stored and read again, and what scopes and uses are.

use serde_json::json;

use super::*;

fn record(id: &str, body: Value) -> Record {
    let Value::Object(body) = body else { panic!("a body is an object") };
    let at = Timestamp::from_milliseconds(1_000).unwrap();
    Record {
        ordinal: 1,
        environment: crate::SYSTEM,
        kind: RecordKind::ApiKey,
        id: id.to_owned(),
        created_at: at,
        updated_at: at,
        archived_at: None,
        body,
    }
}

fn key() -> ApiKey {
    ApiKey {
        name: Some("Billing".to_owned()),
        permissions: Permissions::of([Scope::Settings, Scope::Read]),
        expires_at: Timestamp::from_milliseconds(5_000).ok(),
        created_by: Some("key_1".to_owned()),
        ..ApiKey::full(EnvironmentId(2), true, KeySecret::brought("server-1"))
    }
}

#[test]
fn the_first_form_may_everything() {
    let hash = to_hex(&secret_hash(b"server-1"));
    let body = json!({"keyId": "key_1", "environment": "2", "sandbox": true});
    let read = ApiKey::of(&record(&hash, body.clone())).unwrap();
    assert_eq!(read.permissions, Permissions::Full);
    assert_eq!(read.secrets[0].hash, secret_hash(b"server-1"));
    // It is written as it was read, so that an older release goes on with it.
    assert_eq!(Value::Object(read.body(&hash)), body);
    let used = ApiKey { last_used_at: Timestamp::from_milliseconds(1).ok(), ..read };
    assert_eq!(used.body(&hash)["sandbox"], json!(true));
}

#[test]
fn what_an_older_release_would_misread_speaks_for_nobody_there() {
    let plain = key();
    let full = ApiKey { permissions: Permissions::Full, expires_at: None, ..plain.clone() };
    let id = full.record().id;
    assert_eq!(full.record().body["sandbox"], json!(true));
    let scoped = ApiKey { expires_at: None, ..plain.clone() };
    let ends = ApiKey { permissions: Permissions::Full, ..plain };
    let mut rotated = full;
    rotated.secrets[0].hash = secret_hash(b"server-2");
    for key in [scoped, ends, rotated] {
        let body = key.body(&id);
        assert_eq!((body.get("sandbox"), &body["isSandbox"]), (None, &json!(true)), "{key:?}");
    }
}

#[test]
fn a_record_is_read_as_it_was_written() {
    let key = key();
    let new = key.record();
    assert_eq!(ApiKey::of(&record(&new.id, Value::Object(new.body.clone()))), Some(key));
    let told = Value::Object(new.body).to_string();
    assert!(!told.contains("server-1"), "{told}");
}

#[test]
fn what_is_not_understood_speaks_for_nobody() {
    let new = key().record();
    let but = |member: &str, value: Value| {
        let mut body = Value::Object(new.body.clone());
        body[member] = value;
        ApiKey::of(&record(&new.id, body))
    };
    assert_eq!(but("kind", json!("PUBLISHABLE")), None);
    assert_eq!(but("kind", Value::Null), None);
    assert_eq!(but("scopes", Value::Null), None);
    assert_eq!(but("secrets", json!([{"hash": "+1"}])), None);
    assert_eq!(but("expiresAtMilliseconds", json!(i64::MAX)), None);
    let later = but("scopes", json!(["read", "entitlements"])).unwrap();
    assert_eq!(later.permissions, Permissions::of([Scope::Read]));
}

#[test]
fn no_scope_implies_another() {
    for scope in Scope::ALL {
        let only = Permissions::of([scope]);
        let allowed: Vec<_> = Scope::ALL.into_iter().filter(|it| only.allow(*it)).collect();
        assert_eq!((allowed, only.names()), (vec![scope], vec![scope.as_str()]));
        assert!(Permissions::Full.allow(scope));
    }
    assert!(Permissions::of([]).names().is_empty());
}

#[test]
fn a_use_is_worth_writing_once_in_a_while() {
    let last = LastUse::default();
    let noted: Vec<_> = [10, 11, 69, 70, 71].map(|at| last.note(at, 60)).to_vec();
    assert_eq!(noted, [true, false, false, true, false]);
}

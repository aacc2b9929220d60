//! Addresses, and people as they are stored.

use scrip_core::{EnvironmentId, Timestamp};
use serde_json::json;

use super::*;
use crate::SYSTEM;

#[test]
fn addresses_are_read() {
    for (text, read) in [
        ("Ann@Example.COM", Some("ann@example.com")),
        (" ann@example.com ", Some("ann@example.com")),
        ("ann+credits@sub.example.com", Some("ann+credits@sub.example.com")),
        ("Ärger@example.com", Some("ärger@example.com")),
        ("ann", None),
        ("@example.com", None),
        ("ann@", None),
        ("a@b@example.com", None),
        ("ann @example.com", None),
        ("ann@example.com\nbcc:x", None),
        ("<ann@example.com>", None),
        ("", None),
    ] {
        assert_eq!(Email::parse(text).ok().as_ref().map(Email::as_str), read, "{text:?}");
    }
    assert!(Email::parse(&format!("{}@example.com", "a".repeat(242))).is_ok());
    assert!(Email::parse(&format!("{}@example.com", "a".repeat(243))).is_err());
}

fn ann() -> Person {
    Person {
        id: "person_ann".to_owned(),
        email: Email::parse("ann@example.com").unwrap(),
        display_name: "Ann".to_owned(),
        password_hash: Some(PasswordHash("$argon2id$secret".to_owned())),
        identity: Some(Identity {
            issuer: "https://login.example.com".to_owned(),
            subject: "a subject".to_owned(),
        }),
        memberships: vec![
            Membership { account: "default".to_owned(), role: Role::Owner, is_disabled: false },
            Membership { account: "other".to_owned(), role: Role::Viewer, is_disabled: true },
        ],
        generation: 3,
    }
}

fn stored(person: &Person) -> Record {
    let NewRecord { kind, id, body } = person.record();
    let now = Timestamp::from_milliseconds(0).unwrap();
    let environment: EnvironmentId = SYSTEM;
    Record {
        ordinal: 1,
        environment,
        kind,
        id,
        created_at: now,
        updated_at: now,
        archived_at: None,
        body,
    }
}

#[test]
fn people_are_read_as_they_were_stored() {
    let record = stored(&ann());
    assert_eq!(Person::of(&record), Some(ann()));
    assert_eq!(record.text(Person::IDENTITY), Some("https://login.example.com a subject"));
    let plain = Person { password_hash: None, identity: None, memberships: Vec::new(), ..ann() };
    assert_eq!(Person::of(&stored(&plain)), Some(plain));
}

/// What a later release calls a role gives nobody anything here.
#[test]
fn an_unknown_role_is_none() {
    let mut record = stored(&ann());
    record.body["memberships"][0]["role"] = json!("EMPEROR");
    let person = Person::of(&record).unwrap();
    assert_eq!(person.role_in("default"), None);
    assert_eq!((person.role_in("other"), person.memberships.len()), (None, 1));
}

#[test]
fn no_hash_is_in_a_log() {
    let record = stored(&ann());
    let told = format!("{:?} {:?} {:?}", ann(), record, ann().record());
    assert!(!told.contains("argon2id"), "{told}");
}

#[test]
fn a_session_ends_by_itself() {
    let at = |seconds: i64| Timestamp::from_milliseconds(seconds * 1_000).unwrap();
    let person = ann();
    let session = Session {
        token_hash: [7; 32],
        email: person.email.clone(),
        person_id: person.id.clone(),
        generation: 3,
        began_at: at(1_000),
        seen_at: at(1_000),
        by: "password".to_owned(),
        user_agent: String::new(),
        address: String::new(),
    };
    let used = Session { seen_at: at(1_000 + SESSION_SECONDS - 60), ..session.clone() };
    for (session, now, is_good) in [
        (&session, 1_000, true),
        (&session, 1_000 + SESSION_IDLE_SECONDS - 1, true),
        (&session, 1_000 + SESSION_IDLE_SECONDS, false),
        (&used, 1_000 + SESSION_SECONDS - 1, true),
        (&used, 1_000 + SESSION_SECONDS, false),
        (&session, 900, false),
    ] {
        assert_eq!(session.is_good(&person, at(now)), is_good, "{now}");
    }
    let now = at(1_001);
    for other in [
        Person { generation: 4, ..person.clone() },
        Person { id: "person_other".to_owned(), ..person.clone() },
        Person { email: Email::parse("b@example.com").unwrap(), ..person },
    ] {
        assert!(!session.is_good(&other, now), "{other:?}");
    }
}

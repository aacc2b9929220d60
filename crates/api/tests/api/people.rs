//! People: invited, changed, removed, and the log of what people did.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use insta::assert_json_snapshot;
use scrip_api::AppConfig;
use scrip_core::{Actor, Origin, TraceId};
use scrip_ledger::{
    KeyHolder, Ledger, Order, PRODUCTION as PRODUCTION_ID, Role, SYSTEM, Session, Work,
    person_by_id, secret_hash,
};
use serde_json::{Value, json};

use crate::support::{PRODUCTION, SANDBOX, Told, World, consume_body};

const PEOPLE: &str = "/api/v1/people";
const LOG: &str = "/api/v1/audit-log";

async fn invite(world: &World, email: &str, role: &str) -> Value {
    world.post(PEOPLE, json!({"email": email, "role": role})).await.is(201).data()
}

fn path(person: &Value) -> String {
    format!("{PEOPLE}/{}", person["id"].as_str().unwrap())
}

async fn as_person(world: &World, role: Role, method: &str, path: &str, body: Value) -> Told {
    let holder = KeyHolder::of_person("person_support", PRODUCTION_ID, false, role);
    let request = axum::http::Request::builder().method(method).uri(path);
    let request = request.extension(Arc::new(holder));
    let body = if body.is_null() { String::new() } else { body.to_string() };
    world.call(request.body(body.into()).unwrap()).await
}

#[tokio::test]
async fn somebody_is_invited_once() {
    let world = World::new().await;
    let body = json!({"email": " Ann@Example.com", "role": "OWNER", "displayName": "Ann"});
    let once = [("idempotency-key", "k")];
    let told = world.send("POST", PEOPLE, &once, body.to_string()).await.is(201);
    assert_eq!(told.header("cache-control"), "no-store");
    let made = told.data();
    assert_json_snapshot!("invited", made, {".signInLink.token" => "[token]"});
    let token = made["signInLink"]["token"].as_str().unwrap();
    assert_eq!(token.len(), 64);
    let again = world.send("POST", PEOPLE, &once, body.to_string()).await.is(201);
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.data()["signInLink"]["token"], Value::Null);
    let told = world.post(PEOPLE, json!({"email": "ann@example.com", "role": "VIEWER"})).await;
    told.refuses(409, "DuplicatedEntityNotAllowed", "ann@example.com");
    for shown in [world.get(&path(&made)).await.is(200), world.get(PEOPLE).await.is(200)] {
        assert!(
            !shown.text.contains(token) && !shown.text.contains("signInLink"),
            "{}",
            shown.text
        );
    }
    // The sandbox is of the same account, but its keys are not to decide who has production.
    let other = [("x-api-key", SANDBOX)];
    world.send("GET", PEOPLE, &other, "").await.refuses(403, "AccessDeniedError", "SANDBOX");
}

#[tokio::test]
async fn bad_input_invites_nobody() {
    let world = World::new().await;
    for (body, naming) in [
        (json!({}), "email"),
        (json!({"email": "ann@example.com"}), "role"),
        (json!({"email": "ann", "role": "OWNER"}), "email"),
        (json!({"email": "ann@example.com", "role": "owner"}), "role"),
        (json!({"email": "ann@example.com", "role": "OWNER", "displayName": " "}), "displayName"),
        (json!({"email": "ann@example.com", "role": "OWNER", "password": "x"}), "password"),
    ] {
        world.post(PEOPLE, body).await.refuses(400, "BadUserInput", naming);
    }
    let ann = invite(&world, "ann@example.com", "OWNER").await;
    for (body, naming) in [
        (json!({"role": "EMPEROR"}), "role"),
        (json!({"status": "INVITED"}), "status"),
        (json!({"role": "ADMIN", "status": "ACTIVE"}), "together"),
        (json!({"email": "b@example.com"}), "email"),
    ] {
        world.patch(&path(&ann), body).await.refuses(400, "BadUserInput", naming);
    }
    world.get(&format!("{PEOPLE}/person_x")).await.refuses(404, "PersonNotFound", "personId");
    let session = format!("{}/sessions/session_x", path(&ann));
    let told = world.send("DELETE", &session, &[], "").await;
    told.refuses(404, "SessionNotFound", "sessionId");
}

#[tokio::test]
async fn somebody_is_changed_and_removed() {
    let world = World::new().await;
    let ann = invite(&world, "ann@example.com", "OWNER").await;
    let bob = invite(&world, "bob@example.com", "VIEWER").await;
    for (deed, member, value) in [
        (json!({"role": "ADMIN"}), "role", "ADMIN"),
        (json!({"status": "DISABLED"}), "status", "DISABLED"),
        (json!({"status": "ACTIVE"}), "status", "INVITED"),
        (json!({}), "role", "ADMIN"),
    ] {
        assert_eq!(world.patch(&path(&bob), deed).await.is(200).data()[member], value);
    }
    for deed in [json!({"role": "ADMIN"}), json!({"status": "DISABLED"})] {
        let told = world.patch(&path(&ann), deed).await;
        told.refuses(400, "InvalidArgumentError", "last owner");
    }
    let told = world.send("DELETE", &path(&ann), &[], "").await;
    told.refuses(400, "InvalidArgumentError", "last owner");
    let removed = world.send("DELETE", &path(&bob), &[], "").await.is(200).data();
    assert_eq!((&removed["status"], &removed["role"]), (&json!("REMOVED"), &Value::Null));
    world.get(&path(&bob)).await.refuses(404, "PersonNotFound", "personId");
    assert_eq!(world.get(PEOPLE).await.is(200).ids(), [ann["id"].as_str().unwrap()]);
}

/// Somebody has signed in.
async fn sign_in(ledger: &dyn Ledger, id: &str) {
    let (_, person) = person_by_id(ledger, id).await.unwrap().unwrap();
    let now = ledger.now(SYSTEM);
    let session = Session {
        token_hash: secret_hash(b"a token"),
        email: person.email,
        person_id: person.id,
        generation: person.generation,
        began_at: now,
        seen_at: now,
        by: "password".to_owned(),
        user_agent: "a browser".to_owned(),
        address: "192.0.2.1".to_owned(),
    };
    let origin = Origin { actor: Actor::System, trace_id: TraceId([1; 16]), salt: [2; 16] };
    let work = Work::CreateRecord(session.record());
    let order = Order { environment: SYSTEM, origin, work, remember: None };
    ledger.execute(order).await.unwrap();
}

/// A session is signed in to every account of a person: none of several sees or ends it.
#[tokio::test]
async fn sessions_of_somebody_of_other_accounts_are_not_shown() {
    let mut kept = None;
    let world = World::with(AppConfig::default(), |ledger| {
        kept = Some(Arc::clone(&ledger));
        ledger
    });
    let world = world.await;
    let acme = world.post("/api/v1/accounts", json!({"id": "acme"})).await.is(201).data();
    let acme = acme["environment"]["apiKey"]["secret"].as_str().unwrap();
    let ask = async |key: &str, method: &str, path: &str, body: &str| {
        world.send(method, path, &[("x-api-key", key)], body).await
    };
    let ann = invite(&world, "ann@example.com", "OWNER").await;
    sign_in(kept.unwrap().as_ref(), ann["id"].as_str().unwrap()).await;
    let sessions = format!("{}/sessions", path(&ann));
    let shown = world.get(&sessions).await.is(200).ids();
    assert_eq!(shown.len(), 1);
    let theirs = format!("{sessions}/{}", shown[0]);
    ask(acme, "GET", &sessions, "").await.refuses(404, "PersonNotFound", "personId");
    let invitation = r#"{"email": "ann@example.com", "role": "VIEWER"}"#;
    ask(acme, "POST", PEOPLE, invitation).await.is(201);
    for key in [acme, PRODUCTION] {
        for (method, path) in [("GET", &sessions), ("DELETE", &theirs)] {
            let told = ask(key, method, path, "").await;
            told.refuses(400, "InvalidArgumentError", "belongs to other accounts too");
        }
    }
    // What an account says of somebody holds in it alone.
    for (method, path, body) in [
        ("PATCH", path(&ann), r#"{"status": "DISABLED"}"#),
        ("PATCH", path(&ann), r#"{"role": "SUPPORT"}"#),
        ("DELETE", path(&ann), ""),
    ] {
        ask(acme, method, &path, body).await.is(200);
        let here = world.get(&path).await.is(200).data();
        assert_eq!((&here["role"], &here["status"]), (&json!("OWNER"), &ann["status"]), "{method}");
    }
    assert_eq!(world.get(&sessions).await.is(200).ids(), shown);
    ask(PRODUCTION, "DELETE", &theirs, "").await.is(200);
}

#[tokio::test]
async fn people_are_listed_in_pages() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for number in 0..5 {
        let person = invite(&world, &format!("p{number}@example.com"), "VIEWER").await;
        ids.insert(0, person["id"].as_str().unwrap().to_owned());
    }
    let first = world.get(&format!("{PEOPLE}?limit=2")).await.is(200);
    assert_eq!((first.ids(), first.cursor("prev")), (ids[..2].to_vec(), None));
    let next = first.cursor("next").unwrap();
    let second = world.get(&format!("{PEOPLE}?limit=2&after={next}")).await.is(200);
    assert_eq!(second.ids(), ids[2..4]);
    let next = second.cursor("next").unwrap();
    let third = world.get(&format!("{PEOPLE}?limit=2&after={next}")).await.is(200);
    assert_eq!((third.ids(), third.cursor("next")), (ids[4..].to_vec(), None));
    let prev = third.cursor("prev").unwrap();
    let back = world.get(&format!("{PEOPLE}?limit=2&before={prev}")).await.is(200);
    assert_eq!(back.ids(), ids[2..4]);
}

/// What people did is told to admins, and what they did to people to owners only.
#[tokio::test]
async fn the_log_tells_what_people_did() {
    let world = World::furnished().await;
    let grants = "/api/v1/credits/grants";
    let body = crate::support::grant_body(5);
    as_person(&world, Role::Support, "POST", grants, body).await.is(201);
    // What keys do with credits has its rows.
    world.consume(2, "k").await.is(200);
    let consume = "/api/v1/credits/consumption";
    let body = consume_body(1, "l");
    as_person(&world, Role::Support, "POST", consume, body).await.is(200);
    let told = as_person(&world, Role::Admin, "GET", LOG, Value::Null).await.is(200);
    let log = told.data();
    let redacted = json!("[redacted]");
    let mut entries = log.as_array().unwrap().clone();
    for entry in &mut entries {
        for member in ["id", "traceId"] {
            entry[member] = redacted.clone();
        }
    }
    assert_json_snapshot!("log", entries);
    let by_person = world.get(&format!("{LOG}?actor=person:person_support")).await.is(200);
    assert_eq!(by_person.data().as_array().unwrap().len(), 2);
    let about = world.get(&format!("{LOG}?customerId=c&limit=1")).await.is(200);
    assert_eq!(about.data()[0]["operation"], "consume");
    assert!(about.cursor("next").is_some());
    let target = world.get(&format!("{LOG}?target=custom-currency/credits")).await.is(200);
    assert_eq!(target.data()[0]["operation"], "create");
    for role in [Role::Viewer, Role::Support] {
        let told = as_person(&world, role, "GET", LOG, Value::Null).await;
        told.refuses(403, "AccessDeniedError", "`full`");
    }
    let of_people = format!("{LOG}?of=people");
    let told = as_person(&world, Role::Admin, "GET", &of_people, Value::Null).await;
    told.refuses(403, "AccessDeniedError", "of=people");
    invite(&world, "ann@example.com", "OWNER").await;
    let told = as_person(&world, Role::Owner, "GET", &of_people, Value::Null).await.is(200);
    assert_eq!(told.data()[0]["operation"], "invite");
    assert!(!told.text.contains("token"), "{}", told.text);
    world.get(&format!("{LOG}?of=everything")).await.refuses(400, "BadUserInput", "of");
    // The other environment's log is its own.
    let other = [("x-api-key", SANDBOX)];
    assert_eq!(world.send("GET", LOG, &other, "").await.is(200).data(), json!([]));
}

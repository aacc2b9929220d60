//! `Idempotency-Key` (decision 14) and the retries of the official SDKs (decision 41).

use scrip_api::AppConfig;
use serde_json::json;

use crate::support::{SANDBOX, Told, World, but, consume_body, grant_body};

const GRANTS: &str = "/api/v1/credits/grants";

async fn keyed(world: &World, key: &str, body: &str) -> Told {
    world.send("POST", GRANTS, &[("idempotency-key", key)], body).await
}

#[track_caller]
fn replays(again: &Told, first: &Told) {
    assert_eq!((again.status, &again.text), (first.status, &first.text));
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(first.header("idempotent-replayed"), "");
}

#[tokio::test]
async fn a_key_answers_once() {
    let world = World::furnished().await;
    let body = grant_body(1).to_string();
    let first = keyed(&world, "k", &body).await.is(201);
    world.pass(1_000);
    replays(&keyed(&world, "k", &body).await, &first);
    for other in [grant_body(2).to_string(), format!("{body} "), "{".to_owned()] {
        let told = keyed(&world, "k", &other).await;
        told.refuses(409, "DuplicatedEntityNotAllowed", "Idempotency-Key");
    }
    assert_eq!(world.get(&format!("{GRANTS}?customerId=c")).await.ids().len(), 1);
    // The same key elsewhere is another.
    let void = format!("{GRANTS}/{}/void", first.data()["id"].as_str().unwrap());
    let headers = [("idempotency-key", "k")];
    world.send("POST", &void, &headers, "").await.is(200);
    replays(&world.send("POST", &void, &headers, "").await, &keyless(&world, &void).await);
}

/// The stored answer of a void, as its first request saw it.
async fn keyless(world: &World, void: &str) -> Told {
    let mut told = world.send("POST", void, &[("idempotency-key", "k")], "").await;
    told.headers.remove("idempotent-replayed");
    told
}

#[tokio::test]
async fn definite_refusals_are_stored() {
    let world = World::furnished().await;
    let unknown = but(grant_body(1), json!({"customerId": "late"})).to_string();
    let shape = keyed(&world, "shape", "{").await.is(400);
    let missing = keyed(&world, "unknown", &unknown).await.is(404);
    world.post("/api/v1/customers", json!({"id": "late"})).await.is(201);
    for (key, body, first) in [("shape", "{", shape), ("unknown", unknown.as_str(), missing)] {
        let again = keyed(&world, key, body).await;
        replays(&again, &first);
        // Header and body name the same request.
        assert_eq!(again.header("x-trace-id"), again.json()["traceId"]);
    }
    keyed(&world, "other", &unknown).await.is(201);
    let conflict = consume_body(2, "used").to_string();
    world.consume(1, "used").await.is(200);
    let path = "/api/v1/credits/consumption";
    let headers = [("idempotency-key", "k")];
    let first = world.send("POST", path, &headers, &conflict).await.is(409);
    let again = world.send("POST", path, &headers, &conflict).await;
    replays(&again, &first);
    assert_eq!(again.header("x-should-retry"), "false");
}

#[tokio::test]
async fn passing_refusals_are_not_stored() {
    let world = World::furnished().await;
    let headers = [("idempotency-key", "k")];
    let path = "/api/v1/customers";
    // 501 is no answer for ever.
    for _ in 0..2 {
        let told = world.send("POST", path, &headers, r#"{"id":"x","couponId":"c"}"#).await;
        assert_eq!(told.refuses(501, "UnsupportedParameter", "").header("idempotent-replayed"), "");
    }
    let clock = "/api/v1/test-clock";
    for _ in 0..2 {
        let told = world.send("POST", clock, &headers, r#"{"now":"2030-01-01"}"#).await;
        assert_eq!(told.refuses(403, "AccessDeniedError", "").header("idempotent-replayed"), "");
    }
}

#[tokio::test]
async fn keys_have_a_form_and_an_environment() {
    let world = World::furnished().await;
    let body = grant_body(1).to_string();
    for key in ["", &"k".repeat(256)] {
        keyed(&world, key, &body).await.refuses(400, "BadUserInput", "Idempotency-Key");
    }
    keyed(&world, "k", &body).await.is(201);
    let headers = [("idempotency-key", "k"), ("x-api-key", SANDBOX)];
    world.send("POST", GRANTS, &headers, &body).await.refuses(404, "CustomerNotFound", "");
    let strange = [("idempotency-key", "k"), ("x-api-key", "server-strange")];
    world.send("POST", GRANTS, &strange, &body).await.refuses(401, "Unauthenticated", "");
}

#[tokio::test]
async fn sdk_retries_get_the_first_answer() {
    // The switch is the environment's: what is ignored in the sandbox is not ignored here.
    let cases = [
        (vec![], true, 2),
        (vec![scrip_ledger::SANDBOX], true, 2),
        (vec![scrip_ledger::PRODUCTION], false, 4),
    ];
    for (ignore_sdk_retries_in, recognised, grants) in cases {
        let config = AppConfig { ignore_sdk_retries_in, ..AppConfig::default() };
        let world = World::with(config, |ledger| ledger).await;
        world.furnish().await;
        let body = grant_body(1).to_string();
        let attempt = async |count: &str| {
            world.send("POST", GRANTS, &[("x-stainless-retry-count", count)], &body).await.is(201)
        };
        attempt("0").await;
        let second = attempt("0").await;
        for count in ["1", "2"] {
            let again = attempt(count).await;
            if recognised {
                replays(&again, &second);
            }
        }
        let made = world.get(&format!("{GRANTS}?customerId=c")).await.ids().len();
        assert_eq!(made, grants);
        // A count that is no number takes no part.
        attempt("x").await;
    }
}

#[tokio::test]
async fn every_create_and_void_takes_part() {
    let world = World::furnished().await;
    let grant = world.grant(1).await;
    let requests = [
        ("/api/v1/customers".to_owned(), json!({"id": "n"})),
        (
            "/api/v1/customers/import".to_owned(),
            json!({"customers": [{"id": "m", "name": null, "email": null}]}),
        ),
        ("/api/v1/credits/custom-currencies".to_owned(), json!({"id": "n", "displayName": "N"})),
        (format!("{GRANTS}/{grant}/void"), json!({})),
        ("/api/v1/customers/n/archive".to_owned(), json!({})),
    ];
    for (path, body) in requests {
        let attempt = async |count: &str| {
            let headers = [("x-stainless-retry-count", count)];
            world.send("POST", &path, &headers, body.to_string()).await
        };
        let first = attempt("0").await;
        assert!(first.status.is_success(), "{path} {}", first.text);
        replays(&attempt("1").await, &first);
    }
}

//! Accounts and environments: made, listed, archived, reset.

use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::support::{PRODUCTION, SANDBOX, Told, World, grant_body};

const ACCOUNTS: &str = "/api/v1/accounts";
const ENVIRONMENTS: &str = "/api/v1/environments";

async fn with(world: &World, key: &str, method: &str, path: &str, body: Value) -> Told {
    let body = if method == "GET" { String::new() } else { body.to_string() };
    world.send(method, path, &[("x-api-key", key)], body).await
}

fn secret_of(environment: &Value) -> String {
    environment["apiKey"]["secret"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_environment_is_made_with_a_key_that_is_shown_once() {
    let world = World::new().await;
    let body = json!({"id": "staging", "displayName": "Staging", "type": "SANDBOX"});
    let once = [("idempotency-key", "k")];
    let told = world.send("POST", ENVIRONMENTS, &once, body.to_string()).await.is(201);
    assert_eq!(told.header("cache-control"), "no-store");
    let made = told.data();
    assert_json_snapshot!("environment", made, {".apiKey.secret" => "[secret]"});
    let secret = secret_of(&made);
    let again = world.send("POST", ENVIRONMENTS, &once, body.to_string()).await.is(201);
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.data()["apiKey"]["secret"], Value::Null);
    let listed = world.get(ENVIRONMENTS).await.is(200);
    assert!(!listed.text.contains(&secret), "{}", listed.text);
    assert_json_snapshot!("environments", listed.data());
    with(&world, &secret, "GET", "/api/v1/customers", json!(null)).await.is(200);
    let keys = with(&world, &secret, "GET", "/api/v1/api-keys", json!(null)).await.is(200);
    assert_eq!(keys.data()[0]["name"], "First key");
    assert_eq!(keys.data()[0]["id"], made["apiKey"]["id"]);
    // It has a test clock of its own.
    let clock = json!({"now": "2026-05-01T00:00:00Z"});
    with(&world, &secret, "POST", "/api/v1/test-clock", clock).await.is(200);
    world.get(ENVIRONMENTS).await.is(200);
}

#[tokio::test]
async fn what_is_wrong_with_an_environment_is_said() {
    let world = World::new().await;
    for (body, status, code, naming) in [
        (json!({"id": "sandbox", "type": "SANDBOX"}), 409, "DuplicatedEntityNotAllowed", "id: "),
        (json!({"id": "Staging", "type": "SANDBOX"}), 400, "BadUserInput", "id must be"),
        (json!({"id": "1", "type": "SANDBOX"}), 400, "BadUserInput", "begin with a letter"),
        (json!({"id": "a".repeat(64), "type": "SANDBOX"}), 400, "BadUserInput", "1 to 63"),
        (json!({"id": "a", "type": "TEST"}), 400, "BadUserInput", "type"),
        (
            json!({"id": "a", "type": "SANDBOX", "displayName": " "}),
            400,
            "BadUserInput",
            "displayName",
        ),
        (json!({"type": "SANDBOX"}), 400, "BadUserInput", "id"),
        (json!({"id": "assets", "type": "SANDBOX"}), 400, "BadUserInput", "id: \"assets\""),
        (json!({"id": "sign-in", "type": "SANDBOX"}), 400, "BadUserInput", "id: \"sign-in\""),
    ] {
        world.post(ENVIRONMENTS, body).await.refuses(status, code, naming);
    }
    for (path, naming) in [
        ("/api/v1/environments/production/archive", "does not archive its own"),
        ("/api/v1/accounts/default/archive", "whoever runs the server"),
    ] {
        world.post(path, json!({})).await.refuses(400, "InvalidArgumentError", naming);
    }
    let told = world.post("/api/v1/accounts/nobody/archive", json!({})).await;
    told.refuses(404, "AccountNotFound", "accountId");
    let told = world.post(ACCOUNTS, json!({"id": "a".repeat(53)})).await;
    told.refuses(400, "BadUserInput", "at most 52");
}

/// What is given away for trying things cannot end what is real.
#[tokio::test]
async fn a_key_of_a_sandbox_resets_its_own_and_nothing_else() {
    let world = World::new().await;
    let staging = json!({"id": "staging", "type": "SANDBOX"});
    world.post(ENVIRONMENTS, staging.clone()).await.is(201);
    for (path, body) in [
        (ACCOUNTS, json!({"id": "acme"})),
        (ENVIRONMENTS, json!({"id": "more", "type": "SANDBOX"})),
        ("/api/v1/environments/production/archive", json!({})),
        ("/api/v1/environments/staging/archive", json!({})),
        ("/api/v1/environments/staging/reset", json!({})),
        ("/api/v1/accounts/default/archive", json!({})),
    ] {
        let told = with(&world, SANDBOX, "POST", path, body).await;
        told.refuses(403, "AccessDeniedError", "SANDBOX");
    }
    let own = "/api/v1/environments/sandbox/reset";
    with(&world, SANDBOX, "POST", own, json!({})).await.is(200);
    with(&world, SANDBOX, "GET", "/api/v1/customers", json!(null)).await.is(200);
}

#[tokio::test]
async fn a_production_environment_is_never_reset() {
    let world = World::furnished().await;
    world.grant(5).await;
    for (key, path) in [(PRODUCTION, "production"), (PRODUCTION, "staging")] {
        if path == "staging" {
            let body = json!({"id": "staging", "type": "PRODUCTION"});
            world.post(ENVIRONMENTS, body).await.is(201);
        }
        let path = format!("{ENVIRONMENTS}/{path}/reset");
        let told = with(&world, key, "POST", &path, json!({})).await;
        told.refuses(403, "AccessDeniedError", "SANDBOX");
    }
    let customers = world.get("/api/v1/customers").await.is(200);
    assert_eq!(customers.ids(), ["c"]);
}

/// From the answer on: with the same key, everything is gone.
#[tokio::test]
async fn a_reset_sandbox_is_empty_and_keeps_its_keys() {
    let world = World::furnished().await;
    let key = [("x-api-key", SANDBOX)];
    let currency = json!({
        "id": "credits",
        "displayName": "Credits",
        "units": {"singular": "credit", "plural": "credits"},
    });
    let furnish = async || {
        with(&world, SANDBOX, "POST", "/api/v1/customers", json!({"id": "c"})).await.is(201);
        with(&world, SANDBOX, "POST", "/api/v1/customers", json!({"id": "d"})).await.is(201);
        let currencies = "/api/v1/credits/custom-currencies";
        with(&world, SANDBOX, "POST", currencies, currency.clone()).await.is(201);
    };
    furnish().await;
    let once = [key[0], ("idempotency-key", "k")];
    let grants = "/api/v1/credits/grants";
    let body = grant_body(5).to_string();
    let grant = world.send("POST", grants, &once, &body).await.is(201).data();
    let first = world.send("GET", "/api/v1/customers?limit=1", &key, "").await.is(200);
    let cursor = first.cursor("next").unwrap();
    world
        .send(
            "PUT",
            "/api/v1/payment-provider",
            &key,
            r#"{"provider": "STRIPE", "secretKey": "sk_test_0123456789abcdef"}"#,
        )
        .await
        .is(200);
    let clock = json!({"now": "2027-01-01T00:00:00Z"});
    with(&world, SANDBOX, "POST", "/api/v1/test-clock", clock).await.is(200);

    let path = "/api/v1/environments/sandbox/reset";
    let reset_once = [key[0], ("idempotency-key", "reset")];
    let reset = world.send("POST", path, &reset_once, "").await.is(200);
    assert_json_snapshot!("reset", reset.data());
    let empty = async |path: &str| {
        let told = world.send("GET", path, &key, "").await.is(200);
        assert_eq!(told.data(), json!([]), "{path}");
    };
    for path in ["/api/v1/customers", "/api/v1/credits/custom-currencies", "/api/v1/invoices"] {
        empty(path).await;
    }
    let path_of_grant = format!("{grants}/{}", grant["id"].as_str().unwrap());
    world.send("GET", &path_of_grant, &key, "").await.refuses(404, "CreditGrantNotFound", "id");
    let told =
        world.send("GET", &format!("/api/v1/customers?limit=1&after={cursor}"), &key, "").await;
    told.refuses(400, "BadUserInput", "after");
    let provider = world.send("GET", "/api/v1/payment-provider", &key, "").await.is(200);
    assert_eq!(provider.data()["provider"], "MANUAL");
    // The same names and the same key are new, and time is real time again.
    furnish().await;
    let again = world.send("POST", grants, &once, &body).await.is(201);
    assert_eq!(again.header("idempotent-replayed"), "");
    assert_eq!(&again.data()["createdAt"].as_str().unwrap()[..10], "2026-01-02");
    // Whoever asks again because the answer was lost resets nothing that came after it.
    let repeated = world.send("POST", path, &reset_once, "").await.is(200);
    assert_eq!(repeated.header("idempotent-replayed"), "true");
    let customers = world.send("GET", "/api/v1/customers", &key, "").await.is(200);
    assert_eq!(customers.ids(), ["d", "c"]);
    // Production is as it was.
    assert_eq!(world.get("/api/v1/customers").await.is(200).ids(), ["c"]);
    let keys = with(&world, SANDBOX, "GET", "/api/v1/api-keys", json!(null)).await.is(200);
    assert_eq!(keys.data().as_array().unwrap().len(), 1);
    let more = json!({"name": "More", "scopes": ["read"]});
    let more = with(&world, SANDBOX, "POST", "/api/v1/api-keys", more).await.is(201).data();
    let more = more["secret"].as_str().unwrap();
    let theirs = with(&world, more, "GET", "/api/v1/customers", json!(null)).await.is(200);
    assert_eq!(theirs.ids(), ["d", "c"]);
}

#[tokio::test]
async fn an_archived_environment_refuses_its_keys() {
    let world = World::new().await;
    let body = json!({"id": "staging", "type": "PRODUCTION"});
    let staging = world.post(ENVIRONMENTS, body).await.is(201).data();
    let secret = secret_of(&staging);
    let path = "/api/v1/environments/staging/archive";
    let archived = world.post(path, json!({})).await.is(200).data();
    assert_eq!(archived["status"], "ARCHIVED");
    assert_eq!(world.post(path, json!({})).await.is(200).data(), archived);
    let told = with(&world, &secret, "GET", "/api/v1/customers", json!(null)).await;
    told.refuses(401, "Unauthenticated", "the environment of the API key is archived");
    world.get("/api/v1/customers").await.is(200);
    let told = world.post("/api/v1/environments/staging/reset", json!({})).await;
    told.refuses(400, "EntityIsArchivedError", "environmentId");
}

#[tokio::test]
async fn an_account_is_made_with_an_environment_and_ends_with_it() {
    let world = World::new().await;
    let body = json!({"id": "acme", "displayName": "Acme, Inc."});
    let told = world.post(ACCOUNTS, body).await.is(201);
    assert_eq!(told.header("cache-control"), "no-store");
    let made = told.data();
    assert_json_snapshot!("account", made, {".environment.apiKey.secret" => "[secret]"});
    let secret = secret_of(&made["environment"]);
    let own = with(&world, &secret, "GET", ACCOUNTS, json!(null)).await.is(200).data();
    assert_eq!(own.as_array().unwrap().len(), 1);
    assert_eq!(world.get(ACCOUNTS).await.is(200).data().as_array().unwrap().len(), 2);
    let sandbox = json!({"id": "acme-sandbox", "type": "SANDBOX"});
    let sandbox = with(&world, &secret, "POST", ENVIRONMENTS, sandbox).await.is(201).data();
    assert_eq!(sandbox["accountId"], "acme");
    let archived = world.post("/api/v1/accounts/acme/archive", json!({})).await.is(200).data();
    assert_eq!(archived["status"], "ARCHIVED");
    for secret in [secret, secret_of(&sandbox)] {
        let told = with(&world, &secret, "GET", "/api/v1/customers", json!(null)).await;
        told.refuses(401, "Unauthenticated", "archived");
    }
    world.get("/api/v1/customers").await.is(200);
}

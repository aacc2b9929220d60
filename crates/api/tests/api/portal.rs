//! What a customer sees with a portal token, and that it is nothing else.

use std::num::NonZeroU32;
use std::sync::Arc;

use scrip_api::AppConfig;
use scrip_ledger::{KeyHolder, PRODUCTION as PRODUCTION_ID, Role};
use serde_json::{Value, json};

use crate::support::{PRODUCTION, SANDBOX, Told, World, but, grant_body};

const TOKENS: &str = "/api/v1/customers/c/portal-tokens";
const OWN: &str = "/api/v1/portal-token";
const PARTS: [(&str, &str); 4] = [
    ("balances", "/api/v1/credits/balances?customerId=c"),
    ("usage", "/api/v1/credits/usage?customerId=c&currencyId=credits&timeRange=LAST_DAY"),
    ("grants", "/api/v1/credits/grants?customerId=c"),
    ("auto-recharge", "/api/v1/credits/auto-recharge?customerId=c&currencyId=credits"),
];

async fn token(world: &World, body: Value) -> String {
    let made = world.post(TOKENS, body).await.is(201).data();
    made["token"].as_str().unwrap().to_owned()
}

async fn with(world: &World, token: &str, path: &str) -> Told {
    let request = axum::http::Request::builder().uri(path).header("x-customer-token", token);
    world.call(request.body(String::new().into()).unwrap()).await
}

#[tokio::test]
async fn a_token_opens_what_is_its_customers() {
    let world = World::furnished().await;
    world.grant(10).await;
    let theme = json!({"accentColor": "#0055AA", "cornerRadiusPixels": 4, "colorScheme": "DARK"});
    let made = world.post(TOKENS, json!({"theme": theme})).await.is(201);
    assert_eq!(made.header("cache-control"), "no-store");
    let made = made.data();
    let token = made["token"].as_str().unwrap();
    assert_eq!(made["path"], format!("/portal?token={token}"));
    assert_eq!(made["expiresAt"], "2026-01-02T04:04:05.000Z");
    assert_eq!(made["scopes"], json!(["balances", "usage", "grants", "auto-recharge"]));
    for (_, path) in PARTS {
        with(&world, token, path).await.is(200);
    }
    let own = with(&world, token, OWN).await.is(200).data();
    insta::assert_json_snapshot!(own);
}

/// What a person makes is noted, and made once; programs make one for each visit.
#[tokio::test]
async fn a_token_of_a_person_is_in_the_audit_log() {
    let world = World::furnished().await;
    let ask = async |key: &str, body: Value| {
        let holder = KeyHolder::of_person("person_ann", PRODUCTION_ID, false, Role::Support);
        let request = axum::http::Request::post(TOKENS).header("idempotency-key", key);
        let mut request = request.body(body.to_string().into()).unwrap();
        request.extensions_mut().insert(Arc::new(holder));
        world.call(request).await.is(201)
    };
    let body = json!({"scopes": ["usage"], "ttlSeconds": 60});
    let made = ask("once", body.clone()).await;
    assert_eq!(made.header("cache-control"), "no-store");
    with(&world, made.data()["token"].as_str().unwrap(), OWN).await.is(200);
    let mut repeated = made.data();
    (repeated["token"], repeated["path"]) = (Value::Null, Value::Null);
    assert_eq!(ask("once", body.clone()).await.data(), repeated);
    token(&world, body).await;
    let log = world.get("/api/v1/audit-log?customerId=c").await.is(200).data();
    assert_eq!(log.as_array().unwrap().len(), 1, "{log}");
    assert_eq!(log[0]["operation"], "create-portal-token");
    assert_eq!(log[0]["actor"], "person:person_ann");
    let after = json!({"scopes": ["usage"], "expiresAt": "2026-01-02T03:05:05.000Z"});
    assert_eq!(log[0]["changes"][0]["after"], after);
}

#[tokio::test]
async fn a_token_opens_no_other_parts_than_it_names() {
    let world = World::furnished().await;
    for (scope, own) in PARTS {
        let token = token(&world, json!({"scopes": [scope, scope]})).await;
        for (_, path) in PARTS {
            let told = with(&world, &token, path).await;
            if path == own {
                assert_eq!(told.status, 200, "{scope} {path}");
            } else {
                told.refuses(403, "AccessDeniedError", "does not open");
            }
        }
        assert_eq!(with(&world, &token, OWN).await.is(200).data()["scopes"], json!([scope]));
    }
}

/// Another customer is neither seen nor told from none.
#[tokio::test]
async fn nobody_else_is_seen() {
    let world = World::furnished().await;
    world.post("/api/v1/customers", json!({"id": "d"})).await.is(201);
    let token = token(&world, json!({})).await;
    for (_, path) in PARTS {
        for other in ["d", "nobody", "", "C", "c%20", "c&customerId=d"] {
            let path = path.replace("customerId=c", &format!("customerId={other}"));
            let status = with(&world, &token, &path).await.status.as_u16();
            let expected = if other.contains('&') { 400 } else { 403 };
            assert_eq!(status, expected, "{path}");
        }
        let unnamed = path.replace("customerId=c", "");
        with(&world, &token, &unnamed).await.refuses(403, "AccessDeniedError", "customerId");
    }
}

/// A customer of the same name in another environment is another customer.
#[tokio::test]
async fn a_token_is_of_one_environment() {
    let world = World::furnished().await;
    world.grant(10).await;
    let sandbox = [("x-api-key", SANDBOX)];
    let customer = json!({"id": "c"}).to_string();
    world.send("POST", "/api/v1/customers", &sandbox, customer).await.is(201);
    let made = world.send("POST", TOKENS, &sandbox, "").await.is(201).data();
    let token = made["token"].as_str().unwrap();
    assert_eq!(with(&world, token, PARTS[0].1).await.is(200).data(), json!([]));
    assert_eq!(with(&world, token, OWN).await.is(200).data()["isSandbox"], true);
    // What is reset is somebody else.
    world.send("POST", "/api/v1/environments/sandbox/reset", &sandbox, "").await.is(200);
    with(&world, token, OWN).await.refuses(401, "Unauthenticated", "has ended");
    let customer = json!({"id": "c"}).to_string();
    world.send("POST", "/api/v1/customers", &sandbox, customer).await.is(201);
    with(&world, token, OWN).await.refuses(401, "Unauthenticated", "has ended");
}

#[tokio::test]
async fn a_token_ends() {
    let world = World::furnished().await;
    let short = token(&world, json!({"ttlSeconds": 60})).await;
    let long = token(&world, json!({})).await;
    world.pass(59_999);
    with(&world, &short, OWN).await.is(200);
    world.pass(1);
    with(&world, &short, OWN).await.refuses(401, "Unauthenticated", "has expired");
    with(&world, &long, OWN).await.is(200);
    let ended = world.send("DELETE", TOKENS, &[], "").await.is(200).data();
    assert_eq!(ended, json!({"customerId": "c", "endedAt": "2026-01-02T03:05:05.000Z"}));
    with(&world, &long, OWN).await.refuses(401, "Unauthenticated", "was revoked");
    let new = token(&world, json!({})).await;
    with(&world, &new, OWN).await.is(200);
    // Other changes of the customer end nothing, and undo no end.
    world
        .patch("/api/v1/customers/c", json!({"name": "Cee", "metadata": {"a": "b"}}))
        .await
        .is(200);
    with(&world, &new, OWN).await.is(200);
    with(&world, &long, OWN).await.refuses(401, "Unauthenticated", "was revoked");
    let customer = world.get("/api/v1/customers/c").await.is(200).text;
    assert!(!customer.contains("Generation"), "{customer}");
}

#[tokio::test]
async fn what_is_no_token_opens_nothing() {
    let world = World::furnished().await;
    let good = token(&world, json!({})).await;
    let (front, seal) = good.split_once('.').unwrap();
    let others =
        ["", "portal_", PRODUCTION, front, &format!("{front}."), &format!("{front}.{seal}x")];
    for other in others {
        with(&world, other, OWN).await.refuses(401, "Unauthenticated", "is not known");
    }
    // A key is looked at first, and asks for itself.
    let both = [("x-api-key", PRODUCTION), ("x-customer-token", good.as_str())];
    world.send("GET", OWN, &both, "").await.refuses(403, "AccessDeniedError", "X-CUSTOMER-TOKEN");
    world.send("GET", "/api/v1/customers", &both, "").await.is(200);
}

/// What the team notes on a grant for itself is not shown to the customer.
#[tokio::test]
async fn notes_of_the_team_stay_with_it() {
    let world = World::furnished().await;
    let noted = json!({"comment": "angry on the phone", "metadata": {"ticket": "4711"}});
    world.post("/api/v1/credits/grants", but(grant_body(5), noted)).await.is(201);
    let token = token(&world, json!({})).await;
    let seen = with(&world, &token, PARTS[2].1).await.is(200);
    assert!(!seen.text.contains("angry") && !seen.text.contains("4711"), "{}", seen.text);
    assert_eq!(seen.data()[0]["comment"], Value::Null);
    assert_eq!(seen.data()[0]["metadata"], json!({}));
    let known = world.get(PARTS[2].1).await.is(200).data();
    assert_eq!(known[0]["comment"], "angry on the phone");
}

#[tokio::test]
async fn what_cannot_be_made() {
    let world = World::furnished().await;
    let rows = [
        (json!({"scopes": []}), "scopes must name at least one"),
        (json!({"scopes": ["ledger"]}), "scopes[0] must be one of balances"),
        (json!({"ttlSeconds": 59}), "ttlSeconds must be a whole number from 60 to 3600"),
        (json!({"ttlSeconds": 3601}), "ttlSeconds"),
        (json!({"theme": {"accentColor": "red"}}), "theme.accentColor must be a color"),
        (json!({"theme": {"textColor": "#fff; }"}}), "theme.textColor"),
        (json!({"theme": {"cornerRadiusPixels": 33}}), "theme.cornerRadiusPixels"),
        (json!({"theme": {"colorScheme": "BLUE"}}), "theme.colorScheme must be one of LIGHT, DARK"),
        (json!({"theme": {"font": "serif"}}), "font"),
        (json!({"customerId": "d"}), "customerId"),
    ];
    for (body, naming) in rows {
        world.post(TOKENS, body).await.refuses(400, "BadUserInput", naming);
    }
    let of_nobody = "/api/v1/customers/nobody/portal-tokens";
    world.post(of_nobody, json!({})).await.refuses(404, "CustomerNotFound", "nobody");
    world.send("DELETE", of_nobody, &[], "").await.refuses(404, "CustomerNotFound", "nobody");
    let old = token(&world, json!({})).await;
    world.post("/api/v1/customers/c/archive", json!({})).await.is(200);
    world.post(TOKENS, json!({})).await.refuses(400, "EntityIsArchivedError", "c");
    with(&world, &old, PARTS[0].1).await.refuses(401, "Unauthenticated", "is archived");
}

/// Each customer by itself, and none of them at the cost of the key that made the token.
#[tokio::test]
async fn customers_are_bounded() {
    let config = AppConfig { requests_a_second: NonZeroU32::new(5), ..AppConfig::default() };
    let world = World::with(config, |ledger| ledger).await;
    world.post("/api/v1/customers", json!({"id": "c"})).await.is(201);
    world.post("/api/v1/customers", json!({"id": "d"})).await.is(201);
    let busy = token(&world, json!({})).await;
    let calm = world.post("/api/v1/customers/d/portal-tokens", json!({})).await.is(201).data();
    let mut told = with(&world, &busy, OWN).await;
    for _ in 0..50 {
        if told.status == 429 {
            break;
        }
        told = with(&world, &busy, OWN).await;
    }
    told.refuses(429, "RateLimitExceeded", "this customer");
    with(&world, calm["token"].as_str().unwrap(), OWN).await.is(200);
}

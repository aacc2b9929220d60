//! Users with a token: who they are, in which account and environment they ask, and what they may there.

use std::sync::Arc;

use axum::body::Body;
use axum::http::Request;
use scrip_api::{AppConfig, Boxed, TokenRefusal, TokenUser, Users, VerifyUsers};
use serde_json::{Value, json};

use crate::support::{PRODUCTION, Told, World, grant_body};

const CUSTOMERS: &str = "/api/v1/customers";
const IN_PRODUCTION: (&str, &str) = ("x-environment-id", "production");

/// Takes the name of somebody for a token, whose address the issuer has verified unless it is said not to.
struct Names;

impl VerifyUsers for Names {
    fn verify<'a>(&'a self, token: &'a str, _: i64) -> Boxed<'a, Result<TokenUser, TokenRefusal>> {
        let (name, kind) = token.split_once('.').unwrap_or((token, ""));
        let verified = (kind != "unverified").then(|| format!("{name}@example.com"));
        let user = TokenUser {
            issuer: "https://login.example.com".to_owned(),
            subject: format!("sub-{name}"),
            verified_email: verified,
        };
        Box::pin(std::future::ready(match kind {
            "expired" => Err(TokenRefusal::Worthless("it has expired".to_owned())),
            "down" => Err(TokenRefusal::NotNow("the issuer is down".to_owned())),
            "broken" => panic!("the verifier is broken"),
            _ => Ok(user),
        }))
    }
}

/// A world that takes tokens.
pub async fn world() -> World {
    World::with(config(), |ledger| ledger).await
}

fn config() -> AppConfig {
    AppConfig { users: Users(Some(Arc::new(Names))), ..AppConfig::default() }
}

/// Lets somebody into the account of a key.
pub async fn invite(world: &World, key: &str, name: &str, role: &str) {
    let body = json!({"email": format!("{name}@example.com"), "role": role}).to_string();
    world.send("POST", "/api/v1/people", &[("x-api-key", key)], body).await.is(201);
}

/// A request with a token and no key.
pub async fn ask(
    world: &World,
    token: &str,
    headers: &[(&str, &str)],
    (method, path): (&str, &str),
    body: &Value,
) -> Told {
    let bearer = format!("Bearer {token}");
    let mut request = Request::builder().method(method).uri(path).header("authorization", bearer);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = if body.is_null() { String::new() } else { body.to_string() };
    world.call(request.body(Body::from(body)).unwrap()).await
}

async fn get(world: &World, token: &str, headers: &[(&str, &str)], path: &str) -> Told {
    ask(world, token, headers, ("GET", path), &Value::Null).await
}

#[tokio::test]
async fn a_user_asks_in_the_environment_that_is_named() {
    let world = world().await;
    world.furnish().await;
    invite(&world, PRODUCTION, "ann", "SUPPORT").await;
    let told = get(&world, "ann", &[IN_PRODUCTION], CUSTOMERS).await.is(200);
    assert_eq!(told.ids(), ["c"]);
    let in_sandbox = ("x-environment-id", "sandbox");
    let told = get(&world, "ann", &[in_sandbox], CUSTOMERS).await.is(200);
    assert_eq!(told.data(), json!([]));
    // The account may be named, and is the first one otherwise.
    let account = ("x-account-id", "default");
    get(&world, "ann", &[account, IN_PRODUCTION], CUSTOMERS).await.is(200);
    // Rows say who it was.
    let grants = ("POST", "/api/v1/credits/grants");
    ask(&world, "ann", &[IN_PRODUCTION], grants, &grant_body(5)).await.is(201);
    let rows = world.get("/api/v1/credits/ledger?customerId=c").await.is(200);
    let actor = rows.data()[0]["actor"].as_str().unwrap().to_owned();
    assert!(actor.starts_with("person:"), "{actor}");
    // What is not for one environment needs none.
    let told = get(&world, "ann", &[], "/api/v1/environments").await.is(200);
    assert_eq!(told.data().as_array().unwrap().len(), 2);
    invite(&world, PRODUCTION, "bob", "OWNER").await;
    let told = get(&world, "bob", &[], "/api/v1/people").await.is(200);
    assert_eq!(told.data().as_array().unwrap().len(), 2);
    let bob = told.ids()[0].clone();
    get(&world, "bob", &[], &format!("/api/v1/people/{bob}/sessions")).await.is(200);
    for path in ["/api/v1/audit-log", "/api/v1/people-of-others"] {
        let told = get(&world, "bob", &[], path).await;
        told.refuses(400, "BadUserInput", "X-ENVIRONMENT-ID");
    }
}

/// Requests of a person are counted before anything is looked up for them, however they end.
#[tokio::test]
async fn a_user_may_be_bounded() {
    let requests_a_second = std::num::NonZeroU32::new(3);
    let world = World::with(AppConfig { requests_a_second, ..config() }, |ledger| ledger).await;
    invite(&world, PRODUCTION, "ann", "VIEWER").await;
    for headers in [&[IN_PRODUCTION][..], &[("x-account-id", "nothing")], &[]] {
        let mut statuses = Vec::new();
        for _ in 0..20 {
            statuses.push(get(&world, "ann", headers, CUSTOMERS).await.status.as_u16());
        }
        assert!(statuses.contains(&429), "{headers:?}: {statuses:?}");
    }
    get(&world, "eve", &[IN_PRODUCTION], CUSTOMERS).await.is(403);
}

#[tokio::test]
async fn who_is_not_authenticated_is_told_so() {
    let world = world().await;
    invite(&world, PRODUCTION, "ann", "OWNER").await;
    let told = get(&world, "ann.expired", &[IN_PRODUCTION], CUSTOMERS).await;
    told.refuses(401, "Unauthenticated", "it has expired");
    let told = get(&world, "ann.down", &[IN_PRODUCTION], CUSTOMERS).await;
    told.refuses(503, "ServiceUnavailable", "try again");
    let told = get(&world, "ann.broken", &[IN_PRODUCTION], CUSTOMERS).await;
    told.refuses(500, "UnexpectedError", "");
    for authorization in ["Basic YW5uOmFubg==", "Bearer", "Bearer ", "ann"] {
        let request = Request::builder().uri(CUSTOMERS).header("authorization", authorization);
        let told = world.call(request.body(Body::empty()).unwrap()).await;
        told.refuses(401, "Unauthenticated", "Bearer");
    }
    let told = world.call(Request::builder().uri(CUSTOMERS).body(Body::empty()).unwrap()).await;
    told.refuses(401, "Unauthenticated", "X-API-KEY is missing");
    // With a key, the key decides, whatever else is there.
    let wrong = [("x-api-key", "server-wrong"), ("authorization", "Bearer ann"), IN_PRODUCTION];
    world.send("GET", CUSTOMERS, &wrong, "").await.refuses(401, "Unauthenticated", "not known");
    let ignored = [("x-account-id", "nobody"), ("x-environment-id", "nothing")];
    world.send("GET", CUSTOMERS, &ignored, "").await.is(200);
    // A server without an issuer takes no tokens.
    let told = get(&World::new().await, "ann", &[IN_PRODUCTION], CUSTOMERS).await;
    told.refuses(401, "Unauthenticated", "no tokens of users");
}

#[tokio::test]
async fn who_may_not_is_told_so_and_nothing_of_others() {
    let world = world().await;
    world.furnish().await;
    let acme = world.post("/api/v1/accounts", json!({"id": "acme"})).await.is(201).data();
    let acme = acme["environment"]["apiKey"]["secret"].as_str().unwrap().to_owned();
    invite(&world, PRODUCTION, "ann", "VIEWER").await;
    invite(&world, &acme, "bob", "OWNER").await;
    let forbidden = async |token: &str, headers: &[(&str, &str)], naming: &str| {
        let told = get(&world, token, headers, CUSTOMERS).await;
        told.refuses(403, "AccessDeniedError", naming);
    };
    // Nobody, or nobody whose address is known to be his.
    forbidden("eve", &[IN_PRODUCTION], "nobody here").await;
    forbidden("ann.unverified", &[IN_PRODUCTION], "nobody here").await;
    // An account of others is told from none by nothing.
    for account in ["acme", "nothing"] {
        forbidden("ann", &[("x-account-id", account), IN_PRODUCTION], "X-ACCOUNT-ID").await;
    }
    for environment in ["acme-production", "nothing", "1", ""] {
        forbidden("ann", &[("x-environment-id", environment)], "X-ENVIRONMENT-ID").await;
    }
    // His own account is the first one, and another one's environments are not in it.
    forbidden("bob", &[IN_PRODUCTION], "X-ENVIRONMENT-ID").await;
    let theirs = ("x-environment-id", "acme-production");
    let told = get(&world, "bob", &[theirs], CUSTOMERS).await.is(200);
    assert_eq!(told.data(), json!([]));
    // No environment is named, or two are.
    let told = get(&world, "ann", &[], CUSTOMERS).await;
    told.refuses(400, "BadUserInput", "X-ENVIRONMENT-ID");
    let told = get(&world, "ann", &[IN_PRODUCTION, theirs], CUSTOMERS).await;
    told.refuses(400, "BadUserInput", "x-environment-id");
    // The role decides.
    let grants = ("POST", "/api/v1/credits/grants");
    let told = ask(&world, "ann", &[IN_PRODUCTION], grants, &grant_body(5)).await;
    told.refuses(403, "AccessDeniedError", "`grants`");
}

/// Somebody who belongs to two accounts has the role of each there.
#[tokio::test]
async fn a_role_is_of_its_account() {
    let world = world().await;
    let acme = world.post("/api/v1/accounts", json!({"id": "acme"})).await.is(201).data();
    let acme = acme["environment"]["apiKey"]["secret"].as_str().unwrap().to_owned();
    invite(&world, PRODUCTION, "ann", "VIEWER").await;
    invite(&world, &acme, "ann", "OWNER").await;
    let of = |account, environment| [("x-account-id", account), ("x-environment-id", environment)];
    let make = ("POST", CUSTOMERS);
    let body = json!({"id": "c"});
    let told = ask(&world, "ann", &of("default", "production"), make, &body).await;
    told.refuses(403, "AccessDeniedError", "`customers`");
    ask(&world, "ann", &of("acme", "acme-production"), make, &body).await.is(201);
    for (account, environment) in [("acme", "production"), ("default", "acme-production")] {
        let told = get(&world, "ann", &of(account, environment), CUSTOMERS).await;
        told.refuses(403, "AccessDeniedError", "X-ENVIRONMENT-ID");
    }
    // Whoever owns an account makes environments in it, and in no other one.
    let body = json!({"id": "acme-test", "type": "SANDBOX"});
    let make = ("POST", "/api/v1/environments");
    let told = ask(&world, "ann", &[("x-account-id", "acme")], make, &body).await.is(201);
    assert_eq!(told.data()["accountId"], "acme");
    let told = ask(&world, "ann", &[("x-account-id", "default")], make, &body).await;
    told.refuses(403, "AccessDeniedError", "`full`");
}

/// An archived environment is read by its people, and changed by nobody.
#[tokio::test]
async fn an_archived_environment_is_read_only() {
    let world = world().await;
    let body = json!({"id": "staging", "type": "PRODUCTION"});
    let staging = world.post("/api/v1/environments", body).await.is(201).data();
    let key = staging["apiKey"]["secret"].as_str().unwrap();
    world.send("POST", CUSTOMERS, &[("x-api-key", key)], r#"{"id": "c"}"#).await.is(201);
    invite(&world, PRODUCTION, "ann", "OWNER").await;
    let there = [("x-environment-id", "staging")];
    let archive = ("POST", "/api/v1/environments/staging/archive");
    ask(&world, "ann", &there, archive, &json!({})).await.is(200);
    assert_eq!(get(&world, "ann", &there, CUSTOMERS).await.is(200).ids(), ["c"]);
    let told = ask(&world, "ann", &there, ("POST", CUSTOMERS), &json!({"id": "d"})).await;
    told.refuses(403, "AccessDeniedError", "`staging` is archived");
    let key = json!({"name": "More", "scopes": ["read"]});
    let told = ask(&world, "ann", &there, ("POST", "/api/v1/api-keys"), &key).await;
    told.refuses(403, "AccessDeniedError", "archived");
    // Who belongs to the account is not for one environment of it.
    let bob = json!({"email": "bob@example.com", "role": "VIEWER"});
    ask(&world, "ann", &there, ("POST", "/api/v1/people"), &bob).await.is(201);
    // The last ones of an account stay.
    for (id, status) in [("sandbox", 200), ("production", 400)] {
        let path = format!("/api/v1/environments/{id}/archive");
        ask(&world, "ann", &there, ("POST", &path), &json!({})).await.is(status);
    }
}

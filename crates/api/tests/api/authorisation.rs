//! Who may ask for what: every route that is served, asked for with every kind of key.

use std::fmt::Write as _;
use std::sync::Arc;

use scrip_ledger::{KeyHolder, PRODUCTION as PRODUCTION_ID, Role};
use serde_json::{Value, json};

use crate::support::{PRODUCTION, SANDBOX, Told, World};
use crate::users;

const KEYS: &str = "/api/v1/api-keys";
const MONTHS: &str = "/api/v1/credits/reports/months";
const AUDIT_LOG: &str = "/api/v1/audit-log";
const RESET: &str = "/api/v1/environments/{environmentId}/reset";
const ERASE: &str = "/api/v1/customers/{id}/erase";
const SCOPES: [&str; 5] = ["read", "grants", "consumption", "customers", "settings"];

/// Who asks.
#[derive(Clone)]
enum Asks {
    /// Nobody says who he is.
    Nobody,
    /// Whoever has this secret.
    Key(String),
    /// A person, let in by whoever calls within the process.
    Person(Role),
    /// A user with this token, in this environment.
    Token(&'static str, &'static str),
    /// Whoever has this portal token, about this customer.
    Customer(String, &'static str),
}

/// Every kind of key, and every role, by what its column is called.
async fn everybody(world: &World) -> Vec<(&'static str, Asks)> {
    let keys = every_kind_of_key(world).await.into_iter();
    let keys = keys.map(|(name, key)| (name, key.map_or(Asks::Nobody, Asks::Key)));
    let people = Role::ALL.map(|role| (role.as_str(), Asks::Person(role)));
    let tokens = every_kind_of_token(world).await.into_iter();
    keys.chain(people).chain(tokens).chain(every_kind_of_customer(world).await).collect()
}

/// Users of each role, in their own environment; of another account; of none; and with bad tokens.
async fn every_kind_of_token(world: &World) -> Vec<(&'static str, Asks)> {
    for role in Role::ALL {
        let name = role.as_str().to_lowercase();
        users::invite(world, PRODUCTION, &name, role.as_str()).await;
    }
    let acme = world.post("/api/v1/accounts", json!({"id": "acme"})).await.is(201).data();
    let acme = acme["environment"]["apiKey"]["secret"].as_str().unwrap();
    users::invite(world, acme, "bob", "OWNER").await;
    vec![
        ("t:viewer", Asks::Token("viewer", "production")),
        ("t:support", Asks::Token("support", "production")),
        ("t:admin", Asks::Token("admin", "production")),
        ("t:owner", Asks::Token("owner", "production")),
        ("t:elsewhere", Asks::Token("owner", "acme-production")),
        ("t:stranger", Asks::Token("bob", "production")),
        ("t:nobody", Asks::Token("eve", "production")),
        ("t:expired", Asks::Token("owner.expired", "production")),
    ]
}

/// A customer about itself, with all that a token can open, and with the least; about another one; and one
/// whose token was revoked.
async fn every_kind_of_customer(world: &World) -> Vec<(&'static str, Asks)> {
    for id in ["ann", "bea", "cat"] {
        world.post("/api/v1/customers", json!({"id": id})).await.is(201);
    }
    let made = async |id: &str, body: Value| {
        let path = format!("/api/v1/customers/{id}/portal-tokens");
        let made = world.post(&path, body).await.is(201).data();
        made["token"].as_str().unwrap().to_owned()
    };
    let (all, least) = (json!({}), json!({"scopes": ["balances"]}));
    let customers = vec![
        ("c:own", Asks::Customer(made("ann", all.clone()).await, "ann")),
        ("c:balances", Asks::Customer(made("ann", least).await, "ann")),
        ("c:other", Asks::Customer(made("ann", all.clone()).await, "bea")),
        ("c:revoked", Asks::Customer(made("cat", all).await, "cat")),
    ];
    world.send("DELETE", "/api/v1/customers/cat/portal-tokens", &[], "").await.is(200);
    customers
}

/// Every kind of key, by what its column is called, with its secret; none for no key at all.
async fn every_kind_of_key(world: &World) -> Vec<(&'static str, Option<String>)> {
    let mut kinds = vec![("full", Some(made(world, "full", json!({})).await.1))];
    for scope in SCOPES {
        kinds.push((scope, Some(made(world, scope, json!({})).await.1)));
    }
    kinds.push(("sandbox's", Some(SANDBOX.to_owned())));
    let in_a_minute = json!({"expiresAt": "2026-01-02T03:05:05Z"});
    kinds.push(("expired", Some(made(world, "full", in_a_minute).await.1)));
    let (id, secret) = made(world, "full", json!({})).await;
    world.send("DELETE", &format!("{KEYS}/{id}"), &[], "").await.is(200);
    kinds.push(("revoked", Some(secret)));
    let (id, secret) = made(world, "full", json!({})).await;
    let rotate = format!("{KEYS}/{id}/rotate-secret");
    world.post(&rotate, json!({"overlapSeconds": 60})).await.is(200);
    kinds.push(("replaced", Some(secret)));
    kinds.push(("garbage", Some("server-0123456789".to_owned())));
    kinds.push(("none", None));
    world.pass(60_000);
    kinds
}

/// A key of production; its id and its secret.
async fn made(world: &World, scope: &str, special: Value) -> (String, String) {
    let body = crate::support::but(json!({"name": scope, "scopes": [scope]}), special);
    let key = world.post(KEYS, body).await.is(201).data();
    let text = |member: &str| key[member].as_str().unwrap().to_owned();
    (text("id"), text("secret"))
}

/// Every operation of the document, and what is beside it.
fn routes() -> Vec<(String, String)> {
    let document = scrip_api::openapi();
    let mut routes = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            routes.push((method.to_uppercase(), path.clone()));
        }
    }
    // An operation of the official API that is not served, and nothing at all.
    routes.push(("GET".to_owned(), "/api/v1/products".to_owned()));
    routes.push(("GET".to_owned(), "/api/v1/nothing".to_owned()));
    routes
}

/// What is asked for names nothing that exists, and says nothing: whoever may ask is refused for that.
async fn asked(world: &World, method: &str, path: &str, asks: &Asks) -> &'static str {
    let parts = path.split('/').map(|part| if part.starts_with('{') { "unknown" } else { part });
    let mut path = parts.collect::<Vec<_>>().join("/");
    if let Asks::Customer(_, customer) = asks {
        path = format!("{path}?customerId={customer}");
    }
    let mut request = axum::http::Request::builder().method(method).uri(&path);
    match asks {
        Asks::Nobody => {}
        Asks::Key(key) => request = request.header("x-api-key", key),
        Asks::Person(role) => request = request.extension(person(*role)),
        Asks::Token(token, environment) => {
            let bearer = format!("Bearer {token}");
            request = request.header("authorization", bearer);
            request = request.header("x-environment-id", *environment);
        }
        Asks::Customer(token, _) => request = request.header("x-customer-token", token),
    }
    let body = if method == "GET" || method == "DELETE" { "" } else { "{}" };
    let told = world.call(request.body(body.to_owned().into()).unwrap()).await;
    match told.status.as_u16() {
        401 => {
            assert_eq!(told.json()["code"], "Unauthenticated", "{}", told.text);
            "401"
        }
        403 => {
            assert_eq!(told.json()["code"], "AccessDeniedError", "{}", told.text);
            "403"
        }
        500.. if told.status.as_u16() != 501 => panic!("{method} {path}: {}", told.text),
        _ => "yes",
    }
}

/// A person in production, as whoever lets people in says who asks.
fn person(role: Role) -> Arc<KeyHolder> {
    Arc::new(KeyHolder::of_person("person_ann", PRODUCTION_ID, false, role))
}

#[tokio::test]
async fn every_route_with_every_kind_of_key() {
    let world = users::world().await;
    let kinds = everybody(&world).await;
    let mut table = format!("{:<76}", "");
    for (name, _) in &kinds {
        write!(table, " {name:<11}").unwrap();
    }
    for (method, path) in routes() {
        let mut line = format!("\n{:<76}", format!("{method} {path}"));
        for (_, asks) in &kinds {
            let cell = asked(&world, &method, &path, asks).await;
            write!(line, " {cell:<11}").unwrap();
        }
        table.push_str(line.trim_end());
    }
    insta::assert_snapshot!(table);
}

/// The table, said once more: what a key holds is what the document says of an operation.
#[tokio::test]
async fn the_document_says_what_a_key_must_hold() {
    let world = users::world().await;
    let kinds = everybody(&world).await;
    let document = scrip_api::openapi();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let needed = operation["security"][0]["ApiKeyAuth"][0].as_str();
            let ways = operation["security"].as_array().map_or(&[][..], Vec::as_slice);
            let opens = ways.iter().any(|way| way.get("CustomerToken").is_some());
            let is_for_admins =
                path.starts_with(KEYS) || [AUDIT_LOG, ERASE].contains(&path.as_str());
            for (name, asks) in &kinds {
                let may = match needed {
                    None if ways.is_empty() => "yes",
                    _ if *name == "c:revoked" => "401",
                    Some(_) if *name == "c:balances" && path.ends_with("/balances") => "yes",
                    Some(_) if opens && *name == "c:own" => "yes",
                    None if matches!(asks, Asks::Customer(..)) => "yes",
                    _ if matches!(asks, Asks::Customer(..)) => "403",
                    None if ["expired", "revoked", "replaced", "garbage", "none", "t:expired"]
                        .contains(name) =>
                    {
                        "401"
                    }
                    None => "403",
                    Some(scope) if let Asks::Person(role) = asks => {
                        let names = role.permissions().names();
                        let is_admin = is_for_admins && *role == Role::Admin;
                        let may = names.contains(&scope) || names == ["full"] || is_admin;
                        if may { "yes" } else { "403" }
                    }
                    Some(_) if let Asks::Token(token, environment) = asks => {
                        let role =
                            Role::ALL.into_iter().find(|it| it.as_str().to_lowercase() == *token);
                        match (role, *environment, needed) {
                            _ if token.ends_with(".expired") => "401",
                            (Some(role), "production", Some(scope)) => {
                                let names = role.permissions().names();
                                let is_admin = is_for_admins && role == Role::Admin;
                                let may = names.contains(&scope) || names == ["full"] || is_admin;
                                if may { "yes" } else { "403" }
                            }
                            _ => "403",
                        }
                    }
                    // What an account is made of is not for a sandbox's key, but for a reset of its own.
                    Some("full")
                        if *name == "sandbox's"
                            && !path.starts_with(KEYS)
                            && !path.starts_with(MONTHS)
                            && ![AUDIT_LOG, ERASE, RESET].contains(&path.as_str()) =>
                    {
                        "403"
                    }
                    Some(_)
                        if ["expired", "revoked", "replaced", "garbage", "none"].contains(name) =>
                    {
                        "401"
                    }
                    Some(scope) if [scope, "full", "sandbox's"].contains(name) => "yes",
                    Some(_) => "403",
                };
                let told = asked(&world, &method.to_uppercase(), path, asks).await;
                assert_eq!(told, may, "{method} {path} with {name}");
            }
        }
    }
}

/// Whoever looks ahead needs what whoever asks needs.
#[tokio::test]
async fn a_head_is_asked_for_as_its_get() {
    let world = World::new().await;
    let (_, secret) = made(&world, "consumption", json!({})).await;
    let with = async |secret: &str| {
        let headers = [("x-api-key", secret)];
        world.send("HEAD", "/api/v1/customers", &headers, "").await.status.as_u16()
    };
    assert_eq!(with(&secret).await, 403);
    assert_eq!(with(PRODUCTION).await, 200);
}

/// A check that sets credits aside burns them as a reservation does.
#[tokio::test]
async fn a_check_that_reserves_needs_consumption_too() {
    let world = World::furnished().await;
    world.grant(10).await;
    let check = "/api/v1/customers/c/entitlements/check?currencyId=credits";
    let reserving = format!("{check}&reserveAmount=1&reservationId=r");
    let (_, reader) = made(&world, "read", json!({})).await;
    let reader = [("x-api-key", reader.as_str())];
    world.send("GET", check, &reader, "").await.is(200);
    let told = world.send("GET", &reserving, &reader, "").await;
    told.refuses(403, "AccessDeniedError", "`consumption`");
    let (_, both) = made(&world, "read", json!({"scopes": ["consumption", "read"]})).await;
    world.send("GET", &reserving, &[("x-api-key", both.as_str())], "").await.is(200);
}

/// Authorisation comes before everything else that may be wrong with a request, and before an answer
/// that is remembered.
#[tokio::test]
async fn what_a_key_may_not_is_not_replayed_to_it() {
    let world = World::furnished().await;
    let (id, secret) = made(&world, "grants", json!({})).await;
    let once = [("x-api-key", secret.as_str()), ("idempotency-key", "k")];
    let body = crate::support::grant_body(5).to_string();
    let grants = "/api/v1/credits/grants";
    let first = world.send("POST", grants, &once, &body).await.is(201);
    let path = format!("{KEYS}/{id}");
    world.patch(&path, json!({"scopes": ["read"]})).await.is(200);
    for body in [body.as_str(), "nonsense"] {
        let told = world.send("POST", grants, &once, body).await;
        told.refuses(403, "AccessDeniedError", "`grants`");
    }
    world.patch(&path, json!({"scopes": ["grants"]})).await.is(200);
    let again = world.send("POST", grants, &once, &body).await.is(201);
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.text, first.text);
}

async fn as_person(world: &World, role: Role, method: &str, path: &str, body: &Value) -> Told {
    let request = axum::http::Request::builder().method(method).uri(path).extension(person(role));
    world.call(request.body(body.to_string().into()).unwrap()).await
}

/// Rows name the person; and nothing that comes from outside can say who somebody is.
#[tokio::test]
async fn a_person_is_let_in_within_the_process_only() {
    let world = World::furnished().await;
    let grants = "/api/v1/credits/grants";
    let body = crate::support::grant_body(5);
    as_person(&world, Role::Support, "POST", grants, &body).await.is(201);
    let rows = "/api/v1/credits/ledger?customerId=c&currencyId=credits";
    let told = as_person(&world, Role::Viewer, "GET", rows, &Value::Null).await.is(200);
    assert_eq!(told.data()[0]["actor"], "person:person_ann", "{}", told.text);
    for name in ["keyholder", "x-person", "x-actor", "x-account-id", "authorization", "cookie"] {
        let headers = [("x-api-key", "server-wrong"), (name, "person_ann")];
        let told = world.send("GET", rows, &headers, "").await;
        told.refuses(401, "Unauthenticated", "not known");
    }
}

/// An admin manages API keys, but makes none that may more than an admin, nor gets hold of one.
#[tokio::test]
async fn an_admin_makes_no_key_of_more() {
    let world = World::new().await;
    let ask = async |method, path: &str, body: Value| {
        as_person(&world, Role::Admin, method, path, &body).await
    };
    let all = json!({"name": "x", "scopes": SCOPES});
    let key = ask("POST", KEYS, all).await.is(201).data();
    assert_eq!(key["createdBy"], "person_ann");
    let scoped = format!("{KEYS}/{}", key["id"].as_str().unwrap());
    let (full, _) = made(&world, "full", json!({})).await;
    let full = format!("{KEYS}/{full}");
    let refused = "may more than itself";
    for (method, path, body) in [
        ("POST", KEYS, json!({"name": "x", "scopes": ["full"]})),
        ("PATCH", &scoped, json!({"scopes": ["full"]})),
        ("PATCH", &full, json!({"scopes": ["read"]})),
        ("PATCH", &full, json!({"name": "y"})),
        ("POST", &format!("{full}/rotate-secret"), json!({})),
    ] {
        ask(method, path, body).await.refuses(403, "AccessDeniedError", refused);
    }
    // What leaked must go, whoever is awake.
    ask("DELETE", &full, Value::Null).await.is(200);
    ask("POST", &format!("{scoped}/rotate-secret"), json!({})).await.is(200);
    ask("DELETE", &scoped, Value::Null).await.is(200);
}

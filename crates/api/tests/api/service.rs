//! The process around the API.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use scrip_api::AppConfig;
use scrip_ledger::{Ledger as _, Memory};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::support::{PRODUCTION, SANDBOX, World};

async fn open(world: &World, path: &str) -> crate::support::Told {
    world.call(Request::get(path).body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn health_and_readiness() {
    let world = World::new().await;
    assert_eq!(open(&world, "/healthz").await.is(200).text, "{\"status\":\"ok\"}");
    assert_eq!(open(&world, "/readyz").await.is(200).text, "{\"status\":\"ready\"}");
    world.app.set_ready(false);
    let told = open(&world, "/readyz").await.refuses(503, "ServiceUnavailable", "");
    assert_eq!((told.header("retry-after"), told.header("retry-after-ms")), ("1", "1000"));
    world.app.set_ready(true);
    open(&world, "/readyz").await.is(200);
}

#[tokio::test]
async fn figures_have_a_router_of_their_own() {
    let world = World::new().await;
    open(&world, "/metrics").await.refuses(404, "NotFound", "");
    for (method, path, status) in
        [("GET", "/metrics", 200), ("POST", "/metrics", 405), ("GET", "/api/v1/customers", 404)]
    {
        let router = scrip_api::metrics_router(Arc::new(|| Memory::new().figures()));
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        let response = router.oneshot(request).await.unwrap();
        assert_eq!(response.status().as_u16(), status, "{method} {path}");
        if status == 200 {
            let media_type = "text/plain; version=0.0.4; charset=utf-8";
            assert_eq!(response.headers()["content-type"], media_type);
            // This ledger counts nothing.
            assert!(to_bytes(response.into_body(), 1).await.unwrap().is_empty());
        }
    }
}

#[tokio::test]
async fn the_reference_loads_nothing_from_elsewhere() {
    let world = World::new().await;
    for page in ["/docs", "/docs/"] {
        let told = open(&world, page).await.is(200);
        assert!(!told.text.contains("://"), "{}", told.text);
        assert!(told.header("content-security-policy").starts_with("default-src 'self';"));
        let addresses = told.text.split(['"']).filter(|part| part.starts_with('/'));
        for address in addresses {
            open(&world, address).await.is(200);
        }
    }
    let start = open(&world, "/docs/swagger-initializer.js").await.is(200).text;
    assert!(start.contains("/openapi.json"), "{start}");
    assert!(start.contains("\"validatorUrl\": \"none\""), "{start}");
    open(&world, "/docs/nothing.js").await.refuses(404, "NotFound", "");
}

#[tokio::test]
async fn the_document() {
    let world = World::new().await;
    let told = open(&world, "/openapi.json").await.is(200);
    assert_eq!(told.json(), scrip_api::openapi());
    insta::assert_snapshot!(serde_json::to_string_pretty(&told.json()).unwrap());
}

/// Every reference leads somewhere, every schema is used, every operation has a name of its own.
#[test]
fn the_document_is_whole() {
    let document = scrip_api::openapi();
    let mut references = Vec::new();
    collect(&document, &mut references);
    for reference in &references {
        let pointer = reference.trim_start_matches('#');
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    for name in document["components"]["schemas"].as_object().unwrap().keys() {
        let reference = format!("#/components/schemas/{name}");
        assert!(references.contains(&reference), "{name} is not used");
    }
    let mut names = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            names.push(operation["operationId"].as_str().unwrap().to_owned());
            let parameters = operation["parameters"].as_array().unwrap();
            let in_path = parameters.iter().filter(|parameter| parameter["in"] == "path").count();
            assert_eq!(in_path, path.matches('{').count(), "{method} {path}");
            assert!(operation["responses"]["500"].is_object(), "{method} {path}");
        }
    }
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count);
}

fn collect(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(reference) if name == "$ref" => {
                        references.push(reference.clone())
                    }
                    member => collect(member, references),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, references)),
        _ => {}
    }
}

#[tokio::test]
async fn the_test_clock() {
    let world = World::new().await;
    let sandbox = [("x-api-key", SANDBOX)];
    let set = async |now: Value| {
        let body = json!({"now": now}).to_string();
        world.send("POST", "/api/v1/test-clock", &sandbox, body).await
    };
    let told = set(json!("2030-01-01T00:00:00.5")).await.is(200);
    assert_eq!(told.text, r#"{"data":{"now":"2030-01-01T00:00:00.500Z"}}"#);
    set(json!("2029-01-01")).await.refuses(400, "BadUserInput", "now");
    set(json!("2031-01-03")).await.refuses(400, "BadUserInput", "now");
    set(json!(null)).await.refuses(400, "BadUserInput", "now");
    set(json!("2030-12-31")).await.is(200);
    let told = world.post("/api/v1/test-clock", json!({"now": "2030-01-01"})).await;
    told.refuses(403, "AccessDeniedError", "SANDBOX");
    let read = async |key: &str| {
        let told = world.send("GET", "/api/v1/test-clock", &[("x-api-key", key)], "").await;
        told.is(200).text
    };
    assert_eq!(read(SANDBOX).await, r#"{"data":{"now":"2030-12-31T00:00:00.000Z"}}"#);
    assert_eq!(read(PRODUCTION).await, r#"{"data":{"now":"2026-01-02T03:04:05.000Z"}}"#);
}

#[tokio::test]
async fn a_key_may_be_bounded() {
    let requests_a_second = std::num::NonZeroU32::new(3);
    let config = AppConfig { requests_a_second, ..AppConfig::default() };
    let world = World::with(config, |ledger| ledger).await;
    let list = async |key: &str| {
        let request = Request::get("/api/v1/customers").header("x-api-key", key);
        world.call(request.body(Body::empty()).unwrap()).await
    };
    let mut told = list(SANDBOX).await;
    for _ in 0..20 {
        if told.status == StatusCode::TOO_MANY_REQUESTS {
            break;
        }
        told = list(SANDBOX).await;
    }
    let told = told.refuses(429, "RateLimitExceeded", "");
    assert_eq!(told.header("x-should-retry"), "true");
    assert_eq!(told.header("retry-after"), "1");
    let wait: u64 = told.header("retry-after-ms").parse().unwrap();
    assert!((1..=335).contains(&wait), "a third of a second at most: {wait}");
    list(PRODUCTION).await.is(200);
    open(&world, "/healthz").await.is(200);
}

//! What no client should send.

use axum::body::{Body, Bytes};
use axum::http::Request;
use futures_util::stream;
use serde_json::json;

use crate::support::{PRODUCTION, World, but, grant_body};

const GRANTS: &str = "/api/v1/credits/grants";
const BATCH: &str = "/api/v1/credits/consumption/async";

#[tokio::test]
async fn bodies_that_are_no_objects() {
    let world = World::furnished().await;
    let deep = ["[".repeat(200_000), "{\"a\":".repeat(200_000)];
    let bodies: [&[u8]; 12] = [
        b"",
        b"{",
        b"not json",
        b"{\"a\":1}{\"a\":1}",
        b"{\"a\":\"\xff\xfe\"}",
        b"\xef\xbb\xbf{",
        b"[]",
        b"null",
        b"5",
        b"\"text\"",
        deep[0].as_bytes(),
        deep[1].as_bytes(),
    ];
    let paths = [
        GRANTS,
        BATCH,
        "/api/v1/credits/consumption",
        "/api/v1/credits/custom-currencies",
        "/api/v1/customers",
        "/api/v1/customers/import",
        "/api/v1/test-clock",
    ];
    for path in paths {
        for body in bodies {
            world.send("POST", path, &[], body).await.refuses(400, "BadUserInput", "");
        }
    }
}

#[tokio::test]
async fn wrong_fields() {
    let world = World::furnished().await;
    let rows = [
        (json!({"customerId": "a/b"}), "customerId"),
        (json!({"currencyId": 5}), "currencyId"),
        (json!({"resourceId": "a@b"}), "resourceId"),
        (json!({"displayName": "x".repeat(256)}), "displayName"),
        (json!({"displayName": ["x"]}), "displayName"),
        (json!({"grantType": "RECURRING"}), "grantType"),
        (json!({"grantType": {"PAID": null}}), "grantType"),
        (json!({"priority": 101}), "priority"),
        (json!({"priority": 1.5}), "priority"),
        (json!({"priority": "7"}), "priority"),
        (json!({"priority": true}), "priority"),
        (json!({"priority": 1e30}), "priority"),
        (json!({"effectiveAt": 5}), "effectiveAt"),
        (json!({"expireAt": "later"}), "expireAt"),
        (json!({"comment": "x".repeat(256)}), "comment"),
        (json!({"metadata": ["a"]}), "metadata"),
        (json!({"metadata": {"a": null}}), "metadata"),
        (json!({"cost": [5, "usd"]}), "cost"),
        (json!({"cost": {"amount": 5}}), "currency"),
        (json!({"cost": {"amount": -5, "currency": "usd"}}), "cost.amount"),
        (json!({"cost": {"amount": 5, "currency": "USD"}}), "cost.currency"),
        (json!({"cost": {"amount": 5, "currency": "usd", "cents": 1}}), "cents"),
        (json!({"paymentCollectionMethod": "CASH"}), "paymentCollectionMethod"),
        (json!({"awaitPaymentConfirmation": 1}), "awaitPaymentConfirmation"),
        (json!({"billingInformation": {"isInvoicePaid": "yes"}}), "isInvoicePaid"),
        (json!({"billingInformation": {"invoiceDaysUntilDue": "14"}}), "invoiceDaysUntilDue"),
        (json!({"billingInformation": {"invoiceDaysUntilDue": 0.5}}), "invoiceDaysUntilDue"),
        (json!({"billingInformation": {"invoiceDaysUntilDue": -1}}), "invoiceDaysUntilDue"),
        (json!({"billingInformation": {"invoiceDaysUntilDue": 366}}), "invoiceDaysUntilDue"),
        (json!({"billingInformation": {"billingAddress": {"planet": "x"}}}), "planet"),
        (json!({"billingInformation": {"billingAddress": {"city": 5}}}), "city"),
        (json!({"unknown": null}), "unknown"),
    ];
    for (members, naming) in rows {
        let body = but(grant_body(1), members);
        world.post(GRANTS, body).await.refuses(400, "BadUserInput", naming);
    }
    let many: serde_json::Map<_, _> = (0..51).map(|n| (n.to_string(), json!(""))).collect();
    for metadata in [json!(many), json!({"k".repeat(256): ""}), json!({"k": "v".repeat(2001)})] {
        let body = but(grant_body(1), json!({"metadata": metadata}));
        world.post(GRANTS, body).await.refuses(400, "InvalidMetadataError", "metadata");
    }
    let huge = format!("{{\"displayName\":{}}}", "9".repeat(100_000));
    let told = world.send("POST", GRANTS, &[], huge).await.refuses(400, "BadUserInput", "");
    assert!(told.text.len() < 2_000, "an echo is short");
}

#[tokio::test]
async fn sizes() {
    let world = World::furnished().await;
    let mib = 1 << 20;
    let pad = |body: String, size: usize| body.clone() + &" ".repeat(size - body.len());
    let padded = |size: usize| pad(grant_body(1).to_string(), size);
    world.send("POST", GRANTS, &[], padded(mib)).await.is(201);
    let told = world.send("POST", GRANTS, &[], padded(mib + 1)).await;
    told.refuses(413, "BadUserInput", "1048576");
    let batch = |size: usize| pad(r#"{"consumptions":[]}"#.to_owned(), size);
    world.send("POST", BATCH, &[], batch(8 * mib)).await.is(400);
    world.send("POST", BATCH, &[], batch(8 * mib + 1)).await.refuses(413, "BadUserInput", "");

    let pieces = (0..17).map(move |_| Ok::<_, std::io::Error>(Bytes::from(vec![b' '; mib / 16])));
    let request = Request::post(GRANTS)
        .header("x-api-key", PRODUCTION)
        .body(Body::from_stream(stream::iter(pieces)))
        .unwrap();
    world.call(request).await.refuses(413, "BadUserInput", "");

    let broken = [Ok(Bytes::from_static(b"{")), Err(std::io::Error::other("gone"))];
    let request = Request::post(GRANTS)
        .header("x-api-key", PRODUCTION)
        .body(Body::from_stream(stream::iter(broken)))
        .unwrap();
    world.call(request).await.refuses(400, "BadUserInput", "body");

    let filler = "x".repeat(40_000);
    let told = world.send("GET", GRANTS, &[("x-filler", &filler)], "").await;
    told.refuses(431, "BadUserInput", "headers");
    let long = format!("/api/v1/customers/{}", "x".repeat(20_000));
    world.get(&long).await.refuses(414, "BadUserInput", "");
}

#[tokio::test]
async fn paths_and_methods() {
    let world = World::furnished().await;
    for path in ["/", "/api", "/api/v1", "/api/v1/nothing", "/api/v1/credits/grants/a/b/c"] {
        world.get(path).await.refuses(404, "NotFound", "");
    }
    for (method, path) in [("PUT", GRANTS), ("DELETE", "/api/v1/customers/c"), ("POST", "/healthz")]
    {
        let told = world.send(method, path, &[], "{}").await;
        assert_ne!(told.refuses(405, "MethodNotAllowed", "").header("allow"), "");
    }
    for path in ["/api/v1/customers/%FF", "/api/v1/customers/c/resources?limit=%FF"] {
        world.get(path).await.refuses(400, "BadUserInput", "");
    }
}

#[tokio::test]
async fn who_asks_comes_first() {
    let world = World::furnished().await;
    let strange = [("x-api-key", "server-strange")];
    for path in ["/api", "/api/v1/nothing", GRANTS, "/api/v1/plans", BATCH] {
        for method in ["GET", "POST", "DELETE"] {
            let told = world.send(method, path, &strange, "{").await;
            told.refuses(401, "Unauthenticated", "API key");
        }
    }
    let request = Request::get(GRANTS).body(Body::empty()).unwrap();
    world.call(request).await.refuses(401, "Unauthenticated", "X-API-KEY");
    // These are for users' tokens; with a key they mean nothing.
    let headers = [("x-account-id", "a"), ("x-environment-id", "e")];
    world.send("GET", "/api/v1/customers", &headers, "").await.is(200);
}

#[tokio::test]
async fn what_is_not_served() {
    let world = World::new().await;
    let rows = [
        ("GET", "/api/v1/plans"),
        ("POST", "/api/v2/usage"),
        ("DELETE", "/api/v1/plans/p/entitlements/e"),
        ("PUT", "/api/v1-beta/entity-types"),
        ("GET", "/api/v1/customers/c/contracts"),
    ];
    for (method, path) in rows {
        let told = world.send(method, path, &[], "{").await;
        told.refuses(501, "UnsupportedParameter", &format!("operation {method} /api/v"));
    }
    world.send("PUT", "/api/v1/plans", &[], "").await.refuses(405, "MethodNotAllowed", "");
}

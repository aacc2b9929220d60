//! Entitlement checks: decision 46, a row for each of its sentences.

use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::support::{World, but, grant_body};

fn check(customer: &str, rest: &str) -> String {
    format!("/api/v1/customers/{customer}/entitlements/check?{rest}")
}

#[tokio::test]
async fn a_balance() {
    let world = World::furnished().await;
    let body = but(grant_body(10), json!({"expireAt": "2026-03-01"}));
    world.post("/api/v1/credits/grants", body).await.is(201);
    world.pass(5);
    world.consume(4, "k").await.is(200);
    let told = world.get(&check("c", "currencyId=credits")).await.is(200);
    assert_eq!(told.header("cache-control"), "no-store");
    assert_json_snapshot!(told.json());
    assert_json_snapshot!("list", world.get("/api/v1/customers/c/entitlements").await.json());
}

#[tokio::test]
async fn granted_or_not() {
    let world = World::furnished().await;
    world.post("/api/v1/customers", json!({"id": "gone"})).await.is(201);
    world.post("/api/v1/customers/gone/archive", json!({})).await.is(200);
    world.grant(10).await;
    let denied = |reason: &str| json!([false, reason, 0]);
    let rows = [
        ("c", "currencyId=credits", json!([true, null, 10])),
        ("c", "currencyId=credits&requestedUsage=10", json!([true, null, 10])),
        ("c", "currencyId=credits&requestedUsage=1e1", json!([true, null, 10])),
        (
            "c",
            "currencyId=credits&requestedUsage=10.000000001",
            json!([false, "InsufficientCredits", 10]),
        ),
        ("c", "currencyId=credits&requestedUsage=0", json!([true, null, 10])),
        ("c", "currencyId=credits&resourceId=site", denied("CustomerResourceNotFound")),
        ("c", "currencyId=nothing", denied("EntitlementNotFound")),
        ("c", "currencyId=nothing&resourceId=site", denied("EntitlementNotFound")),
        ("nobody", "currencyId=credits", denied("CustomerNotFound")),
        ("nobody", "currencyId=nothing", denied("CustomerNotFound")),
        ("a%20b", "currencyId=credits", denied("CustomerNotFound")),
        ("gone", "currencyId=credits", denied("CustomerIsArchived")),
        ("c", "featureId=seats&requestedValues=a%2Cb", json!([false, "FeatureNotFound", null])),
        ("nobody", "featureId=seats", json!([false, "CustomerNotFound", null])),
    ];
    for (customer, rest, expected) in rows {
        let data = world.get(&check(customer, rest)).await.is(200).data();
        let shown = json!([data["isGranted"], data["accessDeniedReason"], data["usageLimit"]]);
        assert_eq!(shown, expected, "{customer} {rest}");
    }
    assert_json_snapshot!(
        "unknown",
        world.get(&check("nobody", "currencyId=nothing")).await.data()
    );
    assert_json_snapshot!("feature", world.get(&check("c", "featureId=seats")).await.data());
    for customer in ["nobody", "gone"] {
        let told = world.get(&format!("/api/v1/customers/{customer}/entitlements")).await.is(200);
        assert_eq!(told.data()["entitlements"], json!([]));
        assert_ne!(told.data()["accessDeniedReason"], Value::Null);
    }
}

#[tokio::test]
async fn an_archived_currency_is_still_known() {
    let world = World::furnished().await;
    world.grant(10).await;
    world.post("/api/v1/credits/custom-currencies/credits/archive", json!({})).await.is(200);
    let data = world.get(&check("c", "currencyId=credits")).await.data();
    assert_eq!(data["currency"]["displayName"], "Credits");
    assert_eq!(data["usageLimit"], 10);
}

#[tokio::test]
async fn refused() {
    let world = World::furnished().await;
    let rows = [
        ("", 400, "BadUserInput", "currencyId"),
        ("currencyId=credits&featureId=seats", 400, "BadUserInput", "featureId"),
        ("currencyId=a%20b", 400, "BadUserInput", "currencyId"),
        ("currencyId=credits&requestedUsage=-1", 400, "BadUserInput", "requestedUsage"),
        ("currencyId=credits&requestedUsage=x", 400, "BadUserInput", "requestedUsage"),
        ("currencyId=credits&requestedUsage=1e400", 400, "AmountTooLarge", "requestedUsage"),
        ("currencyId=credits&reservationId=r", 400, "BadUserInput", "reservationId"),
    ];
    for (rest, status, code, naming) in rows {
        world.get(&check("c", rest)).await.refuses(status, code, naming);
    }
}

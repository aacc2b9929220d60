//! Grants that wallets make by themselves: auto-recharge and recurring grants.

use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::support::{Told, World, but};

const RECHARGE: &str = "/api/v1/credits/auto-recharge";
const OF_C: &str = "/api/v1/credits/auto-recharge?customerId=c&currencyId=credits";
const RECURRING: &str = "/api/v1/credits/recurring-grants";

fn setting() -> Value {
    json!({
        "customerId": "c",
        "currencyId": "credits",
        "isEnabled": true,
        "thresholdType": "CREDIT_AMOUNT",
        "thresholdValue": 20,
        "targetBalance": 50,
        "maxSpendLimit": 5,
        "grantExpirationPeriod": "1_MONTH",
        "unitCost": {"amount": 0.01, "currency": "usd"},
    })
}

fn recurring() -> Value {
    json!({
        "customerId": "c",
        "currencyId": "credits",
        "amount": 100,
        "cadence": "MONTH",
        "anchor": "2025-12-31",
        "displayName": "Basic",
    })
}

async fn put(world: &World, path: &str, body: Value) -> Told {
    world.send("PUT", path, &[], body.to_string()).await
}

#[tokio::test]
async fn a_recharge() {
    let world = World::furnished().await;
    assert_json_snapshot!("recharge_unset", world.get(OF_C).await.is(200).json());
    let saved = put(&world, RECHARGE, setting()).await.is(200).json();
    assert_json_snapshot!("recharge_saved", saved);
    let told = world.consume(31, "k").await.is(200).data();
    assert_eq!(told["credit"]["usageLimit"], json!(81), "it recharged in the same commit");
    let grants = world.get("/api/v1/credits/grants?customerId=c").await.is(200).data();
    assert_json_snapshot!("recharge_grant", grants[0]);
    let id = saved["data"]["id"].clone();
    let again = world.get(OF_C).await.is(200).data();
    assert_eq!((&again["id"], &again["isEnabled"]), (&id, &json!(true)));
    let strings = [("x-scrip-numbers", "string")];
    let told = world.send("GET", OF_C, &strings, "").await.is(200).data();
    assert_eq!(told["targetBalance"], json!("50"));
    // The customer's own wallet is not the resource's.
    let other = world.get(&format!("{OF_C}&resourceId=site")).await.is(200).data();
    assert_eq!(other["id"], Value::Null);
    assert_ne!(
        put(&world, RECHARGE, but(setting(), json!({"resourceId": "site"}))).await.data()["id"],
        id
    );
}

#[tokio::test]
async fn the_price_of_the_currency() {
    let world = World::furnished().await;
    let currency = "/api/v1/credits/custom-currencies/credits";
    let priceless = but(setting(), json!({"unitCost": null}));
    let told = put(&world, RECHARGE, priceless.clone()).await;
    told.refuses(400, "BadUserInput", "unitCost");
    let price = json!({"unitCost": {"amount": 0.02, "currency": "eur"}});
    let told = world.patch(currency, price).await.is(200).data();
    assert_eq!(told["unitCost"], json!({"amount": 0.02, "currency": "eur"}));
    let told = put(&world, RECHARGE, priceless).await.is(200).data();
    assert_eq!(told["unitCost"], json!({"amount": 0.02, "currency": "eur"}));
    assert_eq!(told["currentMonthlySpend"], json!(1));
    let told = world.patch(currency, json!({"unitCost": null})).await.is(200).data();
    assert_eq!(told.get("unitCost"), None);
}

#[tokio::test]
async fn settings_that_cannot_be() {
    let world = World::furnished().await;
    for (members, field) in [
        (json!({"isEnabled": "yes"}), "isEnabled"),
        (json!({"thresholdType": "CREDITS"}), "thresholdType"),
        (json!({"thresholdValue": -1}), "thresholdValue"),
        (json!({"thresholdValue": "20"}), "thresholdValue"),
        (json!({"targetBalance": -0.1}), "targetBalance"),
        (json!({"targetBalance": 20}), "targetBalance"),
        (json!({"targetBalance": 20, "isEnabled": false}), "targetBalance"),
        (json!({"thresholdType": "DOLLAR_AMOUNT", "thresholdValue": 0.5}), "targetBalance"),
        (json!({"maxSpendLimit": -1}), "maxSpendLimit"),
        (json!({"grantExpirationPeriod": "2_MONTHS"}), "grantExpirationPeriod"),
        (json!({"unitCost": {"amount": -1, "currency": "usd"}}), "unitCost.amount"),
        (json!({"unitCost": {"amount": 1, "currency": "USD"}}), "unitCost.currency"),
        (json!({"unitCost": {"amount": 1}}), "currency"),
        (json!({"unitCost": {"amount": 1, "currency": "usd", "per": 1}}), "per"),
        (json!({"customerId": "-"}), "customerId"),
        (json!({"priceTag": 1}), "priceTag"),
    ] {
        let told = put(&world, RECHARGE, but(setting(), members)).await;
        told.refuses(400, "BadUserInput", field);
    }
    let large = json!({"targetBalance": 1_000_000_000_000_001_i64});
    put(&world, RECHARGE, but(setting(), large)).await.refuses(400, "AmountTooLarge", "target");
    for (members, code) in [
        (json!({"customerId": "nobody"}), "CustomerNotFound"),
        (json!({"currencyId": "nothing"}), "CustomCurrencyNotFound"),
    ] {
        put(&world, RECHARGE, but(setting(), members)).await.refuses(404, code, "");
    }
    world.get(&format!("{RECHARGE}?customerId=c")).await.refuses(400, "BadUserInput", "currencyId");
    world.get(&OF_C.replace("=c&", "=d&")).await.refuses(404, "CustomerNotFound", "customerId");
    assert_eq!(world.get(OF_C).await.is(200).data()["id"], Value::Null, "nothing was left behind");
}

#[tokio::test]
async fn a_recurring_grant() {
    let world = World::furnished().await;
    let basic = format!("{RECURRING}/basic");
    world.get(&basic).await.refuses(404, "CreditRecurringGrantNotFound", "basic");
    let made = put(&world, &basic, recurring()).await.is(200).json();
    assert_json_snapshot!("recurring_grant", made);
    assert_eq!(put(&world, &basic, recurring()).await.is(200).json(), made, "a double click");
    assert_eq!(world.get(&basic).await.is(200).json(), made);
    let grants = world.get("/api/v1/credits/grants?customerId=c").await.is(200).data();
    assert_json_snapshot!("recurring_grant_of_a_period", grants);
    let list = format!("{RECURRING}?customerId=c");
    assert_eq!(world.get(&list).await.is(200).data(), json!([made["data"]]));
    assert_eq!(world.get(&format!("{list}&resourceId=r")).await.is(200).data(), json!([]));
    let ended = world.send("DELETE", &basic, &[], "").await.is(200).data();
    assert_eq!((&ended["nextPeriodAt"], ended["endedAt"].is_string()), (&Value::Null, true));
    for path in [&basic, &format!("{RECURRING}/un%20known")] {
        world.get(path).await.refuses(404, "CreditRecurringGrantNotFound", "");
        let told = world.send("DELETE", path, &[], "").await;
        told.refuses(404, "CreditRecurringGrantNotFound", "");
    }
    assert_eq!(world.get(&list).await.is(200).data(), json!([]));
    world.consume(1, "k").await.is(200);
}

#[tokio::test]
async fn recurring_grants_that_cannot_be() {
    let world = World::furnished().await;
    let basic = format!("{RECURRING}/basic");
    for (members, field) in [
        (json!({"amount": 0}), "amount"),
        (json!({"amount": "5"}), "amount"),
        (json!({"cadence": "WEEK"}), "cadence"),
        (json!({"cadence": null}), "cadence"),
        (json!({"anchor": "soon"}), "anchor"),
        (json!({"priority": 101}), "priority"),
        (json!({"displayName": "x".repeat(256)}), "displayName"),
        (json!({"currencyId": "a@b"}), "currencyId"),
        (json!({"effectiveAt": "2026-01-01"}), "effectiveAt"),
    ] {
        let told = put(&world, &basic, but(recurring(), members)).await;
        told.refuses(400, "BadUserInput", field);
    }
    let told = put(&world, &format!("{RECURRING}/a%20b"), recurring()).await;
    told.refuses(400, "BadUserInput", "recurringGrantId");
    let unknown = but(recurring(), json!({"customerId": "nobody"}));
    put(&world, &basic, unknown).await.refuses(404, "CustomerNotFound", "");
    world.get(RECURRING).await.refuses(400, "BadUserInput", "customerId");
    put(&world, &basic, recurring()).await.is(200);
    let moved = but(recurring(), json!({"resourceId": "site"}));
    put(&world, &basic, moved).await.refuses(400, "BadUserInput", "resourceId");
    world.post("/api/v1/customers/c/archive", json!({})).await.is(200);
    let more = put(&world, &format!("{RECURRING}/more"), recurring()).await;
    more.refuses(400, "EntityIsArchivedError", "customerId");
    put(&world, &basic, recurring()).await.is(200);
}

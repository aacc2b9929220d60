//! Balances, now and in the past, and what they are made of.

use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::support::{SANDBOX, World, but, consume_body, grant_body};

const BALANCES: &str = "/api/v1/credits/balances?customerId=c";
const HOUR: i64 = 3_600_000;

#[tokio::test]
async fn rows() {
    let world = World::furnished().await;
    assert_eq!(world.get(BALANCES).await.is(200).text, "{\"data\":[]}");
    let ends = but(grant_body(10), json!({"expireAt": "2026-02-01"}));
    world.post("/api/v1/credits/grants", ends).await.is(201);
    world.grant(5).await;
    world.pass(HOUR);
    world.consume(7, "k").await.is(200);
    let site = but(consume_body(2, "k"), json!({"resourceId": "site"}));
    world.post("/api/v1/credits/consumption", site).await.is(200);
    world.pass(HOUR);
    assert_json_snapshot!(world.get(BALANCES).await.is(200).json());
    let strings = [("x-scrip-numbers", "string")];
    let told = world.send("GET", BALANCES, &strings, "").await.is(200).data();
    assert_eq!(
        (&told[0]["available"], &told[0]["nextExpiry"]["amount"]),
        (&json!("8"), &json!("3"))
    );
}

#[tokio::test]
async fn filters() {
    let world = World::furnished().await;
    let other = json!({"id": "gold", "displayName": "Gold"});
    world.post("/api/v1/credits/custom-currencies", other).await.is(201);
    for (currency, resource) in [
        ("gold", json!("b")),
        ("credits", json!("a")),
        ("gold", Value::Null),
        ("credits", json!("b")),
    ] {
        let members = json!({"currencyId": currency, "resourceId": resource});
        world.post("/api/v1/credits/consumption", but(consume_body(1, "k"), members)).await.is(200);
    }
    for (rest, expected) in [
        ("", vec!["credits a", "credits b", "gold -", "gold b"]),
        ("&currencyId=gold", vec!["gold -", "gold b"]),
        ("&resourceId=b", vec!["credits b", "gold b"]),
        ("&resourceId=b&currencyId=gold", vec!["gold b"]),
        ("&resourceId=unknown", vec![]),
        ("&unknown=ignored", vec!["credits a", "credits b", "gold -", "gold b"]),
    ] {
        let told = world.get(&format!("{BALANCES}{rest}")).await.is(200).data();
        let name = |row: &Value| {
            let resource = row["resourceId"].as_str().unwrap_or("-");
            format!("{} {resource}", row["currencyId"].as_str().unwrap())
        };
        let names: Vec<_> = told.as_array().unwrap().iter().map(name).collect();
        assert_eq!(names, expected, "{rest}");
    }
}

/// What was answered live is answered for its instant for ever.
#[tokio::test]
async fn the_past() {
    let world = World::furnished().await;
    world.grant(10).await;
    let mut seen = Vec::new();
    for n in 0..5 {
        world.pass(HOUR);
        world.consume(3, &n.to_string()).await.is(200);
        seen.push(world.get(BALANCES).await.is(200).data());
    }
    for live in seen {
        let at = live[0]["at"].as_str().unwrap();
        assert_eq!(world.get(&format!("{BALANCES}&at={at}")).await.is(200).data(), live);
    }
    let before = format!("{BALANCES}&at=2026-01-02T03:04:04.999Z");
    assert_eq!(world.get(&before).await.is(200).data(), json!([]));
    let now = format!("{BALANCES}&at=2026-01-02T08:04:05%2B00:00");
    world.get(&now).await.is(200);
}

#[tokio::test]
async fn refused() {
    let world = World::furnished().await;
    let one = "?customerId=c&currencyId=credits";
    for (rest, status, code, naming) in [
        ("", 400, "BadUserInput", "customerId"),
        ("?customerId=-", 400, "BadUserInput", "customerId"),
        ("?customerId=c&customerId=d", 400, "BadUserInput", "customerId"),
        ("?customerId=nobody", 404, "CustomerNotFound", "customerId"),
        ("?customerId=c&currencyId=a@b", 400, "BadUserInput", "currencyId"),
        ("?customerId=c&currencyId=nothing", 404, "CustomCurrencyNotFound", "currencyId"),
        (&format!("{one}&resourceId="), 400, "BadUserInput", "resourceId"),
        (&format!("{one}&at=soon"), 400, "BadUserInput", "at"),
        (&format!("{one}&at="), 400, "BadUserInput", "at"),
        (&format!("{one}&at=2026-01-02T03:04:05.001Z"), 400, "BadUserInput", "at"),
        (&format!("{one}&at=2026-01-01&at=2026-01-01"), 400, "BadUserInput", "at"),
    ] {
        for path in ["/api/v1/credits/balances", "/api/v1/credits/balances/explain"] {
            // What is wrong with the query is told before what is missing.
            let is_other = path.ends_with("explain") && !rest.contains("currencyId");
            let rest = if is_other && status == 404 {
                format!("{rest}&currencyId=credits")
            } else {
                rest.to_owned()
            };
            world.get(&format!("{path}{rest}")).await.refuses(status, code, naming);
        }
    }
    let told = world.get("/api/v1/credits/balances/explain?customerId=c").await;
    told.refuses(400, "BadUserInput", "currencyId");
    let elsewhere = [("x-api-key", SANDBOX)];
    let told = world.send("GET", BALANCES, &elsewhere, "").await;
    told.refuses(404, "CustomerNotFound", "customerId");
}

/// Opening and rows add up to the balance, and so do the grants (decision 83).
#[tokio::test]
async fn explained() {
    const EXPLAIN: &str = "/api/v1/credits/balances/explain?customerId=c&currencyId=credits";
    let world = World::furnished().await;
    assert_json_snapshot!("unused", world.get(EXPLAIN).await.is(200).json());
    let ends = but(grant_body(10), json!({"expireAt": "2026-01-02T05:00:00Z"}));
    world.post("/api/v1/credits/grants", ends).await.is(201);
    world.pass(HOUR);
    world.consume(4, "k").await.is(200);
    world.pass(HOUR);
    world.consume(7, "l").await.is(200);
    world.grant(3).await;
    let later = but(grant_body(50), json!({"effectiveAt": "2026-03-01"}));
    world.post("/api/v1/credits/grants", later).await.is(201);
    let told = world.get(EXPLAIN).await.is(200).json();
    assert_json_snapshot!("explained", told, {".data.rows[].hash" => "[hash]"});
    for rest in
        ["", "&at=2026-01-02T04:04:05Z", "&at=2026-01-02T04:59:59.999Z", "&at=2026-01-02T05:00:00Z"]
    {
        let told = world.get(&format!("{EXPLAIN}{rest}")).await.is(200).data();
        let sum = |list: &str, name: &str| -> i64 {
            let items = told[list].as_array().unwrap().iter();
            items.map(|item| item[name].as_i64().unwrap()).sum()
        };
        let number = |name: &str| told[name].as_i64().unwrap();
        assert_eq!(number("opening") + sum("rows", "amount"), number("available"), "{rest}");
        assert_eq!(sum("grants", "available"), number("available"), "{rest}");
        let used = number("consumed") + number("reserved");
        assert_eq!(number("granted") - used, number("available"), "{rest}");
    }
}

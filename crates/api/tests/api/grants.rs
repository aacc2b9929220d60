//! Grants: whole answers as snapshots, and a row for each rule and refusal.

use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::support::{World, but, grant_body};

const GRANTS: &str = "/api/v1/credits/grants";
const METHOD: &str = "paymentCollectionMethod";

fn paid(cost: Value) -> Value {
    but(grant_body(10), json!({"grantType": "PAID", "cost": cost}))
}

#[tokio::test]
async fn the_least() {
    let world = World::furnished().await;
    assert_json_snapshot!(world.post(GRANTS, grant_body(1000)).await.is(201).json());
}

#[tokio::test]
async fn everything() {
    let world = World::furnished().await;
    let address = json!({
        "city": "Basel", "country": "CH", "line1": "1", "line2": null, "postalCode": "4058",
        "state": "BS",
    });
    let body = but(
        paid(json!({"amount": 49.5, "currency": "chf"})),
        json!({
            "resourceId": "site",
            "priority": 7.0,
            "effectiveAt": "2026-01-01",
            "expireAt": "2027-01-01T00:00:00+02:00",
            "comment": "as agreed \"so\"\n",
            "metadata": {"order": "A-17", "ä\"": ""},
            "paymentCollectionMethod": "INVOICE",
            "awaitPaymentConfirmation": false,
            "billingInformation": {
                "isInvoicePaid": true, "invoiceDaysUntilDue": 14, "billingAddress": address,
            },
        }),
    );
    let made = world.post(GRANTS, body).await.is(201);
    assert_json_snapshot!(made.json());
    let id = made.data()["id"].as_str().unwrap().to_owned();
    let read = world.get(&format!("{GRANTS}/{id}")).await.is(200);
    assert_eq!(read.text, made.text);
}

#[tokio::test]
async fn null_is_absent() {
    let world = World::furnished().await;
    let names = [
        "resourceId",
        "priority",
        "effectiveAt",
        "expireAt",
        "comment",
        "metadata",
        "cost",
        "paymentCollectionMethod",
        "awaitPaymentConfirmation",
        "billingInformation",
    ];
    let nulls = names.iter().map(|name| ((*name).to_owned(), Value::Null)).collect();
    let made = world.post(GRANTS, but(grant_body(1), Value::Object(nulls))).await.is(201);
    assert_eq!(made.data()["priority"], 50);
}

#[tokio::test]
async fn how_it_is_paid() {
    let world = World::furnished().await;
    let cost = json!({"amount": 5, "currency": "usd"});
    let free = json!({"amount": 0.0000000001, "currency": "usd"});
    let with = |method: Value, body: Value| but(body, json!({"paymentCollectionMethod": method}));
    let promotional = but(grant_body(1), json!({"cost": cost}));
    let rows: [(&str, Value, &str); 8] = [
        ("no cost, CHARGE", with(json!("CHARGE"), grant_body(1)), ""),
        ("cost that rounds to 0, CHARGE", with(json!("CHARGE"), paid(free)), ""),
        ("NONE", with(json!("NONE"), paid(cost.clone())), ""),
        ("CHARGE", with(json!("CHARGE"), paid(cost.clone())), "BillingIntegrationMissing"),
        ("no method", paid(cost.clone()), "BadUserInput"),
        ("null method", with(Value::Null, paid(cost.clone())), "BadUserInput"),
        ("promotional", with(json!("NONE"), promotional), "BadUserInput"),
        (
            "paid elsewhere",
            but(
                with(json!("CHARGE"), paid(cost)),
                json!({"billingInformation": {"isInvoicePaid": true}}),
            ),
            "",
        ),
    ];
    for (what, body, code) in rows {
        let told = world.post(GRANTS, body).await;
        if code.is_empty() {
            assert_eq!(told.is(201).data()["status"], "ACTIVE", "{what}");
        } else {
            told.refuses(400, code, if what == "promotional" { "cost" } else { METHOD });
        }
    }
}

#[tokio::test]
async fn refused_by_the_state() {
    let world = World::furnished().await;
    let rows = [
        (json!({"customerId": "nobody"}), 404, "CustomerNotFound", "customerId"),
        (json!({"currencyId": "nothing"}), 404, "CustomCurrencyNotFound", "currencyId"),
        (
            json!({"effectiveAt": "2027-01-02", "expireAt": "2027-01-01"}),
            400,
            "ExpireAtMustBeLaterThanEffectiveAtError",
            "expireAt",
        ),
        (
            json!({"effectiveAt": "2025-01-01", "expireAt": "2025-01-02"}),
            400,
            "BadUserInput",
            "expireAt",
        ),
    ];
    for (members, status, code, naming) in rows {
        world.post(GRANTS, but(grant_body(1), members)).await.refuses(status, code, naming);
    }
    world.post("/api/v1/customers/c/archive", json!({})).await.is(200);
    world.post(GRANTS, grant_body(1)).await.refuses(400, "EntityIsArchivedError", "customerId");
    assert!(world.get(&format!("{GRANTS}?customerId=c")).await.ids().is_empty());
}

#[tokio::test]
async fn voiding() {
    let world = World::furnished().await;
    let id = world.grant(10).await;
    world.consume(4, "k").await.is(200);
    let void = format!("{GRANTS}/{id}/void");
    let voided = world.send("POST", &void, &[("content-type", "application/json")], "").await;
    assert_json_snapshot!(voided.is(200).json());
    world.post(&void, json!({})).await.refuses(400, "CreditGrantAlreadyVoided", "voided");
    world.post(&void, json!({"reason": "x"})).await.refuses(400, "BadUserInput", "reason");
    for unknown in ["cred-grant-000000000000", "g%201%2F2", "x"] {
        let path = format!("{GRANTS}/{unknown}/void");
        world.post(&path, json!({})).await.refuses(404, "CreditGrantNotFound", "");
    }
    world.consume(9, "l").await.is(200);
    let overdraft = world.get(&format!("{GRANTS}?customerId=c")).await;
    assert_json_snapshot!("overdraft", overdraft.data()[0]);
    let path = format!("{GRANTS}/{}/void", overdraft.ids()[0]);
    world.post(&path, json!({})).await.refuses(400, "CreditGrantCannotBeVoided", "overdraft");
}

#[tokio::test]
async fn editing() {
    let world = World::furnished().await;
    let id = world.grant(10).await;
    let path = format!("{GRANTS}/{id}");
    world.pass(5);
    let change = json!({
        "displayName": "Renamed", "comment": "new", "metadata": {"a": "b"}, "priority": 3,
        "expireAt": "2026-02-01",
    });
    assert_json_snapshot!(world.patch(&path, change).await.is(200).json());
    let cleared = json!({
        "displayName": null, "comment": null, "metadata": null, "priority": null, "expireAt": null,
    });
    let cleared = world.patch(&path, cleared).await.is(200).data();
    let shown = ["displayName", "comment", "metadata", "priority", "expireAt"]
        .map(|name| cleared[name].clone());
    assert_eq!(json!(shown), json!(["Renamed", null, {}, 3, null]));
    let rows = [
        (json!({"amount": 1}), 400, "BadUserInput", "amount"),
        (json!({"priority": 1.5}), 400, "BadUserInput", "priority"),
        (json!({"comment": 1}), 400, "BadUserInput", "comment"),
        (
            json!({"expireAt": "2025-01-01"}),
            400,
            "ExpireAtMustBeLaterThanEffectiveAtError",
            "expireAt",
        ),
        (json!({"metadata": {"k": "v".repeat(2001)}}), 400, "InvalidMetadataError", "metadata"),
    ];
    for (change, status, code, naming) in rows {
        world.patch(&path, change).await.refuses(status, code, naming);
    }
    let unknown = format!("{GRANTS}/cred-grant-000000000000");
    world.patch(&unknown, json!({})).await.refuses(404, "CreditGrantNotFound", "");
    world.get(&unknown).await.refuses(404, "CreditGrantNotFound", "");
}

#[tokio::test]
async fn lists() {
    let world = World::furnished().await;
    let mut made = Vec::new();
    for amount in 1..=5 {
        made.insert(0, world.grant(amount).await);
        world.pass(1_000);
    }
    let elsewhere = but(grant_body(1), json!({"resourceId": "site"}));
    world.post(GRANTS, elsewhere).await.is(201);
    let list = |rest: &str| format!("{GRANTS}?customerId=c{rest}");
    assert_eq!(world.get(&list("")).await.ids(), made);
    assert_eq!(world.get(&list("&resourceId=site")).await.ids().len(), 1);
    assert_eq!(world.get(&list("&resourceId=unknown")).await.ids().len(), 0);
    assert_eq!(world.get(&list("&currencyId=credits")).await.ids(), made);
    let since = "&createdAt%5Bgte%5D=2026-01-02T03:04:06Z&createdAt[lt]=2026-01-02T03:04:08Z";
    assert_eq!(world.get(&list(since)).await.ids(), made[2..4]);

    let first = world.get(&list("&limit=2")).await;
    assert_eq!((first.ids(), first.cursor("prev")), (made[..2].to_vec(), None));
    let next = first.cursor("next").unwrap();
    let second = world.get(&list(&format!("&limit=2.0&after={next}"))).await;
    assert_eq!(second.ids(), made[2..4]);
    let third = list(&format!("&limit=2&after={}", second.cursor("next").unwrap()));
    let third = world.get(&third).await;
    assert_eq!((third.ids(), third.cursor("next")), (made[4..].to_vec(), None));
    let back = list(&format!("&limit=3&before={}", third.cursor("prev").unwrap()));
    assert_eq!(world.get(&back).await.ids(), made[1..4]);

    let rows = [
        ("&limit=0".to_owned(), "limit"),
        ("&limit=101".to_owned(), "limit"),
        ("&limit=1.5".to_owned(), "limit"),
        ("&limit=1&limit=2".to_owned(), "limit"),
        (format!("&after={next}&before={next}"), "before"),
        (format!("&after={next}&currencyId=credits"), "after"),
        ("&after=".to_owned(), "after"),
        ("&before=0190163d-8694-839b-aea5-966c26f8ad91".to_owned(), "before"),
        ("&createdAt[gt]=soon".to_owned(), "createdAt"),
        ("&resourceId=".to_owned(), "resourceId"),
    ];
    for (rest, naming) in rows {
        world.get(&list(&rest)).await.refuses(400, "BadUserInput", naming);
    }
    world.get(GRANTS).await.refuses(400, "BadUserInput", "customerId");
    let nobody = format!("{GRANTS}?customerId=nobody");
    world.get(&nobody).await.refuses(404, "CustomerNotFound", "");
    world.get(&list("&currencyId=no")).await.refuses(404, "CustomCurrencyNotFound", "");
}

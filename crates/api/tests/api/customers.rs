//! Customers.

use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::support::{World, but, consume_body};

const PATH: &str = "/api/v1/customers";

fn everything() -> Value {
    let address = json!({
        "city": "Basel", "country": "CH", "line1": "1", "line2": "2", "postalCode": "4058",
        "state": "BS",
    });
    json!({
        "id": "a|b.c@d", "email": "a@example.com", "name": "A", "billingCurrency": "chf",
        "billingId": "cus_1", "couponId": "", "language": "de", "timezone": "Europe/Zurich",
        "metadata": {"tier": "gold"},
        "defaultPaymentMethod": {
            "billingId": "pm_1", "cardExpiryMonth": 12.0, "cardExpiryYear": 2031,
            "cardLast4Digits": "4242", "type": "CARD",
        },
        "integrations": [{"id": "i", "syncedEntityId": null, "vendorIdentifier": "STRIPE"}],
        "passthrough": {
            "stripe": {
                "billingAddress": address, "customerName": "A", "invoiceCustomFields": {"po": "1"},
                "metadata": {"a": "b"}, "paymentMethodId": "pm", "shippingAddress": null,
                "taxIds": [{"type": "ch_vat", "value": "1"}],
            },
            "zuora": {"currency": "eur", "metadata": {"c": "d"}, "paymentMethodId": "pm"},
        },
    })
}

/// What was written goes, what is counted stays; it happens once for each key.
#[tokio::test]
async fn are_erased() {
    let world = World::new().await;
    world.post(PATH, everything()).await.is(201);
    let one = format!("{PATH}/a%7Cb.c%40d");
    let erase = format!("{one}/erase");
    world.pass(5);
    let erased = world.send("POST", &erase, &[("idempotency-key", "once")], "").await.is(200);
    assert_json_snapshot!("erased", erased.json());
    assert_eq!(world.get(&one).await.is(200).text, erased.text);
    world.patch(&one, json!({"name": "B"})).await.is(200);
    let again = world.send("POST", &erase, &[("idempotency-key", "once")], "").await.is(200);
    assert_eq!(again.text, erased.text);
    assert_eq!(world.get(&one).await.is(200).data()["name"], "B");
    world.post(&erase, json!({})).await.is(200);
    assert_eq!(world.get(&one).await.is(200).data()["name"], Value::Null);
    let nobody = world.post(&format!("{PATH}/nobody/erase"), json!({})).await;
    nobody.refuses(404, "CustomerNotFound", "nobody");
    world.post(&erase, json!({"id": "a"})).await.refuses(400, "BadUserInput", "id");
}

#[tokio::test]
async fn a_life() {
    let world = World::new().await;
    let made = world.post(PATH, everything()).await.is(201);
    assert_json_snapshot!("created", made.json());
    world.post(PATH, everything()).await.refuses(409, "DuplicatedEntityNotAllowed", "id");
    let one = format!("{PATH}/a%7Cb.c%40d");
    assert_eq!(world.get(&one).await.is(200).text, made.text);
    world.pass(5);
    let nulls = [
        "email",
        "name",
        "billingCurrency",
        "billingId",
        "couponId",
        "language",
        "timezone",
        "metadata",
        "integrations",
        "passthrough",
    ];
    let nulls = nulls.iter().map(|name| ((*name).to_owned(), Value::Null)).collect();
    let cleared = world.patch(&one, Value::Object(nulls)).await.is(200);
    assert_json_snapshot!("cleared", cleared.json());
    let archived = world.send("POST", &format!("{one}/archive"), &[], "").await.is(200).data();
    assert_eq!(archived["archivedAt"], "2026-01-02T03:04:05.005Z");
    let back = world.send("POST", &format!("{one}/unarchive"), &[], "").await.is(200).data();
    assert_eq!(back["archivedAt"], Value::Null);
}

#[tokio::test]
async fn refused() {
    let world = World::new().await;
    let rows = [
        ("id", json!("a b"), 400, "BadUserInput"),
        ("id", json!(null), 400, "BadUserInput"),
        ("name", json!(5), 400, "BadUserInput"),
        ("email", json!("x".repeat(256)), 400, "BadUserInput"),
        ("billingCurrency", json!("CHF"), 400, "BadUserInput"),
        ("couponId", json!("summer"), 501, "UnsupportedParameter"),
        ("metadata", json!({"a": 1}), 400, "BadUserInput"),
        ("metadata", json!({"k".repeat(256): ""}), 400, "InvalidMetadataError"),
        ("integrations", json!([{"id": "x", "vendorIdentifier": "STRIPE"}]), 400, "BadUserInput"),
        (
            "integrations",
            json!([{"id": "x", "syncedEntityId": null, "vendorIdentifier": "X"}]),
            400,
            "BadUserInput",
        ),
        ("passthrough", json!({"stripe": 1}), 400, "BadUserInput"),
        ("passthrough", json!({"stripe": {"taxIds": [["a", "b"]]}}), 400, "BadUserInput"),
        ("passthrough", json!({"zuora": {"currency": "EUR"}}), 400, "BadUserInput"),
        ("passthrough", json!({"stripe": {"customerName": "x".repeat(256)}}), 400, "BadUserInput"),
        ("defaultPaymentMethod", json!({"type": "CARD"}), 400, "BadUserInput"),
        ("unknown", json!(1), 400, "BadUserInput"),
    ];
    for (field, value, status, code) in rows {
        let body = but(json!({"id": "c"}), json!({field: value}));
        world.post(PATH, body).await.refuses(status, code, field);
    }
    for (path, method) in [("", "GET"), ("", "PATCH"), ("/archive", "POST"), ("/resources", "GET")]
    {
        for id in ["nobody", "a%20b"] {
            let told = world.send(method, &format!("{PATH}/{id}{path}"), &[], "{}").await;
            told.refuses(404, "CustomerNotFound", "");
        }
    }
    let told = world.patch(&format!("{PATH}/nobody"), json!({"id": "c"})).await;
    told.refuses(400, "BadUserInput", "id");
    assert_eq!(world.get(PATH).await.ids().len(), 0);
}

#[tokio::test]
async fn lists() {
    let world = World::new().await;
    for number in 0..3 {
        let body =
            json!({"id": format!("c{number}"), "name": "Same", "email": format!("{number}@x")});
        world.post(PATH, body).await.is(201);
        world.pass(1_000);
    }
    let rows: [(&str, &[&str]); 5] = [
        ("", &["c2", "c1", "c0"]),
        ("?name=Same&email=1%40x", &["c1"]),
        ("?name=same", &[]),
        ("?createdAt[gt]=2026-01-02T03:04:05Z", &["c2", "c1"]),
        ("?createdAt[lte]=2026-01-02T03:04:06", &["c1", "c0"]),
    ];
    for (rest, ids) in rows {
        assert_eq!(world.get(&format!("{PATH}{rest}")).await.ids(), ids, "{rest}");
    }
    let next = world.get(&format!("{PATH}?name=Same&limit=1")).await.cursor("next").unwrap();
    let page = world.get(&format!("{PATH}?name=Same&limit=1&after={next}")).await;
    assert_eq!(page.ids(), ["c1"]);
    let other = format!("{PATH}?name=Other&after={next}");
    world.get(&other).await.refuses(400, "BadUserInput", "after");
}

#[tokio::test]
async fn imports() {
    let world = World::new().await;
    world.post(PATH, json!({"id": "old", "name": "Before", "language": "de"})).await.is(201);
    let import = format!("{PATH}/import");
    let item = |id: &str, name: Value| json!({"id": id, "name": name, "email": null});
    let all = json!({
        "customers": [item("old", json!("After")), item("new", json!(null))],
        "integrationId": "i",
    });
    let told = world.post(&import, all).await.is(200);
    assert_eq!(told.text, "{\"data\":{\"newCustomers\":[\"new\"]}}");
    let old = world.get(&format!("{PATH}/old")).await.data();
    assert_eq!((&old["name"], &old["language"]), (&json!("After"), &json!("de")));
    let rows = [
        (json!([]), 400, "BadUserInput", "customers"),
        (json!([item("x", json!("a")), {"id": "y"}]), 400, "BadUserInput", "customers[1]"),
        (
            json!([item("x", json!("a")), item("y z", json!("a"))]),
            400,
            "BadUserInput",
            "customers[1].id",
        ),
        (
            json!([item("x", json!("a")), item("x", json!("b"))]),
            409,
            "DuplicatedEntityNotAllowed",
            "customers[1]",
        ),
        (
            json!([but(item("x", json!("a")), json!({"updatedAt": "soon"}))]),
            400,
            "BadUserInput",
            "customers[0].updatedAt",
        ),
    ];
    for (customers, status, code, naming) in rows {
        let told = world.post(&import, json!({"customers": customers})).await;
        told.refuses(status, code, naming);
    }
    world.get(&format!("{PATH}/x")).await.refuses(404, "CustomerNotFound", "");
}

#[tokio::test]
async fn resources() {
    let world = World::furnished().await;
    for (index, resource) in ["r0", "r1", "r2"].into_iter().enumerate() {
        let body = but(consume_body(1, &index.to_string()), json!({"resourceId": resource}));
        world.post("/api/v1/credits/consumption", body).await.is(200);
    }
    let path = format!("{PATH}/c/resources");
    let page = world.get(&format!("{path}?limit=2")).await.is(200);
    assert_json_snapshot!(page.data());
    let next = page.cursor("next").unwrap();
    assert_eq!(world.get(&format!("{path}?after={next}")).await.ids(), ["r0"]);
}

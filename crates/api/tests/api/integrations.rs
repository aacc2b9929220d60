//! Links of customers to other systems: whole answers as snapshots, and a row for each rule.

use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::support::{Told, World, but};

const PATH: &str = "/api/v1/customers/c/integrations";
const CUSTOMER: &str = "/api/v1/customers/c";

fn body(id: &str, vendor: &str) -> Value {
    json!({"id": id, "syncedEntityId": format!("{id}-1"), "vendorIdentifier": vendor})
}

async fn remove(world: &World, id: &str) -> Told {
    world.send("DELETE", &format!("{PATH}/{id}"), &[], "").await
}

/// What the customer says, the oldest first.
async fn of_customer(world: &World) -> Value {
    world.get(CUSTOMER).await.is(200).data()["integrations"].take()
}

fn ids(told: &Told) -> Vec<String> {
    let data = told.data();
    let id = |item: &Value| item["id"].as_str().unwrap().to_owned();
    data.as_array().unwrap().iter().map(id).collect()
}

#[tokio::test]
async fn a_life() {
    let world = World::furnished().await;
    let made = world.post(PATH, body("stripe 1/a", "STRIPE")).await.is(201);
    assert_json_snapshot!("link", made.json());
    let one = format!("{PATH}/stripe%201%2Fa");
    assert_eq!(world.get(&one).await.is(200).text, made.text);
    assert_eq!(of_customer(&world).await, json!([body("stripe 1/a", "STRIPE")]));
    world.pass(5);
    let other = json!({"syncedEntityId": "cus_2"});
    let changed = world.patch(&one, other.clone()).await.is(200).data();
    assert_eq!(changed["syncedEntityId"], "cus_2");
    let customer = world.get(CUSTOMER).await.is(200).data();
    assert_eq!(customer["integrations"], json!([but(body("stripe 1/a", "STRIPE"), other)]));
    assert_eq!(customer["updatedAt"], "2026-01-02T03:04:05.005Z");
    world.patch(&one, json!({"syncedEntityId": null})).await.is(200);
    assert_json_snapshot!("list", world.get(PATH).await.is(200).json());
    assert_json_snapshot!("removed", remove(&world, "stripe%201%2Fa").await.is(200).json());
    remove(&world, "stripe%201%2Fa").await.refuses(404, "IntegrationNotFound", "integrationId");
    assert_eq!(of_customer(&world).await, json!([]));
    assert_eq!(world.get(PATH).await.is(200).data(), json!([]));
}

/// Customer and list are one truth, whichever of them is written.
#[tokio::test]
async fn given_with_the_customer() {
    let world = World::furnished().await;
    let links = json!([body("s", "STRIPE"), body("f", "SALESFORCE"), body("h", "HUBSPOT")]);
    let d = "/api/v1/customers/d/integrations";
    world.post("/api/v1/customers", json!({"id": "d", "integrations": links})).await.is(201);
    assert_eq!(ids(&world.get(d).await.is(200)), ["h", "s"]);
    for (method, sent) in [("GET", ""), ("PATCH", r#"{"syncedEntityId":"1"}"#), ("DELETE", "")] {
        let told = world.send(method, &format!("{d}/f"), &[], sent).await;
        told.refuses(404, "IntegrationNotFound", "integrationId");
    }
    let taken = world.post(d, body("f", "ZUORA")).await;
    taken.refuses(409, "DuplicatedEntityNotAllowed", "id: link to integration \"f\" already");
    world.patch(&format!("{d}/h"), json!({"syncedEntityId": null})).await.is(200);
    let customer = world.get("/api/v1/customers/d").await.is(200).data();
    assert_eq!(customer["integrations"][2]["syncedEntityId"], Value::Null);
    assert_eq!(customer["integrations"][1], body("f", "SALESFORCE"));
    let replaced = json!({"integrations": [body("z", "ZUORA")]});
    world.patch("/api/v1/customers/d", replaced).await.is(200);
    assert_eq!(ids(&world.get(d).await.is(200)), ["z"]);
    let item = json!({"id": "d", "email": null, "name": "D"});
    world.post("/api/v1/customers/import", json!({"customers": [item]})).await.is(200);
    assert_eq!(ids(&world.get(d).await.is(200)), ["z"], "an import says nothing of them");
    world.patch("/api/v1/customers/d", json!({"integrations": null})).await.is(200);
    assert_eq!(world.get(d).await.is(200).data(), json!([]));
}

#[tokio::test]
async fn refused() {
    let world = World::furnished().await;
    world.post(PATH, body("s", "STRIPE")).await.is(201);
    let long = "x".repeat(256);
    let rows = [
        (json!({"id": ""}), 400, "BadUserInput", "id"),
        (json!({"id": long}), 400, "BadUserInput", "id"),
        (json!({"id": null}), 400, "BadUserInput", "id"),
        (json!({"id": "s"}), 409, "DuplicatedEntityNotAllowed", "id"),
        (json!({"syncedEntityId": null}), 400, "BadUserInput", "syncedEntityId"),
        (json!({"syncedEntityId": ""}), 400, "BadUserInput", "syncedEntityId"),
        (json!({"syncedEntityId": long}), 400, "BadUserInput", "syncedEntityId"),
        (json!({"vendorIdentifier": "SALESFORCE"}), 400, "BadUserInput", "vendorIdentifier"),
        (json!({"vendorIdentifier": "stripe"}), 400, "BadUserInput", "vendorIdentifier"),
        (json!({"secret": "x"}), 400, "BadUserInput", "secret"),
    ];
    for (members, status, code, naming) in rows {
        let told = world.post(PATH, but(body("z", "ZUORA"), members)).await;
        told.refuses(status, code, naming);
    }
    let one = format!("{PATH}/s");
    for changed in [json!({}), json!({"syncedEntityId": ""}), json!({"syncedEntityId": 5})] {
        world.patch(&one, changed).await.refuses(400, "BadUserInput", "syncedEntityId");
    }
    world.patch(&one, body("s", "ZUORA")).await.refuses(400, "BadUserInput", "id");
    for id in ["nobody", "no%20body"] {
        let path = format!("/api/v1/customers/{id}/integrations");
        let code = "CustomerNotFound";
        world.get(&path).await.refuses(404, code, "customer");
        world.get(&format!("{path}/s")).await.refuses(404, code, "customer");
        world.post(&path, body("s", "STRIPE")).await.refuses(404, code, "customer");
        let told = world.patch(&format!("{path}/s"), json!({"syncedEntityId": null})).await;
        told.refuses(404, code, "customer");
        let told = world.send("DELETE", &format!("{path}/s"), &[], "").await;
        told.refuses(404, code, "customer");
    }
    world.get(&format!("{PATH}/x")).await.refuses(404, "IntegrationNotFound", "integrationId");
    let query = format!("{PATH}?vendorIdentifier=SALESFORCE");
    world.get(&query).await.refuses(400, "BadUserInput", "vendorIdentifier");
    assert_eq!(of_customer(&world).await, json!([body("s", "STRIPE")]));
}

/// A customer has one link in each integration, and it has a name.
#[tokio::test]
async fn refused_with_the_customer() {
    let world = World::furnished().await;
    for links in [
        json!([body("a", "STRIPE"), body("b", "STRIPE"), body("a", "ZUORA")]),
        json!([body("a", "STRIPE"), body("b", "STRIPE"), body("", "ZUORA")]),
    ] {
        let told = world.patch(CUSTOMER, json!({"integrations": links})).await;
        told.refuses(400, "BadUserInput", "integrations[2].id");
    }
}

#[tokio::test]
async fn limited_in_number() {
    let world = World::furnished().await;
    let links: Vec<_> = (0..100).map(|number| body(&format!("i{number}"), "STRIPE")).collect();
    world.patch(CUSTOMER, json!({"integrations": links})).await.is(200);
    let told = world.post(PATH, body("s", "STRIPE")).await;
    told.refuses(400, "InvalidArgumentError", "at most 100 integrations of a customer");
    remove(&world, "i0").await.is(200);
    world.post(PATH, body("s", "STRIPE")).await.is(201);
}

/// A key answers once, and so does an SDK's own retry of a POST.
#[tokio::test]
async fn happens_once() {
    let world = World::furnished().await;
    let (stripe, zuora) = (body("s", "STRIPE").to_string(), body("z", "ZUORA").to_string());
    let one = format!("{PATH}/s");
    let other = r#"{"syncedEntityId":"2"}"#;
    let rows = [
        ("POST", PATH, stripe.as_str(), "idempotency-key", ["a", "a"]),
        ("PATCH", &one, other, "idempotency-key", ["b", "b"]),
        ("DELETE", &one, "", "idempotency-key", ["c", "c"]),
        ("POST", PATH, &zuora, "x-stainless-retry-count", ["0", "1"]),
    ];
    for (method, path, sent, header, [first, second]) in rows {
        let told = world.send(method, path, &[(header, first)], sent).await;
        assert!(told.status.is_success(), "{method}: {}", told.text);
        world.pass(1_000);
        let again = world.send(method, path, &[(header, second)], sent).await;
        assert_eq!((again.status, &again.text), (told.status, &told.text));
        assert_eq!(again.header("idempotent-replayed"), "true", "{method}");
    }
    assert_eq!(of_customer(&world).await, json!([body("z", "ZUORA")]));
}

#[tokio::test]
async fn go_on_for_archived_customers() {
    let world = World::furnished().await;
    world.post("/api/v1/customers/c/archive", json!({})).await.is(200);
    world.post(PATH, body("s", "STRIPE")).await.is(201);
    world.patch(&format!("{PATH}/s"), json!({"syncedEntityId": null})).await.is(200);
    assert_eq!(ids(&world.get(PATH).await.is(200)), ["s"]);
    remove(&world, "s").await.is(200);
}

#[tokio::test]
async fn lists() {
    let world = World::furnished().await;
    let vendors = ["STRIPE", "ZUORA", "HUBSPOT", "AWS_MARKETPLACE"];
    for (number, vendor) in vendors.iter().cycle().take(7).enumerate() {
        world.post(PATH, body(&format!("i{number}"), vendor)).await.is(201);
    }
    let rows: [(&str, &[&str]); 5] = [
        ("", &["i6", "i5", "i4", "i3", "i2", "i1", "i0"]),
        ("&vendorIdentifier=STRIPE", &["i4", "i0"]),
        ("&vendorIdentifier=STRIPE,ZUORA", &["i5", "i4", "i1", "i0"]),
        ("&vendorIdentifier=HUBSPOT&vendorIdentifier=AWS_MARKETPLACE", &["i6", "i3", "i2"]),
        (
            "&vendorIdentifier=AWS_MARKETPLACE,HUBSPOT,ZUORA,STRIPE,STRIPE",
            &["i6", "i5", "i4", "i3", "i2", "i1", "i0"],
        ),
    ];
    for (query, expected) in rows {
        for limit in [1, 2, 3, 7] {
            let path = format!("{PATH}?limit={limit}{query}");
            assert_eq!(walked(&world, &path).await, expected, "{path}");
        }
    }
    let next = world.get(&format!("{PATH}?limit=1")).await.is(200).cursor("next").unwrap();
    let other = format!("{PATH}?after={next}&vendorIdentifier=STRIPE");
    world.get(&other).await.refuses(400, "BadUserInput", "after");
}

/// Nothing is shown twice or left out though links come and go between two pages.
#[tokio::test]
async fn lists_that_change() {
    let rows: [(&str, &[&str], &[&str]); 4] = [
        ("i0", &["i2", "i1"], &["i6", "i5"]),
        ("i5", &["i2", "i1", "i0"], &["i6"]),
        ("i4", &["i2", "i1", "i0"], &["i6", "i5"]),
        ("i3", &["i2", "i1", "i0"], &["i6", "i5"]),
    ];
    for (removed, older, newer) in rows {
        let world = World::furnished().await;
        for number in 0..7 {
            world.post(PATH, body(&format!("i{number}"), "STRIPE")).await.is(201);
        }
        let first = world.get(&format!("{PATH}?limit=2")).await.is(200).cursor("next").unwrap();
        let second = world.get(&format!("{PATH}?limit=2&after={first}")).await.is(200);
        assert_eq!(ids(&second), ["i4", "i3"]);
        remove(&world, removed).await.is(200);
        let rest = format!("{PATH}?after={}", second.cursor("next").unwrap());
        assert_eq!(ids(&world.get(&rest).await.is(200)), older, "{removed}");
        let before = format!("{PATH}?before={}", second.cursor("prev").unwrap());
        assert_eq!(ids(&world.get(&before).await.is(200)), newer, "{removed}");
    }
}

/// The ids of a list, page by page to its end, and the same all the way back.
async fn walked(world: &World, path: &str) -> Vec<String> {
    let mut told = world.get(path).await.is(200);
    assert_eq!(told.cursor("prev"), None);
    let mut pages = vec![ids(&told)];
    while let Some(next) = told.cursor("next") {
        told = world.get(&format!("{path}&after={next}")).await.is(200);
        pages.push(ids(&told));
    }
    let mut back = pages.last().cloned().into_iter().collect::<Vec<_>>();
    while let Some(before) = told.cursor("prev") {
        told = world.get(&format!("{path}&before={before}")).await.is(200);
        back.insert(0, ids(&told));
    }
    assert_eq!(back, pages, "{path}");
    pages.concat()
}

//! Consumption, alone and in batches.

use insta::{assert_json_snapshot, assert_snapshot};
use serde_json::{Value, json};

use crate::support::{World, but, consume_body};

const CONSUMPTION: &str = "/api/v1/credits/consumption";
const ASYNC: &str = "/api/v1/credits/consumption/async";

#[tokio::test]
async fn the_answer() {
    let world = World::furnished().await;
    world.grant(1000).await;
    assert_snapshot!(world.consume(10, "k").await.is(200).text);
    world.pass(7);
    let body = but(
        consume_body(3, "l"),
        json!({
            "resourceId": "site", "createdAt": "2026-01-01T00:00:00.1239+01:00",
            "dimensions": {"model": "large", "n": 1.50, "big": 1e30, "on": true},
        }),
    );
    assert_snapshot!(world.post(CONSUMPTION, body).await.is(200).text);
}

#[tokio::test]
async fn the_null_router_answers_in_the_same_words() {
    let world = World::furnished().await;
    let real = world.consume(10, "k").await.is(200).data();
    let null = world.null();
    let told = null.consume(10, "k").await.is(200);
    assert_snapshot!(told.text);
    let told = told.data();
    let names = |data: &Value| data.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&told), names(&real));
    assert_eq!(names(&told["credit"]), names(&real["credit"]));
    null.consume(0, "k").await.refuses(400, "BadUserInput", "amount");
    let batch = json!({"consumptions": [consume_body(1, "k")]});
    assert_eq!(null.post(ASYNC, batch).await.is(202).text, "{\"data\":{}}");
    let strange = [("x-api-key", "server-strange")];
    null.send("POST", CONSUMPTION, &strange, "").await.refuses(401, "Unauthenticated", "");
}

#[tokio::test]
async fn a_repeat_is_the_same() {
    let world = World::furnished().await;
    let first = world.consume(10, "k").await.is(200).data();
    world.pass(5_000);
    world.consume(1, "l").await.is(200);
    let again = world.consume(10, "k").await.is(200).data();
    assert_eq!((&again["amount"], &again["timestamp"]), (&first["amount"], &first["timestamp"]));
    assert_eq!(again["credit"]["currentUsage"], 11);
    world.consume(11, "k").await.refuses(409, "DuplicatedEntityNotAllowed", "idempotencyKey");
}

#[tokio::test]
async fn refused() {
    let world = World::furnished().await;
    let many: Value =
        (0..21).map(|n| (format!("k{n}"), json!(1))).collect::<serde_json::Map<_, _>>().into();
    let rows = [
        (json!({"amount": 0}), 400, "BadUserInput", "amount"),
        (json!({"amount": "1"}), 400, "BadUserInput", "amount"),
        (json!({"amount": null}), 400, "BadUserInput", "amount"),
        (json!({"amount": [1]}), 400, "BadUserInput", "amount"),
        (json!({"customerId": "-"}), 400, "BadUserInput", "customerId"),
        (json!({"currencyId": "a@b"}), 400, "BadUserInput", "currencyId"),
        (json!({"resourceId": ""}), 400, "BadUserInput", "resourceId"),
        (json!({"idempotencyKey": ""}), 400, "BadUserInput", "idempotencyKey"),
        (json!({"idempotencyKey": "x".repeat(256)}), 400, "BadUserInput", "idempotencyKey"),
        (json!({"createdAt": "soon"}), 400, "BadUserInput", "createdAt"),
        (json!({"createdAt": "2026-01-02T03:10:00Z"}), 400, "BadUserInput", "createdAt"),
        (json!({"createdAt": "2024-01-01"}), 400, "BadUserInput", "createdAt"),
        (json!({"dimensions": {"a b": 1}}), 400, "BadUserInput", "dimensions"),
        (json!({"dimensions": {"a": null}}), 400, "BadUserInput", "dimensions.a"),
        (json!({"dimensions": {"a": {"b": 1}}}), 400, "BadUserInput", "dimensions.a"),
        (json!({"dimensions": {"a": "v".repeat(256)}}), 400, "BadUserInput", "dimensions.a"),
        (json!({"dimensions": many}), 400, "BadUserInput", "dimensions"),
        (json!({"onInsufficient": "reject"}), 400, "BadUserInput", "onInsufficient"),
        (json!({"onInsufficient": ""}), 400, "BadUserInput", "onInsufficient"),
        (json!({"onInsufficient": true}), 400, "BadUserInput", "onInsufficient"),
        (json!({"customerId": "nobody"}), 404, "CustomerNotFound", "customerId"),
        (json!({"currencyId": "nothing"}), 404, "CustomCurrencyNotFound", "currencyId"),
    ];
    for (members, status, code, naming) in &rows {
        let item = but(consume_body(1, "k"), members.clone());
        world.post(CONSUMPTION, item.clone()).await.refuses(*status, code, naming);
        let batch = json!({"consumptions": [consume_body(1, "good"), item]});
        let told = world.post(ASYNC, batch).await.refuses(*status, code, naming);
        assert!(told.text.contains("consumptions[1]"), "{}", told.text);
    }
    let twice =
        consume_body(1, "k").to_string().replace("\"amount\":1", "\"amount\":1,\"amount\":1");
    world.send("POST", CONSUMPTION, &[], twice).await.refuses(400, "BadUserInput", "amount");
    let rows = world.get("/api/v1/credits/ledger?customerId=c").await.is(200);
    assert_eq!(rows.data(), json!([]));
}

#[tokio::test]
async fn batches() {
    let world = World::furnished().await;
    world.consume(5, "used").await.is(200);
    let items = json!([consume_body(1, "a"), consume_body(2, "b"), consume_body(1, "a")]);
    let told = world.post(ASYNC, json!({"consumptions": items})).await.is(202);
    assert_eq!(told.text, "{\"data\":{}}");
    let items = json!([consume_body(3, "c"), consume_body(6, "used")]);
    let told = world.post(ASYNC, json!({"consumptions": items})).await.is(202);
    assert_json_snapshot!(told.json());
    let items = json!([consume_body(4, "d"), consume_body(5, "d")]);
    let told = world.post(ASYNC, json!({"consumptions": items})).await;
    told.refuses(409, "DuplicatedEntityNotAllowed", "consumptions[1]");
    let told = world.get("/api/v1/customers/c/entitlements/check?currencyId=credits").await;
    assert_eq!(told.data()["currentUsage"], 11);
}

#[tokio::test]
async fn hard_stops() {
    let world = World::furnished().await;
    world.grant(10).await;
    let hard = |amount, key| but(consume_body(amount, key), json!({"onInsufficient": "REJECT"}));
    let told = world.post(CONSUMPTION, hard(11, "k")).await;
    told.refuses(402, "InsufficientCredits", "10");
    world.post(CONSUMPTION, hard(10, "k")).await.is(200);
    let soft = but(consume_body(1, "l"), json!({"onInsufficient": "OVERDRAFT"}));
    world.post(CONSUMPTION, soft).await.is(200);
    world
        .post(CONSUMPTION, but(consume_body(1, "l"), json!({"onInsufficient": null})))
        .await
        .is(200);
    let told = world.post(CONSUMPTION, hard(1, "l")).await;
    told.refuses(409, "DuplicatedEntityNotAllowed", "idempotencyKey");
    let items = json!([consume_body(1, "a"), hard(1, "b")]);
    let told = world.post(ASYNC, json!({"consumptions": items})).await.is(202).data();
    assert_eq!(
        (&told["rejected"][0]["index"], told["rejected"].as_array().unwrap().len()),
        (&json!(1), 1)
    );
    assert_eq!(told["rejected"][0]["code"], "InsufficientCredits");

    let currency = "/api/v1/credits/custom-currencies/credits";
    world.patch(currency, json!({"overdraft": "DENY"})).await.is(200);
    world.consume(1, "m").await.refuses(402, "InsufficientCredits", "-2");
    let soft = but(consume_body(1, "m"), json!({"onInsufficient": "OVERDRAFT"}));
    world.post(CONSUMPTION, soft).await.is(200);
    world.patch(currency, json!({"overdraft": null})).await.is(200);
    world.consume(1, "n").await.is(200);
}

#[tokio::test]
async fn sizes_of_batches() {
    let world = World::furnished().await;
    let items = |count: usize| {
        let items: Vec<_> = (0..count).map(|n| consume_body(1, &n.to_string())).collect();
        json!({"consumptions": items})
    };
    for count in [0, 1001] {
        world.post(ASYNC, items(count)).await.refuses(400, "BadUserInput", "consumptions");
    }
    world.post(ASYNC, items(1000)).await.is(202);
    for wrong in [json!({}), json!({"consumptions": {}}), json!({"consumptions": [[]]})] {
        world.post(ASYNC, wrong).await.refuses(400, "BadUserInput", "consumptions");
    }
}

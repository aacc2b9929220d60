//! Ledger rows: their form, their filters, their pages.

use insta::assert_json_snapshot;
use serde_json::json;

use crate::support::{World, but, consume_body, grant_body};

const LEDGER: &str = "/api/v1/credits/ledger?customerId=c";

#[tokio::test]
async fn rows() {
    let world = World::furnished().await;
    world.grant(10).await;
    world.pass(1_000);
    let body = but(
        consume_body(15, "k"),
        json!({"createdAt": "2026-01-01", "dimensions": {"model": "large", "n": 1.0, "on": false}}),
    );
    world.post("/api/v1/credits/consumption", body).await.is(200);
    world.pass(1_000);
    world.grant(20).await;
    // What a hash covers is the core's matter.
    assert_json_snapshot!(world.get(LEDGER).await.is(200).json(), {".data[].hash" => "[hash]"});
}

#[tokio::test]
async fn filters_and_pages() {
    let world = World::furnished().await;
    world.grant(10).await;
    for key in ["a", "b", "c"] {
        world.consume(1, key).await.is(200);
    }
    let elsewhere = but(grant_body(7), json!({"resourceId": "site"}));
    world.post("/api/v1/credits/grants", elsewhere).await.is(201);
    let rows = [
        ("", 5),
        ("&resourceId=site", 1),
        ("&resourceId=unknown", 0),
        ("&currencyId=credits", 5),
        ("&eventType=CREDITS_GRANTED", 2),
        ("&eventType=CREDITS_GRANTED,CREDITS_CONSUMED", 5),
        ("&eventType=CREDITS_GRANTED%2CCREDITS_VOIDED&eventType=CREDITS_CONSUMED", 5),
        ("&reservationId=any%20thing", 0),
        ("&unknown=ignored", 5),
    ];
    let count = async |rest: &str| {
        let told = world.get(&format!("{LEDGER}{rest}")).await.is(200);
        told.data().as_array().unwrap().len()
    };
    for (rest, expected) in rows {
        assert_eq!(count(rest).await, expected, "{rest}");
    }
    let rest = "&eventType=CREDITS_CONSUMED,CREDITS_GRANTED&limit=2";
    let page = world.get(&format!("{LEDGER}{rest}")).await;
    let next = page.cursor("next").unwrap();
    assert_eq!((next.len(), next.as_bytes()[14]), (36, b'8'), "it looks like a UUID: {next}");
    // The same filter in other words is the same list.
    let same = format!("&eventType=CREDITS_GRANTED,CREDITS_CONSUMED&after={next}");
    assert_eq!(count(&same).await, 3);
    let other = format!("{LEDGER}&after={next}");
    world.get(&other).await.refuses(400, "BadUserInput", "after");
    for (rest, naming) in [
        ("&eventType=CREDITS_STOLEN", "eventType"),
        ("&eventType=", "eventType"),
        ("&reservationId=", "reservationId"),
        ("&currencyId=%FF", "currencyId"),
        ("&limit=1e2", ""),
    ] {
        let told = world.get(&format!("{LEDGER}{rest}")).await;
        match naming {
            "" => drop(told.is(200)),
            naming => drop(told.refuses(400, "BadUserInput", naming)),
        }
    }
}

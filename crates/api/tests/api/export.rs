//! Exports: their forms, their ends, and going on.

use insta::{assert_json_snapshot, assert_snapshot};
use serde_json::{Value, json};

use crate::support::{SANDBOX, Told, World, but, consume_body, grant_body};

const EXPORT: &str = "/api/v1/credits/ledger/export";

/// A grant, a consumption that overdraws, a hold that is settled.
async fn furnished() -> World {
    let world = World::furnished().await;
    world.grant(10).await;
    let body = but(
        consume_body(15, "=k,\"1\""),
        json!({"dimensions": {"model": "large, \"new\"", "n": 1.0, "on": false}}),
    );
    world.post("/api/v1/credits/consumption", body).await.is(200);
    world.pass(1_000);
    world.grant(20).await;
    let hold = json!({
        "customerId": "c",
        "currencyId": "credits",
        "reservationId": "job",
        "amount": 3,
        "metadata": {"user": "ann"},
    });
    world.post("/api/v1/credits/reservations", hold).await.is(200);
    let release = json!({"customerId": "c", "currencyId": "credits", "consumedAmount": 2});
    world.post("/api/v1/credits/reservations/job/release", release).await.is(200);
    world
}

fn lines(told: &Told) -> Vec<Value> {
    told.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn lines_of_json() {
    let world = furnished().await;
    let told = world.get(EXPORT).await.is(200);
    assert_eq!(told.header("content-type"), "application/x-ndjson");
    assert_json_snapshot!(lines(&told), {"[].hash" => "[hash]", "[].cursor" => "[cursor]"});
    // A row is what a list shows of it, and its cursor.
    let listed = world.get("/api/v1/credits/ledger?customerId=c&limit=100").await.data();
    let mut exported = lines(&told);
    assert_eq!(exported.pop().unwrap()["rows"], exported.len());
    exported.reverse();
    for row in &mut exported {
        row.as_object_mut().unwrap().remove("cursor").unwrap();
    }
    assert_eq!(Value::from(exported), listed);
}

#[tokio::test]
async fn a_table() {
    let world = furnished().await;
    let told = world.get(&format!("{EXPORT}?format=CSV")).await.is(200);
    assert_eq!(told.header("content-type"), "text/csv; charset=utf-8");
    let rows = lines(&world.get(EXPORT).await);
    let mut text = told.text.clone();
    for row in &rows {
        let cursor = row["cursor"].as_str().unwrap();
        assert!(text.contains(cursor), "{row}");
        text = text.replace(cursor, "[cursor]");
        // The parts of a row have one hash.
        text = text.replace(row["hash"].as_str().unwrap_or("[none]"), "[hash]");
    }
    assert!(text.lines().count() == rows.len() + 1 && text.contains("\r\n"));
    assert_snapshot!(text.replace("\r\n", "\n"));
}

#[tokio::test]
async fn numbers_as_strings() {
    let world = furnished().await;
    let told = world.send("GET", EXPORT, &[("x-scrip-numbers", "string")], "").await.is(200);
    assert_eq!(lines(&told)[0]["amount"], "10");
}

#[tokio::test]
async fn goes_on_where_it_was() {
    let world = furnished().await;
    let other = but(grant_body(7), json!({"resourceId": "site"}));
    world.post("/api/v1/credits/grants", other).await.is(201);
    for filter in ["", "&customerId=c", "&customerId=c&currencyId=credits"] {
        let from = async |cursor: &str| {
            let after = if cursor.is_empty() { String::new() } else { format!("&after={cursor}") };
            lines(&world.get(&format!("{EXPORT}?{filter}{after}")).await.is(200))
        };
        let all = from("").await;
        for (index, line) in all.iter().enumerate() {
            let rest = from(line["cursor"].as_str().unwrap()).await;
            let rows = all.len().saturating_sub(index + 2);
            assert_eq!(rest.last().unwrap()["rows"], rows, "{filter} after {line}");
            assert_eq!(rest[..rows], all[all.len() - 1 - rows..all.len() - 1], "{filter}");
        }
        world.consume(1, &format!("k{filter}")).await.is(200);
        let end = all.last().unwrap()["cursor"].as_str().unwrap().to_owned();
        let new = from(&end).await;
        assert_eq!((new.len(), new[0]["amount"].as_i64()), (2, Some(-1)), "{filter}");
        // A cursor belongs to its filters, whatever the format.
        let path = format!("{EXPORT}?{filter}&format=CSV&after={end}");
        world.get(&path).await.is(200);
        let path = format!("{EXPORT}?{filter}&resourceId=site&after={end}");
        world.get(&path).await.refuses(400, "BadUserInput", "after");
    }
}

#[tokio::test]
async fn of_nothing() {
    let world = World::furnished().await;
    for filter in ["", "?customerId=c", "?customerId=c&resourceId=unknown", "?resourceId=unknown"] {
        let told = world.get(&format!("{EXPORT}{filter}")).await.is(200);
        let lines = lines(&told);
        assert_eq!((lines.len(), &lines[0]["rows"]), (1, &json!(0)), "{filter}");
    }
    let told = world.get(&format!("{EXPORT}?format=CSV")).await.is(200);
    let heads: Vec<&str> = told.text.lines().filter_map(|line| line.split(',').next()).collect();
    assert_eq!(heads, ["record", "end"]);
    let told = world.send("GET", EXPORT, &[("x-api-key", SANDBOX)], "").await.is(200);
    assert_eq!(lines(&told).len(), 1);
}

#[tokio::test]
async fn refusals() {
    let world = World::furnished().await;
    for (query, status, code, naming) in [
        ("format=XML", 400, "BadUserInput", "format"),
        ("format=ndjson", 400, "BadUserInput", "format"),
        ("after=x", 400, "BadUserInput", "after"),
        ("after=0190163d-8694-739b-aea5-966c26f8ad91", 400, "BadUserInput", "after"),
        ("customerId=", 400, "BadUserInput", "customerId"),
        ("customerId=c&customerId=d", 400, "BadUserInput", "customerId"),
        ("customerId=nobody", 404, "CustomerNotFound", "customerId"),
        ("currencyId=none", 404, "CustomCurrencyNotFound", "currencyId"),
        ("resourceId=a%20b", 400, "BadUserInput", "resourceId"),
    ] {
        world.get(&format!("{EXPORT}?{query}")).await.refuses(status, code, naming);
    }
}

/// However many clients begin and do not read, there is a bound; one that goes makes room.
#[tokio::test]
async fn run_in_a_bounded_number() {
    let world = furnished().await;
    let mut open = Vec::new();
    for _ in 0..8 {
        open.push(world.begin(EXPORT).await);
    }
    let told = world.get(EXPORT).await.refuses(503, "ServiceUnavailable", "exports");
    assert_eq!(told.header("x-should-retry"), "true");
    open.pop();
    world.get(EXPORT).await.is(200);
}

//! The revenue report and closed months over HTTP.

use insta::{assert_json_snapshot, assert_snapshot};
use serde_json::{Value, json};

use crate::support::{SANDBOX, Told, World, but, consume_body, grant_body};

const REVENUE: &str = "/api/v1/credits/reports/revenue";
const MONTHS: &str = "/api/v1/credits/reports/months";
const DAY: i64 = 24 * 60 * 60 * 1000;

/// The world's clock stands at 2026-01-02T03:04:05.
async fn furnished() -> World {
    let world = World::furnished().await;
    let paid = json!({
        "grantType": "PAID",
        "cost": {"amount": 10, "currency": "usd"},
        "paymentCollectionMethod": "NONE",
    });
    world.post("/api/v1/credits/grants", but(grant_body(100), paid)).await.is(201);
    world.consume(25, "january").await.is(200);
    world.pass(40 * DAY);
    world.consume(33, "february").await.is(200);
    world.pass(DAY);
    world
}

fn of(from: &str, to: &str) -> String {
    format!("{REVENUE}?from={from}T00:00:00Z&to={to}T00:00:00Z")
}

async fn totals(world: &World, from: &str, to: &str) -> Value {
    world.get(&of(from, to)).await.is(200).data()["totals"].take()
}

async fn close(world: &World, month: &str) -> Told {
    world.send("POST", &format!("{MONTHS}/{month}/close"), &[], "").await
}

#[tokio::test]
async fn a_report() {
    let world = furnished().await;
    let path = of("2026-01-01", "2026-02-01");
    let redacted = |told: &Told| {
        let mut data = told.data();
        for line in data["grants"].as_array_mut().into_iter().flatten() {
            line["grantId"] = "[grant]".into();
        }
        data
    };
    let told = world.get(&format!("{path}&detail=GRANTS")).await.is(200);
    assert_json_snapshot!(redacted(&told));
    let strings = [("x-scrip-numbers", "string")];
    let told = world.send("GET", &path, &strings, "").await.is(200);
    assert_eq!(told.data()["totals"][0]["recognised"], "2.5");
    let other = world.send("GET", &path, &[("x-api-key", SANDBOX)], "").await.is(200);
    assert_eq!(other.data()["totals"], json!([]));
}

/// Whoever only looks ahead is told what is wrong with the request, and has no row read.
#[tokio::test]
async fn a_head_reads_no_rows() {
    let world = furnished().await;
    let path = of("2026-01-01", "2026-02-01");
    let backwards = of("2026-02-01", "2026-01-01");
    world.send("HEAD", &backwards, &[], "").await.is(400);
    // From now on no walk through the rows comes to its end.
    world.app.begin_stop();
    world.get(&path).await.refuses(503, "ServiceUnavailable", "stops");
    for (format, media_type) in [("JSON", "application/json"), ("CSV", "text/csv; charset=utf-8")] {
        let told = world.send("HEAD", &format!("{path}&format={format}"), &[], "").await.is(200);
        let headers = (told.header("content-type"), told.header("content-length"));
        assert_eq!((headers, told.text.as_str()), ((media_type, ""), ""));
    }
}

#[tokio::test]
async fn a_table() {
    let world = furnished().await;
    let path = of("2026-01-01", "2026-02-01");
    let told = world.get(&format!("{path}&format=CSV")).await.is(200);
    assert_eq!(told.header("content-type"), "text/csv; charset=utf-8");
    let of_grants = world.get(&format!("{path}&format=CSV&detail=GRANTS")).await.is(200);
    let grants = world.get("/api/v1/credits/grants?customerId=c").await.ids();
    let text = format!("{}{}", told.text, of_grants.text.replace(&grants[0], "[grant]"));
    assert_snapshot!(text.replace("\r\n", "\n"));
}

#[tokio::test]
async fn a_closed_month_stays_as_it_is() {
    let world = furnished().await;
    let before = totals(&world, "2026-01-01", "2026-02-01").await;
    let told = close(&world, "2026-01").await.is(200);
    assert_json_snapshot!(told.data());
    // Late: of January, and counted in February.
    let late = but(consume_body(10, "late"), json!({"createdAt": "2026-01-20T00:00:00Z"}));
    world.post("/api/v1/credits/consumption", late).await.is(200);
    let again = world.get(&of("2026-01-01", "2026-02-01")).await.is(200).data();
    assert_eq!((again["totals"].clone(), again["isClosed"].clone()), (before.clone(), json!(true)));
    // Added up anew, it comes to the same.
    let detailed = world.get(&format!("{}&detail=GRANTS", of("2026-01-01", "2026-02-01"))).await;
    assert_eq!(detailed.data()["totals"], before);
    let february = totals(&world, "2026-02-01", "2026-02-12").await;
    assert_eq!(february[0]["recognised"].to_string(), "4.3");
    assert_eq!(february[0]["deferredFrom"], before[0]["deferredTo"]);
    // Twice is once.
    let repeated = close(&world, "2026-01").await.is(200);
    assert_eq!(repeated.data(), told.data());
    let listed = world.get(MONTHS).await.is(200);
    assert_eq!(listed.data(), json!([told.data()]));
    assert_eq!(listed.cursor("next"), None);
}

#[tokio::test]
async fn months_are_closed_one_after_the_other() {
    let world = furnished().await;
    let invalid = "InvalidArgumentError";
    close(&world, "2026-02").await.refuses(400, invalid, "2026-02 is not over");
    close(&world, "2025-12").await.is(200);
    world.pass(60 * DAY);
    close(&world, "2026-02").await.refuses(400, invalid, "2026-01 must be closed first");
    close(&world, "2025-11").await.refuses(400, invalid, "up to 2025-12 are closed already");
    for month in ["2026-13", "2026-1", "January"] {
        close(&world, month).await.refuses(400, "BadUserInput", "month");
    }
    close(&world, "2026-01").await.is(200);
    close(&world, "2026-02").await.is(200);
    let months = world.get(MONTHS).await.data();
    let names: Vec<_> = months.as_array().unwrap().iter().map(|it| it["month"].clone()).collect();
    assert_eq!(names, ["2026-02", "2026-01", "2025-12"]);
    // Closed months of others are others.
    let sandbox = world.send("GET", MONTHS, &[("x-api-key", SANDBOX)], "").await;
    assert_eq!(sandbox.data(), json!([]));
}

#[tokio::test]
async fn two_who_close_at_once_close_it_once() {
    let world = furnished().await;
    let (one, other) = tokio::join!(close(&world, "2026-01"), close(&world, "2026-01"));
    assert_eq!(one.is(200).data(), other.is(200).data());
    assert_eq!(world.get(MONTHS).await.data().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_cannot_be_reported_is_refused() {
    let world = furnished().await;
    let rows = [
        ("?to=2026-01-02T00:00:00Z", "from is missing"),
        ("?from=2026-01-02T00:00:00Z", "to is missing"),
        ("?from=x&to=2026-01-02T00:00:00Z", "from"),
        ("?from=2026-01-02T00:00:00Z&to=2026-01-02T00:00:00Z", "to must be later than from"),
        ("?from=2026-01-02T00:00:00Z&to=2027-01-02T00:00:00Z", "to must not be in the future"),
        ("?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z&format=XML", "format"),
        ("?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z&detail=ALL", "detail"),
    ];
    for (query, naming) in rows {
        let told = world.get(&format!("{REVENUE}{query}")).await;
        told.refuses(400, "BadUserInput", naming);
    }
    let unknown = format!("{}&currencyId=nothing", of("2026-01-01", "2026-01-02"));
    world.get(&unknown).await.refuses(404, "CustomCurrencyNotFound", "nothing");
}

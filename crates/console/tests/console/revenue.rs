//! The revenue page over an API that answers as the reference says.

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;

use crate::support::World;

const REPORT: &str = r#"{"data": {
    "from": "2026-01-01T00:00:00.000Z", "to": "2026-01-02T00:00:00.000Z", "currencyId": null,
    "isClosed": false, "totals": [{
        "currencyId": "tokens", "costCurrency": "usd", "grants": 2, "deferredFrom": "10",
        "granted": "49", "restored": "0", "recognised": "6.125", "breakage": "1.5",
        "refunded": "4", "deferredTo": "47.375"
    }]
}}"#;

/// What the report says stands on the page, figure by figure.
#[tokio::test]
async fn what_is_deferred_and_what_is_recognised() {
    let report = get(async || ([("content-type", "application/json")], REPORT));
    let world = World::furnished_over(|api| {
        Router::new().route("/api/v1/credits/reports/revenue", report).fallback_service(api)
    })
    .await;
    let told = world.page("/revenue?range=this-month").await.is(200);
    let words = told.words();
    for figure in ["47.375", "6.125", "1.5", "49", "2026-01-01 00:00", "AI tokens in USD"] {
        assert!(words.contains(figure), "no {figure} in {words}");
    }
    world.page("/revenue?range=months").await.is(200).says("month by month");
}

/// Nothing is read until somebody asks for a stretch of time; what the API refuses is said.
#[tokio::test]
async fn a_report_is_made_when_it_is_asked_for() {
    let refuse = get(async || {
        (StatusCode::BAD_REQUEST, r#"{"message": "to must not be in the future", "code": "x"}"#)
    });
    let world = World::furnished_over(|api| {
        Router::new().route("/api/v1/credits/reports/revenue", refuse).fallback_service(api)
    })
    .await;
    world.page("/revenue").await.is(200).says("Choose a stretch of time");
    let told = world.page("/revenue?range=between&from=2026-01-01&to=2030-01-01").await.is(200);
    told.says("to must not be in the future");
}

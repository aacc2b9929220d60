//! The overview: of all customers however many they are, and of the money of grants.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use scrip_ledger::Role;
use serde_json::json;

use crate::support::World;

/// How the list of customers is answered.
#[derive(Default)]
struct Customers {
    asked: AtomicUsize,
    milliseconds: AtomicUsize,
    fails: AtomicUsize,
}

impl Customers {
    fn layer(self: &Arc<Self>, api: Router) -> Router {
        api.layer(from_fn_with_state(Arc::clone(self), list))
    }
}

async fn list(State(how): State<Arc<Customers>>, request: Request, next: Next) -> Response {
    if request.uri().path() == "/api/v1/customers" && request.method() == "GET" {
        how.asked.fetch_add(1, Ordering::SeqCst);
        let milliseconds = how.milliseconds.load(Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(u64::try_from(milliseconds).unwrap())).await;
        if how.fails.load(Ordering::SeqCst) > 0 {
            return (StatusCode::SERVICE_UNAVAILABLE, r#"{"message": "out of order"}"#)
                .into_response();
        }
    }
    next.run(request).await
}

#[tokio::test]
async fn all_customers_are_added_up() {
    let world = World::furnished().await;
    for number in 0..250 {
        let id = format!("customer-{number}");
        world.ask("/customers", json!({"id": id})).await;
        let grant = json!({
            "customerId": id, "currencyId": "tokens", "grantType": "PROMOTIONAL",
            "displayName": "Gift", "amount": 2,
        });
        world.ask("/credits/grants", grant).await;
    }
    let told = world.page("").await.is(200);
    let told = told.says("637.5\ntokens that can be used, in 251 wallets");
    told.says("These are the sums of 251 customers: all there are.");
}

#[tokio::test]
async fn what_is_deferred_and_recognised() {
    let world = World::furnished().await;
    let paid = json!({
        "displayName": "Pack", "grantType": "PAID", "amount": 100, "priority": 1,
        "paymentCollectionMethod": "NONE", "cost": {"amount": 20, "currency": "usd"},
    });
    world.grant(paid).await;
    world.pass(1_000);
    let consumption = json!({
        "customerId": "acme", "currencyId": "tokens", "amount": 25, "idempotencyKey": "request-2",
    });
    world.ask("/credits/consumption", consumption).await;
    world.pass(1_000);
    let told = world.page("").await.is(200);
    let told = told.says("Revenue this month: AI tokens in USD");
    let told = told.says("Deferred\n15\nUSD not earned yet");
    let told = told.says("Recognised\n5\nUSD earned by consumption");
    told.says("AI tokens in USD, month by month").says("2026-01 5 0");
}

/// While it takes long, the page says how far it is; then it stands, and says since when. Nobody who
/// looks meanwhile begins it anew.
#[tokio::test]
async fn what_takes_long_is_found_out_once() {
    let customers = Arc::new(Customers::default());
    let world = World::furnished_over(|api| customers.layer(api)).await;
    customers.milliseconds.store(1_500, Ordering::SeqCst);
    let before = customers.asked.load(Ordering::SeqCst);
    let told = world.page("").await.is(200);
    assert!(told.text.contains("data-renews-seconds"), "{}", told.text);
    told.says("What all customers have is being added up: 0 customers so far.");
    tokio::time::sleep(Duration::from_millis(1_000)).await;
    for role in [Role::Viewer, Role::Owner] {
        let told = world.page_as(role, "/console/production").await.is(200);
        assert!(!told.text.contains("data-renews-seconds"), "{}", told.text);
        told.says("137.5\ntokens").says("They were added up from 2026-01-02 03:04 on.");
    }
    assert_eq!(customers.asked.load(Ordering::SeqCst), before + 1);
}

/// What is known is shown even if it cannot be found out anew. Where nothing is, the page says why.
#[tokio::test]
async fn what_cannot_be_found_out_is_told() {
    let customers = Arc::new(Customers::default());
    let world = World::furnished_over(|api| customers.layer(api)).await;
    customers.fails.store(1, Ordering::SeqCst);
    world.page("").await.is(503).says("out of order");
    customers.fails.store(0, Ordering::SeqCst);
    world.page("").await.is(200).says("137.5\ntokens");
    customers.fails.store(1, Ordering::SeqCst);
    let told = world.page("").await.is(200).says("137.5\ntokens");
    told.says("Adding them up anew failed: out of order");
    customers.fails.store(0, Ordering::SeqCst);
    world.grant(json!({"displayName": "Gift", "amount": 1})).await;
    world.page("").await.is(200).says("138.5\ntokens");
}

//! What a person reads on each page.

use scrip_ledger::Role;

use crate::support::World;

/// Pages with something on them; the snapshots are what a person reads.
#[tokio::test]
async fn pages_of_a_customer() {
    let world = World::furnished().await;
    for (name, path) in [
        ("customers", "/customers"),
        ("wallets", "/customers/acme"),
        ("usage", "/customers/acme/usage?timeRange=LAST_DAY&groupBy=model"),
        ("grants", "/customers/acme/grants"),
        ("ledger", "/customers/acme/ledger"),
        ("balance", "/customers/acme/balance"),
        ("reservations", "/customers/acme/reservations"),
        ("recharge", "/customers/acme/auto-recharge"),
        ("invoices", "/customers/acme/invoices"),
    ] {
        let told = world.page(path).await.is(200);
        insta::assert_snapshot!(format!("page_{name}"), told.words());
    }
}

#[tokio::test]
async fn pages_of_an_environment() {
    let world = World::furnished().await;
    for (name, path) in [
        ("overview", ""),
        ("all_invoices", "/invoices"),
        ("currencies", "/currencies"),
        ("webhooks", "/webhooks"),
        ("api_keys", "/api-keys"),
        ("settings", "/settings"),
    ] {
        let told = world.page(path).await.is(200);
        insta::assert_snapshot!(format!("page_{name}"), told.words());
    }
}

/// Whoever did something, what it was before and what it is after. People's requests are named by
/// chance, so what is compared is that all of it is there.
#[tokio::test]
async fn the_audit_log() {
    let world = World::furnished().await;
    let plan = world.page("/customers/acme/archive").await.is(200);
    world.confirm("/customers/acme/archive", &plan).await.is(200);
    let told = world.page("/audit-log?customerId=acme").await.is(200);
    let told = told.says("person:person_ann").says("customer/acme").says("archivedAt");
    told.says("→");
    world
        .page("/audit-log?actor=person:nobody")
        .await
        .is(200)
        .says("Nothing of this kind was done");
    world.page_as(Role::Support, "/console/production/audit-log").await.is(403);
}

/// Where there is nothing yet, every page says so and how it begins.
#[tokio::test]
async fn empty_pages() {
    let world = World::new().await;
    world.ask("/customers", serde_json::json!({"id": "new"})).await;
    let mut all = String::new();
    for path in [
        "/customers/new",
        "/customers?search=nobody",
        "/customers/new/grants",
        "/customers/new/ledger",
        "/customers/new/usage",
        "/customers/new/balance",
        "/customers/new/auto-recharge",
        "/invoices",
        "/currencies",
        "/webhooks",
    ] {
        let told = world.page(path).await.is(200);
        all.push_str(&format!("--- {path}\n{}\n", told.words()));
    }
    insta::assert_snapshot!("empty_pages", all);
}

#[tokio::test]
async fn what_is_not_there() {
    let world = World::furnished().await;
    for path in ["/customers/nobody", "/customers/acme/grants/none", "/nothing", "/invoices/none"] {
        world.page(path).await.is(404);
    }
    world.page_as(Role::Owner, "/console/elsewhere").await.is(404).says("nothing at this address");
}

/// What the role does not allow is refused by the API, in its words.
#[tokio::test]
async fn a_viewer_looks_and_changes_nothing() {
    let world = World::furnished().await;
    let seen = world.page_as(Role::Viewer, "/console/production/customers/acme").await.is(200);
    assert!(!seen.words().contains("Grant credits") && !seen.words().contains("Archive"));
    assert!(!seen.text.contains("/api-keys\"") && !seen.text.contains("/people\""));
    let path = "/customers/acme/archive";
    let fields = [("step", "confirmed"), ("request_id", "r"), ("before", "Active")];
    let told = world.send_as(Role::Viewer, path, &fields).await;
    told.is(403).says("your role does not hold");
    assert!(world.read("/customers/acme").await["archivedAt"].is_null());
}

//! What a person reads on each page.

use std::collections::BTreeSet;

use scrip_ledger::Role;
use serde_json::json;

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
        ("recurring", "/customers/acme/recurring-grants"),
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
        ("closed_months", "/revenue/months"),
    ] {
        let told = world.page(path).await.is(200);
        insta::assert_snapshot!(format!("page_{name}"), told.words());
    }
}

/// Who is let in, and where they are signed in.
#[tokio::test]
async fn pages_of_people() {
    let world = World::furnished().await;
    for (email, role) in [("bob@example.com", "SUPPORT"), ("eve@example.com", "VIEWER")] {
        world.ask("/people", json!({"email": email, "role": role})).await;
        world.pass(1_000);
    }
    let listed = world.read("/people").await;
    let [id, other] = [0, 1].map(|number| listed[number]["id"].as_str().unwrap());
    for (name, path) in [
        ("people", "/people".to_owned()),
        ("person_new", "/new/person".to_owned()),
        ("person_role", format!("/people/{id}/role")),
        ("person_sessions", format!("/people/{id}/sessions")),
    ] {
        let told = world.page(&path).await.is(200);
        let words = told.words().replace(id, "EVE").replace(other, "BOB");
        insta::assert_snapshot!(format!("page_{name}"), words);
    }
    world.page_as(Role::Admin, "/console/production/people").await.is(403);
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

/// What is done to people, environments and accounts is in a log of its own, which is for owners.
#[tokio::test]
async fn the_audit_log_of_the_account() {
    let world = World::furnished().await;
    world.ask("/people", json!({"email": "eve@example.com", "role": "VIEWER"})).await;
    world.ask("/environments", json!({"id": "staging", "type": "SANDBOX"})).await;
    let told = world.page("/audit-log").await.is(200).says("People, environments and accounts");
    assert!(!told.words().contains("staging"), "{}", told.words());
    let told = world.page("/audit-log?of=people").await.is(200);
    told.says("create-environment").says("name: staging").says("eve@example.com");
    let of_people = "/console/production/audit-log?of=people";
    let told = world.page_as(Role::Admin, of_people).await.is(403);
    told.says("of=people is for full keys and owners only");
    let told = world.page_as(Role::Admin, "/console/production/audit-log").await.is(200);
    assert!(!told.text.contains("name=\"of\""), "{}", told.text);
}

/// Where there is nothing yet, every page says so and how it begins.
#[tokio::test]
async fn empty_pages() {
    let world = World::new().await;
    world.ask("/customers", json!({"id": "new"})).await;
    let mut all = String::new();
    for path in [
        "/new/customer",
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

/// What is called like an address of the console can be opened, changed and archived like anything else.
#[tokio::test]
async fn what_is_called_new() {
    let world = World::new().await;
    world.ask("/customers", json!({"id": "new", "name": "Newton"})).await;
    world.ask("/credits/custom-currencies", json!({"id": "new", "displayName": "Newts"})).await;
    world.page("/customers/new").await.is(200).says("Newton").says("no credits yet");
    for path in ["/customers/new/edit", "/customers/new/archive", "/currencies/new/archive"] {
        world.page(path).await.is(200);
    }
    for noun in ["customer", "currency", "webhook", "api-key", "person"] {
        world.page(&format!("/new/{noun}")).await.is(200).says("See what will change");
    }
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

/// Whatever a viewer is shown leads to pages only, and to no form by which something is changed.
#[tokio::test]
async fn a_viewer_is_offered_no_change() {
    let nothing = World::new().await;
    let currency = World::new().await;
    currency.ask("/credits/custom-currencies", json!({"id": "gold", "displayName": "Gold"})).await;
    let customer = World::new().await;
    customer.ask("/customers", json!({"id": "fresh"})).await;
    let furnished = World::furnished().await;
    furnished.ask("/webhooks", json!({"url": "https://example.com/hook"})).await;
    let invoiced = json!({
        "displayName": "Pack", "amount": 5, "grantType": "PAID", "paymentCollectionMethod": "INVOICE",
        "cost": {"amount": 5, "currency": "usd"},
    });
    furnished.grant(invoiced).await;
    let monthly = json!({
        "customerId": "acme", "currencyId": "tokens", "displayName": "Plan", "amount": 5, "cadence": "MONTH",
    });
    furnished.put("/credits/recurring-grants/plan", monthly).await;
    let held = json!({
        "customerId": "acme", "currencyId": "tokens", "reservationId": "job", "amount": 1, "ttlSeconds": 60,
    });
    furnished.ask("/credits/reservations", held).await;
    for (world, pages) in [(nothing, 5), (currency, 5), (customer, 12), (furnished, 20)] {
        let first = "/console/production".to_owned();
        let (mut known, mut next) = (BTreeSet::from([first.clone()]), vec![first]);
        while let Some(path) = next.pop() {
            let told = world.page_as(Role::Viewer, &path).await.is(200);
            let (_, main) = told.text.split_once("<main").unwrap();
            assert!(!main.contains("method=\"post\""), "{path}: {}", told.words());
            for link in told.links().filter(|link| link.starts_with("/console/production")) {
                if known.insert(link.clone()) {
                    next.push(link);
                }
            }
        }
        assert!(known.len() >= pages, "{known:?}");
    }
}

//! What a role does not allow: no form does it, whatever it says.

use scrip_ledger::Role;
use serde_json::json;

use crate::changes::{MONTHLY, NEW_RECURRING};
use crate::support::World;

/// What a role may not do is refused by the API, whatever form is sent.
#[tokio::test]
async fn roles_hold_for_every_form() {
    let world = World::furnished().await;
    let id = world.read("/credits/grants?customerId=acme").await[0]["id"].clone();
    let edit = format!("/customers/acme/grants/{}/edit", id.as_str().unwrap());
    let held = json!({
        "customerId": "acme", "currencyId": "tokens", "reservationId": "job", "amount": 1,
        "ttlSeconds": 60,
    });
    world.ask("/credits/reservations", held).await;
    let monthly = json!({
        "customerId": "acme", "currencyId": "tokens", "displayName": "Plan", "amount": 5, "cadence": "MONTH",
    });
    world.put("/credits/recurring-grants/plan", monthly).await;
    let reservation = |dialog: &str| {
        format!("/customers/acme/reservations/{dialog}?reservationId=job&currencyId=tokens")
    };
    let invoiced = json!({
        "displayName": "Pack", "amount": 5, "grantType": "PAID", "paymentCollectionMethod": "INVOICE",
        "cost": {"amount": 5, "currency": "usd"},
    });
    let invoice = world.grant(invoiced).await["invoiceId"].clone();
    let invoice = invoice.as_str().unwrap();
    world.ask(&format!("/invoices/{invoice}/mark-paid"), json!({})).await;
    let webhook = world.ask("/webhooks", json!({"url": "https://example.com/hook"})).await;
    let webhook = format!("/webhooks/{}", webhook["id"].as_str().unwrap());
    world.ask("/accounts", json!({"id": "other"})).await;
    for (role, path, fields) in [
        (Role::Viewer, NEW_RECURRING.to_owned(), MONTHLY),
        (
            Role::Viewer,
            "/customers/acme/recurring-grants/plan/edit".to_owned(),
            &[("amount", "9"), ("displayName", "Plan"), ("cadence", "YEAR")],
        ),
        (Role::Viewer, "/customers/acme/recurring-grants/plan/stop".to_owned(), &[]),
        (Role::Viewer, edit, &[("displayName", "Other"), ("priority", "1")]),
        (Role::Viewer, reservation("release"), &[("consumedAmount", "1")]),
        (Role::Viewer, reservation("extend"), &[("expiresAt", "2026-01-02T04:00:00Z")]),
        (Role::Viewer, format!("/invoices/{invoice}/refund"), &[("amount", "5")]),
        (
            Role::Viewer,
            "/customers/acme/portal-links/make".to_owned(),
            &[("scopes", "balances"), ("ttlSeconds", "60")],
        ),
        (Role::Viewer, "/customers/acme/portal-links/end".to_owned(), &[]),
        (Role::Viewer, format!("/invoices/{invoice}/retry"), &[]),
        (Role::Viewer, "/customers/acme/edit".to_owned(), &[("name", "Other")]),
        (Role::Support, "/currencies/tokens/edit".to_owned(), &[("displayName", "Other")]),
        (Role::Support, "/currencies/tokens/archive".to_owned(), &[]),
        (Role::Support, "/currencies/tokens/unarchive".to_owned(), &[]),
        (Role::Support, format!("{webhook}/edit"), &[("url", "https://example.com/other")]),
        (Role::Support, format!("{webhook}/rotate"), &[("overlapSeconds", "0")]),
        (Role::Support, "/settings/payment-provider".to_owned(), &[("secretKey", "sk_other")]),
        (Role::Support, "/settings/payment-provider/remove".to_owned(), &[]),
        (Role::Admin, "/revenue/close".to_owned(), &[("month", "2025-12")]),
        (Role::Admin, "/new/environment".to_owned(), &[("id", "staging"), ("type", "SANDBOX")]),
        (Role::Admin, "/environments/sandbox/reset".to_owned(), &[("environmentId", "sandbox")]),
        (Role::Admin, "/environments/sandbox/archive".to_owned(), &[("environmentId", "sandbox")]),
        (Role::Admin, "/new/account".to_owned(), &[("id", "third")]),
        (Role::Admin, "/accounts/other/archive".to_owned(), &[("accountId", "other")]),
    ] {
        let fields: Vec<_> =
            fields.iter().copied().chain([("step", "confirmed"), ("request_id", "r")]).collect();
        let told = world.send_as(role, &path, &fields).await.is(403);
        told.says("your role does not hold");
    }
    let listed = world.page_as(Role::Support, "/console/production/currencies").await.is(200);
    assert!(!listed.words().contains("Edit") && !listed.words().contains("Archive"));
    let settings = world.page_as(Role::Support, "/console/production/settings").await.is(200);
    assert!(!settings.words().contains("Collect with Stripe"));
}

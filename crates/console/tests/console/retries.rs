//! Invoices that a provider could not collect are collected again.

use scrip_core::{Actor, Origin, TraceId};
use scrip_ledger::{
    CollectionOutcome, Intent, InvoiceId, Order, PRODUCTION, ProviderSaid, ProviderStanding, Role,
    Stands, Work,
};
use serde_json::json;

use crate::changes::changed;
use crate::support::World;

/// What the provider says of an invoice, in one of its attempts.
async fn say(world: &World, invoice: &str, attempt: u32, standing: ProviderStanding) {
    let stands = Stands {
        payer: "cus_1".to_owned(),
        invoice: "in_1".to_owned(),
        standing,
        payment_url: None,
        pdf_url: None,
    };
    let outcome = CollectionOutcome {
        invoice: InvoiceId::parse(invoice).unwrap(),
        attempt,
        asked: Intent::Collect,
        said: ProviderSaid::Stands(Box::new(stands)),
        next: world.ledger.now(PRODUCTION),
    };
    let origin = Origin { actor: Actor::System, trace_id: TraceId::default(), salt: [0; 16] };
    let work = Work::Collect(Box::new(outcome));
    let order = Order { environment: PRODUCTION, origin, work, remember: None };
    world.ledger.execute(order).await.unwrap();
}

#[tokio::test]
async fn a_payment_that_failed_is_collected_again() {
    let world = World::furnished().await;
    world
        .put("/payment-provider", json!({"provider": "STRIPE", "secretKey": "sk_test_1234"}))
        .await;
    let charged = json!({
        "displayName": "Pack", "amount": 10, "grantType": "PAID", "paymentCollectionMethod": "CHARGE",
        "cost": {"amount": 30, "currency": "usd"}, "awaitPaymentConfirmation": false,
    });
    let invoice = world.grant(charged).await["invoiceId"].as_str().unwrap().to_owned();
    let page = format!("/invoices/{invoice}");
    let path = format!("{page}/retry");
    assert!(!world.page(&page).await.is(200).text.contains("/retry\""), "it is on its way");
    world.page(&path).await.is(400).says("no payment of it that failed");
    say(&world, &invoice, 1, ProviderStanding::Failed { message: "declined".to_owned() }).await;
    world.page(&page).await.is(200).says("Collect again").says("declined");
    let seen = world.page_as(Role::Viewer, &format!("/console/production{page}")).await.is(200);
    assert!(!seen.text.contains("/retry\""));
    let (plan, done) = changed(&world, &path, &[], "retry-invoice").await;
    insta::assert_snapshot!("retry_plan", plan.words());
    insta::assert_snapshot!("retry_done", done.words());
    assert_eq!(world.read(&page).await["attemptCount"], 2);
    assert!(!world.page(&page).await.is(200).text.contains("/retry\""));
    let required = ProviderStanding::ActionRequired { message: "confirm it".to_owned() };
    say(&world, &invoice, 2, required).await;
    let late = world.page(&path).await.is(200).says("confirm it");
    say(&world, &invoice, 2, ProviderStanding::Paid).await;
    world.confirm(&path, &late).await.is(400).says("Nothing was changed").says("it is paid");
    assert!(!world.page(&page).await.is(200).text.contains("/retry\""));
}

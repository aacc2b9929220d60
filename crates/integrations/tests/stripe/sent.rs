//! Invoices that are sent.

use scrip_core::Address;
use scrip_integrations::payments::provider::{Collection, Provider as _, Standing};
use serde_json::json;

use crate::world::{ENVIRONMENT, World, again, invoice, payer, refused};

#[tokio::test]
async fn an_invoice_is_sent_and_paid_later() {
    let world = World::new().await;
    let bill = invoice(payer());
    let collected = world.stripe.collect(&bill).await.unwrap();
    assert_eq!(collected.standing, Standing::Open);
    assert!(collected.payment_url.is_some() && collected.pdf_url.is_some(), "{collected:?}");
    assert_eq!(world.events("invoice.sent").await, 1);
    assert_eq!(world.charged(&bill).await, (0, 0));
    assert_eq!(world.stripe.collect(&again(&bill)).await.unwrap(), collected);
    assert_eq!(world.events("invoice.sent").await, 1);

    world.told("pay", json!({"invoice": collected.invoice})).await;
    assert_eq!(world.stripe.look(&collected.invoice).await.unwrap().standing, Standing::Paid);
    assert_eq!(world.standing(&again(&bill)).await, Standing::Paid);
    assert_eq!(world.charged(&bill).await, (1, 4_900));
}

#[tokio::test]
async fn its_days_and_its_address_are_on_it() {
    let world = World::new().await;
    let mut bill = invoice(payer());
    let address = Address {
        city: Some("Bern".to_owned()),
        country: Some("CH".to_owned()),
        line1: Some("Münzgraben 1".to_owned()),
        ..Address::default()
    };
    bill.how = Collection::Send { days_until_due: 30, address: Some(address) };
    world.stripe.collect(&bill).await.unwrap();
    let events = world.told("events", json!({})).await;
    let sent = events.as_array().unwrap().iter().find(|event| event["type"] == "invoice.sent");
    let object = &sent.unwrap()["data"]["object"];
    assert_eq!(object["customer_address"]["city"], "Bern");
    assert_eq!(object["customer_address"]["line1"], "Münzgraben 1");
    let days = object["due_date"].as_i64().unwrap() - object["created"].as_i64().unwrap();
    assert_eq!(days, 30 * 24 * 60 * 60);
    assert_eq!(object["metadata"]["scrip_environment"], "7");
}

#[tokio::test]
async fn a_failed_payment_leaves_it_open_and_nobody_pays_what_is_uncollectible() {
    let world = World::new().await;
    let collected = world.stripe.collect(&invoice(payer())).await.unwrap();
    let id = &collected.invoice;
    world.told("finish", json!({"invoice": id, "outcome": "card_declined"})).await;
    assert_eq!(world.stripe.look(id).await.unwrap().standing, Standing::Open);
    world.told("uncollectible", json!({"invoice": id})).await;
    let standing = world.stripe.look(id).await.unwrap().standing;
    assert!(matches!(standing, Standing::Failed { .. }), "{standing:?}");
    world.told("void", json!({"invoice": id})).await;
    assert_eq!(world.stripe.look(id).await.unwrap().standing, Standing::Canceled);
}

/// Stripe remembers that it refused, though it would no more.
#[tokio::test]
async fn nobody_is_sent_anything_before_he_has_an_email_address() {
    let world = World::new().await;
    let mut payer = payer();
    payer.email = None;
    let id = world.stripe.ensure_payer(ENVIRONMENT, &payer).await.unwrap();
    let bill = invoice(payer);
    for _ in 0..2 {
        let message = refused(world.stripe.collect(&again(&bill)).await);
        assert!(message.contains("email"), "{message}");
    }
    let members = json!({"email": "ada@example.com"});
    world.told("customer", json!({"customer": id, "members": members})).await;
    assert_eq!(world.standing(&again(&bill)).await, Standing::Open);
    assert_eq!(world.events("invoice.sent").await, 1);
    assert_eq!(world.events("invoice.created").await, 1);
}

//! Invoices that nobody is to pay any more.

use scrip_integrations::payments::provider::{Provider as _, Standing};
use serde_json::json;

use crate::world::{VISA, World, again, charge, invoice, payer, refused};

#[tokio::test]
async fn an_open_invoice_is_canceled_for_good() {
    let world = World::new().await;
    let bill = invoice(payer());
    let collected = world.stripe.collect(&bill).await.unwrap();
    for _ in 0..2 {
        let canceled = world.stripe.cancel(&collected.invoice, "void-1").await.unwrap();
        assert_eq!(canceled.standing, Standing::Canceled);
    }
    assert_eq!(world.events("invoice.voided").await, 1);
    assert_eq!(world.standing(&again(&bill)).await, Standing::Canceled);
    assert_eq!(world.charged(&bill).await, (0, 0));
}

#[tokio::test]
async fn what_was_paid_first_stays_paid() {
    let world = World::new().await;
    let bill = invoice(payer());
    let collected = world.stripe.collect(&bill).await.unwrap();
    world.told("pay", json!({"invoice": collected.invoice})).await;
    let standing = world.stripe.cancel(&collected.invoice, "void-1").await.unwrap().standing;
    assert_eq!(standing, Standing::Paid);
}

/// The payment comes between the look and the cancellation.
#[tokio::test]
async fn a_payment_wins_the_race() {
    let world = World::new().await;
    let bill = invoice(payer());
    let collected = world.stripe.collect(&bill).await.unwrap();
    let slow = json!({"kind": "slow", "after": 1, "milliseconds": 1_500});
    world.told("faults", slow).await;
    let canceled = async { world.stripe.cancel(&collected.invoice, "void-1").await.unwrap() };
    let paid = async {
        while world.requests().await.is_empty() {
            tokio::task::yield_now().await;
        }
        world.told("pay", json!({"invoice": collected.invoice})).await
    };
    world.requests().await;
    let (canceled, _) = tokio::join!(canceled, paid);
    assert_eq!(canceled.standing, Standing::Paid);
    assert_eq!(world.charged(&bill).await, (1, 4_900));
}

#[tokio::test]
async fn a_payment_on_its_way_is_not_canceled() {
    let world = World::new().await;
    let bill = charge(world.payer(VISA).await);
    let customer = bill.payer.billing_id.clone().unwrap();
    world.told("next_payments", json!({"customer": customer, "outcomes": ["processing"]})).await;
    let collected = world.stripe.collect(&bill).await.unwrap();
    let standing = world.stripe.cancel(&collected.invoice, "void-1").await.unwrap().standing;
    assert_eq!(standing, Standing::Processing);
}

#[tokio::test]
async fn whichever_request_goes_wrong_it_is_canceled() {
    for fault in ["lose_answer", "cut", "fail", "work_then_fail", "rate_limit"] {
        for place in 0..2 {
            let world = World::new().await;
            let collected = world.stripe.collect(&invoice(payer())).await.unwrap();
            world.fault(fault, place).await;
            let case = format!("{fault} of request {place}");
            world.stripe.cancel(&collected.invoice, "void-1").await.unwrap_err();
            let canceled = world.stripe.cancel(&collected.invoice, "void-1").await.unwrap();
            assert_eq!(canceled.standing, Standing::Canceled, "{case}");
            assert_eq!(world.events("invoice.voided").await, 1, "{case}");
        }
    }
}

#[tokio::test]
async fn a_draft_is_deleted() {
    let world = World::new().await;
    let bill = charge(world.payer(VISA).await);
    // The answer to its item is lost, and nothing else was done.
    world.fault("lose_answer", 1).await;
    world.stripe.collect(&bill).await.unwrap_err();
    let events = world.told("events", json!({})).await;
    let made = events.as_array().unwrap().iter().find(|it| it["type"] == "invoice.created");
    let id = made.unwrap()["data"]["object"]["id"].as_str().unwrap().to_owned();
    let standing = world.stripe.cancel(&id, "void-1").await.unwrap().standing;
    assert_eq!(standing, Standing::Canceled);
    let again = world.stripe.cancel(&id, "void-1").await.unwrap();
    assert_eq!((again.standing, &again.invoice), (Standing::Canceled, &id));
    let message = refused(world.stripe.look(&id).await);
    assert!(message.contains("No such invoice"), "{message}");
}

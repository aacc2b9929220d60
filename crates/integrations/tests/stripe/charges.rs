//! Charges that go well, and those that do not.

use scrip_integrations::payments::provider::{Provider as _, Standing};
use serde_json::json;

use crate::world::{VISA, World, charge, money, refused, retried};

#[tokio::test]
async fn a_charge_is_paid_once() {
    let world = World::new().await;
    let bill = charge(world.payer(VISA).await);
    world.requests().await;
    let collected = world.stripe.collect(&bill).await.unwrap();
    assert_eq!(collected.standing, Standing::Paid);
    assert_eq!(Some(&collected.payer), bill.payer.billing_id.as_ref());
    assert!(collected.payment_url.is_some() && collected.pdf_url.is_some(), "{collected:?}");
    assert_eq!(world.requests().await.len(), 5);
    assert_eq!(world.charged(&bill).await, (1, 4_900));
    let looked = world.stripe.look(&collected.invoice).await.unwrap();
    assert_eq!(looked, collected);

    // Whoever asks again, knowing whatever, is told the same.
    for bill in [bill.clone(), crate::world::again(&bill), retried(&bill, &collected)] {
        assert_eq!(world.stripe.collect(&bill).await.unwrap(), collected);
    }
    assert_eq!(world.charged(&bill).await, (1, 4_900));
}

#[tokio::test]
async fn a_payer_who_is_not_known_is_made_known() {
    let world = World::new().await;
    let bill = charge(crate::world::payer());
    let collected = world.stripe.collect(&bill).await.unwrap();
    // He has nothing to be charged by yet.
    let Standing::Failed { message } = &collected.standing else { panic!("{collected:?}") };
    assert!(message.contains("default_payment_method"), "{message}");
    assert!(collected.payment_url.is_some());
    world.stripe.attach(&collected.payer, VISA).await.unwrap();
    assert_eq!(world.standing(&retried(&bill, &collected)).await, Standing::Paid);
    assert_eq!(world.charged(&bill).await, (1, 4_900));
}

#[tokio::test]
async fn a_decline_is_told_and_tried_again_only_when_asked_for() {
    let world = World::new().await;
    let bill = charge(world.payer("pm_card_chargeCustomerFail").await);
    let collected = world.stripe.collect(&bill).await.unwrap();
    let declined = Standing::Failed { message: "Your card was declined.".to_owned() };
    assert_eq!(collected.standing, declined);
    assert!(collected.payment_url.is_some());
    assert_eq!(world.stripe.look(&collected.invoice).await.unwrap().standing, declined);

    // The same try is the same answer; the bank is not asked.
    let customer = &collected.payer;
    world.told("next_payments", json!({"customer": customer, "outcomes": ["succeed"]})).await;
    assert_eq!(world.standing(&crate::world::again(&bill)).await, declined);
    assert_eq!(world.events("invoice.payment_failed").await, 1);
    assert_eq!(world.charged(&bill).await, (0, 0));

    assert_eq!(world.standing(&retried(&bill, &collected)).await, Standing::Paid);
    assert_eq!(world.charged(&bill).await, (1, 4_900));
}

#[tokio::test]
async fn authentication_is_demanded_and_given_at_the_payment_url() {
    for outcome in ["authentication_required", "requires_action"] {
        let world = World::new().await;
        let bill = charge(world.payer(VISA).await);
        let customer = bill.payer.billing_id.clone().unwrap();
        world.told("next_payments", json!({"customer": customer, "outcomes": [outcome]})).await;
        let collected = world.stripe.collect(&bill).await.unwrap();
        let demands = |standing: &Standing| matches!(standing, Standing::ActionRequired { .. });
        assert!(demands(&collected.standing), "{outcome}: {collected:?}");
        assert!(collected.payment_url.is_some(), "{outcome}");
        let looked = world.stripe.look(&collected.invoice).await.unwrap();
        assert!(demands(&looked.standing), "{outcome}: {looked:?}");
        assert!(demands(&world.standing(&crate::world::again(&bill)).await), "{outcome}");
        assert_eq!(world.events("invoice.payment_action_required").await, 1, "{outcome}");

        world.told("pay", json!({"invoice": collected.invoice})).await;
        assert_eq!(world.standing(&retried(&bill, &collected)).await, Standing::Paid, "{outcome}");
        assert_eq!(world.charged(&bill).await, (1, 4_900), "{outcome}");
    }
}

#[tokio::test]
async fn a_card_that_wants_authentication_is_charged_off_session() {
    let world = World::new().await;
    let bill = charge(world.payer("pm_card_authenticationRequired").await);
    let standing = world.standing(&bill).await;
    assert!(matches!(standing, Standing::ActionRequired { .. }), "{standing:?}");
}

#[tokio::test]
async fn a_payment_that_takes_its_time_is_waited_for() {
    for (outcome, standing) in [
        ("succeed", Standing::Paid),
        ("card_declined", Standing::Failed { message: "Your card was declined.".to_owned() }),
    ] {
        let world = World::new().await;
        let bill = charge(world.payer(VISA).await);
        let customer = bill.payer.billing_id.clone().unwrap();
        world
            .told("next_payments", json!({"customer": customer, "outcomes": ["processing"]}))
            .await;
        let collected = world.stripe.collect(&bill).await.unwrap();
        assert_eq!(collected.standing, Standing::Processing);
        // Even a new try waits, since the payment may succeed yet.
        let retried = retried(&bill, &collected);
        world.requests().await;
        assert_eq!(world.standing(&retried).await, Standing::Processing);
        assert!(!world.requests().await.iter().any(|request| request.ends_with("/pay")));
        assert_eq!(world.charged(&bill).await, (0, 0));
        let finished = json!({"invoice": collected.invoice, "outcome": outcome});
        world.told("finish", finished).await;
        assert_eq!(world.stripe.look(&collected.invoice).await.unwrap().standing, standing);
    }
}

#[tokio::test]
async fn amounts_are_counted_as_stripe_counts_them() {
    for (amount, currency, minor) in
        [("500", "jpy", 500), ("5", "isk", 500), ("12.34", "eur", 1_234), ("3000", "ugx", 300_000)]
    {
        let world = World::new().await;
        let mut bill = charge(world.payer(VISA).await);
        bill.total = money(amount, currency);
        assert_eq!(world.standing(&bill).await, Standing::Paid, "{amount} {currency}");
        assert_eq!(world.charged(&bill).await, (1, minor), "{amount} {currency}");
    }
}

#[tokio::test]
async fn an_amount_that_stripe_cannot_take_is_refused_before_anything_is_made() {
    let world = World::new().await;
    for (amount, currency) in [("0.001", "usd"), ("0.5", "jpy"), ("1.5", "isk")] {
        let mut bill = charge(world.payer(VISA).await);
        bill.total = money(amount, currency);
        world.requests().await;
        let message = refused(world.stripe.collect(&bill).await);
        let named = format!("{amount} {}", currency.to_uppercase());
        assert!(message.contains(&named), "{message}");
        assert!(world.requests().await.is_empty());
    }
}

#[tokio::test]
async fn what_is_free_is_paid_without_a_charge() {
    let world = World::new().await;
    let mut bill = charge(world.payer(VISA).await);
    bill.total = money("0", "usd");
    assert_eq!(world.standing(&bill).await, Standing::Paid);
    assert_eq!(world.charged(&bill).await, (0, 0));
}

#[tokio::test]
async fn an_invoice_of_another_amount_is_not_charged() {
    let world = World::new().await;
    let payer = world.payer("pm_card_chargeCustomerFail").await;
    let bill = charge(payer.clone());
    let collected = world.stripe.collect(&bill).await.unwrap();
    world.stripe.attach(&collected.payer, VISA).await.unwrap();
    let mut dearer = retried(&bill, &collected);
    dearer.total = money("50", "usd");
    let message = refused(world.stripe.collect(&dearer).await);
    assert!(message.contains("4900") && message.contains("5000"), "{message}");
    assert_eq!(world.charged(&bill).await, (0, 0));
}

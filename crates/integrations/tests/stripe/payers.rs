//! Customers, and what they are charged by.

use scrip_integrations::payments::provider::{Provider as _, Standing};
use serde_json::json;

use crate::world::{ENVIRONMENT, VISA, World, charge, payer, refused};

#[tokio::test]
async fn a_payer_is_made_known_once() {
    let world = World::new().await;
    let first = world.stripe.ensure_payer(ENVIRONMENT, &payer()).await.unwrap();
    assert_eq!(world.stripe.ensure_payer(ENVIRONMENT, &payer()).await.unwrap(), first);
    world.told("a_day_later", json!({})).await;
    let mut renamed = payer();
    renamed.name = Some("Ada".to_owned());
    assert_eq!(world.stripe.ensure_payer(ENVIRONMENT, &renamed).await.unwrap(), first);

    let elsewhere = scrip_core::EnvironmentId(8);
    let other = world.stripe.ensure_payer(elsewhere, &payer()).await.unwrap();
    assert_ne!(other, first);
    let mut known = payer();
    known.billing_id = Some(other.clone());
    assert_eq!(world.stripe.ensure_payer(ENVIRONMENT, &known).await.unwrap(), other);
}

#[tokio::test]
async fn of_two_the_one_who_was_used_is_found() {
    let world = World::new().await;
    world.fault("work_then_fail", 1).await;
    world.stripe.ensure_payer(ENVIRONMENT, &payer()).await.unwrap_err();
    let used = world.stripe.ensure_payer(ENVIRONMENT, &payer()).await.unwrap();
    assert_eq!(world.events("customer.created").await, 2);
    world.told("a_day_later", json!({})).await;
    assert_eq!(world.stripe.ensure_payer(ENVIRONMENT, &payer()).await.unwrap(), used);
}

#[tokio::test]
async fn what_is_no_customer_of_stripe_is_refused() {
    let world = World::new().await;
    for id in ["cus_unknown", "cus_1/../../v1/charges", "", "cus 1", "cus_1?a=b"] {
        let mut payer = payer();
        payer.billing_id = Some(id.to_owned());
        refused(world.stripe.ensure_payer(ENVIRONMENT, &payer).await);
        refused(world.stripe.attach(id, VISA).await);
        refused(world.stripe.detach(id).await);
        refused(world.stripe.collect(&charge(payer)).await);
    }
    let known = world.stripe.ensure_payer(ENVIRONMENT, &payer()).await.unwrap();
    for method in ["pm_unknown", "pm_1/detach", ""] {
        refused(world.stripe.attach(&known, method).await);
    }
}

#[tokio::test]
async fn the_last_method_that_was_stored_is_charged() {
    let world = World::new().await;
    let payer = world.payer(VISA).await;
    let id = payer.billing_id.clone().unwrap();
    world.stripe.attach(&id, "pm_card_chargeCustomerFail").await.unwrap();
    let bill = charge(payer);
    let failed = world.stripe.collect(&bill).await.unwrap();
    assert!(matches!(failed.standing, Standing::Failed { .. }), "{failed:?}");
    world.stripe.attach(&id, VISA).await.unwrap();
    let retried = crate::world::retried(&bill, &failed);
    assert_eq!(world.standing(&retried).await, Standing::Paid);
}

#[tokio::test]
async fn what_was_stored_can_be_stored_again_after_another() {
    let world = World::new().await;
    let mut payer = payer();
    let id = world.stripe.ensure_payer(ENVIRONMENT, &payer).await.unwrap();
    payer.billing_id = Some(id.clone());
    world.stripe.attach(&id, VISA).await.unwrap();
    let events = world.told("events", json!({})).await;
    let attached =
        events.as_array().unwrap().iter().find(|it| it["type"] == "payment_method.attached");
    let first = attached.unwrap()["data"]["object"]["id"].as_str().unwrap().to_owned();
    world.stripe.attach(&id, "pm_card_chargeCustomerFail").await.unwrap();
    world.stripe.attach(&id, &first).await.unwrap();
    assert_eq!(world.standing(&charge(payer)).await, Standing::Paid);
}

#[tokio::test]
async fn without_a_method_nothing_is_charged() {
    let world = World::new().await;
    let payer = world.payer(VISA).await;
    let id = payer.billing_id.clone().unwrap();
    for _ in 0..2 {
        world.stripe.detach(&id).await.unwrap();
    }
    let failed = world.stripe.collect(&charge(payer)).await.unwrap();
    assert!(matches!(failed.standing, Standing::Failed { .. }), "{failed:?}");
    assert!(failed.payment_url.is_some());
}

//! Whatever happens to a request, and whenever: who collects again charges once.

use scrip_core::{EnvironmentId, GrantId};
use scrip_integrations::payments::provider::{Bill, Collected, Provider as _, Standing, Trouble};
use serde_json::json;

use crate::world::{VISA, World, again, charge, invoice, payer, refused};

/// What can happen to a request without its client being told what it did.
const FAULTS: [&str; 9] = [
    "lose_answer",
    "cut",
    "fail",
    "work_then_fail",
    "fail_at_the_door",
    "rate_limit",
    "in_use",
    "garbage",
    "endless",
];

/// Collects again until it is known how it went, as somebody does who remembers nothing but the
/// bill.
async fn until_known(world: &World, bill: &Bill) -> Collected {
    for _ in 0..5 {
        match world.stripe.collect(&again(bill)).await {
            Ok(collected) => return collected,
            Err(Trouble::Refused(message)) => panic!("{message}"),
            Err(_) => {}
        }
    }
    panic!("it is never known how it went");
}

/// Collects once for each request that it takes, of which that one goes wrong; answers how many it
/// takes.
async fn each_request_goes_wrong(
    fault: &str,
    bill: impl AsyncFn(&World) -> Bill,
    check: impl AsyncFn(&World, &Bill, &Collected, &str),
) -> usize {
    for place in 0.. {
        let world = World::new().await;
        let bill = bill(&world).await;
        world.requests().await;
        world.fault(fault, place).await;
        let first = world.stripe.collect(&bill).await;
        let requests = world.requests().await.len();
        let case = format!("{fault} of request {place}: {first:?}");
        if place >= requests && first.is_ok() {
            return place;
        }
        world.no_faults().await;
        let collected = until_known(&world, &bill).await;
        check(&world, &bill, &collected, &case).await;
    }
    0
}

#[tokio::test]
async fn a_charge_is_made_once_whichever_request_goes_wrong() {
    for fault in FAULTS {
        let requests = each_request_goes_wrong(
            fault,
            async |world| charge(world.payer(VISA).await),
            async |world, bill, collected, case| {
                assert_eq!(collected.standing, Standing::Paid, "{case}");
                assert_eq!(world.charged(bill).await, (1, 4_900), "{case}");
            },
        )
        .await;
        assert_eq!(requests, 5, "{fault}");
    }
}

#[tokio::test]
async fn a_payer_is_made_known_once_whichever_request_goes_wrong() {
    for fault in FAULTS {
        let requests = each_request_goes_wrong(
            fault,
            async |_| charge(payer()),
            async |world, bill, collected, case| {
                assert!(matches!(collected.standing, Standing::Failed { .. }), "{case}");
                // A failure may leave somebody whom no search finds yet, and nobody uses.
                let customers = world.events("customer.created").await;
                assert!(customers == 1 || fault == "work_then_fail", "{case}");
                assert_eq!(world.events("invoice.created").await, 1, "{case}");
                assert_eq!(world.charged(bill).await, (0, 0), "{case}");
            },
        )
        .await;
        assert!(requests >= 8, "{fault}: {requests}");
    }
}

#[tokio::test]
async fn an_invoice_is_sent_whichever_request_goes_wrong() {
    for fault in FAULTS {
        each_request_goes_wrong(
            fault,
            async |world| invoice(world.payer(VISA).await),
            async |world, _, collected, case| {
                assert_eq!(collected.standing, Standing::Open, "{case}");
                assert_eq!(world.events("invoice.finalized").await, 1, "{case}");
                assert!(world.events("invoice.sent").await >= 1, "{case}");
            },
        )
        .await;
    }
}

/// Stripe forgets keys after a day: then an invoice is found by its metadata.
#[tokio::test]
async fn a_charge_is_made_once_though_keys_are_forgotten() {
    for fault in ["lose_answer", "cut", "work_then_fail"] {
        let requests = each_request_goes_wrong(
            fault,
            async |world| charge(world.payer(VISA).await),
            async |world, bill, collected, case| {
                assert_eq!(collected.standing, Standing::Paid, "{case}");
                world.told("a_day_later", json!({})).await;
                let found = world.stripe.collect(&again(bill)).await.unwrap();
                assert_eq!(&found, collected, "{case}");
                assert_eq!(world.charged(bill).await, (1, 4_900), "{case}");
                assert_eq!(world.events("invoice.created").await, 1, "{case}");
            },
        )
        .await;
        assert_eq!(requests, 5, "{fault}");
    }
}

#[tokio::test]
async fn what_was_made_a_day_ago_is_found_and_gone_on_with() {
    for place in 0..5 {
        let world = World::new().await;
        let bill = charge(world.payer(VISA).await);
        world.fault("lose_answer", place).await;
        let _ = world.stripe.collect(&bill).await;
        world.told("a_day_later", json!({})).await;
        assert_eq!(world.standing(&again(&bill)).await, Standing::Paid, "{place}");
        assert_eq!(world.events("invoice.created").await, 1, "{place}");
        assert_eq!(world.charged(&bill).await, (1, 4_900), "{place}");
    }
}

#[tokio::test]
async fn an_invoice_is_found_among_many_and_not_taken_for_another() {
    let world = World::new().await;
    let payer = world.payer(VISA).await;
    let bill = charge(payer.clone());
    world.fault("lose_answer", 0).await;
    world.stripe.collect(&bill).await.unwrap_err();
    // As many later ones as are more than a page.
    for number in 0..101 {
        let mut other = charge(payer.clone());
        other.grant = GrantId::mint(3, 5_000 + number);
        world.fault("cut", 1).await;
        world.stripe.collect(&other).await.unwrap_err();
    }
    // The same grant of another environment is further along.
    let mut elsewhere = invoice(payer);
    elsewhere.environment = EnvironmentId(8);
    let elsewhere = world.stripe.collect(&elsewhere).await.unwrap();
    world.told("a_day_later", json!({})).await;
    let collected = world.stripe.collect(&again(&bill)).await.unwrap();
    assert_eq!(collected.standing, Standing::Paid);
    assert_ne!(collected.invoice, elsewhere.invoice);
    assert_eq!(world.events("invoice.created").await, 103);
    assert_eq!(world.charged(&bill).await, (1, 4_900));
}

/// Only the answer says that the request failed: somebody who believes that he never tried finds
/// what it made all the same.
#[tokio::test]
async fn what_a_failure_made_is_found() {
    let world = World::new().await;
    let bill = charge(world.payer(VISA).await);
    world.fault("work_then_fail", 0).await;
    world.stripe.collect(&bill).await.unwrap_err();
    assert_eq!(world.standing(&bill).await, Standing::Paid);
    assert_eq!(world.events("invoice.created").await, 1);
    assert_eq!(world.charged(&bill).await, (1, 4_900));
}

#[tokio::test]
async fn of_two_invoices_the_one_that_was_gone_on_with_is_found() {
    let world = World::new().await;
    let bill = charge(world.payer(VISA).await);
    world.fault("lose_answer", 0).await;
    world.stripe.collect(&bill).await.unwrap_err();
    world.told("a_day_later", json!({})).await;
    let paid = world.stripe.collect(&bill).await.unwrap();
    assert_eq!(world.events("invoice.created").await, 2);
    assert_eq!(world.stripe.collect(&again(&bill)).await.unwrap(), paid);
    assert_eq!(world.charged(&bill).await, (1, 4_900));
}

#[tokio::test]
async fn what_was_made_is_found_without_going_on() {
    for bill in [charge(payer()), invoice(payer())] {
        let world = World::new().await;
        assert_eq!(world.stripe.find(&bill).await.unwrap(), None);
        // Search, payer, draft, and then the item.
        world.fault("lose_answer", 3).await;
        world.stripe.collect(&bill).await.unwrap_err();
        world.requests().await;
        let found = world.stripe.find(&bill).await.unwrap().unwrap();
        assert_eq!(found.standing, Standing::Open);
        let by_id = Bill { known: Some(found.invoice.clone()), ..bill.clone() };
        assert_eq!(world.stripe.find(&by_id).await.unwrap(), Some(found));
        assert_eq!(world.events("invoice.finalized").await, 0);
        assert_eq!(world.events("invoice.created").await, 1);
    }
}

/// Two who collect the same bill at once, as two nodes might.
#[tokio::test]
async fn two_at_once_charge_once() {
    let world = World::new().await;
    let bill = charge(world.payer(VISA).await);
    let other = again(&bill);
    let (first, second) = tokio::join!(world.stripe.collect(&bill), world.stripe.collect(&other));
    let _ = (first, second);
    assert_eq!(until_known(&world, &bill).await.standing, Standing::Paid);
    assert_eq!(world.charged(&bill).await, (1, 4_900));
}

/// A key never stands for two requests: whoever changes a bill is refused, and charges nothing.
#[tokio::test]
async fn a_key_of_another_request_is_refused() {
    let world = World::new().await;
    let bill = charge(world.payer(VISA).await);
    world.fault("lose_answer", 0).await;
    world.stripe.collect(&bill).await.unwrap_err();
    let mut other = bill.clone();
    other.description = "something else".to_owned();
    let message = refused(world.stripe.collect(&other).await);
    assert!(message.contains("idempotent"), "{message}");
    assert_eq!(world.events("invoice.created").await, 1);
}

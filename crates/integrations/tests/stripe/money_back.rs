//! Refunds and disputes, as the provider counts them.

use scrip_core::MoneyAmount;
use scrip_integrations::payments::provider::{
    DisputeStanding, MoneyBack, Provider as _, ProviderDispute,
};
use serde_json::json;

use crate::world::{VISA, World, charge, invoice, money, payer};

fn amount(text: &str) -> MoneyAmount {
    MoneyAmount::parse(text).unwrap()
}

/// The invoice of 49 dollars that was paid.
async fn paid(world: &World) -> String {
    let bill = charge(world.payer(VISA).await);
    world.stripe.collect(&bill).await.unwrap().invoice
}

#[tokio::test]
async fn refunds_add_up() {
    let world = World::new().await;
    let invoice = paid(&world).await;
    let back = async || world.stripe.money_back(&invoice).await.unwrap();
    assert_eq!(back().await, MoneyBack { refunded: amount("0"), disputes: Vec::new() });
    for (refund, refunded) in [(1_000, "10"), (1, "10.01"), (3_899, "49")] {
        world.told("refund", json!({"invoice": invoice, "amount": refund})).await;
        assert_eq!(back().await.refunded, amount(refunded));
    }
}

#[tokio::test]
async fn disputes_are_read_as_they_stand() {
    let world = World::new().await;
    let invoice = paid(&world).await;
    for (status, standing) in [
        ("needs_response", Some(DisputeStanding::Open)),
        ("under_review", Some(DisputeStanding::Open)),
        ("won", Some(DisputeStanding::Won)),
        ("lost", Some(DisputeStanding::Lost)),
        ("warning_needs_response", None),
        ("warning_under_review", None),
        ("warning_closed", Some(DisputeStanding::Won)),
        ("unheard_of", None),
    ] {
        let before = world.stripe.money_back(&invoice).await.unwrap().disputes.len();
        let opened = json!({"invoice": invoice, "amount": 4_900, "status": status});
        let id = world.told("dispute", opened).await["id"].as_str().unwrap().to_owned();
        let disputes = world.stripe.money_back(&invoice).await.unwrap().disputes;
        let found = disputes.iter().find(|dispute| dispute.id == id).cloned();
        let expected =
            standing.map(|standing| ProviderDispute { id, amount: amount("49"), standing });
        assert_eq!(found, expected, "{status}");
        assert_eq!(disputes.len(), before + usize::from(standing.is_some()), "{status}");
    }
}

#[tokio::test]
async fn a_dispute_is_opened_won_and_refunded_after_all() {
    let world = World::new().await;
    let invoice = paid(&world).await;
    let opened = world.told("dispute", json!({"invoice": invoice, "amount": 2_000})).await;
    let back = world.stripe.money_back(&invoice).await.unwrap();
    let [dispute] = &back.disputes[..] else { panic!("{back:?}") };
    assert_eq!((dispute.amount, dispute.standing), (amount("20"), DisputeStanding::Open));
    world.told("dispute", json!({"dispute": opened["id"], "status": "won"})).await;
    world.told("refund", json!({"invoice": invoice, "amount": 500})).await;
    let back = world.stripe.money_back(&invoice).await.unwrap();
    assert_eq!(back.refunded, amount("5"));
    assert_eq!(back.disputes[0].standing, DisputeStanding::Won);
}

#[tokio::test]
async fn a_currency_without_a_minor_unit_comes_back_whole() {
    let world = World::new().await;
    let mut bill = charge(world.payer(VISA).await);
    bill.total = money("500", "jpy");
    let invoice = world.stripe.collect(&bill).await.unwrap().invoice;
    world.told("refund", json!({"invoice": invoice, "amount": 120})).await;
    assert_eq!(world.stripe.money_back(&invoice).await.unwrap().refunded, amount("120"));
}

#[tokio::test]
async fn nothing_comes_back_of_what_was_not_charged() {
    let world = World::new().await;
    let invoice = world.stripe.collect(&invoice(payer())).await.unwrap().invoice;
    let back = world.stripe.money_back(&invoice).await.unwrap();
    assert_eq!(back, MoneyBack { refunded: amount("0"), disputes: Vec::new() });
}

#[tokio::test]
async fn a_charge_names_its_invoice() {
    let world = World::new().await;
    let invoice = paid(&world).await;
    let refund = world.told("refund", json!({"invoice": invoice, "amount": 100})).await;
    let charge = refund["charge"].as_str().unwrap();
    assert_eq!(world.stripe.invoice_of(charge).await.unwrap(), Some(invoice));
}

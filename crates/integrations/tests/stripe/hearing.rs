//! What comes in: who said it, when, and what it is about.

use scrip_integrations::payments::provider::{About, Heard, NotHeard, Provider as _};
use scrip_integrations::payments::stripe::{Secret, Stripe, StripeOptions};
use scrip_simulator::stripe::signature;
use serde_json::{Value, json};

use crate::world::{VISA, WEBHOOK_SECRET, World, charge, client, seconds};

const NOW: i64 = 1_800_000_000;

fn body() -> Vec<u8> {
    event("invoice.paid", &json!({"id": "in_1", "object": "invoice"}))
}

fn event(kind: &str, object: &Value) -> Vec<u8> {
    let event = json!({"id": "evt_1", "type": kind, "data": {"object": object}});
    event.to_string().into_bytes()
}

fn stripe() -> Stripe {
    client("https://stripe.example", "sk_test_of_the_test")
}

/// Computed by somebody else: HMAC-SHA256 of `1800000000.{}` with the secret as it is written.
#[test]
fn a_signature_is_that_of_the_time_a_dot_and_the_body() {
    let header = signature("whsec_of_the_test", 1_800_000_000, b"{}");
    let hex = "f13aea1be606d9579c0570329e678795c7875879ae6c8cd850a77677aaf961df";
    assert_eq!(header, format!("t=1800000000,v1={hex}"));
}

#[test]
fn who_is_believed() {
    let good = signature(WEBHOOK_SECRET, NOW, &body());
    let of = |secret: &str, at| signature(secret, at, &body());
    let (time, hex) = good.split_once(',').unwrap();
    let other = of("whsec_old", NOW).split_once(',').unwrap().1.to_owned();
    let zeros = "0".repeat(64);
    let rows = [
        ("as it is", good.clone(), Ok(())),
        ("with spaces", format!("{time}, {hex}"), Ok(())),
        ("with another scheme", format!("{time},v0={zeros},{hex}"), Ok(())),
        ("the second of two secrets", format!("{time},{other},{hex}"), Ok(())),
        ("the first of two secrets", format!("{time},{hex},{other}"), Ok(())),
        ("digits in capitals", format!("{time},v1={}", hex[3..].to_uppercase()), Ok(())),
        ("300 seconds old", of(WEBHOOK_SECRET, NOW - 300), Ok(())),
        ("300 seconds ahead", of(WEBHOOK_SECRET, NOW + 300), Ok(())),
        ("301 seconds old", of(WEBHOOK_SECRET, NOW - 301), Err(NotHeard::WrongAge)),
        ("301 seconds ahead", of(WEBHOOK_SECRET, NOW + 301), Err(NotHeard::WrongAge)),
        ("before all time", of(WEBHOOK_SECRET, i64::MIN), Err(NotHeard::WrongAge)),
        ("another secret", of("whsec_old", NOW), Err(NotHeard::WrongSignature)),
        ("another time", format!("t={},{hex}", NOW - 1), Err(NotHeard::WrongSignature)),
        ("only the old scheme", format!("{time},v0={}", &hex[3..]), malformed()),
        ("nothing right", format!("{time},v1={zeros}"), Err(NotHeard::WrongSignature)),
        ("too short", format!("{time},v1={}", &hex[3..65]), malformed()),
        ("no digits", format!("{time},v1={}", "g".repeat(64)), malformed()),
        ("no time", hex.to_owned(), malformed()),
        ("no number", format!("t=now,{hex}"), malformed()),
        ("no signature", time.to_owned(), malformed()),
        ("nothing", String::new(), malformed()),
        ("garbage", "t=,v1=;=,,==\u{fffd}".to_owned(), malformed()),
    ];
    for (case, header, expected) in rows {
        let heard = stripe().heard(&header, &body(), seconds(NOW));
        match (heard, expected) {
            (Ok(heard), Ok(())) => assert_eq!(heard.event, "evt_1", "{case}"),
            (Err(NotHeard::Malformed(_)), Err(NotHeard::Malformed(_))) => {}
            (heard, expected) => assert_eq!(heard.map(drop), expected, "{case}"),
        }
    }
}

const fn malformed() -> Result<(), NotHeard> {
    Err(NotHeard::Malformed(""))
}

#[test]
fn a_body_that_was_touched_or_is_too_long_is_not_believed() {
    let header = signature(WEBHOOK_SECRET, NOW, &body());
    let mut touched = body();
    touched.push(b' ');
    let heard = |header: &str, body: &[u8]| stripe().heard(header, body, seconds(NOW));
    assert_eq!(heard(&header, &touched), Err(NotHeard::WrongSignature));
    let long = vec![b' '; 256 * 1024 + 1];
    let header = signature(WEBHOOK_SECRET, NOW, &long);
    assert_eq!(heard(&header, &long), Err(NotHeard::TooLong));
    for body in [&b"{}"[..], b"[", b"", b"{\"id\": 1}"] {
        let header = signature(WEBHOOK_SECRET, NOW, body);
        assert!(matches!(heard(&header, body), Err(NotHeard::Malformed(_))));
    }
}

#[test]
fn nobody_is_believed_without_a_secret() {
    let stripe = Stripe::new(StripeOptions {
        base_url: StripeOptions::BASE_URL.to_owned(),
        secret_key: Secret::new("sk_test_of_the_test".to_owned()),
        webhook_secret: None,
        timeout: std::time::Duration::from_secs(1),
    })
    .unwrap();
    let header = signature("", NOW, &body());
    assert_eq!(stripe.heard(&header, &body(), seconds(NOW)), Err(NotHeard::NoSecret));
}

#[test]
fn what_events_are_about() {
    let invoice = || About::Invoice("in_1".to_owned());
    let charge = || About::Charge("ch_1".to_owned());
    let rows = [
        ("invoice.paid", json!({"id": "in_1"}), invoice()),
        ("invoice.payment_failed", json!({"id": "in_1"}), invoice()),
        ("invoice.payment_action_required", json!({"id": "in_1"}), invoice()),
        ("invoice.voided", json!({"id": "in_1"}), invoice()),
        ("invoice.upcoming", json!({"id": null}), About::Nothing),
        ("invoice.deleted", json!({"id": "in_1"}), About::Nothing),
        ("invoice.paid", json!({"id": "in_1/void"}), About::Nothing),
        ("charge.refunded", json!({"id": "ch_1"}), charge()),
        ("charge.refund.updated", json!({"id": "re_1", "charge": "ch_1"}), charge()),
        ("refund.created", json!({"id": "re_1", "charge": "ch_1"}), charge()),
        ("refund.failed", json!({"id": "re_1", "charge": null}), About::Nothing),
        ("charge.dispute.created", json!({"id": "dp_1", "charge": "ch_1"}), charge()),
        ("charge.dispute.closed", json!({"id": "dp_1", "charge": {"id": "ch_1"}}), charge()),
        ("charge.dispute.closed", json!({"id": "dp_1", "charge": "../x"}), About::Nothing),
        ("charge.succeeded", json!({"id": "ch_1"}), About::Nothing),
        ("invoiceitem.created", json!({"id": "ii_1"}), About::Nothing),
        ("customer.created", json!({"id": "cus_1"}), About::Nothing),
    ];
    for (kind, object, about) in rows {
        let body = event(kind, &object);
        let header = signature(WEBHOOK_SECRET, NOW, &body);
        let heard = stripe().heard(&header, &body, seconds(NOW));
        assert_eq!(heard, Ok(Heard { event: "evt_1".to_owned(), about }), "{kind} {object}");
    }
}

#[tokio::test]
async fn what_the_stand_in_tells_is_understood() {
    let world = World::new().await;
    let bill = charge(world.payer(VISA).await);
    let invoice = world.stripe.collect(&bill).await.unwrap().invoice;
    let refund = world.told("refund", json!({"invoice": invoice, "amount": 100})).await;
    world.told("dispute", json!({"invoice": invoice, "amount": 100})).await;
    let events = world.told("events", json!({})).await;
    let mut abouts = Vec::new();
    for event in events.as_array().unwrap() {
        let body = event.to_string().into_bytes();
        let header = signature(WEBHOOK_SECRET, NOW, &body);
        abouts.push(world.stripe.heard(&header, &body, seconds(NOW)).unwrap().about);
    }
    let charge = refund["charge"].as_str().unwrap().to_owned();
    let invoices = abouts.iter().filter(|it| **it == About::Invoice(invoice.clone())).count();
    let charges = abouts.iter().filter(|it| **it == About::Charge(charge.clone())).count();
    assert_eq!((invoices, charges), (4, 3), "{abouts:?}");
}

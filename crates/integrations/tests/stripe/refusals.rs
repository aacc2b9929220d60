//! What each kind of trouble is taken for, and that no secret comes back in any.

use std::time::Duration;

use scrip_integrations::payments::provider::{Provider as _, Trouble};
use scrip_integrations::payments::stripe::{Secret, Stripe, StripeOptions};

use crate::world::{ENVIRONMENT, World, client, payer, refused};

#[tokio::test]
async fn what_goes_wrong_is_told_apart() {
    let rows = [
        ("lose_answer", "unknown"),
        ("cut", "unknown"),
        ("garbage", "unknown"),
        ("endless", "unknown"),
        ("fail", "later"),
        ("fail_at_the_door", "later"),
        ("in_use", "later"),
        ("rate_limit", "later, after 2s"),
    ];
    for (fault, expected) in rows {
        let world = World::new().await;
        world.fault(fault, 0).await;
        let trouble = world.stripe.ensure_payer(ENVIRONMENT, &payer()).await.unwrap_err();
        let found = match &trouble {
            Trouble::Unknown(_) => "unknown".to_owned(),
            Trouble::Later { after: None, .. } => "later".to_owned(),
            Trouble::Later { after: Some(after), .. } => format!("later, after {after:?}"),
            Trouble::Refused(_) => "refused".to_owned(),
        };
        assert_eq!(found, expected, "{fault}: {trouble:?}");
    }
}

#[tokio::test]
async fn a_slow_answer_is_not_waited_for() {
    let world = World::new().await;
    let slow = serde_json::json!({"kind": "slow", "milliseconds": 60_000});
    world.told("faults", slow).await;
    let stripe = Stripe::new(StripeOptions {
        base_url: world.stand_in.url(),
        secret_key: Secret::new("sk_test_of_the_test".to_owned()),
        webhook_secret: None,
        timeout: Duration::from_millis(100),
    })
    .unwrap();
    let trouble = stripe.ensure_payer(ENVIRONMENT, &payer()).await.unwrap_err();
    assert!(matches!(trouble, Trouble::Unknown(_)), "{trouble:?}");
}

#[tokio::test]
async fn where_nobody_listens_nothing_was_done() {
    let world = World::new().await;
    let url = world.stand_in.url();
    drop(world);
    let mut last = None;
    // Its socket is closed a moment after it.
    for _ in 0..50 {
        let stripe = client(&url, "sk_test_of_the_test");
        let trouble = stripe.ensure_payer(ENVIRONMENT, &payer()).await.unwrap_err();
        if matches!(trouble, Trouble::Later { .. }) {
            return;
        }
        last = Some(trouble);
        tokio::task::yield_now().await;
    }
    panic!("{last:?}");
}

#[tokio::test]
async fn a_key_that_is_wrong_or_weak_is_refused_and_never_shown() {
    for (key, why) in [
        ("sk_test_wrong", "Invalid API Key provided: (the secret key)"),
        ("rk_test_weak", "does not have the required permissions"),
    ] {
        let world = World::with_key(key).await;
        let message = refused(world.stripe.ensure_payer(ENVIRONMENT, &payer()).await);
        assert!(message.contains(why) && !message.contains(key), "{message}");
    }
}

//! A process that ends between any two steps: the next one finds out what happened.

use std::time::Duration;

use scrip_core::GrantStatus;
use scrip_integrations::payments::provider::Standing;
use scrip_ledger::{InvoiceId, SANDBOX};

use crate::provider::{Deed, Step};
use crate::world::{World, until};

const STEPS: [Step; 4] =
    [Step::BeforeEffect, Step::AfterEffect, Step::BeforeWrite, Step::AfterWrite];

/// Money is taken once, and the grant counts, wherever the first process ended.
#[tokio::test]
async fn a_charge_survives_a_crash_at_any_step() {
    for step in STEPS {
        let mut world = World::new().await;
        let handle = world.begin();
        let grant = world.charge().await;
        world.gate.shut(step);
        drop(handle.begin(SANDBOX, InvoiceId::of(grant)));
        reached(&world, step).await;
        world.crash();
        world.gate.open();
        // Nothing passes but what a start takes: it is not waited for the time of the next attempt.
        world.begin();
        until("paid", async || world.todo(grant).await.is_none().then_some(())).await;
        world.is_paid_once(grant).await;
        assert!(world.provider.bills().iter().skip(1).all(|bill| bill.may_exist), "{step:?}");
    }
}

/// The same where the process ended before it asked anybody.
#[tokio::test]
async fn a_charge_survives_a_crash_before_it_is_begun() {
    let mut world = World::new().await;
    let grant = world.charge().await;
    world.begin();
    until("paid", async || world.todo(grant).await.is_none().then_some(())).await;
    world.is_paid_once(grant).await;
}

/// A process that ends again and again.
#[tokio::test]
async fn a_charge_survives_a_crash_at_every_step() {
    let mut world = World::new().await;
    let grant = world.charge().await;
    for step in STEPS {
        world.gate.shut(step);
        world.begin();
        reached(&world, step).await;
        world.crash();
    }
    world.gate.open();
    world.begin();
    until("paid", async || world.todo(grant).await.is_none().then_some(())).await;
    world.is_paid_once(grant).await;
}

/// A declined charge that was not written is declined once.
#[tokio::test]
async fn a_failure_survives_a_crash_at_any_step() {
    for step in STEPS {
        let mut world = World::new().await;
        world.provider.comes_to([Standing::Failed { message: "declined".to_owned() }]);
        let grant = world.charge().await;
        world.gate.shut(step);
        world.begin();
        reached(&world, step).await;
        world.crash();
        world.gate.open();
        world.begin();
        until("failed", async || {
            let invoice = world.invoice(grant).await.provider.unwrap();
            invoice.error_message().filter(|text| *text == "declined").map(drop)
        })
        .await;
        let made = world.provider.invoices(grant);
        assert_eq!((made.len(), made[0].attempts.len(), made[0].charges), (1, 1, 0), "{step:?}");
        assert_eq!(world.grant(grant).await.grant.status(), GrantStatus::PaymentPending);
    }
}

/// Several nodes may do the same at once.
#[tokio::test]
async fn two_who_collect_charge_once() {
    let mut world = World::new().await;
    let mut grants = Vec::new();
    for _ in 0..10 {
        grants.push(world.charge().await);
    }
    world.provider.will((0..20).map(|n| match n % 3 {
        0 => Deed::LoseAfter,
        1 => Deed::LoseBefore,
        _ => Deed::Take(Duration::from_millis(2)),
    }));
    world.begin();
    world.begin();
    for grant in grants {
        world.settled(grant).await;
        let made = world.provider.invoices(grant);
        assert_eq!(made.iter().map(|it| it.charges).collect::<Vec<_>>(), [1]);
        assert_eq!(world.grant(grant).await.grant.status(), GrantStatus::Active);
    }
}

/// A ledger that takes nothing for a while: the answer is asked for again, and written then.
#[tokio::test]
async fn a_ledger_that_fails_loses_no_payment() {
    let mut world = World::new().await;
    let handle = world.begin();
    let grant = world.charge().await;
    world.gate.fail(true);
    let waiting = handle.begin(SANDBOX, InvoiceId::of(grant));
    until("asked twice", async || (world.provider.bills().len() > 1).then_some(())).await;
    assert_eq!(world.grant(grant).await.grant.status(), GrantStatus::PaymentPending);
    world.gate.fail(false);
    waiting.await;
    world.is_paid_once(grant).await;
}

async fn reached(world: &World, step: Step) {
    let reached = tokio::time::timeout(Duration::from_secs(10), world.gate.reached.notified());
    assert!(reached.await.is_ok(), "{step:?} was not reached");
}

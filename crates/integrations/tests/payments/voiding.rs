//! Grants that are taken back before they were paid.

use scrip_core::GrantStatus;
use scrip_integrations::payments::provider::Standing;
use scrip_ledger::conformance::wallet;
use scrip_ledger::{InvoiceId, Payment, SANDBOX};

use crate::provider::{Deed, Step};
use crate::world::{World, until};

/// Its invoice is canceled, whether or not we know what it is called, and however often answers are
/// lost.
#[tokio::test]
async fn an_unpaid_invoice_is_canceled() {
    let rows =
        [vec![], vec![Deed::LoseAfter], vec![Deed::LoseBefore, Deed::LoseAfter, Deed::LoseBefore]];
    for deeds in rows {
        for is_known in [true, false] {
            let mut world = World::new().await;
            let grant = world.buy(SANDBOX, Payment::Invoice { days_until_due: 1 }).await;
            if is_known {
                let handle = world.begin();
                handle.begin(SANDBOX, InvoiceId::of(grant)).await;
            } else {
                world.gate.shut(Step::AfterEffect);
                world.begin();
                world.gate.reached.notified().await;
            }
            world.crash();
            world.gate.open();
            world.void(grant).await;
            world.provider.will(deeds.clone());
            world.begin();
            world.settled(grant).await;
            assert_eq!(world.invoice(grant).await.status.as_str(), "CANCELED");
            let made = world.provider.invoices(grant);
            assert_eq!(made.len(), 1);
            assert_eq!(made[0].standing, Standing::Canceled, "{deeds:?} {is_known}");
        }
    }
}

/// Where nothing was made, nothing is made any more, and after a while nobody looks for it.
#[tokio::test]
async fn what_was_never_made_is_not_made() {
    let mut world = World::new().await;
    let grant = world.charge().await;
    world.void(grant).await;
    world.begin();
    world.settled(grant).await;
    assert_eq!(world.invoice(grant).await.status.as_str(), "CANCELED");
    assert!(world.provider.bills().is_empty());
    assert!(world.provider.finds() > 5, "somebody may have been making it");
}

/// It was paid first: that is shown, and gives no credits.
#[tokio::test]
async fn money_that_came_first_is_shown() {
    for step in [Step::AfterEffect, Step::BeforeWrite] {
        let mut world = World::new().await;
        let grant = world.charge().await;
        world.gate.shut(step);
        world.begin();
        world.gate.reached.notified().await;
        world.crash();
        world.void(grant).await;
        world.gate.open();
        world.begin();
        world.settled(grant).await;
        let view = world.grant(grant).await;
        assert_eq!(view.grant.status(), GrantStatus::Voided);
        let invoice = view.latest_invoice().unwrap();
        assert_eq!(invoice.status.as_str(), "PAID");
        let provider = invoice.provider.unwrap();
        assert!(provider.error_message().unwrap().contains("refund"), "{provider:?}");
        assert_eq!(world.books.available(&wallet("ann/gold")).await, "0");
    }
}

/// It is voided while the provider is asked to collect it.
#[tokio::test]
async fn a_void_meanwhile_cancels_what_was_made() {
    let mut world = World::new().await;
    world.provider.comes_to([Standing::Processing]);
    let handle = world.begin();
    let grant = world.charge().await;
    world.provider.will([Deed::Take(std::time::Duration::from_millis(60))]);
    let waiting = handle.begin(SANDBOX, InvoiceId::of(grant));
    until("asked", async || (!world.provider.bills().is_empty()).then_some(())).await;
    world.void(grant).await;
    waiting.await;
    world.settled(grant).await;
    assert_eq!(world.invoice(grant).await.status.as_str(), "CANCELED");
    assert_eq!(world.provider.invoices(grant)[0].standing, Standing::Canceled);
}

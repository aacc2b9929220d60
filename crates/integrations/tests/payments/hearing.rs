//! What the provider sends by itself.

use scrip_core::GrantStatus;
use scrip_integrations::payments::collector::NotTaken;
use scrip_integrations::payments::provider::Standing;
use scrip_ledger::{InvoiceId, PRODUCTION, Payment, SANDBOX};

use crate::provider::{Deed, SIGNATURE};
use crate::world::World;

/// A sent invoice; the provider has said that it is open.
async fn sent() -> (World, scrip_integrations::payments::collector::Handle, scrip_core::GrantId) {
    let mut world = World::new().await;
    let handle = world.begin();
    let grant = world.buy(SANDBOX, Payment::Invoice { days_until_due: 1 }).await;
    handle.begin(SANDBOX, InvoiceId::of(grant)).await;
    (world, handle, grant)
}

/// What it is about is asked, and written when the answer goes out; twice is once.
#[tokio::test]
async fn a_payment_is_told_of() {
    for body in ["in_1", "ch_1"] {
        let (world, handle, grant) = sent().await;
        assert_eq!(handle.hear(SANDBOX, SIGNATURE, body.as_bytes()).await, Ok(()));
        assert_eq!(world.grant(grant).await.grant.status(), GrantStatus::PaymentPending);
        world.provider.becomes(grant, Standing::Paid);
        for _ in 0..2 {
            assert_eq!(handle.hear(SANDBOX, SIGNATURE, body.as_bytes()).await, Ok(()));
            assert_eq!(world.grant(grant).await.grant.status(), GrantStatus::Active);
            assert_eq!(world.todo(grant).await, None);
        }
    }
}

/// What is said late or of something else changes nothing.
#[tokio::test]
async fn what_does_not_matter_is_taken() {
    let (world, handle, grant) = sent().await;
    let before = world.invoice(grant).await;
    for body in ["in_77", "ch_77", "xx_1", "other"] {
        assert_eq!(handle.hear(SANDBOX, SIGNATURE, body.as_bytes()).await, Ok(()), "{body}");
    }
    // What the provider will never say is not asked for for ever.
    world.provider.will([Deed::Refuse]);
    assert_eq!(handle.hear(SANDBOX, SIGNATURE, b"in_1").await, Ok(()));
    assert_eq!(world.invoice(grant).await, before);
}

/// Nobody is believed who does not sign, and nothing is asked for him.
#[tokio::test]
async fn others_are_not_believed() {
    let (world, handle, grant) = sent().await;
    world.provider.becomes(grant, Standing::Paid);
    let before = world.provider.looks();
    let told = handle.hear(SANDBOX, "forged", b"in_1").await;
    assert!(matches!(told, Err(NotTaken::NotBelieved(_))), "{told:?}");
    assert_eq!(world.provider.looks(), before);
    assert_eq!(world.grant(grant).await.grant.status(), GrantStatus::PaymentPending);
    let told = handle.hear(PRODUCTION, SIGNATURE, b"in_1").await;
    assert_eq!(told, Err(NotTaken::Unknown));
}

/// What cannot be asked or written now is to be sent again.
#[tokio::test]
async fn what_cannot_be_asked_now_is_to_be_sent_again() {
    let (world, handle, grant) = sent().await;
    world.provider.becomes(grant, Standing::Paid);
    for deed in [Deed::LoseBefore, Deed::LoseAfter, Deed::Later(None)] {
        world.provider.will([deed]);
        let told = handle.hear(SANDBOX, SIGNATURE, b"in_1").await;
        assert!(matches!(told, Err(NotTaken::NotNow(_))), "{told:?}");
    }
    world.gate.fail(true);
    let told = handle.hear(SANDBOX, SIGNATURE, b"in_1").await;
    assert!(matches!(told, Err(NotTaken::NotNow(_))), "{told:?}");
    assert_eq!(world.grant(grant).await.grant.status(), GrantStatus::PaymentPending);
    world.gate.fail(false);
    assert_eq!(handle.hear(SANDBOX, SIGNATURE, b"in_1").await, Ok(()));
    assert_eq!(world.grant(grant).await.grant.status(), GrantStatus::Active);
}

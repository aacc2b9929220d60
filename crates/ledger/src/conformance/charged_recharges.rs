//! Recharges where a payment provider collects (decisions 24, 25, 53).

use scrip_core::{ChargeOutcome, Fact, GrantStatus, RechargeStop, WalletKey};

use super::collections::{action_required, collecting, failed, invoice_now, say, todo};
use super::disputes::newest;
use super::own_grants::setting;
use super::world::{Factory, World, credits, wallet};
use crate::{
    CollectionMethod, Intent, InvoiceStatus, Pace, ProviderStanding, RecordKind, Subject, Work,
};

/// A grant waits for its charge, which closes the gap, and counts as if it were there.
pub async fn wait_for_their_charge(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    collecting(&world).await;
    world.grant(&wallet, "A", "30").await;
    world.recharge(&wallet, setting("20", "50", Some("0.01"), Some("1"))).await;
    world.consume(&wallet, "k1", "15").await;
    let grant = newest(&world, &wallet).await;
    assert_eq!((grant.grant.status(), grant.is_recharge), (GrantStatus::PaymentPending, true));
    assert_eq!(
        (grant.grant.amount, grant.cost.amount.to_string().as_str()),
        (credits("35"), "0.35")
    );
    let invoice = invoice_now(&world, &grant).await;
    let provider = invoice.provider.unwrap();
    assert_eq!((invoice.status, provider.method), (InvoiceStatus::Open, CollectionMethod::Charge));
    let todo_now = todo(&world, &grant).await.unwrap();
    assert_eq!((todo_now.intent, todo_now.pace), (Intent::Collect, Pace::Soon));
    // A burst recharges once.
    for key in ["k2", "k3"] {
        world.consume(&wallet, key, "1").await;
    }
    assert_eq!(newest(&world, &wallet).await.grant.name, grant.grant.name);
    assert_eq!(spent(&world, &wallet).await, ("0.35".to_owned(), None));
    say(&world, &grant, Intent::Collect, ProviderStanding::Paid).await;
    assert_eq!(world.available(&wallet).await, "48");
    assert_eq!(outcomes(&world).await, [ChargeOutcome::Paid]);
    // Told again, it is no news.
    say(&world, &grant, Intent::Watch, ProviderStanding::Paid).await;
    assert_eq!(outcomes(&world).await.len(), 1);
}

/// A decline leaves nothing behind, and stops the recharge until somebody saves it.
pub async fn stop_when_declined(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold/r1");
    collecting(&world).await;
    world.recharge(&wallet, setting("20", "50", Some("0.01"), Some("1"))).await;
    let grant = newest(&world, &wallet).await;
    say(&world, &grant, Intent::Collect, failed()).await;
    let voided = world.grant_now(grant.grant.name.id).await;
    assert_eq!(voided.grant.status(), GrantStatus::Voided);
    assert_eq!(todo(&world, &grant).await.unwrap().intent, Intent::Cancel);
    let stopped = Some(RechargeStop::PaymentFailed);
    assert_eq!(spent(&world, &wallet).await, ("0".to_owned(), stopped));
    let message = "declined".to_owned();
    assert_eq!(outcomes(&world).await, [ChargeOutcome::Failed { message }]);
    world.consume(&wallet, "k", "5").await;
    assert_eq!(newest(&world, &wallet).await.grant.amount, credits("0"), "an overdraft only");
    say(&world, &grant, Intent::Cancel, ProviderStanding::Canceled).await;
    assert_eq!(outcomes(&world).await.len(), 1);
    world.recharge(&wallet, setting("20", "50", Some("0.01"), Some("1"))).await;
    let again = newest(&world, &wallet).await;
    assert_eq!(
        (again.grant.amount, again.grant.status()),
        (credits("55"), GrantStatus::PaymentPending)
    );
    assert_eq!(spent(&world, &wallet).await, ("0.55".to_owned(), None));
}

/// A payer who has to confirm is told of, once, and not charged again meanwhile.
pub async fn wait_for_a_payer_who_must_act(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    collecting(&world).await;
    world.recharge(&wallet, setting("20", "50", Some("0.01"), None)).await;
    let grant = newest(&world, &wallet).await;
    for asked in [Intent::Collect, Intent::Watch] {
        say(&world, &grant, asked, action_required()).await;
    }
    let message = "confirm it".to_owned();
    assert_eq!(outcomes(&world).await, [ChargeOutcome::ActionRequired { message }]);
    world.consume(&wallet, "k", "5").await;
    say(&world, &grant, Intent::Watch, ProviderStanding::Paid).await;
    assert_eq!(world.available(&wallet).await, "45");
    assert_eq!(outcomes(&world).await.len(), 2);
}

/// What is paid after the decline was noticed gives no credits, and says so.
pub async fn paid_after_a_decline_give_nothing(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    collecting(&world).await;
    world.recharge(&wallet, setting("20", "50", Some("0.01"), None)).await;
    let grant = newest(&world, &wallet).await;
    say(&world, &grant, Intent::Collect, failed()).await;
    let invoice = say(&world, &grant, Intent::Cancel, ProviderStanding::Paid).await;
    assert!(matches!(invoice.status, InvoiceStatus::Paid { .. }));
    assert_eq!(world.available(&wallet).await, "0");
    // The customer's archive, and his return, change nothing of that.
    world.done(Work::ArchiveRecord(RecordKind::Customer, "ann".to_owned())).await;
    assert_eq!(outcomes(&world).await.len(), 1);
}

/// What the charges of recharges came to, oldest first.
async fn outcomes(world: &World) -> Vec<ChargeOutcome> {
    let told = world.told().await;
    let outcome = |subject: &Subject| match subject {
        Subject::Wallet { fact: Fact::RechargeCharged { outcome, .. }, .. } => {
            Some(outcome.clone())
        }
        _ => None,
    };
    told.iter().filter_map(|view| outcome(&view.event.subject)).collect()
}

/// What counts as spent in the month, and why the recharge stands still.
async fn spent(world: &World, wallet: &WalletKey) -> (String, Option<RechargeStop>) {
    let at = world.ledger.wallet_at(wallet, None).await.unwrap().unwrap();
    let recharge = at.wallet.recharge().unwrap();
    (recharge.spent_in_month_of(at.at).to_string(), recharge.stopped)
}

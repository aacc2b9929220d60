//! Charges and invoices that are sent: what comes of them, and when they are asked for again.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use scrip_core::GrantStatus;
use scrip_integrations::payments::collector::MethodTrouble;
use scrip_integrations::payments::provider::{Collection, Standing};
use scrip_ledger::conformance::wallet;
use scrip_ledger::{
    CollectionState, GrantView, Intent, InvoiceId, PRODUCTION, Payment, PaymentProvider,
    RecordKind, SANDBOX, Work,
};

use crate::provider::Deed;
use crate::world::{MINUTE, World, until};

fn failed() -> Standing {
    Standing::Failed { message: "declined".to_owned() }
}

fn state_of(view: &GrantView) -> CollectionState {
    view.latest_invoice().unwrap().provider.unwrap().state
}

/// Whoever waits is woken when it is paid; the provider is told all that it has to know.
#[tokio::test]
async fn a_charge_is_waited_for() {
    let mut world = World::new().await;
    let handle = world.begin();
    let grant = world.charge().await;
    handle.begin(SANDBOX, InvoiceId::of(grant)).await;
    world.is_paid_once(grant).await;
    let bill = world.provider.bills().remove(0);
    assert_eq!((bill.attempt, bill.may_exist, bill.known), (1, false, None));
    assert_eq!((bill.description.as_str(), bill.how), ("Bought", Collection::Charge));
    assert_eq!((bill.total.amount.to_string().as_str(), bill.payer.billing_id), ("49.9", None));
    let customer = world.books.record(RecordKind::Customer, "ann").await.unwrap();
    assert_eq!(customer.text("billingId"), Some("cus_ann"));
    let invoice = world.invoice(grant).await.provider.unwrap();
    assert_eq!(invoice.id.as_deref(), Some("in_1"));
    assert_eq!(invoice.pdf_url.as_deref(), Some("https://pdf/in_1"));
}

/// So is everybody who waits for the same, and not before.
#[tokio::test]
async fn several_wait_for_the_same() {
    let mut world = World::new().await;
    let handle = world.begin();
    let grant = world.charge().await;
    world.provider.will([Deed::Take(Duration::from_millis(80))]);
    drop(handle.begin(SANDBOX, InvoiceId::of(grant)));
    until("asked", async || (world.provider.bills().len() == 1).then_some(())).await;
    handle.begin(SANDBOX, InvoiceId::of(grant)).await;
    world.is_paid_once(grant).await;
}

/// It goes on though nobody waits.
#[tokio::test]
async fn nobody_has_to_wait() {
    let mut world = World::new().await;
    let handle = world.begin();
    let grant = world.charge().await;
    drop(handle.begin(SANDBOX, InvoiceId::of(grant)));
    until("paid", async || world.todo(grant).await.is_none().then_some(())).await;
    world.is_paid_once(grant).await;
}

/// Whoever waits for a provider that is silent is let go.
#[tokio::test]
async fn nobody_waits_for_ever() {
    let mut world = World::new().await;
    world.options.wait = Duration::from_millis(30);
    let handle = world.begin();
    let grant = world.charge().await;
    world.provider.will([Deed::Hang]);
    handle.begin(SANDBOX, InvoiceId::of(grant)).await;
    assert_eq!(state_of(&world.grant(grant).await), CollectionState::Processing);
}

/// A provider that never answers is asked again.
#[tokio::test]
async fn a_silent_provider_is_asked_again() {
    let mut world = World::new().await;
    world.options.within = Duration::from_millis(10);
    let handle = world.begin();
    let grant = world.charge().await;
    world.provider.will([Deed::Hang, Deed::Hang]);
    handle.begin(SANDBOX, InvoiceId::of(grant)).await;
    world.is_paid_once(grant).await;
    let may_exist: Vec<_> = world.provider.bills().iter().map(|bill| bill.may_exist).collect();
    assert_eq!(may_exist, [false, true, true]);
}

/// A lost answer takes no money twice, wherever it is lost.
#[tokio::test]
async fn lost_answers_charge_once() {
    let rows = [
        vec![Deed::LoseBefore],
        vec![Deed::LoseAfter],
        vec![Deed::LoseAfter, Deed::LoseAfter, Deed::LoseBefore],
        vec![Deed::Later(None), Deed::LoseAfter],
        vec![Deed::Later(Some(Duration::from_millis(15))), Deed::LoseAfter],
    ];
    for deeds in rows {
        let mut world = World::new().await;
        let handle = world.begin();
        let grant = world.charge().await;
        world.provider.will(deeds.clone());
        handle.begin(SANDBOX, InvoiceId::of(grant)).await;
        world.is_paid_once(grant).await;
        assert_eq!(world.provider.bills().len(), deeds.len() + 1, "{deeds:?}");
    }
}

/// What the provider asks for holds; it is not asked before.
#[tokio::test]
async fn a_provider_that_wants_rest_gets_it() {
    let mut world = World::new().await;
    let handle = world.begin();
    let grant = world.charge().await;
    world.provider.will([Deed::Later(Some(Duration::from_secs(600)))]);
    handle.begin(SANDBOX, InvoiceId::of(grant)).await;
    assert_eq!(world.todo(grant).await.unwrap().trouble.as_deref(), Some("busy"));
    world.books.pass(9 * MINUTE);
    tokio::time::sleep(Duration::from_millis(60)).await;
    assert_eq!(world.provider.bills().len(), 1);
    world.settled(grant).await;
    world.is_paid_once(grant).await;
}

/// A declined charge gives nothing, is not tried again by itself, and is when somebody asks for it.
#[tokio::test]
async fn a_failed_charge_is_retried_on_demand() {
    let mut world = World::new().await;
    let handle = world.begin();
    let grant = world.charge().await;
    world.provider.comes_to([failed()]);
    handle.begin(SANDBOX, InvoiceId::of(grant)).await;
    let view = world.grant(grant).await;
    assert_eq!(view.grant.status(), GrantStatus::PaymentPending);
    assert_eq!(state_of(&view), CollectionState::Failed { message: "declined".to_owned() });
    until("looked at", async || {
        world.books.pass(60 * MINUTE);
        (world.provider.looks() > 2).then_some(())
    })
    .await;
    assert_eq!(world.provider.bills().len(), 1, "nothing is charged blindly");
    world.retry(grant).await;
    handle.begin(SANDBOX, InvoiceId::of(grant)).await;
    world.is_paid_once(grant).await;
    let bill = world.provider.bills().remove(1);
    assert_eq!((bill.attempt, bill.may_exist, bill.known.as_deref()), (2, true, Some("in_1")));
}

/// What a provider will never do is said, and can be tried again.
#[tokio::test]
async fn a_refused_charge_says_why() {
    let mut world = World::new().await;
    let handle = world.begin();
    let grant = world.charge().await;
    world.provider.will([Deed::Refuse]);
    handle.begin(SANDBOX, InvoiceId::of(grant)).await;
    let state = state_of(&world.grant(grant).await);
    assert_eq!(state, CollectionState::Failed { message: "never".to_owned() });
    world.retry(grant).await;
    handle.begin(SANDBOX, InvoiceId::of(grant)).await;
    world.is_paid_once(grant).await;
}

/// Whoever pays confirms it elsewhere; nobody tells, and it is found out all the same.
#[tokio::test]
async fn a_confirmed_payment_is_found_out() {
    let mut world = World::new().await;
    let handle = world.begin();
    let grant = world.charge().await;
    world.provider.comes_to([Standing::ActionRequired { message: "confirm".to_owned() }]);
    handle.begin(SANDBOX, InvoiceId::of(grant)).await;
    let invoice = world.invoice(grant).await.provider.unwrap();
    assert!(invoice.requires_action());
    assert_eq!(invoice.payment_url.as_deref(), Some("https://pay/in_1"));
    world.provider.becomes(grant, Standing::Paid);
    world.settled(grant).await;
    assert_eq!(world.grant(grant).await.grant.status(), GrantStatus::Active);
    assert_eq!(world.provider.bills().len(), 1);
}

/// An invoice is sent, and watched less and less often until it is paid.
#[tokio::test]
async fn a_sent_invoice_is_watched() {
    let mut world = World::new().await;
    let handle = world.begin();
    let grant = world.buy(SANDBOX, Payment::Invoice { days_until_due: 14 }).await;
    handle.begin(SANDBOX, InvoiceId::of(grant)).await;
    let bill = world.provider.bills().remove(0);
    assert_eq!(bill.how, Collection::Send { days_until_due: 14, address: None });
    assert_eq!(state_of(&world.grant(grant).await), CollectionState::Processing);
    let mut before = 0;
    for looks in 1..=5 {
        until("looked at", async || {
            world.books.pass(1_000);
            (world.todo(grant).await.unwrap().tries >= looks).then_some(())
        })
        .await;
        let todo = world.todo(grant).await.unwrap();
        let now = world.books.ledger.now(scrip_ledger::SYSTEM).milliseconds();
        let pause = todo.next_attempt_milliseconds - now;
        assert_eq!(todo.intent, Intent::Watch);
        assert!(pause > before * 2, "{looks}: {before} {pause}");
        before = pause;
    }
    world.provider.becomes(grant, Standing::Paid);
    world.settled(grant).await;
    assert_eq!(world.grant(grant).await.grant.status(), GrantStatus::Active);
}

/// One that the provider is slow with delays no other; and only so many are asked for at a time.
#[tokio::test]
async fn a_slow_answer_delays_no_other() {
    let mut world = World::new().await;
    world.options.at_once = 3;
    let handle = world.begin();
    let mut grants = Vec::new();
    for _ in 0..12 {
        grants.push(world.charge().await);
    }
    world.provider.will([Deed::Hang, Deed::Hang]);
    world.provider.will(vec![Deed::Take(Duration::from_millis(3)); 10]);
    let begun: Vec<_> =
        grants.iter().map(|grant| handle.begin(SANDBOX, InvoiceId::of(*grant))).collect();
    drop(begun);
    until("most are paid", async || {
        let mut left = 0;
        for grant in &grants {
            left += usize::from(world.todo(*grant).await.is_some());
        }
        (left == 2).then_some(())
    })
    .await;
    assert_eq!(world.provider.most.load(Ordering::SeqCst), 3);
}

/// An environment whose provider is silent delays no other environment.
#[tokio::test]
async fn environments_delay_each_other_in_nothing() {
    let mut world = World::new().await;
    world.options.at_once = 1;
    world.books.populate(PRODUCTION).await;
    world.settle_on(PRODUCTION, "sk").await;
    let handle = world.begin();
    let slow = world.charge().await;
    world.provider.will([Deed::Hang]);
    drop(handle.begin(SANDBOX, InvoiceId::of(slow)));
    until("asked", async || (world.provider.bills().len() == 1).then_some(())).await;
    let grant = world.buy(PRODUCTION, Payment::Charge).await;
    handle.begin(PRODUCTION, InvoiceId::of(grant)).await;
    assert_eq!(world.provider.invoices(grant).len(), 1);
}

/// Settings are read at each use: without usable ones payments wait, and then go on.
#[tokio::test]
async fn settings_hold_from_their_change_on() {
    let mut world = World::new().await;
    let grant = world.charge().await;
    let manual = || Work::PutRecords(vec![PaymentProvider::Manual.record()]);
    world.books.done(manual()).await;
    world.begin();
    for trouble in ["no payment provider", "not these settings"] {
        until(trouble, async || {
            world.books.pass(MINUTE);
            let todo = world.todo(grant).await.unwrap();
            todo.trouble.filter(|text| text.contains(trouble))
        })
        .await;
        world.settle_on(SANDBOX, "other").await;
    }
    assert!(world.provider.bills().is_empty());
    world.settle_on(SANDBOX, "sk").await;
    world.settled(grant).await;
    world.is_paid_once(grant).await;
}

/// A stop waits for an answer that is on its way, and for no pause.
#[tokio::test]
async fn a_stop_waits_for_what_is_under_way() {
    let mut world = World::new().await;
    world.options.pauses.again = Duration::from_secs(8);
    let handle = world.begin();
    // Whoever looks for what was left has looked, and finds neither of these.
    tokio::time::sleep(Duration::from_millis(50)).await;
    let (answered, paused) = (world.charge().await, world.charge().await);
    world.provider.will([Deed::Take(Duration::from_millis(100)), Deed::LoseAfter]);
    drop(handle.begin(SANDBOX, InvoiceId::of(answered)));
    until("asked", async || (world.provider.bills().len() == 1).then_some(())).await;
    drop(handle.begin(SANDBOX, InvoiceId::of(paused)));
    until("tried", async || world.todo(paused).await.filter(|todo| todo.tries == 1).map(drop))
        .await;
    let began = Instant::now();
    world.stop().await;
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    assert_eq!(world.todo(answered).await, None);
    assert_eq!(world.provider.bills().len(), 2);
}

#[tokio::test]
async fn payment_methods_are_kept_by_the_provider() {
    let mut world = World::new().await;
    let handle = world.begin();
    let ann = wallet("ann/gold").customer;
    assert_eq!(handle.detach(SANDBOX, &ann).await, Ok(()));
    assert_eq!(handle.attach(SANDBOX, &ann, "pm_1").await, Ok(()));
    assert_eq!(handle.detach(SANDBOX, &ann).await, Ok(()));
    assert_eq!(world.provider.attached(), ["cus_ann pm_1", "cus_ann none"]);
    let customer = world.books.record(RecordKind::Customer, "ann").await.unwrap();
    assert_eq!(customer.text("billingId"), Some("cus_ann"));
    for (deed, trouble) in [
        (Deed::Refuse, MethodTrouble::Refused("never".to_owned())),
        (
            Deed::LoseBefore,
            MethodTrouble::NotNow("the provider's answer is not known: lost".into()),
        ),
    ] {
        world.provider.will([deed]);
        let told = handle.attach(SANDBOX, &ann, "pm_2").await;
        assert_eq!(std::mem::discriminant(&told.unwrap_err()), std::mem::discriminant(&trouble));
    }
    let nobody = handle.attach(PRODUCTION, &ann, "pm_1").await;
    assert_eq!(nobody, Err(MethodTrouble::NoProvider));
}

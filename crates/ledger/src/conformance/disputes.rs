//! Disputes of paid invoices, as a payment provider tells of them (decision 47).

use scrip_core::{
    DisputeState, GrantStatus, GrantType, IdempotencyKey, Money, MoneyAmount, MoneyCurrency,
    NewGrant, Refusal, WalletKey,
};

use super::holds::{release_of, reserve_of};
use super::invoices::{id_of, invoice, invoice_now, invoiced, mark_paid};
use super::money_back::{day, money, paid};
use super::own_grants::{grants_of, setting};
use super::world::{credits, instant, wallet};
use super::{Factory, World, grant_of};
use crate::{
    DisputeHandling, GrantView, InvoiceId, InvoiceMoney, PRODUCTION, Payment, ProviderDispute,
    WalletRecharge, Work,
};

use DisputeState::{Lost, Open, Won};

/// What was consumed becomes a debt; won, a grant of the same end settles it, and stands for the money
/// from then on.
pub async fn take_at_once_and_give_back_when_won(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    let until = |grant: &mut NewGrant| grant.expire_at = Some(instant("2030-03-01"));
    let grant = invoiced(&world, &wallet, "bought", until).await;
    mark_paid(&world, &grant).await;
    world.consume(&wallet, "job", "4").await;
    world.move_clock("2030-01-02").await;
    note(&world, &grant, "e1", "0", &[("d", "49.9", Open)]).await;
    assert_eq!(world.available(&wallet).await, "-4");
    assert_eq!(world.grant_now(grant.grant.name.id).await.grant.status(), GrantStatus::Voided);
    world.move_clock("2030-01-20").await;
    note(&world, &grant, "e2", "0", &[("d", "49.9", Won)]).await;
    let restored = newest(&world, &wallet).await;
    world.call(restored.grant.name.id, "restored");
    let facts = (restored.grant.grant_type, restored.grant.amount, restored.grant.expire_at);
    let end = Some(instant("2030-03-01"));
    assert_eq!(facts, (GrantType::Paid, credits("10"), end));
    assert!(restored.cost.amount.is_zero() && restored.latest_invoice().is_none());
    let metadata = restored.words.metadata.unwrap_or_default();
    assert_eq!(metadata.get("restores"), Some(&grant.grant.name.id.to_string()));
    let expected = [
        "2030-01-20 GRANTED restored 10 = 6",
        "2030-01-20 CONSUMPTION_TRANSFER_SOURCE overdraft 4 = 10",
        "2030-01-20 CONSUMPTION_TRANSFER_TARGET restored -4 = 6",
        "2030-01-20 VOIDED overdraft 0 = 6",
    ];
    assert_eq!(world.story(&wallet).await[6..], expected);
    // A refund after that takes from it.
    let found = note(&world, &grant, "e3", "24.95", &[("d", "49.9", Won)]).await;
    assert_eq!(found, money("24.95"));
    assert_eq!(world.available(&wallet).await, "1");
    let now = world.grant_now(restored.grant.name.id).await.grant;
    assert_eq!((now.lost, now.consumed), (credits("5"), credits("4")));
}

/// The credits are gone for good, and nothing is taken twice.
pub async fn stay_taken_when_lost(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    let grant = paid(&world, &wallet, "bought").await;
    note(&world, &grant, "e1", "9.98", &[("d", "4.99", Open)]).await;
    assert_eq!(world.available(&wallet).await, "7");
    for (event, state) in [("e2", Lost), ("e3", Won), ("e4", Open)] {
        note(&world, &grant, event, "9.98", &[("d", "4.99", state)]).await;
        assert_eq!(world.available(&wallet).await, "7", "{state:?}");
    }
    let states = invoice_now(&world, &grant).await;
    assert_eq!(states.refunded, money("9.98"));
}

/// An owner may let his customers keep their credits until the dispute is lost.
pub async fn take_when_lost_if_that_is_wanted(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    let grant = paid(&world, &wallet, "bought").await;
    let rows = [("a", Open, "10"), ("a", Won, "10"), ("b", Open, "10"), ("b", Lost, "5")];
    for (id, state, left) in rows {
        let mut told = of(&grant, "e", "0", &[(id, "24.95", state)]);
        told.handling = DisputeHandling::WhenLost;
        world.done(Work::NoteMoney(Box::new(told))).await;
        assert_eq!(world.available(&wallet).await, left, "{id} {state:?}");
    }
}

/// Events come twice, late and in any order; what they are about is asked of the provider each time.
pub async fn heard_again_change_nothing(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    let grant = paid(&world, &wallet, "bought").await;
    let disputes = [("d", "4.99", Open), ("e", "9.98", Won), ("f", "4.99", Lost)];
    note(&world, &grant, "e1", "4.99", &disputes).await;
    assert_eq!(world.available(&wallet).await, "7");
    let rows = world.story(&wallet).await.len();
    for (event, refunded) in [("e1", "4.99"), ("e2", "4.99"), ("e3", "0")] {
        note(&world, &grant, event, refunded, &disputes).await;
        assert_eq!(world.story(&wallet).await.len(), rows, "{event}");
    }
    // The same event again, when more has happened meanwhile.
    note(&world, &grant, "e1", "9.98", &disputes).await;
    assert_eq!(world.available(&wallet).await, "6");
    let open = invoiced(&world, &wallet, "open", |_| {}).await;
    let not_paid = Refusal::InvoiceNotPaid { id: id_of(&open).to_string() };
    let told = Work::NoteMoney(Box::new(of(&open, "e", "1", &[])));
    assert_eq!(world.refused(told).await, not_paid);
}

/// Nobody loses credits because a dispute took longer than they would have lasted.
pub async fn that_are_won_late_give_time_back(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    let until = |grant: &mut NewGrant| grant.expire_at = Some(instant("2030-01-05"));
    let grant = invoiced(&world, &wallet, "bought", until).await;
    mark_paid(&world, &grant).await;
    world.move_clock("2030-01-02").await;
    note(&world, &grant, "e1", "0", &[("d", "49.9", Open)]).await;
    world.move_clock("2030-02-01").await;
    note(&world, &grant, "e2", "0", &[("d", "49.9", Won)]).await;
    let restored = newest(&world, &wallet).await.grant;
    assert_eq!(restored.expire_at, Some(instant("2030-02-04")));
    assert_eq!(world.available(&wallet).await, "10");
}

/// Held credits are taken when their hold ends, also when the dispute is won by then: what it gives back
/// counts them.
pub async fn of_held_credits_wait_for_their_hold(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    let grant = paid(&world, &wallet, "bought").await;
    world.done(Work::Reserve(Box::new(reserve_of(&wallet, "job", "6")))).await;
    note(&world, &grant, "e1", "0", &[("d", "49.9", Open)]).await;
    assert_eq!(world.available(&wallet).await, "0");
    note(&world, &grant, "e2", "0", &[("d", "49.9", Won)]).await;
    assert_eq!(world.available(&wallet).await, "10");
    world.done(Work::Release(Box::new(release_of(&wallet, "job", "5")))).await;
    assert_eq!(world.available(&wallet).await, "5");
    assert_eq!(world.grant_now(grant.grant.name.id).await.grant.status(), GrantStatus::Voided);
}

/// What had expired was not taken, so it does not come back.
pub async fn give_back_only_what_they_took(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    let until = |grant: &mut NewGrant| grant.expire_at = Some(instant("2030-01-05"));
    let grant = invoiced(&world, &wallet, "bought", until).await;
    mark_paid(&world, &grant).await;
    world.consume(&wallet, "job", "3").await;
    world.move_clock("2030-01-06").await;
    note(&world, &grant, "e1", "0", &[("d", "49.9", Open)]).await;
    assert_eq!(world.available(&wallet).await, "-3");
    note(&world, &grant, "e2", "0", &[("d", "49.9", Won)]).await;
    assert_eq!(world.available(&wallet).await, "0");
    let restored = newest(&world, &wallet).await.grant;
    assert_eq!((restored.amount, restored.expire_at), (credits("3"), Some(day(7))));
}

/// What is due is written first, also where nobody moves a clock: what expired was not taken. And the
/// wallet's own grants keep their names.
pub async fn know_what_time_brought_first(make: &Factory<'_>) {
    let world = World::new(make).await;
    if !world.time_can_pass {
        return;
    }
    world.populate(PRODUCTION).await;
    let wallet = WalletKey { environment: PRODUCTION, ..wallet("ann/gold") };
    let id = world.mint(&wallet);
    let mut create = grant_of(&wallet, id, "bought", "10");
    create.payment = Payment::PaidInvoice;
    create.grant.grant_type = GrantType::Paid;
    let currency = MoneyCurrency::parse("eur").unwrap();
    create.grant.cost = Money { amount: money("49.9"), currency };
    create.grant.expire_at = Some(world.ledger.now(PRODUCTION).later(1_000));
    let setting = setting("1", "2", Some("1"), None);
    let recharge = WalletRecharge { wallet: wallet.clone(), setting };
    let told = |event: &str, state| {
        let disputes = vec![ProviderDispute { id: "d".to_owned(), amount: money("49.9"), state }];
        let event = IdempotencyKey::parse(event).unwrap();
        let (invoice, refunded) = (InvoiceId::of(id), MoneyAmount::ZERO);
        let handling = DisputeHandling::AtOnce;
        Work::NoteMoney(Box::new(InvoiceMoney { invoice, event, refunded, disputes, handling }))
    };
    world.execute(PRODUCTION, Work::CreateGrant(Box::new(create))).await.unwrap();
    world.execute(PRODUCTION, Work::SetRecharge(Box::new(recharge))).await.unwrap();
    world.consume(&wallet, "job", "3").await;
    world.pass(1_000);
    world.execute(PRODUCTION, told("e1", Open)).await.unwrap();
    world.execute(PRODUCTION, told("e2", Won)).await.unwrap();
    let page = world.ledger.grants(grants_of(&wallet)).await.unwrap();
    let restored = page.items.iter().map(|(_, view)| view).find(|view| {
        view.words.metadata.as_ref().is_some_and(|metadata| metadata.contains_key("restores"))
    });
    assert_eq!(restored.unwrap().grant.amount, credits("3"));
}

type Heard<'a> = (&'a str, &'a str, DisputeState);

/// Tells of the invoice's money, and answers what was refunded in all.
pub(super) async fn note(
    world: &World,
    grant: &GrantView,
    event: &str,
    refunded: &str,
    disputes: &[Heard<'_>],
) -> MoneyAmount {
    let told = Work::NoteMoney(Box::new(of(grant, event, refunded, disputes)));
    let found = invoice(world.done(told).await);
    assert_eq!(invoice_now(world, grant).await, found);
    found.refunded
}

fn of(grant: &GrantView, event: &str, refunded: &str, disputes: &[Heard<'_>]) -> InvoiceMoney {
    let dispute = |(id, amount, state): &Heard<'_>| ProviderDispute {
        id: (*id).to_owned(),
        amount: money(amount),
        state: *state,
    };
    InvoiceMoney {
        invoice: id_of(grant),
        event: IdempotencyKey::parse(event).unwrap(),
        refunded: money(refunded),
        disputes: disputes.iter().map(dispute).collect(),
        handling: DisputeHandling::AtOnce,
    }
}

/// The newest grant of the customer's wallets with this resource, or without one.
pub(super) async fn newest(world: &World, wallet: &WalletKey) -> GrantView {
    world.ledger.grants(grants_of(wallet)).await.unwrap().items.swap_remove(0).1
}

//! Money of paid invoices that goes back (decision 47).

use scrip_core::{
    Entity, GrantStatus, IdempotencyKey, MoneyAmount, RefundRequest, Refusal, Timestamp, Undone,
    WalletKey,
};

use super::granting::made;
use super::holds::{release_of, reserve_of};
use super::invoices::{bought, id_of, invoice, invoice_now, invoiced, mark_paid};
use super::world::{credits, instant, start, wallet};
use super::{Factory, World};
use crate::{
    GrantView, Invoice, InvoiceId, InvoiceRefund, InvoiceStatus, Payment, RecordKind, WalletRefund,
    Work,
};

/// As much of the credits goes as of the money, exactly, and the grant ends when all of it went.
pub async fn takes_as_much_of_the_credits(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    let grant = paid(&world, &wallet, "bought").await;
    world.move_clock("2030-01-02").await;
    let rows = [
        ("16.63", "16.63", "6.667334670"),
        ("16.64", "33.27", "3.332665331"),
        ("16.63", "49.9", "0"),
    ];
    for (index, (amount, refunded, left)) in rows.into_iter().enumerate() {
        let found = refund(&world, &grant, amount, &format!("r{index}")).await;
        assert_eq!(found.refunded, money(refunded));
        assert_eq!(found.status, InvoiceStatus::Paid { at: start() });
        assert_eq!((found.returned_at, found.updated_at()), (Some(day(2)), day(2)));
        assert_eq!(invoice_now(&world, &grant).await, found);
        assert_eq!(credits(&world.available(&wallet).await), credits(left));
    }
    let now = world.grant_now(grant.grant.name.id).await;
    assert_eq!(now.grant.status(), GrantStatus::Voided);
    let left = MoneyAmount::ZERO;
    let exceeds = Refusal::InvoiceRefundExceeds { left };
    assert_eq!(world.refused(refund_of(&grant, "0.01", "r9")).await, exceeds);
}

/// A repeat changes nothing; another request under the same key conflicts.
pub async fn goes_back_once_for_each_key(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold/r1");
    let grant = paid(&world, &wallet, "bought").await;
    let other = paid(&world, &wallet, "other").await;
    let first = refund(&world, &grant, "4.99", "r").await;
    refund(&world, &grant, "4.99", "r2").await;
    let again = refund(&world, &grant, "4.99", "r").await;
    assert_eq!((first.refunded, again.refunded), (money("4.99"), money("4.99")));
    for work in [refund_of(&grant, "5", "r"), refund_of(&other, "4.99", "r")] {
        assert!(matches!(world.refused(work).await, Refusal::KeyReused { .. }));
    }
    assert_eq!(world.available(&wallet).await, "18");
    // A refund of credits has names of its own.
    world.consume(&wallet, "r", "1").await;
    assert_eq!(world.available(&wallet).await, "17");
}

/// What is no invoice, or was not paid, has no money to give back.
pub async fn is_refused(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    let free = world.grant(&wallet, "free", "1").await;
    let unknown = Refusal::not_found(Entity::Invoice, InvoiceId::of(free.grant.name.id));
    assert_eq!(world.refused(refund_of(&free, "1", "r")).await, unknown);
    let open = invoiced(&world, &wallet, "open", |_| {}).await;
    let not_paid = Refusal::InvoiceNotPaid { id: id_of(&open).to_string() };
    assert_eq!(world.refused(refund_of(&open, "1", "r")).await, not_paid);
    world.done(Work::CancelInvoice(id_of(&open))).await;
    assert_eq!(world.refused(refund_of(&open, "1", "r")).await, not_paid);
    let grant = paid(&world, &wallet, "bought").await;
    let left = money("49.9");
    let exceeds = Refusal::InvoiceRefundExceeds { left };
    assert_eq!(world.refused(refund_of(&grant, "49.91", "r")).await, exceeds);
    assert_eq!(world.available(&wallet).await, "11");
    // What was refused used no key up; an archived customer is not in its way (48).
    world.done(Work::ArchiveRecord(RecordKind::Customer, "ann".to_owned())).await;
    refund(&world, &grant, "49.9", "r").await;
    assert_eq!(world.available(&wallet).await, "1");
}

/// What was consumed becomes a debt, which other grants bear; each row has the name of the refund.
pub async fn takes_what_was_consumed(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    let grant = paid(&world, &wallet, "bought").await;
    world.consume(&wallet, "job", "10").await;
    world.grant(&wallet, "other", "7").await;
    world.move_clock("2030-01-02").await;
    refund(&world, &grant, "49.9", "back").await;
    let expected = [
        "2030-01-02 CONSUMPTION_TRANSFER_SOURCE bought 10 = 17",
        "2030-01-02 CONSUMPTION_TRANSFER_TARGET overdraft -10 = 7",
        "2030-01-02 VOIDED bought -10 = -3",
        "2030-01-02 CONSUMPTION_TRANSFER_SOURCE overdraft 7 = 4",
        "2030-01-02 CONSUMPTION_TRANSFER_TARGET other -7 = -3",
    ];
    assert_eq!(world.story(&wallet).await[3..], expected);
    let page = world.rows(super::world::rows_of("ann")).await;
    let named = page.items.iter().filter(|(_, view)| {
        let mark = view.row.mark.as_ref().and_then(|mark| mark.key.as_ref());
        mark.is_some_and(|key| key.as_str() == "back")
    });
    assert_eq!(named.count(), 3);
    let now = world.grant_now(grant.grant.name.id).await.grant;
    assert_eq!((now.status(), now.consumed), (GrantStatus::Voided, credits("0")));
}

/// What is held goes when its hold ends, after a restart too.
pub async fn waits_for_holds(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    let grant = paid(&world, &wallet, "bought").await;
    for job in ["used", "late"] {
        world.done(Work::Reserve(Box::new(reserve_of(&wallet, job, "1")))).await;
    }
    world.consume(&wallet, "rest", "8").await;
    refund(&world, &grant, "49.9", "back").await;
    assert_eq!(world.available(&wallet).await, "-8");
    world.done(Work::Release(Box::new(release_of(&wallet, "used", "1")))).await;
    assert_eq!(world.available(&wallet).await, "-9");
    world.move_clock("2030-01-02").await;
    assert_eq!(world.available(&wallet).await, "-9");
    let now = world.grant_now(grant.grant.name.id).await.grant;
    assert_eq!((now.status(), now.lost), (GrantStatus::Voided, credits("10")));
}

/// A consumption that moved is given back where it went, from grant to grant.
pub async fn consumptions_that_moved_are_given_back(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    let first = paid(&world, &wallet, "first").await;
    world.consume(&wallet, "job", "10").await;
    refund(&world, &first, "49.9", "back").await;
    let second = paid(&world, &wallet, "second").await;
    refund(&world, &second, "49.9", "back again").await;
    let third = paid(&world, &wallet, "third").await;
    assert_eq!(world.available(&wallet).await, "0");
    for (key, amount, left) in [("u1", "4", "4"), ("u2", "6", "10")] {
        give_back(&world, &wallet, key, amount).await;
        assert_eq!(world.available(&wallet).await, left);
    }
    assert_eq!(world.grant_now(third.grant.name.id).await.grant.consumed, credits("0"));
    let work = undo(&wallet, "u3", "1");
    assert_eq!(world.refused(work).await, Refusal::NothingToRefund);
}

/// A grant that is voided by hand has lost what the money was for.
pub async fn counts_what_was_voided(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    let grant = bought(&world, &wallet, "bought", Payment::PaidInvoice, |_| {}).await;
    world.consume(&wallet, "job", "4").await;
    let voided = made(world.done(Work::VoidGrant(grant.grant.name.id)).await);
    assert_eq!(voided.grant.lost, credits("6"));
    refund(&world, &grant, "29.94", "unused").await;
    assert_eq!(world.available(&wallet).await, "0");
    refund(&world, &grant, "4.99", "goodwill").await;
    assert_eq!(world.available(&wallet).await, "-1");
}

async fn give_back(world: &World, wallet: &WalletKey, key: &str, amount: &str) {
    world.done(undo(wallet, key, amount)).await;
}

fn undo(wallet: &WalletKey, key: &str, amount: &str) -> Work {
    let request = RefundRequest {
        key: IdempotencyKey::parse(key).unwrap(),
        of: Undone::Consumption(IdempotencyKey::parse("job").unwrap()),
        amount: Some(credits(amount)),
    };
    Work::Refund(Box::new(WalletRefund { wallet: wallet.clone(), request }))
}

/// Makes a grant of 10 credits that was bought for 49.9.
pub(super) async fn paid(world: &World, wallet: &WalletKey, name: &str) -> GrantView {
    let grant = invoiced(world, wallet, name, |_| {}).await;
    mark_paid(world, &grant).await;
    grant
}

pub(super) async fn refund(world: &World, grant: &GrantView, amount: &str, key: &str) -> Invoice {
    invoice(world.done(refund_of(grant, amount, key)).await)
}

fn refund_of(grant: &GrantView, amount: &str, key: &str) -> Work {
    Work::RefundInvoice(Box::new(InvoiceRefund {
        invoice: id_of(grant),
        amount: money(amount),
        key: IdempotencyKey::parse(key).unwrap(),
    }))
}

pub(super) fn money(amount: &str) -> MoneyAmount {
    MoneyAmount::parse(amount).unwrap()
}

pub(super) fn day(day: u8) -> Timestamp {
    instant(&format!("2030-01-{day:02}"))
}

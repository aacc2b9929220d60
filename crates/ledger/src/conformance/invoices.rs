//! Invoices of the built-in `manual` provider: made with their grants, marked by hand.

use scrip_core::{
    Entity, Fact, GrantFact, GrantId, GrantStatus, GrantType, Money, MoneyAmount, MoneyCurrency,
    NewGrant, PaymentState, Refusal, WalletKey,
};

use super::granting::made;
use super::world::{everything, instant, start, wallet};
use super::{Factory, SANDBOX, World, grant_of};
use crate::{
    Answer, CreatedRange, EventKind, GrantInvoice, GrantQuery, GrantView, Invoice, InvoiceId,
    InvoiceStatus, LedgerError, PRODUCTION, Payment, RecordKind, RecordQuery, Subject, Work,
};

/// An open invoice comes with its grant, whose credits wait for it; both say the same.
pub async fn come_with_their_grants(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold/r1");
    let grant = invoiced(&world, &wallet, "bought", |_| {}).await;
    assert_eq!(grant.grant.status(), GrantStatus::PaymentPending);
    assert_eq!(world.available(&wallet).await, "0");
    let invoice = invoice_now(&world, &grant).await;
    let expected = Invoice {
        id: InvoiceId::of(grant.grant.name.id),
        wallet: wallet.clone(),
        total: euros("49.9"),
        created_at: start(),
        due_at: Some(instant("2030-01-15")),
        status: InvoiceStatus::Open,
        refunded: MoneyAmount::ZERO,
        returned_at: None,
        provider: None,
    };
    assert_eq!((&invoice, invoice.updated_at()), (&expected, start()));
    // One that is free has none, and one that is paid already has a paid one (decision 9).
    let free = world.grant(&wallet, "free", "1").await;
    assert_eq!((&free.invoice, free.latest_invoice()), (&GrantInvoice::None, None));
    let paid = bought(&world, &wallet, "paid", Payment::PaidInvoice, |_| {}).await;
    assert_eq!(paid.grant.status(), GrantStatus::Active);
    let invoice = invoice_now(&world, &paid).await;
    assert_eq!((invoice.due_at, invoice.status), (None, InvoiceStatus::Paid { at: start() }));
    assert_eq!(world.available(&wallet).await, "11");
}

/// A payment makes the credits count in its own commit, and once.
pub async fn paid_let_their_grants_count(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    world.consume(&wallet, "k", "4").await;
    let grant = invoiced(&world, &wallet, "bought", |_| {}).await;
    world.move_clock("2030-01-03").await;
    let at = instant("2030-01-03");
    for day in ["2030-01-03", "2030-01-04"] {
        world.move_clock(day).await;
        let paid = mark_paid(&world, &grant).await;
        assert_eq!((paid.status, paid.updated_at()), (InvoiceStatus::Paid { at }, at));
        assert_eq!(invoice_now(&world, &grant).await, paid);
    }
    assert_eq!(world.grant_now(grant.grant.name.id).await.grant.status(), GrantStatus::Active);
    let story = world.story(&wallet).await;
    let expected = [
        "2030-01-03 GRANTED bought 10 = 6",
        "2030-01-03 CONSUMPTION_TRANSFER_SOURCE overdraft 4 = 10",
        "2030-01-03 CONSUMPTION_TRANSFER_TARGET bought -4 = 6",
        "2030-01-03 VOIDED overdraft 0 = 6",
    ];
    assert_eq!(story[1..], expected);
    let canceled = Refusal::InvoicePaid { id: id_of(&grant).to_string() };
    assert_eq!(world.refused(Work::CancelInvoice(id_of(&grant))).await, canceled);
}

/// A grant that is paid for before its first instant waits for that.
pub async fn paid_early_let_their_grants_wait(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    let from = |grant: &mut NewGrant| grant.effective_at = Some(instant("2030-02-01"));
    let grant = invoiced(&world, &wallet, "later", from).await;
    mark_paid(&world, &grant).await;
    let id = grant.grant.name.id;
    assert_eq!(world.grant_now(id).await.grant.status(), GrantStatus::Scheduled);
    assert_eq!(world.available(&wallet).await, "0");
    world.move_clock("2030-02-01").await;
    assert_eq!(world.story(&wallet).await, ["2030-02-01 GRANTED later 10 = 10"]);
}

/// The instants of an unpaid grant pass without effect; paid past its end it is granted and expires
/// at once, and somebody is told (decision 47).
pub async fn paid_too_late_are_told_of(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    let until = |grant: &mut NewGrant| grant.expire_at = Some(instant("2030-01-05"));
    let late = invoiced(&world, &wallet, "late", until).await;
    let in_time = invoiced(&world, &wallet, "in time", until).await;
    world.move_clock("2030-01-04T23:59:59.999Z").await;
    mark_paid(&world, &in_time).await;
    world.move_clock("2030-01-05").await;
    let id = late.grant.name.id;
    assert_eq!(world.grant_now(id).await.grant.status(), GrantStatus::PaymentPending);
    let told_before = world.told().await.len();
    let paid = mark_paid(&world, &late).await;
    assert_eq!(paid.status, InvoiceStatus::Paid { at: instant("2030-01-05") });
    assert_eq!(world.grant_now(id).await.grant.status(), GrantStatus::Expired);
    let story = world.story(&wallet).await;
    let rows = ["2030-01-05 GRANTED late 10 = 10", "2030-01-05 EXPIRED late -10 = 0"];
    assert_eq!(story[2..], rows);
    let told = world.told().await;
    let facts = told.iter().skip(told_before).filter_map(|view| match &view.event.subject {
        Subject::Wallet { fact: Fact::Grant(what, grant), .. } => Some((*what, grant.name.id)),
        _ => None,
    });
    let expected = [GrantFact::Updated, GrantFact::Expired, GrantFact::PaidAfterExpiry];
    assert_eq!(facts.collect::<Vec<_>>(), expected.map(|what| (what, id)));
    let kinds = told.iter().map(|view| view.event.subject.kind());
    let late_ones = kinds.filter(|kind| *kind == EventKind::GrantPaidAfterExpiry);
    assert_eq!(late_ones.count(), 1, "not of the one that was paid in time");
}

/// What is canceled is never paid, and its grant never used.
pub async fn canceled_are_never_paid(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    let grant = invoiced(&world, &wallet, "bought", |_| {}).await;
    let at = instant("2030-01-02");
    for day in ["2030-01-02", "2030-01-03"] {
        world.move_clock(day).await;
        let canceled = invoice(world.done(Work::CancelInvoice(id_of(&grant))).await);
        assert_eq!((canceled.status, canceled.updated_at()), (InvoiceStatus::Canceled { at }, at));
        assert_eq!(invoice_now(&world, &grant).await, canceled);
    }
    let refused = Refusal::InvoiceCanceled { id: id_of(&grant).to_string() };
    assert_eq!(world.refused(Work::MarkInvoicePaid(id_of(&grant))).await, refused);
    let id = grant.grant.name.id;
    assert_eq!(world.grant_now(id).await.grant.status(), GrantStatus::PaymentPending);
    let voided = made(world.done(Work::VoidGrant(id)).await);
    assert_eq!(voided.grant.status(), GrantStatus::Voided);
    let since = voided.latest_invoice().unwrap().status;
    assert_eq!(since, InvoiceStatus::Canceled { at }, "it was canceled before");
}

/// A grant that is taken back unpaid takes its invoice with it; a paid one leaves it paid.
pub async fn end_with_their_grants(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    let unpaid = invoiced(&world, &wallet, "unpaid", |_| {}).await;
    let paid = invoiced(&world, &wallet, "paid", |_| {}).await;
    mark_paid(&world, &paid).await;
    world.move_clock("2030-01-02").await;
    let at = instant("2030-01-02");
    let voided = made(world.done(Work::VoidGrant(unpaid.grant.name.id)).await);
    assert_eq!(voided.latest_invoice().unwrap().status, InvoiceStatus::Canceled { at });
    assert_eq!(invoice_now(&world, &unpaid).await.status, InvoiceStatus::Canceled { at });
    let refused = Refusal::InvoiceOfVoidedGrant { id: id_of(&unpaid).to_string() };
    assert_eq!(world.refused(Work::MarkInvoicePaid(id_of(&unpaid))).await, refused);
    let voided = made(world.done(Work::VoidGrant(paid.grant.name.id)).await);
    assert_eq!(voided.latest_invoice().unwrap().status, InvoiceStatus::Paid { at: start() });
    assert_eq!(mark_paid(&world, &paid).await, invoice_now(&world, &paid).await);
}

/// Time and payments go on for an archived customer (decision 48), and a changed grant keeps its
/// invoice.
pub async fn go_on_for_archived_customers(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    let grant = invoiced(&world, &wallet, "bought", |_| {}).await;
    let other = invoiced(&world, &wallet, "not wanted", |_| {}).await;
    world.done(Work::ArchiveRecord(RecordKind::Customer, "ann".to_owned())).await;
    let change = scrip_core::GrantChange { comment: Some(Some("x".into())), ..Default::default() };
    let edit = scrip_core::EditGrant { id: grant.grant.name.id, change };
    let edited = made(world.done(Work::EditGrant(Box::new(edit))).await);
    assert_eq!(edited.invoice, grant.invoice);
    mark_paid(&world, &grant).await;
    world.done(Work::CancelInvoice(id_of(&other))).await;
    assert_eq!(world.available(&wallet).await, "10");
}

/// An invoice that is none is not found: of a free grant, of no grant, of another environment.
pub async fn are_found_where_they_are(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    let free = InvoiceId::of(world.grant(&wallet, "free", "1").await.grant.name.id);
    let none = InvoiceId::of(world.mint(&wallet));
    for id in [free, none] {
        let unknown = Refusal::not_found(Entity::Invoice, id);
        for work in [Work::MarkInvoicePaid(id), Work::CancelInvoice(id)] {
            assert_eq!(world.refused(work).await, unknown);
        }
    }
    let there = id_of(&invoiced(&world, &wallet, "there", |_| {}).await);
    let elsewhere = world.execute(PRODUCTION, Work::MarkInvoicePaid(there)).await;
    assert!(matches!(elsewhere, Err(LedgerError::Refused(_))), "{elsewhere:?}");
}

/// By customer and by status, newest first, as they are now; and each with its grant in lists of
/// grants.
pub async fn are_listed(make: &Factory<'_>) {
    let world = World::new(make).await;
    let mut grants = Vec::new();
    for (at, name) in
        ["ann/gold", "bob/gold", "ann/silver", "ann/gold"].iter().zip(["a", "b", "c", "d"])
    {
        grants.push(invoiced(&world, &wallet(at), name, |_| {}).await);
    }
    mark_paid(&world, &grants[0]).await;
    world.done(Work::CancelInvoice(id_of(&grants[2]))).await;
    let rows = [
        (vec![], vec![3, 2, 1, 0]),
        (vec![("customerId", "ann")], vec![3, 2, 0]),
        (vec![("status", "OPEN")], vec![3, 1]),
        (vec![("customerId", "ann"), ("status", "OPEN")], vec![3]),
        (vec![("status", "PAID")], vec![0]),
        (vec![("customerId", "ann"), ("status", "CANCELED")], vec![2]),
        (vec![("customerId", "bob"), ("status", "CANCELED")], vec![]),
    ];
    for (matching, expected) in rows {
        let query = RecordQuery {
            environment: SANDBOX,
            kind: RecordKind::Invoice,
            matching: matching.iter().map(|(name, value)| (*name, (*value).to_owned())).collect(),
            created: CreatedRange::default(),
            archived: None,
            page: everything(),
        };
        let page = world.ledger.records(query).await.unwrap();
        let found: Vec<_> =
            page.items.iter().map(|(_, record)| Invoice::of(record).unwrap()).collect();
        let mut asked = Vec::new();
        for index in &expected {
            let grant: &GrantView = &grants[*index];
            asked.push(invoice_now(&world, grant).await);
        }
        assert_eq!(found, asked, "{matching:?}");
    }
    let query = GrantQuery {
        environment: SANDBOX,
        customer: wallet("ann/gold").customer,
        resource: None,
        currency: None,
        created: CreatedRange::default(),
        page: everything(),
    };
    let page = world.ledger.grants(query).await.unwrap();
    let shown: Vec<_> =
        page.items.iter().map(|(_, grant)| grant.latest_invoice().unwrap().status).collect();
    let expected = [
        InvoiceStatus::Open,
        InvoiceStatus::Canceled { at: start() },
        InvoiceStatus::Paid { at: start() },
    ];
    assert_eq!(shown, expected);
}

/// An invoice as its grant and its own record say, which is the same.
pub(super) async fn invoice_now(world: &World, grant: &GrantView) -> Invoice {
    let id = grant.grant.name.id;
    let of_grant = world.grant_now(id).await.latest_invoice().unwrap();
    let record = world.record(RecordKind::Invoice, &InvoiceId::of(id).to_string()).await.unwrap();
    assert_eq!(Invoice::of(&record).as_ref(), Some(&of_grant));
    of_grant
}

pub(super) async fn mark_paid(world: &World, grant: &GrantView) -> Invoice {
    invoice(world.done(Work::MarkInvoicePaid(id_of(grant))).await)
}

pub(super) fn id_of(grant: &GrantView) -> InvoiceId {
    InvoiceId::of(grant.grant.name.id)
}

pub(super) fn invoice(answer: Answer) -> Invoice {
    match answer {
        Answer::Invoice(invoice) => *invoice,
        other => panic!("no invoice: {other:?}"),
    }
}

fn euros(amount: &str) -> Money {
    let amount = MoneyAmount::parse(amount).unwrap();
    Money { amount, currency: MoneyCurrency::parse("eur").unwrap() }
}

/// Makes a grant of 10 credits that is bought by an invoice, due in 14 days.
pub(super) async fn invoiced(
    world: &World,
    wallet: &WalletKey,
    name: &str,
    special: impl FnOnce(&mut NewGrant),
) -> GrantView {
    let payment = Payment::Invoice { days_until_due: 14 };
    bought(world, wallet, name, payment, special).await
}

pub(super) async fn bought(
    world: &World,
    wallet: &WalletKey,
    name: &str,
    payment: Payment,
    special: impl FnOnce(&mut NewGrant),
) -> GrantView {
    let id: GrantId = world.mint(wallet);
    let mut create = grant_of(wallet, id, name, "10");
    create.payment = payment;
    create.grant.grant_type = GrantType::Paid;
    create.grant.cost = euros("49.9");
    if let Payment::Invoice { .. } = payment {
        create.grant.payment = PaymentState::Pending;
    }
    special(&mut create.grant);
    world.call(id, name);
    made(world.done(Work::CreateGrant(Box::new(create))).await)
}

//! Invoices that a payment provider collects: what it says of them, in whatever order.

use scrip_core::{
    GrantId, GrantStatus, GrantType, Money, MoneyAmount, MoneyCurrency, PaymentState, Refusal,
    Timestamp, WalletKey,
};

use super::granting::made;
use super::world::{body, everything, instant, start, wallet};
use super::{Factory, SANDBOX, World, grant_of};
use crate::{
    Answer, Collection, CollectionMethod, CollectionOutcome, CollectionState, CreateGrant,
    CreatedRange, GrantInvoice, GrantView, Intent, Invoice, InvoiceId, InvoiceStatus, LedgerError,
    PRODUCTION, Pace, Payment, PaymentProvider, ProviderInvoice, ProviderKind, ProviderSaid,
    ProviderStanding, RecordKind, RecordPatch, RecordQuery, Stands, StripeSettings, Work,
};

const MINUTE: i64 = 60_000;

/// The environment's provider decides who collects a new grant's payment.
pub async fn come_with_their_grants(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold/r1");
    let refused = world.refused(create(&world, &wallet, Payment::Charge, "49.9")).await;
    assert_eq!(refused, Refusal::BillingIntegrationMissing);
    collecting(&world).await;
    for (payment, method, due_at) in [
        (Payment::Charge, CollectionMethod::Charge, None),
        (
            Payment::Invoice { days_until_due: 14 },
            CollectionMethod::Send { days_until_due: 14 },
            Some(instant("2030-01-15")),
        ),
    ] {
        let grant = bought(&world, &wallet, payment).await;
        assert_eq!(grant.grant.status(), GrantStatus::PaymentPending);
        let invoice = invoice_now(&world, &grant).await;
        assert_eq!((invoice.due_at, invoice.status), (due_at, InvoiceStatus::Open));
        let provider = ProviderInvoice::new(ProviderKind::Stripe, method);
        assert_eq!(invoice.provider, Some(provider));
        let todo = todo(&world, &grant).await.unwrap();
        assert_eq!((todo.intent, todo.pace, todo.tries), (Intent::Collect, Pace::Soon, 0));
    }
    assert_eq!(world.available(&wallet).await, "0");
    // What was paid elsewhere, or is free, is nobody's affair.
    let paid = bought(&world, &wallet, Payment::PaidInvoice).await;
    assert_eq!(invoice_now(&world, &paid).await.provider, None);
    assert_eq!(todo(&world, &paid).await, None);
    let free = world.grant(&wallet, "free", "1").await;
    assert_eq!(free.invoice, GrantInvoice::None);
}

/// A provider collects whole minor units; where invoices are kept by hand, anything goes.
pub async fn cost_whole_minor_units(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    let invoice = Payment::Invoice { days_until_due: 1 };
    world.done(create(&world, &wallet, invoice, "0.001")).await;
    collecting(&world).await;
    for payment in [Payment::Charge, invoice] {
        world.done(create(&world, &wallet, payment, "0.01")).await;
        let refused = world.refused(create(&world, &wallet, payment, "10.001")).await;
        assert_eq!(refused, Refusal::CostNotWhole { currency: "eur", digits: 2 });
    }
    // Another environment has its own provider, or none.
    let elsewhere = WalletKey { environment: PRODUCTION, ..wallet };
    world.populate(PRODUCTION).await;
    let charge = create(&world, &elsewhere, Payment::Charge, "1");
    assert!(matches!(world.execute(PRODUCTION, charge).await, Err(LedgerError::Refused(_))));
}

/// A payment counts once, in its own commit, and nothing that is told late undoes it.
pub async fn paid_let_their_grants_count(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    collecting(&world).await;
    let grant = bought(&world, &wallet, Payment::Charge).await;
    world.move_clock("2030-01-03").await;
    let at = instant("2030-01-03");
    let processing = say(&world, &grant, Intent::Collect, ProviderStanding::Processing).await;
    assert_eq!(processing.provider.as_ref().unwrap().id.as_deref(), Some("in_1"));
    assert_eq!(world.available(&wallet).await, "0");
    let paid = say(&world, &grant, Intent::Watch, ProviderStanding::Paid).await;
    assert_eq!(paid.status, InvoiceStatus::Paid { at });
    let late = [
        ProviderStanding::Paid,
        failed(),
        ProviderStanding::Processing,
        action_required(),
        ProviderStanding::Canceled,
        ProviderStanding::Open,
    ];
    for standing in late {
        world.pass(MINUTE);
        assert_eq!(say(&world, &grant, Intent::Collect, standing).await, paid);
        assert_eq!(tell(&world, &grant, Intent::Collect, 1, refused()).await, paid);
    }
    assert_eq!(invoice_now(&world, &grant).await, paid);
    assert_eq!(paid.provider.unwrap().state, CollectionState::Settled);
    assert_eq!(todo(&world, &grant).await, None);
    assert_eq!(world.story(&wallet).await, ["2030-01-03 GRANTED bought 10 = 10"]);
    assert_eq!(world.grant_now(grant.grant.name.id).await.grant.status(), GrantStatus::Active);
}

/// Whatever the order in which a provider's answers arrive, a paid invoice is paid.
pub async fn stand_alike_in_any_order(make: &Factory<'_>) {
    let world = World::new(make).await;
    collecting(&world).await;
    let standings = [ProviderStanding::Paid, failed(), action_required(), ProviderStanding::Open];
    for first in 0..standings.len() {
        let wallet = wallet(if first % 2 == 0 { "ann/gold" } else { "bob/gold" });
        let grant = bought(&world, &wallet, Payment::Charge).await;
        let mut order = standings.to_vec();
        order.rotate_left(first);
        for standing in order {
            say(&world, &grant, Intent::Watch, standing).await;
        }
        let invoice = invoice_now(&world, &grant).await;
        assert_eq!(invoice.status, InvoiceStatus::Paid { at: start() }, "{first}");
        assert_eq!(todo(&world, &grant).await, None);
    }
    assert_eq!(world.available(&wallet("ann/gold")).await, "20");
    assert_eq!(world.available(&wallet("bob/gold")).await, "20");
}

/// A failed payment gives no credits, and is tried again when somebody asks for it.
pub async fn failed_are_collected_again(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    collecting(&world).await;
    let grant = bought(&world, &wallet, Payment::Charge).await;
    let id = id_of(&grant);
    let not_failed = world.refused(Work::RetryInvoice(id)).await;
    let why = "its payment has not failed";
    assert_eq!(not_failed, Refusal::InvoiceNotFailed { id: id.to_string(), why });
    for _ in 0..2 {
        let invoice = say(&world, &grant, Intent::Collect, failed()).await;
        assert_eq!(invoice.status, InvoiceStatus::Open);
        let provider = invoice.provider.unwrap();
        assert_eq!(provider.error_message(), Some("declined"));
        assert_eq!(provider.payment_url.as_deref(), Some("https://pay"));
        assert_eq!(todo(&world, &grant).await.unwrap().intent, Intent::Watch);
        // That it can still be paid is no news.
        let open = say(&world, &grant, Intent::Watch, ProviderStanding::Open).await;
        assert_eq!(open.provider.unwrap().error_message(), Some("declined"));
    }
    assert_eq!(world.available(&wallet).await, "0");
    let again = invoice_of(world.done(Work::RetryInvoice(id)).await).provider.unwrap();
    assert_eq!((again.attempts, &again.state), (2, &CollectionState::Processing));
    assert_eq!(todo(&world, &grant).await.unwrap().intent, Intent::Collect);
    // What the first attempt came to is over, whoever tells it.
    for (asked, attempt) in [(Intent::Collect, 1), (Intent::Watch, 1), (Intent::Watch, 2)] {
        let invoice = tell(&world, &grant, asked, attempt, stands(failed())).await;
        assert_eq!(invoice.provider.as_ref(), Some(&again), "{asked:?} {attempt}");
        assert_eq!(todo(&world, &grant).await.unwrap().intent, Intent::Collect);
    }
    let provider = say_in(&world, &grant, Intent::Collect, 2, action_required()).await;
    assert!(provider.provider.unwrap().requires_action());
    assert_eq!(todo(&world, &grant).await.unwrap().intent, Intent::Watch);
    let processing = say_in(&world, &grant, Intent::Watch, 2, ProviderStanding::Processing).await;
    assert_eq!(processing.provider.unwrap().state, CollectionState::Processing);
    let invoice = tell(&world, &grant, Intent::Collect, 2, refused()).await;
    assert_eq!(invoice.provider.unwrap().error_message(), Some("no such customer"));
    say_in(&world, &grant, Intent::Watch, 2, ProviderStanding::Paid).await;
    assert_eq!(world.available(&wallet).await, "10");
    let paid = Refusal::InvoiceNotFailed { id: id.to_string(), why: "it is paid" };
    assert_eq!(world.refused(Work::RetryInvoice(id)).await, paid);
}

/// Who gives no answer is asked again: nothing is concluded from that.
pub async fn without_an_answer_stay_as_they_are(make: &Factory<'_>) {
    let world = World::new(make).await;
    collecting(&world).await;
    let grant = bought(&world, &wallet("ann/gold"), Payment::Charge).await;
    let before = invoice_now(&world, &grant).await;
    for tries in 1..=3 {
        let trouble = ProviderSaid::Again { trouble: "no answer".to_owned() };
        assert_eq!(tell(&world, &grant, Intent::Collect, 1, trouble).await, before);
        let todo = todo(&world, &grant).await.unwrap();
        assert_eq!((todo.intent, todo.tries, todo.pace), (Intent::Collect, tries, Pace::Later));
        assert_eq!(todo.trouble.as_deref(), Some("no answer"));
        assert_eq!(todo.next_attempt_milliseconds, next().milliseconds());
    }
    // Nor that it does not know an invoice, or would not be asked, when it was only looked at.
    for said in [ProviderSaid::Nothing, refused()] {
        assert_eq!(tell(&world, &grant, Intent::Watch, 1, said).await, before);
        assert_eq!(todo(&world, &grant).await.unwrap().intent, Intent::Collect);
    }
}

/// The provider cancels what nobody wants any more, and until it has the invoice is open.
pub async fn of_voided_grants_are_canceled(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    collecting(&world).await;
    for is_known in [false, true] {
        let grant = bought(&world, &wallet, Payment::Charge).await;
        if is_known {
            say(&world, &grant, Intent::Collect, failed()).await;
        }
        let voided = made(world.done(Work::VoidGrant(grant.grant.name.id)).await);
        assert_eq!(voided.grant.status(), GrantStatus::Voided);
        assert_eq!(voided.latest_invoice().unwrap().status, InvoiceStatus::Open);
        let todo_now = todo(&world, &grant).await.unwrap();
        assert_eq!((todo_now.intent, todo_now.tries), (Intent::Cancel, 0));
        // Whoever was collecting it meanwhile does not keep it from being canceled at once.
        say(&world, &grant, Intent::Collect, ProviderStanding::Processing).await;
        assert_eq!(todo(&world, &grant).await.as_ref(), Some(&todo_now));
        let retry = world.refused(Work::RetryInvoice(id_of(&grant))).await;
        assert!(matches!(retry, Refusal::InvoiceNotFailed { .. }), "{retry:?}");
        let said =
            if is_known { stands(ProviderStanding::Canceled) } else { ProviderSaid::Nothing };
        let canceled = tell(&world, &grant, Intent::Cancel, 1, said).await;
        assert_eq!(canceled.status, InvoiceStatus::Canceled { at: start() });
        assert_eq!(todo(&world, &grant).await, None);
        // Somebody makes the invoice after all: he did not know.
        say(&world, &grant, Intent::Collect, ProviderStanding::Processing).await;
        assert_eq!(todo(&world, &grant).await.unwrap().intent, Intent::Cancel);
        say(&world, &grant, Intent::Cancel, ProviderStanding::Canceled).await;
        assert_eq!(todo(&world, &grant).await, None);
    }
    assert_eq!(world.available(&wallet).await, "0");
}

/// Money for a grant that was taken back is shown, and buys nothing.
pub async fn of_voided_grants_paid_first_say_so(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    collecting(&world).await;
    let grant = bought(&world, &wallet, Payment::Charge).await;
    world.done(Work::VoidGrant(grant.grant.name.id)).await;
    for _ in 0..2 {
        let paid = say(&world, &grant, Intent::Cancel, ProviderStanding::Paid).await;
        assert_eq!(paid.status, InvoiceStatus::Paid { at: start() });
        let message = paid.provider.as_ref().unwrap().error_message().unwrap().to_owned();
        assert!(message.contains("refund the payment"), "{message}");
        assert_eq!(todo(&world, &grant).await, None);
    }
    assert_eq!(world.grant_now(grant.grant.name.id).await.grant.status(), GrantStatus::Voided);
    assert_eq!(world.available(&wallet).await, "0");
}

/// What the provider canceled by itself is not paid; if it was paid after all, that is the truth.
pub async fn canceled_by_the_provider_wait(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    collecting(&world).await;
    let grant = bought(&world, &wallet, Payment::Invoice { days_until_due: 1 }).await;
    let canceled = say(&world, &grant, Intent::Watch, ProviderStanding::Canceled).await;
    assert_eq!(canceled.status, InvoiceStatus::Canceled { at: start() });
    assert_eq!(todo(&world, &grant).await, None);
    let id = grant.grant.name.id;
    assert_eq!(world.grant_now(id).await.grant.status(), GrantStatus::PaymentPending);
    say(&world, &grant, Intent::Watch, ProviderStanding::Paid).await;
    assert_eq!(world.grant_now(id).await.grant.status(), GrantStatus::Active);
    assert_eq!(world.available(&wallet).await, "10");
}

/// Only the provider says when its invoice is paid.
pub async fn are_not_marked_by_hand(make: &Factory<'_>) {
    let world = World::new(make).await;
    collecting(&world).await;
    let grant = bought(&world, &wallet("ann/gold"), Payment::Charge).await;
    let id = id_of(&grant);
    for work in [Work::MarkInvoicePaid(id), Work::CancelInvoice(id)] {
        let refused = Refusal::InvoiceOfProvider { id: id.to_string() };
        assert_eq!(world.refused(work).await, refused);
    }
    world.done(Work::PutRecords(vec![PaymentProvider::Manual.record()])).await;
    let grant = bought(&world, &wallet("ann/gold"), Payment::Invoice { days_until_due: 1 }).await;
    world.done(Work::MarkInvoicePaid(id_of(&grant))).await;
    let outcome = outcome(&grant, Intent::Watch, 1, stands(failed()));
    let refused = world.refused(Work::Collect(Box::new(outcome))).await;
    assert!(matches!(refused, Refusal::InvoiceNotFailed { .. }), "{refused:?}");
    let refused = world.refused(Work::RetryInvoice(id_of(&grant))).await;
    assert!(matches!(refused, Refusal::InvoiceNotFailed { .. }), "{refused:?}");
}

/// By what the provider calls them.
pub async fn are_found_by_the_providers_name(make: &Factory<'_>) {
    let world = World::new(make).await;
    collecting(&world).await;
    let grant = bought(&world, &wallet("ann/gold"), Payment::Charge).await;
    bought(&world, &wallet("ann/gold"), Payment::Charge).await;
    say(&world, &grant, Intent::Collect, failed()).await;
    say(&world, &grant, Intent::Watch, ProviderStanding::Paid).await;
    for (name, count) in [("in_1", 1), ("in_2", 0)] {
        let query = RecordQuery {
            environment: SANDBOX,
            kind: RecordKind::Invoice,
            matching: vec![(Invoice::PROVIDER_INVOICE, name.to_owned())],
            created: CreatedRange::default(),
            archived: None,
            page: everything(),
        };
        let found = world.ledger.records(query).await.unwrap().items;
        let ids: Vec<_> = found.iter().map(|(_, record)| record.id.clone()).collect();
        assert_eq!(ids, vec![id_of(&grant).to_string(); count], "{name}");
    }
}

/// A customer who has no name with the provider gets the one that it made, and keeps the one he has.
pub async fn make_customers_known(make: &Factory<'_>) {
    let world = World::new(make).await;
    collecting(&world).await;
    let members = body(&[("billingId", "cus_own")]);
    let (kind, id) = (RecordKind::Customer, "bob".to_owned());
    world.done(Work::PatchRecord(RecordPatch { kind, id, members })).await;
    for (customer, expected) in [("ann", "cus_1"), ("bob", "cus_own")] {
        let grant = bought(&world, &wallet(&format!("{customer}/gold")), Payment::Charge).await;
        say(&world, &grant, Intent::Collect, ProviderStanding::Paid).await;
        let record = world.record(RecordKind::Customer, customer).await.unwrap();
        assert_eq!(record.text("billingId"), Some(expected));
    }
}

/// Payments of before the archiving go on.
pub async fn go_on_for_archived_customers(make: &Factory<'_>) {
    let world = World::new(make).await;
    let wallet = wallet("ann/gold");
    collecting(&world).await;
    let grant = bought(&world, &wallet, Payment::Charge).await;
    world.done(Work::ArchiveRecord(RecordKind::Customer, "ann".to_owned())).await;
    say(&world, &grant, Intent::Collect, failed()).await;
    world.done(Work::RetryInvoice(id_of(&grant))).await;
    say_in(&world, &grant, Intent::Collect, 2, ProviderStanding::Paid).await;
    assert_eq!(world.available(&wallet).await, "10");
}

/// Gives the sandbox a provider that collects.
pub(super) async fn collecting(world: &World) {
    let disputes = crate::DisputeHandling::AtOnce;
    let settings = StripeSettings { secret_key: "sk".to_owned(), webhook_secret: None, disputes };
    world.done(Work::PutRecords(vec![PaymentProvider::Stripe(settings).record()])).await;
}

/// An invoice as its grant and its own record say, which is the same.
pub(super) async fn invoice_now(world: &World, grant: &GrantView) -> Invoice {
    let of_grant = world.grant_now(grant.grant.name.id).await.latest_invoice().unwrap();
    let record = world.record(RecordKind::Invoice, &id_of(grant).to_string()).await.unwrap();
    assert_eq!(Invoice::of(&record).as_ref(), Some(&of_grant));
    of_grant
}

pub(super) async fn todo(world: &World, grant: &GrantView) -> Option<Collection> {
    let record = world.record(RecordKind::Collection, &id_of(grant).to_string()).await?;
    Some(Collection::of(&record).unwrap())
}

/// The provider says where the invoice stands, in the first attempt.
pub(super) async fn say(
    world: &World,
    grant: &GrantView,
    asked: Intent,
    standing: ProviderStanding,
) -> Invoice {
    say_in(world, grant, asked, 1, standing).await
}

async fn say_in(
    world: &World,
    grant: &GrantView,
    asked: Intent,
    attempt: u32,
    standing: ProviderStanding,
) -> Invoice {
    tell(world, grant, asked, attempt, stands(standing)).await
}

async fn tell(
    world: &World,
    grant: &GrantView,
    asked: Intent,
    attempt: u32,
    said: ProviderSaid,
) -> Invoice {
    let outcome = outcome(grant, asked, attempt, said);
    let told = invoice_of(world.done(Work::Collect(Box::new(outcome))).await);
    assert_eq!(invoice_now(world, grant).await, told);
    told
}

fn outcome(
    grant: &GrantView,
    asked: Intent,
    attempt: u32,
    said: ProviderSaid,
) -> CollectionOutcome {
    CollectionOutcome { invoice: id_of(grant), attempt, asked, said, next: next() }
}

fn next() -> Timestamp {
    start().later(60 * MINUTE)
}

fn stands(standing: ProviderStanding) -> ProviderSaid {
    ProviderSaid::Stands(Box::new(Stands {
        payer: "cus_1".to_owned(),
        invoice: "in_1".to_owned(),
        standing,
        payment_url: Some("https://pay".to_owned()),
        pdf_url: Some("https://pdf".to_owned()),
    }))
}

pub(super) fn failed() -> ProviderStanding {
    ProviderStanding::Failed { message: "declined".to_owned() }
}

pub(super) fn action_required() -> ProviderStanding {
    ProviderStanding::ActionRequired { message: "confirm it".to_owned() }
}

fn refused() -> ProviderSaid {
    ProviderSaid::Refused { message: "no such customer".to_owned() }
}

fn id_of(grant: &GrantView) -> InvoiceId {
    InvoiceId::of(grant.grant.name.id)
}

fn invoice_of(answer: Answer) -> Invoice {
    match answer {
        Answer::Invoice(invoice) => *invoice,
        other => panic!("no invoice: {other:?}"),
    }
}

async fn bought(world: &World, wallet: &WalletKey, payment: Payment) -> GrantView {
    made(world.done(create(world, wallet, payment, "49.9")).await)
}

/// A grant of 10 credits that costs so many euros.
fn create(world: &World, wallet: &WalletKey, payment: Payment, cost: &str) -> Work {
    let id: GrantId = world.mint(wallet);
    let mut create: CreateGrant = grant_of(wallet, id, "bought", "10");
    create.payment = payment;
    create.grant.grant_type = GrantType::Paid;
    let currency = MoneyCurrency::parse("eur").unwrap();
    create.grant.cost = Money { amount: MoneyAmount::parse(cost).unwrap(), currency };
    if let Payment::Invoice { .. } | Payment::Charge = payment {
        create.grant.payment = PaymentState::Pending;
    }
    world.call(id, "bought");
    Work::CreateGrant(Box::new(create))
}

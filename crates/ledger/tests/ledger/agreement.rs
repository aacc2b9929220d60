//! Whatever is asked, the ledgers in a directory and in a database answer like the one in memory; the
//! first still holds the same after it was closed and opened again.

use std::sync::Arc;

use proptest::prelude::*;
use scrip_core::{
    Credits, EditGrant, GrantChange, GrantId, GrantType, IdempotencyKey, Money, MoneyAmount,
    OnInsufficient, PaymentState, Priority, RefundRequest, Timestamp, Undone,
};
use scrip_ledger::conformance::{
    Given, Made, Making, SANDBOX, World, grant_of, item, release_of, reserve_of, start, wallet,
};
use scrip_ledger::embedded::verify;
use scrip_ledger::{
    Answer, Claim, CollectionOutcome, DisputeHandling, Executed, Intent, InvoiceId, InvoiceRefund,
    Ledger as _, LedgerError, Memory, NewRecord, Order, Payment, PaymentProvider, Place,
    ProviderSaid, ProviderStanding, RecordKind, RecordPatch, Remember, RememberBy, Render, Stands,
    StoredAnswer, StripeSettings, WalletConsume, WalletRefund, Work, copy_store, postgres,
};

use tokio::runtime::Handle;

use crate::embedded::store::Store;
use crate::postgres::Database;
use crate::whole::{plain_grant, plain_record, whole};

const WALLETS: [&str; 6] =
    ["ann/gold", "ann/silver", "ann/gold/r1", "bob/gold", "bob/gold/r1", "nobody/gold"];
const PAYMENTS: [Payment; 5] = [
    Payment::Charge,
    Payment::None,
    Payment::PaidInvoice,
    Payment::Invoice { days_until_due: 0 },
    Payment::Invoice { days_until_due: 30 },
];
const HOUR: i64 = 3_600_000;

/// What somebody asks for. Grants are picked among those that were asked for.
#[derive(Clone, Debug)]
enum Deed {
    Grant {
        wallet: usize,
        amount: i64,
        priority: u8,
        kind: GrantType,
        hours: Times,
        payment: Payment,
    },
    Consume(Burn),
    Batch(Vec<Burn>),
    Reserve {
        wallet: usize,
        name: usize,
        amount: i64,
        minutes: i64,
    },
    Release {
        wallet: usize,
        name: usize,
        consumed: i64,
    },
    Void(usize),
    Pay(usize),
    CancelInvoice(usize),
    /// Tenths of the money, under one of a few keys.
    RefundInvoice {
        pick: usize,
        tenths: u8,
        key: usize,
    },
    /// Of the consumption of a key, under one of a few keys.
    GiveBack {
        wallet: usize,
        consumption: usize,
        amount: Option<i64>,
        key: usize,
    },
    /// Whether a provider collects from now on.
    Provide(bool),
    /// A provider says something of an invoice.
    Tell {
        pick: usize,
        asked: Intent,
        attempt: u32,
        said: usize,
    },
    Retry(usize),
    Edit {
        pick: usize,
        priority: Option<u8>,
        expire: Option<Option<i64>>,
        comment: bool,
    },
    Move(i64),
    Record {
        kind: RecordKind,
        id: usize,
        act: Act,
    },
    Import(Vec<(usize, usize)>),
}

#[derive(Clone, Copy, Debug)]
struct Times {
    effective: Option<i64>,
    expire: Option<i64>,
}

#[derive(Clone, Copy, Debug)]
struct Burn {
    wallet: usize,
    key: usize,
    amount: i64,
    reject: bool,
    attributed: Option<i64>,
}

#[derive(Clone, Copy, Debug)]
enum Act {
    Create,
    Patch,
    Archive,
    Unarchive,
}

fn deed() -> impl Strategy<Value = Deed> {
    let hours = || prop::option::of(-3..40_i64);
    let kinds = vec![GrantType::Promotional, GrantType::Recurring, GrantType::Paid];
    let grant = (
        (0..WALLETS.len(), 1..40_i64, 49..52_u8, prop::sample::select(kinds)),
        (hours(), hours(), prop::sample::select(PAYMENTS.to_vec())),
    );
    let grant =
        grant.prop_map(|((wallet, amount, priority, kind), (effective, expire, payment))| {
            Deed::Grant {
                wallet,
                amount,
                priority,
                kind,
                hours: Times { effective, expire },
                payment,
            }
        });
    let edit =
        (any::<usize>(), prop::option::of(0..100_u8), prop::option::of(hours()), any::<bool>());
    let edit = edit.prop_map(|(pick, priority, expire, comment)| Deed::Edit {
        pick,
        priority,
        expire,
        comment,
    });
    let kinds = vec![RecordKind::Customer, RecordKind::CustomCurrency];
    let acts = vec![Act::Create, Act::Patch, Act::Archive, Act::Unarchive];
    let record = (prop::sample::select(kinds), 0..3_usize, prop::sample::select(acts));
    // A name mostly means the same request again, in a few wallets, so that repeats are met often.
    let reserve = (0..3_usize, 0..6_usize, 0..8_i64, -1..1_500_i64);
    let reserve = reserve.prop_map(|(wallet, name, other, minutes)| {
        let amount = if other == 0 { 7 } else { 1 + name as i64 };
        Deed::Reserve { wallet, name, amount, minutes }
    });
    let release = (0..3_usize, 0..6_usize, 0..12_i64);
    let release =
        release.prop_map(|(wallet, name, consumed)| Deed::Release { wallet, name, consumed });
    let refund = (any::<usize>(), 0..8_u8, 0..12_usize);
    let refund = refund.prop_map(|(pick, tenths, key)| Deed::RefundInvoice { pick, tenths, key });
    let back = (0..WALLETS.len(), 0..12_usize, prop::option::of(1..9_i64), 0..12_usize);
    let back = back.prop_map(|(wallet, consumption, amount, key)| Deed::GiveBack {
        wallet,
        consumption,
        amount,
        key,
    });
    let asked = vec![Intent::Collect, Intent::Watch, Intent::Cancel];
    let tell = (any::<usize>(), prop::sample::select(asked), 1..3_u32, 0..8_usize);
    let tell =
        tell.prop_map(|(pick, asked, attempt, said)| Deed::Tell { pick, asked, attempt, said });
    prop_oneof![
        4 => refund,
        4 => back,
        6 => grant,
        6 => reserve,
        5 => release,
        8 => burn().prop_map(Deed::Consume),
        3 => prop::collection::vec(burn(), 0..8).prop_map(Deed::Batch),
        2 => any::<usize>().prop_map(Deed::Void),
        3 => any::<usize>().prop_map(Deed::Pay),
        1 => any::<usize>().prop_map(Deed::CancelInvoice),
        2 => prop::bool::weighted(0.8).prop_map(Deed::Provide),
        6 => tell,
        1 => any::<usize>().prop_map(Deed::Retry),
        2 => edit,
        3 => (-2..60_i64).prop_map(Deed::Move),
        3 => record.prop_map(|(kind, id, act)| Deed::Record { kind, id, act }),
        1 => prop::collection::vec((0..4_usize, 0..2_usize), 0..4).prop_map(Deed::Import),
    ]
}

fn burn() -> impl Strategy<Value = Burn> {
    let attributed = prop::option::weighted(0.2, -2..10_i64);
    (0..WALLETS.len(), 0..12_usize, 1..60_i64, prop::bool::weighted(0.3), attributed).prop_map(
        |(wallet, key, amount, reject, attributed)| {
            // A key mostly means the same amount again, so that repeats are met often.
            let amount = if amount < 50 { 1 + key as i64 } else { amount };
            Burn { wallet, key, amount, reject: reject && key % 2 == 0, attributed }
        },
    )
}

/// How an answer is remembered: a claim's scope and body, or an attempt's scope and count.
fn memory() -> impl Strategy<Value = Option<RememberBy>> {
    let claim = (0..4_u8, 0..2_u8).prop_map(|(scope, body)| {
        RememberBy::Claim(Claim { scope: [scope; 32], body: [body; 32] })
    });
    let attempt = (4..7_u8, 0..3_u32)
        .prop_map(|(scope, retry_count)| RememberBy::Attempt { scope: [scope; 32], retry_count });
    prop_oneof![5 => Just(None), 1 => claim.prop_map(Some), 1 => attempt.prop_map(Some)]
}

/// The same work for both ledgers.
fn work(deed: &Deed, world: &World, ids: &mut Vec<GrantId>, now: Timestamp) -> Work {
    let at = |hours: i64| now.later(hours * HOUR);
    let picked = |ids: &[GrantId], pick: usize| match ids.len() {
        0 => GrantId::mint(0, 0),
        count => ids[pick % count],
    };
    match deed {
        Deed::Grant { wallet: name, amount, priority, kind, hours, payment } => {
            let (at_wallet, amount) = (wallet(WALLETS[*name]), amount.to_string());
            let id = world.mint(&at_wallet);
            ids.push(id);
            let mut create = grant_of(&at_wallet, id, "a grant", &amount);
            create.grant.priority = Priority::new(*priority).unwrap();
            create.grant.grant_type = *kind;
            create.grant.effective_at = hours.effective.map(at);
            create.grant.expire_at = hours.expire.map(at);
            create.payment = *payment;
            let amount = MoneyAmount::parse("1").unwrap();
            create.grant.cost = Money { amount, ..Money::FREE };
            if let Payment::Invoice { .. } | Payment::Charge = payment {
                create.grant.payment = PaymentState::Pending;
            }
            Work::CreateGrant(Box::new(create))
        }
        Deed::Consume(burn) => Work::Consume(Box::new(burned(burn, now))),
        Deed::Batch(burns) => {
            Work::ConsumeBatch(burns.iter().map(|burn| burned(burn, now)).collect())
        }
        Deed::Reserve { wallet: name, name: reservation, amount, minutes } => {
            let (name, amount) = (WALLETS[*name], amount.to_string());
            let mut item = reserve_of(&wallet(name), &reservation.to_string(), &amount);
            item.reserve.ends = now.later(minutes * HOUR / 60).into();
            Work::Reserve(Box::new(item))
        }
        Deed::Release { wallet: name, name: reservation, consumed } => {
            let (reservation, consumed) = (reservation.to_string(), consumed.to_string());
            Work::Release(Box::new(release_of(&wallet(WALLETS[*name]), &reservation, &consumed)))
        }
        Deed::Void(pick) => Work::VoidGrant(picked(ids, *pick)),
        Deed::Pay(pick) => Work::MarkInvoicePaid(InvoiceId::of(picked(ids, *pick))),
        Deed::CancelInvoice(pick) => Work::CancelInvoice(InvoiceId::of(picked(ids, *pick))),
        Deed::RefundInvoice { pick, tenths, key } => Work::RefundInvoice(Box::new(InvoiceRefund {
            invoice: InvoiceId::of(picked(ids, *pick)),
            amount: MoneyAmount::parse(&format!("0.{tenths}")).unwrap(),
            key: IdempotencyKey::parse(&key.to_string()).unwrap(),
        })),
        Deed::GiveBack { wallet: name, consumption, amount, key } => {
            let key_of = |number: &usize| IdempotencyKey::parse(&number.to_string()).unwrap();
            let request = RefundRequest {
                key: key_of(key),
                of: Undone::Consumption(key_of(consumption)),
                amount: amount.map(Credits::whole),
            };
            Work::Refund(Box::new(WalletRefund { wallet: wallet(WALLETS[*name]), request }))
        }
        Deed::Provide(collects) => {
            let stripe = StripeSettings {
                secret_key: "sk".to_owned(),
                webhook_secret: None,
                disputes: DisputeHandling::AtOnce,
            };
            let provider =
                if *collects { PaymentProvider::Stripe(stripe) } else { PaymentProvider::Manual };
            Work::PutRecords(vec![provider.record()])
        }
        Deed::Tell { pick, asked, attempt, said } => {
            let (asked, attempt) = (*asked, *attempt);
            let invoice = InvoiceId::of(picked(ids, *pick));
            // Long after any ledger's real time.
            let next = Timestamp::parse("2050-01-01").unwrap();
            let said = told(*said);
            Work::Collect(Box::new(CollectionOutcome { invoice, attempt, asked, said, next }))
        }
        Deed::Retry(pick) => Work::RetryInvoice(InvoiceId::of(picked(ids, *pick))),
        Deed::Edit { pick, priority, expire, comment } => {
            let change = GrantChange {
                priority: priority.and_then(Priority::new),
                expire_at: expire.map(|hours| hours.map(at)),
                comment: comment.then(|| Some("changed".to_owned())),
                ..GrantChange::default()
            };
            Work::EditGrant(Box::new(EditGrant { id: picked(ids, *pick), change }))
        }
        Deed::Move(hours) => Work::MoveClock(at(*hours)),
        Deed::Record { kind, id, act } => {
            let id = match kind {
                RecordKind::Customer => ["ann", "bob", "cleo"][*id],
                _ => ["gold", "silver", "lead"][*id],
            };
            let (kind, id) = (*kind, id.to_owned());
            let members = serde_json::Map::from_iter([("name".to_owned(), "x".into())]);
            match act {
                Act::Create => Work::CreateRecord(NewRecord { kind, id, body: members }),
                Act::Patch => Work::PatchRecord(RecordPatch { kind, id, members }),
                Act::Archive => Work::ArchiveRecord(kind, id),
                Act::Unarchive => Work::UnarchiveRecord(kind, id),
            }
        }
        Deed::Import(items) => {
            let customer = |(id, name): &(usize, usize)| NewRecord {
                kind: RecordKind::Customer,
                id: ["ann", "dan", "eve", "fay"][*id].to_owned(),
                body: serde_json::Map::from_iter([("name".to_owned(), (*name).into())]),
            };
            Work::ImportCustomers(items.iter().map(customer).collect())
        }
    }
}

/// What a provider may say.
fn told(said: usize) -> ProviderSaid {
    let message = || "declined".to_owned();
    let standing = match said {
        0 => return ProviderSaid::Again { trouble: "silent".to_owned() },
        1 => return ProviderSaid::Refused { message: message() },
        2 => return ProviderSaid::Nothing,
        3 => ProviderStanding::Failed { message: message() },
        4 => ProviderStanding::ActionRequired { message: message() },
        5 => ProviderStanding::Processing,
        6 => ProviderStanding::Canceled,
        _ => ProviderStanding::Paid,
    };
    ProviderSaid::Stands(Box::new(Stands {
        payer: "cus_1".to_owned(),
        invoice: "in_1".to_owned(),
        standing,
        payment_url: None,
        pdf_url: Some("https://pdf".to_owned()),
    }))
}

fn burned(burn: &Burn, now: Timestamp) -> WalletConsume {
    let Burn { wallet: name, key, amount, reject, attributed } = *burn;
    let mut item = item(&wallet(WALLETS[name]), &key.to_string(), "1");
    item.consume.amount = Credits::whole(amount);
    if reject {
        item.consume.on_insufficient = OnInsufficient::Reject;
    }
    item.consume.created_at = attributed.map(|hours| now.later(hours * HOUR));
    item
}

/// The outcome as text, without what means something in its own store only.
async fn outcome(world: &World, work: Work, by: Option<RememberBy>) -> String {
    let render: Render = Arc::new(|outcome| {
        let body = format!("{:?}", outcome.clone().map(plain)).into_bytes();
        Some(StoredAnswer { status: 200, body })
    });
    let remember = by.map(|by| Remember { by, render });
    let order = Order { environment: SANDBOX, origin: world.origin(), work, remember };
    let outcome: Result<Executed, LedgerError> = world.ledger.execute(order).await;
    format!(
        "{:?}",
        outcome.map(|executed| match executed {
            Executed::Fresh(answer) => Executed::Fresh(plain(answer)),
            replayed => replayed,
        })
    )
}

fn plain(answer: Answer) -> Answer {
    match answer {
        Answer::Grant(grant) => Answer::Grant(Box::new(plain_grant(*grant))),
        Answer::Record(record) => Answer::Record(Box::new(plain_record(*record))),
        other => other,
    }
}

type Deeds = Vec<(Deed, Option<RememberBy>)>;

/// Asks the ledger in memory and another one the same; what the first holds in the end.
async fn agree(deeds: Deeds, other: &World) -> String {
    let make = |given: Given| -> Making {
        let ledger = Arc::new(Memory::with(given.clock, given.settings));
        let made = Made { ledger, follows_given_clock: true, keep: Box::new(()) };
        Box::pin(async { made })
    };
    let memory = World::new(&make).await;
    let mut ids = Vec::new();
    assert_eq!(memory.ledger.now(SANDBOX), start());
    for (deed, by) in deeds {
        let work = work(&deed, &memory, &mut ids, memory.ledger.now(SANDBOX));
        let in_memory = outcome(&memory, work.clone(), by).await;
        let in_other = outcome(other, work, by).await;
        assert_eq!(in_other, in_memory, "{deed:?}");
        assert!(!in_memory.contains("Internal"), "{in_memory}");
    }
    let expected = whole(memory.ledger.as_ref()).await;
    assert_eq!(whole(other.ledger.as_ref()).await, expected);
    expected
}

async fn directory_agrees(deeds: Deeds) {
    let store = Store::new();
    let embedded = store.fresh().await;
    let expected = agree(deeds, &embedded.world).await;
    embedded.close().await;
    verify(store.path(), |_, _| {}).unwrap();
    let again = store.opened().await;
    assert_eq!(whole(again.ledger.as_ref()).await, expected);
}

/// From a directory to a database, and on to another directory.
async fn copies_agree(deeds: Deeds) {
    let store = Store::new();
    let embedded = store.fresh().await;
    let expected = agree(deeds, &embedded.world).await;
    embedded.close().await;
    let database = Database::make().await;
    carry(Place::Directory(store.path().to_owned()), Place::Database(database.url.clone())).await;
    let chains = verify(store.path(), |_, _| {}).unwrap().chains;
    assert_eq!(database.verify().await.unwrap().chains, chains);
    let node = crate::postgres::open(&database, postgres::Options::on(Handle::current())).await;
    assert_eq!(whole(node.as_ref()).await, expected);
    node.close().await;
    let back = Store::new();
    carry(Place::Database(database.url.clone()), Place::Directory(back.path().to_owned())).await;
    assert_eq!(verify(back.path(), |_, _| {}).unwrap().chains, chains);
    let again = back.opened().await;
    assert_eq!(whole(again.ledger.as_ref()).await, expected);
}

async fn carry(from: Place, to: Place) {
    let runtime = Handle::current();
    let carry = move || copy_store(&from, &to, &runtime, |_, _| {}).unwrap();
    tokio::task::spawn_blocking(carry).await.unwrap();
}

async fn database_agrees(deeds: Deeds) {
    let database = Arc::new(Database::make().await);
    let make = |given: Given| -> Making {
        Box::pin(crate::postgres::make_in(Arc::clone(&database), given))
    };
    let world = World::new(&make).await;
    agree(deeds, &world).await;
    database.verify().await.unwrap();
}

fn run(future: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread();
    { runtime }.worker_threads(1).enable_all().build().unwrap().block_on(future);
}

fn deeds() -> impl Strategy<Value = Deeds> {
    prop::collection::vec((deed(), memory()), 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn a_directory_answers_like_memory(deeds in deeds()) {
        run(directory_agrees(deeds));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn a_database_answers_like_memory(deeds in deeds()) {
        run(database_agrees(deeds));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]

    #[test]
    fn a_copy_answers_like_what_was_copied(deeds in deeds()) {
        run(copies_agree(deeds));
    }
}

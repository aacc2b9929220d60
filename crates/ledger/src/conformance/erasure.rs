//! What was written of a customer is erased; what they have stays, and so does its proof.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use futures_util::future::{join, join_all};
use scrip_core::{
    Actor, Address, Cadence, CustomerId, Dimension, EditGrant, EnvironmentId, Event, GrantChange,
    Origin, Priority, RecurringGrantId, Refusal, TraceId, WalletKey, Words,
};
use serde_json::{Map, Value, json};

use super::world::{Factory, World, credits, everything, instant, item, rows_of, wallet};
use super::{PRODUCTION, SANDBOX, refund_of, release_of, reserve_of};
use crate::{
    Answer, AuditEntry, CreatedRange, ErasePart, EraseStep, Erasure, ErasureState, EventQuery,
    ExportQuery, GrantQuery, LedgerError, Order, Point, PutRecurringGrant, RecordKind, RecordPatch,
    RecordQuery, ReservationQuery, UsageQuery, UsageSeries, Work, begin_erasing, finish_erasures,
    go_on_erasing,
};

/// In everything that [`write_of`] writes of a customer whose name begins like this.
#[must_use]
pub fn word_of(customer: &str) -> String {
    format!("whisper{}", customer.to_uppercase())
}

/// Writes words of a customer wherever they can be written.
async fn write_of(world: &World, environment: EnvironmentId, customer: &str, again: &str) {
    let word = word_of(customer);
    let says = |what: &str| format!("{word} {what} {again}");
    let metadata =
        || BTreeMap::from([(says("key"), says("value")), ("import.id".to_owned(), says("import"))]);
    let members = json!({
        "name": says("name"), "email": format!("{word}{again}@example.com"),
        "language": says("language"), "metadata": {says("key"): says("value")},
        "passthrough": {"stripe": {"customerName": says("passthrough")}},
        "billingId": "cus_1",
        "defaultPaymentMethod": {"billingId": "pm_1", "type": "CARD", "cardBrand": says("brand"),
            "cardLast4Digits": says("digits"), "cardExpiryYear": null},
    });
    let Value::Object(members) = members else { panic!("an object") };
    let patch = RecordPatch { kind: RecordKind::Customer, id: customer.to_owned(), members };
    by_person(world, environment, Work::PatchRecord(patch)).await;
    for path in ["gold", "gold/r"] {
        let key = WalletKey { environment, ..wallet(&format!("{customer}/{path}")) };
        let name = |name: &str| format!("{name}{again}");
        let words = Words {
            display_name: Some(says("grant")),
            comment: Some(Some(says("comment"))),
            metadata: Some(metadata()),
            billing_address: Some(Address { city: Some(says("city")), ..Address::default() }),
            ..Words::default()
        };
        let grant = world.grant_as(&key, "grant", "100", |grant| grant.words = words).await;
        let change = GrantChange { comment: Some(Some(says("edit"))), ..GrantChange::default() };
        let edit = EditGrant { id: grant.grant.name.id, change };
        by_person(world, environment, Work::EditGrant(Box::new(edit))).await;
        // One that is spent leaves its wallet.
        let spent = world.grant_as(&key, "spent", "1", |grant| {
            grant.words.display_name = Some(says("spent"));
            grant.priority = Priority::new(0).unwrap_or(Priority::DEFAULT);
        });
        spent.await;
        for (consumption, amount) in [("c1", "3"), ("c2", "4")] {
            let mut consumed = item(&key, &name(consumption), amount);
            let dimensions = [(says("dimension"), Dimension::Text(says(consumption).into()))];
            consumed.consume.dimensions = dimensions.into();
            world.execute(environment, Work::Consume(Box::new(consumed))).await.unwrap();
        }
        let refund = refund_of(&key, &name("refund"), &name("c1"), Some("1"));
        world.execute(environment, refund).await.unwrap();
        for reservation in ["job", "open"] {
            let mut reserve = reserve_of(&key, &name(reservation), "5");
            reserve.reserve.metadata = metadata();
            world.execute(environment, Work::Reserve(Box::new(reserve))).await.unwrap();
        }
        let release = Work::Release(Box::new(release_of(&key, &name("job"), "2")));
        world.execute(environment, release).await.unwrap();
        let put = PutRecurringGrant {
            wallet: key.clone(),
            id: RecurringGrantId::parse(&format!("{customer}-monthly-{}", path.len())).unwrap(),
            amount: credits("10"),
            cadence: Cadence::Month,
            anchor: None,
            priority: Priority::DEFAULT,
            display_name: says("monthly"),
        };
        by_person(world, environment, Work::PutRecurringGrant(Box::new(put))).await;
    }
}

impl World {
    /// Writes words of a customer wherever they can be written: [`word_of`] is in each.
    pub async fn write_of(&self, environment: EnvironmentId, customer: &str, again: &str) {
        write_of(self, environment, customer, again).await;
    }

    /// Erases what was written of a customer, from the first step to the last.
    pub async fn erase(&self, environment: EnvironmentId, customer: &str) {
        erase(self, environment, customer).await;
    }

    /// Begins to erase, and leaves the rest to others.
    pub async fn begin_erasing(&self, environment: EnvironmentId, customer: &str) -> Erasure {
        begin(self, environment, customer).await.unwrap()
    }

    /// Erases a customer of the sandbox, while others consume from a wallet of theirs.
    pub async fn erase_while_others_consume(&self, path: &str, again: &str) {
        let wallet = wallet(path);
        let is_erased = &Cell::new(false);
        let consume = |name: String| {
            let mut consumed = item(&wallet, &name, "1");
            let dimensions = [("who", Dimension::Text("somebody".into()))];
            consumed.consume.dimensions = dimensions.into();
            self.done(Work::Consume(Box::new(consumed)))
        };
        let consuming = (0..8).map(async |others| {
            for number in 0.. {
                consume(format!("{again}-{others}-{number}")).await;
                if is_erased.get() {
                    break;
                }
            }
        });
        let erasing = async {
            self.erase(SANDBOX, wallet.customer.as_str()).await;
            is_erased.set(true);
        };
        join(join_all(consuming), erasing).await;
        let rows = self.ledger.rows(rows_of(wallet.customer.as_str())).await.unwrap().items;
        let rows = rows.into_iter().map(|(_, view)| view);
        let worded: BTreeSet<_> = rows
            .filter(|view| view.wallet == wallet && view.row.texts.words().is_some())
            .filter(|view| matches!(view.row.event, Event::Consumed { .. }))
            .map(|view| view.row.sequence)
            .collect();
        let used = used(self, &wallet, &["who".to_owned()]).await;
        let theirs = used.iter().find(|one| one.tags[0] == "somebody");
        assert_eq!(theirs.map_or(0, |one| one.count), worded.len() as u64, "as the rows say");
    }

    /// Everything that the ledger tells of an environment and of `ann` and `bob`.
    pub async fn everything_told(&self, environment: EnvironmentId) -> String {
        everything_told(self, environment).await
    }
}

/// Has a person do something, so that it is in the audit log.
async fn by_person(world: &World, environment: EnvironmentId, work: Work) {
    let actor = Actor::Person("person_eve".into());
    let origin = Origin { actor, trace_id: TraceId([9; 16]), salt: [9; 16] };
    world.ledger.execute(Order { environment, origin, work, remember: None }).await.unwrap();
}

/// Erases what was written of a customer, from the first step to the last.
async fn erase(world: &World, environment: EnvironmentId, customer: &str) {
    let erasure = begin(world, environment, customer).await.unwrap();
    let customer = id(customer);
    go_on_erasing(world.ledger.as_ref(), environment, &customer, &erasure).await.unwrap();
    let step = EraseStep { customer, part: ErasePart::End(erasure.round) };
    world.execute(environment, Work::Erase(Box::new(step))).await.unwrap();
}

async fn begin(
    world: &World,
    environment: EnvironmentId,
    customer: &str,
) -> Result<Erasure, LedgerError> {
    let actor = Actor::Person("person_eve".into());
    let origin = Origin { actor, trace_id: TraceId([9; 16]), salt: [9; 16] };
    begin_erasing(world.ledger.as_ref(), environment, &id(customer), origin).await
}

fn id(customer: &str) -> CustomerId {
    CustomerId::parse(customer).unwrap()
}

/// Everything that the ledger tells of an environment and two of its customers.
async fn everything_told(world: &World, environment: EnvironmentId) -> String {
    let mut told = String::new();
    let ledger = world.ledger.as_ref();
    for customer in ["ann", "bob"] {
        let mut query = rows_of(customer);
        query.environment = environment;
        write!(told, "{:?}", ledger.rows(query).await.unwrap()).unwrap();
        for resource in [None, wallet("ann/gold/r").resource] {
            let query = GrantQuery {
                environment,
                customer: id(customer),
                resource: resource.clone(),
                currency: None,
                created: CreatedRange::default(),
                page: everything(),
            };
            write!(told, "{:?}", ledger.grants(query).await.unwrap()).unwrap();
            let query = ReservationQuery {
                environment,
                customer: id(customer),
                resource,
                currency: None,
                page: everything(),
            };
            write!(told, "{:?}", ledger.reservations(query).await.unwrap()).unwrap();
        }
        for path in ["gold", "gold/r"] {
            let key = WalletKey { environment, ..wallet(&format!("{customer}/{path}")) };
            for by in [&[][..], &[format!("{} dimension 1", word_of(customer))]] {
                write!(told, "{:?}", used(world, &key, by).await).unwrap();
            }
            write!(told, "{:?}", ledger.wallet_at(&key, None).await.unwrap()).unwrap();
        }
    }
    for kind in (1..=u8::MAX).filter_map(RecordKind::of_number) {
        write!(told, "{:?}", records(world, environment, kind).await).unwrap();
    }
    let page = everything();
    let query = EventQuery {
        environment,
        kinds: Vec::new(),
        page: crate::PageRequest { start: crate::Start::Before(Point::END), ..page },
    };
    write!(told, "{:?}", ledger.events(query).await.unwrap()).unwrap();
    let query = ExportQuery { environment, customer: None, resource: None, currency: None };
    let slice = ledger.export(query, Point::END, None).await.unwrap().unwrap();
    write!(told, "{:?}", slice.rows).unwrap();
    told
}

async fn records(
    world: &World,
    environment: EnvironmentId,
    kind: RecordKind,
) -> Vec<crate::Record> {
    let query = RecordQuery {
        environment,
        kind,
        matching: Vec::new(),
        created: CreatedRange::default(),
        archived: None,
        page: everything(),
    };
    let page = world.ledger.records(query).await.unwrap();
    page.items.into_iter().map(|(_, record)| record).collect()
}

async fn used(world: &World, wallet: &WalletKey, by: &[String]) -> Vec<UsageSeries> {
    let query = UsageQuery {
        wallet: wallet.clone(),
        buckets: vec![instant("2029-12-01")],
        from: instant("2029-12-01"),
        until: instant("2030-12-01"),
        group_by: by.to_vec(),
    };
    world.ledger.usage(query).await.unwrap().unwrap()
}

/// Whatever is asked for afterwards, no word of theirs is in it; those of others are.
pub async fn leaves_no_word(make: &Factory<'_>) {
    let world = World::new(make).await;
    world.populate(PRODUCTION).await;
    write_of(&world, SANDBOX, "ann", "1").await;
    write_of(&world, SANDBOX, "bob", "1").await;
    write_of(&world, PRODUCTION, "ann", "1").await;
    let (ann, bob) = (word_of("ann"), word_of("bob"));
    let before = everything_told(&world, SANDBOX).await;
    assert!(before.contains(&ann) && before.contains(&bob));
    let elsewhere = everything_told(&world, PRODUCTION).await;
    let bobs = before.matches(&bob).count();
    erase(&world, SANDBOX, "ann").await;
    let told = everything_told(&world, SANDBOX).await;
    if let Some(at) = told.find(&ann) {
        panic!("…{}…", told.get(at.saturating_sub(300)..at + 300).unwrap_or(&told));
    }
    assert_eq!(told.matches(&bob).count(), bobs);
    let others = everything_told(&world, PRODUCTION).await;
    assert_eq!(others.matches(&ann).count(), elsewhere.matches(&ann).count());
    let customer = world.record(RecordKind::Customer, "ann").await.unwrap();
    let kept = json!({
        "billingId": "cus_1",
        "defaultPaymentMethod": {"billingId": "pm_1", "type": "CARD", "cardBrand": null,
            "cardLast4Digits": null, "cardExpiryYear": null},
    });
    assert_eq!(Value::Object(customer.body), kept);
}

/// Amounts, rows and their hashes are what they were; what was used is of no dimension.
pub async fn keeps_credits_and_chain(make: &Factory<'_>) {
    let world = World::new(make).await;
    write_of(&world, SANDBOX, "ann", "1").await;
    let key = wallet("ann/gold");
    let by = [format!("{} dimension 1", word_of("ann"))];
    let told = |series: &[UsageSeries]| -> Vec<(Vec<String>, String, u64)> {
        let told = |one: &UsageSeries| (one.tags.clone(), one.total.to_string(), one.count);
        series.iter().map(told).collect()
    };
    let balance = format!("{:?}", world.balance(&key).await);
    let story = world.story(&key).await;
    let links = format!("{:?}", world.ledger.links(&key, 1, 1_000).await.unwrap());
    let totals = told(&used(&world, &key, &[]).await);
    let c = |name: &str| vec![format!("{} {name} 1", word_of("ann"))];
    let grouped = told(&used(&world, &key, &by).await);
    let each = [(c("c2"), "4".to_owned(), 1), (c("c1"), "2".to_owned(), 1)];
    assert_eq!((&grouped[..1], &grouped[1..2].len()), (&each[..1], &1));
    assert!(grouped.contains(&each[1]), "{grouped:?}");
    erase(&world, SANDBOX, "ann").await;
    assert_eq!(format!("{:?}", world.balance(&key).await), balance);
    assert_eq!(world.story(&key).await, story);
    assert_eq!(told(&used(&world, &key, &[]).await), totals);
    let nameless = vec![(vec![String::new()], totals[0].1.clone(), totals[0].2)];
    assert_eq!(told(&used(&world, &key, &by).await), nameless);
    assert_eq!(format!("{:?}", world.ledger.links(&key, 1, 1_000).await.unwrap()), links);
    // What follows goes on from there: a repeat is known, a refund finds its consumption.
    let mut again = item(&key, "c21", "4");
    let words = [(by[0].clone(), Dimension::Text(c("c2")[0].as_str().into()))];
    again.consume.dimensions = words.into();
    world.done(Work::Consume(Box::new(again))).await;
    assert_eq!(world.story(&key).await, story);
    world.done(refund_of(&key, "back", "c21", None)).await;
    world.done(Work::Release(Box::new(release_of(&key, "open1", "1")))).await;
}

/// What is written later brings its own words, which stay until they are erased too.
pub async fn is_of_what_was_written_by_then(make: &Factory<'_>) {
    let world = World::new(make).await;
    let (key, word) = (wallet("ann/gold"), word_of("ann"));
    // Nothing is there to be erased yet.
    erase(&world, SANDBOX, "ann").await;
    write_of(&world, SANDBOX, "ann", "1").await;
    let erasure = begin(&world, SANDBOX, "ann").await.unwrap();
    let mut consumed = item(&key, "later", "6");
    consumed.consume.dimensions =
        [("what", Dimension::Text(format!("{word} later").into()))].into();
    world.done(Work::Consume(Box::new(consumed))).await;
    go_on_erasing(world.ledger.as_ref(), SANDBOX, &id("ann"), &erasure).await.unwrap();
    let step = EraseStep { customer: id("ann"), part: ErasePart::End(erasure.round) };
    world.done(Work::Erase(Box::new(step))).await;
    let used = used(&world, &key, &["what".to_owned()]).await;
    let told: Vec<_> = used.iter().map(|one| (one.tags[0].as_str(), one.total)).collect();
    assert!(told.contains(&(format!("{word} later").as_str(), credits("6"))), "{told:?}");
    let rest = everything_told(&world, SANDBOX).await.replace(&format!("{word} later"), "");
    assert!(!rest.contains(&format!("{word} ")), "only what came later");
    erase(&world, SANDBOX, "ann").await;
    erase(&world, SANDBOX, "ann").await;
    assert!(!everything_told(&world, SANDBOX).await.contains(&word));
}

/// Whoever began it may be gone: it is finished all the same, from wherever it stood.
pub async fn is_finished_by_others(make: &Factory<'_>) {
    let world = World::new(make).await;
    write_of(&world, SANDBOX, "ann", "1").await;
    let erasure = begin(&world, SANDBOX, "ann").await.unwrap();
    assert_eq!(erasure.state, ErasureState::Running);
    let (key, until) = (wallet("ann/gold"), erasure.wallets[0].sequence);
    let part = ErasePart::Rows { wallet: key, until, from: 0 };
    world.done(Work::Erase(Box::new(EraseStep { customer: id("ann"), part }))).await;
    assert!(everything_told(&world, SANDBOX).await.contains(&word_of("ann")));
    let ledger = world.ledger.as_ref();
    let now = ledger.now(crate::SYSTEM);
    assert_eq!(finish_erasures(ledger, SANDBOX, now.later(-60_000)).await.unwrap(), 0);
    assert_eq!(finish_erasures(ledger, SANDBOX, now.later(60_000)).await.unwrap(), 1);
    assert_eq!(finish_erasures(ledger, SANDBOX, now.later(60_000)).await.unwrap(), 0);
    assert!(!everything_told(&world, SANDBOX).await.contains(&word_of("ann")));
    let record = world.record(RecordKind::Erasure, "ann").await.unwrap();
    let done = Erasure::of(&record).unwrap();
    assert_eq!((done.state, done.round, done.wallets), (ErasureState::Done, 1, Vec::new()));
}

/// Archived customers are erased too; one who is not there is refused.
pub async fn is_of_customers_that_were_made(make: &Factory<'_>) {
    let world = World::new(make).await;
    write_of(&world, SANDBOX, "ann", "1").await;
    world.done(Work::ArchiveRecord(RecordKind::Customer, "ann".to_owned())).await;
    erase(&world, SANDBOX, "ann").await;
    assert!(!everything_told(&world, SANDBOX).await.contains(&word_of("ann")));
    let archived = world.record(RecordKind::Customer, "ann").await.unwrap();
    assert!(archived.archived_at.is_some());
    match begin(&world, SANDBOX, "nobody").await {
        Err(LedgerError::Refused(refused)) => {
            assert!(matches!(refused.refusal, Refusal::NotFound { .. }), "{refused:?}");
        }
        other => panic!("should have been refused: {other:?}"),
    }
    assert_eq!(world.record(RecordKind::Erasure, "nobody").await, None);
}

/// Who did it is in the log, and which members there were; nothing that was in them.
pub async fn is_in_the_log(make: &Factory<'_>) {
    let world = World::new(make).await;
    write_of(&world, SANDBOX, "ann", "1").await;
    erase(&world, SANDBOX, "ann").await;
    erase(&world, SANDBOX, "ann").await;
    let entries = records(&world, SANDBOX, RecordKind::AuditEntry).await;
    let entries: Vec<AuditEntry> = entries.iter().filter_map(AuditEntry::of).collect();
    let told: Vec<_> = entries.iter().filter(|entry| entry.operation == "erase").collect();
    let [again, first] = told[..] else { panic!("two entries: {told:?}") };
    for entry in [again, first] {
        assert_eq!(entry.actor, "person:person_eve");
        assert_eq!(entry.target, "customer/ann");
        assert_eq!(entry.customer_id.as_deref(), Some("ann"));
        assert_eq!(entry.changes[0].before, None);
    }
    let members =
        |entry: &AuditEntry| entry.changes[0].after.as_ref().unwrap()["erasedMembers"].clone();
    let gone = ["name", "email", "language", "metadata", "passthrough", "defaultPaymentMethod"];
    assert_eq!((members(first), members(again)), (json!(gone), json!([])));
    // That something was written is told still.
    let patched = entries.iter().find(|entry| entry.operation == "update").unwrap();
    let name: Option<&Map<String, Value>> = patched.changes[0].after.as_ref();
    assert_eq!(name.unwrap()["name"], "(erased)");
}

/// Thousands of rows are erased, some at a time.
pub async fn goes_on_through_many_rows(make: &Factory<'_>) {
    let world = World::new(make).await;
    let (key, word) = (wallet("ann/gold"), word_of("ann"));
    for batch in 0..3 {
        let items = (0..400).map(|n| {
            let mut one = item(&key, &format!("{batch}-{n}"), "1");
            let value = Dimension::Text(format!("{word} {n}").into());
            one.consume.dimensions = [("what", value)].into();
            one
        });
        match world.done(Work::ConsumeBatch(items.collect())).await {
            Answer::Batch(rejected) => assert!(rejected.is_empty()),
            other => panic!("no batch: {other:?}"),
        }
    }
    erase(&world, SANDBOX, "ann").await;
    assert!(!everything_told(&world, SANDBOX).await.contains(&word));
    let used = used(&world, &key, &["what".to_owned()]).await;
    let told: Vec<_> =
        used.iter().map(|one| (one.tags[0].as_str(), one.total, one.count)).collect();
    assert_eq!(told, [("", credits("1200"), 1_200)]);
}

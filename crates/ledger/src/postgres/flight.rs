//! A transaction's two flights of statements: one that locks and reads what the orders need, one
//! that writes what was decided and commits. Each travels together, so that a transaction takes two
//! round trips whatever it does, unless an order asks for something that nobody foresaw.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use scrip_core::{EnvironmentId, WalletKey};

use super::horizon;
use super::kept::Kept;
use super::known::{Known, Wallet};
use super::session::{Ask, Session, ask};
use super::shards::{Shard, Shards};
use super::tables::places::{Moved, Seen, StoredWallet};
use super::tables::records::Place;
use super::tables::wallets::Found;
use super::tables::{answers, bucket_of, column, names, records, wallets};
use super::unit::Changes;
use crate::work::StoreError;
use crate::{Order, RecordKind, RememberBy, Work};

/// Who changes records of an environment waits for whoever else does. Beside the environment's
/// number, any number does that nobody else uses in the same database.
const RECORDS_LOCK: i32 = 0x7363_7269;

/// What some orders need, as far as it can be foreseen.
#[derive(Default)]
pub struct Needs<'o> {
    /// In the order in which everybody locks them.
    wallets: Vec<&'o WalletKey>,
    /// Shards in which something may be written, each by one of its buckets.
    shards: BTreeMap<Shard, i16>,
    names: BTreeMap<Shard, names::Asked>,
    records: records::Asked,
    customers: records::Customers,
    claims: answers::Asked,
    /// Environments whose records are changed.
    exclusive: BTreeSet<i32>,
    rows: i64,
    /// There are orders that do more than burn and hold credits.
    has_others: bool,
}

/// Whether whatever an order changes it changes with a row of its wallet.
const fn only_burns(work: &Work) -> bool {
    matches!(
        work,
        Work::Consume(_)
            | Work::ConsumeBatch(_)
            | Work::Reserve(_)
            | Work::Release(_)
            | Work::Extend(_)
    )
}

/// Whether an order changes records: then nobody else does in its environment meanwhile, and it is
/// carried out in a transaction of its own.
pub const fn changes_records(work: &Work) -> bool {
    matches!(
        work,
        Work::CreateRecord(_)
            | Work::PatchRecord(_)
            | Work::ArchiveRecord(..)
            | Work::UnarchiveRecord(..)
            | Work::ImportCustomers(_)
            | Work::ChangeApiKey(_)
            | Work::ChangeEnvironments(_)
            | Work::ChangePerson(_)
            | Work::UseSignInLink(_)
            | Work::ChangeLink(_)
            | Work::PutRecords(_)
            | Work::ForgetRecords(..)
            | Work::ForgetEvents(_)
            | Work::ChangeWebhook(..)
            | Work::RotateWebhookSecret(_)
            | Work::TestWebhook(..)
            | Work::Redeliver(..)
            | Work::PutRecurringGrant(_)
            | Work::RemoveRecurringGrant(..)
            | Work::MoveClock(_)
            | Work::NotePortalToken(_)
            | Work::Erase(_)
            // The customer may become known to the provider by it.
            | Work::Collect(_)
    )
}

impl<'o> Needs<'o> {
    /// What these orders need; the wallet of an order that names only a grant is given.
    pub fn of(
        orders: impl Iterator<Item = (&'o Order, Option<&'o WalletKey>)>,
        shards: &Shards,
    ) -> Self {
        let mut needs = Self::default();
        let mut wallets = Vec::new();
        for (order, wallet_of_grant) in orders {
            let work = &order.work;
            let named = work.wallets().into_iter().chain(wallet_of_grant);
            for key in named {
                wallets.push((bucket_of(key.environment, &key.customer), key));
            }
            for (key, name) in work.names() {
                let bucket = bucket_of(key.environment, &key.customer);
                needs.names.entry(shards.shard(bucket)).or_default().push(bucket, name);
            }
            if let Some(RememberBy::Claim(claim)) = order.remember.as_ref().map(|it| it.by) {
                needs.claims.push(claim.scope);
            }
            if changes_records(work) {
                needs.exclusive.insert(order.environment.0.cast_signed());
                // Events that are about no customer.
                needs.shards.insert(shards.shard(0), 0);
            }
            needs.has_others |= !only_burns(work);
            needs.rows += i64::try_from(work.weight()).unwrap_or(1);
        }
        wallets.sort_unstable();
        wallets.dedup();
        let (mut customer, mut currencies) = (None, BTreeSet::new());
        for (bucket, key) in wallets {
            let next = Some((key.environment, &key.customer));
            if customer != next {
                needs.customers.push(bucket, key.environment, &key.customer);
                customer = next;
            }
            currencies.insert((key.environment, key.currency.as_str()));
            needs.shards.insert(shards.shard(bucket), bucket);
            needs.wallets.push(key);
        }
        for (environment, id) in currencies {
            needs.records.push(Place::new(environment, RecordKind::CustomCurrency, id));
        }
        needs
    }

    /// The wallets.
    pub fn wallets(&self) -> impl Iterator<Item = &'o WalletKey> {
        self.wallets.iter().copied()
    }

    /// Whether nothing but credits is burned and held.
    pub const fn only_burn(&self) -> bool {
        !self.has_others
    }
}

/// What the first flight brought.
pub struct Begun {
    /// What was read.
    pub known: Known,
    /// The transaction's number, by which the server knows what became of it.
    pub transaction: String,
    /// Where the clocks of the environments that have one stand.
    pub clocks: Vec<crate::Record>,
}

/// How a transaction comes by its wallets.
#[derive(Clone, Copy)]
pub enum Hold<'k> {
    /// It locks them and reads them, and what is needed beside them, as it is behind the locks.
    Locks,
    /// It sees everything as of one instant, and is refused if a wallet that it changes was changed by
    /// others since. Those that the node keeps it only looks at.
    Instant(&'k Kept),
}

/// Statements that travel together.
#[derive(Default)]
struct Flight<'a> {
    asks: Vec<Ask<'a>>,
}

impl<'a> Flight<'a> {
    /// Some more; which of the answers are theirs.
    fn add(&mut self, asks: impl IntoIterator<Item = Ask<'a>>) -> Range<usize> {
        let first = self.asks.len();
        self.asks.extend(asks);
        first..self.asks.len()
    }
}

/// Begins a transaction and reads what is needed.
pub fn begin(session: &Session, needs: &Needs<'_>, hold: Hold<'_>) -> Result<Begun, StoreError> {
    let (seen, unseen) = match hold {
        Hold::Locks => (Vec::new(), needs.wallets.clone()),
        Hold::Instant(kept) => kept.part(needs.wallets()),
    };
    let is_locked = matches!(hold, Hold::Locks);
    let shards = session.shards();
    let unseen = shards.apart(unseen);
    let keys: Vec<wallets::Keys> =
        unseen.values().map(|keys| wallets::Keys::of(keys.iter().copied())).collect();
    let mut looked = Seen::default();
    for (_, kept) in &seen {
        looked.push(kept.tid, kept.slot.wallet.sequence(), kept.checksum);
    }
    let exclusive: Vec<i32> = needs.exclusive.iter().copied().collect();
    let mut known = Known::nothing(is_locked);
    // The order matters: what is read is read behind the locks, and positions are taken behind
    // the locks too, so that they ascend in each wallet.
    let exclusive_sql = "
        select pg_advisory_xact_lock($1::integer, environment)
        from unnest($2::integer[]) as e (environment) order by environment";
    let mut flight = Flight::default();
    flight
        .add([ask(if is_locked { "begin" } else { "begin isolation level repeatable read" }, &[])]);
    let entered = flight.add([horizon::enter()]);
    if shards.is_distributed() {
        flight.add([horizon::wait_as_briefly_everywhere()]);
        flight.add(needs.shards.values().map(horizon::enter_shard));
        known.entered = needs.shards.keys().copied().collect();
    }
    flight.add((!exclusive.is_empty()).then(|| ask(exclusive_sql, &[&RECORDS_LOCK, &exclusive])));
    let wallets =
        flight.add(keys.iter().map(|keys| if is_locked { keys.lock() } else { keys.read() }));
    let unchanged = flight.add((!looked.is_empty()).then(|| looked.look()));
    let positions = flight.add([known.positions.ask(&needs.rows)]);
    let names = flight.add(needs.names.values().map(names::Asked::find));
    let records = flight.add((!needs.records.is_empty()).then(|| needs.records.find()));
    let customers = flight.add((!needs.customers.is_empty()).then(|| needs.customers.find()));
    let claims = flight.add((!needs.claims.is_empty()).then(|| needs.claims.find()));
    let clocks = flight.add([records::environments()]);
    let answers = session.flight(&flight.asks)?;
    let one = |which: Range<usize>| {
        answers.get(which).and_then(<[_]>::first).map_or(&[][..], Vec::as_slice)
    };
    known.positions.fill(one(positions))?;
    known.wallets = needs.wallets().map(|key| (key.clone(), Wallet::Absent)).collect();
    for (keys, rows) in unseen.values().zip(&answers[wallets]) {
        for row in rows {
            let (key, found) = wallets::read_found(row, keys)?;
            known.found(key, found);
        }
    }
    let mut changed = Vec::new();
    for ((key, kept), is_unchanged) in seen.into_iter().zip(looked.unchanged(one(unchanged))?) {
        if is_unchanged {
            known.found(key, Found::Slot(kept.slot, kept.tid));
        } else {
            changed.push(key);
        }
    }
    if !changed.is_empty() {
        let keys = wallets::Keys::of(changed.iter().copied());
        let read = keys.read();
        for row in &session.query(read.sql(), read.values())? {
            let (key, found) = wallets::read_found(row, &changed)?;
            known.found(key, found);
        }
    }
    for (asked, rows) in needs.names.values().zip(&answers[names]) {
        known.names.extend(asked.asked().map(|name| (name, None)));
        for row in rows {
            let (name, bucket, entry) = asked.read(row)?;
            known.names.insert(name, Some(entry.position));
            known.entries.insert(entry.position, (bucket, entry));
        }
    }
    known.records = needs.records.places().iter().map(|place| (place.clone(), None)).collect();
    for row in one(records) {
        let record = records::read(row)?;
        let place = Place::new(record.environment, record.kind, &record.id);
        known.records.insert(place, Some(record));
    }
    known.customers = needs.customers.standings(one(customers))?;
    known.claims = needs.claims.asked().map(|scope| (scope, None)).collect();
    for row in one(claims) {
        let (scope, claimed) = answers::read_scope(row)?;
        known.claims.insert(scope, Some(claimed));
    }
    let clocks = one(clocks).iter().map(records::read).collect::<Result<_, _>>()?;
    let none = || StoreError::Failed("a transaction has no number".to_owned());
    let transaction = column(one(entered).first().ok_or_else(none)?, "transaction")?;
    Ok(Begun { known, transaction, clocks })
}

/// What is to be written, packed.
pub struct Writes<'a> {
    changes: &'a Changes,
    pub new_wallets: wallets::Changed,
    /// Those that are written where they lie, on one server.
    pub wallets: Moved,
    /// Those that are written by their keys, in a distributed database.
    pub wallets_by_key: BTreeMap<Shard, wallets::Changed>,
    new_records: records::Changed,
    records: records::Changed,
    new_grants: super::tables::grants::Changed,
    grants: BTreeMap<Shard, super::tables::grants::Changed>,
}

impl<'a> Writes<'a> {
    /// All but the wallets.
    pub fn of(changes: &'a Changes, shards: &Shards) -> Result<Self, StoreError> {
        let mut writes = Self {
            changes,
            new_wallets: wallets::Changed::default(),
            wallets: Moved::default(),
            wallets_by_key: BTreeMap::new(),
            new_records: records::Changed::default(),
            records: records::Changed::default(),
            new_grants: super::tables::grants::Changed::default(),
            grants: BTreeMap::new(),
        };
        for (is_new, record) in changes.records.values() {
            let changed = if *is_new { &mut writes.new_records } else { &mut writes.records };
            changed.push(record)?;
        }
        for (is_new, record) in changes.grants.values() {
            let shard = shards.of_wallet(&record.wallet);
            let changed = match is_new {
                true => &mut writes.new_grants,
                false => writes.grants.entry(shard).or_default(),
            };
            changed.push(record)?;
        }
        Ok(writes)
    }

    /// Nothing.
    pub fn is_empty(&self) -> bool {
        let Changes { entries, events, claims, attempts, .. } = self.changes;
        let Changes { removed_records, forgotten_events, rewritten_rows, .. } = self.changes;
        entries.is_empty()
            && events.is_empty()
            && claims.is_empty()
            && attempts.is_empty()
            && removed_records.is_empty()
            && *forgotten_events == 0
            && *rewritten_rows == 0
            && self.new_records.is_empty()
            && self.records.is_empty()
            && self.new_grants.is_empty()
            && self.grants.is_empty()
    }

    /// Writes and commits; where wallets lie that are worth keeping. `now` is real time, for what is
    /// forgotten some day.
    pub fn commit(&self, session: &Session, now: i64) -> Result<Vec<StoredWallet>, StoreError> {
        let Changes { entries, new_names, names, states, events, claims, attempts, .. } =
            self.changes;
        let mut asks = Vec::new();
        if session.shards().is_distributed() {
            asks.push(horizon::decide_here());
        }
        let updated_at = asks.len();
        let mut add = |is_empty: bool, ask| {
            if !is_empty {
                asks.push(ask);
            }
        };
        add(self.wallets.is_empty(), self.wallets.update());
        for wallets in self.wallets_by_key.values() {
            add(false, wallets.update());
        }
        add(self.new_wallets.is_empty(), self.new_wallets.insert());
        add(entries.is_empty(), entries.insert());
        add(new_names.is_empty(), new_names.insert(&now));
        add(names.is_empty(), names.upsert(&now));
        add(states.is_empty(), states.insert());
        add(self.new_grants.is_empty(), self.new_grants.insert());
        for grants in self.grants.values() {
            add(false, grants.update());
        }
        add(events.is_empty(), events.insert());
        add(claims.is_empty(), claims.insert_claims(&now));
        add(attempts.is_empty(), attempts.insert_attempts(&now));
        if !self.new_records.is_empty() {
            asks.extend(self.new_records.insert());
        }
        if !self.records.is_empty() {
            asks.extend(self.records.update());
        }
        if !self.changes.removed_records.is_empty() {
            asks.extend(self.changes.removed_records.remove());
        }
        asks.push(ask("commit", &[]));
        let answers = session.flight(&asks)?;
        let updated = answers.get(updated_at).filter(|_| !self.wallets.is_empty());
        self.wallets.stored(updated.map_or(&[], Vec::as_slice))
    }
}

/// The clock of an environment, as its record says.
pub fn clock_of(record: &crate::Record) -> Option<(EnvironmentId, scrip_core::Timestamp)> {
    let clock = record.body.get(crate::work::CLOCK_MEMBER)?.as_i64()?;
    let now = scrip_core::Timestamp::from_milliseconds(clock).ok()?;
    Some((EnvironmentId(record.id.parse().ok()?), now))
}

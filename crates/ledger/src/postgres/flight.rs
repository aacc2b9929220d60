//! A transaction's two flights of statements: one that locks and reads what the orders need, one
//! that writes what was decided and commits. Each travels together, so that a transaction takes two
//! round trips whatever it does, unless an order asks for something that nobody foresaw.

use std::collections::BTreeSet;

use scrip_core::{EnvironmentId, WalletKey};
use tokio_postgres::Row;

use super::horizon;
use super::session::{Ask, Session, ask};
use super::tables::records::Place;
use super::tables::{answers, bucket_of, column, names, records, wallets};
use super::unit::{Changes, Known, Wallet};
use crate::work::StoreError;
use crate::{Order, RecordKind, RememberBy, Work};

/// Who changes records of an environment waits for whoever else does. Beside the environment's
/// number, any number does that nobody else uses in the same database.
const RECORDS_LOCK: i32 = 0x7363_7269;

/// What some orders need, as far as it can be foreseen.
#[derive(Default)]
pub struct Needs {
    wallets: BTreeSet<WalletKey>,
    names: names::Asked,
    records: records::Asked,
    claims: answers::Asked,
    /// Environments whose records are changed.
    exclusive: BTreeSet<i32>,
    rows: i64,
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
            // The customer may become known to the provider by it.
            | Work::Collect(_)
    )
}

impl Needs {
    /// What these orders need; the wallet of an order that names only a grant is given.
    pub fn of<'o>(orders: impl Iterator<Item = (&'o Order, Option<&'o WalletKey>)>) -> Self {
        let mut needs = Self::default();
        let mut places = BTreeSet::new();
        for (order, wallet_of_grant) in orders {
            let work = &order.work;
            let named = work.wallets().into_iter().chain(wallet_of_grant);
            for key in named {
                places.insert((key.environment, RecordKind::Customer, key.customer.as_str()));
                places.insert((key.environment, RecordKind::CustomCurrency, key.currency.as_str()));
                needs.wallets.insert(key.clone());
            }
            for (key, name) in work.names() {
                needs.names.push(bucket_of(key.environment, &key.customer), name);
            }
            if let Some(RememberBy::Claim(claim)) = order.remember.as_ref().map(|it| it.by) {
                needs.claims.push(claim.scope);
            }
            if changes_records(work) {
                needs.exclusive.insert(order.environment.0.cast_signed());
            }
            needs.rows += i64::try_from(work.weight()).unwrap_or(1);
        }
        for (environment, kind, id) in places {
            needs.records.push(Place::new(environment, kind, id));
        }
        needs
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

/// Begins a transaction, locks the wallets and reads what is needed, as it is behind the locks.
pub fn begin(session: &Session, needs: &Needs) -> Result<Begun, StoreError> {
    let locked: Vec<&WalletKey> = needs.wallets.iter().collect();
    let keys = wallets::Keys::of(locked.iter().copied());
    let exclusive: Vec<i32> = needs.exclusive.iter().copied().collect();
    let mut known = Known::nothing();
    let has = |is_asked: bool, ask| is_asked.then_some(ask);
    // The order matters: what is read is read behind the locks, and positions are taken behind
    // the locks too, so that they ascend in each wallet.
    let exclusive_sql = "
        select pg_advisory_xact_lock($1::integer, environment)
        from unnest($2::integer[]) as e (environment) order by environment";
    let asks = [
        Some(ask("begin", &[])),
        Some(horizon::enter()),
        has(!exclusive.is_empty(), ask(exclusive_sql, &[&RECORDS_LOCK, &exclusive])),
        has(!locked.is_empty(), keys.lock()),
        Some(known.positions.ask(&needs.rows)),
        has(!needs.names.is_empty(), needs.names.find()),
        has(!needs.records.is_empty(), needs.records.find()),
        has(!needs.claims.is_empty(), needs.claims.find()),
        Some(records::environments()),
    ];
    let is_asked: Vec<bool> = asks.iter().map(Option::is_some).collect();
    let asks: Vec<Ask<'_>> = asks.into_iter().flatten().collect();
    let mut found = session.flight(&asks)?.into_iter();
    let answers: Vec<Vec<Row>> = is_asked
        .into_iter()
        .map(|it| if it { found.next() } else { None }.unwrap_or_default())
        .collect();
    let [_, entered, _, wallets, positions, names, records, claims, clocks] = &answers[..] else {
        return Err(StoreError::Failed("a flight lost an answer".to_owned()));
    };
    known.positions.fill(positions)?;
    known.wallets = locked.iter().map(|key| ((*key).clone(), Wallet::Absent)).collect();
    for row in wallets {
        let (key, found) = wallets::read_locked(row, &locked)?;
        known.wallets.insert(key.clone(), found.into());
    }
    known.names = needs.names.asked().map(|name| (name, None)).collect();
    for row in names {
        let (name, bucket, entry) = needs.names.read(row)?;
        known.names.insert(name, Some(entry.position));
        known.entries.insert(entry.position, (bucket, entry));
    }
    known.records = needs.records.places().iter().map(|place| (place.clone(), None)).collect();
    for row in records {
        let record = records::read(row)?;
        let place = Place::new(record.environment, record.kind, &record.id);
        known.records.insert(place, Some(record));
    }
    known.claims = needs.claims.asked().map(|scope| (scope, None)).collect();
    for row in claims {
        let (scope, claimed) = answers::read_scope(row)?;
        known.claims.insert(scope, Some(claimed));
    }
    let clocks = clocks.iter().map(records::read).collect::<Result<_, _>>()?;
    let none = || StoreError::Failed("a transaction has no number".to_owned());
    let transaction = column(entered.first().ok_or_else(none)?, "transaction")?;
    Ok(Begun { known, transaction, clocks })
}

/// What is to be written, packed.
pub struct Writes<'a> {
    changes: &'a Changes,
    pub new_wallets: wallets::Changed,
    pub wallets: wallets::Changed,
    new_records: records::Changed,
    records: records::Changed,
    new_grants: super::tables::grants::Changed,
    grants: super::tables::grants::Changed,
}

impl<'a> Writes<'a> {
    /// All but the wallets.
    pub fn of(changes: &'a Changes) -> Result<Self, StoreError> {
        let mut writes = Self {
            changes,
            new_wallets: wallets::Changed::default(),
            wallets: wallets::Changed::default(),
            new_records: records::Changed::default(),
            records: records::Changed::default(),
            new_grants: super::tables::grants::Changed::default(),
            grants: super::tables::grants::Changed::default(),
        };
        for (is_new, record) in changes.records.values() {
            let changed = if *is_new { &mut writes.new_records } else { &mut writes.records };
            changed.push(record)?;
        }
        for (is_new, record) in changes.grants.values() {
            let changed = if *is_new { &mut writes.new_grants } else { &mut writes.grants };
            changed.push(record)?;
        }
        Ok(writes)
    }

    /// Nothing.
    pub fn is_empty(&self) -> bool {
        let Changes { entries, events, claims, attempts, .. } = self.changes;
        let Changes { removed_records, forgotten_events, .. } = self.changes;
        entries.is_empty()
            && events.is_empty()
            && claims.is_empty()
            && attempts.is_empty()
            && removed_records.is_empty()
            && *forgotten_events == 0
            && self.new_records.is_empty()
            && self.records.is_empty()
            && self.new_grants.is_empty()
            && self.grants.is_empty()
    }

    /// Writes and commits. `now` is real time, for what is forgotten some day.
    pub fn commit(&self, session: &Session, now: i64) -> Result<(), StoreError> {
        let Changes { entries, names, states, events, claims, attempts, .. } = self.changes;
        let mut asks = Vec::new();
        let mut add = |is_empty: bool, ask| {
            if !is_empty {
                asks.push(ask);
            }
        };
        add(self.new_wallets.is_empty(), self.new_wallets.insert());
        add(self.wallets.is_empty(), self.wallets.update());
        add(entries.is_empty(), entries.insert());
        add(names.is_empty(), names.upsert(&now));
        add(states.is_empty(), states.insert());
        add(self.new_grants.is_empty(), self.new_grants.insert());
        add(self.grants.is_empty(), self.grants.update());
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
        session.flight(&asks).map(drop)
    }
}

/// The clock of an environment, as its record says.
pub fn clock_of(record: &crate::Record) -> Option<(EnvironmentId, scrip_core::Timestamp)> {
    let clock = record.body.get(crate::work::CLOCK_MEMBER)?.as_i64()?;
    let now = scrip_core::Timestamp::from_milliseconds(clock).ok()?;
    Some((EnvironmentId(record.id.parse().ok()?), now))
}

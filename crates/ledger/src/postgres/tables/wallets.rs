//! Wallets as their last rows left them.

use std::sync::Arc;

use scrip_core::{CurrencyId, CustomerId, EnvironmentId, ResourceId, Timestamp, WalletKey};
use tokio_postgres::Row;

use super::places::Tid;
use super::{Stored, bucket_of, column, count, environment, integer};
use crate::RecordKind;
use crate::packed_slot::{pack, pack_key, unpack};
use crate::postgres::session::{Ask, Session, Value, ask};
use crate::slot::{Slot, WalletNumber};
use crate::verifying::Finding;
use crate::work::StoreError;

/// Keys of wallets, column by column.
#[derive(Default)]
pub struct Keys {
    buckets: Vec<i16>,
    environments: Vec<i64>,
    customers: Vec<String>,
    currencies: Vec<String>,
    resources: Vec<String>,
}

impl Keys {
    /// These keys.
    pub fn of<'k>(keys: impl IntoIterator<Item = &'k WalletKey>) -> Self {
        let mut columns = Self::default();
        for key in keys {
            columns.push(key);
        }
        columns
    }

    fn push(&mut self, key: &WalletKey) {
        self.buckets.push(bucket_of(key.environment, &key.customer));
        self.environments.push(key.environment.0.into());
        self.customers.push(key.customer.as_str().to_owned());
        self.currencies.push(key.currency.as_str().to_owned());
        self.resources.push(resource_column(key).to_owned());
    }

    /// Reads these wallets.
    pub fn read(&self) -> Ask<'_> {
        let sql = "
            select k.place, w.ctid as tid, w.slot, w.frozen is not null as is_frozen
            from unnest($1::smallint[], $2::bigint[], $3::text[], $4::text[], $5::text[])
                with ordinality as k (bucket, environment, customer, currency, resource, place)
            join wallets w using (bucket, environment, customer, currency, resource)
            where true /* one shard: w.bucket = any ($1) */";
        let Self { buckets, environments, customers, currencies, resources } = self;
        ask(sql, &[buckets, environments, customers, currencies, resources])
    }

    /// Locks these wallets, in an order that everybody keeps, and reads them as they are then.
    pub fn lock(&self) -> Ask<'_> {
        let sql = "
            select k.place, w.ctid as tid, w.slot, w.frozen is not null as is_frozen
            from unnest($1::smallint[], $2::bigint[], $3::text[], $4::text[], $5::text[])
                with ordinality as k (bucket, environment, customer, currency, resource, place)
            join wallets w using (bucket, environment, customer, currency, resource)
            where true /* one shard: w.bucket = any ($1) */
            order by w.bucket, w.environment, w.customer, w.currency, w.resource
            for update of w";
        let Self { buckets, environments, customers, currencies, resources } = self;
        ask(sql, &[buckets, environments, customers, currencies, resources])
    }
}

fn resource_column(key: &WalletKey) -> &str {
    key.resource.as_ref().map_or("", ResourceId::as_str)
}

/// A wallet as it was found.
pub enum Found {
    /// As its last row left it, and where that lies.
    Slot(Arc<Slot>, Tid),
    /// It takes no orders.
    Frozen,
}

/// Which of the keys a row of [`Keys::lock`] or [`Keys::read`] is about, and what it found.
pub fn read_found<'k>(row: &Row, keys: &[&'k WalletKey]) -> Stored<(&'k WalletKey, Found)> {
    let place: i64 = column(row, "place")?;
    let key = usize::try_from(place - 1).ok().and_then(|place| keys.get(place).copied());
    let key = key.ok_or_else(|| StoreError::Corrupt(format!("wallets: place {place}")))?;
    if column(row, "is_frozen")? {
        return Ok((key, Found::Frozen));
    }
    Ok((key, Found::Slot(Arc::new(read_slot(row, key)?), column(row, "tid")?)))
}

fn read_slot(row: &Row, key: &WalletKey) -> Stored<Slot> {
    let bytes: &[u8] = column(row, "slot")?;
    let wrong = || StoreError::Corrupt(format!("wallets {key:?}: the record cannot be read"));
    unpack(&pack_key(key), bytes).ok_or_else(wrong)
}

/// A wallet, if it has rows.
pub fn slot(session: &Session, key: &WalletKey) -> Stored<Option<Arc<Slot>>> {
    let sql = "
        select slot from wallets
        where bucket = $1 and environment = $2 and customer = $3 and currency = $4
          and resource = $5";
    let row = session.first(
        sql,
        &[
            &bucket_of(key.environment, &key.customer),
            &i64::from(key.environment.0),
            &key.customer.as_str(),
            &key.currency.as_str(),
            &resource_column(key),
        ],
    )?;
    row.map(|row| read_slot(&row, key).map(Arc::new)).transpose()
}

/// The keys of a customer's wallets, in order: by currency, without a resource first.
pub fn wallets_of(
    session: &Session,
    environment: EnvironmentId,
    customer: &CustomerId,
) -> Stored<Vec<WalletKey>> {
    let sql = "
        select environment, customer, currency, resource from wallets
        where bucket = $1 and environment = $2 and customer = $3
        order by currency, resource";
    let bucket = bucket_of(environment, customer);
    let values = [&bucket as _, &i64::from(environment.0) as _, &customer.as_str() as _];
    session.query(sql, &values)?.iter().map(read_key).collect()
}

/// The wallets of an environment that have something due at or before an instant, the earliest
/// first.
pub fn due(
    session: &Session,
    environment: EnvironmentId,
    now: Timestamp,
    most: usize,
) -> Stored<Vec<WalletKey>> {
    let sql = "
        select environment, customer, currency, resource from wallets
        where environment = $1 and due_at <= $2 and frozen is null
        order by due_at limit $3";
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let values = [&i64::from(environment.0) as _, &now.milliseconds() as _, &most as _];
    session.query(sql, &values)?.iter().map(read_key).collect()
}

/// Whose wallet has a number.
pub fn key_of(session: &Session, number: WalletNumber) -> Stored<Option<WalletKey>> {
    let sql = "select environment, customer, currency, resource from wallets where number = $1";
    session.first(sql, &[&integer(number)])?.as_ref().map(read_key).transpose()
}

/// The same of many, as far as they are there.
pub fn keys_of(
    session: &Session,
    numbers: &[WalletNumber],
) -> Stored<Vec<(WalletNumber, WalletKey)>> {
    let sql = "
        select w.number, w.environment, w.customer, w.currency, w.resource
        from unnest($1::bigint[]) as n (number)
        cross join lateral (select * from wallets where number = n.number offset 0) w";
    let of_workers = "
        select number, environment, customer, currency, resource
        from wallets where number = any ($1)";
    let sql = if session.shards().is_distributed() { of_workers } else { sql };
    let numbers: Vec<i64> = numbers.iter().map(|number| integer(*number)).collect();
    let rows = session.query(sql, &[&numbers])?;
    rows.iter().map(|row| Ok((count(row, "number")?, read_key(row)?))).collect()
}

fn read_key(row: &Row) -> Stored<WalletKey> {
    let wrong = |_| StoreError::Corrupt("wallets: an identifier".to_owned());
    let resource: &str = column(row, "resource")?;
    let resource = (!resource.is_empty()).then(|| ResourceId::parse(resource));
    Ok(WalletKey {
        environment: environment(row, "environment")?,
        customer: CustomerId::parse(column(row, "customer")?).map_err(wrong)?,
        currency: CurrencyId::parse(column(row, "currency")?).map_err(wrong)?,
        resource: resource.transpose().map_err(wrong)?,
    })
}

/// A wallet as its table lists it.
#[derive(Clone)]
pub struct Listed {
    pub number: WalletNumber,
    pub key: WalletKey,
    pub sequence: u64,
    pub due_at: Option<i64>,
    pub frozen: Option<String>,
    /// Packed.
    pub slot: Vec<u8>,
}

impl Listed {
    /// The wallet as its rows give it is the one that orders are decided on.
    pub fn compare(&self, slot: &Slot) -> Result<(), Finding> {
        let wrong = |what: &str| {
            let Self { number, key: WalletKey { customer, currency, .. }, .. } = self;
            let told = format!("wallet {number} (customer {customer}, currency {currency})");
            Err(Finding::Other(format!("{told}: {what}")))
        };
        if pack(&pack_key(&self.key), slot).ok().as_ref() != Some(&self.slot) {
            return wrong("it is not what its rows add up to");
        }
        if self.sequence != slot.wallet.sequence() {
            return wrong("it is listed with another number of rows");
        }
        if self.due_at != slot.wallet.next_due().map(|due| due.at.milliseconds()) {
            return wrong("it is listed as due at another instant");
        }
        Ok(())
    }
}

/// Where a wallet stands among those of its bucket, whether or not that can be a key.
pub struct Spot {
    environment: i64,
    customer: String,
    currency: String,
    resource: String,
}

/// A wallet that was met on the way through a bucket.
pub struct Met {
    pub spot: Spot,
    pub number: Stored<WalletNumber>,
    /// As it is listed, if that can be read.
    pub listed: Stored<Listed>,
}

/// The wallet of a bucket behind another one, or the first.
pub fn met_after(session: &Session, bucket: i16, after: Option<&Spot>) -> Stored<Option<Met>> {
    let sql = "
        select number, environment, customer, currency, resource, sequence, due_at, frozen, slot
        from wallets
        where bucket = $1 and (environment, customer, currency, resource) > ($2, $3, $4, $5)
        order by environment, customer, currency, resource limit 1";
    let environment = after.map_or(i64::MIN, |it| it.environment);
    let customer = after.map_or("", |it| &it.customer);
    let currency = after.map_or("", |it| &it.currency);
    let resource = after.map_or("", |it| &it.resource);
    let values: [Value<'_>; 5] = [&bucket, &environment, &customer, &currency, &resource];
    let Some(row) = session.first(sql, &values)? else { return Ok(None) };
    let spot = Spot {
        environment: column(&row, "environment")?,
        customer: column(&row, "customer")?,
        currency: column(&row, "currency")?,
        resource: column(&row, "resource")?,
    };
    Ok(Some(Met { spot, number: count(&row, "number"), listed: read_listed(&row) }))
}

/// All wallets of a bucket, by their numbers; those that cannot be read are told.
pub fn of_bucket(
    session: &Session,
    bucket: i16,
    mut tell: impl FnMut(StoreError),
) -> Stored<Vec<Listed>> {
    let sql = "
        select number, environment, customer, currency, resource, sequence, due_at, frozen, slot
        from wallets where bucket = $1 order by number";
    let rows = session.query(sql, &[&bucket])?;
    let mut wallets = Vec::with_capacity(rows.len());
    for row in &rows {
        read_listed(row).map_or_else(&mut tell, |wallet| wallets.push(wallet));
    }
    Ok(wallets)
}

/// Wallets that take no orders, with the reasons.
pub fn frozen(session: &Session) -> Stored<Vec<(WalletNumber, String)>> {
    let sql = "select number, frozen from wallets where frozen is not null order by number";
    let rows = session.query(sql, &[])?;
    rows.iter().map(|row| Ok((count(row, "number")?, column(row, "frozen")?))).collect()
}

/// Freezes a wallet.
pub fn freeze(session: &Session, number: WalletNumber, reason: &str) -> Stored<()> {
    let sql = "update wallets set frozen = $2 where number = $1";
    session.query(sql, &[&integer(number), &reason]).map(drop)
}

/// Freezes a wallet of a bucket, unless it is frozen.
pub fn freeze_in(session: &Session, bucket: i16, number: WalletNumber, reason: &str) -> Stored<()> {
    let sql = "
        update wallets set frozen = $3 where bucket = $1 and number = $2 and frozen is null";
    session.query(sql, &[&bucket, &integer(number), &reason]).map(drop)
}

/// Lets a wallet of a bucket take orders again.
pub fn thaw(session: &Session, bucket: i16, number: WalletNumber) -> Stored<()> {
    let sql = "update wallets set frozen = null where bucket = $1 and number = $2";
    session.query(sql, &[&bucket, &integer(number)]).map(drop)
}

/// Numbers of wallets of a bucket whose customer has no record.
pub fn of_nobody(session: &Session, bucket: i16) -> Stored<Vec<WalletNumber>> {
    const CUSTOMER: i16 = RecordKind::Customer.number() as i16;
    let sql = "
        select w.number from wallets w
        where w.bucket = $1 and not exists (
            select from records r
            where r.bucket = w.bucket and r.environment = w.environment and r.kind = $2
              and r.id = w.customer)";
    // Records lie with the coordinator, which hands them on.
    let of_workers = "
        with known as materialized (
            select environment, id from records where bucket = $1 and kind = $2
        )
        select w.number from wallets w
        where w.bucket = $1 and not exists (
            select 1 from known k where k.environment = w.environment and k.id = w.customer)";
    let sql = if session.shards().is_distributed() { of_workers } else { sql };
    let rows = session.query(sql, &[&bucket, &CUSTOMER])?;
    rows.iter().map(|row| count(row, "number")).collect()
}

fn read_listed(row: &Row) -> Stored<Listed> {
    Ok(Listed {
        number: count(row, "number")?,
        key: read_key(row)?,
        sequence: count(row, "sequence")?,
        due_at: column(row, "due_at")?,
        frozen: column(row, "frozen")?,
        slot: column(row, "slot")?,
    })
}

/// A wallet as it is stored.
pub fn packed(slot: &Slot) -> Stored<Vec<u8>> {
    pack(&pack_key(slot.wallet.key()), slot)
        .map_err(|error| StoreError::Failed(format!("packing a wallet: {error}")))
}

/// Wallets to be stored, column by column.
#[derive(Default)]
pub struct Changed {
    keys: Keys,
    numbers: Vec<i64>,
    sequences: Vec<i64>,
    due: Vec<Option<i64>>,
    slots: Vec<Vec<u8>>,
}

impl Changed {
    /// None.
    pub const fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// Another one.
    pub fn push(&mut self, slot: &Slot) -> Stored<()> {
        self.keys.push(slot.wallet.key());
        self.numbers.push(integer(slot.number));
        self.sequences.push(integer(slot.wallet.sequence()));
        self.due.push(slot.wallet.next_due().map(|due| due.at.milliseconds()));
        self.slots.push(packed(slot)?);
        Ok(())
    }

    /// Stores them as new ones.
    pub fn insert(&self) -> Ask<'_> {
        let sql = "
            insert into wallets
                (bucket, environment, customer, currency, resource, number, sequence, due_at, slot)
            select * from unnest($1::smallint[], $2::bigint[], $3::text[], $4::text[],
                $5::text[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bytea[])";
        self.ask(sql)
    }

    /// Stores them as they are now.
    pub fn update(&self) -> Ask<'_> {
        let sql = "
            update wallets w
            set sequence = c.sequence, due_at = c.due_at, slot = c.slot
            from unnest($1::smallint[], $2::bigint[], $3::text[], $4::text[], $5::text[],
                    $6::bigint[], $7::bigint[], $8::bigint[], $9::bytea[])
                as c (bucket, environment, customer, currency, resource, number, sequence, due_at,
                    slot)
            where w.bucket = c.bucket and w.environment = c.environment
              and w.customer = c.customer and w.currency = c.currency
              and w.resource = c.resource /* one shard: w.bucket = any ($1) */";
        self.ask(sql)
    }

    fn ask(&self, sql: &'static str) -> Ask<'_> {
        let Self { keys, numbers, sequences, due, slots } = self;
        let Keys { buckets, environments, customers, currencies, resources } = keys;
        let keys: [crate::postgres::session::Value<'_>; 5] =
            [buckets, environments, customers, currencies, resources];
        ask(sql, &[&keys[..], &[numbers, sequences, due, slots]].concat())
    }
}

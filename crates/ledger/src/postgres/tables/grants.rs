//! The facts of grants that their wallets do not keep.

use scrip_core::{CurrencyId, EnvironmentId, GrantId, ResourceId};
use tokio_postgres::Row;

use super::{
    Stored, Stretch, after_last, bucket_column, bucket_of, column, count, environment, group_of,
    integer, stretch,
};
use crate::copying::{After, Batch};
use crate::packed_grant::{pack, unpack};
use crate::postgres::session::{Ask, Session, ask};
use crate::verifying::{Listed, UnreadableGrant};
use crate::work::StoreError;
use crate::{GrantQuery, GrantRecord, PageRequest};

/// A grant's record, where its identifier says that it is.
pub fn grant(
    session: &Session,
    environment: EnvironmentId,
    id: GrantId,
) -> Stored<Option<GrantRecord>> {
    let sql = "
        select ordinal, facts from grants where bucket = $1 and environment = $2 and id = $3";
    let bucket = bucket_column(id.bucket());
    let row = session.first(sql, &[&bucket, &i64::from(environment.0), &id.to_string()])?;
    row.as_ref().map(read).transpose()
}

/// A page of grants by ordinal.
macro_rules! listed {
    ($direction:literal) => {
        concat!(
            "select ordinal, facts from grants
             where bucket = $1 and environment = $2 and customer = $3 and resource = $4
               and ($5::text is null or currency = $5) and created_at between $6 and $7
               and ordinal > $8 and ordinal < $9
             order by ordinal",
            $direction
        )
    };
}

/// The grants of a query that a page may show and one more, walking away from its start.
pub fn grants(
    session: &Session,
    query: &GrantQuery,
    page: PageRequest,
) -> Stored<Vec<(u64, GrantRecord)>> {
    let (low, high) = query.created.bounds();
    let Stretch { after, before, down, most } = stretch(page);
    let sql = if down { listed!(" desc limit $10") } else { listed!(" limit $10") };
    let rows = session.query(
        sql,
        &[
            &bucket_of(query.environment, &query.customer),
            &i64::from(query.environment.0),
            &query.customer.as_str(),
            &query.resource.as_ref().map_or("", ResourceId::as_str),
            &query.currency.as_ref().map(CurrencyId::as_str),
            &low,
            &high,
            &after,
            &before,
            &most,
        ],
    )?;
    let mut grants = Vec::with_capacity(rows.len());
    for row in &rows {
        let record = read(row)?;
        grants.push((record.ordinal, record));
    }
    Ok(grants)
}

fn read(row: &Row) -> Stored<GrantRecord> {
    let ordinal = count(row, "ordinal")?;
    let facts: &[u8] = column(row, "facts")?;
    let wrong = |error| StoreError::Corrupt(format!("grants {ordinal}: facts: {error}"));
    let mut record = unpack(facts).map_err(wrong)?;
    record.ordinal = ordinal;
    Ok(record)
}

/// Some grants behind another, by bucket and ordinal.
pub fn after(session: &Session, after: After, most: i64) -> Stored<Batch<GrantRecord>> {
    let sql = "
        select bucket, ordinal, facts from grants where (bucket, ordinal) > ($1, $2)
        order by bucket, ordinal limit $3";
    let rows = session.query(sql, &[&group_of(after), &integer(after.number), &most])?;
    let items = rows.iter().map(read).collect::<Stored<_>>()?;
    Ok(Batch { items, after: after_last(&rows, after)? })
}

/// Shows all grants of a bucket, in order, and those that cannot be read.
pub fn each_of_bucket(
    session: &Session,
    bucket: i16,
    show: &mut dyn FnMut(Result<Listed, UnreadableGrant>),
) -> Stored<()> {
    let sql = "
        select ordinal, environment, id, customer, resource, currency, created_at, facts
        from grants where bucket = $1 order by ordinal";
    for row in &session.query(sql, &[&bucket])? {
        show(read_listed(row, bucket));
    }
    Ok(())
}

fn read_listed(row: &Row, bucket: i16) -> Result<Listed, UnreadableGrant> {
    let unreadable = |of, error| UnreadableGrant { of, error };
    let named = environment(row, "environment").and_then(|it| Ok((it, column(row, "id")?)));
    let (environment, id): (_, &str) = named.map_err(|error| unreadable(None, error))?;
    let of = GrantId::parse(id).map(|id| (environment, id));
    let record = read(row).map_err(|error| unreadable(of, error))?;
    let columns_fit = columns_fit(row, bucket, &record).map_err(|error| unreadable(of, error))?;
    Ok(Listed { environment, id: id.to_owned(), columns_fit, is_sealed: true, record })
}

/// The columns say what the record says.
fn columns_fit(row: &Row, bucket: i16, record: &GrantRecord) -> Stored<bool> {
    let mut fitting = Changed::default();
    fitting.push(record)?;
    let told = Changed {
        buckets: vec![bucket],
        ordinals: vec![column(row, "ordinal")?],
        environments: vec![column(row, "environment")?],
        ids: vec![column(row, "id")?],
        customers: vec![column(row, "customer")?],
        resources: vec![column(row, "resource")?],
        currencies: vec![column(row, "currency")?],
        created: vec![column(row, "created_at")?],
        facts: vec![column(row, "facts")?],
    };
    Ok(told == fitting && bucket_column(record.grant.name.id.bucket()) == bucket)
}

/// Grants to be stored, column by column.
#[derive(Default, PartialEq)]
pub struct Changed {
    buckets: Vec<i16>,
    ordinals: Vec<i64>,
    environments: Vec<i64>,
    ids: Vec<String>,
    customers: Vec<String>,
    resources: Vec<String>,
    currencies: Vec<String>,
    created: Vec<i64>,
    facts: Vec<Vec<u8>>,
}

impl Changed {
    /// None.
    pub const fn is_empty(&self) -> bool {
        self.ordinals.is_empty()
    }

    /// Another one.
    pub fn push(&mut self, record: &GrantRecord) -> Stored<()> {
        let key = &record.wallet;
        let facts = pack(record)
            .map_err(|error| StoreError::Failed(format!("packing a grant: {error}")))?;
        self.buckets.push(bucket_of(key.environment, &key.customer));
        self.ordinals.push(integer(record.ordinal));
        self.environments.push(key.environment.0.into());
        self.ids.push(record.grant.name.id.to_string());
        self.customers.push(key.customer.as_str().to_owned());
        self.resources.push(key.resource.as_ref().map_or("", ResourceId::as_str).to_owned());
        self.currencies.push(key.currency.as_str().to_owned());
        self.created.push(record.grant.created_at.milliseconds());
        self.facts.push(facts);
        Ok(())
    }

    /// Stores them as new ones.
    pub fn insert(&self) -> Ask<'_> {
        let sql = "
            insert into grants
                (bucket, ordinal, environment, id, customer, resource, currency, created_at, facts)
            select * from unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::text[],
                $5::text[], $6::text[], $7::text[], $8::bigint[], $9::bytea[])";
        ask(
            sql,
            &[
                &self.buckets,
                &self.ordinals,
                &self.environments,
                &self.ids,
                &self.customers,
                &self.resources,
                &self.currencies,
                &self.created,
                &self.facts,
            ],
        )
    }

    /// Stores them as they are now.
    pub fn update(&self) -> Ask<'_> {
        let sql = "
            update grants g set facts = c.facts
            from unnest($1::smallint[], $2::bigint[], $3::bytea[]) as c (bucket, ordinal, facts)
            where g.bucket = c.bucket and g.ordinal = c.ordinal /* one shard: g.bucket = any ($1) */";
        ask(sql, &[&self.buckets, &self.ordinals, &self.facts])
    }
}

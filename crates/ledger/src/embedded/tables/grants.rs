//! The facts of grants that their wallets do not keep.

use rusqlite::{Connection, Row as SqlRow, params};
use scrip_core::{CurrencyId, EnvironmentId, GrantId, ResourceId};

use super::seal::{self, Seal};
use super::{Stored, as_integer, first, push_stretch};
use crate::packed_grant;
use crate::verifying::{Listed, UnreadableGrant};
use crate::work::StoreError;
use crate::{GrantQuery, GrantRecord, PageRequest};

/// What is read of a grant.
macro_rules! columns {
    ($rest:literal) => {
        concat!(
            "select ordinal, environment, id, customer, resource, currency, created_at, facts, seal
             from grants ",
            $rest
        )
    };
}

pub(in crate::embedded) fn insert_grant(
    connection: &Connection,
    record: &GrantRecord,
) -> Stored<()> {
    let sql = "insert into grants
                   (ordinal, environment, id, customer, resource, currency, created_at, facts,
                    seal)
               values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    let key = &record.wallet;
    let facts = grant_facts(record)?;
    let seal = GrantColumns::of(record).seal(record.ordinal, &facts);
    connection.prepare_cached(sql)?.execute(params![
        record.ordinal,
        key.environment.0,
        record.grant.name.id.to_string(),
        key.customer.as_str(),
        key.resource.as_ref().map(ResourceId::as_str),
        key.currency.as_str(),
        record.grant.created_at.milliseconds(),
        facts,
        seal
    ])?;
    Ok(())
}

pub(in crate::embedded) fn update_grant(
    connection: &Connection,
    record: &GrantRecord,
) -> Stored<()> {
    let sql = "update grants set facts = ?2, seal = ?3 where ordinal = ?1";
    let facts = grant_facts(record)?;
    let seal = GrantColumns::of(record).seal(record.ordinal, &facts);
    connection.prepare_cached(sql)?.execute(params![record.ordinal, facts, seal])?;
    Ok(())
}

pub(in crate::embedded) fn grant(
    connection: &Connection,
    environment: EnvironmentId,
    id: GrantId,
) -> Stored<Option<GrantRecord>> {
    let sql = columns!("where environment = ?1 and id = ?2 order by ordinal limit 1");
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![environment.0, id.to_string()])?;
    rows.next()?.map(read_sealed_grant).transpose()
}

pub(in crate::embedded) fn last_grant(connection: &Connection) -> Stored<u64> {
    Ok(connection.query_row("select coalesce(max(ordinal), 0) from grants", [], first)?)
}

/// Some grants behind an ordinal, in order.
pub(in crate::embedded) fn grants_after(
    connection: &Connection,
    ordinal: u64,
    most: usize,
) -> Stored<Vec<GrantRecord>> {
    let sql = columns!("where ordinal > ?1 order by ordinal limit ?2");
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![ordinal, as_integer(most)])?;
    let mut grants = Vec::new();
    while let Some(row) = rows.next()? {
        grants.push(read_sealed_grant(row)?);
    }
    Ok(grants)
}

/// The grants of a query that a page may show and one more, walking away from its start.
pub(in crate::embedded) fn grants(
    connection: &Connection,
    query: &GrantQuery,
    page: PageRequest,
) -> Stored<Vec<(u64, GrantRecord)>> {
    let (low, high) = query.created.bounds();
    let mut sql = columns!(
        "where environment = ?1 and customer = ?2 and resource is ?3
           and (?4 is null or currency = ?4) and created_at between ?5 and ?6"
    )
    .to_owned();
    push_stretch(&mut sql, page);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![
        query.environment.0,
        query.customer.as_str(),
        query.resource.as_ref().map(ResourceId::as_str),
        query.currency.as_ref().map(CurrencyId::as_str),
        low,
        high
    ])?;
    let mut grants = Vec::new();
    while let Some(row) = rows.next()? {
        let record = read_sealed_grant(row)?;
        grants.push((record.ordinal, record));
    }
    Ok(grants)
}

/// What the columns say of a grant: by these it is found.
struct GrantColumns {
    environment: EnvironmentId,
    id: String,
    customer: String,
    resource: Option<String>,
    currency: String,
    created_at: i64,
    /// With the seal that lies there, they and the facts say what was written.
    is_sealed: bool,
}

impl GrantColumns {
    fn read(row: &SqlRow<'_>) -> rusqlite::Result<Self> {
        let mut columns = Self {
            environment: EnvironmentId(row.get("environment")?),
            id: row.get("id")?,
            customer: row.get("customer")?,
            resource: row.get("resource")?,
            currency: row.get("currency")?,
            created_at: row.get("created_at")?,
            is_sealed: false,
        };
        let (ordinal, stated): (u64, u32) = (row.get("ordinal")?, row.get("seal")?);
        let facts = row.get_ref("facts")?;
        let facts = facts.as_blob().unwrap_or_default();
        columns.is_sealed = columns.seal(ordinal, facts) == stated;
        Ok(columns)
    }

    fn of(record: &GrantRecord) -> Self {
        let key = &record.wallet;
        Self {
            environment: key.environment,
            id: record.grant.name.id.to_string(),
            customer: key.customer.as_str().to_owned(),
            resource: key.resource.as_ref().map(|id| id.as_str().to_owned()),
            currency: key.currency.as_str().to_owned(),
            created_at: record.grant.created_at.milliseconds(),
            is_sealed: true,
        }
    }

    fn seal(&self, ordinal: u64, facts: &[u8]) -> u32 {
        Seal::of("grants")
            .number(ordinal)
            .number(self.environment.0)
            .text(&self.id)
            .text(&self.customer)
            .maybe(self.resource.as_deref(), Seal::text)
            .text(&self.currency)
            .number(self.created_at)
            .bytes(facts)
            .finish()
    }

    fn listed(self, record: GrantRecord) -> Listed {
        let columns_fit = self.are_of(&record);
        let Self { environment, id, is_sealed, .. } = self;
        Listed { environment, id, columns_fit, is_sealed, record }
    }

    /// They say what the record says.
    fn are_of(&self, record: &GrantRecord) -> bool {
        let key = &record.wallet;
        self.environment == key.environment
            && self.id == record.grant.name.id.to_string()
            && self.customer == key.customer.as_str()
            && self.resource.as_deref() == key.resource.as_ref().map(ResourceId::as_str)
            && self.currency == key.currency.as_str()
            && self.created_at == record.grant.created_at.milliseconds()
    }
}

/// Shows all grants, in order, and those that cannot be read.
pub(in crate::embedded) fn each_grant(
    connection: &Connection,
    show: &mut dyn FnMut(Result<Listed, UnreadableGrant>),
) -> Stored<()> {
    let sql = columns!("order by ordinal");
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let ordinal: u64 = row.get("ordinal")?;
        let wrong = |error| StoreError::Corrupt(format!("grants {ordinal}: {error}"));
        show(match GrantColumns::read(row) {
            Ok(columns) => {
                let of = GrantId::parse(&columns.id).map(|id| (columns.environment, id));
                read_grant(row)
                    .map(|record| columns.listed(record))
                    .map_err(|error| UnreadableGrant { of, error })
            }
            Err(error) => Err(UnreadableGrant { of: None, error: wrong(error) }),
        });
    }
    Ok(())
}

fn read_sealed_grant(row: &SqlRow<'_>) -> Stored<GrantRecord> {
    let ordinal: u64 = row.get("ordinal")?;
    let columns = GrantColumns::read(row);
    let columns =
        columns.map_err(|error| StoreError::Corrupt(format!("grants {ordinal}: {error}")))?;
    seal::check(columns.is_sealed, "grants", ordinal)?;
    read_grant(row)
}

fn read_grant(row: &SqlRow<'_>) -> Stored<GrantRecord> {
    let ordinal: u64 = row.get("ordinal")?;
    let wrong = |error| StoreError::Corrupt(format!("grants {ordinal}: {error}"));
    let facts: Vec<u8> = row.get("facts").map_err(wrong)?;
    let mut record = packed_grant::unpack(&facts)
        .map_err(|error| StoreError::Corrupt(format!("grants {ordinal}: facts: {error}")))?;
    record.ordinal = ordinal;
    Ok(record)
}

fn grant_facts(record: &GrantRecord) -> Stored<Vec<u8>> {
    packed_grant::pack(record)
        .map_err(|error| StoreError::Failed(format!("packing a grant: {error}")))
}

//! Customers, currencies and the other records.

use std::collections::HashMap;

use scrip_core::{CustomerId, EnvironmentId, Timestamp};
use tokio_postgres::Row;

use super::{
    Stored, Stretch, after_last, bucket_column, bucket_of, column, count, environment, group_of,
    instant, integer, stretch,
};
use crate::copying::{After, Batch};
use crate::postgres::session::{Ask, Session, ask};
use crate::work::{Standing, StoreError};
use crate::{InvoiceId, PageRequest, Record, RecordKind, RecordQuery};

/// What is read of a record.
macro_rules! columns {
    ($rest:literal) => {
        concat!(
            "select r.ordinal, r.environment, r.kind, r.id, r.created_at, r.updated_at,
                 r.archived_at, r.body::text as body ",
            $rest
        )
    };
}

/// Which record.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// Where.
    pub environment: EnvironmentId,
    /// What.
    pub kind: RecordKind,
    /// Its identifier.
    pub id: String,
}

impl Place {
    /// The record of a kind with this identifier.
    pub fn new(environment: EnvironmentId, kind: RecordKind, id: &str) -> Self {
        Self { environment, kind, id: id.to_owned() }
    }

    /// Where it lies: with its customer, if it is one or belongs to one by its identifier.
    fn bucket(&self) -> i16 {
        if matches!(self.kind, RecordKind::Invoice | RecordKind::Collection) {
            return InvoiceId::parse(&self.id).map_or(0, |id| bucket_column(id.grant().bucket()));
        }
        let customer = match self.kind {
            RecordKind::Customer | RecordKind::Erasure => Some(self.id.as_str()),
            RecordKind::Resource => self.id.split_once('/').map(|(customer, _)| customer),
            _ => None,
        };
        let customer = customer.and_then(|id| scrip_core::CustomerId::parse(id).ok());
        customer.map_or(0, |customer| bucket_of(self.environment, &customer))
    }

    fn of(record: &Record) -> Self {
        Self::new(record.environment, record.kind, &record.id)
    }
}

/// How customers stand; none for those who are not known.
pub type Standings = HashMap<EnvironmentId, HashMap<String, Option<Standing>>>;

/// Customers of whom it is asked how they stand, column by column.
#[derive(Default)]
pub struct Customers {
    buckets: Vec<i16>,
    environments: Vec<i64>,
    ids: Vec<String>,
}

impl Customers {
    /// Another one.
    pub fn push(&mut self, bucket: i16, environment: EnvironmentId, id: &CustomerId) {
        self.buckets.push(bucket);
        self.environments.push(environment.0.into());
        self.ids.push(id.as_str().to_owned());
    }

    /// None.
    pub const fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Those of them who are known, and whether they are archived. Nothing but that is asked of most
    /// customers. Their kind stands in the statement, so that the index of what is unique serves it.
    pub fn find(&self) -> Ask<'_> {
        const { assert!(RecordKind::Customer.number() == 4) };
        let sql = "
            select k.place, r.is_archived
            from unnest($1::smallint[], $2::bigint[], $3::text[])
                with ordinality as k (bucket, environment, id, place)
            cross join lateral (
                select r.archived_at is not null as is_archived from records r
                where r.bucket = k.bucket and r.environment = k.environment and r.kind = 4
                  and r.id = k.id
                limit 1
            ) r";
        ask(sql, &[&self.buckets, &self.environments, &self.ids])
    }

    /// How all of them stand, as the rows of [`Self::find`] say; none for those who are not known.
    pub fn standings(&self, rows: &[Row]) -> Stored<Standings> {
        let mut found = vec![None; self.ids.len()];
        for row in rows {
            let place: i64 = column(row, "place")?;
            let is_archived = column(row, "is_archived")?;
            let at = usize::try_from(place - 1).ok().and_then(|at| found.get_mut(at));
            let at = at.ok_or_else(|| StoreError::Corrupt(format!("records: place {place}")))?;
            *at = Some(Standing { is_archived, ..Standing::NEW });
        }
        let mut standings = Standings::new();
        for ((environment, id), standing) in self.environments.iter().zip(&self.ids).zip(found) {
            let environment = EnvironmentId(u32::try_from(*environment).unwrap_or_default());
            standings.entry(environment).or_default().insert(id.clone(), standing);
        }
        Ok(standings)
    }
}

/// Records to be looked up, column by column.
#[derive(Default)]
pub struct Asked {
    places: Vec<Place>,
    buckets: Vec<i16>,
    environments: Vec<i64>,
    kinds: Vec<i16>,
    ids: Vec<String>,
}

impl Asked {
    /// Another one.
    pub fn push(&mut self, place: Place) {
        self.buckets.push(place.bucket());
        self.environments.push(place.environment.0.into());
        self.kinds.push(kind_column(place.kind));
        self.ids.push(place.id.clone());
        self.places.push(place);
    }

    /// None.
    pub const fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// What is asked for.
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// The live record of each identifier, else the one archived last.
    pub fn find(&self) -> Ask<'_> {
        let sql = columns!(
            "from unnest($1::smallint[], $2::bigint[], $3::smallint[], $4::text[])
                 as k (bucket, environment, kind, id)
             cross join lateral (
                 select * from records r
                 where r.bucket = k.bucket and r.environment = k.environment and r.kind = k.kind
                   and r.id = k.id
                 order by r.archived_at is not null, r.archived_at desc, r.ordinal desc limit 1
             ) r"
        );
        ask(sql, &[&self.buckets, &self.environments, &self.kinds, &self.ids])
    }
}

/// The live record of an identifier, else the one archived last.
pub fn record(session: &Session, place: &Place) -> Stored<Option<Record>> {
    let sql = columns!(
        "from records r
         where r.bucket = $1 and r.environment = $2 and r.kind = $3 and r.id = $4
         order by r.archived_at is not null, r.archived_at desc, r.ordinal desc limit 1"
    );
    let (environment, kind) = (i64::from(place.environment.0), kind_column(place.kind));
    let row = session.first(sql, &[&place.bucket(), &environment, &kind, &place.id])?;
    row.as_ref().map(read).transpose()
}

/// The record of an ordinal.
pub fn record_at(session: &Session, ordinal: u64) -> Stored<Option<Record>> {
    let sql = columns!("from records r where r.ordinal = $1 and r.bucket = 0");
    session.first(sql, &[&integer(ordinal)])?.as_ref().map(read).transpose()
}

/// An archived record of an identifier exists.
pub fn has_archived(session: &Session, place: &Place) -> Stored<bool> {
    let sql = "
        select 1 from records
        where bucket = $1 and environment = $2 and kind = $3 and id = $4
          and archived_at is not null limit 1";
    let (environment, kind) = (i64::from(place.environment.0), kind_column(place.kind));
    Ok(session.first(sql, &[&place.bucket(), &environment, &kind, &place.id])?.is_some())
}

/// Records of a kind that are not archived.
pub fn count_live(
    session: &Session,
    environment: EnvironmentId,
    kind: RecordKind,
) -> Stored<usize> {
    let sql = "
        select count(*) as live from records
        where environment = $1 and kind = $2 and archived_at is null";
    let values = [&i64::from(environment.0) as _, &kind_column(kind) as _];
    let live = session.first(sql, &values)?.as_ref().map(|row| count(row, "live")).transpose()?;
    Ok(usize::try_from(live.unwrap_or(0)).unwrap_or(usize::MAX))
}

/// All records of a kind that belong to no environment, in order.
pub fn all_of_system(session: &Session, kind: RecordKind) -> Stored<Vec<Record>> {
    let rows = session.query(ALL_OF_SYSTEM, &[&kind_column(kind)])?;
    rows.iter().map(read).collect()
}

/// Those of them that were made behind an ordinal.
pub fn of_system_behind(session: &Session, kind: RecordKind, ordinal: u64) -> Stored<Vec<Record>> {
    let sql = columns!(
        "from records r where r.environment = 0 and r.kind = $1 and r.ordinal > $2
         order by r.ordinal"
    );
    let rows = session.query(sql, &[&kind_column(kind), &integer(ordinal)])?;
    rows.iter().map(read).collect()
}

/// Asks for the environments: their clocks stand in them.
pub fn environments() -> Ask<'static> {
    const KIND: i16 = kind_column(RecordKind::Environment);
    ask(ALL_OF_SYSTEM, &[&KIND])
}

const ALL_OF_SYSTEM: &str =
    columns!("from records r where r.environment = 0 and r.kind = $1 order by r.ordinal");

/// A kind as it is bound.
const fn kind_column(kind: RecordKind) -> i16 {
    kind.number() as i16
}

/// Pages of records by ordinal: all of a kind, or those with a member, which the index finds.
macro_rules! listed {
    (all $direction:literal) => {
        listed!(@ "from records r
             where cardinality($6::text[]) + cardinality($7::bytea[]) = 0" $direction)
    };
    (with_member $direction:literal) => {
        listed!(@ "from record_keys f
             join records r on r.bucket = f.bucket and r.ordinal = f.ordinal
             where f.environment = $1 and f.kind = $2
               and f.name = ($6::text[])[1] and f.value = ($7::bytea[])[1]
               and f.ordinal > $8 and f.ordinal < $9
               and not exists (
                   select from unnest($6, $7) as m (name, value)
                   where not exists (
                       select from record_keys k
                       where k.bucket = r.bucket and k.ordinal = r.ordinal
                         and k.name = m.name and k.value = m.value))" $direction)
    };
    (@ $from:literal $direction:literal) => {
        concat!(
            columns!(""),
            $from,
            " and r.environment = $1 and r.kind = $2 and r.created_at between $3 and $4
              and ($5::boolean is null or (r.archived_at is not null) = $5)
              and r.ordinal > $8 and r.ordinal < $9
              order by r.ordinal",
            $direction,
            " limit $10"
        )
    };
}

/// The records of a query that a page may show and one more, walking away from its start.
pub fn records(
    session: &Session,
    query: &RecordQuery,
    page: PageRequest,
) -> Stored<Vec<(u64, Record)>> {
    let (low, high) = query.created.bounds();
    let (names, values): (Vec<&str>, Vec<&[u8]>) =
        query.matching.iter().map(|(name, value)| (*name, value.as_bytes())).unzip();
    let Stretch { after, before, down, most } = stretch(page);
    let sql = match (names.is_empty(), down) {
        (true, true) => listed!(all " desc"),
        (true, false) => listed!(all ""),
        (false, true) => listed!(with_member " desc"),
        (false, false) => listed!(with_member ""),
    };
    let rows = session.query(
        sql,
        &[
            &i64::from(query.environment.0),
            &kind_column(query.kind),
            &low,
            &high,
            &query.archived,
            &names,
            &values,
            &after,
            &before,
            &most,
        ],
    )?;
    let mut records = Vec::with_capacity(rows.len());
    for row in &rows {
        let record = read(row)?;
        records.push((record.ordinal, record));
    }
    Ok(records)
}

/// Some records behind another, by bucket and ordinal.
pub fn after(session: &Session, after: After, most: i64) -> Stored<Batch<Record>> {
    let sql = concat!(
        columns!(", r.bucket from records r where (r.bucket, r.ordinal) > ($1, $2) "),
        "order by r.bucket, r.ordinal limit $3"
    );
    let rows = session.query(sql, &[&group_of(after), &integer(after.number), &most])?;
    let items = rows.iter().map(read).collect::<Stored<_>>()?;
    Ok(Batch { items, after: after_last(&rows, after)? })
}

/// Reads all records of a bucket; what is wrong with them is told. How many there are, and the
/// highest ordinal.
pub fn check_of_bucket(
    session: &Session,
    bucket: i16,
    mut tell: impl FnMut(StoreError),
) -> Stored<(usize, u64)> {
    let sql = columns!(
        ", coalesce((select jsonb_object_agg(k.name, encode(k.value, 'hex'))
                     from record_keys k
                     where k.bucket = r.bucket and k.ordinal = r.ordinal
                       and k.environment = r.environment and k.kind = r.kind), '{}')::text as keys
         from records r where r.bucket = $1 order by r.ordinal"
    );
    let rows = session.query(sql, &[&bucket])?;
    for row in &rows {
        check(row, bucket).unwrap_or_else(&mut tell);
    }
    let lost = "
        select k.ordinal from record_keys k
        where k.bucket = $1 and not exists (
            select from records r
            where r.bucket = k.bucket and r.ordinal = k.ordinal
              and r.environment = k.environment and r.kind = k.kind)
        limit 1";
    if let Some(row) = session.first(lost, &[&bucket])? {
        let what = format!("record_keys {}: of no such record", count(&row, "ordinal")?);
        tell(StoreError::Corrupt(what));
    }
    let last = rows.last().map_or(Ok(0), |last| count(last, "ordinal"))?;
    Ok((rows.len(), last))
}

fn check(row: &Row, bucket: i16) -> Stored<()> {
    let record = read(row)?;
    let ordinal = record.ordinal;
    let wrong = |what: &str| Err(StoreError::Corrupt(format!("records {ordinal}: {what}")));
    if Place::of(&record).bucket() != bucket {
        return wrong("it lies in another bucket");
    }
    let keys: &str = column(row, "keys")?;
    let keys: Option<HashMap<String, String>> = serde_json::from_str(keys).ok();
    let hex = |value: &str| value.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    let fitting = record.keys().map(|(name, value)| (name.to_owned(), hex(value))).collect();
    if keys != Some(fitting) {
        return wrong("it cannot be listed by what it says");
    }
    Ok(())
}

/// Reads a record.
pub fn read(row: &Row) -> Stored<Record> {
    let ordinal = count(row, "ordinal")?;
    let wrong = |what: &str| StoreError::Corrupt(format!("records {ordinal}: {what}"));
    let kind: i16 = column(row, "kind")?;
    let kind = u8::try_from(kind).ok().and_then(RecordKind::of_number);
    let body: &str = column(row, "body")?;
    let archived_at: Option<i64> = column(row, "archived_at")?;
    let archived_at = archived_at.map(Timestamp::from_milliseconds).transpose();
    Ok(Record {
        ordinal,
        environment: environment(row, "environment")?,
        kind: kind.ok_or_else(|| wrong("its kind"))?,
        id: column(row, "id")?,
        created_at: instant(row, "created_at")?,
        updated_at: instant(row, "updated_at")?,
        archived_at: archived_at.map_err(|_| wrong("an instant"))?,
        body: serde_json::from_str(body).map_err(|_| wrong("its body"))?,
    })
}

/// Records to be stored, column by column.
#[derive(Default)]
pub struct Changed {
    buckets: Vec<i16>,
    ordinals: Vec<i64>,
    environments: Vec<i64>,
    kinds: Vec<i16>,
    ids: Vec<String>,
    created: Vec<i64>,
    updated: Vec<i64>,
    archived: Vec<Option<i64>>,
    bodies: Vec<String>,
    keys: Members,
}

/// Records to be removed, column by column.
#[derive(Default)]
pub struct Removed {
    buckets: Vec<i16>,
    ordinals: Vec<i64>,
}

impl Removed {
    /// None.
    pub const fn is_empty(&self) -> bool {
        self.ordinals.is_empty()
    }

    /// Another one.
    pub fn push(&mut self, place: &Place, ordinal: u64) {
        self.buckets.push(place.bucket());
        self.ordinals.push(integer(ordinal));
    }

    /// Removes them.
    pub fn remove(&self) -> [Ask<'_>; 2] {
        let record = "
            delete from records r
            using unnest($1::smallint[], $2::bigint[]) as c (bucket, ordinal)
            where r.bucket = c.bucket and r.ordinal = c.ordinal";
        let Self { buckets, ordinals } = self;
        [ask(FORGET_KEYS, &[buckets, ordinals]), ask(record, &[buckets, ordinals])]
    }
}

/// Removes what records can be listed by.
const FORGET_KEYS: &str = "
    delete from record_keys k
    using unnest($1::smallint[], $2::bigint[]) as c (bucket, ordinal)
    where k.bucket = c.bucket and k.ordinal = c.ordinal";

/// Members by which records can be listed, column by column.
#[derive(Default)]
struct Members {
    buckets: Vec<i16>,
    ordinals: Vec<i64>,
    names: Vec<String>,
    values: Vec<Vec<u8>>,
    environments: Vec<i64>,
    kinds: Vec<i16>,
}

impl Changed {
    /// None.
    pub const fn is_empty(&self) -> bool {
        self.ordinals.is_empty()
    }

    /// Another one.
    pub fn push(&mut self, record: &Record) -> Stored<()> {
        let body = serde_json::to_string(&record.body)
            .map_err(|error| StoreError::Failed(format!("writing a record: {error}")))?;
        let (bucket, ordinal) = (Place::of(record).bucket(), integer(record.ordinal));
        let environment = i64::from(record.environment.0);
        self.buckets.push(bucket);
        self.ordinals.push(ordinal);
        self.environments.push(environment);
        self.kinds.push(kind_column(record.kind));
        self.ids.push(record.id.clone());
        self.created.push(record.created_at.milliseconds());
        self.updated.push(record.updated_at.milliseconds());
        self.archived.push(record.archived_at.map(Timestamp::milliseconds));
        self.bodies.push(body);
        for (name, value) in record.keys() {
            self.keys.buckets.push(bucket);
            self.keys.ordinals.push(ordinal);
            self.keys.names.push(name.to_owned());
            self.keys.values.push(value.as_bytes().to_vec());
            self.keys.environments.push(environment);
            self.keys.kinds.push(kind_column(record.kind));
        }
        Ok(())
    }

    /// Stores them as new ones.
    pub fn insert(&self) -> Vec<Ask<'_>> {
        let sql = "
            insert into records
                (bucket, ordinal, environment, kind, id, created_at, updated_at, archived_at, body)
            select bucket, ordinal, environment, kind, id, created_at, updated_at, archived_at,
                body::json
            from unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::smallint[], $5::text[],
                    $6::bigint[], $7::bigint[], $8::bigint[], $9::text[])
                as c (bucket, ordinal, environment, kind, id, created_at, updated_at, archived_at,
                    body)";
        let insert = ask(
            sql,
            &[
                &self.buckets,
                &self.ordinals,
                &self.environments,
                &self.kinds,
                &self.ids,
                &self.created,
                &self.updated,
                &self.archived,
                &self.bodies,
            ],
        );
        vec![insert, self.insert_keys()]
    }

    /// Stores them as they are now.
    pub fn update(&self) -> Vec<Ask<'_>> {
        let update = "
            update records r
            set updated_at = c.updated_at, archived_at = c.archived_at, body = c.body::json
            from unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[])
                as c (bucket, ordinal, updated_at, archived_at, body)
            where r.bucket = c.bucket and r.ordinal = c.ordinal";
        let Self { buckets, ordinals, updated, archived, bodies, .. } = self;
        vec![
            ask(update, &[buckets, ordinals, updated, archived, bodies]),
            ask(FORGET_KEYS, &[buckets, ordinals]),
            self.insert_keys(),
        ]
    }

    fn insert_keys(&self) -> Ask<'_> {
        let sql = "
            insert into record_keys (bucket, ordinal, name, value, environment, kind)
            select * from unnest($1::smallint[], $2::bigint[], $3::text[], $4::bytea[],
                $5::bigint[], $6::smallint[])";
        let Members { buckets, ordinals, names, values, environments, kinds } = &self.keys;
        ask(sql, &[buckets, ordinals, names, values, environments, kinds])
    }
}

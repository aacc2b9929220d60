//! Domain events: the outbox.

use tokio_postgres::Row;

use super::{Stored, bucket_of, column, count, environment, integer};
use crate::copying::{After, Batch};
use crate::event::{DomainEvent, EventQuery, Subject};
use crate::postgres::session::{Ask, Session, ask};
use crate::work::StoreError;
use crate::{PageRequest, RecordKind, Start};

/// A page of events by position.
macro_rules! listed {
    ($direction:literal) => {
        concat!(
            "select position, environment, kind, body from domain_events
             where environment = $1 and (cardinality($2::smallint[]) = 0 or kind = any ($2))
               and position > $3 and position < $4 and position <= $5
             order by position",
            $direction
        )
    };
}

/// The events of a query that a page may show and one more, walking away from its start, up to a
/// position below which nothing is added any more.
pub fn events(
    session: &Session,
    query: &EventQuery,
    page: PageRequest,
    until: u64,
) -> Stored<Vec<DomainEvent>> {
    let kinds: Vec<i16> = query.kinds.iter().map(|kind| kind.number().into()).collect();
    let (after, before, down) = match page.start {
        Start::Newest => (0, i64::MAX, false),
        Start::After(point) => (integer(point.upward_position()), i64::MAX, false),
        Start::Before(point) => (0, integer(point.upward_position()), true),
    };
    let most = i64::try_from(page.limit.saturating_add(1)).unwrap_or(i64::MAX);
    let environment = i64::from(query.environment.0);
    let values = [&environment as _, &kinds as _, &after as _, &before as _, &integer(until) as _];
    let values = [&values[..], &[&most as _]].concat();
    let sql = if down { listed!(" desc limit $6") } else { listed!(" limit $6") };
    session.query(sql, &values)?.iter().map(read).collect()
}

/// Some events behind another, by environment and position.
pub fn after(session: &Session, after: After, most: i64) -> Stored<Batch<DomainEvent>> {
    let sql = "
        select position, environment, kind, body from domain_events
        where (environment, position) > ($1, $2)
        order by environment, position limit $3";
    let environment = i64::from(after.group);
    let rows = session.query(sql, &[&environment, &integer(after.number), &most])?;
    let items: Vec<DomainEvent> = rows.iter().map(read).collect::<Stored<_>>()?;
    let after = items
        .last()
        .map_or(after, |last| After { group: last.environment.0, ..After::number(last.position) });
    Ok(Batch { items, after })
}

/// Removes the oldest events of each environment up to a position, at most so many of each, and never
/// an environment's newest; how many.
pub fn forget(session: &Session, until: u64, most: usize) -> Stored<usize> {
    if session.shards().is_distributed() {
        return forget_on_workers(session, until, most);
    }
    let sql = "
        with old as (
            select o.bucket, o.position
            from (select r.id::bigint as id from records r
                  where r.environment = 0 and r.kind in ($3, $4)) e
            cross join lateral (
                select d.bucket, d.position from domain_events d
                where d.environment = e.id and d.position <= $1
                  and d.position < (select max(n.position) from domain_events n
                                    where n.environment = e.id)
                order by d.position limit $2
            ) o
        ), gone as (
            delete from domain_events d using old
            where d.bucket = old.bucket and d.position = old.position
            returning 1
        )
        select count(*) as gone from gone";
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let kind = |kind: RecordKind| i16::from(kind.number());
    let kinds = (kind(RecordKind::Environment), kind(RecordKind::RetiredEnvironment));
    let row = session.first(sql, &[&integer(until), &most, &kinds.0, &kinds.1])?;
    let gone = row.as_ref().map_or(Ok(0), |row| count(row, "gone"))?;
    Ok(usize::try_from(gone).unwrap_or(usize::MAX))
}

/// The same, on whichever workers they lie.
fn forget_on_workers(session: &Session, until: u64, most: usize) -> Stored<usize> {
    let last = "
        select max(position) as last from (
            select position from domain_events
            where environment = $1 and position <= $2
              and position < (select max(position) from domain_events where environment = $1)
            order by position limit $3
        ) old";
    let delete = "
        delete from domain_events where environment = $1 and position <= $2 returning 1 as gone";
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let mut gone = 0;
    let mut environments = super::records::all_of_system(session, RecordKind::Environment)?;
    environments.extend(super::records::all_of_system(session, RecordKind::RetiredEnvironment)?);
    for environment in environments {
        let Ok(environment) = environment.id.parse::<i64>() else { continue };
        let row = session.first(last, &[&environment, &integer(until), &most])?;
        let last: Option<i64> = row.as_ref().map(|row| column(row, "last")).transpose()?.flatten();
        if let Some(last) = last {
            gone += session.query(delete, &[&environment, &last])?.len();
        }
    }
    Ok(gone)
}

/// The position of the last event of all; looks at each bucket.
pub fn last(session: &Session) -> Stored<u64> {
    let sql = "
        select coalesce(max(position), 0) as last from (
            select (select max(e.position) from domain_events e where e.bucket = b.bucket)
                as position
            from generate_series(0, 1023) as b (bucket)
        ) of_buckets";
    let of_workers = "select coalesce(max(position), 0) as last from domain_events";
    let sql = if session.shards().is_distributed() { of_workers } else { sql };
    session.first(sql, &[])?.as_ref().map_or(Ok(0), |row| count(row, "last"))
}

/// Reads some events of a bucket behind a position, in order; those that cannot be read are told.
/// The last position; none if there are no more.
pub fn check_of_bucket(
    session: &Session,
    bucket: i16,
    after: u64,
    most: i64,
    mut tell: impl FnMut(StoreError),
) -> Stored<Option<(u64, usize)>> {
    let sql = "
        select position, environment, kind, body from domain_events
        where bucket = $1 and position > $2 order by position limit $3";
    let rows = session.query(sql, &[&bucket, &integer(after), &most])?;
    for row in &rows {
        let position = count(row, "position")?;
        match read(row) {
            Ok(event) if bucket_of_event(&event) != bucket => {
                let what = format!("domain_events {position}: it lies in bucket {bucket}");
                tell(StoreError::Corrupt(what));
            }
            read => read.map_or_else(&mut tell, drop),
        }
    }
    rows.last().map(|last| Ok((count(last, "position")?, rows.len()))).transpose()
}

/// Where an event lies: with its customer, if it is about one.
pub fn bucket_of_event(event: &DomainEvent) -> i16 {
    match &event.subject {
        Subject::Wallet { key, .. } => bucket_of(key.environment, &key.customer),
        Subject::Currency { .. } | Subject::EndpointDisabled { .. } => 0,
    }
}

fn read(row: &Row) -> Stored<DomainEvent> {
    let position = count(row, "position")?;
    let wrong = |what: &str| StoreError::Corrupt(format!("domain_events {position}: {what}"));
    let (kind, body): (i16, &[u8]) = (column(row, "kind")?, column(row, "body")?);
    let event = DomainEvent::of_body(position, environment(row, "environment")?, body)
        .map_err(|_| wrong("the body cannot be read"))?;
    if i16::from(event.subject.kind().number()) != kind {
        return Err(wrong("it is listed as of another kind"));
    }
    Ok(event)
}

/// Events to be stored, column by column.
#[derive(Default)]
pub struct Added {
    buckets: Vec<i16>,
    positions: Vec<i64>,
    environments: Vec<i64>,
    kinds: Vec<i16>,
    bodies: Vec<Vec<u8>>,
}

impl Added {
    /// None.
    pub const fn is_empty(&self) -> bool {
        self.positions.is_empty()
    }

    /// Another one.
    pub fn push(&mut self, event: &DomainEvent) -> Stored<()> {
        let body = event
            .pack_body()
            .map_err(|error| StoreError::Failed(format!("packing an event: {error}")))?;
        self.buckets.push(bucket_of_event(event));
        self.positions.push(integer(event.position));
        self.environments.push(event.environment.0.into());
        self.kinds.push(event.subject.kind().number().into());
        self.bodies.push(body);
        Ok(())
    }

    /// Stores them.
    pub fn insert(&self) -> Ask<'_> {
        let sql = "
            insert into domain_events (bucket, position, environment, kind, body)
            select * from unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::smallint[],
                $5::bytea[])";
        let Self { buckets, positions, environments, kinds, bodies } = self;
        ask(sql, &[buckets, positions, environments, kinds, bodies])
    }
}

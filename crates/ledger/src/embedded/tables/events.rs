//! Domain events.

use std::fmt::Display;

use rusqlite::types::Value as SqlValue;
use rusqlite::{Connection, Row as SqlRow, params, params_from_iter};
use scrip_core::{EnvironmentId, GrantId};

use super::seal::{self, Seal};
use super::{Stored, as_integer, first, grant, record, record_by_ordinal};
use crate::event::{DomainEvent, EventQuery, EventView, Named};
use crate::work::StoreError;
use crate::{EventMarks, GrantRecord, PageRequest, Record, RecordKind, SYSTEM, Start};

const COLUMNS: &str = "position, environment, kind, body, seal";

pub(in crate::embedded) fn insert_event(
    connection: &Connection,
    event: &DomainEvent,
) -> Stored<()> {
    let sql = "insert into domain_events (position, environment, kind, body, seal)
               values (?1, ?2, ?3, ?4, ?5)";
    let body = body_of(event)?;
    let (position, environment) = (event.position, event.environment.0);
    let kind = event.subject.kind().number();
    let seal = seal_of(position, environment, kind, &body);
    connection.prepare_cached(sql)?.execute(params![position, environment, kind, body, seal])?;
    Ok(())
}

/// The position of the newest event; 0 before the first.
pub(in crate::embedded) fn last_event(connection: &Connection) -> Stored<u64> {
    let sql = "select coalesce(max(position), 0) from domain_events";
    Ok(connection.query_row(sql, [], first)?)
}

/// Removes the oldest events up to a position, at most so many; how many.
pub(in crate::embedded) fn forget_events(
    connection: &Connection,
    until: u64,
    most: usize,
) -> Stored<usize> {
    let sql = "delete from domain_events where position in (
                   select position from domain_events where position <= ?1
                   order by position limit ?2)";
    Ok(connection.prepare_cached(sql)?.execute(params![until, as_integer(most)])?)
}

/// Some events behind a position, in order.
pub(in crate::embedded) fn events_after(
    connection: &Connection,
    position: u64,
    most: usize,
) -> Stored<Vec<DomainEvent>> {
    let sql = format!(
        "select {COLUMNS} from domain_events where position > ?1 order by position limit ?2"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![position, as_integer(most)])?;
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        events.push(read_event(row)?);
    }
    Ok(events)
}

/// The events of a query that a page may show and one more, walking away from its start, with the
/// positions of their points.
pub(in crate::embedded) fn events(
    connection: &Connection,
    query: &EventQuery,
    page: PageRequest,
) -> Stored<Vec<(u64, EventView)>> {
    let mut sql = format!("select {COLUMNS} from domain_events where environment = ?1");
    let mut values: Vec<SqlValue> = vec![query.environment.0.into()];
    if !query.kinds.is_empty() {
        let numbers: Vec<String> =
            query.kinds.iter().map(|kind| kind.number().to_string()).collect();
        sql.push_str(&format!(" and kind in ({})", numbers.join(", ")));
    }
    let (compare, from, direction) = match page.start {
        Start::Newest => (">", 0, "asc"),
        Start::After(point) => (">", point.upward_position(), "asc"),
        Start::Before(point) => ("<", point.upward_position(), "desc"),
    };
    let most = page.limit.saturating_add(1);
    sql.push_str(&format!(" and position {compare} ?2 order by position {direction} limit {most}"));
    values.push(i64::try_from(from).unwrap_or(i64::MAX).into());
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        let event = read_event(row)?;
        events.push((event.point().position, EventView::of(event, connection)?));
    }
    Ok(events)
}

impl Named for Connection {
    type Error = StoreError;

    fn record(
        &self,
        environment: EnvironmentId,
        kind: RecordKind,
        id: &str,
    ) -> Stored<Option<Record>> {
        record(self, environment, kind, id)
    }

    fn record_at(&self, ordinal: u64) -> Stored<Option<Record>> {
        record_by_ordinal(self, ordinal)
    }

    fn grant(&self, environment: EnvironmentId, id: GrantId) -> Stored<Option<GrantRecord>> {
        grant(self, environment, id)
    }
}

/// Tells of the events that cannot be read, and of gaps between them: of those that are kept, and
/// whose numbers this store gave out.
pub(in crate::embedded) fn check_events(
    connection: &Connection,
    mut tell: impl FnMut(StoreError),
) -> Stored<()> {
    let sql = format!("select {COLUMNS} from domain_events order by position");
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let marks = record(connection, SYSTEM, RecordKind::EventMarks, EventMarks::ID)?;
    let marks = marks.as_ref().and_then(EventMarks::of).unwrap_or_default();
    let mut last = marks.whole_behind();
    while let Some(row) = rows.next()? {
        let position: u64 = row.get("position")?;
        if position > last.saturating_add(1) {
            let what = format!("domain_events {position}: it does not follow on {last}");
            tell(StoreError::Corrupt(what));
        }
        last = last.max(position);
        read_event(row).map_or_else(&mut tell, drop);
    }
    Ok(())
}

fn read_event(row: &SqlRow<'_>) -> Stored<DomainEvent> {
    let position: u64 = row.get("position")?;
    let wrong =
        |what: &dyn Display| StoreError::Corrupt(format!("domain_events {position}: {what}"));
    // A column of another type is damage like any other.
    let columns = |row: &SqlRow<'_>| -> rusqlite::Result<(u32, u8, Vec<u8>, u32)> {
        Ok((row.get("environment")?, row.get("kind")?, row.get("body")?, row.get("seal")?))
    };
    let (environment, kind, body, stated) = columns(row).map_err(|error| wrong(&error))?;
    seal::check(seal_of(position, environment, kind, &body) == stated, "domain_events", position)?;
    let event = DomainEvent::of_body(position, EnvironmentId(environment), &body)
        .map_err(|_| wrong(&"the body cannot be read"))?;
    if event.subject.kind().number() != kind {
        return Err(wrong(&"it is listed as of another kind"));
    }
    Ok(event)
}

fn body_of(event: &DomainEvent) -> Stored<Vec<u8>> {
    event.pack_body().map_err(|error| StoreError::Failed(format!("packing an event: {error}")))
}

fn seal_of(position: u64, environment: u32, kind: u8, body: &[u8]) -> u32 {
    Seal::of("domain_events").number(position).number(environment).number(kind).bytes(body).finish()
}

//! Sees from outside when something is written: by how many rows the file has, and by the outbox,
//! neither of which brings any wallet up to date.
//!
//! A row says when it was due and not when it was written, so it is as late as the first look at the
//! file that found it: never later than it is told here, and earlier by one look at most.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail};
use scrip_core::Timestamp;
use scrip_ledger::embedded::{Embedded, stats};
use scrip_ledger::{
    DomainEvent, EventQuery, ExportQuery, Ledger as _, PRODUCTION, PageRequest, Point, RowView,
    Start,
};

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// How much later than due something may be until it is given up.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(60);
/// Events of a page.
const PAGE: usize = 1_000;

/// The looks at a ledger since one of them.
pub struct Watch<'l> {
    ledger: &'l Embedded,
    directory: PathBuf,
    /// Rows that there were.
    before: u64,
    /// When, since 1970, and how many rows there were by then.
    looks: Vec<(Duration, u64)>,
    /// Where the outbox goes on.
    newest: Point,
}

impl<'l> Watch<'l> {
    /// Begins with what there is, before anything is due.
    pub async fn begin(
        ledger: &'l Embedded,
        directory: &Path,
        first_due: Timestamp,
    ) -> anyhow::Result<Self> {
        let before = stats(directory)?.rows;
        let directory = directory.to_owned();
        let mut watch = Self { ledger, directory, before, looks: Vec::new(), newest: Point::END };
        watch.page(Start::Before(Point::END), 1).await?;
        if since(since_1970()?, first_due)?.is_some() {
            bail!("making what is due took too long: it is due already");
        }
        Ok(watch)
    }

    /// Looks again a little later: how many rows more than at the beginning there are. What is due
    /// may not be late for ever.
    pub async fn look(&mut self, last_due: Timestamp) -> anyhow::Result<u64> {
        tokio::time::sleep(LOOK_EVERY).await;
        let directory = self.directory.clone();
        let rows = tokio::task::spawn_blocking(move || stats(&directory)).await??.rows;
        let now = since_1970()?;
        self.looks.push((now, rows));
        let more = rows - self.before;
        if now > due(last_due)? + GIVEN_UP_AFTER {
            bail!("after {} s only {more} rows were written", GIVEN_UP_AFTER.as_secs());
        }
        Ok(more)
    }

    /// The events that came since the last time, and the instant at which they were seen.
    pub async fn events(&mut self) -> anyhow::Result<(Duration, Vec<DomainEvent>)> {
        let events = self.page(Start::After(self.newest), PAGE).await?;
        Ok((since_1970()?, events))
    }

    async fn page(&mut self, start: Start, limit: usize) -> anyhow::Result<Vec<DomainEvent>> {
        let page = PageRequest { start, limit };
        let query = EventQuery { environment: PRODUCTION, kinds: Vec::new(), page };
        let events = self.ledger.events(query).await?.items;
        if let Some((point, _)) = events.last() {
            self.newest = *point;
        }
        Ok(events.into_iter().map(|(_, view)| view.event).collect())
    }

    /// The rows that came since the beginning, each with the instant at which it was seen.
    pub async fn rows(&self) -> anyhow::Result<Vec<(Duration, RowView)>> {
        let until = self.looks.last().map_or(self.before, |(_, rows)| *rows);
        let (environment, customer, resource, currency) = (PRODUCTION, None, None, None);
        let query = ExportQuery { environment, customer, resource, currency };
        let (mut after, mut found) = (Point::last_of(self.before), Vec::new());
        loop {
            let slice = self.ledger.export(query.clone(), after, Some(until)).await?;
            let slice = slice.context("rows were lost")?;
            for (point, row) in &slice.rows {
                let look = self.looks.partition_point(|(_, rows)| *rows < point.position);
                let (at, _) = self.looks.get(look).context("a row that no look saw")?;
                found.push((*at, row.clone()));
            }
            if slice.is_last() {
                return Ok(found);
            }
            after = slice.reached;
        }
    }
}

/// How late something was that was seen at an instant since 1970.
pub fn late(seen: Duration, at: Timestamp) -> anyhow::Result<Duration> {
    since(seen, at)?.context("something was written before it was due")
}

/// How long an instant since 1970 lies behind another one; none if it lies before it.
pub fn since(instant: Duration, at: Timestamp) -> anyhow::Result<Option<Duration>> {
    Ok(instant.checked_sub(due(at)?))
}

fn due(at: Timestamp) -> anyhow::Result<Duration> {
    Ok(Duration::from_millis(u64::try_from(at.milliseconds())?))
}

/// Now.
#[expect(clippy::disallowed_methods, reason = "the ledger is not asked how late it is")]
pub fn since_1970() -> anyhow::Result<Duration> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?)
}

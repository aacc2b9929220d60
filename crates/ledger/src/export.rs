//! Export: rows in the order in which they were recorded, stretch by stretch.
//!
//! Rows are only ever added behind the last one. So whoever goes on behind what he has, whenever
//! and as often as he wants, gets every row once.

use std::collections::HashMap;

use scrip_core::{CurrencyId, CustomerId, EnvironmentId, Event, ResourceId, Timestamp, WalletKey};

use crate::history::{self, Entries, Entry, Upward};
use crate::published::Published;
use crate::reading;
use crate::slot::{Position, WalletNumber};
use crate::work::StoreError;
use crate::{Point, RowView};

/// How many parts of rows a slice has, and those of one row more.
const SLICE_PARTS: usize = 1_024;
/// How many rows are read at once where all wallets' rows are looked at.
const STRETCH_ROWS: u64 = 256;
/// How many rows a slice looks at, where all wallets' rows are.
const SLICE_ROWS: u64 = 256 * STRETCH_ROWS;

/// Whose rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportQuery {
    /// The environment.
    pub environment: EnvironmentId,
    /// Only this customer's.
    pub customer: Option<CustomerId>,
    /// Only those of wallets of this resource.
    pub resource: Option<ResourceId>,
    /// Only this currency's.
    pub currency: Option<CurrencyId>,
}

impl ExportQuery {
    fn asks_for(&self, key: &WalletKey) -> bool {
        key.environment == self.environment
            && self.customer.as_ref().is_none_or(|asked| *asked == key.customer)
            && self.resource.as_ref().is_none_or(|asked| key.resource.as_ref() == Some(asked))
            && self.currency.as_ref().is_none_or(|asked| *asked == key.currency)
    }
}

/// A stretch of an export.
#[derive(Clone, Debug)]
pub struct ExportSlice {
    /// Its rows, part by part; a stretch may have none.
    pub rows: Vec<(Point, RowView)>,
    /// Nothing that was asked for lies between the stretch's beginning and this point but its rows:
    /// where the next stretch begins.
    pub reached: Point,
    /// The last row that there was when the export began.
    pub until: u64,
}

impl ExportSlice {
    /// The export ends with it.
    #[must_use]
    pub fn is_last(&self) -> bool {
        self.reached.position >= self.until && self.reached == Point::last_of(self.reached.position)
    }
}

/// Where the rows of all wallets are read in the order in which they were recorded.
pub trait Rows: Entries {
    /// Whose wallet has a number.
    fn wallet_key(&self, number: WalletNumber) -> Result<Option<WalletKey>, StoreError>;

    /// The rows behind a position, up to another, of the wallets that are asked for. A position
    /// without a row is an error: rows never go.
    fn stretch(
        &self,
        after: Position,
        until: Position,
        asks_for: &mut dyn FnMut(WalletNumber) -> Result<bool, StoreError>,
    ) -> Result<Vec<Entry>, StoreError>;

    /// Shows what the rows behind a position say, up to another, of the wallets that are asked for.
    fn skim(
        &self,
        after: Position,
        until: Position,
        who: &mut dyn Skims,
    ) -> Result<(), StoreError> {
        let found = self.stretch(after, until, &mut |number| who.asks_for(number))?;
        for entry in &found {
            let Entry { position, wallet, row, .. } = entry;
            who.take(*position, *wallet, &row.event, row.attributed_at)?;
        }
        Ok(())
    }
}

/// Who looks at what happened, and at nobody's words.
pub trait Skims {
    /// Whether a wallet's rows are to be shown.
    fn asks_for(&mut self, wallet: WalletNumber) -> Result<bool, StoreError>;

    /// What a row says, and to which instant it is attributed.
    fn take(
        &mut self,
        position: Position,
        wallet: WalletNumber,
        event: &Event,
        attributed_at: Timestamp,
    ) -> Result<(), StoreError>;
}

/// The stretch behind a point, of the rows up to a position that are published; none if the point
/// lies behind all rows, which it cannot unless rows were lost.
pub fn slice(
    rows: &impl Rows,
    published: &impl Published,
    query: &ExportQuery,
    after: Point,
    until: Position,
) -> Result<Option<ExportSlice>, StoreError> {
    if after.position > until {
        return Ok(None);
    }
    match &query.customer {
        Some(customer) => of_customer(rows, published, query, customer, after, until),
        None => of_all(rows, query, after, until),
    }
    .map(Some)
}

/// Along the links of the customer's own wallets.
fn of_customer(
    entries: &impl Entries,
    published: &impl Published,
    query: &ExportQuery,
    customer: &CustomerId,
    after: Point,
    until: Position,
) -> Result<ExportSlice, StoreError> {
    let filters = (query.resource.as_ref(), query.currency.as_ref());
    let keys = reading::wallets_of(published, query.environment, customer, filters)?;
    let heads = reading::heads(published, &keys)?;
    let mut upward = Upward::begin(entries, &heads, after)?;
    let mut rows = Vec::new();
    while rows.len() < SLICE_PARTS {
        match upward.take()?.filter(|(point, _)| point.position <= until) {
            Some(part) => rows.push(part),
            None => return Ok(ExportSlice { rows, reached: Point::last_of(until), until }),
        }
    }
    let reached = rows.last().map_or(after, |(point, _)| *point);
    Ok(ExportSlice { rows, reached, until })
}

/// Through the rows of all wallets.
fn of_all(
    entries: &impl Rows,
    query: &ExportQuery,
    after: Point,
    until: Position,
) -> Result<ExportSlice, StoreError> {
    let mut keys = HashMap::<WalletNumber, Option<WalletKey>>::new();
    let mut rows = Vec::new();
    // The point's own row may have parts behind it.
    let begin = after.position.saturating_sub(1);
    let mut reached = begin;
    while reached < until && rows.len() < SLICE_PARTS && reached - begin < SLICE_ROWS {
        let end = until.min(reached + STRETCH_ROWS);
        let mut asks_for = |number| {
            if let Some(known) = keys.get(&number) {
                return Ok(known.is_some());
            }
            let key = entries.wallet_key(number)?;
            let key = key.ok_or_else(|| {
                StoreError::Corrupt(format!("wallets {number}: it has rows and is not there"))
            })?;
            let asked = query.asks_for(&key);
            keys.insert(number, asked.then_some(key));
            Ok(asked)
        };
        let found = entries.stretch(reached, end, &mut asks_for)?;
        reached = end;
        for entry in &found {
            let Some(Some(key)) = keys.get(&entry.wallet) else { continue };
            if rows.len() >= SLICE_PARTS {
                reached = entry.position - 1;
                break;
            }
            for (view, part) in history::parts_of(entries, key, entry)?.into_iter().zip(0_u32..) {
                let point = Point { position: entry.position, part };
                if point.is_behind(after) {
                    rows.push((point, view));
                }
            }
        }
    }
    Ok(ExportSlice { rows, reached: Point::last_of(reached), until })
}

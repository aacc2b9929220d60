//! Pages of ledger rows: the rows of a customer's wallets, merged, newest first.
//!
//! The order (decisions 51, 56, 81): by instant, the latest first; at one instant by currency and
//! resource, ascending; within a wallet the newest first.

mod walk;

#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::sync::Arc;

use scrip_core::{CurrencyId, Digest, ResourceId, Row, Timestamp, WalletKey};

use crate::slot::{Position, RowLinks};
use crate::work::StoreError;
use crate::{Page, PageRequest, Point, RowQuery, RowView, Start};
use walk::Walk;

/// A row as it is stored.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Where it is.
    pub position: Position,
    /// Which wallet it belongs to.
    pub wallet: u64,
    /// Where its relatives are.
    pub links: RowLinks,
    /// The row.
    pub row: Arc<Row>,
    /// Its hash.
    pub hash: Digest,
}

/// Where rows are read.
pub trait Entries {
    /// The row at a position.
    fn entry(&self, position: Position) -> Result<Option<Entry>, StoreError>;
}

/// Where a wallet's rows end.
#[derive(Clone, Debug)]
pub struct Head {
    /// The wallet.
    pub key: WalletKey,
    /// Its number.
    pub number: u64,
    /// Its last row's sequence.
    pub sequence: u64,
    /// Its last row.
    pub last: Position,
    /// Its last row that is not a plain consumption.
    pub last_notable: Position,
}

/// The place of a part in the order of a list; the smaller is the newer.
type Place = (Reverse<Timestamp>, CurrencyId, Option<ResourceId>, Reverse<u64>, Reverse<u32>);

/// Where a cursor stands.
struct Anchor {
    entry: Entry,
    place: Place,
}

/// The page that a query asks for, from the wallets that it concerns. None if its cursor names no
/// row of these wallets.
pub fn page(
    entries: &impl Entries,
    heads: &[Head],
    query: &RowQuery,
) -> Result<Option<Page<RowView>>, StoreError> {
    let PageRequest { start, limit } = query.page;
    if matches!(start, Start::After(Point::END) | Start::Before(Point::START)) {
        let any = !walk(entries, heads, query, None, 0)?.is_empty();
        return Ok(Some(Page::of_walk(Vec::new(), any, query.page)));
    }
    let anchor = match start {
        Start::Newest | Start::After(Point::START) | Start::Before(Point::END) => None,
        Start::After(point) | Start::Before(point) => {
            let Some(anchor) = anchor(entries, heads, point)? else { return Ok(None) };
            Some(anchor)
        }
    };
    // Rows never go, so the cursor's own row is still on its other side.
    let behind = anchor.is_some();
    let found = walk(entries, heads, query, anchor.as_ref(), limit)?;
    Ok(Some(Page::of_walk(found, behind, query.page)))
}

/// The parts that a page may show and one more, walking away from the anchor.
fn walk(
    entries: &impl Entries,
    heads: &[Head],
    query: &RowQuery,
    anchor: Option<&Anchor>,
    limit: usize,
) -> Result<Vec<(Point, RowView)>, StoreError> {
    let upward = matches!(query.page.start, Start::Before(_));
    let mut walks = Vec::with_capacity(heads.len());
    for head in heads {
        walks.push(Walk::begin(entries, head, query, anchor, upward)?);
    }
    let mut found = Vec::new();
    while found.len() <= limit {
        let mut best: Option<(usize, Place)> = None;
        for (index, walk) in walks.iter_mut().enumerate() {
            let Some(place) = walk.peek()? else { continue };
            let is_better = best
                .as_ref()
                .is_none_or(|(_, other)| if upward { place > other } else { place < other });
            if is_better {
                best = Some((index, place.clone()));
            }
        }
        let Some((index, _)) = best else { break };
        found.extend(walks[index].take());
    }
    Ok(found)
}

fn anchor(
    entries: &impl Entries,
    heads: &[Head],
    point: Point,
) -> Result<Option<Anchor>, StoreError> {
    let Some(entry) = entries.entry(point.position)? else { return Ok(None) };
    let head = heads.iter().find(|head| head.number == entry.wallet);
    Ok(head.map(|head| Anchor { place: place(&head.key, &entry.row, point.part), entry }))
}

fn place(key: &WalletKey, row: &Row, part: u32) -> Place {
    (
        Reverse(row.recorded_at),
        key.currency.clone(),
        key.resource.clone(),
        Reverse(row.sequence),
        Reverse(part),
    )
}

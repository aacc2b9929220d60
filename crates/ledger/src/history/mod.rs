//! Pages of ledger rows: the rows of a customer's wallets, merged, newest first.
//!
//! The order (decisions 51, 56, 81): by instant, the latest first; at one instant by currency and
//! resource, ascending; within a wallet the newest first.

mod parts;
mod past;
mod reading;
mod upward;
mod walk;
mod wanted;

#[cfg(test)]
pub(crate) mod tests;

use std::cmp::Reverse;
use std::sync::Arc;

use scrip_core::{CurrencyId, Digest, NameHash, ResourceId, Row, Timestamp, WalletKey};

use crate::slot::{Position, RowLinks};
use crate::work::StoreError;
use crate::{Page, PageRequest, Point, RowQuery, RowView, Start};
use walk::Walk;
use wanted::Wanted;

pub use parts::parts_of;
pub use past::{Kept, fold_to};
pub use reading::{check_older, newest_at, newest_of, read, stretch};
pub use upward::Upward;

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

    /// Where the newest row of this name is, among the rows that [`Entries::entry`] finds.
    fn newest_of(&self, name: NameHash) -> Result<Option<Position>, StoreError>;

    /// The newest state of a wallet that was kept at or before a sequence.
    fn kept_state(&self, _wallet: u64, _until: u64) -> Result<Option<Kept>, StoreError> {
        Ok(None)
    }
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

/// Which way a walk goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    /// To older rows.
    Down,
    /// To newer rows.
    Up,
}

/// The page that a query asks for, from the wallets that it concerns. None if its cursor names no
/// row of these wallets.
pub fn page(
    entries: &impl Entries,
    heads: &[Head],
    query: &RowQuery,
) -> Result<Option<Page<RowView>>, StoreError> {
    let PageRequest { start, limit } = query.page;
    let wanted = Wanted::of(query);
    let (on, back) = match start {
        Start::Newest | Start::After(_) => (Direction::Down, Direction::Up),
        Start::Before(_) => (Direction::Up, Direction::Down),
    };
    if matches!(start, Start::After(Point::END) | Start::Before(Point::START)) {
        let any = !walk(entries, heads, &wanted, None, on, 0)?.is_empty();
        return Ok(Some(Page::of_walk(Vec::new(), any, query.page)));
    }
    let (anchor, behind) = match start {
        Start::Newest | Start::After(Point::START) | Start::Before(Point::END) => (None, false),
        Start::After(point) | Start::Before(point) => {
            let Some(anchor) = anchor(entries, heads, point)? else { return Ok(None) };
            // Rows never go: the cursor's own row is still on its other side, unless it was got
            // with another filter.
            let behind = is_wanted(&wanted, &anchor.entry, point.part)?
                || !walk(entries, heads, &wanted, Some(&anchor), back, 0)?.is_empty();
            (Some(anchor), behind)
        }
    };
    let found = walk(entries, heads, &wanted, anchor.as_ref(), on, limit)?;
    Ok(Some(Page::of_walk(found, behind, query.page)))
}

/// The parts that a page may show and one more, walking away from the anchor.
fn walk(
    entries: &impl Entries,
    heads: &[Head],
    wanted: &Wanted<'_>,
    anchor: Option<&Anchor>,
    direction: Direction,
    limit: usize,
) -> Result<Vec<(Point, RowView)>, StoreError> {
    let mut walks = Vec::with_capacity(heads.len());
    for head in heads {
        walks.push(Walk::begin(entries, head, *wanted, anchor, direction)?);
    }
    let mut found = Vec::new();
    while found.len() <= limit {
        let mut best: Option<(usize, Place)> = None;
        for (index, walk) in walks.iter_mut().enumerate() {
            let Some((_, place)) = walk.peek()? else { continue };
            let is_better = best.as_ref().is_none_or(|(_, other)| match direction {
                Direction::Down => place < other,
                Direction::Up => place > other,
            });
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

fn is_wanted(wanted: &Wanted<'_>, entry: &Entry, part: u32) -> Result<bool, StoreError> {
    let parts = entry.row.event.parts().map_err(|_| reading::overflow(entry))?;
    let part = usize::try_from(part).ok().and_then(|index| parts.get(index));
    Ok(part.is_some_and(|part| wanted.includes(part)))
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

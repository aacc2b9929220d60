//! Pages of ledger rows: the rows of a customer's wallets, merged, newest first.
//!
//! The order (decisions 51, 56, 81): by instant, the latest first; at one instant by currency and
//! resource, ascending; within a wallet the newest first.

use std::cmp::Reverse;
use std::collections::VecDeque;
use std::sync::Arc;

use scrip_core::{Credits, CurrencyId, Digest, EventType, ResourceId, Row, Timestamp, WalletKey};

use crate::slot::{Position, RowLinks};
use crate::work::StoreError;
use crate::{Page, PageRequest, Point, RowQuery, RowView, Start};

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

/// The page that a query asks for, from the wallets that it concerns. None if its cursor names no
/// row of these wallets.
pub fn page(
    entries: &impl Entries,
    heads: Vec<Head>,
    query: &RowQuery,
) -> Result<Option<Page<RowView>>, StoreError> {
    let PageRequest { start, limit } = query.page;
    let from = match start {
        Start::Newest | Start::After(Point::END) | Start::Before(Point::END) => None,
        Start::After(point) | Start::Before(point) => {
            let Some(place) = place_of(entries, &heads, point)? else { return Ok(None) };
            Some(place)
        }
    };
    if start == Start::After(Point::END) {
        return Ok(Some(Page { newer: !heads.is_empty(), ..Page::empty() }));
    }
    let upward = matches!(start, Start::Before(_));
    let mut walks = Vec::with_capacity(heads.len());
    for head in heads {
        let mut walk = Walk::new(entries, head, query, upward);
        walk.begin(from.as_ref())?;
        walks.push(walk);
    }
    let mut found = Vec::with_capacity(limit + 1);
    while found.len() <= limit {
        let mut best: Option<(usize, Place)> = None;
        for (index, walk) in walks.iter_mut().enumerate() {
            let Some(place) = walk.peek(from.as_ref())? else { continue };
            let is_better = best
                .as_ref()
                .is_none_or(|(_, other)| if upward { place > *other } else { place < *other });
            if is_better {
                best = Some((index, place));
            }
        }
        let Some((index, _)) = best else { break };
        found.extend(walks[index].take());
    }
    Ok(Some(Page::of_walk(found, query.page)))
}

fn place_of(
    entries: &impl Entries,
    heads: &[Head],
    point: Point,
) -> Result<Option<Place>, StoreError> {
    let Some(entry) = entries.entry(point.position)? else { return Ok(None) };
    let head = heads.iter().find(|head| head.number == entry.wallet);
    Ok(head.map(|head| place(&head.key, &entry.row, point.part)))
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

/// A walk through one wallet's rows, away from the start, part by part.
struct Walk<'a, E> {
    entries: &'a E,
    head: Head,
    query: &'a RowQuery,
    upward: bool,
    /// Only rows that are not plain consumptions can match.
    notable_only: bool,
    /// Downward: the next row to read.
    next: Position,
    /// Upward: the next sequence to read.
    next_sequence: u64,
    /// Matching parts of the rows read last.
    ready: VecDeque<(Point, Place, RowView)>,
}

/// How many rows an upward walk reads at once.
const BLOCK: u64 = 64;

impl<'a, E: Entries> Walk<'a, E> {
    fn new(entries: &'a E, head: Head, query: &'a RowQuery, upward: bool) -> Self {
        let plain_excluded = !query.event_types.is_empty()
            && !query.event_types.contains(&EventType::CreditsConsumed);
        let notable_only = plain_excluded || query.reservation.is_some();
        let (next, next_sequence, ready) = (0, 1, VecDeque::new());
        Self { entries, head, query, upward, notable_only, next, next_sequence, ready }
    }

    /// Sets out from a place, or from the end.
    fn begin(&mut self, from: Option<&Place>) -> Result<(), StoreError> {
        let Some((Reverse(at), ..)) = from else {
            self.next = if self.notable_only { self.head.last_notable } else { self.head.last };
            return Ok(());
        };
        // The newest row at or before the instant; rows of the instant itself are told apart by
        // their place when they are read.
        let newest = self.newest_at(*at)?;
        if self.upward {
            let earlier = self.newest_at(at.later(-1))?;
            self.next_sequence = earlier.map_or(1, |entry| entry.row.sequence.saturating_add(1));
        } else {
            self.next = match newest {
                None => 0,
                Some(entry) if self.notable_only && !entry.row.event.is_notable() => {
                    entry.links.previous_notable
                }
                Some(entry) => entry.position,
            };
        }
        Ok(())
    }

    /// The next part's place, without taking it.
    fn peek(&mut self, from: Option<&Place>) -> Result<Option<Place>, StoreError> {
        while self.ready.is_empty() {
            let more = if self.upward { self.read_block(from)? } else { self.read_row(from)? };
            if !more {
                return Ok(None);
            }
        }
        Ok(self.ready.front().map(|(_, place, _)| place.clone()))
    }

    fn take(&mut self) -> Option<(Point, RowView)> {
        self.ready.pop_front().map(|(point, _, view)| (point, view))
    }

    fn read_row(&mut self, from: Option<&Place>) -> Result<bool, StoreError> {
        if self.next == 0 {
            return Ok(false);
        }
        let entry = self.read(self.next)?;
        self.next =
            if self.notable_only { entry.links.previous_notable } else { entry.links.previous };
        let mut parts = self.matching(&entry)?;
        parts.reverse();
        parts.retain(|(_, place, _)| from.is_none_or(|from| place > from));
        self.ready.extend(parts);
        Ok(true)
    }

    fn read_block(&mut self, from: Option<&Place>) -> Result<bool, StoreError> {
        if self.next_sequence > self.head.sequence {
            return Ok(false);
        }
        let last = self.next_sequence.saturating_add(BLOCK - 1).min(self.head.sequence);
        let mut rows = Vec::new();
        let mut entry = self.at_sequence(last)?;
        loop {
            let (previous, reached) = (entry.links.previous, entry.row.sequence);
            rows.push(entry);
            if reached <= self.next_sequence {
                break;
            }
            entry = self.read(previous)?;
        }
        for entry in rows.iter().rev() {
            let mut parts = self.matching(entry)?;
            parts.retain(|(_, place, _)| from.is_none_or(|from| place < from));
            self.ready.extend(parts);
        }
        self.next_sequence = last.saturating_add(1);
        Ok(true)
    }

    /// The parts of a row that the query asks for, in their order.
    fn matching(&self, entry: &Entry) -> Result<Vec<(Point, Place, RowView)>, StoreError> {
        let overflow = |_| StoreError::Corrupt(format!("entries {}: sums", entry.position));
        let row = &entry.row;
        let mut balance = row
            .event
            .effect()
            .and_then(|effect| row.balance_after.minus(effect))
            .map_err(overflow)?;
        let mut matching = Vec::new();
        for (index, part) in row.event.parts().map_err(overflow)?.into_iter().enumerate() {
            balance = balance.plus(part.amount).map_err(overflow)?;
            let types = &self.query.event_types;
            let is_asked = (types.is_empty() || types.contains(&part.event_type))
                && (self.query.reservation.is_none() || part.reservation == self.query.reservation);
            if is_asked {
                matching.push(self.view(entry, index, part, balance));
            }
        }
        Ok(matching)
    }

    fn view(
        &self,
        entry: &Entry,
        index: usize,
        part: scrip_core::RowPart,
        balance_after: Credits,
    ) -> (Point, Place, RowView) {
        let number = u32::try_from(index).unwrap_or(u32::MAX);
        let view = RowView {
            wallet: self.head.key.clone(),
            part,
            row: Arc::clone(&entry.row),
            hash: entry.hash,
            balance_after,
        };
        let point = Point { position: entry.position, part: number };
        (point, place(&self.head.key, &entry.row, number), view)
    }

    /// The wallet's row with this sequence, a logarithm of reads away.
    fn at_sequence(&self, sequence: u64) -> Result<Entry, StoreError> {
        let mut entry = self.read(self.head.last)?;
        while entry.row.sequence > sequence {
            let skipped = entry.row.sequence & entry.row.sequence.saturating_sub(1);
            let next = if skipped >= sequence { entry.links.skip } else { entry.links.previous };
            entry = self.read(next)?;
        }
        Ok(entry)
    }

    /// The wallet's newest row at or before an instant.
    fn newest_at(&self, at: Timestamp) -> Result<Option<Entry>, StoreError> {
        if self.head.last == 0 {
            return Ok(None);
        }
        let mut entry = self.read(self.head.last)?;
        while entry.row.recorded_at > at {
            if entry.links.previous == 0 {
                return Ok(None);
            }
            let skipped = match entry.links.skip {
                0 => None,
                skip => Some(self.read(skip)?),
            };
            entry = match skipped {
                Some(skipped) if skipped.row.recorded_at > at => skipped,
                _ => self.read(entry.links.previous)?,
            };
        }
        Ok(Some(entry))
    }

    fn read(&self, position: Position) -> Result<Entry, StoreError> {
        self.entries.entry(position)?.filter(|entry| entry.wallet == self.head.number).ok_or_else(
            || {
                let wallet = self.head.number;
                StoreError::Corrupt(format!("entries {position}: no row of wallet {wallet}"))
            },
        )
    }
}

//! A walk through one wallet's rows, away from where a page begins, part by part.

use std::collections::VecDeque;
use std::sync::Arc;

use scrip_core::{Credits, EventType, RowPart, Timestamp};

use super::{Anchor, Entries, Entry, Head, Place, place};
use crate::slot::Position;
use crate::work::StoreError;
use crate::{Point, RowQuery, RowView};

/// How many rows an upward walk reads at once.
const BLOCK: u64 = 64;
/// The same where only the few rows are read that are not plain consumptions.
const NOTABLE_BLOCK: u64 = 4_096;

/// A walk through one wallet's rows.
pub(super) struct Walk<'a, E> {
    entries: &'a E,
    head: &'a Head,
    query: &'a RowQuery,
    upward: bool,
    /// Only rows that are not plain consumptions can match.
    notable_only: bool,
    /// Parts of the anchor's own row on the other side are left out.
    anchor: Option<&'a Place>,
    /// Downward: the next row to read.
    next: Position,
    /// Upward: the next sequence to read.
    next_sequence: u64,
    /// Matching parts of the rows read last.
    ready: VecDeque<(Point, Place, RowView)>,
}

impl<'a, E: Entries> Walk<'a, E> {
    /// Sets out from an anchor, or from the end of the list.
    pub(super) fn begin(
        entries: &'a E,
        head: &'a Head,
        query: &'a RowQuery,
        anchor: Option<&'a Anchor>,
        upward: bool,
    ) -> Result<Self, StoreError> {
        let plain_excluded = !query.event_types.is_empty()
            && !query.event_types.contains(&EventType::CreditsConsumed);
        let mut walk = Self {
            entries,
            head,
            query,
            upward,
            notable_only: plain_excluded || query.reservation.is_some(),
            anchor: anchor.map(|anchor| &anchor.place),
            next: 0,
            next_sequence: 1,
            ready: VecDeque::new(),
        };
        match anchor {
            None => {
                walk.next = if walk.notable_only { head.last_notable } else { head.last };
            }
            // The anchor's own row may have parts on this side.
            Some(anchor) if anchor.entry.wallet == head.number => {
                walk.next_sequence = anchor.entry.row.sequence;
                walk.next = walk.first_at_or_before(&anchor.entry);
            }
            Some(anchor) => {
                // At the anchor's instant, rows of this wallet are all newer than the anchor or
                // all older, by currency and resource.
                let at = anchor.entry.row.recorded_at;
                let (_, currency, resource, ..) = &anchor.place;
                let is_newer = (&head.key.currency, &head.key.resource) < (currency, resource);
                let newest = walk.newest_at(if is_newer { at.later(-1) } else { at })?;
                if let Some(entry) = newest {
                    walk.next_sequence = entry.row.sequence.saturating_add(1);
                    walk.next = walk.first_at_or_before(&entry);
                }
            }
        }
        Ok(walk)
    }

    /// The place of the next part, without taking it.
    pub(super) fn peek(&mut self) -> Result<Option<&Place>, StoreError> {
        while self.ready.is_empty() {
            let more = if self.upward { self.read_block()? } else { self.read_row()? };
            if !more {
                return Ok(None);
            }
        }
        Ok(self.ready.front().map(|(_, place, _)| place))
    }

    /// Takes the next part.
    pub(super) fn take(&mut self) -> Option<(Point, RowView)> {
        self.ready.pop_front().map(|(point, _, view)| (point, view))
    }

    fn first_at_or_before(&self, entry: &Entry) -> Position {
        if self.notable_only && !entry.row.event.is_notable() {
            entry.links.previous_notable
        } else {
            entry.position
        }
    }

    /// The row before this one that can match.
    const fn before(&self, entry: &Entry) -> Position {
        if self.notable_only { entry.links.previous_notable } else { entry.links.previous }
    }

    fn read_row(&mut self) -> Result<bool, StoreError> {
        if self.next == 0 {
            return Ok(false);
        }
        let entry = self.read(self.next)?;
        self.next = self.before(&entry);
        let mut parts = self.matching(&entry)?;
        parts.reverse();
        parts.retain(|(_, place, _)| self.anchor.is_none_or(|anchor| place > anchor));
        self.ready.extend(parts);
        Ok(true)
    }

    fn read_block(&mut self) -> Result<bool, StoreError> {
        let first = self.next_sequence;
        if first > self.head.sequence {
            return Ok(false);
        }
        let block = if self.notable_only { NOTABLE_BLOCK } else { BLOCK };
        let last = first.saturating_add(block - 1).min(self.head.sequence);
        self.next_sequence = last.saturating_add(1);
        let newest = self.at_sequence(last)?;
        let mut next = self.first_at_or_before(&newest);
        let mut rows = Vec::new();
        while next != 0 {
            let entry = if next == newest.position { newest.clone() } else { self.read(next)? };
            if entry.row.sequence < first {
                break;
            }
            next = self.before(&entry);
            rows.push(entry);
        }
        for entry in rows.iter().rev() {
            let mut parts = self.matching(entry)?;
            parts.retain(|(_, place, _)| self.anchor.is_none_or(|anchor| place < anchor));
            self.ready.extend(parts);
        }
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
        part: RowPart,
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

//! A walk through one wallet's rows, away from where a page begins, part by part.

use std::collections::VecDeque;

use scrip_core::ReservationId;

use super::parts::parts_of;
use super::reading::{check_older, newest_at, newest_of, newest_up_to, older, read};
use super::wanted::Wanted;
use super::{Anchor, Direction, Entries, Entry, Head, Place, place};
use crate::slot::{Position, skipped};
use crate::work::StoreError;
use crate::{Point, RowView};

/// How many rows that are not plain consumptions are read one after the other before a search
/// keeps to the tree of skip positions. Where they are rare, the next one is mostly what is
/// sought; where they are many, it may be one of millions that are not.
const NOTABLE_STEPS: u32 = 8;

/// A walk through one wallet's rows.
pub(super) struct Walk<'a, E> {
    entries: &'a E,
    head: &'a Head,
    wanted: Wanted<'a>,
    direction: Direction,
    /// Parts of the anchor's own row on the other side are left out.
    anchor: Option<&'a Place>,
    way: Way,
    /// Matching parts of the rows read last.
    ready: VecDeque<(Point, Place, RowView)>,
}

/// What is still to be read.
enum Way {
    /// Downward.
    Down {
        /// The next row.
        next: Position,
        /// Rows read since the last one that matched.
        misses: u32,
    },
    /// Upward.
    Up {
        /// The first sequence that is asked for.
        first: u64,
        /// What is left of the trees, the oldest last.
        left: Vec<Left>,
    },
    /// Through a reservation's rows, the nearest last.
    Reservation(Vec<Entry>),
}

/// What an upward walk has not read yet.
enum Left {
    /// The tree below a row, and then the row.
    Tree(Entry),
    /// The row only.
    Row(Entry),
}

impl<'a, E: Entries> Walk<'a, E> {
    /// Sets out from an anchor, or from the end of the list.
    pub(super) fn begin(
        entries: &'a E,
        head: &'a Head,
        wanted: Wanted<'a>,
        anchor: Option<&'a Anchor>,
        direction: Direction,
    ) -> Result<Self, StoreError> {
        let way = Way::Reservation(Vec::new());
        let ready = VecDeque::new();
        let place = anchor.map(|anchor| &anchor.place);
        let mut walk = Self { entries, head, wanted, direction, anchor: place, way, ready };
        walk.way = match (wanted.reservation, direction) {
            (Some(reservation), _) => walk.of_reservation(reservation)?,
            (None, Direction::Down) => walk.down(anchor)?,
            (None, Direction::Up) => walk.up(anchor)?,
        };
        Ok(walk)
    }

    /// Sets out upward from the rows that were recorded behind a point.
    pub(super) fn begin_behind(
        entries: &'a E,
        head: &'a Head,
        wanted: Wanted<'a>,
        after: Point,
    ) -> Result<Self, StoreError> {
        let mut walk = Self {
            entries,
            head,
            wanted,
            direction: Direction::Up,
            anchor: None,
            way: Way::Reservation(Vec::new()),
            ready: VecDeque::new(),
        };
        let newest = newest_up_to(entries, head, after.position)?;
        walk.way = match newest {
            // The point's own row may have parts behind it.
            Some(entry) if entry.position == after.position => walk.up_from(entry.row.sequence)?,
            Some(entry) => walk.up_from(entry.row.sequence.saturating_add(1))?,
            None => walk.up_from(1)?,
        };
        while walk.peek()?.is_some_and(|(point, _)| !point.is_behind(after)) {
            walk.take();
        }
        Ok(walk)
    }

    /// The next part with its place, without taking it.
    pub(super) fn peek(&mut self) -> Result<Option<(Point, &Place)>, StoreError> {
        while self.ready.is_empty() {
            let more = match self.way {
                Way::Down { next, misses } => self.read_down(next, misses)?,
                Way::Up { first, .. } => self.read_up(first)?,
                Way::Reservation(_) => self.read_reservation()?,
            };
            if !more {
                return Ok(None);
            }
        }
        Ok(self.ready.front().map(|(point, place, _)| (*point, place)))
    }

    /// Takes the next part.
    pub(super) fn take(&mut self) -> Option<(Point, RowView)> {
        self.ready.pop_front().map(|(point, _, view)| (point, view))
    }

    fn down(&self, anchor: Option<&Anchor>) -> Result<Way, StoreError> {
        let next = match anchor {
            None if self.wanted.notable_only => self.head.last_notable,
            None => self.head.last,
            Some(anchor) => self.newest_before(anchor)?.map_or(0, |entry| entry.position),
        };
        Ok(Way::Down { next, misses: 0 })
    }

    fn up(&self, anchor: Option<&Anchor>) -> Result<Way, StoreError> {
        let first = match anchor {
            None => 1,
            // The anchor's own row may have parts on this side.
            Some(anchor) if anchor.entry.wallet == self.head.number => anchor.entry.row.sequence,
            Some(anchor) => {
                let newest = self.newest_before(anchor)?;
                newest.map_or(1, |entry| entry.row.sequence.saturating_add(1))
            }
        };
        self.up_from(first)
    }

    /// Upward from a sequence on.
    fn up_from(&self, first: u64) -> Result<Way, StoreError> {
        let mut left = Vec::new();
        if self.head.last != 0 && first <= self.head.sequence {
            let last = read(self.entries, self.head, self.head.last)?;
            self.expand(&mut left, last, 0, first)?;
        }
        Ok(Way::Up { first, left })
    }

    /// The newest row on the older side of an anchor, its own row included.
    fn newest_before(&self, anchor: &Anchor) -> Result<Option<Entry>, StoreError> {
        if anchor.entry.wallet == self.head.number {
            return Ok(Some(anchor.entry.clone()));
        }
        // At the anchor's instant, rows of this wallet are all newer than the anchor or all older,
        // by currency and resource.
        let at = anchor.entry.row.recorded_at;
        let (_, currency, resource, ..) = &anchor.place;
        let is_newer = (&self.head.key.currency, &self.head.key.resource) < (currency, resource);
        newest_at(self.entries, self.head, if is_newer { at.later(-1) } else { at })
    }

    fn of_reservation(&self, reservation: &ReservationId) -> Result<Way, StoreError> {
        let mut rows = Vec::new();
        let mut next = newest_of(self.entries, self.head, reservation)?;
        while let Some(entry) = next {
            next = match entry.links.related {
                0 => None,
                related => Some(older(self.entries, self.head, &entry, related)?),
            };
            rows.push(entry);
        }
        if matches!(self.direction, Direction::Down) {
            rows.reverse();
        }
        Ok(Way::Reservation(rows))
    }

    fn read_down(&mut self, next: Position, misses: u32) -> Result<bool, StoreError> {
        if next == 0 {
            return Ok(false);
        }
        let entry = read(self.entries, self.head, next)?;
        let matches = self.take_in(&entry)?;
        let misses = if matches { 0 } else { misses.saturating_add(1) };
        let links = &entry.links;
        // What matches below a row is among its tree, or behind its skip position.
        let in_tree = matches || links.types.meets(self.wanted.types);
        let mut next = if in_tree { links.previous } else { links.skip };
        if self.wanted.notable_only && misses < NOTABLE_STEPS {
            next = next.min(links.previous_notable);
        }
        check_older(entry.position, next)?;
        self.way = Way::Down { next, misses };
        Ok(true)
    }

    fn read_up(&mut self, first: u64) -> Result<bool, StoreError> {
        let Way::Up { left, .. } = &mut self.way else { return Ok(false) };
        let mut left = std::mem::take(left);
        let next = left.pop();
        if let Some(Left::Tree(tree)) = &next
            && let Some(rows) = self.few_notable(tree, first)?
        {
            left.extend(rows.into_iter().map(Left::Row));
            self.way = Way::Up { first, left };
            return Ok(true);
        }
        match next {
            None => return Ok(false),
            Some(Left::Tree(entry)) if entry.links.previous > entry.links.skip => {
                let newest = older(self.entries, self.head, &entry, entry.links.previous)?;
                let skip = entry.links.skip;
                left.push(Left::Row(entry));
                self.expand(&mut left, newest, skip, first)?;
            }
            Some(Left::Tree(entry) | Left::Row(entry)) => {
                self.take_in(&entry)?;
            }
        }
        self.way = Way::Up { first, left };
        Ok(true)
    }

    /// The rows of a tree that are not plain consumptions, newest first, if only such are wanted
    /// and they seem few.
    fn few_notable(&self, tree: &Entry, first: u64) -> Result<Option<Vec<Entry>>, StoreError> {
        let (links, last) = (tree.links, tree.row.sequence);
        if !self.wanted.notable_only || links.previous_notable == links.previous {
            return Ok(None);
        }
        let mut rows = Vec::new();
        if tree.row.event.is_notable() {
            rows.push(tree.clone());
        }
        let (mut next, mut reads) = (links.previous_notable, 0);
        while next > links.skip {
            let found = older(self.entries, self.head, rows.last().unwrap_or(tree), next)?;
            if found.row.sequence < first {
                break;
            }
            reads += 1;
            // As dense as so far, there are so many in all.
            let distance = last.saturating_sub(found.row.sequence);
            if reads * skipped(last) > u64::from(NOTABLE_STEPS) * distance {
                return Ok(None);
            }
            next = found.links.previous_notable;
            rows.push(found);
        }
        Ok(Some(rows))
    }

    /// The trees side by side from a row down to a position or sequence, of those that have
    /// something that is wanted.
    fn expand(
        &self,
        left: &mut Vec<Left>,
        newest: Entry,
        until: Position,
        first: u64,
    ) -> Result<(), StoreError> {
        let mut entry = newest;
        while entry.row.sequence >= first {
            let skip = entry.links.skip;
            let next = if skip > until {
                Some(older(self.entries, self.head, &entry, skip)?)
            } else {
                None
            };
            if entry.links.types.meets(self.wanted.types) {
                left.push(Left::Tree(entry));
            }
            match next {
                Some(next) => entry = next,
                None => break,
            }
        }
        Ok(())
    }

    fn read_reservation(&mut self) -> Result<bool, StoreError> {
        let Way::Reservation(rows) = &mut self.way else { return Ok(false) };
        let Some(entry) = rows.pop() else { return Ok(false) };
        self.take_in(&entry)?;
        Ok(true)
    }

    /// Makes a row's matching parts on this side of the anchor ready; whether it has any on either.
    fn take_in(&mut self, entry: &Entry) -> Result<bool, StoreError> {
        let mut parts = self.matching(entry)?;
        let matches = !parts.is_empty();
        let anchor = self.anchor;
        match self.direction {
            Direction::Down => {
                parts.reverse();
                parts.retain(|(_, place, _)| anchor.is_none_or(|anchor| place > anchor));
            }
            Direction::Up => {
                parts.retain(|(_, place, _)| anchor.is_none_or(|anchor| place < anchor));
            }
        }
        self.ready.extend(parts);
        Ok(matches)
    }

    /// The parts of a row that the query asks for, in their order.
    fn matching(&self, entry: &Entry) -> Result<Vec<(Point, Place, RowView)>, StoreError> {
        let numbered = parts_of(self.entries, &self.head.key, entry)?.into_iter().zip(0_u32..);
        let wanted = numbered.filter(|(view, _)| self.wanted.includes(&view.part));
        let placed = wanted.map(|(view, part)| {
            let point = Point { position: entry.position, part };
            (point, place(&self.head.key, &entry.row, part), view)
        });
        Ok(placed.collect())
    }
}

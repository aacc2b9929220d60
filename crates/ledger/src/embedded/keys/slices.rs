//! All slices as one unchanging value: a list, and the filter over it.

use std::sync::Arc;

use scrip_core::NameHash;

use super::Slice;
use super::filter::Filter;
use crate::slot::Position;
use crate::work::StoreError;

/// The slices of one generation. Whoever holds it goes on reading it while a later one is made.
pub struct Slices {
    pub(super) generation: u64,
    /// The number of the first slice that is kept, and the position behind which it begins.
    pub(super) first: First,
    /// In the order of their positions, without a gap.
    pub(super) list: Vec<Arc<Slice>>,
    /// None without slices.
    pub(super) filter: Option<Arc<Filter>>,
    /// Which slice has which column.
    pub(super) columns: Vec<Option<Arc<Slice>>>,
}

/// Where the slices that are kept begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct First {
    pub number: u64,
    pub after: Position,
}

impl First {
    /// Nothing was dropped.
    pub(super) const OF_ALL: Self = Self { number: 1, after: 0 };
}

impl Slices {
    /// The slices found at a start; their columns are in the same order.
    pub(super) fn opened(first: First, list: Vec<Arc<Slice>>, filter: Option<Filter>) -> Self {
        let columns = list.iter().cloned().map(Some).collect();
        Self { generation: 1, first, list, filter: filter.map(Arc::new), columns }
    }

    /// Where the name is. Of several slices that know it the newest counts.
    pub fn find(&self, name: &NameHash) -> Result<Option<Position>, StoreError> {
        let Some(filter) = &self.filter else { return Ok(None) };
        let probe = filter.probe(name);
        let mut newest: Option<Position> = None;
        for chunk in 0..filter.chunks() {
            let mut candidates = filter.candidates(&probe, chunk);
            while candidates != 0 {
                let column = chunk * 64 + candidates.trailing_zeros() as usize;
                candidates &= candidates - 1;
                // A column without a slice is on its way in or out.
                let Some(Some(slice)) = self.columns.get(column) else { continue };
                if newest.is_none_or(|position| position <= slice.after()) {
                    newest = slice.find(name)?.or(newest);
                }
            }
        }
        Ok(newest)
    }

    /// Whether a slice may know the name; looks at memory only.
    #[must_use]
    pub fn may_know(&self, name: &NameHash) -> bool {
        let Some(filter) = &self.filter else { return false };
        let probe = filter.probe(name);
        (0..filter.chunks()).any(|chunk| filter.candidates(&probe, chunk) != 0)
    }

    /// Which generation this is. Every change of the slices makes the next.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// The names of the rows up to this position are here, or were dropped.
    #[must_use]
    pub fn covered_until(&self) -> Position {
        self.list.last().map_or(self.first.after, |slice| slice.until())
    }

    /// The slices, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Slice> {
        self.list.iter().map(Arc::as_ref)
    }

    pub(super) const fn filter(&self) -> Option<&Arc<Filter>> {
        self.filter.as_ref()
    }

    pub(super) fn next_number(&self) -> u64 {
        self.list.last().map_or(self.first.number, |slice| slice.number() + 1)
    }

    /// A column that no slice has.
    pub(super) fn free_column(&self) -> usize {
        let hole = self.columns.iter().position(Option::is_none);
        hole.unwrap_or(self.columns.len())
    }

    /// The next generation, with one slice more, whose column is complete.
    pub(super) fn with(&self, slice: Arc<Slice>, column: usize, filter: Arc<Filter>) -> Self {
        let mut columns = self.columns.clone();
        columns.resize(columns.len().max(column + 1), None);
        columns[column] = Some(Arc::clone(&slice));
        let mut list = self.list.clone();
        list.push(slice);
        let generation = self.generation + 1;
        Self { generation, first: self.first, list, filter: Some(filter), columns }
    }

    /// The next generation without the slices before the first, and the columns they had.
    pub(super) fn without_older(&self, first: First) -> (Self, Vec<usize>) {
        let mut columns = self.columns.clone();
        let mut freed = Vec::new();
        for (index, column) in columns.iter_mut().enumerate() {
            if column.as_ref().is_some_and(|slice| slice.number() < first.number) {
                *column = None;
                freed.push(index);
            }
        }
        let is_kept = |slice: &&Arc<Slice>| slice.number() >= first.number;
        let list: Vec<_> = self.list.iter().filter(is_kept).cloned().collect();
        let generation = self.generation + 1;
        let next = if list.is_empty() {
            Self { generation, first, list, filter: None, columns: Vec::new() }
        } else {
            Self { generation, first, list, filter: self.filter.clone(), columns }
        };
        (next, freed)
    }
}

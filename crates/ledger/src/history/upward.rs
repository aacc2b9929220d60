//! The rows of some wallets together, in the order in which they were recorded.

use super::walk::Walk;
use super::wanted::Wanted;
use super::{Entries, Head};
use crate::work::StoreError;
use crate::{Point, RowView};

/// A walk through the rows of some wallets, upward by position.
pub struct Upward<'a, E> {
    walks: Vec<Walk<'a, E>>,
}

impl<'a, E: Entries> Upward<'a, E> {
    /// Sets out from what was recorded behind a point.
    pub fn begin(entries: &'a E, heads: &'a [Head], after: Point) -> Result<Self, StoreError> {
        let begin = |head| Walk::begin_behind(entries, head, Wanted::all(), after);
        Ok(Self { walks: heads.iter().map(begin).collect::<Result<_, _>>()? })
    }

    /// The next part of a row, of all wallets.
    pub fn take(&mut self) -> Result<Option<(Point, RowView)>, StoreError> {
        let mut first: Option<(usize, Point)> = None;
        for (index, walk) in self.walks.iter_mut().enumerate() {
            if let Some((point, _)) = walk.peek()?
                && first.is_none_or(|(_, other)| other.is_behind(point))
            {
                first = Some((index, point));
            }
        }
        Ok(first.and_then(|(index, _)| self.walks[index].take()))
    }
}

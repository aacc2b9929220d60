//! Making a slice again while it is in use.

use std::sync::Arc;

use super::layout::Identity;
use super::writing::Plan;
use super::{KeyStore, Recent, Slice, Slices, Written};
use crate::work::StoreError;

impl KeyStore {
    /// Writes a slice again, with the names of its rows, in the place of one that is damaged. One
    /// that was dropped meanwhile stays so.
    pub fn replace_slice(&self, number: u64, names: &Recent) -> Result<(), StoreError> {
        let _guard = self.change();
        let slices = self.slices();
        let is_it = |slice: &&Slice| slice.number() == number;
        let Some(damaged) = slices.iter().find(is_it) else { return Ok(()) };
        if (damaged.after(), damaged.until()) != (names.after(), names.until()) {
            let what = format!("slice {number} has the names of other rows");
            return Err(StoreError::Failed(what));
        }
        let plan = Plan {
            directory: self.directory.clone(),
            identity: Identity { ledger_id: self.ledger_id(), number },
            shape: self.shape(),
        };
        let Written { slice, column } = plan.write(names, damaged.row_hash())?;
        let (next, index) = slices.with_in_place(Arc::new(slice));
        if let Some((filter, index)) = slices.filter().zip(index) {
            // Bits are only added, so that nobody misses a name meanwhile.
            filter.set(index, column);
        }
        self.make_current(next);
        Ok(())
    }
}

impl Slices {
    /// The next generation, with a slice in the place of the one of its number, and its column.
    fn with_in_place(&self, slice: Arc<Slice>) -> (Self, Option<usize>) {
        let number = slice.number();
        let put = |place: &Arc<Slice>| {
            if place.number() == number { Arc::clone(&slice) } else { Arc::clone(place) }
        };
        let list = self.list.iter().map(put).collect();
        let columns: Vec<_> = self.columns.iter().map(|one| one.as_ref().map(put)).collect();
        let is_it = |one: &Option<Arc<Slice>>| one.as_ref().is_some_and(|it| it.number() == number);
        let index = columns.iter().position(is_it);
        let (generation, filter) = (self.generation + 1, self.filter.clone());
        (Self { generation, first: self.first, list, filter, columns }, index)
    }
}

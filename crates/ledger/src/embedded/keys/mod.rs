//! Names that must be found again, and the positions of their rows.
//!
//! The newest names are in tables of a fixed size in memory (`recent`). When one is full it becomes
//! a slice: an immutable sorted file (`slice`, `layout`). One bit-sliced filter over all slices
//! (`filter`) says in eight memory accesses which slices may know a name; each slice's column of it
//! lies beside the slice (`column`), so that a start need not read names. All of it can be made
//! again from the rows.

mod column;
mod files;
mod filter;
mod inspecting;
mod layout;
mod listing;
mod opening;
mod problem;
mod recent;
mod replacing;
mod retention;
mod slice;
mod slice_file;
mod slices;
mod store;
#[cfg(test)]
mod tests;
mod writing;

pub use inspecting::{NamesFile, inspect};
pub use listing::list;
pub use problem::Problem;
pub use recent::{NotTaken, Recent};
pub use slice::Slice;
pub use slices::Slices;
pub use store::KeyStore;
pub use writing::Written;

/// The sizes that everything else follows from. They differ only in tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shape {
    /// Names of a table, and so of a slice.
    names_max: usize,
    /// Bits of a slice's column; a power of two.
    rows: usize,
}

impl Shape {
    /// Seven eighths of 2^20 names fill a table of 2^20 places exactly; 2^24 bits give each of them
    /// eighteen, so that one lookup in four thousand of an absent name asks a slice in vain.
    const FULL: Self = Self { names_max: 917_504, rows: 1 << 24 };

    /// For tables of another size; eighteen bits and more for each name.
    fn of_names(names_max: usize) -> Self {
        let rows = names_max.saturating_mul(18).next_power_of_two().min(Self::FULL.rows);
        Self { names_max: names_max.min(Self::FULL.names_max), rows }
    }
}

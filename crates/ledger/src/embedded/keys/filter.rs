//! One filter over all slices: a table of rows with a bit for each slice.
//!
//! A name leads to the same eight rows in every slice's column. So eight words, combined, are the
//! set of up to 64 slices that may know it, at the cost of eight memory accesses for all of them.
//!
//! **Width.** A row has room for 8, 16, 32 or 64 slices, then for 64 more at a time. A filter that
//! has no room is laid out again, wider, beside the one that readers use.
//!
//! **Rows.** A full slice has 18 bits for each name: one lookup in 4,000 asks it in vain. When the
//! filter outgrows its memory it is folded: the upper half of the rows is laid over the lower.
//! Nothing that is known is denied by that, but more is asked in vain: one lookup in 75 for each
//! slice after one folding, one in 5 after two. There it ends; more would be no filter.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use scrip_core::NameHash;

use super::column::{Column, HASHES, rows_of};

const FOLDS_MAX: u32 = 2;

/// Bits of rows and columns.
///
/// Bits are set while readers look. They meet a column only through a list of slices that was
/// published after its last bit was set, and publishing orders the two.
pub(super) struct Filter {
    /// How many rows there would be without folding.
    rows_max: usize,
    rows: usize,
    width: usize,
    words: Vec<AtomicU64>,
}

impl Filter {
    /// An empty one with room for so many columns, in as many rows as the memory allows.
    pub(super) fn new(rows_max: usize, columns: usize, bytes_max: usize) -> Self {
        let width = width_for(columns);
        Self::empty(rows_max, rows_within(rows_max, width, bytes_max), width)
    }

    fn empty(rows_max: usize, rows: usize, width: usize) -> Self {
        let words = std::iter::repeat_with(AtomicU64::default).take(rows * width / 64);
        Self { rows_max, rows, width, words: words.collect() }
    }

    /// What one with so many columns takes in memory.
    pub(super) fn bytes_for(rows_max: usize, columns: usize, bytes_max: usize) -> usize {
        if columns == 0 {
            return 0;
        }
        let width = width_for(columns);
        rows_within(rows_max, width, bytes_max) * width / 8
    }

    /// The same columns with room for more, in as many rows as the memory allows.
    pub(super) fn widened(&self, columns: usize, bytes_max: usize) -> Self {
        let width = width_for(columns.max(self.width));
        let rows = rows_within(self.rows_max, width, bytes_max).min(self.rows);
        let wider = Self::empty(self.rows_max, rows, width);
        for row in 0..self.rows {
            for chunk in 0..self.chunks() {
                wider.join(row & (wider.rows - 1), chunk, self.chunk(row, chunk));
            }
        }
        wider
    }

    pub(super) const fn rows(&self) -> usize {
        self.rows
    }

    /// How many columns there is room for.
    pub(super) const fn width(&self) -> usize {
        self.width
    }

    pub(super) fn bytes(&self) -> usize {
        self.words.len() * 8
    }

    /// How many words hold the columns of a row.
    pub(super) const fn chunks(&self) -> usize {
        self.width.div_ceil(64)
    }

    /// Where to look for a name.
    pub(super) fn probe(&self, name: &NameHash) -> [usize; HASHES] {
        rows_of(name, self.rows)
    }

    /// The columns of a chunk that may know the name, one bit for each.
    pub(super) fn candidates(&self, probe: &[usize; HASHES], chunk: usize) -> u64 {
        probe.iter().fold(u64::MAX, |left, row| left & self.chunk(*row, chunk))
    }

    /// Sets an empty column. One thread changes a filter at a time.
    pub(super) fn set(&self, index: usize, mut column: Column) {
        column.fold(self.rows);
        for (block, word) in column.words().iter().enumerate() {
            let mut left = *word;
            while left != 0 {
                let row = block * 64 + left.trailing_zeros() as usize;
                self.join(row, index / 64, 1 << (index % 64));
                left &= left - 1;
            }
        }
    }

    /// Empties a column. One thread changes a filter at a time.
    pub(super) fn clear(&self, index: usize) {
        let (step, mask) = if self.width < 64 {
            let rows_of_word = 64 / self.width;
            (1, (0..rows_of_word).fold(0, |mask, row| mask | 1_u64 << (row * self.width + index)))
        } else {
            (self.chunks(), 1 << (index % 64))
        };
        for word in self.words.iter().skip(index / 64).step_by(step) {
            word.store(word.load(Relaxed) & !mask, Relaxed);
        }
    }

    /// Sets up to 64 empty columns at once, beginning at a multiple of 64: squares of 64 rows of 64
    /// columns are turned over, so that every word is written once and in order.
    pub(super) fn set_chunk(&self, chunk: usize, mut columns: Vec<Column>) {
        for column in &mut columns {
            column.fold(self.rows);
        }
        for block in 0..self.rows / 64 {
            let mut square = [0; 64];
            for (line, column) in square.iter_mut().zip(&columns) {
                *line = column.words()[block];
            }
            transpose(&mut square);
            for (row, word) in square.into_iter().enumerate() {
                self.join(block * 64 + row, chunk, word);
            }
        }
    }

    #[cfg(test)]
    pub(super) fn is_equal_to(&self, other: &Self) -> bool {
        let words =
            |filter: &Self| filter.words.iter().map(|w| w.load(Relaxed)).collect::<Vec<_>>();
        (self.rows, self.width) == (other.rows, other.width) && words(self) == words(other)
    }

    fn chunk(&self, row: usize, chunk: usize) -> u64 {
        let bit = row * self.width;
        if self.width < 64 {
            let mask = (1 << self.width) - 1;
            self.words[bit / 64].load(Relaxed) >> (bit % 64) & mask
        } else {
            self.words[bit / 64 + chunk].load(Relaxed)
        }
    }

    fn join(&self, row: usize, chunk: usize, bits: u64) {
        let bit = row * self.width;
        let (word, bits) = if self.width < 64 {
            (&self.words[bit / 64], bits << (bit % 64))
        } else {
            (&self.words[bit / 64 + chunk], bits)
        };
        word.store(word.load(Relaxed) | bits, Relaxed);
    }
}

/// How many bits a row has for so many columns.
fn width_for(columns: usize) -> usize {
    match columns {
        0..=8 => 8,
        9..=64 => columns.next_power_of_two(),
        _ => columns.next_multiple_of(64),
    }
}

fn rows_within(rows_max: usize, width: usize, bytes_max: usize) -> usize {
    let mut rows = rows_max;
    for _ in 0..FOLDS_MAX {
        if rows.saturating_mul(width) / 8 > bytes_max {
            rows /= 2;
        }
    }
    rows
}

/// Turns rows of bits into columns, by swapping ever smaller quarters.
fn transpose(square: &mut [u64; 64]) {
    let mut half = 32;
    let mut mask = u64::MAX >> 32;
    while half != 0 {
        let mut line = 0;
        while line < 64 {
            let swapped = (square[line] >> half ^ square[line + half]) & mask;
            square[line] ^= swapped << half;
            square[line + half] ^= swapped;
            line = (line + half + 1) & !half;
        }
        half /= 2;
        mask ^= mask << half;
    }
}

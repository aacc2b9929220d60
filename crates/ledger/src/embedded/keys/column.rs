//! A slice's column of the filter: a bit for every row that one of its names leads to.
//!
//! Its file also holds the slice's fence (the beginning of each page's first name), so that a start
//! reads two megabytes for a slice instead of all its names.

use std::fs;
use std::path::Path;

use scrip_core::NameHash;
use sha2::{Digest as _, Sha256};

use super::files;
use super::layout::Header;

/// Rows that a name leads to.
pub(super) const HASHES: usize = 8;
const MAGIC: [u8; 8] = *b"scripcol";
const VERSION: u32 = 1;
const HEAD_BYTES: usize = 8 + 4 + 16 + 8 + 32 + 8 + 8;
const CHECKSUM_BYTES: usize = 32;

/// The rows of a name. They are halves of the name, so that a filter of half as many rows finds
/// each in its lower half: this is what makes folding possible.
pub(super) fn rows_of(name: &NameHash, rows: usize) -> [usize; HASHES] {
    let halves = name.0.as_chunks::<8>().0;
    let first = u64::from_le_bytes(halves[0]);
    // Odd, so that the rows differ from each other.
    let step = u64::from_le_bytes(halves[1]) | 1;
    let mask = rows as u64 - 1;
    std::array::from_fn(|i| (first.wrapping_add(step.wrapping_mul(i as u64)) & mask) as usize)
}

/// One bit for each row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    words: Vec<u64>,
}

impl Column {
    pub(super) fn new(rows: usize) -> Self {
        Self { words: vec![0; rows / 64] }
    }

    pub(super) fn rows(&self) -> usize {
        self.words.len() * 64
    }

    pub(super) fn words(&self) -> &[u64] {
        &self.words
    }

    pub(super) fn insert(&mut self, name: &NameHash) {
        for row in rows_of(name, self.rows()) {
            self.words[row / 64] |= 1 << (row % 64);
        }
    }

    /// The same names in fewer rows.
    pub(super) fn fold(&mut self, rows: usize) {
        while self.rows() > rows {
            let upper = self.words.split_off(self.words.len() / 2);
            for (word, other) in self.words.iter_mut().zip(upper) {
                *word |= other;
            }
            self.words.shrink_to_fit();
        }
    }

    /// The bytes of the column's file.
    pub(super) fn pack(&self, header: &Header, fence: &[u64]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(file_bytes(self.rows(), fence.len()));
        bytes.extend(head(header, self.rows(), fence.len()));
        bytes.extend(self.words.iter().flat_map(|word| word.to_le_bytes()));
        bytes.extend(fence.iter().flat_map(|prefix| prefix.to_le_bytes()));
        bytes.extend(Sha256::digest(&bytes));
        bytes
    }

    /// Reads the file of a slice's column, with its fence; an error says what is wrong.
    pub(super) fn read(
        directory: &Path,
        header: &Header,
        rows: usize,
    ) -> Result<(Self, Vec<u64>), String> {
        let path = files::column_path(directory, header.identity.number);
        let bytes = fs::read(path).map_err(|error| error.to_string())?;
        let pages = usize::try_from(header.pages()).map_err(|error| error.to_string())?;
        let expected = file_bytes(rows, pages);
        if bytes.len() != expected {
            return Err(format!("has {} bytes instead of {expected}", bytes.len()));
        }
        let (content, checksum) = bytes.split_at(expected - CHECKSUM_BYTES);
        if Sha256::digest(content)[..] != *checksum {
            return Err("is not what was written".to_owned());
        }
        let (found, numbers) = content.split_at(HEAD_BYTES);
        if found != head(header, rows, pages) {
            return Err("does not belong to its slice".to_owned());
        }
        let mut words: Vec<u64> =
            numbers.as_chunks::<8>().0.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect();
        let fence = words.split_off(rows / 64);
        Ok((Self { words }, fence))
    }
}

/// How many rows a column's file says it has, if that is possible.
pub(super) fn rows_of_file(path: &Path) -> Option<usize> {
    const AT: u64 = HEAD_BYTES as u64 - 16;
    let mut number = [0; 8];
    files::read_at(&fs::File::open(path).ok()?, &mut number, AT).ok()?;
    let rows = usize::try_from(u64::from_le_bytes(number)).ok()?;
    (rows.is_power_of_two() && (64..=1 << 24).contains(&rows)).then_some(rows)
}

pub(super) const fn file_bytes(rows: usize, pages: usize) -> usize {
    HEAD_BYTES + rows / 8 + pages * 8 + CHECKSUM_BYTES
}

/// A column belongs to the content of its slice, not only to its number.
fn head(header: &Header, rows: usize, pages: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEAD_BYTES);
    bytes.extend(MAGIC);
    bytes.extend(VERSION.to_le_bytes());
    bytes.extend(header.identity.ledger_id);
    bytes.extend(header.identity.number.to_le_bytes());
    bytes.extend(header.content);
    bytes.extend((rows as u64).to_le_bytes());
    bytes.extend((pages as u64).to_le_bytes());
    bytes
}

//! The bytes of a slice: a header page, then pages of sorted records, each with a checksum.
//!
//! ```text
//! header  4096   magic, version, ledger, number, range, row hash, count, content; SHA-256 of these
//! page    4096   170 records of 24 bytes (name 16, position 8), then 16 bytes of checksum
//! ```
//!
//! All numbers are little-endian. A lookup reads one whole page, so that a page that went bad is an
//! error and never the answer that a name is absent.

use std::path::Path;

use scrip_core::{Digest, NameHash};
use sha2::{Digest as _, Sha256};

use super::Problem;
use crate::slot::Position;

pub(super) const PAGE_BYTES: usize = 4096;
pub(super) const RECORDS_PER_PAGE: usize = 170;
const RECORD_BYTES: usize = 24;
const RECORDS_BYTES: usize = RECORDS_PER_PAGE * RECORD_BYTES;
const MAGIC: [u8; 8] = *b"scripkey";
const VERSION: u32 = 1;
/// What is before the header's checksum, which ends its page.
const CHECKED_BYTES: usize = PAGE_BYTES - 32;

pub(super) type Page = [u8; PAGE_BYTES];
pub(super) type Record = (NameHash, Position);

/// Which ledger and which slice of it; the checksums of all pages contain it, so that a page of
/// another file is as wrong as a flipped bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub ledger_id: [u8; 16],
    pub number: u64,
}

/// What a slice says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub identity: Identity,
    pub after: Position,
    pub until: Position,
    /// The hash of the row at `until`.
    pub row_hash: Digest,
    pub count: u64,
    /// A hash over the checksums of all pages.
    pub content: [u8; 32],
}

impl Header {
    pub(super) fn pack(&self) -> Page {
        let mut page = [0; PAGE_BYTES];
        let mut out = Out { page: &mut page, at: 0 };
        out.put(&MAGIC);
        out.put(&VERSION.to_le_bytes());
        out.put(&self.identity.ledger_id);
        out.put(&self.identity.number.to_le_bytes());
        out.put(&self.after.to_le_bytes());
        out.put(&self.until.to_le_bytes());
        out.put(self.row_hash.as_bytes());
        out.put(&self.count.to_le_bytes());
        out.put(&self.content);
        let checksum = Sha256::digest(&page[..CHECKED_BYTES]);
        page[CHECKED_BYTES..].copy_from_slice(&checksum);
        page
    }

    pub(super) fn parse(page: &Page, ledger_id: [u8; 16], file: &Path) -> Result<Self, Problem> {
        let mut fields = Fields { page, at: 0 };
        if fields.take::<8>() != MAGIC {
            return Err(Problem::damaged(file, "is not a slice of names"));
        }
        let version = u32::from_le_bytes(fields.take());
        if version != VERSION {
            return Err(Problem::UnknownVersion { file: file.to_owned(), version });
        }
        if Sha256::digest(&page[..CHECKED_BYTES])[..] != page[CHECKED_BYTES..] {
            return Err(Problem::damaged(file, "the header is not what was written"));
        }
        let identity = Identity { ledger_id: fields.take(), number: fields.number() };
        let header = Self {
            identity,
            after: fields.number(),
            until: fields.number(),
            row_hash: Digest::from_bytes(fields.take()),
            count: fields.number(),
            content: fields.take(),
        };
        if identity.ledger_id != ledger_id {
            return Err(Problem::OtherLedger { file: file.to_owned() });
        }
        Ok(header)
    }

    pub(super) const fn pages(&self) -> u64 {
        self.count.div_ceil(RECORDS_PER_PAGE as u64)
    }

    /// How long the file is.
    pub(super) const fn file_bytes(&self) -> u64 {
        self.pages().saturating_add(1).saturating_mul(PAGE_BYTES as u64)
    }

    /// How many records are on a page.
    pub(super) fn records_on(&self, page: u64) -> usize {
        let before = page.saturating_mul(RECORDS_PER_PAGE as u64);
        let left = usize::try_from(self.count.saturating_sub(before)).unwrap_or(usize::MAX);
        left.min(RECORDS_PER_PAGE)
    }
}

struct Out<'a> {
    page: &'a mut Page,
    at: usize,
}

impl Out<'_> {
    fn put(&mut self, bytes: &[u8]) {
        let end = self.at + bytes.len();
        self.page[self.at..end].copy_from_slice(bytes);
        self.at = end;
    }
}

struct Fields<'a> {
    page: &'a Page,
    at: usize,
}

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        bytes.copy_from_slice(&self.page[self.at..self.at + N]);
        self.at += N;
        bytes
    }

    fn number(&mut self) -> u64 {
        u64::from_le_bytes(self.take())
    }
}

/// Packs up to a page of records.
pub(super) fn pack_page(identity: &Identity, number: u64, records: &[Record]) -> Page {
    let mut page = [0; PAGE_BYTES];
    for (place, (name, position)) in page.chunks_exact_mut(RECORD_BYTES).zip(records) {
        place[..16].copy_from_slice(&name.0);
        place[16..].copy_from_slice(&position.to_le_bytes());
    }
    let checksum = checksum(identity, number, &page);
    page[RECORDS_BYTES..].copy_from_slice(&checksum);
    page
}

/// The page is what was written there.
pub(super) fn is_intact(identity: &Identity, number: u64, page: &Page) -> bool {
    page[RECORDS_BYTES..] == checksum(identity, number, page)
}

fn checksum(identity: &Identity, number: u64, page: &Page) -> [u8; 16] {
    let mut hasher = Sha256::new();
    hasher.update(identity.ledger_id);
    hasher.update(identity.number.to_le_bytes());
    hasher.update(number.to_le_bytes());
    hasher.update(&page[..RECORDS_BYTES]);
    let mut half = [0; 16];
    half.copy_from_slice(&hasher.finalize()[..16]);
    half
}

pub(super) fn checksum_of(page: &Page) -> &[u8] {
    &page[RECORDS_BYTES..]
}

pub(super) fn record(page: &Page, index: usize) -> Record {
    let mut name = [0; 16];
    let mut position = [0; 8];
    let at = index * RECORD_BYTES;
    name.copy_from_slice(&page[at..at + 16]);
    position.copy_from_slice(&page[at + 16..at + RECORD_BYTES]);
    (NameHash(name), u64::from_le_bytes(position))
}

/// Where a name is on a page, or where it would be.
pub(super) fn search(page: &Page, records: usize, name: &NameHash) -> Result<Position, usize> {
    let (mut low, mut high) = (0, records);
    while low < high {
        let middle = low.midpoint(high);
        let (found, position) = record(page, middle);
        match found.cmp(name) {
            std::cmp::Ordering::Equal => return Ok(position),
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Greater => high = middle,
        }
    }
    Err(low)
}

/// The first half of a name, in the order of names: what the fence keeps of each page's first.
pub(super) fn prefix(name: &NameHash) -> u64 {
    let mut half = [0; 8];
    half.copy_from_slice(&name.0[..8]);
    u64::from_be_bytes(half)
}

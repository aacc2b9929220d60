//! The heads under an anchor as they are kept, so that one of them can be proven without reading all.
//!
//! A page has 256 entries: of the lowest level heads, sorted by wallet, above it the pages of the level
//! below, each with its first wallet and its root. Each page is a subtree of the anchor's tree, so pages
//! are read from the highest, which is one, down to the head that is sought, one of each level.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use scrip_core::Digest;
use serde_json::{Map, Value};

use super::Statement;
use super::tree::{WalletHead, path, root};
use crate::{NewRecord, Record, RecordKind};

/// How many entries a page has at most: a power of two, so that it is a subtree.
pub const PAGE_HEADS: usize = 256;
/// A wallet, a sequence and a hash.
const ENTRY_BYTES: usize = 32 + 8 + 32;

/// A page of heads, or of pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// 0 for heads.
    pub level: u8,
    /// Its place among the pages of its level.
    pub index: u64,
    /// Heads; of a higher level the first wallets and roots of pages, with sequence 0.
    pub entries: Vec<WalletHead>,
}

/// The pages of some heads, one of each wallet, and the root over them. Heads are sorted.
#[must_use]
pub fn pages_of(mut heads: Vec<WalletHead>) -> (Digest, Vec<Page>) {
    heads.sort_unstable();
    let (mut level, mut entries, mut pages) = (0, heads, Vec::new());
    loop {
        let chunks = entries.chunks(PAGE_HEADS).zip(0..);
        let of_level: Vec<Page> = chunks
            .map(|(entries, index)| Page { level, index, entries: entries.to_vec() })
            .collect();
        let above: Vec<WalletHead> = of_level.iter().filter_map(Page::as_entry).collect();
        pages.extend(of_level);
        match above.as_slice() {
            [] => return (root(&[]), pages),
            [only] => return (Digest::from_bytes(only.hash), pages),
            _ => (level, entries) = (level.saturating_add(1), above),
        }
    }
}

/// Reads the heads under an anchor page by page, from wherever its records are.
pub(crate) struct HeadsRead<'s> {
    statement: &'s Statement,
    /// Of each page that was read.
    heads: Vec<WalletHead>,
    next: u64,
    /// A page is not there, or cannot be read.
    is_broken: bool,
}

impl<'s> HeadsRead<'s> {
    /// Nothing is read yet.
    pub(crate) const fn of(statement: &'s Statement) -> Self {
        Self { statement, heads: Vec::new(), next: 0, is_broken: false }
    }

    /// The identifier of the record that is to be read next.
    pub(crate) fn next_id(&self) -> Option<String> {
        let pages = self.statement.wallets.div_ceil(PAGE_HEADS as u64);
        let is_more = self.next < pages && !self.is_broken;
        is_more.then(|| Page::record_id(self.statement, 0, self.next))
    }

    /// What was found there.
    pub(crate) fn take(&mut self, record: Option<&Record>) {
        match record.and_then(|record| Page::of(record, 0, self.next)) {
            Some(page) => self.heads.extend(page.entries),
            None => self.is_broken = true,
        }
        self.next += 1;
    }

    /// All of them; none if they are not those that were signed.
    pub(crate) fn finish(self) -> Option<Vec<WalletHead>> {
        let Self { statement, heads, is_broken, .. } = self;
        let is_signed = !is_broken && pages_of(heads.clone()).0 == statement.root;
        is_signed.then_some(heads)
    }
}

impl Page {
    /// The level of the only page at the top of a tree of so many heads.
    #[must_use]
    pub fn top_level(heads: u64) -> u8 {
        let (mut level, mut pages) = (0_u8, heads.div_ceil(PAGE_HEADS as u64));
        while pages > 1 {
            (level, pages) = (level.saturating_add(1), pages.div_ceil(PAGE_HEADS as u64));
        }
        level
    }

    /// What stands for each entry in the tree.
    fn hashes(&self) -> Vec<Digest> {
        let hash = |entry: &WalletHead| match self.level {
            0 => entry.leaf(),
            _ => Digest::from_bytes(entry.hash),
        };
        self.entries.iter().map(hash).collect()
    }

    /// The root of the subtree that it is.
    #[must_use]
    pub fn root(&self) -> Digest {
        root(&self.hashes())
    }

    /// The path of an entry within the page.
    #[must_use]
    pub fn path(&self, place: usize) -> Option<Vec<Digest>> {
        path(&self.hashes(), place)
    }

    fn as_entry(&self) -> Option<WalletHead> {
        let first = self.entries.first()?;
        Some(WalletHead { wallet: first.wallet, sequence: 0, hash: *self.root().as_bytes() })
    }

    /// The place of the last entry that is not behind a wallet: its own, or the page that would have it.
    #[must_use]
    pub fn place_of(&self, wallet: &[u8; 32]) -> Option<usize> {
        self.entries.partition_point(|entry| entry.wallet <= *wallet).checked_sub(1)
    }

    /// The record's identifier. It names the root, so that what is left of a signing that did not come to
    /// its end is never taken for a page of another one.
    #[must_use]
    pub fn record_id(statement: &Statement, level: u8, index: u64) -> String {
        let root = statement.root.to_string();
        format!("{}.{}.{level}.{index}", statement.number, root.get(..16).unwrap_or(&root))
    }

    /// The member by which the pages of an anchor are found.
    pub const ANCHOR: &'static str = "anchor";
    const ENTRIES: &'static str = "entries";

    /// The record.
    #[must_use]
    pub fn record(&self, statement: &Statement) -> NewRecord {
        let mut bytes = Vec::with_capacity(self.entries.len() * ENTRY_BYTES);
        for entry in &self.entries {
            bytes.extend(entry.wallet);
            bytes.extend(entry.sequence.to_be_bytes());
            bytes.extend(entry.hash);
        }
        let body = Map::from_iter([
            (Self::ANCHOR.to_owned(), Value::from(statement.number.to_string())),
            (Self::ENTRIES.to_owned(), Value::from(STANDARD.encode(bytes))),
        ]);
        let id = Self::record_id(statement, self.level, self.index);
        NewRecord { kind: RecordKind::AnchorHeads, id, body }
    }

    /// What a record says; none if it is no page.
    #[must_use]
    pub fn of(record: &Record, level: u8, index: u64) -> Option<Self> {
        if record.kind != RecordKind::AnchorHeads {
            return None;
        }
        let bytes = STANDARD.decode(record.body.get(Self::ENTRIES)?.as_str()?).ok()?;
        let (entries, rest) = bytes.as_chunks::<ENTRY_BYTES>();
        if !rest.is_empty() {
            return None;
        }
        let read = |entry: &[u8; ENTRY_BYTES]| {
            let (wallet, rest) = entry.split_first_chunk()?;
            let (sequence, hash) = rest.split_first_chunk()?;
            let sequence = u64::from_be_bytes(*sequence);
            Some(WalletHead { wallet: *wallet, sequence, hash: hash.try_into().ok()? })
        };
        let entries = entries.iter().map(read).collect::<Option<Vec<_>>>()?;
        Some(Self { level, index, entries })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anchors::climb;

    fn heads(count: u64) -> Vec<WalletHead> {
        let head = |at: u64| {
            let mut wallet = [0; 32];
            wallet[..8].copy_from_slice(&at.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
            WalletHead { wallet, sequence: at, hash: [5; 32] }
        };
        (1..=count).map(head).collect()
    }

    #[test]
    fn pages_come_to_the_root_of_all_heads() {
        for count in [0, 1, 2, 255, 256, 257, 511, 513, 70_000] {
            let (root_of_pages, pages) = pages_of(heads(count));
            let mut sorted = heads(count);
            sorted.sort_unstable();
            let leaves: Vec<Digest> = sorted.iter().map(WalletHead::leaf).collect();
            assert_eq!(root_of_pages, root(&leaves), "{count}");
            let top = pages.iter().map(|page| page.level).max().unwrap_or(0);
            assert_eq!(Page::top_level(count), top, "{count}");
            assert!(pages.iter().filter(|page| page.level == top).count() <= 1);
        }
    }

    /// From the top down: the paths of the pages, one behind the other, are the path of the head.
    #[test]
    fn a_head_is_found_with_its_path() {
        let count = 70_000;
        let (root, pages) = pages_of(heads(count));
        for head in heads(count).iter().step_by(977) {
            let (mut level, mut index, mut parts) = (Page::top_level(count), 0, Vec::new());
            let (found, at) = loop {
                let page = pages.iter().find(|it| (it.level, it.index) == (level, index)).unwrap();
                let place = page.place_of(&head.wallet).unwrap();
                parts.push(page.path(place).unwrap());
                let below = index * PAGE_HEADS as u64 + place as u64;
                if level == 0 {
                    break (page.entries[place], below);
                }
                (level, index) = (level - 1, below);
            };
            assert_eq!(found, *head);
            let path: Vec<Digest> = parts.into_iter().rev().flatten().collect();
            assert_eq!(climb(head.leaf(), at, count, &path), Some(root));
        }
    }
}

//! What anchors and proofs read of the rows.

use scrip_core::{Digest, WalletKey, genesis};

use super::tree::WalletHead;
use crate::fast_map::FastMap;
use crate::history::{self, Entries, Head};
use crate::slot::WalletNumber;
use crate::work::StoreError;

/// How many rows are looked at in one go.
pub const STRETCH_ROWS: u64 = 65_536;

/// The heads of the wallets that some rows are of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeadsBehind {
    /// The last of these rows of each wallet.
    pub heads: Vec<WalletHead>,
    /// How many rows there are.
    pub rows: u64,
    /// Nothing lies between where it was asked and this position but these rows.
    pub reached: u64,
    /// These are all the rows that there were, when it was asked.
    pub is_all: bool,
}

/// Takes rows in their order, and keeps the last of each wallet.
#[derive(Default)]
pub struct Gathering {
    heads: FastMap<WalletNumber, (u64, Digest)>,
    rows: u64,
}

impl Gathering {
    /// The next row.
    pub fn take(&mut self, wallet: WalletNumber, sequence: u64, hash: Digest) {
        self.rows += 1;
        let head = self.heads.entry(wallet).or_insert((sequence, hash));
        if head.0 < sequence {
            *head = (sequence, hash);
        }
    }

    /// The wallets that were met.
    pub fn wallets(&self) -> Vec<WalletNumber> {
        self.heads.keys().copied().collect()
    }

    /// The heads, where somebody knows whose wallet has which number.
    pub fn finish(
        self,
        reached: u64,
        is_all: bool,
        mut key_of: impl FnMut(WalletNumber) -> Result<Option<WalletKey>, StoreError>,
    ) -> Result<HeadsBehind, StoreError> {
        let rows = self.rows;
        let head = |(number, (sequence, hash))| {
            let missing =
                || StoreError::Corrupt(format!("wallets {number}: it has rows and is missing"));
            let key = key_of(number)?.ok_or_else(missing)?;
            Ok(WalletHead::new(genesis(&key), sequence, hash))
        };
        let heads = self.heads.into_iter().map(head).collect::<Result<_, StoreError>>()?;
        Ok(HeadsBehind { heads, rows, reached, is_all })
    }
}

/// A row as a link of its wallet's chain: what its hash covers beside the hash before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The row's sequence.
    pub sequence: u64,
    /// Version, length and content of the packed row.
    pub content: Vec<u8>,
    /// The salted digest of its words, if it has any.
    pub texts_digest: Option<Digest>,
    /// Its hash.
    pub hash: Digest,
    /// Where it lies in this store.
    pub position: u64,
}

/// Some links of a wallet's chain, one behind the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Links {
    /// The hash before the first of them.
    pub previous: Digest,
    /// The links; none if the wallet has no such row.
    pub links: Vec<Link>,
}

/// The links of a wallet from a sequence on, at most so many.
pub fn links(
    entries: &impl Entries,
    head: &Head,
    from: u64,
    most: u64,
) -> Result<Links, StoreError> {
    let until = from.saturating_add(most).saturating_sub(1);
    // The row before the first one is needed for its hash.
    let before = from.saturating_sub(1);
    let mut rows = history::stretch(entries, head, before.max(1), until)?.into_iter().peekable();
    let mut previous = genesis(&head.key);
    if let Some(row) = rows.next_if(|row| before > 0 && row.row.sequence == before) {
        previous = row.hash;
    }
    let first = previous;
    let mut links = Vec::with_capacity(rows.len());
    for entry in rows {
        let wrong = |error| StoreError::Corrupt(format!("entries {}: {error}", entry.position));
        let parts = entry.row.hashed_parts(previous, entry.hash).map_err(wrong)?;
        previous = entry.hash;
        links.push(Link {
            sequence: entry.row.sequence,
            content: parts.content,
            texts_digest: parts.texts_digest,
            hash: entry.hash,
            position: entry.position,
        });
    }
    Ok(Links { previous: first, links })
}

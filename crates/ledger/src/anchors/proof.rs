//! The proof that a row is one of those that an anchor covers.

use scrip_core::{Digest, WalletKey, genesis};

use super::pages::{HeadsRead, PAGE_HEADS, Page};
use super::reading::Link;
use super::tree::WalletHead;
use super::{Anchor, Statement};
use crate::{Ledger, LedgerError, PageRequest, RecordKind, RecordQuery, SYSTEM, Start};

/// How many links of a chain a proof has at a time.
pub const LINKS_MAX: u64 = 1_000;

/// A part of a proof: some links of the chain from the row to the head of its wallet in the soonest
/// anchor that covers it, and that head's place under the anchor.
#[derive(Clone, Debug)]
pub struct Proof {
    /// The hash before the first link.
    pub previous: Digest,
    /// Links, one behind the other; the last part ends with the head.
    pub links: Vec<Link>,
    /// Where the next part begins.
    pub next: Option<u64>,
    /// The head.
    pub head: HeadProof,
    /// The anchor.
    pub anchor: Anchor,
}

/// A wallet's head, and how it comes to its anchor's root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeadProof {
    /// The head.
    pub head: WalletHead,
    /// Its place among the anchor's leaves, from 0.
    pub index: u64,
    /// The hashes beside the way to the root, the nearest first.
    pub path: Vec<Digest>,
}

/// Why there is no proof.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotProven {
    /// The wallet has no such row.
    #[error("the wallet has no row {0}")]
    Unknown(u64),
    /// It was recorded after the last anchor was signed, if any was.
    #[error("no anchor covers the row yet")]
    Uncovered,
    /// The part that is asked for does not lie between the row and the head.
    #[error("it must lie between the row and row {0}, which the anchor covers")]
    Beyond(u64),
    /// The ledger gives no answer.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// Proves a wallet's row, by its sequence: the part of the proof that begins with the link `from`.
pub async fn prove(
    ledger: &dyn Ledger,
    wallet: &WalletKey,
    sequence: u64,
    from: u64,
) -> Result<Proof, NotProven> {
    let row = ledger.links(wallet, sequence, 1).await?.links.into_iter().next();
    let row = row.filter(|row| row.sequence == sequence).ok_or(NotProven::Unknown(sequence))?;
    let anchor = soonest(ledger, row.position).await?.ok_or(NotProven::Uncovered)?;
    let head = head_under(ledger, &anchor.statement, genesis(wallet)).await?;
    let end = head.head.sequence;
    if end < sequence {
        let what = format!(
            "anchor {}: its head of a wallet is older than a row that it covers",
            anchor.statement.number
        );
        return Err(LedgerError::Internal(what).into());
    }
    if !(sequence..=end).contains(&from) {
        return Err(NotProven::Beyond(end));
    }
    let most = LINKS_MAX.min(end.saturating_sub(from).saturating_add(1));
    let links = ledger.links(wallet, from, most).await?;
    let next = from.saturating_add(links.links.len() as u64);
    let next = (next <= end).then_some(next);
    Ok(Proof { previous: links.previous, links: links.links, next, head, anchor })
}

/// The newest anchor.
pub async fn newest(ledger: &dyn Ledger) -> Result<Option<Anchor>, LedgerError> {
    let page = PageRequest { start: Start::Newest, limit: 1 };
    let query = RecordQuery { page, ..RecordQuery::all_of(SYSTEM, RecordKind::Anchor) };
    let found = ledger.records(query).await?.items.pop();
    found.map(|(_, record)| Anchor::of(&record).ok_or_else(|| unreadable(&record.id))).transpose()
}

/// An anchor, by its number.
pub async fn numbered(ledger: &dyn Ledger, number: u64) -> Result<Option<Anchor>, LedgerError> {
    let id = Anchor::record_id(number);
    let found = ledger.record(SYSTEM, RecordKind::Anchor, &id).await?;
    found.map(|record| Anchor::of(&record).ok_or_else(|| unreadable(&id))).transpose()
}

/// All heads under an anchor, by their wallets; none if they are not there, or not those that were signed.
pub async fn heads_of(
    ledger: &dyn Ledger,
    statement: &Statement,
) -> Result<Option<Vec<WalletHead>>, LedgerError> {
    let mut heads = HeadsRead::of(statement);
    while let Some(id) = heads.next_id() {
        heads.take(ledger.record(SYSTEM, RecordKind::AnchorHeads, &id).await?.as_ref());
    }
    Ok(heads.finish())
}

fn unreadable(id: &str) -> LedgerError {
    LedgerError::Internal(format!("anchor {id}: it cannot be read"))
}

/// The first anchor that covers a position.
async fn soonest(ledger: &dyn Ledger, position: u64) -> Result<Option<Anchor>, LedgerError> {
    let Some(newest) = newest(ledger).await?.filter(|newest| newest.position >= position) else {
        return Ok(None);
    };
    // All before `low` end before the position; `found` does not.
    let (mut low, mut found) = (1, newest);
    while low < found.statement.number {
        let number = low.midpoint(found.statement.number);
        let anchor = numbered(ledger, number).await?.ok_or_else(|| missing(number))?;
        if anchor.position >= position {
            found = anchor;
        } else {
            low = number + 1;
        }
    }
    Ok(Some(found))
}

fn missing(number: u64) -> LedgerError {
    LedgerError::Internal(format!("anchor {number}: it is missing"))
}

/// A wallet's head under an anchor that covers a row of it.
async fn head_under(
    ledger: &dyn Ledger,
    statement: &Statement,
    wallet: Digest,
) -> Result<HeadProof, LedgerError> {
    let wrong = || {
        let what = "its heads are missing or damaged";
        LedgerError::Internal(format!("anchor {}: {what}", statement.number))
    };
    let (mut level, mut index, mut parts) = (Page::top_level(statement.wallets), 0, Vec::new());
    loop {
        let id = Page::record_id(statement, level, index);
        let record =
            ledger.record(SYSTEM, RecordKind::AnchorHeads, &id).await?.ok_or_else(wrong)?;
        let page = Page::of(&record, level, index).ok_or_else(wrong)?;
        let place = page.place_of(wallet.as_bytes()).ok_or_else(wrong)?;
        parts.push(page.path(place).ok_or_else(wrong)?);
        index = index * PAGE_HEADS as u64 + place as u64;
        if level > 0 {
            level -= 1;
            continue;
        }
        let head = page.entries.get(place).filter(|head| head.wallet == *wallet.as_bytes());
        let path = parts.into_iter().rev().flatten().collect();
        return Ok(HeadProof { head: *head.ok_or_else(wrong)?, index, path });
    }
}

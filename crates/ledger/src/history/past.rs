//! A wallet as an earlier row left it: folded again from the nearest state that was kept.

use scrip_core::{Credits, Wallet};

use super::reading::{older, read};
use super::{Entries, Entry, Head};
use crate::slot::{Position, skipped};
use crate::work::StoreError;

/// How many rows are in memory at a time.
const PART: u64 = 1_024;

/// A wallet's state as it was kept beside the row that left it.
pub struct Kept {
    /// The row's sequence.
    pub sequence: u64,
    /// The row's position.
    pub position: Position,
    /// The wallet, where it can be read.
    pub wallet: Option<Wallet>,
}

/// The wallet as its row of a sequence left it, without what time brought afterwards, and the
/// balance of the kept state from which its rows were folded; each of these rows is shown, oldest
/// first. At most [`crate::slot::ROWS_PER_STATE`] rows and those of one command are folded, unless
/// kept states are missing or wrong.
pub fn fold_to(
    entries: &impl Entries,
    head: &Head,
    sequence: u64,
    mut show: impl FnMut(&Entry) -> Result<(), StoreError>,
) -> Result<(Wallet, Credits), StoreError> {
    let mut wallet = nearest_kept(entries, head, sequence)?;
    let wrong = |error| StoreError::Corrupt(format!("wallet {}: {error}", head.number));
    let opening = wallet.balance().map_err(wrong)?.available;
    while wallet.sequence() < sequence {
        let until = wallet.sequence().saturating_add(PART).min(sequence);
        for entry in stretch(entries, head, wallet.sequence(), until)? {
            fold(&mut wallet, &entry)?;
            show(&entry)?;
        }
    }
    Ok((wallet, opening))
}

/// The newest kept state at or before a sequence that is what its row left; else the wallet before
/// its first row. A wrong one is told and passed over, because the rows know better.
fn nearest_kept(entries: &impl Entries, head: &Head, sequence: u64) -> Result<Wallet, StoreError> {
    let mut until = sequence;
    while let Some(kept) = entries.kept_state(head.number, until)? {
        let Kept { sequence, position, .. } = kept;
        if let Some(wallet) = confirmed(entries, head, kept)? {
            return Ok(wallet);
        }
        tracing::error!(wallet = head.number, sequence, position, "a kept state is wrong");
        until = sequence.min(until).saturating_sub(1);
    }
    Ok(Wallet::new(head.key.clone()))
}

/// The kept wallet, if it adds up and is the one that its row left.
fn confirmed(
    entries: &impl Entries,
    head: &Head,
    kept: Kept,
) -> Result<Option<Wallet>, StoreError> {
    let Some(wallet) = kept.wallet else { return Ok(None) };
    let Some(entry) = entries.entry(kept.position)? else { return Ok(None) };
    let row = &entry.row;
    let is_its_own = entry.wallet == head.number
        && (row.sequence, wallet.sequence()) == (kept.sequence, kept.sequence)
        && *wallet.key() == head.key
        && wallet.hash() == entry.hash
        && wallet.recorded_at() == Some(row.recorded_at);
    let adds_up = is_its_own
        && wallet.check().is_ok()
        && wallet.balance().is_ok_and(|balance| balance.available == row.balance_after);
    Ok(adds_up.then_some(wallet))
}

/// Folds the wallet's next row, whose hash must follow from the row before.
fn fold(wallet: &mut Wallet, entry: &Entry) -> Result<(), StoreError> {
    let wrong = |what: String| StoreError::Corrupt(format!("entries {}: {what}", entry.position));
    let packed = entry.row.pack(wallet.hash()).map_err(|error| wrong(error.to_string()))?;
    if packed.hash != entry.hash {
        return Err(wrong("its hash does not follow from the row before".to_owned()));
    }
    wallet.apply(&entry.row, entry.hash).map_err(|error| wrong(error.to_string()))?;
    wallet.take_departed();
    Ok(())
}

/// The rows behind a sequence up to another one, oldest first.
fn stretch(
    entries: &impl Entries,
    head: &Head,
    behind: u64,
    until: u64,
) -> Result<Vec<Entry>, StoreError> {
    let mut rows = Vec::new();
    let mut entry = at_sequence(entries, head, until)?;
    while entry.row.sequence > behind.saturating_add(1) {
        let previous = older(entries, head, &entry, entry.links.previous)?;
        rows.push(std::mem::replace(&mut entry, previous));
    }
    rows.push(entry);
    rows.reverse();
    Ok(rows)
}

/// The row of a sequence. On each level of the trees of rows at most two are read.
fn at_sequence(entries: &impl Entries, head: &Head, sequence: u64) -> Result<Entry, StoreError> {
    let mut entry = read(entries, head, head.last)?;
    while entry.row.sequence > sequence {
        let current = entry.row.sequence;
        let skips_to = current.saturating_sub(skipped(current));
        let next = if skips_to >= sequence { entry.links.skip } else { entry.links.previous };
        entry = older(entries, head, &entry, next)?;
    }
    if entry.row.sequence == sequence {
        return Ok(entry);
    }
    let number = head.number;
    Err(StoreError::Corrupt(format!("wallet {number}: no row leads to that of {sequence}")))
}

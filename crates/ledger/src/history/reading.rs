//! Reading one wallet's rows along their links.

use scrip_core::{NameHash, NameKind, ReservationId, Timestamp, genesis};

use super::{Entries, Entry, Head};
use crate::slot::Position;
use crate::work::StoreError;

/// A wallet's newest row at or before an instant, whose `balance_after` was the balance then; none
/// if the wallet's rows are all later.
///
/// On each level of the trees of rows at most two are read.
pub fn newest_at(
    entries: &impl Entries,
    head: &Head,
    at: Timestamp,
) -> Result<Option<Entry>, StoreError> {
    newest(entries, head, |entry| entry.row.recorded_at > at)
}

/// A wallet's newest row at or before a position; none if the wallet's rows are all behind it.
pub(super) fn newest_up_to(
    entries: &impl Entries,
    head: &Head,
    position: Position,
) -> Result<Option<Entry>, StoreError> {
    newest(entries, head, |entry| entry.position > position)
}

/// A wallet's rows from a sequence to another one, in order; as many as there are.
pub fn stretch(
    entries: &impl Entries,
    head: &Head,
    from: u64,
    until: u64,
) -> Result<Vec<Entry>, StoreError> {
    let mut rows = Vec::new();
    let mut next = newest(entries, head, |entry| entry.row.sequence > until)?;
    while let Some(entry) = next.filter(|entry| entry.row.sequence >= from) {
        next = match entry.links.previous {
            0 => None,
            previous => Some(older(entries, head, &entry, previous)?),
        };
        rows.push(entry);
    }
    rows.reverse();
    Ok(rows)
}

/// A wallet's newest row that is not too new, as all those after it are.
fn newest(
    entries: &impl Entries,
    head: &Head,
    is_too_new: impl Fn(&Entry) -> bool,
) -> Result<Option<Entry>, StoreError> {
    if head.last == 0 {
        return Ok(None);
    }
    let mut entry = read(entries, head, head.last)?;
    // The newest row that is known not to be too new.
    let mut floor: Option<Entry> = None;
    while is_too_new(&entry) {
        let links = entry.links;
        let is_floor = |position| floor.as_ref().is_some_and(|floor| floor.position == position);
        if links.skip != 0 && !is_floor(links.skip) {
            let skipped = older(entries, head, &entry, links.skip)?;
            if is_too_new(&skipped) {
                entry = skipped;
                continue;
            }
            floor = Some(skipped);
        }
        if links.previous == links.skip {
            return Ok(floor);
        }
        entry = older(entries, head, &entry, links.previous)?;
    }
    Ok(Some(entry))
}

/// A reservation's newest row that the head knows of.
pub fn newest_of(
    entries: &impl Entries,
    head: &Head,
    reservation: &ReservationId,
) -> Result<Option<Entry>, StoreError> {
    let genesis = genesis(&head.key);
    let name = NameHash::within(&genesis, NameKind::Reservation, reservation.as_str());
    let Some(newest) = entries.newest_of(name)? else { return Ok(None) };
    let mut entry = read(entries, head, newest)?;
    // Rows may have been written since the head was looked up.
    while entry.position > head.last {
        if entry.links.related == 0 {
            return Ok(None);
        }
        entry = older(entries, head, &entry, entry.links.related)?;
    }
    Ok(Some(entry))
}

/// The wallet's row at a position.
pub fn read(entries: &impl Entries, head: &Head, position: Position) -> Result<Entry, StoreError> {
    let entry = entries.entry(position)?.filter(|entry| entry.wallet == head.number);
    entry.ok_or_else(|| {
        StoreError::Corrupt(format!("entries {position}: no row of wallet {}", head.number))
    })
}

/// The wallet's row that another one links to.
pub(super) fn older(
    entries: &impl Entries,
    head: &Head,
    newer: &Entry,
    position: Position,
) -> Result<Entry, StoreError> {
    check_older(newer.position, position)?;
    read(entries, head, position)
}

/// Links lead back, or a walk might never end.
pub fn check_older(newer: Position, position: Position) -> Result<(), StoreError> {
    if position < newer {
        return Ok(());
    }
    Err(StoreError::Corrupt(format!("entries {newer}: a link leads to {position}")))
}

/// The sums of a stored row are out of range.
pub(super) fn overflow(entry: &Entry) -> StoreError {
    StoreError::Corrupt(format!("entries {}: sums", entry.position))
}

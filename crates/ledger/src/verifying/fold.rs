//! Folding a stored row into its wallet, with every check that a row and its columns allow.

use std::collections::HashMap;
use std::fmt::Display;

use scrip_core::{NameHash, Row};

use super::{Beside, Finding, RawEntry};
use crate::slot::{Position, Slot, is_linked, name_of};
use crate::work::StoreError;

/// Where the newest row of each name is that has a linked row. Most consumptions have one row each
/// and need no place here.
#[derive(Default)]
pub struct Linked(HashMap<NameHash, Position>);

impl Linked {
    /// Folds a row into its wallet, whose next row it must be, and compares its link to the row
    /// before it of its name. That the link could not be compared is told apart: the row may be
    /// folded all the same.
    pub fn fold<Bytes: AsRef<[u8]>>(
        &mut self,
        beside: &impl Beside,
        slot: &mut Slot,
        entry: &RawEntry<Bytes>,
        uncompared: impl FnOnce(StoreError),
    ) -> Result<Row, Finding> {
        let name = entry.name.filter(|_| !self.0.is_empty());
        let linked = name.and_then(|name| self.0.get(&name)).copied();
        let related = related_of(beside, entry, linked).unwrap_or_else(|error| {
            uncompared(error);
            0
        });
        let row = fold(slot, entry, Some(related))?;
        // A name that was forgotten and used anew leads to its newer use.
        if is_linked(&row.event) || linked.is_some() {
            self.0.extend(entry.name.map(|name| (name, entry.position)));
        }
        Ok(row)
    }
}

/// The row before one of the same name, given the newest row of that name that is known here. What a
/// refund leads to first is no linked row but the consumption: there the row's word is taken if that
/// one has the name too. A row that leads nowhere may be right whatever came before it: names are
/// forgotten in time (decision 13), and then used anew. That the link was not lost since, its seal
/// tells.
fn related_of(
    beside: &impl Beside,
    entry: &RawEntry<impl AsRef<[u8]>>,
    linked: Option<Position>,
) -> Result<Position, StoreError> {
    let stated = entry.links.related;
    if stated == 0 || stated >= entry.position {
        return Ok(0);
    }
    if let Some(linked) = linked {
        return Ok(linked);
    }
    let first = beside.raw_entry(stated)?;
    let has_name = first.is_some_and(|it| it.name == entry.name && it.wallet == entry.wallet);
    Ok(if has_name { stated } else { 0 })
}

/// Folds a row into its wallet, whose next row it must be. Where the reservation's previous row is
/// known it is compared, elsewhere the row's word is taken.
pub fn fold(
    slot: &mut Slot,
    entry: &RawEntry<impl AsRef<[u8]>>,
    related: Option<Position>,
) -> Result<Row, Finding> {
    let wrong = |what: &dyn Display| Finding::row(entry.position, what);
    let before = slot.wallet.sequence();
    let row = apply(slot, entry)?;
    let related = related.unwrap_or(entry.links.related);
    let links = slot.links.append(before, entry.position, &row.event, related);
    if links.map_err(|error| wrong(&error))? != entry.links {
        return Err(wrong(&"its links to earlier rows are wrong"));
    }
    Ok(row)
}

/// The same without its links.
pub fn apply(slot: &mut Slot, entry: &RawEntry<impl AsRef<[u8]>>) -> Result<Row, Finding> {
    let wrong = |what: &dyn Display| Finding::row(entry.position, what);
    let (row, hash) = Row::unpack_to_fold(entry.row.as_ref(), slot.wallet.hash())
        .map_err(|error| wrong(&error))?;
    if row.sequence != entry.sequence {
        let (stated, actual) = (entry.sequence, row.sequence);
        return Err(wrong(&format!("the table says sequence {stated}, the row {actual}")));
    }
    slot.wallet.apply(&row, hash).map_err(|error| wrong(&error))?;
    if name_of(&slot.genesis, &row) != entry.name {
        return Err(wrong(&"its name is wrong"));
    }
    Ok(row)
}

/// Checks a wallet at rest: conservation, holds, lists.
pub fn check(slot: &Slot) -> Result<(), Finding> {
    slot.wallet.check().map_err(|broken| {
        let key = slot.wallet.key();
        Finding::Other(format!(
            "wallet {} (customer {}, currency {}): {broken}",
            slot.number, key.customer, key.currency
        ))
    })
}

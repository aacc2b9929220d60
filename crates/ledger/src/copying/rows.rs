//! The rows, folded into their wallets on the way.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::fmt::Display;

use scrip_core::Wallet;

use super::places::Places;
use super::{After, Chunk, Copy, CopyError, Source, Stage, Target};
use crate::seal::BROKEN;
use crate::slot::{Position, Slot, WalletNumber};
use crate::verifying::{Finding, RawEntry, apply, check};

/// Wallets that are kept in memory, where they can be asked for again.
const WALLETS_MAX: usize = 100_000;

/// Some rows, and what they made of their wallets.
#[derive(Default)]
pub struct Rows {
    /// As they lie in the target.
    pub entries: Vec<RawEntry>,
    /// Their wallets, as the last of these rows left them, and whether they are new there.
    pub wallets: HashMap<WalletNumber, (Slot, bool)>,
    /// Wallets after rows behind which their state is kept.
    pub states: Vec<(WalletNumber, Position, Wallet)>,
}

/// What is known while rows are carried.
struct Carrying {
    slots: HashMap<WalletNumber, Slot>,
    /// Wallets need not be asked for: all are here.
    has_all: bool,
    states: HashSet<(WalletNumber, u64)>,
    places: Places,
}

/// Carries all rows that are left.
pub fn copy_all<S: Source, T: Target>(
    copy: &mut Copy<'_, S, T>,
    tell: &mut impl FnMut(u64, u64),
) -> Result<(), CopyError> {
    let all = copy.target.all_slots().map_err(CopyError::Target)?;
    let mut carrying = Carrying {
        has_all: all.is_some(),
        slots: all.unwrap_or_default(),
        states: copy.source.states().map_err(CopyError::Source)?,
        places: Places::default(),
    };
    carrying.pass_by(copy)?;
    let end = copy.progress.identity.position;
    loop {
        let after = copy.progress.after.number;
        let entries = copy.source.rows(after, copy.chunk).map_err(CopyError::Source)?;
        let Some(last) = entries.last().map(|entry| entry.position) else { break };
        if last > end {
            return Err(CopyError::OfAnother);
        }
        let rows = carrying.carry(copy, entries)?;
        copy.write(&Chunk::Rows(&rows), After::number(last))?;
        carrying.take_back(rows);
        tell(last, end);
    }
    for slot in carrying.slots.values() {
        check(slot)?;
    }
    copy.end_stage(Stage::Events);
    Ok(())
}

impl Carrying {
    /// Learns where the rows are that an earlier run carried. Where numbers stay the same, nothing is
    /// to be learned.
    fn pass_by<S: Source, T: Target>(&mut self, copy: &Copy<'_, S, T>) -> Result<(), CopyError> {
        let (mut after, mut to) = (0, 0);
        let until = if T::IS_WITHOUT_GAPS { copy.progress.after.number } else { 0 };
        while after < until {
            let entries = copy.source.rows(after, copy.chunk).map_err(CopyError::Source)?;
            let Some(last) = entries.last() else { break };
            for entry in entries.iter().filter(|entry| entry.position <= until) {
                to += 1;
                self.places.push(entry.position, to);
            }
            after = last.position;
        }
        Ok(())
    }

    fn carry<S: Source, T: Target>(
        &mut self,
        copy: &mut Copy<'_, S, T>,
        entries: Vec<RawEntry>,
    ) -> Result<Rows, CopyError> {
        let mut rows = Rows { entries: Vec::with_capacity(entries.len()), ..Rows::default() };
        for entry in entries {
            let number = entry.wallet;
            let (slot, _) = match rows.wallets.entry(number) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(place) => place.insert(self.find(copy, &entry)?),
            };
            let position =
                if T::IS_WITHOUT_GAPS { copy.progress.last_row + 1 } else { entry.position };
            copy.progress.last_row = position;
            let carried = self.place(slot, entry, position)?;
            if self.states.remove(&(number, carried.sequence)) {
                rows.states.push((number, position, slot.wallet.clone()));
            }
            rows.entries.push(carried);
        }
        Ok(rows)
    }

    /// A wallet as the rows so far left it, and whether it is new.
    fn find<S: Source, T: Target>(
        &mut self,
        copy: &Copy<'_, S, T>,
        entry: &RawEntry,
    ) -> Result<(Slot, bool), CopyError> {
        if let Some(slot) = self.slots.remove(&entry.wallet) {
            return Ok((slot, false));
        }
        let key = copy.source.wallet(entry.wallet).map_err(CopyError::Source)?;
        let key = key.ok_or_else(|| {
            let what = format!("wallet {} is not in the list of wallets", entry.wallet);
            Finding::row(entry.position, what)
        })?;
        let known = match self.has_all {
            true => None,
            false => copy.target.slot(&key).map_err(CopyError::Target)?,
        };
        let is_new = known.is_none();
        let mut slot = known.unwrap_or_else(|| Slot::new(key));
        slot.number = entry.wallet;
        Ok((slot, is_new))
    }

    /// Folds a row into its wallet, and makes of it what lies in the target.
    fn place(
        &mut self,
        slot: &mut Slot,
        entry: RawEntry,
        position: Position,
    ) -> Result<RawEntry, Finding> {
        let wrong = |what: &dyn Display| Finding::row(entry.position, what);
        if !entry.is_sealed() {
            return Err(wrong(&BROKEN));
        }
        let before = slot.wallet.sequence();
        let row = apply(slot, &entry)?;
        slot.wallet.take_departed();
        self.places.push(entry.position, position);
        let related = self.places.of(entry.links.related);
        let related = related.ok_or_else(|| wrong(&"its links to earlier rows are wrong"))?;
        let links = slot.links.append(before, position, &row.event, related);
        let links = links.map_err(|error| wrong(&error))?;
        let RawEntry { wallet, sequence, name, row, .. } = entry;
        Ok(RawEntry::sealed(position, wallet, sequence, links, name, row))
    }

    /// The wallets are written and can go, if they are many and can be asked for again.
    fn take_back(&mut self, rows: Rows) {
        if !self.has_all && self.slots.len() > WALLETS_MAX {
            self.slots.clear();
        }
        self.slots.extend(rows.wallets.into_iter().map(|(number, (slot, _))| (number, slot)));
    }
}

//! The wallets of one thread, while they are folded.

use scrip_core::WalletKey;

use super::records::Recorded;
use crate::anchors::Expected;
use crate::slot::{Position, Slot, WalletNumber};
use crate::verifying::{Collector, Finding};

/// A wallet that is being folded.
pub(super) struct Followed<'a> {
    pub slot: Slot,
    /// What anchors say of it.
    pub anchored: Option<&'a Expected>,
    /// A row of it is wrong: nothing more can be said of it.
    pub is_broken: bool,
    pub record: Option<Recorded>,
    /// It has no record that is new enough, which was told.
    pub is_unrecorded: bool,
}

/// Wallets by their numbers, in the order in which they are listed: ascending. Numbers are given out
/// without gaps, and every so many belong to one thread, so a wallet's place is known at once, and
/// rows that are sorted by wallet find theirs one behind the other.
#[derive(Default)]
pub(super) struct Wallets<'a> {
    list: Vec<Followed<'a>>,
    /// How far the numbers of neighbours lie apart.
    stride: u64,
}

impl<'a> Wallets<'a> {
    pub(super) fn new(stride: usize) -> Self {
        Self { list: Vec::new(), stride: stride.max(1) as u64 }
    }

    /// Takes a wallet whose number is greater than that of all others.
    pub(super) fn push(
        &mut self,
        number: WalletNumber,
        key: WalletKey,
        record: Option<Recorded>,
        anchored: Option<&'a Expected>,
    ) {
        let mut slot = Slot::new(key);
        slot.number = number;
        self.list.push(Followed { slot, anchored, is_broken: false, record, is_unrecorded: false });
    }

    pub(super) fn get(&self, number: WalletNumber) -> Option<&Followed<'a>> {
        self.place(number).map(|place| &self.list[place])
    }

    pub(super) fn get_mut(&mut self, number: WalletNumber) -> Option<&mut Followed<'a>> {
        self.place(number).map(|place| &mut self.list[place])
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Followed<'a>> {
        self.list.iter()
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    fn place(&self, number: WalletNumber) -> Option<usize> {
        let first = self.list.first()?.slot.number;
        let expected = usize::try_from(number.checked_sub(first)? / self.stride).ok()?;
        match self.list.get(expected) {
            Some(followed) if followed.slot.number == number => Some(expected),
            // Some number was left out.
            _ => self.list.binary_search_by_key(&number, |followed| followed.slot.number).ok(),
        }
    }
}

impl Followed<'_> {
    /// Compares the wallet's record when its row was folded; whether that was so.
    pub(super) fn meet_record(
        &mut self,
        position: Position,
        whole: Position,
        findings: &Collector,
    ) -> bool {
        let sequence = self.slot.wallet.sequence();
        let recorded = self.record.as_ref().map_or(0, |record| record.sequence);
        if sequence > recorded && position <= whole && !self.is_unrecorded {
            self.is_unrecorded = true;
            let told = super::records::told(&self.slot);
            let what = if recorded == 0 {
                format!("{told}: it has no record, but a row before {whole}, up to which all have")
            } else {
                format!(
                    "{told}: its record has no row after sequence {recorded}, but the wallet has one before {whole}"
                )
            };
            findings.add(Finding::Snapshots(what));
        }
        let Some(record) = self.record.as_ref().filter(|_| sequence == recorded) else {
            return false;
        };
        if !record.is_of(&self.slot) {
            let told = super::records::told(&self.slot);
            let what = format!("{told}: its record is not what its rows add up to");
            findings.add(Finding::Snapshots(what));
        }
        true
    }
}

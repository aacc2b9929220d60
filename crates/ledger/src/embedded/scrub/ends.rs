//! Where each wallet's rows end, by the rows themselves: they have no index by wallet, and a record
//! that is merely old is a true state of its wallet.

use super::super::tables;
use super::super::{Embedded, readers::Reader};
use crate::LedgerError;
use crate::reading::store_error;
use crate::slot::{Position, WalletNumber};

/// How many rows are read in one go.
const CHUNK: usize = 8_192;

/// The rows up to a position, as far as they were read.
#[derive(Default)]
pub(super) struct Ends {
    last: Position,
    until: Position,
    /// By number.
    ends: Vec<Position>,
}

impl Ends {
    /// Of all rows that are durable.
    pub(super) fn begin(reader: &Reader) -> Result<Self, LedgerError> {
        let until = tables::last_position(&reader.connection).map_err(store_error)?;
        let wallets = tables::last_wallet(&reader.connection).map_err(store_error)?;
        let room = usize::try_from(wallets).unwrap_or(0).saturating_add(1);
        Ok(Self { last: 0, until, ends: vec![0; room] })
    }

    /// Reads some rows; whether there are none left.
    pub(super) fn read(&mut self, ledger: &Embedded) -> Result<bool, LedgerError> {
        if self.last >= self.until {
            return Ok(true);
        }
        let rows = ledger.readers.read(|reader| {
            let rows = tables::wallets_of_rows(&reader.connection, self.last, self.until, CHUNK);
            rows.map_err(store_error)
        })?;
        let Some((last, _)) = rows.last() else {
            self.last = self.until;
            return Ok(true);
        };
        self.last = *last;
        for (position, wallet) in rows {
            let index = wallet.and_then(|wallet| usize::try_from(wallet).ok());
            if let Some(end) = index.and_then(|index| self.ends.get_mut(index)) {
                *end = position;
            }
        }
        Ok(false)
    }

    /// The last row that a wallet had when the rows were read; 0 if it had none.
    pub(super) fn of(&self, number: WalletNumber) -> Position {
        let index = usize::try_from(number).unwrap_or(usize::MAX);
        self.ends.get(index).copied().unwrap_or(0)
    }
}

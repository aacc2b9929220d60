//! Rows and states as they lie in their tables.

use scrip_core::{Digest, NameHash, Row, SkimmedRow};

use crate::history::Entry;
use crate::seal;
use crate::slot::{Position, RowLinks, WalletNumber};
use crate::work::StoreError;

/// A row as it lies in its table. Where many are read, their bytes are not each a piece of memory of
/// its own.
pub struct RawEntry<Bytes = Vec<u8>> {
    pub position: Position,
    pub wallet: WalletNumber,
    pub sequence: u64,
    pub links: RowLinks,
    pub name: Option<NameHash>,
    pub row: Bytes,
    pub seal: u32,
}

impl<Bytes> RawEntry<Bytes> {
    /// The same with its bytes elsewhere.
    pub fn with<Other>(self, place: impl FnOnce(Bytes) -> Other) -> RawEntry<Other> {
        let Self { position, wallet, sequence, links, name, row, seal } = self;
        RawEntry { position, wallet, sequence, links, name, row: place(row), seal }
    }
}

impl<Bytes: AsRef<[u8]>> RawEntry<Bytes> {
    /// A row as it is to be stored.
    pub fn sealed(
        position: Position,
        wallet: WalletNumber,
        sequence: u64,
        links: RowLinks,
        name: Option<NameHash>,
        row: Bytes,
    ) -> Self {
        let seal = seal::of_entry(position, wallet, sequence, &links, name, row.as_ref());
        Self { position, wallet, sequence, links, name, row, seal }
    }

    /// What it says, if that is what was written.
    pub fn read(&self) -> Result<Entry, StoreError> {
        let (position, wallet, links) = (self.position, self.wallet, self.links);
        seal::check(self.is_sealed(), "entries", position)?;
        let (row, hash) = Row::unpack(self.row.as_ref())
            .map_err(|error| StoreError::Corrupt(format!("entries {position}: {error}")))?;
        Ok(Entry { position, wallet, links, row: row.into(), hash })
    }

    /// What it says of usage, if that is what was written.
    pub fn skim(&self) -> Result<SkimmedRow<'_>, StoreError> {
        seal::check(self.is_sealed(), "entries", self.position)?;
        SkimmedRow::read(self.row.as_ref())
            .map_err(|error| StoreError::Corrupt(format!("entries {}: {error}", self.position)))
    }

    /// The same row without what people wrote; none if it has nothing of that. Of a row that says what
    /// was written.
    pub fn without_texts(&self) -> Result<Option<RawEntry>, StoreError> {
        let Self { position, wallet, sequence, links, name, row, .. } = self;
        seal::check(self.is_sealed(), "entries", position)?;
        let erased = Row::erase_texts(row.as_ref())
            .map_err(|error| StoreError::Corrupt(format!("entries {position}: {error}")))?;
        let sealed = |row| RawEntry::sealed(*position, *wallet, *sequence, *links, *name, row);
        Ok(erased.map(sealed))
    }

    /// It says what was written.
    pub fn is_sealed(&self) -> bool {
        let Self { position, wallet, sequence, links, name, row, seal } = self;
        seal::of_entry(*position, *wallet, *sequence, links, *name, row.as_ref()) == *seal
    }

    /// The hash that stands at the row's end.
    pub fn hash(&self) -> Digest {
        Digest::from_bytes(row_hash(self.row.as_ref()).unwrap_or_default())
    }
}

/// The hash that stands at a row's end.
pub fn row_hash(row: &[u8]) -> Option<[u8; 32]> {
    row.last_chunk().copied()
}

/// A wallet's state as it was kept.
pub struct KeptState {
    /// The row after which it was.
    pub position: Position,
    /// A packed wallet.
    pub state: Vec<u8>,
    /// It says what was written.
    pub is_sealed: bool,
}

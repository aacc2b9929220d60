//! Making a slice of a table that is complete.

use std::io::Write as _;
use std::path::PathBuf;

use scrip_core::Digest;
use sha2::{Digest as _, Sha256};

use super::column::Column;
use super::files::{self, Unplaced};
use super::layout::{self, Header, Identity, PAGE_BYTES, RECORDS_PER_PAGE, Record};
use super::slice_file::SliceFile;
use super::{Recent, Shape, Slice};
use crate::work::StoreError;

/// A slice that is durable, but not published.
#[must_use = "until it is published nobody finds its names"]
pub struct Written {
    pub(super) slice: Slice,
    pub(super) column: Column,
}

/// What a slice will be.
pub(super) struct Plan {
    pub directory: PathBuf,
    pub identity: Identity,
    pub shape: Shape,
}

impl Plan {
    /// Writes the slice and its column. After an error there is nothing of them.
    pub(super) fn write(&self, frozen: &Recent, row_hash: Digest) -> Result<Written, StoreError> {
        let number = self.identity.number;
        let names = frozen.sorted();
        let path = files::slice_path(&self.directory, number);
        let (slice, header) = write_names(path, self.identity, frozen, &names, row_hash)?;
        let mut column = Column::new(self.shape.rows);
        names.iter().for_each(|(name, _)| column.insert(name));
        let fence: Vec<_> =
            names.chunks(RECORDS_PER_PAGE).map(|page| layout::prefix(&page[0].0)).collect();
        drop(names);
        let column_path = files::column_path(&self.directory, number);
        let column_file = write_column(column_path, &column, &header, &fence)?;
        // A slice without its column would cost the next start a whole read, a column without its
        // slice nothing.
        let column_path = column_file.place()?;
        let placed = slice.place().and_then(|path| {
            let opened = files::sync_directory(&self.directory).and_then(|()| {
                SliceFile::open(&path, self.identity.ledger_id)
                    .map_err(|problem| StoreError::Failed(problem.to_string()))
            });
            opened.inspect_err(|_| drop(files::remove(&path)))
        });
        let file = placed.inspect_err(|_| drop(files::remove(&column_path)))?;
        Ok(Written { slice: Slice::new(file, fence, self.shape.rows), column })
    }
}

/// Writes a file of names under its temporary name.
pub(super) fn write_names(
    path: PathBuf,
    identity: Identity,
    recent: &Recent,
    names: &[Record],
    row_hash: Digest,
) -> Result<(Unplaced, Header), StoreError> {
    let (after, until, count) = (recent.after(), recent.until(), names.len() as u64);
    let mut header = Header { identity, after, until, row_hash, count, content: [0; 32] };
    let file = Unplaced::write(path, PAGE_BYTES, |out| {
        let mut content = Sha256::new();
        for (number, records) in (0..).zip(names.chunks(RECORDS_PER_PAGE)) {
            let page = layout::pack_page(&identity, number, records);
            content.update(layout::checksum_of(&page));
            out.write_all(&page)?;
        }
        header.content = content.finalize().into();
        Ok(header.pack().to_vec())
    })?;
    Ok((file, header))
}

/// Writes a column's file under its temporary name.
pub(super) fn write_column(
    path: PathBuf,
    column: &Column,
    header: &Header,
    fence: &[u64],
) -> Result<Unplaced, StoreError> {
    Unplaced::write(path, 0, |out| {
        out.write_all(&column.pack(header, fence))?;
        Ok(Vec::new())
    })
}

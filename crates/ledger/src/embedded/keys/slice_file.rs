//! The file of a slice: opening it, reading a page of it, reading all of it.

use std::fs::File;
use std::path::{Path, PathBuf};

use scrip_core::NameHash;
use sha2::{Digest as _, Sha256};

use super::Problem;
use super::files::{failed, read_at};
use super::layout::{self, Header, PAGE_BYTES, Page, Record};
use crate::work::StoreError;

/// A file whose header is intact and whose length is right.
#[derive(Debug)]
pub(super) struct SliceFile {
    path: PathBuf,
    file: File,
    header: Header,
}

impl SliceFile {
    /// Checks what can be seen without reading the names.
    pub(super) fn open(path: &Path, ledger_id: [u8; 16]) -> Result<Self, Problem> {
        let unreadable = |error| Problem::unreadable(path, error);
        let file = File::open(path).map_err(unreadable)?;
        let bytes = file.metadata().map_err(unreadable)?.len();
        let length = |expected| Problem::Length { file: path.to_owned(), bytes, expected };
        if bytes < PAGE_BYTES as u64 {
            return Err(length(PAGE_BYTES as u64));
        }
        let mut page = [0; PAGE_BYTES];
        read_at(&file, &mut page, 0).map_err(unreadable)?;
        let header = Header::parse(&page, ledger_id, path)?;
        if bytes != header.file_bytes() {
            return Err(length(header.file_bytes()));
        }
        if header.after > header.until {
            return Err(Problem::damaged(path, "ends before it begins"));
        }
        Ok(Self { path: path.to_owned(), file, header })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) const fn header(&self) -> &Header {
        &self.header
    }

    pub(super) fn read_page(&self, number: u64, page: &mut Page) -> Result<(), StoreError> {
        let offset = (number + 1) * PAGE_BYTES as u64;
        read_at(&self.file, page, offset).map_err(|error| failed(&self.path, &error))?;
        if layout::is_intact(&self.header.identity, number, page) {
            return Ok(());
        }
        let what = format!("{}: page {number} is not what was written", self.path.display());
        Err(StoreError::Corrupt(what))
    }

    pub(super) const fn records(&self) -> Records<'_> {
        Records { file: self, page: [0; PAGE_BYTES], number: 0, index: 0 }
    }

    /// Hands out all names in order, and answers with the fence, if all is what was written.
    pub(super) fn read_all(&self, mut each: impl FnMut(Record)) -> Result<Vec<u64>, Problem> {
        let damaged = |what: &str| Problem::damaged(&self.path, what);
        let header = &self.header;
        let mut fence = Vec::new();
        let mut content = Sha256::new();
        let mut last: Option<NameHash> = None;
        let mut page = [0; PAGE_BYTES];
        for number in 0..header.pages() {
            self.read_page(number, &mut page).map_err(|error| match error {
                StoreError::Corrupt(_) => {
                    damaged(&format!("page {number} is not what was written"))
                }
                other => Problem::unreadable(&self.path, other),
            })?;
            content.update(layout::checksum_of(&page));
            fence.push(layout::prefix(&layout::record(&page, 0).0));
            for index in 0..header.records_on(number) {
                let (name, position) = layout::record(&page, index);
                if last.is_some_and(|last| last >= name) {
                    return Err(damaged("the names are not in order"));
                }
                if position <= header.after || position > header.until {
                    return Err(damaged("a position is outside of what the slice covers"));
                }
                last = Some(name);
                each((name, position));
            }
        }
        if content.finalize()[..] != header.content {
            return Err(damaged("the content is not what was written"));
        }
        Ok(fence)
    }
}

/// The names of a slice in order, each with its position.
pub struct Records<'a> {
    file: &'a SliceFile,
    page: Page,
    /// The page of the next record, and its place on it.
    number: u64,
    index: usize,
}

impl Iterator for Records<'_> {
    type Item = Result<Record, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let records = self.file.header.records_on(self.number);
        if records == 0 {
            return None;
        }
        if self.index == 0
            && let Err(error) = self.file.read_page(self.number, &mut self.page)
        {
            // Nothing follows an error.
            self.number = self.file.header.pages();
            return Some(Err(error));
        }
        let record = layout::record(&self.page, self.index);
        self.index += 1;
        if self.index == records {
            (self.number, self.index) = (self.number + 1, 0);
        }
        Some(Ok(record))
    }
}

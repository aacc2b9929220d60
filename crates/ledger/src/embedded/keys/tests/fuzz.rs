//! Files of names against whatever bytes there are.

use std::fs;
use std::path::Path;

use scrip_core::{Digest, NameHash};
use scrip_fuzz::{Examples, target};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use super::super::column::{self, Column};
use super::super::layout::{self, Header, Identity, PAGE_BYTES, RECORDS_PER_PAGE, Record};
use super::super::slice_file::SliceFile;
use super::super::{Slice, files, inspect, listing, retention, slices};
use super::{LEDGER, name};

/// Rows of the columns here.
const ROWS: usize = 1 << 10;

/// A slice, and the bytes of its file and of its column's file.
struct Example {
    header: Header,
    names: Vec<Record>,
    slice: Vec<u8>,
    column: Vec<u8>,
}

impl Example {
    fn of(number: u64, count: u64) -> Self {
        let mut names: Vec<Record> = (1..=count).map(|at| (name(at), 100 + at)).collect();
        names.sort_unstable();
        let identity = Identity { ledger_id: LEDGER, number };
        let pages: Vec<_> = (0..)
            .zip(names.chunks(RECORDS_PER_PAGE))
            .map(|(page, records)| layout::pack_page(&identity, page, records))
            .collect();
        let mut content = Sha256::new();
        pages.iter().for_each(|page| content.update(layout::checksum_of(page)));
        let header = Header {
            identity,
            after: 100,
            until: 100 + count + 7,
            row_hash: Digest::from_bytes([9; 32]),
            count,
            content: content.finalize().into(),
        };
        let slice = [header.pack()].iter().chain(&pages).flatten().copied().collect();
        let mut column = Column::new(ROWS);
        names.iter().for_each(|(name, _)| column.insert(name));
        let first = |page: &[Record]| layout::prefix(&page[0].0);
        let fence: Vec<u64> = names.chunks(RECORDS_PER_PAGE).map(first).collect();
        let column = column.pack(&header, &fence);
        Self { header, names, slice, column }
    }

    fn all() -> [Self; 3] {
        // Half a page, a whole one, and a record on a third.
        [(1, 80), (1, 170), (1, 341)].map(|(number, count)| Self::of(number, count))
    }
}

/// A directory in memory, if there is one: thousands of files are written.
fn in_memory() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

fn pieces() -> Vec<Vec<u8>> {
    let page = layout::pack_page(&Identity { ledger_id: LEDGER, number: 1 }, 1, &[]);
    vec![vec![0; 24], vec![0xff; 24], vec![0; PAGE_BYTES], page.to_vec()]
}

#[test]
fn slices_of_names() {
    let directory = in_memory();
    let examples = Example::all();
    let known = examples.each_ref().map(|example| example.slice.clone());
    target!(Examples::new(known).with_pieces(pieces()), |bytes: &[u8]| {
        match bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte)) % 8 {
            // A third of the time for each: to mend a file takes longer than to read one.
            0 => drop(read_slice(&directory, &sealed_pages(bytes))),
            1 => drop(read_slice(&directory, &sealed_header(bytes))),
            _ => check_slice(&directory, &examples, bytes),
        }
    });
}

/// Only what was written is read, whole or a page at a time.
fn check_slice(directory: &TempDir, examples: &[Example], bytes: &[u8]) {
    let is_known = examples.iter().any(|example| example.slice == bytes);
    let names = read_slice(directory, bytes);
    assert_eq!(names.is_some(), is_known, "{} bytes", bytes.len());
    let path = files::slice_path(directory.path(), 1);
    let Ok(file) = SliceFile::open(&path, LEDGER) else { return };
    let Some(example) = examples.iter().find(|example| example.header == *file.header()) else {
        panic!("the header is of no slice: {:?}", file.header());
    };
    let first = |page: &[Record]| layout::prefix(&page[0].0);
    let fence = example.names.chunks(RECORDS_PER_PAGE).map(first).collect();
    let slice = Slice::new(file, fence, ROWS);
    for (name, at) in example.names.iter().step_by(31) {
        // An error where a page is not what was written, never an absent or other name.
        assert!(slice.find(name).is_ok_and(|found| found == Some(*at)) || !is_known);
        assert!(slice.find(name).unwrap_or(Some(*at)) == Some(*at));
    }
    assert!(slice.find(&NameHash([0; 16])).unwrap_or(None).is_none());
}

/// Everything that reads a slice, without a word of how it ends.
fn read_slice(directory: &TempDir, bytes: &[u8]) -> Option<Vec<Record>> {
    let path = files::slice_path(directory.path(), 1);
    fs::write(&path, bytes).unwrap();
    let _ = listing::list(directory.path(), LEDGER, 1 << 20);
    let (found, _) = inspect(directory.path(), LEDGER).unwrap();
    for file in &found {
        let _ = file.records().count();
    }
    let file = SliceFile::open(&path, LEDGER).ok()?;
    let mut names = Vec::new();
    let fence = file.read_all(|record| names.push(record)).ok()?;
    assert_eq!(fence.len(), names.len().div_ceil(RECORDS_PER_PAGE));
    let listed: Result<Vec<_>, _> = file.records().collect();
    assert_eq!(listed.as_ref(), Ok(&names));
    Some(names)
}

/// The header's checksum made to hold, the identity kept.
fn sealed_header(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    if let Some(page) = bytes.first_chunk_mut::<PAGE_BYTES>() {
        let checksum = Sha256::digest(&page[..PAGE_BYTES - 32]);
        page[PAGE_BYTES - 32..].copy_from_slice(&checksum);
    }
    bytes
}

/// The checksums of all pages made to hold, the content's and the header's too.
fn sealed_pages(bytes: &[u8]) -> Vec<u8> {
    let Some(page) = bytes.first_chunk::<PAGE_BYTES>() else { return bytes.to_vec() };
    let whole = Example::all().into_iter().next().unwrap();
    let parsed = Header::parse(page, LEDGER, Path::new(""));
    let mut header = parsed.unwrap_or(whole.header);
    let mut content = Sha256::new();
    let mut pages = Vec::new();
    for (number, page) in (0..).zip(bytes[PAGE_BYTES..].chunks(PAGE_BYTES)) {
        let records: Vec<Record> = (0..RECORDS_PER_PAGE)
            .map_while(|index| (page.len() >= (index + 1) * 24).then_some(index))
            .map(|index| {
                let record = &page[index * 24..][..24];
                let at = u64::from_le_bytes(*record[16..].first_chunk().unwrap());
                (NameHash(*record.first_chunk().unwrap()), at)
            })
            .collect();
        let page = layout::pack_page(&header.identity, number, &records);
        content.update(layout::checksum_of(&page));
        pages.extend(page);
    }
    header.content = content.finalize().into();
    [header.pack().as_slice(), &pages].concat()
}

/// No slice has the last of all numbers: none could follow it.
#[test]
fn a_file_with_the_last_number_is_no_slice() {
    let directory = in_memory();
    fs::write(files::slice_path(directory.path(), u64::MAX), "").unwrap();
    let (found, problems) = inspect(directory.path(), LEDGER).unwrap();
    assert!(found.is_empty());
    assert_eq!(problems, []);
}

#[test]
fn columns_of_slices() {
    let directory = in_memory();
    let examples = Example::all();
    let known = examples.each_ref().map(|example| example.column.clone());
    let path = files::column_path(directory.path(), 1);
    let pieces = [vec![0; 8], vec![0xff; 8], ((ROWS as u64) << 1).to_le_bytes().to_vec()];
    target!(Examples::new(known).with_pieces(pieces), |bytes: &[u8]| {
        for bytes in [bytes.to_vec(), sealed_column(bytes)] {
            fs::write(&path, &bytes).unwrap();
            let stated = column::rows_of_file(&path).unwrap_or(ROWS);
            for header in examples.iter().map(|example| &example.header) {
                for rows in [ROWS, stated] {
                    if let Ok((column, fence)) = Column::read(directory.path(), header, rows) {
                        assert_eq!(column.pack(header, &fence), bytes);
                    }
                }
            }
        }
        let is_known = examples.iter().any(|example| example.column == bytes);
        fs::write(&path, bytes).unwrap();
        let read = |example: &Example| Column::read(directory.path(), &example.header, ROWS);
        assert_eq!(examples.iter().any(|example| read(example).is_ok()), is_known);
    });
}

fn sealed_column(bytes: &[u8]) -> Vec<u8> {
    let content = &bytes[..bytes.len().saturating_sub(32)];
    [content, &Sha256::digest(content)].concat()
}

#[test]
fn where_slices_begin() {
    let directory = in_memory();
    let path = files::dropped_path(directory.path());
    let begins = [(1, 0), (2, 100), (u64::MAX, u64::MAX)];
    let begins = begins.map(|(number, after)| slices::First { number, after });
    let known = begins.map(|first| retention::pack(LEDGER, first));
    target!(Examples::new(known.clone()), |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        let read = retention::read_first(directory.path(), LEDGER);
        let written = known.iter().position(|known| known == bytes);
        assert_eq!(read.ok(), written.map(|index| begins[index]));
        let content = &bytes[..bytes.len().saturating_sub(32)];
        fs::write(&path, [content, &Sha256::digest(content)].concat()).unwrap();
        let _ = inspect(directory.path(), LEDGER).unwrap();
        let _ = listing::list(directory.path(), LEDGER, 1 << 20);
    });
}

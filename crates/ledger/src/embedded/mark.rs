//! The mark file: how far the ledger must reach.
//!
//! SQLite stops without a word at the first bad frame of its log. The mark, written after every
//! commit and synced at most a second behind, is what tells such a loss from a young ledger.
//!
//! There are two slots, in pages of their own. Notes go to one of them until a sync of it has
//! begun, then to the other, so that a write that is torn when the power fails leaves the other.

use std::fmt;
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest as _, Sha256};

use super::file::sync_directory;
use crate::slot::Position;

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;

const MARK: &str = "mark";
/// Renamed to the mark when it is whole.
const MARK_NEW: &str = "mark.new";
const MAGIC: [u8; 8] = *b"scripmrk";
const VERSION: u32 = 1;
const OFFSETS: [usize; 2] = [0, 4_096];
const FILE_BYTES: usize = 8_192;
/// What is used of a slot's 512 bytes: the content, then its SHA-256.
const CONTENT_BYTES: usize = 8 + 4 + 8 + 16 + 8 + 32;
const RECORD_BYTES: usize = CONTENT_BYTES + 32;

/// A ledger and a row that it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reach {
    /// The ledger's own id; a mark of another ledger says nothing.
    pub(super) ledger_id: [u8; 16],
    /// The position of its last durable row; 0 if it has none.
    pub(super) position: Position,
    /// The hash of that row.
    pub(super) row_hash: [u8; 32],
}

/// What a directory's mark says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum MarkState {
    /// There is none.
    Missing,
    /// There is one, but neither slot can be believed; why.
    Unreadable(String),
    /// The ledger must reach as far as this.
    At(Reach),
}

/// Why a reach was not noted.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoteError {
    /// It lies before what was noted.
    #[error("the mark is at row {noted} and does not go back to row {position}")]
    Backwards {
        /// What was noted.
        noted: Position,
        /// What should be.
        position: Position,
    },
    /// The row that was noted has another hash.
    #[error("the mark knows row {position} with another hash")]
    OtherRow {
        /// Which row.
        position: Position,
    },
    /// It is another ledger's.
    #[error("the mark is of another ledger")]
    OtherLedger,
    /// The file could not be written.
    #[error("the mark file: {0}")]
    Io(#[from] io::Error),
}

/// The mark of a directory, for the one thread that writes it.
pub(super) struct Mark {
    shared: Arc<Shared>,
    reach: Reach,
    /// Grows with each note; the slot with the higher one is the newer.
    counter: u64,
    slot: usize,
    /// The last write to the slot failed, and may have left it torn: the other must stay.
    is_torn: bool,
}

/// What is shared with the thread that syncs.
struct Shared {
    file: File,
    /// The counter of the last note.
    noted: AtomicU64,
    /// The counter up to which a sync has begun.
    begun: AtomicU64,
    /// The counter up to which a sync has ended.
    synced: AtomicU64,
}

/// Makes a mark durable; for another thread than the one that notes.
#[derive(Clone)]
pub(super) struct MarkSync {
    shared: Arc<Shared>,
}

impl MarkSync {
    /// Makes durable what was noted before the call; free if that was done already.
    pub(super) fn sync(&self) -> io::Result<()> {
        let Shared { file, noted, begun, synced } = self.shared.as_ref();
        let counter = noted.load(Ordering::Acquire);
        if counter <= synced.load(Ordering::Acquire) {
            return Ok(());
        }
        begun.fetch_max(counter, Ordering::AcqRel);
        file.sync_data()?;
        synced.fetch_max(counter, Ordering::AcqRel);
        Ok(())
    }
}

impl Mark {
    /// Makes the mark of a directory that has none.
    #[cfg(test)]
    pub(super) fn create(directory: &Path, reach: Reach) -> io::Result<Self> {
        if directory.join(MARK).exists() {
            return Err(io::Error::from(io::ErrorKind::AlreadyExists));
        }
        Self::reset(directory, reach)
    }

    /// Replaces whatever mark there is, also by one that does not reach as far: whoever calls this
    /// accepts a loss. It is durable when this returns.
    pub(super) fn reset(directory: &Path, reach: Reach) -> io::Result<Self> {
        // Written whole, so that a note finds its room on the disk however full that is.
        let mut bytes = [0; FILE_BYTES];
        for (offset, counter) in OFFSETS.into_iter().zip(1..) {
            bytes[offset..][..RECORD_BYTES].copy_from_slice(&pack(counter, &reach));
        }
        let new = directory.join(MARK_NEW);
        remove(&new)?;
        let file = create_private(&new)?;
        write_at(&file, &bytes, 0)?;
        file.sync_all()?;
        fs::rename(&new, directory.join(MARK))?;
        sync_directory(directory)?;
        Ok(Self::of(file, reach, 2, 1))
    }

    /// Opens the mark that a directory has, to go on with it.
    pub(super) fn open(directory: &Path) -> io::Result<Self> {
        let bytes = fs::read(directory.join(MARK))?;
        let newest =
            newest(&bytes).map_err(|reason| io::Error::new(io::ErrorKind::InvalidData, reason))?;
        let file = File::options().write(true).open(directory.join(MARK))?;
        // What the last process noted may not be on the disk, and the next note leaves it alone.
        file.sync_data()?;
        Ok(Self::of(file, newest.reach, newest.counter, newest.slot))
    }

    /// What the mark of a directory says; changes nothing.
    pub(super) fn read(directory: &Path) -> io::Result<MarkState> {
        match fs::read(directory.join(MARK)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(MarkState::Missing),
            Err(error) => Err(error),
            Ok(bytes) => Ok(match newest(&bytes) {
                Ok(newest) => MarkState::At(newest.reach),
                Err(reason) => MarkState::Unreadable(reason),
            }),
        }
    }

    /// What was noted last.
    pub(super) fn reach(&self) -> Reach {
        self.reach
    }

    /// What another thread makes it durable with.
    pub(super) fn syncing(&self) -> MarkSync {
        MarkSync { shared: Arc::clone(&self.shared) }
    }

    /// Notes how far the ledger durably reaches. It survives the end of the process when this
    /// returns, and a power failure after the next sync. After an error the mark is where it was.
    pub(super) fn note(&mut self, reach: Reach) -> Result<(), NoteError> {
        let Reach { ledger_id, position, row_hash } = reach;
        if ledger_id != self.reach.ledger_id {
            return Err(NoteError::OtherLedger);
        }
        if position < self.reach.position {
            return Err(NoteError::Backwards { noted: self.reach.position, position });
        }
        if position == self.reach.position {
            let is_same = row_hash == self.reach.row_hash;
            return if is_same { Ok(()) } else { Err(NoteError::OtherRow { position }) };
        }
        let is_syncing = self.shared.begun.load(Ordering::Acquire) >= self.counter;
        if is_syncing && !self.is_torn {
            self.slot ^= 1;
        }
        let counter = self.counter + 1;
        self.is_torn = true;
        write_at(&self.shared.file, &pack(counter, &reach), OFFSETS[self.slot])?;
        self.is_torn = false;
        self.counter = counter;
        self.reach = reach;
        self.shared.noted.store(counter, Ordering::Release);
        Ok(())
    }

    /// Goes on after the newest slot, which is synced, so that the next note leaves it alone.
    fn of(file: File, reach: Reach, counter: u64, slot: usize) -> Self {
        let [noted, begun, synced] = [(); 3].map(|()| AtomicU64::new(counter));
        let shared = Arc::new(Shared { file, noted, begun, synced });
        Self { shared, reach, counter, slot, is_torn: false }
    }
}

/// A slot that can be believed.
struct Found {
    slot: usize,
    counter: u64,
    reach: Reach,
}

/// Why a slot cannot be believed.
#[derive(Clone, Copy)]
enum Fault {
    Short,
    Torn,
    /// Whole, but written by a newer version: what it says must not be passed over.
    Version(u32),
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short => formatter.write_str("is cut off"),
            Self::Torn => formatter.write_str("is torn or damaged"),
            Self::Version(found) => write!(formatter, "has version {found}, not {VERSION}"),
        }
    }
}

fn newest(bytes: &[u8]) -> Result<Found, String> {
    match [0, 1].map(|slot| unpack(bytes, slot)) {
        [Ok(first), Ok(second)] => {
            let (older, newer) =
                if first.counter < second.counter { (first, second) } else { (second, first) };
            let goes_on = older.counter < newer.counter
                && older.reach.ledger_id == newer.reach.ledger_id
                && older.reach.position <= newer.reach.position;
            if goes_on { Ok(newer) } else { Err("its slots contradict each other".to_owned()) }
        }
        [Ok(found), Err(Fault::Short | Fault::Torn)]
        | [Err(Fault::Short | Fault::Torn), Ok(found)] => Ok(found),
        [first, second] => {
            let faults = [("first", first.err()), ("second", second.err())];
            let faults = faults.into_iter().filter_map(|(which, fault)| Some((which, fault?)));
            let texts: Vec<_> =
                faults.map(|(which, fault)| format!("its {which} slot {fault}")).collect();
            Err(texts.join(", "))
        }
    }
}

fn pack(counter: u64, reach: &Reach) -> [u8; RECORD_BYTES] {
    let mut content = Vec::with_capacity(RECORD_BYTES);
    content.extend(MAGIC);
    content.extend(VERSION.to_le_bytes());
    content.extend(counter.to_le_bytes());
    content.extend(reach.ledger_id);
    content.extend(reach.position.to_le_bytes());
    content.extend(reach.row_hash);
    let hash = Sha256::digest(&content);
    content.extend(hash);
    let mut record = [0; RECORD_BYTES];
    record.copy_from_slice(&content);
    record
}

fn unpack(bytes: &[u8], slot: usize) -> Result<Found, Fault> {
    let record = bytes.get(OFFSETS[slot]..).and_then(<[u8]>::first_chunk::<RECORD_BYTES>);
    let (content, hash) = record.ok_or(Fault::Short)?.split_at(CONTENT_BYTES);
    if Sha256::digest(content).as_slice() != hash {
        return Err(Fault::Torn);
    }
    let mut fields = Fields(content);
    if fields.next::<8>()? != MAGIC {
        return Err(Fault::Torn);
    }
    let version = u32::from_le_bytes(fields.next()?);
    if version != VERSION {
        return Err(Fault::Version(version));
    }
    let counter = u64::from_le_bytes(fields.next()?);
    let ledger_id = fields.next()?;
    let position = Position::from_le_bytes(fields.next()?);
    let row_hash = fields.next()?;
    Ok(Found { slot, counter, reach: Reach { ledger_id, position, row_hash } })
}

/// Reads fields of fixed length one after the other.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn next<const LENGTH: usize>(&mut self) -> Result<[u8; LENGTH], Fault> {
        let (field, rest) = self.0.split_first_chunk::<LENGTH>().ok_or(Fault::Short)?;
        self.0 = rest;
        Ok(*field)
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(unix)]
fn create_private(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    File::options().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(not(unix))]
fn create_private(path: &Path) -> io::Result<File> {
    File::options().write(true).create_new(true).open(path)
}

#[cfg(unix)]
fn write_at(file: &File, bytes: &[u8], offset: usize) -> io::Result<()> {
    use std::os::unix::fs::FileExt as _;
    file.write_all_at(bytes, offset as u64)
}

#[cfg(not(unix))]
fn write_at(mut file: &File, bytes: &[u8], offset: usize) -> io::Result<()> {
    use std::io::{Seek as _, SeekFrom, Write as _};
    file.seek(SeekFrom::Start(offset as u64))?;
    file.write_all(bytes)
}

//! Copying `ledger.db` while it is in use.
//!
//! A read transaction keeps the write-ahead log from being begun anew, so one over the whole copy
//! would let the log grow by all that is written meanwhile. Rows hardly ever change and none goes, so
//! most of them are read in short transactions; only the last ones and the tables beside them are
//! read as of one moment, without their indexes, which are made when that is over.

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use rusqlite::{Connection, params};
use scrip_core::Timestamp;

use super::super::{OpenError, file, tables};
use super::BackupStage;
use crate::embedded::reach::Reach;
use crate::slot::Position;
use crate::work::StoreError;
use crate::{Erasure, RecordKind};

/// How many rows are read in one transaction.
const CHUNK: u64 = 16_384;
/// After each, so long without one, so that the writer can begin its log anew: it does when a
/// commit finds that nobody reads from it.
const PAUSE: Duration = Duration::from_millis(20);
/// So often what was copied is brought to the disk. Left for the end, it would hold up the commits
/// of whoever serves, which wait for the same disk.
const SYNC_CHUNKS: u64 = 4;
/// How often what was written meanwhile is read so: a writer that is as fast as the copy must not
/// put off its end.
const ROUNDS_MAX: usize = 8;
/// What of a path means something else in a URI.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_');

/// A copy that is being made.
pub(super) struct LedgerCopy {
    connection: Connection,
    /// The file that is written, for being synced.
    file: File,
    last: Position,
}

impl LedgerCopy {
    /// Begins a copy of a directory's ledger, in a file that is empty.
    pub(super) fn begin(directory: &Path, target: &Path) -> Result<Self, OpenError> {
        let failed = |error| OpenError::Directory { path: directory.to_owned(), error };
        let source = std::path::absolute(file::path(directory)).map_err(failed)?;
        let path = percent_encode(source.as_os_str().as_encoded_bytes(), IN_PATH);
        let connection = Connection::open(target)?;
        let opened = File::options().write(true).open(target);
        let file =
            opened.map_err(|error| OpenError::Directory { path: target.to_owned(), error })?;
        // Nothing of it counts before it is whole and synced, so it needs no journal.
        connection.execute_batch(
            "pragma main.page_size = 4096;
             pragma main.journal_mode = off;
             pragma main.synchronous = off;
             pragma main.secure_delete = on;
             pragma main.cache_size = -65536;",
        )?;
        connection.execute("attach ?1 as source", [format!("file:{path}?mode=ro")])?;
        connection.execute_batch("pragma source.cache_size = -8192;")?;
        make_each(&connection, "table")?;
        Ok(Self { connection, file, last: 0 })
    }

    /// Copies rows until there are few left.
    pub(super) fn copy_rows(
        &mut self,
        tell: &mut impl FnMut(BackupStage, u64, u64),
    ) -> Result<(), StoreError> {
        for _ in 0..ROUNDS_MAX {
            let end = self.last_in_source()?;
            while end.saturating_sub(self.last) >= CHUNK {
                let began = Instant::now();
                self.copy_until(self.last + CHUNK)?;
                if (self.last / CHUNK).is_multiple_of(SYNC_CHUNKS) {
                    self.sync()?;
                }
                tell(BackupStage::Rows, self.last, end);
                std::thread::sleep(PAUSE.min(began.elapsed()));
            }
        }
        Ok(())
    }

    /// Copies what is left as of one moment. Everything that was acknowledged before this call is
    /// in it.
    pub(super) fn finish(
        mut self,
        began: Timestamp,
        tell: &mut impl FnMut(BackupStage, u64, u64),
    ) -> Result<Finished, StoreError> {
        self.connection.execute_batch("begin")?;
        let end = self.last_in_source()?;
        self.copy_until(end)?;
        self.copy_erased_again(began)?;
        let names = self.others()?;
        for (done, name) in (1..).zip(&names) {
            let sql = format!("insert into main.{name} select * from source.{name}");
            self.connection.execute(&sql, [])?;
            tell(BackupStage::Tables, done, names.len() as u64);
        }
        self.connection.execute_batch("commit")?;
        make_each(&self.connection, "index")?;
        self.connection.execute_batch("detach source")?;
        let hash = tables::row_hash(&self.connection, end)?.unwrap_or(Reach::START.hash);
        Ok(Finished { connection: self.connection, end: Reach { position: end, hash } })
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.file.sync_data().map_err(|error| match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::DiskFull,
            _ => StoreError::Failed(format!("syncing the copy: {error}")),
        })
    }

    fn last_in_source(&self) -> Result<Position, StoreError> {
        let sql = "select coalesce(max(position), 0) from source.entries";
        Ok(self.connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
    }

    fn copy_until(&mut self, until: Position) -> Result<(), StoreError> {
        let sql = "insert into main.entries select * from source.entries
                   where position > ?1 and position <= ?2 order by position";
        self.connection.prepare_cached(sql)?.execute(params![self.last, until])?;
        self.last = until;
        Ok(())
    }

    /// The one thing that changes rows is an erasure. The rows of whoever was erased since the copy
    /// began, or is being erased, are copied once more, as they are now.
    fn copy_erased_again(&self, began: Timestamp) -> Result<(), StoreError> {
        const ERASURE: u8 = RecordKind::Erasure.number();
        const ENVIRONMENT: u8 = RecordKind::Environment.number();
        const RETIRED: u8 = RecordKind::RetiredEnvironment.number();
        let sql = "select r.environment, r.id, r.body from source.records e
                   join source.records r on r.environment = cast(e.id as integer) and r.kind = ?1
                   where e.environment = 0 and e.kind in (?2, ?3)";
        let again = "insert or replace into main.entries select * from source.entries
                     where position <= ?1 and wallet in (
                         select number from source.wallets where environment = ?2 and customer = ?3)";
        let mut statement = self.connection.prepare(sql)?;
        let mut rows = statement.query(params![ERASURE, ENVIRONMENT, RETIRED])?;
        while let Some(row) = rows.next()? {
            let (environment, customer): (u32, String) = (row.get(0)?, row.get(1)?);
            let body: String = row.get(2)?;
            let erasure: Option<Erasure> = serde_json::from_str(&body).ok();
            if erasure.is_none_or(|erasure| erasure.may_be_under_way(began)) {
                self.connection.execute(again, params![self.last, environment, customer])?;
            }
        }
        Ok(())
    }

    /// The tables beside the rows.
    fn others(&self) -> Result<Vec<String>, StoreError> {
        let sql = "select name from main.sqlite_schema
                   where type = 'table' and name <> 'entries' order by rowid";
        let mut statement = self.connection.prepare(sql)?;
        Ok(statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }
}

/// A copy that is whole. It is on the disk when its file is synced.
pub(super) struct Finished {
    /// Reads from the copy.
    pub connection: Connection,
    /// Its last row.
    pub end: Reach,
}

/// Makes what the source has of a kind, as it has it.
fn make_each(connection: &Connection, kind: &str) -> rusqlite::Result<()> {
    // What SQLite makes by itself has a name that begins so, or no statement.
    let sql = "select sql from source.sqlite_schema
               where type = ?1 and sql is not null and name not like 'sqlite\\_%' escape '\\'
               order by rowid";
    let mut statement = connection.prepare(sql)?;
    let all = statement.query_map([kind], |row| row.get(0))?;
    let all = all.collect::<Result<Vec<String>, _>>()?;
    // Without the name of a database it is made in the first one.
    all.iter().try_for_each(|sql| connection.execute_batch(sql))
}

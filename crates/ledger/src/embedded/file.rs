//! Opening `ledger.db` and owning its directory.

use std::fs::{self, File, TryLockError};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use rusqlite::config::DbConfig;
use rusqlite::ffi::SQLITE_IOERR;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _, params};

use super::OpenError;
use crate::work::StoreError;

/// The format of the file; a newer one is refused.
pub(super) const FORMAT: i64 = 4;
const LEDGER: &str = "ledger.db";
const LEDGER_LOG: &str = "ledger.db-wal";
const LOG_CHUNK_BYTES: usize = 1 << 20;
const LOCK: &str = "lock";

/// The right to write into a directory, until it is dropped.
pub(super) struct DirectoryLock {
    _file: File,
}

/// Makes the directory, readable for its owner only, and takes the right to write into it.
pub(super) fn own_directory(directory: &Path) -> Result<DirectoryLock, OpenError> {
    let failed = |error| OpenError::Directory { path: directory.to_owned(), error };
    let is_new = !directory.exists();
    make_private(directory).map_err(failed)?;
    if !is_new {
        keep_private(directory).map_err(failed)?;
    }
    let path = directory.join(LOCK);
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    let mut file = options.open(path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let _ = file.read_to_string(&mut holder);
            let holder = holder.trim().to_owned();
            return Err(OpenError::Held { path: directory.to_owned(), holder });
        }
        Err(TryLockError::Error(error)) => return Err(failed(error)),
    }
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| writeln!(file, "{}", std::process::id()))
        .map_err(failed)?;
    Ok(DirectoryLock { _file: file })
}

#[cfg(unix)]
fn make_private(directory: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

/// A directory that was there before: if it is empty or ours, nobody else may look into it. One
/// with other things in it stays as it is, and its owner is told.
#[cfg(unix)]
fn keep_private(directory: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let is_ours = directory.join(LOCK).exists() || fs::read_dir(directory)?.next().is_none();
    let mode = fs::metadata(directory)?.permissions().mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    if is_ours {
        return fs::set_permissions(directory, fs::Permissions::from_mode(0o700));
    }
    tracing::warn!(directory = %directory.display(), "others may look into the data directory");
    Ok(())
}

#[cfg(not(unix))]
fn keep_private(_directory: &Path) -> std::io::Result<()> {
    Ok(())
}

#[cfg(not(unix))]
fn make_private(directory: &Path) -> std::io::Result<()> {
    fs::create_dir_all(directory)
}

/// Writes the write-ahead log again as it is read, and syncs it: what the process before left there
/// may be on no disk, and after a sync that failed no later sync would bring it there. Whatever is
/// read from it is then durable. `ledger.db` needs none of this: until a sync of it succeeded, its
/// pages are taken from the log again.
pub(super) fn write_log_again(directory: &Path) -> Result<(), OpenError> {
    let failed = |error| OpenError::Directory { path: directory.to_owned(), error };
    let path = directory.join(LEDGER_LOG);
    if !path.exists() {
        return Ok(());
    }
    let again = || {
        let mut log = File::options().read(true).write(true).open(path)?;
        let mut chunk = vec![0; LOG_CHUNK_BYTES];
        loop {
            let offset = log.stream_position()?;
            let count = log.read(&mut chunk)?;
            if count == 0 {
                return log.sync_all();
            }
            log.seek(SeekFrom::Start(offset))?;
            log.write_all(&chunk[..count])?;
        }
    };
    again().map_err(failed)
}

/// The one connection that writes. The settings are the measured ones: small inline checkpoints,
/// every commit synced, no memory map. The cache is small because SQLite looks through all of it at the
/// end of a commit that sorted the pages of an index anew, as long as the file is below 1 GiB: with 64 MiB
/// that was more than half of what it takes to make grants, and nothing else became quicker by them.
/// What is deleted is overwritten: it may be words of somebody who was erased.
pub(super) fn open_writer(directory: &Path) -> Result<Connection, OpenError> {
    let connection = Connection::open(path(directory))?;
    connection.execute_batch(
        "pragma page_size = 4096;
         pragma synchronous = full;
         pragma wal_autocheckpoint = 1000;
         pragma cache_size = -16384;
         pragma temp_store = memory;
         pragma secure_delete = on;
         pragma foreign_keys = on;",
    )?;
    log_ahead(&connection)?;
    plan_once(&connection)?;
    connection.set_prepared_statement_cache_capacity(64);
    if !has_tables(&connection)? {
        make(&connection)?;
    }
    check_format(&connection)?;
    // SQLite does not do this for the rollback journal of a new file. Were that to come back after
    // a loss of power, it would undo the making of a ledger of which other files tell already.
    sync_directory(directory)
        .map_err(|error| OpenError::Directory { path: directory.to_owned(), error })?;
    Ok(connection)
}

/// Has a statement planned when it is prepared, and never again. Otherwise SQLite plans most searches
/// anew whenever a cached statement gets other values, in case these change the plan, which took a
/// third of the writer's time where grants expire. Here no plan depends on a value.
pub(super) fn plan_once(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(drop)
}

/// A file's name is durable when its directory is.
#[cfg(unix)]
pub(super) fn sync_directory(directory: &Path) -> std::io::Result<()> {
    File::open(directory)?.sync_all()
}

#[cfg(not(unix))]
pub(super) fn sync_directory(_directory: &Path) -> std::io::Result<()> {
    Ok(())
}

/// Has a file written through a write-ahead log. SQLite goes on without one if the disk does not let
/// it change the file, and then a commit is not durable when it is said to be. It answers the mode
/// first and changes the file afterwards, so whoever stops at the answer never learns that it failed.
pub(super) fn log_ahead(connection: &Connection) -> rusqlite::Result<()> {
    let mut statement = connection.prepare("pragma journal_mode = wal")?;
    let modes = statement.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
    if modes == ["wal"] {
        return Ok(());
    }
    let text = format!("it cannot have a write-ahead log; its journal mode stays {modes:?}");
    Err(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(SQLITE_IOERR), Some(text)))
}

/// A connection that only reads.
pub(super) fn open_reader(directory: &Path) -> Result<Connection, OpenError> {
    demand(directory)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path(directory), flags)?;
    plan_once(&connection)?;
    connection.set_prepared_statement_cache_capacity(64);
    connection.execute_batch("pragma temp_store = memory; pragma cache_size = -2048;")?;
    check_format(&connection)?;
    Ok(connection)
}

/// A value of `meta`.
pub(super) fn secret(connection: &Connection) -> Result<[u8; 32], OpenError> {
    Ok(connection
        .query_row("select value from meta where name = 'secret'", [], |row| row.get(0))?)
}

/// Has cursors read by another secret.
pub(super) fn put_secret(connection: &Connection, secret: [u8; 32]) -> Result<(), StoreError> {
    let sql = "update meta set value = ?1 where name = 'secret'";
    Ok(connection.execute(sql, [secret]).map(drop)?)
}

/// How far a copy into this directory is that was not finished.
pub(super) fn unfinished_copy(connection: &Connection) -> Result<Option<Vec<u8>>, StoreError> {
    let sql = "select value from meta where name = 'copy'";
    Ok(connection.query_row(sql, [], |row| row.get(0)).optional()?)
}

/// Notes how far a copy is.
pub(super) fn put_unfinished_copy(
    connection: &Connection,
    progress: &[u8],
) -> Result<(), StoreError> {
    let sql = "insert into meta (name, value) values ('copy', ?1)
               on conflict do update set value = excluded.value";
    Ok(connection.prepare_cached(sql)?.execute([progress]).map(drop)?)
}

/// A copy is finished.
pub(super) fn end_copy(connection: &Connection) -> Result<(), StoreError> {
    Ok(connection.execute("delete from meta where name = 'copy'", []).map(drop)?)
}

/// Refuses what a copy left unfinished.
pub(super) fn check_whole(connection: &Connection, directory: &Path) -> Result<(), OpenError> {
    match unfinished_copy(connection)? {
        None => Ok(()),
        Some(_) => Err(OpenError::Unfinished { path: directory.to_owned() }),
    }
}

/// What names this ledger among all others.
pub(super) fn ledger_id(connection: &Connection) -> Result<[u8; 16], OpenError> {
    Ok(connection
        .query_row("select value from meta where name = 'ledger_id'", [], |row| row.get(0))?)
}

/// There is a ledger in the directory; looks without writing.
pub(super) fn is_made(directory: &Path) -> Result<bool, OpenError> {
    let path = path(directory);
    if !path.exists() {
        return Ok(false);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    has_tables(&Connection::open_with_flags(path, flags)?)
}

fn has_tables(connection: &Connection) -> Result<bool, OpenError> {
    let sql = "select 1 from sqlite_schema where name = 'meta'";
    Ok(connection.query_row(sql, [], |_| Ok(())).optional()?.is_some())
}

/// A ledger without which a command has nothing to do.
pub(super) fn demand(directory: &Path) -> Result<(), OpenError> {
    let path = path(directory);
    if path.exists() { Ok(()) } else { Err(OpenError::Missing { path }) }
}

/// Leaves the write-ahead log as it is when the connection closes: whoever looks for what is lost
/// in it finds it as it was.
pub(super) fn leave_log(connection: &Connection) -> Result<(), StoreError> {
    Ok(connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map(drop)?)
}

/// Where the ledger is.
pub(super) fn path(directory: &Path) -> PathBuf {
    directory.join(LEDGER)
}

fn make(connection: &Connection) -> Result<(), OpenError> {
    let mut random = [0_u8; 48];
    getrandom::fill(&mut random).map_err(|error| OpenError::Random(error.to_string()))?;
    let (secret, ledger_id) = random.split_at(32);
    connection.execute_batch("begin immediate")?;
    connection.execute_batch(include_str!("schema.sql"))?;
    for (name, value) in [("secret", secret), ("ledger_id", ledger_id)] {
        connection
            .execute("insert into meta (name, value) values (?1, ?2)", params![name, value])?;
    }
    connection.execute("insert into meta (name, value) values ('format', ?1)", [FORMAT])?;
    connection.execute_batch("commit")?;
    Ok(())
}

fn check_format(connection: &Connection) -> Result<(), OpenError> {
    let found: i64 =
        connection
            .query_row("select value from meta where name = 'format'", [], |row| row.get(0))?;
    if found == FORMAT { Ok(()) } else { Err(OpenError::Format { found, known: FORMAT }) }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::Error as E;
        let is_of_another_type = matches!(
            error,
            E::FromSqlConversionFailure(..)
                | E::IntegralValueOutOfRange(..)
                | E::InvalidColumnType(..)
                | E::Utf8Error(..)
        );
        let extended = error.sqlite_error().map(|error| error.extended_code);
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::DiskFull,
            // The index of the write-ahead log could not grow: nothing was written yet.
            _ if extended == Some(rusqlite::ffi::SQLITE_IOERR_SHMSIZE) => Self::DiskFull,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Corrupt(error.to_string())
            }
            _ if is_of_another_type => Self::Corrupt(error.to_string()),
            _ => Self::Failed(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;

    /// What SQLite answers when the disk refuses the change is what it answers where there is no
    /// file at all: another mode, and no error.
    #[test]
    fn a_file_that_gets_no_log_is_not_used() {
        let told = log_ahead(&Connection::open_in_memory().unwrap()).unwrap_err().to_string();
        assert_eq!(told, "it cannot have a write-ahead log; its journal mode stays [\"memory\"]");
    }

    /// Otherwise every search for something pays for being planned again.
    #[test]
    fn a_statement_is_planned_once() {
        let directory = tempfile::tempdir().unwrap();
        let writer = open_writer(directory.path()).unwrap();
        for connection in [writer, open_reader(directory.path()).unwrap()] {
            let sql = "select facts from grants where environment = ?1 and id = ?2
                       order by ordinal limit 1";
            for id in ["one", "two", "three"] {
                let mut statement = connection.prepare_cached(sql).unwrap();
                let found = statement.query_row(params![7, id], |_| Ok(())).optional();
                assert_eq!(found, Ok(None));
                assert_eq!(statement.get_status(StatementStatus::RePrepare), 0, "{id}");
            }
        }
    }
}

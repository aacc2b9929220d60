//! `snapshots.db`: wallets written behind, so that a start need not fold the whole ledger again
//! and cold wallets need not stay in memory. Whatever is wrong with it is mended from the ledger.

mod at_hand;
mod inspecting;
mod rounds;
mod to_add_up;
mod usage;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rusqlite::types::Value as SqlValue;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};
use scrip_core::{CustomerId, Digest, EnvironmentId, Timestamp, WalletKey};

use super::file;
use super::reach::Reach;
use crate::slot::{Position, Slot};
use crate::work::StoreError;

pub(super) use crate::packed_slot::{customer_prefix, pack, pack_key, unpack, unpack_key};
pub(super) use at_hand::{Next, USAGE_CHUNK};
pub(super) use inspecting::{DUE_MODULUS, Line, each_line, inspect, line, reaches_of, sum_of_due};
pub(super) use rounds::{Behind, Bounds, Turn, round};
use usage::read_usage_reach;
pub(super) use usage::{
    UsageReach, days_of, each_day, each_day_of, put_day, put_usage_reach, read_day, usage_reach,
};

const FILE: &str = "snapshots.db";
/// The name under which it stands up to which row usage is added up.
const USAGE: &str = "usage";
/// The same of some wallets that are further than all; there only as long as they are.
const USAGE_AHEAD: &str = "usage_ahead";
/// Stands beside a file that must be made again.
const CONDEMNED: &str = "snapshots.damaged";
/// The format of the file; any other is rebuilt, but for one that has nothing that this one has not.
const FORMAT: i64 = 4;
/// All wallets are added up to one row.
const FORMAT_BEFORE: i64 = 3;
/// Wallets, or days of usage, of one transaction. With them the file's write-ahead log is synced and written
/// back, and whoever waits for a commit of the ledger waits for that too: the more there is, the longer.
pub(super) const LINES_PER_TRANSACTION: usize = 256;
/// Connections that are kept for the next reader: as many as read at once when many ask. To open one
/// takes longer than to read a record.
const IDLE_MAX: usize = 64;

/// Reads records, with connections that only read.
pub(super) struct Snapshots {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

/// A wallet that has something due, as its record says.
pub(super) struct DueRecord {
    pub at: i64,
    pub key: Vec<u8>,
}

type Stored<T> = Result<T, StoreError>;

impl Snapshots {
    pub(super) fn in_directory(directory: &Path) -> Self {
        Self { path: directory.join(FILE), idle: Mutex::default() }
    }

    /// A wallet's record. An unreadable one is [`StoreError::Corrupt`].
    pub(super) fn read(&self, key: &WalletKey) -> Stored<Option<Slot>> {
        self.with(|connection| read(connection, &pack_key(key)))
    }

    /// The wallets of a customer.
    pub(super) fn wallets_of(
        &self,
        environment: EnvironmentId,
        customer: &CustomerId,
    ) -> Stored<Vec<WalletKey>> {
        let from = customer_prefix(environment, customer);
        let mut until = from.clone();
        // The prefix ends in a zero byte.
        if let Some(last) = until.last_mut() {
            *last = 1;
        }
        self.with(|connection| {
            let sql = "select key from wallets where key >= ?1 and key < ?2 order by key";
            let mut statement = connection.prepare_cached(sql)?;
            let mut rows = statement.query(params![from, until])?;
            let mut keys = Vec::new();
            while let Some(row) = rows.next()? {
                keys.push(wallet_key(&row.get::<_, Vec<u8>>("key")?)?);
            }
            Ok(keys)
        })
    }

    /// Wallets of an environment that had something due by an instant when they were written,
    /// behind one of them, in the order of the instants.
    pub(super) fn due(
        &self,
        environment: EnvironmentId,
        after: Option<&DueRecord>,
        until: Timestamp,
        most: usize,
    ) -> Stored<Vec<DueRecord>> {
        let (after_at, after_key) =
            after.map_or((i64::MIN, &[][..]), |after| (after.at, after.key.as_slice()));
        self.with(|connection| {
            let sql = "select due_at, key from wallets
                       where environment = ?1 and due_at >= ?2 and due_at <= ?4
                         and (due_at, key) > (?2, ?3)
                       order by due_at, key limit ?5";
            let most = i64::try_from(most).unwrap_or(i64::MAX);
            let mut statement = connection.prepare_cached(sql)?;
            let values = params![environment.0, after_at, after_key, until.milliseconds(), most];
            let read = |row: &rusqlite::Row<'_>| {
                Ok(DueRecord { at: row.get("due_at")?, key: row.get("key")? })
            };
            Ok(statement.query_map(values, read)?.collect::<Result<_, _>>()?)
        })
    }

    /// The earliest instant behind another at which a record of an environment has something due.
    pub(super) fn next_due(
        &self,
        environment: EnvironmentId,
        after: Timestamp,
    ) -> Stored<Option<i64>> {
        self.with(|connection| {
            let sql = "select min(due_at) from wallets where environment = ?1 and due_at > ?2";
            let values = params![environment.0, after.milliseconds()];
            Ok(connection.prepare_cached(sql)?.query_row(values, |row| row.get(0))?)
        })
    }

    /// Environments of which a record has something due.
    pub(super) fn environments_with_due(&self) -> Stored<Vec<EnvironmentId>> {
        self.with(|connection| {
            let sql = "select min(environment) from wallets
                       where due_at is not null and environment > ?1";
            let mut statement = connection.prepare_cached(sql)?;
            let mut environments = Vec::new();
            let mut after = -1_i64;
            while let Some(next) =
                statement.query_row([after], |row| row.get::<_, Option<u32>>(0))?
            {
                environments.push(EnvironmentId(next));
                after = i64::from(next);
            }
            Ok(environments)
        })
    }

    /// How many wallets have a record.
    pub(super) fn count(&self) -> Stored<u64> {
        self.with(|connection| {
            Ok(connection.query_row("select count(*) from wallets", [], |row| row.get(0))?)
        })
    }

    /// Works with a connection of its own, in the calling thread.
    pub(super) fn with<T>(&self, work: impl FnOnce(&Connection) -> Stored<T>) -> Stored<T> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.open()?,
        };
        let result = work(&connection);
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        // A connection that met trouble is not lent again.
        if idle.len() < IDLE_MAX && result.is_ok() {
            idle.push(connection);
        }
        result
    }

    fn open(&self) -> Stored<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)?;
        connection.execute_batch("pragma cache_size = -1024;")?;
        file::plan_once(&connection)?;
        Ok(connection)
    }
}

/// A record under its packed key.
pub(super) fn read(connection: &Connection, key: &[u8]) -> Stored<Option<Slot>> {
    let sql = "select record from wallets where key = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let record: Option<Vec<u8>> = statement.query_row([key], |row| row.get(0)).optional()?;
    let Some(record) = record else { return Ok(None) };
    let slot = unpack(key, &record);
    slot.map(Some).ok_or_else(|| StoreError::Corrupt("snapshots: an unreadable record".to_owned()))
}

pub(super) fn wallet_key(bytes: &[u8]) -> Stored<WalletKey> {
    unpack_key(bytes).ok_or_else(|| StoreError::Corrupt("snapshots: an unreadable key".to_owned()))
}

/// What opening the file for writing found.
pub(super) enum Opened {
    /// Records of this ledger, whole up to a position.
    Usable(Connection, Reach),
    /// Nothing that can be used, and why; a new, empty file stands in its place.
    Rebuilt(Connection, Option<String>),
}

/// Opens the file for writing. Whatever is not this ledger's, or cannot be read, is replaced by an
/// empty file.
pub(super) fn open_writer(directory: &Path, ledger_id: &[u8; 16]) -> Stored<Opened> {
    let path = directory.join(FILE);
    let is_new = !path.exists();
    let is_condemned = directory.join(CONDEMNED).exists();
    let why = match open_existing(&path, ledger_id) {
        Ok(Ok((connection, reach))) if !is_condemned => {
            return Ok(Opened::Usable(connection, reach));
        }
        Ok(Ok(_)) => "it was found to be damaged".to_owned(),
        Ok(Err(why)) | Err(StoreError::Corrupt(why)) => why,
        Err(error) => return Err(error),
    };
    remove(directory)?;
    let connection = connect(&path)?;
    connection.execute_batch("begin immediate")?;
    connection.execute_batch(include_str!("schema.sql"))?;
    put_meta(&connection, "ledger_id", SqlValue::Blob(ledger_id.to_vec()))?;
    put_meta(&connection, "format", SqlValue::Integer(FORMAT))?;
    for name in ["whole", "newest", USAGE] {
        put_reach(&connection, name, &Reach::START)?;
    }
    connection.execute_batch("commit")?;
    Ok(Opened::Rebuilt(connection, (!is_new).then_some(why)))
}

/// Removes the file, which is rebuilt by the next start.
pub(super) fn remove(directory: &Path) -> Stored<()> {
    let files = ["snapshots.db-wal", "snapshots.db-shm", FILE, CONDEMNED];
    for file in files {
        match fs::remove_file(directory.join(file)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(StoreError::Failed(format!("removing {file}: {error}")));
            }
            _ => {}
        }
    }
    Ok(())
}

/// How far the ledger reached, as the file in a directory says, if it is this ledger's: up to where
/// it is whole, its newest record, and the last row whose usage is added up.
pub(super) fn reaches(directory: &Path, ledger_id: &[u8; 16]) -> Vec<Reach> {
    let snapshots = Snapshots::in_directory(directory);
    let reaches = snapshots.with(|connection| {
        let read = |name| get_reach(connection, name);
        Ok(check(connection, ledger_id).and_then(|whole| {
            Ok(vec![whole, read("newest")?, read_usage_reach(connection)?.newest()])
        }))
    });
    // What cannot be read tells nothing, and is made again.
    reaches.ok().and_then(Result::ok).unwrap_or_default()
}

/// Up to where the file in a directory is whole; none if a start makes it again.
pub(super) fn whole(directory: &Path, ledger_id: &[u8; 16]) -> Option<Position> {
    let is_condemned = directory.join(CONDEMNED).exists();
    let reaches = if is_condemned { Vec::new() } else { reaches(directory, ledger_id) };
    reaches.first().map(|reach| reach.position)
}

/// Writes wallets and how far that makes the file whole.
pub(super) fn write_all<'a>(
    connection: &Connection,
    slots: impl Iterator<Item = &'a Slot>,
    reach: &Reach,
) -> Stored<()> {
    let mut records: Vec<_> = slots.map(|slot| (pack_key(slot.wallet.key()), slot)).collect();
    records.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    in_transaction(connection, || {
        for (packed, slot) in &records {
            rounds::put(connection, packed, slot)?;
        }
        put_reach(connection, "whole", reach)?;
        put_reach(connection, "newest", reach)
    })
}

/// All of it or nothing.
pub(super) fn in_transaction<T>(
    connection: &Connection,
    write: impl FnOnce() -> Stored<T>,
) -> Stored<T> {
    connection.execute_batch("begin immediate")?;
    let written =
        write().and_then(|value| Ok(connection.execute_batch("commit").map(|()| value)?));
    if written.is_err() && !connection.is_autocommit() {
        connection.execute_batch("rollback")?;
    }
    written
}

/// The file is damaged: the next start makes it again.
pub(super) fn condemn(directory: &Path) {
    let written = fs::write(directory.join(CONDEMNED), b"");
    written.unwrap_or_else(|error| tracing::error!(%error, "marking snapshots.db as damaged"));
}

fn open_existing(path: &Path, ledger_id: &[u8; 16]) -> Stored<Result<(Connection, Reach), String>> {
    if !path.exists() {
        return Ok(Err("it is not there".to_owned()));
    }
    let connection = connect(path)?;
    let checked = check(&connection, ledger_id);
    if checked.is_ok() {
        // A version that knows less would not know what is written from now on.
        let sql = "update meta set value = ?1 where name = 'format' and value = ?2";
        connection.execute(sql, [FORMAT, FORMAT_BEFORE])?;
    }
    Ok(checked.map(|reach| (connection, reach)))
}

/// Whether the file is this ledger's, and how far it reaches.
fn check(connection: &Connection, ledger_id: &[u8; 16]) -> Result<Reach, String> {
    let format: i64 = get_meta(connection, "format")?;
    if ![FORMAT_BEFORE, FORMAT].contains(&format) {
        return Err(format!("it has format {format}"));
    }
    let id: Vec<u8> = get_meta(connection, "ledger_id")?;
    if id != ledger_id {
        return Err("it is another ledger's".to_owned());
    }
    read_usage_reach(connection)?;
    get_reach(connection, "whole")
}

fn get_reach(connection: &Connection, name: &str) -> Result<Reach, String> {
    reach_of(get_meta(connection, name)?)
}

fn reach_of(bytes: [u8; 40]) -> Result<Reach, String> {
    let (position, hash) = bytes.split_first_chunk::<8>().ok_or("a short value")?;
    let hash: [u8; 32] = hash.try_into().map_err(|_| "a short value")?;
    Ok(Reach { position: u64::from_be_bytes(*position), hash: Digest::from_bytes(hash) })
}

fn connect(path: &Path) -> Stored<Connection> {
    let connection = Connection::open(path)?;
    // NORMAL costs little and survives power loss: at worst some records are older. Its log is written
    // back megabyte by megabyte, for commits of the ledger wait for the same disk.
    connection.execute_batch(
        "pragma page_size = 4096;
         pragma synchronous = normal;
         pragma wal_autocheckpoint = 250;
         pragma cache_size = -32768;
         pragma secure_delete = on;
         pragma temp_store = memory;",
    )?;
    file::log_ahead(&connection)?;
    file::plan_once(&connection)?;
    Ok(connection)
}

fn get_meta<T: rusqlite::types::FromSql>(connection: &Connection, name: &str) -> Result<T, String> {
    connection
        .query_row("select value from meta where name = ?1", [name], |row| row.get(0))
        .map_err(|error| error.to_string())
}

fn put_meta(connection: &Connection, name: &str, value: SqlValue) -> Stored<()> {
    let sql = "insert into meta (name, value) values (?1, ?2)
               on conflict (name) do update set value = excluded.value";
    connection.prepare_cached(sql)?.execute(params![name, value])?;
    Ok(())
}

fn put_reach(connection: &Connection, name: &str, reach: &Reach) -> Stored<()> {
    put_meta(connection, name, SqlValue::Blob(reach_to_bytes(reach)))
}

fn reach_to_bytes(reach: &Reach) -> Vec<u8> {
    [&reach.position.to_be_bytes()[..], reach.hash.as_bytes()].concat()
}

//! Wallets, their rows and states.

use rusqlite::{CachedStatement, Connection, OptionalExtension as _, Row as SqlRow, params};
use scrip_core::{
    CurrencyId, CustomerId, Decided, Digest, EnvironmentId, NameHash, ResourceId, Wallet, WalletKey,
};

use super::seal;
use super::{Stored, as_integer, first};
use crate::history::{Entry, Kept};
use crate::slot::{Position, RowLinks, TypeSet, WalletNumber};
use crate::verifying::{self, Beside, KeptState, RawEntry};
use crate::work::StoreError;

/// A row that cannot be read.
pub(in crate::embedded) struct Unreadable {
    pub position: Position,
    /// Whose it is, if that can be read.
    pub wallet: Option<WalletNumber>,
    pub error: StoreError,
}

/// What is read of a row.
macro_rules! columns {
    ($rest:literal) => {
        concat!(
            "select position, wallet, sequence, previous, previous_notable, skip, types, related,
                 name, row, seal from entries ",
            $rest
        )
    };
}

fn own(row: &SqlRow<'_>) -> rusqlite::Result<RawEntry> {
    borrow(row).map(|entry| entry.with(<[u8]>::to_vec))
}

/// Reads the columns of `columns`, by their places: names are looked up in each row.
fn borrow<'a>(row: &'a SqlRow<'_>) -> rusqlite::Result<RawEntry<&'a [u8]>> {
    Ok(RawEntry {
        position: row.get(0)?,
        wallet: row.get(1)?,
        sequence: row.get(2)?,
        links: RowLinks {
            previous: row.get(3)?,
            previous_notable: row.get(4)?,
            skip: row.get(5)?,
            types: TypeSet(row.get(6)?),
            related: row.get(7)?,
        },
        name: row.get::<_, Option<[u8; 16]>>(8)?.map(NameHash),
        row: row.get_ref(9)?.as_blob()?,
        seal: row.get(10)?,
    })
}

impl Beside for Connection {
    fn raw_entry(&self, position: Position) -> Stored<Option<RawEntry>> {
        raw_entry(self, position)
    }

    fn state(&self, wallet: WalletNumber, sequence: u64) -> Stored<Option<KeptState>> {
        state(self, wallet, sequence)
    }
}

/// Stores rows by a statement that is looked up once for many.
pub(in crate::embedded) struct InsertEntry<'c>(CachedStatement<'c>);

impl<'c> InsertEntry<'c> {
    pub(in crate::embedded) fn on(connection: &'c Connection) -> Stored<Self> {
        let sql = "insert into entries
                       (position, wallet, sequence, previous, previous_notable, skip, types, related,
                        name, row, seal)
                   values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
        Ok(Self(connection.prepare_cached(sql)?))
    }

    /// Stores a row that was decided.
    pub(in crate::embedded) fn decided(
        &mut self,
        position: Position,
        wallet: WalletNumber,
        links: RowLinks,
        name: Option<NameHash>,
        decided: &Decided,
    ) -> Stored<()> {
        let (sequence, row) = (decided.row.sequence, decided.packed.bytes.as_slice());
        self.raw(&RawEntry::sealed(position, wallet, sequence, links, name, row))
    }

    /// Stores a row as it is.
    pub(in crate::embedded) fn raw(&mut self, entry: &RawEntry<impl AsRef<[u8]>>) -> Stored<()> {
        let RawEntry { position, wallet, sequence, links, name, row, seal } = entry;
        self.0.execute(params![
            position,
            wallet,
            sequence,
            links.previous,
            links.previous_notable,
            links.skip,
            links.types.0,
            links.related,
            name.map(|name| name.0),
            row.as_ref(),
            seal
        ])?;
        Ok(())
    }
}

/// Stores other bytes of a row that is there.
pub(in crate::embedded) fn rewrite_entry(connection: &Connection, entry: &RawEntry) -> Stored<()> {
    let sql = "update entries set row = ?2, seal = ?3 where position = ?1";
    let RawEntry { position, row, seal, .. } = entry;
    connection.prepare_cached(sql)?.execute(params![position, row, seal])?;
    Ok(())
}

pub(in crate::embedded) fn entry(
    connection: &Connection,
    position: Position,
) -> Stored<Option<Entry>> {
    let sql = columns!("where position = ?1");
    let raw = connection.prepare_cached(sql)?.query_row([position], own).optional()?;
    raw.map(|raw| raw.read()).transpose()
}

/// Some entries behind a position, in order.
pub(in crate::embedded) fn entries_after(
    connection: &Connection,
    position: Position,
    until: Position,
    most: usize,
) -> Stored<Vec<RawEntry>> {
    let mut entries = Vec::new();
    each_entry_after(connection, position, until, most, |entry| {
        let entry = entry.map_err(|unreadable| unreadable.error)?;
        entries.push(entry.with(<[u8]>::to_vec));
        Ok(())
    })?;
    Ok(entries)
}

/// Shows some entries behind a position, in order, and those that cannot be read.
pub(in crate::embedded) fn each_entry_after(
    connection: &Connection,
    position: Position,
    until: Position,
    most: usize,
    mut show: impl FnMut(Result<RawEntry<&[u8]>, Unreadable>) -> Stored<()>,
) -> Stored<()> {
    let sql = columns!("where position > ?1 and position <= ?2 order by position limit ?3");
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![position, until, as_integer(most)])?;
    while let Some(row) = rows.next()? {
        match borrow(row) {
            Ok(entry) => show(Ok(entry))?,
            Err(error) => {
                let position: Position = row.get(0)?;
                let error = StoreError::Corrupt(format!("entries {position}: {error}"));
                show(Err(Unreadable { position, wallet: row.get(1).ok(), error }))?;
            }
        }
    }
    Ok(())
}

/// Shows all entries behind a position up to another, in order; where one is missing or cannot be
/// read, that is an error.
pub(in crate::embedded) fn every_entry(
    connection: &Connection,
    after: Position,
    until: Position,
    mut show: impl FnMut(RawEntry<&[u8]>) -> Stored<()>,
) -> Stored<()> {
    let mut expected = after.saturating_add(1);
    let missing = |position: Position| {
        Err(StoreError::Corrupt(format!("entries {position}: the row is missing")))
    };
    each_entry_after(connection, after, until, usize::MAX, |entry| {
        let entry = entry.map_err(|unreadable| unreadable.error)?;
        if entry.position != expected {
            return missing(expected);
        }
        expected = expected.saturating_add(1);
        show(entry)
    })?;
    if expected <= until { missing(expected) } else { Ok(()) }
}

/// Whose some rows behind a position are, in order; none where that cannot be read.
pub(in crate::embedded) fn wallets_of_rows(
    connection: &Connection,
    position: Position,
    until: Position,
    most: usize,
) -> Stored<Vec<(Position, Option<WalletNumber>)>> {
    let sql = "select position, wallet from entries where position > ?1 and position <= ?2
               order by position limit ?3";
    let mut statement = connection.prepare_cached(sql)?;
    let read = |row: &SqlRow<'_>| Ok((row.get(0)?, row.get(1).ok()));
    let values = params![position, until, as_integer(most)];
    Ok(statement.query_map(values, read)?.collect::<Result<_, _>>()?)
}

/// The entry at a position as it lies there.
pub(in crate::embedded) fn raw_entry(
    connection: &Connection,
    position: Position,
) -> Stored<Option<RawEntry>> {
    let sql = columns!("where position = ?1");
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_row([position], own).optional()?)
}

/// Some entries of one wallet behind a position, in order. Reads all entries on the way.
pub(in crate::embedded) fn entries_of(
    connection: &Connection,
    wallet: WalletNumber,
    position: Position,
    until: Position,
    most: usize,
) -> Stored<Vec<RawEntry>> {
    let sql = columns!(
        "where position > ?1 and position <= ?2 and wallet = ?3 order by position limit ?4"
    );
    let mut statement = connection.prepare_cached(sql)?;
    let values = params![position, until, wallet, as_integer(most)];
    Ok(statement.query_map(values, own)?.collect::<Result<_, _>>()?)
}

/// The hash that stands in the row at a position.
pub(in crate::embedded) fn row_hash(
    connection: &Connection,
    position: Position,
) -> Stored<Option<Digest>> {
    let sql = "select row from entries where position = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let row: Option<Vec<u8>> = statement.query_row([position], first).optional()?;
    Ok(row.and_then(|row| verifying::row_hash(&row)).map(Digest::from_bytes))
}

/// A wallet's key.
pub(in crate::embedded) fn wallet(
    connection: &Connection,
    number: WalletNumber,
) -> Stored<Option<WalletKey>> {
    let sql = "select number, environment, customer, currency, resource from wallets
               where number = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([number])?;
    rows.next()?.map(|row| read_wallet(row).map(|(_, key)| key)).transpose()
}

/// The wallet behind a number.
pub(in crate::embedded) fn wallet_after(
    connection: &Connection,
    number: WalletNumber,
) -> Stored<Option<(WalletNumber, WalletKey)>> {
    let sql = "select number, environment, customer, currency, resource from wallets
               where number > ?1 order by number limit 1";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([number])?;
    rows.next()?.map(read_wallet).transpose()
}

pub(in crate::embedded) fn count_wallets(connection: &Connection) -> Stored<u64> {
    Ok(connection.query_row("select count(*) from wallets", [], first)?)
}

/// A wallet's number. Looks at all wallets.
pub(in crate::embedded) fn wallet_number(
    connection: &Connection,
    key: &WalletKey,
) -> Stored<Option<WalletNumber>> {
    let sql = "select number from wallets
               where environment = ?1 and customer = ?2 and currency = ?3 and resource is ?4";
    let values = params![
        key.environment.0,
        key.customer.as_str(),
        key.currency.as_str(),
        key.resource.as_ref().map(ResourceId::as_str)
    ];
    Ok(connection.prepare_cached(sql)?.query_row(values, first).optional()?)
}

pub(in crate::embedded) fn last_wallet(connection: &Connection) -> Stored<WalletNumber> {
    Ok(connection.query_row("select coalesce(max(number), 0) from wallets", [], first)?)
}

pub(in crate::embedded) fn last_position(connection: &Connection) -> Stored<Position> {
    Ok(connection.query_row("select coalesce(max(position), 0) from entries", [], first)?)
}

pub(in crate::embedded) fn insert_wallet(
    connection: &Connection,
    number: WalletNumber,
    key: &WalletKey,
) -> Stored<()> {
    let sql = "insert into wallets (number, environment, customer, currency, resource)
               values (?1, ?2, ?3, ?4, ?5)";
    connection.prepare_cached(sql)?.execute(params![
        number,
        key.environment.0,
        key.customer.as_str(),
        key.currency.as_str(),
        key.resource.as_ref().map(ResourceId::as_str)
    ])?;
    Ok(())
}

/// Shows the wallets behind a number, in order, and those that cannot be read.
pub(in crate::embedded) fn each_wallet_after(
    connection: &Connection,
    number: WalletNumber,
    mut show: impl FnMut(Stored<(WalletNumber, WalletKey)>),
) -> Stored<()> {
    let sql = "select number, environment, customer, currency, resource from wallets
               where number > ?1 order by number";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([number])?;
    while let Some(row) = rows.next()? {
        show(read_wallet(row));
    }
    Ok(())
}

fn read_wallet(row: &SqlRow<'_>) -> Stored<(WalletNumber, WalletKey)> {
    let number: WalletNumber = row.get("number")?;
    let wrong = |_| StoreError::Corrupt(format!("wallets {number}: an identifier"));
    let (customer, currency): (String, String) = (row.get("customer")?, row.get("currency")?);
    let resource: Option<String> = row.get("resource")?;
    let key = WalletKey {
        environment: EnvironmentId(row.get("environment")?),
        customer: CustomerId::parse(&customer).map_err(wrong)?,
        currency: CurrencyId::parse(&currency).map_err(wrong)?,
        resource: resource.as_deref().map(ResourceId::parse).transpose().map_err(wrong)?,
    };
    Ok((number, key))
}

pub(in crate::embedded) fn insert_state(
    connection: &Connection,
    number: WalletNumber,
    position: Position,
    wallet: &Wallet,
) -> Stored<()> {
    let state = postcard::to_stdvec(wallet)
        .map_err(|error| StoreError::Failed(format!("packing a state: {error}")))?;
    let sql = "insert into states (wallet, sequence, position, state, seal)
               values (?1, ?2, ?3, ?4, ?5)";
    let sequence = wallet.sequence();
    let seal = seal::of_state(number, sequence, position, &state);
    let values = params![number, sequence, position, state, seal];
    connection.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

/// A wallet's state after a row, if it was kept there.
fn state(
    connection: &Connection,
    number: WalletNumber,
    sequence: u64,
) -> Stored<Option<KeptState>> {
    let sql = "select position, state, seal from states where wallet = ?1 and sequence = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let read = |row: &SqlRow<'_>| {
        let (position, state, stated): (_, Vec<u8>, u32) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let is_sealed = seal::of_state(number, sequence, position, &state) == stated;
        Ok(KeptState { position, state, is_sealed })
    };
    Ok(statement.query_row(params![number, sequence], read).optional()?)
}

/// The newest state of a wallet at or before a sequence.
pub(in crate::embedded) fn kept_state(
    connection: &Connection,
    number: WalletNumber,
    until: u64,
) -> Stored<Option<Kept>> {
    let sql = "select sequence, position, state, seal from states
               where wallet = ?1 and sequence <= ?2 order by sequence desc limit 1";
    let mut statement = connection.prepare_cached(sql)?;
    let read = |row: &SqlRow<'_>| {
        let (sequence, position) = (row.get("sequence")?, row.get("position")?);
        let (state, stated): (_, u32) = (row.get_ref("state")?.as_blob()?, row.get("seal")?);
        let is_sealed = seal::of_state(number, sequence, position, state) == stated;
        let wallet = is_sealed.then(|| postcard::from_bytes(state).ok()).flatten();
        Ok(Kept { sequence, position, wallet })
    };
    Ok(statement.query_row(params![number, until], read).optional()?)
}

/// The states of a wallet behind a sequence up to another one: sequence, position, state.
pub(in crate::embedded) fn states_of(
    connection: &Connection,
    number: WalletNumber,
    after: u64,
    until: u64,
) -> Stored<Vec<(u64, Position, Vec<u8>)>> {
    let sql = "select sequence, position, state from states
               where wallet = ?1 and sequence > ?2 and sequence <= ?3 order by sequence";
    let mut statement = connection.prepare_cached(sql)?;
    let read =
        |row: &SqlRow<'_>| Ok((row.get("sequence")?, row.get("position")?, row.get("state")?));
    Ok(statement.query_map(params![number, after, until], read)?.collect::<Result<_, _>>()?)
}

/// The wallets and sequences of all states.
pub(in crate::embedded) fn states(connection: &Connection) -> Stored<Vec<(WalletNumber, u64)>> {
    let sql = "select wallet, sequence from states order by position";
    let mut statement = connection.prepare(sql)?;
    let read = |row: &SqlRow<'_>| Ok((row.get("wallet")?, row.get("sequence")?));
    Ok(statement.query_map([], read)?.collect::<Result<_, _>>()?)
}

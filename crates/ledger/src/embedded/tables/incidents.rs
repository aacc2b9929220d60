//! What happened to the store itself, and the wallets that are frozen for it.

use rusqlite::{Connection, Row as SqlRow, params};
use scrip_core::{Timestamp, WalletKey};

use super::{Stored, wallet};
use crate::slot::WalletNumber;

/// What happened to the store itself. The texts are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IncidentKind {
    /// Rows were lost, and their loss was accepted.
    LossAccepted,
    /// The store was restored from a backup.
    Restored,
    /// Something about a wallet is wrong; it takes no orders.
    WalletFrozen,
    /// A frozen wallet was found to be well.
    WalletThawed,
}

impl IncidentKind {
    /// The text that is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LossAccepted => "loss_accepted",
            Self::Restored => "restored",
            Self::WalletFrozen => "wallet_frozen",
            Self::WalletThawed => "wallet_thawed",
        }
    }
}

/// What happened to the store itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// When, in milliseconds of real time.
    pub happened_at: i64,
    /// What, as it is stored.
    pub kind: String,
    /// To which wallet.
    pub wallet: Option<WalletNumber>,
    /// In words.
    pub details: String,
}

pub(in crate::embedded) fn insert_incident(
    connection: &Connection,
    at: Timestamp,
    kind: IncidentKind,
    wallet: Option<WalletNumber>,
    details: &str,
) -> Stored<()> {
    let sql = "insert into incidents (happened_at, kind, wallet, details) values (?1, ?2, ?3, ?4)";
    let values = params![at.milliseconds(), kind.as_str(), wallet, details];
    connection.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

/// All incidents, oldest first.
pub(in crate::embedded) fn incidents(connection: &Connection) -> Stored<Vec<Incident>> {
    let sql = "select happened_at, kind, wallet, details from incidents order by number";
    let mut statement = connection.prepare(sql)?;
    let read = |row: &SqlRow<'_>| {
        Ok(Incident {
            happened_at: row.get("happened_at")?,
            kind: row.get("kind")?,
            wallet: row.get("wallet")?,
            details: row.get("details")?,
        })
    };
    Ok(statement.query_map([], read)?.collect::<Result<_, _>>()?)
}

/// Freezes a wallet, if it is not frozen yet.
pub(in crate::embedded) fn freeze_wallet(
    connection: &Connection,
    wallet: WalletNumber,
    at: Timestamp,
    reason: &str,
) -> Stored<()> {
    let sql = "insert into frozen_wallets (wallet, frozen_at, reason) values (?1, ?2, ?3)
               on conflict do nothing";
    let values = params![wallet, at.milliseconds(), reason];
    if connection.prepare_cached(sql)?.execute(values)? > 0 {
        insert_incident(connection, at, IncidentKind::WalletFrozen, Some(wallet), reason)?;
    }
    Ok(())
}

/// Lets a wallet take orders again.
pub(in crate::embedded) fn thaw_wallet(
    connection: &Connection,
    wallet: WalletNumber,
    at: Timestamp,
) -> Stored<()> {
    let sql = "delete from frozen_wallets where wallet = ?1";
    if connection.prepare_cached(sql)?.execute([wallet])? > 0 {
        let details = "all its rows were verified and are well";
        insert_incident(connection, at, IncidentKind::WalletThawed, Some(wallet), details)?;
    }
    Ok(())
}

/// The wallets that are frozen, with their reasons.
pub(in crate::embedded) fn frozen_wallets(
    connection: &Connection,
) -> Stored<Vec<(WalletKey, WalletNumber, String)>> {
    let sql = "select wallet, reason from frozen_wallets order by wallet";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    let mut frozen = Vec::new();
    while let Some(row) = rows.next()? {
        let number = row.get("wallet")?;
        if let Some(key) = wallet(connection, number)? {
            frozen.push((key, number, row.get("reason")?));
        }
    }
    Ok(frozen)
}

//! Whether all that was acknowledged is there afterwards, and nothing else.

use std::net::SocketAddr;

use anyhow::bail;
use tokio::task::JoinSet;

use super::cells::All;
use super::database::Database;
use crate::client::balance;
use crate::client::connection::Connection;
use crate::workload::API_KEY;

/// Connections that read balances.
const READERS: usize = 12;

/// Rows in the database.
#[derive(Clone, Copy, Debug)]
pub struct Rows {
    /// Of the ledger.
    entries: u64,
    /// As its wallets count them.
    of_wallets: u64,
    /// Of the reference.
    reference: u64,
}

impl Rows {
    /// As they stand now.
    pub fn of(database: &Database) -> anyhow::Result<Self> {
        let count = |sql: &str| anyhow::Ok(u64::try_from(database.number(sql, &[])?)?);
        Ok(Self {
            entries: count("select count(*) from scrip.entries")?,
            of_wallets: count("select coalesce(sum(sequence), 0)::bigint from scrip.wallets")?,
            reference: count("select count(*) from scrip_bench_reference.entries")?,
        })
    }

    /// Whether each consumption that was answered since is one row more.
    pub fn check_after(self, before: Self, acknowledged: All) -> anyhow::Result<()> {
        let rows = self.entries - before.entries;
        let answered = acknowledged.ledger.consumptions;
        if rows != answered || self.of_wallets != self.entries {
            bail!(
                "{answered} consumptions were answered, and {rows} rows are there; {} rows in all, \
                 of which the wallets count {}",
                self.entries,
                self.of_wallets
            );
        }
        if self.reference - before.reference != acknowledged.reference {
            bail!("the reference committed {}, and has other rows", acknowledged.reference);
        }
        Ok(())
    }
}

/// Whether what all wallets have consumed, as all nodes say, is so many thousandths of a credit.
pub fn burned(addresses: &[SocketAddr], wallets: u32, acknowledged: u64) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let burned = runtime.block_on(consumed(addresses, wallets))?;
    if burned != acknowledged {
        bail!(
            "{acknowledged} thousandths of a credit were answered to be consumed, and {burned} are"
        );
    }
    Ok(())
}

async fn consumed(addresses: &[SocketAddr], wallets: u32) -> anyhow::Result<u64> {
    let mut tasks = JoinSet::new();
    for (lane, address) in addresses.iter().cycle().take(READERS).enumerate() {
        let address = *address;
        tasks.spawn(async move {
            let mut connection = Connection::open(address, API_KEY).await?;
            let mut sum = 0;
            for number in (0..wallets).skip(lane).step_by(READERS) {
                sum += balance::thousandths(&mut connection, number, "consumed").await?;
            }
            anyhow::Ok(sum)
        });
    }
    let mut sum = 0;
    while let Some(finished) = tasks.join_next().await {
        sum += finished??;
    }
    Ok(sum)
}

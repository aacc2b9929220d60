//! The same consumptions as an application writes them by hand: one transaction for each, with a
//! locked wallet, a unique key and a row. It asks for less than the ledger does: no grants, no order
//! among them, no rows linked by hashes, no answer to be repeated.

use std::time::{Duration, Instant};

use anyhow::bail;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::task::JoinSet;
use tokio_postgres::{Client, Statement};

use super::database::{Database, connect};
use crate::figures::Figures;

/// Bytes of a row; about as many as the ledger's take.
const ROW_BYTES: usize = 250;

/// Makes the tables and the wallets. The wallets' pages have room for the versions of updates, as
/// the ledger's have: otherwise every update would touch the index, too.
pub fn make_tables(database: &Database, wallets: u32) -> anyhow::Result<()> {
    database.run(&format!(
        "create schema scrip_bench_reference;
         set search_path = scrip_bench_reference;
         create table wallets (number bigint primary key, balance bigint not null)
             with (fillfactor = 70);
         create table keys (key text primary key);
         create table entries (
             position bigint generated always as identity primary key,
             wallet bigint not null,
             row bytea not null
         );
         insert into wallets
         select number, 1000000000000000 from generate_series(0, {wallets} - 1) as number;
         reset search_path"
    ))
}

/// One pass.
pub struct Load<'a> {
    /// The database.
    pub url: &'a str,
    /// Connections, each with one transaction at a time.
    pub connections: usize,
    /// Wallets the load is spread over.
    pub wallets: u32,
    /// How long.
    pub seconds: Duration,
    /// Tells the keys of this pass from those of all others.
    pub run: u64,
}

/// What a pass measured.
pub struct Pass {
    /// In numbers.
    pub figures: Figures,
    /// All transactions that were committed.
    pub transactions: u64,
}

impl Load<'_> {
    /// Runs the pass in a thread of its own, as the client of the nodes does.
    pub fn run(self) -> anyhow::Result<Pass> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(self.measure())
    }

    async fn measure(self) -> anyhow::Result<Pass> {
        let mut sessions = Vec::new();
        for connection in 0..self.connections {
            let keys = format!("{:08x}-{connection:08x}", self.run);
            let seed = self.run.wrapping_mul(1_000).wrapping_add(connection as u64);
            sessions.push(Session::open(self.url, keys, seed).await?);
        }
        let mut tasks = JoinSet::new();
        let started = Instant::now();
        let (end, wallets) = (started + self.seconds, self.wallets);
        for mut session in sessions {
            tasks.spawn(async move {
                let mut times = Vec::new();
                while Instant::now() < end {
                    let begun = Instant::now();
                    session.consume(wallets).await?;
                    times.push(begun.elapsed());
                }
                anyhow::Ok(times)
            });
        }
        let mut times = Vec::new();
        while let Some(finished) = tasks.join_next().await {
            times.extend(finished??);
        }
        let transactions = times.len() as u64;
        Ok(Pass { figures: Figures::of(times, 1, started.elapsed()), transactions })
    }
}

/// One connection, with its statements.
struct Session {
    client: Client,
    begin: Statement,
    lock: Statement,
    key: Statement,
    balance: Statement,
    row: Statement,
    commit: Statement,
    random: StdRng,
    keys: String,
    sequence: u64,
}

impl Session {
    async fn open(url: &str, keys: String, seed: u64) -> anyhow::Result<Self> {
        let client = connect(url).await?;
        client.batch_execute("set search_path = scrip_bench_reference").await?;
        Ok(Self {
            begin: client.prepare("begin").await?,
            lock: client
                .prepare("select balance from wallets where number = $1 for update")
                .await?,
            key: client.prepare("insert into keys (key) values ($1)").await?,
            balance: client.prepare("update wallets set balance = $2 where number = $1").await?,
            row: client.prepare("insert into entries (wallet, row) values ($1, $2)").await?,
            commit: client.prepare("commit").await?,
            random: StdRng::seed_from_u64(seed),
            sequence: 0,
            client,
            keys,
        })
    }

    /// One consumption.
    async fn consume(&mut self, wallets: u32) -> anyhow::Result<()> {
        self.sequence += 1;
        let wallet = i64::from(self.random.random_range(0..wallets));
        let amount: i64 = self.random.random_range(1..5_000);
        let key = format!("{}-{:018x}", self.keys, self.sequence);
        let mut row = vec![0_u8; ROW_BYTES];
        self.random.fill(&mut row[..]);
        let Self { client, begin, lock, key: insert_key, balance: update, .. } = self;
        client.execute(begin, &[]).await?;
        let balance: i64 = client.query_one(lock, &[&wallet]).await?.try_get(0)?;
        if balance < amount {
            bail!("the wallet {wallet} is empty");
        }
        client.execute(insert_key, &[&key]).await?;
        client.execute(update, &[&wallet, &(balance - amount)]).await?;
        client.execute(&self.row, &[&wallet, &row]).await?;
        client.execute(&self.commit, &[]).await?;
        Ok(())
    }
}

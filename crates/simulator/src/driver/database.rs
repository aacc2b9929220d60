//! The ledger in a database of its own, on the server that `SCRIP_TEST_DATABASE_URL` names.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context as _, Result, ensure};
use scrip_ledger::postgres::{Options, Postgres, verify};
use scrip_ledger::{Ledger, SystemClock};
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::NoTls;

use super::{Store, Target};
use crate::history::Setup;

/// Names the server, whose user may make databases.
const SERVER: &str = "SCRIP_TEST_DATABASE_URL";

/// The ledger in a database, one for each history.
pub struct InDatabase;

impl Target for InDatabase {
    fn name(&self) -> &'static str {
        "postgres"
    }

    fn prepare(&self, _: &Setup) -> Result<Box<dyn Store>> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let server = std::env::var(SERVER).with_context(|| {
            format!("{SERVER} must name a server: scripts/postgres -- scrip-simulator ...")
        })?;
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("simulator_{}_{number}", std::process::id());
        let url = with_database(&server, &name)?;
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let store = DatabaseStore { runtime, server, name, url };
        store.run(&format!("create database {}", store.name))?;
        Ok(Box::new(store))
    }
}

/// The same server with another database.
fn with_database(server: &str, name: &str) -> Result<String> {
    let (address, options) = server.split_once('?').unwrap_or((server, ""));
    let (front, _) =
        address.rsplit_once('/').with_context(|| format!("{SERVER} has no database"))?;
    Ok(format!("{front}/{name}?{options}"))
}

struct DatabaseStore {
    runtime: Runtime,
    server: String,
    name: String,
    url: String,
}

impl DatabaseStore {
    fn run(&self, sql: &str) -> Result<()> {
        self.runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(&self.server, NoTls).await?;
            let connection = tokio::spawn(connection);
            client.batch_execute(sql).await?;
            drop(client);
            connection.await??;
            Ok(())
        })
    }
}

impl Store for DatabaseStore {
    fn open(&mut self, clock: SystemClock) -> Result<Arc<dyn Ledger>> {
        let runtime = self.runtime.handle().clone();
        let options = Options { clock: Some(clock), lanes: 2, ..Options::on(runtime) };
        Ok(Postgres::open(&self.url, options).context("opening the ledger")?)
    }

    // Usage is added up by whoever looks after what is due, and what is not yet is read as well.
    fn write_behind(&self, _: &dyn Ledger) -> Result<()> {
        Ok(())
    }

    fn verify(&self) -> Result<()> {
        let runtime = self.runtime.handle().clone();
        let verified = verify(&self.url, runtime, |_, _| {}).context("verify")?;
        ensure!(verified.frozen.is_empty(), "frozen wallets: {:?}", verified.frozen);
        Ok(())
    }
}

impl Drop for DatabaseStore {
    fn drop(&mut self) {
        // One that stays is in nobody's way: the server goes with it.
        let _ = self.run(&format!("drop database {} with (force)", self.name));
    }
}

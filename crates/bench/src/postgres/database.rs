//! The database that is measured, seen from beside the ledger.

use anyhow::{Context as _, bail};
use tokio::runtime::Runtime;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, NoTls};

/// Schemas that a run makes, and takes away.
const SCHEMAS: [&str; 2] = ["scrip", "scrip_bench_reference"];

/// A connection that asks about everything.
pub struct Database {
    client: Client,
    runtime: Runtime,
}

impl Database {
    /// Connects to a database, which must be empty: its tables are thrown away afterwards.
    pub fn open(url: &str) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let client = runtime.block_on(connect(url))?;
        let database = Self { client, runtime };
        let sql = "
            select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
              and n.nspname not like 'pg\\_temp\\_%' and n.nspname not like 'pg\\_toast\\_%'";
        let relations = database.number(sql, &[])?;
        if relations > 0 {
            bail!(
                "the database is not empty: it has {relations} tables, indexes or the like, and \
                 what is measured here is thrown away afterwards. Make a database of its own \
                 (if an earlier run was cut off: drop schema {} cascade)",
                SCHEMAS.join(", ")
            );
        }
        Ok(database)
    }

    /// One number.
    pub fn number(&self, sql: &str, values: &[&(dyn ToSql + Sync)]) -> anyhow::Result<i64> {
        let row = self.runtime.block_on(self.client.query_one(sql, values))?;
        Ok(row.try_get(0)?)
    }

    /// Statements without values.
    pub fn run(&self, sql: &str) -> anyhow::Result<()> {
        Ok(self.runtime.block_on(self.client.batch_execute(sql))?)
    }

    /// What makes figures of this server worth less.
    pub fn warnings(&self) -> anyhow::Result<Vec<String>> {
        let mut warnings = Vec::new();
        for setting in ["fsync", "full_page_writes", "synchronous_commit"] {
            let sql = format!("select (current_setting('{setting}') = 'off')::integer::bigint");
            if self.number(&sql, &[])? > 0 {
                warnings.push(format!("the server has {setting} = off: no figures for anybody"));
            }
        }
        Ok(warnings)
    }

    /// Takes away what a run made.
    pub fn clear(&self) -> anyhow::Result<()> {
        for schema in SCHEMAS {
            self.run(&format!(
                "set client_min_messages = warning; drop schema if exists {schema} cascade"
            ))
            .with_context(|| format!("dropping the schema {schema}"))?;
        }
        Ok(())
    }
}

/// Connects, as long as the runtime of the caller runs.
pub async fn connect(url: &str) -> anyhow::Result<Client> {
    let (client, connection) =
        tokio_postgres::connect(url, NoTls).await.context("connecting to the database")?;
    tokio::spawn(connection);
    Ok(client)
}

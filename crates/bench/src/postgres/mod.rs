//! Measures consumption over HTTP with the ledger on PostgreSQL: one node, and several on the same
//! database, beside the same consumptions as an application would write them by hand, a transaction
//! for each, on the same server. Passes of all alternate, and everybody shares the same cores.

mod cells;
mod check;
pub mod database;
pub mod nodes;
pub mod reference;

use std::time::Duration;

use anyhow::bail;
use clap::Args;

use crate::client::filling::fill;
use crate::client::writer::Acknowledged;
use crate::http;
use crate::output::tell;
use crate::workload::API_KEY;
use cells::Sizes;
use check::Rows;
use database::Database;
use nodes::Nodes;

/// How the ledger is measured.
#[derive(Args)]
pub struct Options {
    /// An empty database, which is empty again afterwards: `postgres://user@host:port/database`.
    // Never the variable that a server reads: that names a database which somebody uses.
    #[arg(long, env = "SCRIP_TEST_DATABASE_URL", hide_env_values = true)]
    database_url: String,
    #[command(flatten)]
    load: http::Options,
}

/// Grants of each wallet.
const GRANTS: u32 = 3;
/// Nodes that run; the load goes to one of them, or to all.
const NODES: usize = 3;

/// Measures, prints a table, and leaves the database as it was.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let database = Database::open(&options.database_url)?;
    let measured = prepare(options, &database);
    // Whatever was measured: what this run made goes, and only that.
    let cleared = database.clear();
    measured.and(cleared)
}

fn prepare(options: &Options, database: &Database) -> anyhow::Result<()> {
    for warning in database.warnings()? {
        tell(&warning);
    }
    reference::make_tables(database, options.load.wallets)?;
    let nodes = Nodes::start(&options.database_url, NODES)?;
    let measured = measure(options, database, &nodes);
    nodes.close();
    measured
}

fn measure(options: &Options, database: &Database, nodes: &Nodes) -> anyhow::Result<()> {
    tell(&format!("making {} wallets of three grants each", options.load.wallets));
    let addresses = nodes.addresses();
    let Some(first) = addresses.first() else { bail!("no nodes") };
    nodes.runtime()?.block_on(fill(*first, API_KEY, options.load.wallets, GRANTS))?;
    let before = Rows::of(database)?;
    let sizes = Sizes {
        wallets: options.load.wallets,
        passes: options.load.passes,
        pass: Duration::from_secs(options.load.seconds),
    };
    let acknowledged = cells::run(&sizes, &options.database_url, nodes)?;
    let Acknowledged { consumptions, thousandths } = acknowledged.ledger;
    Rows::of(database)?.check_after(before, acknowledged)?;
    check::burned(&addresses, options.load.wallets, thousandths)?;
    tell(&format!("nothing was lost: {consumptions} consumptions were answered, and as many rows"));
    tell("and the sum of their amounts are what the database and the API show afterwards");
    Ok(())
}

//! Nodes on one database, each as a process of its own would be: with its own runtime, connections
//! and port. They know nothing of each other.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use scrip_ledger::postgres::{Options, Postgres};
use scrip_ledger::{Ledger, Value};
use tokio::runtime::Runtime;

use crate::server::{app, serve};

/// A node.
struct Node {
    address: SocketAddr,
    ledger: Arc<Postgres>,
    runtime: Runtime,
}

/// Some nodes.
pub struct Nodes(Vec<Node>);

/// What nodes counted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Transactions that answered orders.
    pub transactions: u64,
    /// Transactions that met others and were tried again.
    pub conflicts: u64,
}

impl Counts {
    /// What was counted since.
    pub const fn since(self, before: Self) -> Self {
        Self {
            transactions: self.transactions - before.transactions,
            conflicts: self.conflicts - before.conflicts,
        }
    }

    /// Both.
    pub const fn add(&mut self, more: Self) {
        self.transactions += more.transactions;
        self.conflicts += more.conflicts;
    }
}

impl Nodes {
    /// Starts so many; the first makes the tables and the key.
    pub fn start(url: &str, count: usize) -> anyhow::Result<Self> {
        let mut nodes = Self(Vec::new());
        for _ in 0..count {
            match Node::start(url) {
                Ok(node) => nodes.0.push(node),
                Err(error) => {
                    nodes.close();
                    return Err(error);
                }
            }
        }
        Ok(nodes)
    }

    /// Where they listen.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.0.iter().map(|node| node.address).collect()
    }

    /// A runtime for a client that is not measured.
    pub fn runtime(&self) -> anyhow::Result<&Runtime> {
        Ok(&self.0.first().context("no nodes")?.runtime)
    }

    /// What all of them counted so far.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for figure in self.0.iter().flat_map(|node| node.ledger.figures()) {
            let Value::Whole(value) = figure.value else { continue };
            match figure.name {
                "scrip_database_transactions_total" => counts.transactions += value,
                "scrip_database_conflicts_total" => counts.conflicts += value,
                _ => {}
            }
        }
        counts
    }

    /// Ends them, so that nobody holds anything in the database.
    pub fn close(self) {
        for Node { ledger, runtime, .. } in self.0 {
            runtime.block_on(ledger.close());
            runtime.shutdown_background();
        }
    }
}

impl Node {
    fn start(url: &str) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let ledger = Postgres::open(url, Options::on(runtime.handle().clone()))?;
        let served: Arc<dyn Ledger> = ledger.clone();
        let address =
            runtime.block_on(async { serve(scrip_api::router(app(served).await?)).await })?;
        Ok(Self { address, ledger, runtime })
    }
}

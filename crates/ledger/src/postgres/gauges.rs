//! What a node counts about itself.

use crate::counting::{Counter, Gauge, counter, gauge};
use crate::figures::Figure;

/// All that a node counts.
#[derive(Debug, Default)]
pub struct Gauges {
    /// Transactions that answered orders.
    pub transactions: Counter,
    /// Orders that they answered.
    pub orders: Counter,
    /// Transactions that met others and were tried again.
    pub conflicts: Counter,
    /// Commits of which the connection did not say what became.
    pub commits_in_doubt: Counter,
    /// Connections that could not be made.
    pub connections_failed: Counter,
    /// Wallets that were folded again and compared.
    pub scrubbed_wallets: Counter,
    /// Those that were found wrong.
    pub scrub_findings: Counter,
    /// Orders that wait.
    pub queue_orders: Gauge,
}

impl Gauges {
    /// All numbers, always in the same order.
    pub fn snapshot(&self) -> Vec<Figure> {
        vec![
            counter(
                "scrip_database_transactions_total",
                "Transactions that answered orders.",
                &self.transactions,
            ),
            counter(
                "scrip_database_orders_total",
                "Orders that were answered by transactions.",
                &self.orders,
            ),
            counter(
                "scrip_database_conflicts_total",
                "Transactions that met others and were tried again.",
                &self.conflicts,
            ),
            counter(
                "scrip_database_commits_in_doubt_total",
                "Commits that were cut off, so that the database was asked what became of them.",
                &self.commits_in_doubt,
            ),
            counter(
                "scrip_database_connections_failed_total",
                "Connections to the database that could not be made.",
                &self.connections_failed,
            ),
            counter(
                "scrip_scrubbed_wallets_total",
                "Wallets that were folded again from their rows and compared.",
                &self.scrubbed_wallets,
            ),
            counter(
                "scrip_scrub_findings_total",
                "What scrubbing found wrong.",
                &self.scrub_findings,
            ),
            gauge("scrip_queue_orders", "Orders that wait.", &self.queue_orders),
        ]
    }
}

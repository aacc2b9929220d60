//! The heads of the wallets that changed since the last anchor, gathered behind the rows.

use std::collections::HashMap;

use scrip_ledger::anchors::{Anchor, WalletHead};
use scrip_ledger::{Ledger, LedgerError};

/// The newest row of each wallet behind an anchor.
pub(super) struct Gathered {
    /// The number of that anchor; 0 before the first.
    pub behind: u64,
    /// Rows that it covers with those that were gathered.
    pub rows: u64,
    /// Up to where all rows were gathered.
    pub position: u64,
    heads: HashMap<[u8; 32], WalletHead>,
}

impl Gathered {
    /// Nothing yet.
    pub(super) fn behind(newest: Option<&Anchor>) -> Self {
        let (behind, rows, position) = newest.map_or((0, 0, 0), |anchor| {
            (anchor.statement.number, anchor.statement.rows, anchor.position)
        });
        Self { behind, rows, position, heads: HashMap::new() }
    }

    /// Gathers up to the rows that there were when it began.
    pub(super) async fn go_on(&mut self, ledger: &dyn Ledger) -> Result<(), LedgerError> {
        loop {
            let more = ledger.heads_behind(self.position).await?;
            self.rows += more.rows;
            self.position = more.reached;
            // Behind the others: a newer head of a wallet takes the place of an older one.
            self.heads.extend(more.heads.into_iter().map(|head| (head.wallet, head)));
            if more.is_all {
                return Ok(());
            }
        }
    }

    /// The heads, in no order.
    pub(super) fn heads(&self) -> Vec<WalletHead> {
        self.heads.values().copied().collect()
    }
}

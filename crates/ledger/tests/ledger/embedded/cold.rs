//! The same scenarios where no wallet may stay in memory: each is written behind at once, dropped,
//! and loaded again by whoever asks.

use std::time::Duration;

use scrip_ledger::conformance::{Given, Made};

use super::store;

async fn make(given: Given) -> Made {
    let directory = tempfile::tempdir().unwrap();
    let mut options = store::options(given);
    options.wallets_bytes_max = 0;
    options.snapshots_every = Duration::from_millis(2);
    let ledger = store::open(directory.path(), options);
    Made { ledger, follows_given_clock: true, keep: Box::new(directory) }
}

scrip_ledger::conformance!(crate::embedded::cold::make);

//! The ledger in memory.

use std::sync::Arc;

use scrip_ledger::Memory;
use scrip_ledger::conformance::{Given, Made};

async fn make(given: Given) -> Made {
    let ledger = Arc::new(Memory::with(given.clock, given.settings));
    Made { ledger, follows_given_clock: true, keep: Box::new(()) }
}

scrip_ledger::conformance!(crate::memory::make);

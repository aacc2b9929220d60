//! The ledger in a directory.

pub mod added_up;
mod audits;
mod backups;
mod behind;
mod clock_leaps;
mod cold;
mod crowds;
mod damage;
mod deep;
mod deep_past;
mod erasing;
mod forgotten_names;
mod full_disk;
mod given_back;
mod housekeeping;
mod losses;
mod opening;
mod queue;
mod reservations;
mod scrubbing;
pub mod store;

mod written_behind;

use scrip_ledger::conformance::{Given, Made};

async fn make(given: Given) -> Made {
    let directory = tempfile::tempdir().unwrap();
    let ledger = store::open(directory.path(), store::options(given));
    Made { ledger, follows_given_clock: true, keep: Box::new(directory) }
}

scrip_ledger::conformance!(crate::embedded::make);

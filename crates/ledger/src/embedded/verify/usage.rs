//! The usage that is added up in `snapshots.db`.

use std::path::Path;

use rusqlite::Connection;

use super::super::snapshots::{self, UsageReach};
use super::Witness;
use super::worker::{Worker, owner};
use crate::verifying::{AddedUp, Collector, Finding};

/// What stands in the file.
pub(super) struct InFile {
    pub added_up: AddedUp,
    pub reach: UsageReach,
}

impl InFile {
    /// Reads all of it; where there is no file, or one that cannot be used, nothing: that was told.
    pub(super) fn read(directory: &Path, ledger_id: &[u8; 16], findings: &Collector) -> Self {
        let nothing = || Self { added_up: AddedUp::default(), reach: UsageReach::START };
        let read = |connection: &Connection| {
            if snapshots::reaches_of(connection, ledger_id).is_err() {
                return Ok(nothing());
            }
            let mut this = nothing();
            this.reach = snapshots::usage_reach(connection)?;
            snapshots::each_day(connection, |row| {
                this.added_up.take(row).or_else(|error| {
                    findings.add(Finding::Snapshots(error.to_string()));
                    Ok(())
                })
            })?;
            Ok(this)
        };
        match snapshots::inspect(directory, read) {
            Some(Ok(this)) => this,
            None | Some(Err(_)) => nothing(),
        }
    }

    pub(super) fn witness(&self) -> Witness {
        Witness { reach: self.reach.newest(), wrong: Finding::Snapshots, file: String::new() }
    }

    /// Each thread gets what is said of its wallets.
    pub(super) fn deal_out(&mut self, workers: &mut [Worker<'_>]) {
        for (number, weight) in self.added_up.weights.drain() {
            let count = workers.len();
            workers[owner(number, count)].usage.told.insert(number, weight);
        }
    }
}

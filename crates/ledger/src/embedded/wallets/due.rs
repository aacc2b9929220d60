//! What is due: of the wallets in memory by a list, of the others by their records. Those that
//! come due are loaded, so that the list has them.

use std::collections::{BTreeSet, HashMap};
use std::sync::{MutexGuard, PoisonError};

use scrip_core::{EnvironmentId, Timestamp, WalletKey};

use super::super::snapshots::{DueRecord, wallet_key};
use super::Wallets;
use crate::published::DueLists;
use crate::work::StoreError;

/// How many records are read in one go.
const RECORDS: usize = 256;

#[derive(Default)]
pub(super) struct Due {
    pub(super) lists: DueLists,
    /// How far the records were looked at, by environment. Whatever lies before is in memory.
    looked: HashMap<EnvironmentId, Looked>,
    /// Environments of the records; none if they are not known.
    recorded: Option<Vec<EnvironmentId>>,
    /// Counts up whenever the records must be looked at again.
    round: u64,
}

#[derive(Default)]
struct Looked {
    last: Option<DueRecord>,
    /// Before this instant the records behind `last` bring nothing; none is not known.
    nothing_before: Option<i64>,
}

impl Due {
    /// Wallets were dropped from memory: the records must be looked at again.
    pub(super) fn look_again(&mut self) {
        self.looked.clear();
        self.recorded = None;
        self.round += 1;
    }
}

impl Wallets {
    /// Some wallets that have something due, the earliest of those in memory first.
    ///
    /// Those that had to be loaded are answered at once: with too little memory they may be dropped
    /// again before anybody looks at the list.
    pub(super) fn due_wallets(
        &self,
        environment: EnvironmentId,
        now: Timestamp,
        most: usize,
    ) -> Result<Vec<WalletKey>, StoreError> {
        loop {
            let mut due = self.lock_due().lists.until(environment, now, most);
            if due.len() >= most {
                return Ok(due);
            }
            let Some(mut loaded) = self.load_due(environment, now)? else { return Ok(due) };
            if !loaded.is_empty() {
                loaded.retain(|key| !due.contains(key));
                due.extend(loaded);
                due.truncate(most);
                return Ok(due);
            }
        }
    }

    /// Environments in which time will bring something.
    pub(in crate::embedded) fn environments_with_due(
        &self,
    ) -> Result<Vec<EnvironmentId>, StoreError> {
        let (mut environments, recorded, round): (BTreeSet<_>, _, _) = {
            let due = self.lock_due();
            (due.lists.environments().into_iter().collect(), due.recorded.clone(), due.round)
        };
        let recorded = match recorded {
            Some(recorded) => recorded,
            None => {
                let recorded = self.snapshots.environments_with_due()?;
                let mut due = self.lock_due();
                if due.round == round {
                    due.recorded = Some(recorded.clone());
                }
                recorded
            }
        };
        environments.extend(recorded);
        Ok(environments.into_iter().collect())
    }

    /// Looks at some more records of what is due and loads these wallets; none if there were no
    /// more. In memory some of them may be further than their records.
    fn load_due(
        &self,
        environment: EnvironmentId,
        now: Timestamp,
    ) -> Result<Option<Vec<WalletKey>>, StoreError> {
        let (after, round) = {
            let mut due = self.lock_due();
            let round = due.round;
            let looked = due.looked.entry(environment).or_default();
            if looked.nothing_before.is_some_and(|at| now.milliseconds() < at) {
                return Ok(None);
            }
            let after =
                looked.last.as_ref().map(|last| DueRecord { at: last.at, key: last.key.clone() });
            (after, round)
        };
        let records = self.snapshots.due(environment, after.as_ref(), now, RECORDS)?;
        let mut loaded = Vec::new();
        for record in &records {
            let key = wallet_key(&record.key)?;
            let next = self.load(&key)?.wallet.next_due();
            if next.is_some_and(|next| next.at <= now) && !self.is_frozen(&key) {
                loaded.push(key);
            }
        }
        let next = match records.last() {
            Some(_) => None,
            None => Some(self.snapshots.next_due(environment, now)?.unwrap_or(i64::MAX)),
        };
        let found = (!records.is_empty()).then_some(loaded);
        let mut due = self.lock_due();
        if due.round == round {
            let looked = due.looked.entry(environment).or_default();
            looked.last = records.into_iter().next_back().or(after);
            looked.nothing_before = next;
        }
        Ok(found)
    }

    pub(super) fn lock_due(&self) -> MutexGuard<'_, Due> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

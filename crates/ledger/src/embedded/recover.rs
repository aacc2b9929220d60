//! What an owner does when something is lost: go on without it, or make again what can be made.

use std::path::Path;
use std::time::Duration;

use scrip_core::Timestamp;

use super::mark::{self, Mark};
use super::opening::Store;
use super::tables::{self, incidents::IncidentKind};
use super::{Embedded, Loss, OpenError, Options, Stats, evidence, file, snapshots, stats};
use crate::clock::SystemClock;
use crate::slot::Position;
use crate::work::StoreError;

/// What became of a loss.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recovered {
    /// Nothing is lost.
    NothingLost,
    /// This is lost; nothing was changed.
    Found(Loss),
    /// This is lost, its loss is recorded, and the ledger goes on from where it ends.
    Accepted(Loss),
}

/// What was made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rebuilt {
    /// From so many rows.
    pub rows: u64,
    /// Wallets in the snapshots.
    pub wallets: u64,
    /// Names in slices and in the table of the newest.
    pub names: u64,
}

/// Says what a directory lost, and accepts it if told so: the loss becomes an incident of the
/// store, and everything that speaks of the lost rows is forgotten. What can be made from the
/// ledger is made again by the next start.
pub fn recover(directory: &Path, accept: bool) -> Result<Recovered, OpenError> {
    match evidence::check_presence(directory) {
        Ok(()) => file::demand(directory)?,
        // An empty ledger takes its place.
        Err(OpenError::Gone { .. }) if accept => {}
        Err(error) => return Err(error),
    }
    let store = Store::open(directory, 0, None)?;
    let Some(loss) = store.loss(directory)? else { return Ok(Recovered::NothingLost) };
    if !accept {
        return Ok(Recovered::Found(loss));
    }
    let now = SystemClock::of_machine().now();
    record(&store, now, &loss)?;
    forget(directory)?;
    let reach = mark::Reach {
        ledger_id: store.ledger_id,
        position: store.end.position,
        row_hash: *store.end.hash.as_bytes(),
    };
    // Last, so that an interrupted recovery is begun again.
    Mark::reset(directory, reach).map_err(OpenError::Mark)?;
    Ok(Recovered::Accepted(loss))
}

/// Makes the snapshots and the slices of names again, whatever state they are in. `progress` is
/// told how many of how many rows are done.
pub fn rebuild(
    directory: &Path,
    options: Options,
    progress: impl FnMut(Position, Position),
) -> Result<Rebuilt, OpenError> {
    evidence::check_presence(directory)?;
    file::demand(directory)?;
    let store = Store::open(directory, 0, options.names_max)?;
    if let Some(loss) = store.loss(directory)? {
        return Err(OpenError::Lost(loss));
    }
    forget(directory)?;
    drop(store);
    // The start does the work; nothing more is asked of it.
    let options = Options { snapshots_every: Duration::from_secs(3_600), ..options };
    let ledger = Embedded::open(directory, options, progress)?;
    ledger.close_blocking();
    let wallets = ledger.shared.wallets.snapshots().count()?;
    let Stats { rows, names, .. } = stats(directory)?;
    Ok(Rebuilt { rows, wallets, names: names.in_slices + names.saved })
}

fn record(store: &Store, now: Timestamp, loss: &Loss) -> Result<(), StoreError> {
    let details = loss.to_string();
    tables::insert_incident(&store.ledger, now, IncidentKind::LossAccepted, None, &details)
}

/// Removes what can be made again.
fn forget(directory: &Path) -> Result<(), StoreError> {
    snapshots::remove(directory)?;
    match std::fs::remove_dir_all(directory.join("keys")) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(StoreError::Failed(format!("removing the key slices: {error}")))
        }
        _ => Ok(()),
    }
}

//! What goes wrong in a life, by seed.

use rand::RngExt as _;
use rand::rngs::StdRng;
use scrip_disk::{Fault, Files, Harm};

/// The files of a ledger, each with about how many calls a life makes for it.
const FILES: [(Files, u64); 7] = [
    (Files::Any, 400),
    (Files::Named("ledger.db-wal"), 200),
    (Files::Named("ledger.db"), 12),
    (Files::Named("snapshots.db-wal"), 60),
    (Files::Named("snapshots.db"), 8),
    (Files::Named("mark"), 60),
    (Files::Under("keys"), 30),
];

const HARMS: [Harm; 6] = [
    Harm::Stop,
    Harm::TornWrite,
    Harm::ShortWrite,
    Harm::FailedWrite,
    Harm::NoRoom,
    Harm::FailedSync,
];

/// How a life ends, if nothing ends it before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The ledger is closed.
    Close,
    /// The process is killed.
    Kill,
    /// The power fails.
    Power,
}

impl End {
    pub(super) fn draw(rng: &mut StdRng) -> Self {
        [Self::Close, Self::Kill, Self::Power, Self::Power][rng.random_range(0..4_usize)]
    }
}

/// One thing that goes wrong soon, among the few calls of a start.
pub(super) fn fault_of_start(rng: &mut StdRng) -> Fault {
    let fault = fault(rng);
    fault.after(rng.random_range(0..12))
}

/// One thing that goes wrong.
pub(super) fn fault(rng: &mut StdRng) -> Fault {
    let (files, calls) = FILES[rng.random_range(0..FILES.len())];
    let harm = HARMS[rng.random_range(0..HARMS.len())];
    let most = if rng.random_ratio(1, 3) { calls } else { calls / 8 + 1 };
    let times = if harm == Harm::NoRoom { rng.random_range(1..40) } else { 1 };
    Fault::of(harm, files).after(rng.random_range(0..most)).times(times)
}

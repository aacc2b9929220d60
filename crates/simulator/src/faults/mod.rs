//! Lives of one directory, each of which ends badly: what was acknowledged is there afterwards, what
//! was refused is not, and an unknown outcome is one of the two that it can be.
//!
//! A history is played on the embedded ledger beside the oracle, one order at a time, on a disk
//! that fails by seed (`plan`). A life ends with the process or with the power; then what can be
//! made again may be damaged too (`damage`), and the next life begins. A process that can make nothing
//! more durable ends in the product; here its disk does nothing more from that instant on.

mod damage;
mod flips;
mod life;
mod place;
mod plan;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

use scrip_disk::{Files, Harm};

pub use damage::Damage;

/// The lives of one directory.
const LIVES_MAX: u64 = 12;

/// What happened in many lives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Directories, each with a history of its own.
    pub directories: u64,
    /// Times that a ledger was opened and compared with the oracle.
    pub lives: u64,
    /// Lives that ended with a loss of power.
    pub power_losses: u64,
    /// Lives that ended with the process only.
    pub kills: u64,
    /// Lives that ended with the ledger being closed.
    pub closes: u64,
    /// Starts that ended before the ledger was open or compared.
    pub starts_cut: u64,
    /// What went wrong, and with which files.
    pub faults: BTreeMap<(Harm, Files), u64>,
    /// What was done to files that can be made again.
    pub damages: BTreeMap<Damage, u64>,
    /// Times that what can be made again was, because a read told that it was damaged.
    pub rebuilds: u64,
    /// Directories in which a damaged file of names froze a wallet.
    pub frozen: u64,
    /// Sectors that were written and lost with the power.
    pub sectors_lost: u64,
    /// Writes of which a part was lost with the power.
    pub writes_torn: u64,
    /// Commands, items of batches counted one by one.
    pub commands: u64,
    /// Orders without an answer that had happened.
    pub unknown_happened: u64,
    /// Orders without an answer that had not.
    pub unknown_not_happened: u64,
    /// Orders that were refused because the disk was full.
    pub full: u64,
    /// Flipped bits of the ledger with which it was not opened.
    pub flips_refused: u64,
    /// Flipped bits of the ledger that nothing showed until everything was recomputed.
    pub flips_verified: u64,
    /// Flipped bits of the ledger that a read told instead of an answer.
    pub flips_told: u64,
    /// Flipped bits of the ledger that a list showed, and that are told when everything is recomputed.
    pub flips_in_lists: u64,
    /// Flipped bits of the ledger that were not in use.
    pub flips_unused: u64,
}

/// What is not as promised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The seed of the directory.
    pub seed: u64,
    /// The life, from 1.
    pub life: u64,
    /// What.
    pub text: String,
}

impl Display for Failure {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "faults of seed {}, life {}: {}", self.seed, self.life, self.text)
    }
}

impl std::error::Error for Failure {}

/// A defect that is to be found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Defect {
    /// None.
    #[default]
    None,
    /// The log is said to be synced and is not: whatever is answered is answered before the sync.
    LogNotSynced,
    /// The first sync of the log after a while is left out.
    LogSyncSkipped,
}

/// Lives of directories with these seeds, one after the other, until there were so many.
pub fn run(seed: u64, lives: u64) -> Result<Report, Failure> {
    run_with(seed, lives, Defect::None)
}

/// All lives of the directory with this seed.
pub fn live(seed: u64, report: &mut Report) -> Result<(), Failure> {
    report.directories += 1;
    life::lives(seed, LIVES_MAX, Defect::None, report)
}

/// The same, with a defect.
pub fn run_with(seed: u64, lives: u64, defect: Defect) -> Result<Report, Failure> {
    let mut report = Report::default();
    let mut seed = seed;
    while report.lives < lives {
        report.directories += 1;
        let most = LIVES_MAX.min(lives - report.lives);
        life::lives(seed, most, defect, &mut report)?;
        seed = seed.wrapping_add(1);
    }
    Ok(report)
}

impl Report {
    /// Flipped bits of the ledger.
    #[must_use]
    pub const fn flips(&self) -> u64 {
        self.flips_refused
            + self.flips_told
            + self.flips_in_lists
            + self.flips_verified
            + self.flips_unused
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let faults: u64 = self.faults.values().sum();
        let damages: u64 = self.damages.values().sum();
        write!(
            f,
            "{} lives of {} directories ({} power losses, {} kills, {} closes, {} starts cut), \
             {} commands, {faults} faults, {damages} damages, {} rebuilds, {} frozen, \
             {} sectors lost, {} writes torn, \
             {} unknown outcomes ({} had happened), {} refused for room, {} flipped bits \
             ({} refused, {} told, {} in lists, {} verified, {} unused)",
            self.lives,
            self.directories,
            self.power_losses,
            self.kills,
            self.closes,
            self.starts_cut,
            self.commands,
            self.rebuilds,
            self.frozen,
            self.sectors_lost,
            self.writes_torn,
            self.unknown_happened + self.unknown_not_happened,
            self.unknown_happened,
            self.full,
            self.flips(),
            self.flips_refused,
            self.flips_told,
            self.flips_in_lists,
            self.flips_verified,
            self.flips_unused,
        )
    }
}

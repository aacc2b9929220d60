//! The options of the command.

use clap::{Parser, ValueEnum};
use scrip_simulator::driver::{InDirectory, InMemory, Target};

/// Plays random histories on the ledger beside an independent model, and tells the first
/// difference.
#[derive(Parser)]
#[command(name = "scrip-simulator", max_term_width = 100)]
pub struct Options {
    /// The seed of the first history; the next ones follow. Without it a fresh one is drawn.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Steps of each history.
    #[arg(long, default_value_t = 150)]
    pub steps: usize,
    /// How many histories. Usually one with a seed, and as many as there is time for without.
    #[arg(long)]
    pub histories: Option<u64>,
    /// How long new histories are begun, in minutes; usually one, where no number is given.
    #[arg(long)]
    pub minutes: Option<u64>,
    /// On which ledgers.
    #[arg(long, value_enum, default_value_t = Targets::All)]
    pub target: Targets,
    /// Print every step and its answer.
    #[arg(long)]
    pub print: bool,
}

/// The ledgers that histories are played on.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Targets {
    /// The one in memory.
    Memory,
    /// The one in a directory.
    Embedded,
    /// Both.
    All,
}

impl Targets {
    /// The ledgers.
    pub fn list(self) -> Vec<&'static dyn Target> {
        match self {
            Self::Memory => vec![&InMemory],
            Self::Embedded => vec![&InDirectory],
            Self::All => vec![&InMemory, &InDirectory],
        }
    }
}

//! The options of the command.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use scrip_simulator::concurrent;
use scrip_simulator::driver::{InDatabase, InDirectory, InMemory, Target};

/// Plays random histories on the ledger beside an independent model, and tells the first
/// difference. Without a command: histories.
#[derive(Parser)]
#[command(name = "scrip-simulator", max_term_width = 100, args_conflicts_with_subcommands = true)]
pub struct Options {
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub histories: Histories,
}

/// What to do.
#[derive(Subcommand)]
pub enum Command {
    /// Histories without faults, on every ledger
    Histories(Histories),
    /// Histories on a disk that fails, in lives that end badly
    Faults(Faults),
    /// Real threads over HTTP against the built binary, checked for linearizability
    Concurrent(concurrent::Options),
    /// A stand-in for Stripe on this machine, until it is ended
    Stripe(Stripe),
    /// All but the stand-in in turn, for as long as wanted
    All(All),
}

/// Options of `histories`.
#[derive(Args)]
pub struct Histories {
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

/// Options of `faults`.
#[derive(Args)]
pub struct Faults {
    /// The seed of the first directory; the next ones follow. Without it a fresh one is drawn.
    #[arg(long)]
    pub seed: Option<u64>,
    /// How many directories, each with up to twelve lives. Usually one with a seed, and as many as
    /// there is time for without.
    #[arg(long)]
    pub directories: Option<u64>,
    /// How long new directories are begun, in minutes; usually one, where no number is given.
    #[arg(long)]
    pub minutes: Option<u64>,
}

/// Options of `stripe`.
#[derive(Args)]
pub struct Stripe {
    /// Where to listen; the port 0 is any. The first line of the output is its URL.
    #[arg(long, default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// Where to keep what it knows from one life to the next.
    #[arg(long)]
    pub state: Option<PathBuf>,
}

/// Options of `all`.
#[derive(Args)]
pub struct All {
    /// The seed of the first of everything; the next ones follow. Without it a fresh one is drawn.
    #[arg(long)]
    pub seed: Option<u64>,
    /// How long, in minutes.
    #[arg(long, default_value_t = 1)]
    pub minutes: u64,
    /// The `scrip` under test; beside this program by default.
    #[arg(long, env = "SCRIP_BINARY")]
    pub binary: Option<PathBuf>,
}

/// The ledgers that histories are played on.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Targets {
    /// The one in memory.
    Memory,
    /// The one in a directory.
    Embedded,
    /// The one in a database, on the server that `SCRIP_TEST_DATABASE_URL` names.
    Postgres,
    /// Those that need no server.
    All,
}

impl Targets {
    /// The ledgers.
    pub fn list(self) -> Vec<&'static dyn Target> {
        match self {
            Self::Memory => vec![&InMemory],
            Self::Embedded => vec![&InDirectory],
            Self::Postgres => vec![&InDatabase],
            Self::All => vec![&InMemory, &InDirectory],
        }
    }
}

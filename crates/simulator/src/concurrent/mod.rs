//! Real threads over HTTP against the built binary, checked for linearizability.
//!
//! Several threads call at once on a few wallets; a server may be killed under them. Between the
//! rounds everything comes to rest and is read. `check` then asks of each wallet whether there is
//! an order of its calls, each between its call and its answer, in which the oracle gives every
//! answer (`linearize`).

mod body;
mod call;
mod check;
mod decimal;
mod linearize;
mod model;
mod plan;
mod round;
mod run;
mod server;
mod story;
mod wire;

use std::fmt::{Display, Formatter};
use std::path::PathBuf;

use scrip_oracle::WalletName;

pub use run::{fresh_seed, run, run_through};
pub use story::Story;

/// Options of `concurrent`.
#[derive(clap::Args, Clone, Debug)]
pub struct Options {
    /// The same seed draws the same calls; how they interleave is the machine's choice. A fresh one
    /// by default.
    #[arg(long)]
    pub seed: Option<u64>,
    /// Seconds after which no new round begins.
    #[arg(long, default_value_t = 60)]
    pub seconds: u64,
    /// Callers at the same time.
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u16).range(1..=32))]
    pub threads: u16,
    /// Wallets at the same time.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=6))]
    pub wallets: u16,
    /// Never kill the server.
    #[arg(long)]
    pub without_kills: bool,
    /// The `scrip` under test; beside this program by default.
    #[arg(long, env = "SCRIP_BINARY")]
    pub binary: Option<PathBuf>,
}

impl Default for Options {
    /// What the command does without any option.
    fn default() -> Self {
        Self { seed: None, seconds: 60, threads: 6, wallets: 4, without_kills: false, binary: None }
    }
}

/// What was done, and found in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// Calls that were noted.
    pub calls: usize,
    /// Of them, calls without an answer.
    pub unanswered: usize,
    /// Calls whose outcome was found out by their key.
    pub retries: usize,
    /// Rounds.
    pub rounds: usize,
    /// Of them, rounds with too many orders to tell; their wallets were left.
    pub undecided: usize,
    /// Times that the server was killed.
    pub kills: usize,
    /// Wallets.
    pub wallets: usize,
}

impl Report {
    /// Both together; the seed is the first one's.
    pub fn add(&mut self, other: &Self) {
        let Self { seed: _, calls, unanswered, retries, rounds, undecided, kills, wallets } = other;
        self.calls += calls;
        self.unanswered += unanswered;
        self.retries += retries;
        self.rounds += rounds;
        self.undecided += undecided;
        self.kills += kills;
        self.wallets += wallets;
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let Self { seed, calls, unanswered, retries, rounds, undecided, kills, wallets } = self;
        write!(
            f,
            "seed {seed}: {calls} calls on {wallets} wallets in {rounds} rounds, {unanswered} \
             unanswered, {retries} settled by their key, {kills} kills, {undecided} rounds \
             undecided"
        )
    }
}

/// What was found, or kept it from being looked for.
#[derive(Debug)]
pub enum Failure {
    /// No order explains what a wallet was answered.
    NoOrder(Box<Story>),
    /// A batch happened to some of its wallets and not to others.
    TornBatch {
        /// The batch.
        call: String,
        /// Each wallet, and whether it may have happened there, and may not have happened.
        wallets: Vec<(WalletName, bool, bool)>,
        /// Their calls.
        stories: Vec<Story>,
    },
    /// An answer is none that the API gives, or the server ended.
    Wrong(anyhow::Error),
}

impl Display for Failure {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoOrder(story) => write!(f, "no order explains the answers of a wallet\n{story}"),
            Self::TornBatch { call, wallets, stories } => {
                writeln!(f, "a batch that was not answered happened to a part of its wallets:")?;
                for (wallet, happened, missed) in wallets {
                    let word = match (happened, missed) {
                        (true, true) => "may have happened",
                        (true, false) => "happened",
                        _ => "did not happen",
                    };
                    writeln!(f, "  {word}: {wallet:?}")?;
                }
                writeln!(f, "{call}")?;
                stories.iter().try_for_each(|story| write!(f, "{story}"))
            }
            Self::Wrong(error) => write!(f, "{error:#}"),
        }
    }
}

impl std::error::Error for Failure {}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Wrong(error)
    }
}

//! Work of a known size and in a known order, for whoever counts its instructions: what one of it takes
//! is the difference between two runs, divided by how many more the second has. `scripts/instructions`
//! does that under valgrind.

mod rules;
mod served;

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use scrip_ledger::embedded::Options as Embedding;

use crate::store::filling;

/// Wallets of the ledger that is worked on.
const WALLETS: u32 = 500;
/// Live grants of each.
const GRANTS: u16 = 3;
/// Longer than any run, so that whatever is done by the clock is done once, at the stop.
const NEVER: Duration = Duration::from_secs(24 * 60 * 60);

/// What is carried out, how often and where.
#[derive(Args)]
pub struct Options {
    /// What is carried out.
    #[arg(value_enum)]
    work: Work,
    /// How often.
    #[arg(long, default_value_t = 1)]
    times: u32,
    /// Directory of the ledger that `fill` makes and the others go on with. Rules need none.
    #[arg(long, default_value = "counted")]
    directory: PathBuf,
}

/// What is carried out.
#[derive(Clone, Copy, ValueEnum)]
enum Work {
    /// The ledger is made.
    Fill,
    /// A consumption is decided, folded and packed.
    Decide,
    /// A row of a consumption is read, checked and folded, as at a start.
    Apply,
    /// A consumption over the API, but for the socket.
    Single,
    /// A thousand of them in one request.
    Batch,
    /// An entitlement check over the API, but for the socket.
    Check,
    /// The ledger is opened.
    Start,
}

/// Carries it out.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let Options { work, times, directory } = options;
    match work {
        Work::Fill => fill(directory),
        Work::Decide => rules::decide(*times).map(drop),
        Work::Apply => rules::apply(*times),
        Work::Single => served::ask(directory, *times, served::Request::Single),
        Work::Batch => served::ask(directory, *times, served::Request::Batch),
        Work::Check => served::ask(directory, *times, served::Request::Check),
        Work::Start => served::ask(directory, 0, served::Request::Single),
    }
}

fn fill(directory: &Path) -> anyhow::Result<()> {
    let filling = filling::Filling { wallets: WALLETS, grants: GRANTS, ending: false };
    filling::make_alone(&filling, directory)
}

/// Nothing is done by the clock.
fn embedding() -> Embedding {
    Embedding {
        snapshots_every: NEVER,
        housekeeping_every: NEVER,
        scrub_every: None,
        ..Embedding::default()
    }
}

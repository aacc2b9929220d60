//! Measures the embedded ledger without HTTP: rates with and without what is written behind, starts,
//! memory, files, and what is due. Each part is a process of its own on one directory, so that the memory it shows is
//! its own.

pub mod counts;
pub mod disk;
mod due;
pub mod filling;
pub mod load;
mod memory;
pub mod orders;
mod rates;
pub mod starts;
mod victim;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::{Args, Parser, ValueEnum};
use scrip_ledger::embedded;
use tokio::process::Command;
use tokio::runtime::Runtime;

use crate::output::tell;
use crate::place::Place;
use filling::Filling;
use rates::Measured;

/// How the ledger is measured.
#[derive(Args)]
// A part is given all options of the whole, and its own after them.
#[command(args_override_self = true)]
pub struct Options {
    /// Wallets that the ledger knows.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1..=100_000_000))]
    wallets: u32,
    /// Wallets in use, of all.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..))]
    hot: u32,
    /// Grants of each wallet.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=10))]
    grants: u16,
    /// Seconds of each pass.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Passes of each cell, and kills; the median counts.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=99))]
    passes: u32,
    /// Consumptions after which the files are compared with what they were before.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..))]
    rows: u64,
    /// Minutes of load over all wallets, to watch the memory.
    #[arg(long, default_value_t = 3)]
    minutes: u64,
    /// Mebibytes that wallets may take in memory meanwhile.
    #[arg(long, default_value_t = 256)]
    wallets_mebibytes: usize,
    /// Wallets of each kind of due work, and of each place that they are found in.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    due: u32,
    /// Grants that end in one instant.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    due_at_once: u32,
    /// The grants of the filling end in a year, so that something is due of every wallet, far ahead.
    #[arg(long)]
    ending: bool,
    /// Small sizes, to see that it works, instead of all that are given.
    #[arg(long)]
    quick: bool,
    /// Only these parts, after the filling.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,
    /// Milliseconds between two rounds of snapshots, instead of what is usual.
    #[arg(long, hide = true)]
    snapshot_every_milliseconds: Option<u64>,
    /// Recomputes everything that was written, at the end.
    #[arg(long)]
    verify: bool,
    /// Keeps the ledger in this directory, which must be empty or not exist.
    #[arg(long)]
    keep: Option<PathBuf>,
    /// What this process measures of the whole.
    #[arg(long, hide = true, value_enum)]
    part: Option<Part>,
    /// Where.
    #[arg(long, hide = true)]
    directory: Option<PathBuf>,
    /// Tells the keys of this process from those of all others.
    #[arg(long, hide = true, default_value_t = 0)]
    run: u64,
}

/// What is measured, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Makes the wallets and their grants.
    #[value(hide = true)]
    Fill,
    /// Bytes of files for each consumption.
    Disk,
    /// Rates with and without writing behind.
    Rates,
    /// How long a start takes, after a stop and after a kill.
    Starts,
    /// Memory over time.
    Memory,
    /// Rates with usage added up behind the rows, and without.
    Usage,
    /// How late what is due is written, and what an idle ledger takes.
    Due,
    /// Loads the wallets in use until it is killed.
    #[value(hide = true)]
    VictimHot,
    /// Loads all wallets until it is killed.
    #[value(hide = true)]
    VictimAll,
}

/// The parts of a whole run, after the filling.
const MEASURED: [Part; 6] =
    [Part::Disk, Part::Rates, Part::Starts, Part::Memory, Part::Usage, Part::Due];

/// Numbers of runs that a part may use.
const RUNS_OF_A_PART: u64 = 1_000_000;

/// How much is measured.
pub struct Sizes {
    /// The options that say so, for processes that do a part of it.
    arguments: Vec<OsString>,
    wallets: u32,
    hot: u32,
    grants: u16,
    pass: Duration,
    passes: u32,
    rows: u64,
    watched: Duration,
    sample_every: Duration,
    wallets_bytes_max: usize,
    /// Between two rounds of snapshots.
    snapshots_every: Duration,
    due: u32,
    due_at_once: u32,
    /// From the making of what is due until the first of it is.
    due_ahead: Duration,
    /// From the first of it to the last.
    due_within: Duration,
    /// How long it is watched what an idle ledger takes.
    idle: Duration,
    ending: bool,
}

impl Sizes {
    /// What these arguments of `scrip bench store` say.
    pub fn parse(arguments: &[String]) -> anyhow::Result<Self> {
        #[derive(Parser)]
        struct Alone {
            #[command(flatten)]
            options: Options,
        }
        let words = std::iter::once("store").chain(arguments.iter().map(String::as_str));
        let Alone { options } = Alone::try_parse_from(words)?;
        Ok(Self::of(&options, arguments.iter().map(OsString::from).collect()))
    }

    /// What is made before anything is measured.
    pub fn filling(&self) -> Filling {
        Filling { wallets: self.wallets, grants: self.grants, ending: self.ending }
    }

    /// The process that does a part, not started yet. It does not outlive its handle.
    fn process(&self, part: Part, directory: &Path) -> anyhow::Result<Command> {
        let value = part.to_possible_value().context("a part without a name")?;
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(["bench", "store"])
            .args(&self.arguments)
            .args(["--part", value.get_name(), "--directory"])
            .arg(directory)
            .kill_on_drop(true);
        Ok(command)
    }

    fn of(options: &Options, arguments: Vec<OsString>) -> Self {
        if options.quick {
            return Self {
                arguments,
                wallets: 20_000,
                hot: 2_000,
                grants: options.grants,
                pass: Duration::from_secs(2),
                passes: 1,
                rows: 50_000,
                watched: Duration::from_secs(10),
                sample_every: Duration::from_secs(2),
                wallets_bytes_max: 4 << 20,
                snapshots_every: Duration::from_secs(1),
                due: 20,
                due_at_once: 500,
                due_ahead: Duration::from_secs(4),
                due_within: Duration::from_secs(4),
                idle: Duration::from_secs(4),
                ending: options.ending,
            };
        }
        Self {
            arguments,
            wallets: options.wallets,
            hot: options.hot.min(options.wallets),
            grants: options.grants,
            pass: Duration::from_secs(options.seconds),
            passes: options.passes,
            rows: options.rows,
            watched: Duration::from_secs(options.minutes * 60),
            sample_every: Duration::from_secs(10),
            wallets_bytes_max: options.wallets_mebibytes << 20,
            snapshots_every: options.snapshot_every_milliseconds.map_or_else(
                || embedded::Options::default().snapshots_every,
                Duration::from_millis,
            ),
            due: options.due,
            due_at_once: options.due_at_once,
            due_ahead: Duration::from_secs(10),
            due_within: Duration::from_secs(20),
            idle: Duration::from_secs(30),
            ending: options.ending,
        }
    }
}

/// Measures all parts, or the one that this process is for.
pub fn run(options: &Options) -> anyhow::Result<()> {
    // Behind the names of the program and of its two commands.
    let sizes = Sizes::of(options, std::env::args_os().skip(3).collect());
    match (options.part, &options.directory) {
        (Some(part), Some(directory)) => {
            let first_run = part as u64 * RUNS_OF_A_PART + options.run;
            threads()?.block_on(part.run(&sizes, directory, first_run))
        }
        _ => threads()?.block_on(all(options, &sizes)),
    }
}

fn threads() -> anyhow::Result<Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

impl Part {
    async fn run(self, sizes: &Sizes, directory: &Path, run: u64) -> anyhow::Result<()> {
        match self {
            Self::Fill => filling::run(sizes, directory).await,
            Self::Disk => disk::run(sizes, directory, run).await,
            Self::Rates => rates::run(sizes, directory, Measured::WritingBehind, run).await,
            Self::Starts => starts::run(sizes, directory, run).await,
            Self::Memory => memory::run(sizes, directory, run).await,
            Self::Usage => rates::run(sizes, directory, Measured::AddingUp, run).await,
            Self::Due => due::run(sizes, directory, run).await,
            Self::VictimHot => victim::run(sizes, directory, sizes.hot, run).await,
            Self::VictimAll => victim::run(sizes, directory, sizes.wallets, run).await,
        }
    }
}

async fn all(options: &Options, sizes: &Sizes) -> anyhow::Result<()> {
    let place = match &options.keep {
        Some(path) => Place::kept(path)?,
        None => Place::temporary()?,
    };
    let directory = place.path().to_owned();
    let parts = async {
        for part in [Part::Fill].into_iter().chain(MEASURED) {
            if part == Part::Fill || options.only.is_empty() || options.only.contains(&part) {
                tell(&format!("part {part:?}"));
                let status = sizes.process(part, &directory)?.status().await?;
                if !status.success() {
                    bail!("the part {part:?} failed: {status}");
                }
            }
        }
        Ok(())
    };
    tell(&format!("a ledger of {} wallets in {}", sizes.wallets, place.path().display()));
    tokio::select! {
        done = parts => done?,
        interrupt = tokio::signal::ctrl_c() => {
            interrupt?;
            // The processes that this one killed let go of the directory.
            tokio::time::sleep(Duration::from_millis(500)).await;
            bail!("interrupted");
        }
    }
    if options.verify {
        let verified = embedded::verify(place.path(), |_, _| {})?;
        tell(&format!("verified afterwards: {} rows, all well", verified.rows));
    }
    Ok(())
}

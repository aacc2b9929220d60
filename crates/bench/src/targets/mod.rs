//! Every target of the project beside its own reference, in one run. The ledgers that are measured
//! are made without HTTP, and served then.

mod batches;
mod database;
mod growth;
mod process;
mod row;
mod served;
mod sqlite;
mod stored;
mod syncing;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;

use crate::client::live::Live;
use crate::client::outcome::Outcome;
use crate::client::pass::{Load, Pace, Shape, Span};
use crate::output::{milliseconds, print, tell};
use crate::place::Place;
use crate::server::Server;
use crate::store;
use crate::store::filling::{self, Filling};
use crate::workload::{API_KEY, Among};
use row::{Name, Row};

/// Grants of a wallet of the standard workload.
const GRANTS: u16 = 3;
/// Connections of the standard workload.
const CONNECTIONS: usize = 64;
/// Numbers of passes begin here, so that no process of a part has the same.
const FIRST_RUN: u64 = 500_000_000;

/// What is measured of the targets.
#[derive(Args)]
pub struct Options {
    /// Only these targets.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Name>,
    /// Passes of each; the median counts.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=99))]
    passes: u32,
    /// Seconds of each pass that count; a second before them does not.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    seconds: u64,
    /// Wallets that the ledger knows.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1_000..=10_000_000))]
    known: u32,
    /// Wallets in use, of all.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1_000..))]
    hot: u32,
    /// Rows of the ledger that is compared with one of a million; a hundred million take an hour and
    /// 30 GB.
    #[arg(long, default_value_t = 3_000_000, value_parser = clap::value_parser!(u64).range(1_000..))]
    rows: u64,
    /// An empty database for the target on PostgreSQL, which is left out otherwise; it is empty again
    /// afterwards: `postgres://user@host:port/database`.
    // Never the variable that a server reads: that names a database which somebody uses.
    #[arg(long, env = "SCRIP_TEST_DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
    /// Small sizes, to see that it works, instead of all that are given.
    #[arg(long)]
    quick: bool,
    /// Print a JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

/// How much is measured.
struct Sizes {
    known: u32,
    hot: u32,
    /// Wallets known where few are.
    few: u32,
    /// Wallets that batches are spread over.
    of_batches: u32,
    /// Live grants of a wallet that has many, and wallets that have them.
    many_grants: u16,
    of_grants: u32,
    rows: u64,
    few_rows: u64,
    passes: u32,
    span: Span,
    /// How long memory is watched.
    watched: Duration,
    /// The same for the parts of the store.
    store: store::Sizes,
}

impl Sizes {
    fn of(options: &Options) -> anyhow::Result<Self> {
        if options.quick {
            let sizes = [
                ("--wallets", 2_000),
                ("--hot", 500),
                ("--passes", 1),
                ("--rows", 4_000),
                ("--snapshot-every-milliseconds", 500),
            ];
            return Ok(Self {
                known: 2_000,
                hot: 500,
                few: 200,
                of_batches: 200,
                many_grants: 50,
                of_grants: 20,
                rows: 10_000,
                few_rows: 2_000,
                passes: 1,
                span: Span { warm_up: Duration::ZERO, counted: Duration::from_millis(200) },
                watched: Duration::from_secs(1),
                store: store_sizes(&sizes)?,
            });
        }
        let Options { known, hot, passes, rows, .. } = *options;
        let hot = hot.min(known);
        let sizes = [("--wallets", known), ("--hot", hot), ("--passes", passes)];
        Ok(Self {
            known,
            hot,
            few: 1_000,
            of_batches: 10_000,
            many_grants: 1_000,
            of_grants: 100,
            rows,
            few_rows: rows.min(1_000_000),
            passes,
            span: Span {
                warm_up: Duration::from_secs(1),
                counted: Duration::from_secs(options.seconds),
            },
            watched: Duration::from_secs(30),
            store: store_sizes(&sizes)?,
        })
    }
}

/// What parts of the store are told.
fn store_sizes(sizes: &[(&str, u32)]) -> anyhow::Result<store::Sizes> {
    let sizes = [sizes, &[("--grants", GRANTS.into())]].concat();
    let words = sizes.into_iter().flat_map(|(name, size)| [name.to_owned(), size.to_string()]);
    store::Sizes::parse(&words.collect::<Vec<_>>())
}

/// Measures, and prints a table or an object.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let place = Place::temporary()?;
    let mut bench = Bench {
        sizes: Sizes::of(options)?,
        only: options.only.clone(),
        run: FIRST_RUN,
        rows: Vec::new(),
        place: place.path(),
    };
    served::measure(&mut bench)?;
    batches::measure(&mut bench)?;
    growth::measure(&mut bench)?;
    if let Some(url) = &options.database_url {
        database::measure(&mut bench, url)?;
    }
    bench.rows.sort_by_key(|row| row.name as usize);
    if options.json {
        print(&format!("{:#}", row::object(&bench.rows)));
    } else {
        row::table(&bench.rows).print("Targets");
    }
    Ok(())
}

/// What all targets go by.
struct Bench<'a> {
    sizes: Sizes,
    only: Vec<Name>,
    run: u64,
    rows: Vec<Row>,
    place: &'a Path,
}

/// Something that is measured in passes.
#[derive(Clone, Copy)]
struct Side<'a> {
    name: &'static str,
    server: &'a Server,
    address: SocketAddr,
    shape: Shape,
    among: Among,
    pace: Pace,
}

impl Bench<'_> {
    fn wants(&self, name: Name) -> bool {
        self.only.is_empty() || self.only.contains(&name)
    }

    fn wants_any(&self, names: &[Name]) -> bool {
        names.iter().any(|name| self.wants(*name))
    }

    fn next_run(&mut self) -> u64 {
        self.run += 1;
        self.run
    }

    /// Adds a target that was measured.
    fn add(&mut self, row: Row) {
        tell(&row.line());
        self.rows.push(row);
    }

    /// Makes a ledger that has so many wallets.
    fn make(&self, name: &str, wallets: u32, grants: u16) -> anyhow::Result<PathBuf> {
        let directory = self.place.join(name);
        std::fs::create_dir(&directory).with_context(|| directory.display().to_string())?;
        tell(&format!("a ledger of {wallets} wallets of {grants} grants each"));
        filling::make_alone(&Filling { wallets, grants, ending: false }, &directory)?;
        Ok(directory)
    }

    /// Passes of all sides in turn.
    fn alternate(&mut self, sides: &[Side<'_>]) -> anyhow::Result<Vec<Outcome>> {
        let mut outcomes: Vec<_> = sides.iter().map(|side| Outcome::of(side.pace)).collect();
        for _ in 0..self.sizes.passes {
            for (side, outcome) in sides.iter().zip(&mut outcomes) {
                settle(sides);
                self.pass(side, outcome)?;
            }
        }
        Ok(outcomes)
    }

    /// One pass of one side.
    fn pass(&mut self, side: &Side<'_>, outcome: &mut Outcome) -> anyhow::Result<()> {
        settle(&[*side]);
        let load = Load {
            addresses: &[side.address],
            api_key: API_KEY,
            shape: side.shape,
            among: side.among,
            pace: side.pace,
            span: self.sizes.span,
            run: self.next_run(),
            live: Live::Hidden,
        };
        let pass = load.run()?;
        let (rate, p99) = (pass.figures.each_second, milliseconds(pass.figures.p99));
        tell(&format!("  {}: {rate}/s, p99 {p99} ms", side.name));
        outcome.add(pass);
        Ok(())
    }
}

/// What the passes before left to be written behind is not the next one's.
fn settle(sides: &[Side<'_>]) {
    for side in sides {
        side.server.embedded.write_behind();
    }
}

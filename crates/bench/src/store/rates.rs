//! Rates and latencies with writing behind as it is, and without any: passes of both alternate,
//! each in an opened ledger of its own.

use std::path::Path;
use std::time::Duration;

use scrip_ledger::Ledger as _;
use scrip_ledger::embedded::Options;

use super::Sizes;
use super::counts::Counts;
use super::load::{self, Load};
use super::orders::Among;
use crate::figures::Figures;
use crate::output::{Table, milliseconds, ratio, tell};

/// How the load is shaped: callers, and items of each order.
const SHAPES: [(u64, usize); 2] = [(64, 1), (4, 1_000)];

/// Whether wallets are written behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Behind {
    AsItIs,
    Never,
}

impl Behind {
    const BOTH: [Self; 2] = [Self::AsItIs, Self::Never];

    fn name(self) -> &'static str {
        match self {
            Self::AsItIs => "as it is",
            Self::Never => "none",
        }
    }

    fn options(self, sizes: &Sizes) -> Options {
        match self {
            Self::AsItIs => {
                Options { snapshots_every: sizes.snapshots_every, ..Options::default() }
            }
            Self::Never => Options {
                snapshots_every: Duration::from_secs(24 * 60 * 60),
                lag_rows_max: u64::MAX,
                lag_bytes_max: u64::MAX,
                ..Options::default()
            },
        }
    }
}

/// All passes of one shape and one way of writing behind.
#[derive(Default)]
struct Cell {
    passes: Vec<Figures>,
    rounds: u64,
    slow_downs: u64,
    slices: u64,
}

impl Cell {
    fn add(&mut self, pass: Figures, before: Counts, after: Counts) {
        self.passes.push(pass);
        self.rounds += after.rounds - before.rounds;
        self.slow_downs += after.slow_downs - before.slow_downs;
        self.slices += after.slices.saturating_sub(before.slices);
    }
}

/// The cells of a shape, in the order of [`Behind::BOTH`].
type Cells = [Cell; 2];

/// Measures all cells.
pub async fn run(sizes: &Sizes, directory: &Path, mut run: u64) -> anyhow::Result<()> {
    let among = Among::of(sizes.hot, sizes.wallets);
    let mut shapes: [Cells; 2] = Default::default();
    let mut memory = Table::new(&Counts::COLUMNS);
    for pass in 1..=sizes.passes {
        let mut order = [0, 1];
        // Neither is always the second.
        order.rotate_left((pass as usize - 1) % 2);
        for which in order {
            let behind = Behind::BOTH[which];
            let ledger = load::open(directory, behind.options(sizes))?;
            let started = Counts::of(&ledger)?;
            load::warm(&ledger, among).await?;
            let warm = Counts::of(&ledger)?;
            for ((callers, items), cells) in SHAPES.into_iter().zip(&mut shapes) {
                run += 1;
                let before = Counts::of(&ledger)?;
                let load = Load { callers, items, among, run };
                let figures = load.measure(&ledger, sizes.pass).await?;
                cells[which].add(figures, before, Counts::of(&ledger)?);
                let rate = figures.each_second;
                tell(&format!("  pass {pass}, {callers} x {items}, {}: {rate}/s", behind.name()));
            }
            if (pass, behind) == (1, Behind::AsItIs) {
                memory.row(started.row("started after a stop"));
                memory.row(warm.row("the wallets in use were asked for"));
                memory.row(Counts::of(&ledger)?.row("after two passes"));
            }
            ledger.close().await;
        }
    }
    let title = format!("{} wallets in use of {}, without HTTP", sizes.hot, sizes.wallets);
    rates(&shapes).print(&title);
    memory.print(&format!("Memory of a process that uses {} of {}", sizes.hot, sizes.wallets));
    Ok(())
}

fn rates(shapes: &[Cells]) -> Table {
    let mut table = Table::new(&[
        "callers",
        "items an order",
        "writing behind",
        "consumptions/s",
        "p50 ms",
        "p99 ms",
        "p99.9 ms",
        "max ms",
        "rounds",
        "writer waited",
        "slices",
        "ratio",
    ]);
    for ((callers, items), cells) in SHAPES.iter().zip(shapes) {
        let medians = cells.each_ref().map(|cell| Figures::median(cell.passes.clone()));
        let reference = medians[1].each_second;
        for ((behind, cell), figures) in Behind::BOTH.iter().zip(cells).zip(medians) {
            table.row([
                callers.to_string(),
                items.to_string(),
                behind.name().to_owned(),
                figures.each_second.to_string(),
                milliseconds(figures.p50),
                milliseconds(figures.p99),
                milliseconds(figures.p999),
                milliseconds(figures.max),
                cell.rounds.to_string(),
                cell.slow_downs.to_string(),
                cell.slices.to_string(),
                ratio(figures.each_second, reference),
            ]);
        }
    }
    table
}

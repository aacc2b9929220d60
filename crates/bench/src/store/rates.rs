//! Rates and latencies with what is written behind as it is, and without some of it: passes of both
//! alternate, each in an opened ledger of its own.

use std::path::Path;
use std::time::{Duration, Instant};

use scrip_ledger::Ledger as _;
use scrip_ledger::embedded::{Embedded, Options};

use super::Sizes;
use super::counts::{Counts, processor_time};
use super::load::{self, Load};
use crate::figures::Figures;
use crate::output::{Table, milliseconds, ratio, tell};
use crate::workload::Among;

/// How the load is shaped: callers, and items of each order.
const SHAPES: [(u64, usize); 2] = [(64, 1), (4, 1_000)];

/// Whose cost is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measured {
    /// Wallets written to their snapshots.
    WritingBehind,
    /// Usage added up behind the rows.
    AddingUp,
}

impl Measured {
    fn name(self) -> &'static str {
        match self {
            Self::WritingBehind => "writing behind",
            Self::AddingUp => "adding usage up",
        }
    }

    /// Options of a ledger in which it is as it is, or is not.
    fn options(self, way: Way, sizes: &Sizes) -> Options {
        let usual = Options { snapshots_every: sizes.snapshots_every, ..Options::default() };
        match (way, self) {
            (Way::AsItIs, _) => usual,
            (Way::Never, Self::WritingBehind) => Options {
                snapshots_every: Duration::from_secs(24 * 60 * 60),
                lag_rows_max: u64::MAX,
                lag_bytes_max: u64::MAX,
                usage_lag_rows_max: u64::MAX,
                ..usual
            },
            (Way::Never, Self::AddingUp) => Options { adds_usage_up: false, ..usual },
        }
    }

    /// Writes what is left, as far as it is written at all.
    fn finish(self, way: Way, ledger: &Embedded) -> anyhow::Result<()> {
        match (way, self) {
            (Way::AsItIs, _) => load::settle(ledger),
            (Way::Never, Self::WritingBehind) => Ok(()),
            (Way::Never, Self::AddingUp) => {
                ledger.write_behind();
                Ok(())
            }
        }
    }
}

/// Whether it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    AsItIs,
    Never,
}

impl Way {
    const BOTH: [Self; 2] = [Self::AsItIs, Self::Never];

    fn name(self) -> &'static str {
        match self {
            Self::AsItIs => "as it is",
            Self::Never => "none",
        }
    }
}

/// All passes of one shape and one way.
#[derive(Default)]
struct Cell {
    passes: Vec<Figures>,
    rounds: u64,
    slow_downs: u64,
    slices: u64,
    /// What the process took of processors: callers, and what was written behind afterwards.
    processor: Duration,
    consumptions: u128,
}

impl Cell {
    fn add(&mut self, pass: Figures, before: Counts, after: Counts) {
        self.passes.push(pass);
        self.rounds += after.rounds - before.rounds;
        self.slow_downs += after.slow_downs - before.slow_downs;
        self.slices += after.slices.saturating_sub(before.slices);
    }
}

/// The cells of a shape, in the order of [`Way::BOTH`].
type Cells = [Cell; 2];

/// Measures all cells.
pub async fn run(
    sizes: &Sizes,
    directory: &Path,
    measured: Measured,
    mut run: u64,
) -> anyhow::Result<()> {
    let among = Among::of(sizes.hot, sizes.wallets);
    let mut shapes: [Cells; 2] = Default::default();
    let mut memory = Table::new(&Counts::COLUMNS);
    for pass in 1..=sizes.passes {
        let mut order = [0, 1];
        // Neither is always the second.
        order.rotate_left((pass as usize - 1) % 2);
        for which in order {
            let way = Way::BOTH[which];
            let ledger = load::open(directory, measured.options(way, sizes))?;
            if (way, measured) == (Way::AsItIs, Measured::AddingUp) {
                // What the pass before left is not this one's.
                load::settle(&ledger)?;
            }
            let started = Counts::of(&ledger)?;
            load::warm(&ledger, among).await?;
            let warm = Counts::of(&ledger)?;
            for ((callers, items), cells) in SHAPES.into_iter().zip(&mut shapes) {
                run += 1;
                let (before, took) = (Counts::of(&ledger)?, processor_time()?);
                let (load, began) = (Load { callers, items, among, run }, Instant::now());
                let figures = load.measure(&ledger, sizes.pass).await?;
                let elapsed = began.elapsed().as_micros();
                let cell = &mut cells[which];
                cell.add(figures, before, Counts::of(&ledger)?);
                // What is left to be written behind was brought by this pass, too.
                measured.finish(way, &ledger)?;
                cell.processor += processor_time()? - took;
                cell.consumptions += figures.each_second * elapsed / 1_000_000;
                let rate = figures.each_second;
                tell(&format!("  pass {pass}, {callers} x {items}, {}: {rate}/s", way.name()));
            }
            if (pass, way) == (1, Way::AsItIs) {
                memory.row(started.row("started after a stop"));
                memory.row(warm.row("the wallets in use were asked for"));
                memory.row(Counts::of(&ledger)?.row("after two passes"));
            }
            ledger.close().await;
        }
    }
    let title = format!("{} wallets in use of {}, without HTTP", sizes.hot, sizes.wallets);
    rates(measured, &shapes).print(&title);
    memory.print(&format!("Memory of a process that uses {} of {}", sizes.hot, sizes.wallets));
    Ok(())
}

fn rates(measured: Measured, shapes: &[Cells]) -> Table {
    let mut table = Table::new(&[
        "callers",
        "items an order",
        measured.name(),
        "consumptions/s",
        "p50 ms",
        "p99 ms",
        "p99.9 ms",
        "max ms",
        "rounds",
        "writer waited",
        "slices",
        "processor µs each",
        "ratio",
    ]);
    for ((callers, items), cells) in SHAPES.iter().zip(shapes) {
        let medians = cells.each_ref().map(|cell| Figures::median(cell.passes.clone()));
        let reference = medians[1].each_second;
        for ((way, cell), figures) in Way::BOTH.into_iter().zip(cells).zip(medians) {
            table.row([
                callers.to_string(),
                items.to_string(),
                way.name().to_owned(),
                figures.each_second.to_string(),
                milliseconds(figures.p50),
                milliseconds(figures.p99),
                milliseconds(figures.p999),
                milliseconds(figures.max),
                cell.rounds.to_string(),
                cell.slow_downs.to_string(),
                cell.slices.to_string(),
                (cell.processor.as_micros() / cell.consumptions.max(1)).to_string(),
                ratio(figures.each_second, reference),
            ]);
        }
    }
    table
}

//! Measures consumption over HTTP beside a handler of the same stack that authenticates, parses
//! and answers the same bytes without a ledger. Every figure is a ratio from one run: passes of
//! both alternate, and the client takes its share of the same cores.

use std::time::Duration;

use clap::Args;

use crate::client::live::Live;
use crate::client::pass::{Load, Pace, Shape, Span};
use crate::client::writer::Mix;
use crate::figures::Figures;
use crate::output::{Table, milliseconds, ratio, tell};
use crate::place::Place;
use crate::server::Server;
use crate::store::filling::{self, Filling};
use crate::workload::{API_KEY, Among};

/// How the server is measured.
#[derive(Args)]
// Other options have these in them, and a group of theirs has the name already.
#[group(skip)]
pub struct Options {
    /// Seconds of each pass.
    #[arg(long, default_value_t = 3)]
    pub seconds: u64,
    /// Passes of each cell; the median counts.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=99))]
    pub passes: u32,
    /// Wallets the load is spread over.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub wallets: u32,
}

const COLUMNS: [&str; 9] = [
    "connections",
    "items a request",
    "consumptions/s",
    "p50 ms",
    "p99 ms",
    "reference/s",
    "ref. p50 ms",
    "ref. p99 ms",
    "ratio",
];

/// How the load is shaped.
const SHAPES: [Shape; 5] = [
    Shape::of(Mix::Single, 1),
    Shape::of(Mix::Single, 16),
    Shape::of(Mix::Single, 64),
    Shape::batches(1_000, 1),
    Shape::batches(1_000, 4),
];

/// Measures, and prints a table.
pub fn run(options: &Options) -> anyhow::Result<()> {
    tell(&format!("making {} wallets of three grants each", options.wallets));
    let place = Place::temporary()?;
    let made = Filling { wallets: options.wallets, grants: 3, ending: false };
    filling::make_alone(&made, place.path())?;
    let server = Server::start(place.path())?;
    let mut table = Table::new(&COLUMNS);
    let mut run = 0;
    for shape in SHAPES {
        let mut ledger = Vec::new();
        let mut reference = Vec::new();
        for _ in 0..options.passes {
            for (address, figures) in
                [(server.ledger, &mut ledger), (server.reference, &mut reference)]
            {
                run += 1;
                let load = Load {
                    addresses: &[address],
                    api_key: API_KEY,
                    shape,
                    among: Among::all(options.wallets),
                    pace: Pace::Closed,
                    span: Span {
                        warm_up: Duration::ZERO,
                        counted: Duration::from_secs(options.seconds),
                    },
                    run,
                    live: Live::Hidden,
                };
                let pass = load.run()?;
                if pass.refused > 0 {
                    tell(&format!("  the server was too busy {} times", pass.refused));
                }
                figures.push(pass.figures);
            }
        }
        let (ledger, reference) = (Figures::median(ledger), Figures::median(reference));
        let Shape { connections, items, .. } = shape;
        tell(&format!("{connections} connections, {items} items: {}/s", ledger.each_second));
        table.row(row(shape, &ledger, &reference));
    }
    table.print("Consumption over HTTP, beside the same stack without a ledger");
    let rows = server.verify()?;
    tell(&format!("verified afterwards: {rows} rows, all well"));
    Ok(())
}

fn row(shape: Shape, ledger: &Figures, reference: &Figures) -> [String; COLUMNS.len()] {
    [
        shape.connections.to_string(),
        shape.items.to_string(),
        ledger.each_second.to_string(),
        milliseconds(ledger.p50),
        milliseconds(ledger.p99),
        reference.each_second.to_string(),
        milliseconds(reference.p50),
        milliseconds(reference.p99),
        ratio(ledger.each_second, reference.each_second),
    ]
}

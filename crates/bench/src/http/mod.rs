//! Measures consumption over HTTP beside a handler of the same stack that authenticates, parses
//! and answers the same bytes without a ledger. Every figure is a ratio from one run: passes of
//! both alternate, and the client takes its share of the same cores.

pub mod connection;
pub mod filling;
pub mod load;
pub mod servers;

use std::time::Duration;

use clap::Args;
use load::Load;
use servers::Servers;

use crate::figures::Figures;
use crate::output::{Table, milliseconds, ratio, tell};

/// How the server is measured.
#[derive(Args)]
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

/// How the load is shaped: connections, and items of each request.
const SHAPES: [(usize, usize); 5] = [(1, 1), (16, 1), (64, 1), (1, 1_000), (4, 1_000)];

/// Measures, and prints a table.
pub fn run(options: &Options) -> anyhow::Result<()> {
    tell(&format!("making {} wallets of three grants each", options.wallets));
    let servers = Servers::start(options.wallets)?;
    let seconds = Duration::from_secs(options.seconds);
    let mut table = Table::new(&COLUMNS);
    let mut run = 0;
    for (connections, items) in SHAPES {
        let mut ledger = Vec::new();
        let mut reference = Vec::new();
        for _ in 0..options.passes {
            for (address, figures) in
                [(servers.ledger, &mut ledger), (servers.reference, &mut reference)]
            {
                run += 1;
                let wallets = options.wallets;
                let addresses = &[address];
                let load = Load { addresses, connections, items, wallets, seconds, run };
                let pass = load.run()?;
                if pass.refused > 0 {
                    tell(&format!("  the server was too busy {} times", pass.refused));
                }
                figures.push(pass.figures);
            }
        }
        let (ledger, reference) = (Figures::median(ledger), Figures::median(reference));
        tell(&format!("{connections} connections, {items} items: {}/s", ledger.each_second));
        table.row(row(connections, items, &ledger, &reference));
    }
    table.print("Consumption over HTTP, beside the same stack without a ledger");
    let rows = servers.verify()?;
    tell(&format!("verified afterwards: {rows} rows, all well"));
    Ok(())
}

fn row(
    connections: usize,
    items: usize,
    ledger: &Figures,
    reference: &Figures,
) -> [String; COLUMNS.len()] {
    [
        connections.to_string(),
        items.to_string(),
        ledger.each_second.to_string(),
        milliseconds(ledger.p50),
        milliseconds(ledger.p99),
        reference.each_second.to_string(),
        milliseconds(reference.p50),
        milliseconds(reference.p99),
        ratio(ledger.each_second, reference.each_second),
    ]
}

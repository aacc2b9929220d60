//! Measures consumption over HTTP beside a handler of the same stack that authenticates, parses
//! and answers the same bytes without a ledger. Every figure is a ratio from one run: passes of
//! both alternate, and the client takes its share of the same cores.

mod connection;
mod load;
mod servers;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use load::{Figures, Load};
use servers::Servers;

/// Measures consumption over HTTP beside a reference of the same stack.
#[derive(Parser)]
struct Options {
    /// Seconds of each pass.
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// Passes of each cell; the median counts.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=99))]
    passes: u32,
    /// Wallets the load is spread over.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    wallets: u32,
}

const HEADER: &str = "| connections | items a request | consumptions/s | p50 ms | p99 ms \
                      | reference/s | ref. p50 ms | ref. p99 ms | ratio |";

/// How the load is shaped: connections, and items of each request.
const SHAPES: [(usize, usize); 5] = [(1, 1), (16, 1), (64, 1), (1, 1_000), (4, 1_000)];

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell(&format!("scrip-bench: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> anyhow::Result<()> {
    tell(&format!("making {} wallets of three grants each", options.wallets));
    let servers = Servers::start(options.wallets)?;
    let seconds = Duration::from_secs(options.seconds);
    print(HEADER);
    print("|---|---|---|---|---|---|---|---|---|");
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
                let load = Load { address, connections, items, wallets, seconds, run };
                figures.push(load.run()?);
            }
        }
        let (ledger, reference) = (Figures::median(ledger), Figures::median(reference));
        print(&row(connections, items, &ledger, &reference));
    }
    let rows = servers.verify()?;
    tell(&format!("verified afterwards: {rows} rows, all well"));
    Ok(())
}

fn row(connections: usize, items: usize, ledger: &Figures, reference: &Figures) -> String {
    let milliseconds = |time: Duration| {
        let microseconds = time.as_micros();
        format!("{}.{:02}", microseconds / 1_000, microseconds % 1_000 / 10)
    };
    let percent = ledger.each_second * 100 / reference.each_second.max(1);
    format!(
        "| {connections} | {items} | {} | {} | {} | {} | {} | {} | {}.{:02} |",
        ledger.each_second,
        milliseconds(ledger.p50),
        milliseconds(ledger.p99),
        reference.each_second,
        milliseconds(reference.p50),
        milliseconds(reference.p99),
        percent / 100,
        percent % 100,
    )
}

#[expect(clippy::print_stdout, reason = "the table is the command's answer")]
fn print(line: &str) {
    println!("{line}");
}

#[expect(clippy::print_stderr, reason = "progress goes beside the table")]
fn tell(line: &str) {
    eprintln!("{line}");
}

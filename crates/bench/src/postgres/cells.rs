//! What is measured in which order, and the table of it.

use std::time::Duration;

use super::nodes::{Counts, Nodes};
use super::reference;
use crate::client::live::Live;
use crate::client::pass::{Load, Pace, Shape, Span};
use crate::client::writer::{Acknowledged, Mix};
use crate::figures::Figures;
use crate::output::{Table, milliseconds, ratio, tell};
use crate::workload::{API_KEY, Among};

const COLUMNS: [&str; 12] = [
    "wallets",
    "nodes",
    "connections",
    "items a request",
    "consumptions/s",
    "p50 ms",
    "p99 ms",
    "consumptions a transaction",
    "conflicts",
    "refused",
    "reference/s",
    "ratio",
];

/// How much is measured.
pub struct Sizes {
    /// Wallets the load is spread over, where it is not on one alone.
    pub wallets: u32,
    /// Passes of each cell.
    pub passes: u32,
    /// How long each is.
    pub pass: Duration,
}

/// All consumptions that were answered.
#[derive(Clone, Copy, Debug, Default)]
pub struct All {
    /// By the nodes.
    pub ledger: Acknowledged,
    /// Transactions of the reference.
    pub reference: u64,
}

/// Who is asked, and how.
#[derive(Clone, Copy)]
enum Way {
    /// The first so many nodes.
    Nodes { nodes: usize, connections: usize, items: usize },
    /// The server itself.
    Reference { connections: usize },
}

/// In the order of a round: a pass of each, then of each again. The reference has as many
/// connections as the load has over HTTP, or half of them, which may suit the server better.
const WAYS: [Way; 8] = [
    Way::Reference { connections: 64 },
    Way::Nodes { nodes: 1, connections: 64, items: 1 },
    Way::Nodes { nodes: 3, connections: 64, items: 1 },
    Way::Reference { connections: 32 },
    Way::Nodes { nodes: 1, connections: 4, items: 1_000 },
    Way::Nodes { nodes: 3, connections: 4, items: 1_000 },
    Way::Nodes { nodes: 1, connections: 16, items: 1_000 },
    Way::Nodes { nodes: 3, connections: 16, items: 1_000 },
];

/// All passes of a way.
#[derive(Default)]
struct Cell {
    passes: Vec<Figures>,
    counts: Counts,
    consumptions: u64,
    refused: u64,
}

/// What all passes go by.
struct Bench<'a> {
    sizes: &'a Sizes,
    url: &'a str,
    nodes: &'a Nodes,
    run: u64,
    all: All,
}

/// Measures with many wallets and with one, and prints a table.
pub fn run(sizes: &Sizes, url: &str, nodes: &Nodes) -> anyhow::Result<All> {
    let mut table = Table::new(&COLUMNS);
    let mut bench = Bench { sizes, url, nodes, run: 0, all: All::default() };
    for wallets in [sizes.wallets, 1] {
        let cells = bench.rounds(wallets)?;
        add_rows(&mut table, wallets, &cells);
    }
    table.print("Consumption over HTTP on PostgreSQL, beside a transaction for each by hand");
    Ok(bench.all)
}

impl Bench<'_> {
    fn rounds(&mut self, wallets: u32) -> anyhow::Result<[Cell; WAYS.len()]> {
        let mut cells: [Cell; WAYS.len()] = Default::default();
        for round in 1..=self.sizes.passes {
            for (way, cell) in WAYS.into_iter().zip(&mut cells) {
                self.run += 1;
                let figures = match way {
                    Way::Nodes { nodes, connections, items } => {
                        self.nodes_pass(cell, wallets, (nodes, connections, items))?
                    }
                    Way::Reference { connections } => self.reference_pass(wallets, connections)?,
                };
                cell.passes.push(figures);
                let rate = figures.each_second;
                tell(&format!("  round {round}, {wallets} wallets, {}: {rate}/s", way.name()));
            }
        }
        Ok(cells)
    }

    fn nodes_pass(
        &mut self,
        cell: &mut Cell,
        wallets: u32,
        (nodes, connections, items): (usize, usize, usize),
    ) -> anyhow::Result<Figures> {
        let addresses: Vec<_> = self.nodes.addresses().into_iter().take(nodes).collect();
        let before = self.nodes.counts();
        let mix = if items == 1 { Mix::Single } else { Mix::Batch };
        let load = Load {
            addresses: &addresses,
            api_key: API_KEY,
            shape: Shape { mix, items, connections },
            among: Among::all(wallets),
            pace: Pace::Closed,
            span: Span { warm_up: Duration::ZERO, counted: self.sizes.pass },
            run: self.run,
            live: Live::Hidden,
        };
        let pass = load.run()?;
        cell.counts.add(self.nodes.counts().since(before));
        cell.consumptions += pass.acknowledged.consumptions;
        cell.refused += pass.refused;
        self.all.ledger.add(pass.acknowledged);
        Ok(pass.figures)
    }

    fn reference_pass(&mut self, wallets: u32, connections: usize) -> anyhow::Result<Figures> {
        let (url, seconds, run) = (self.url, self.sizes.pass, self.run);
        let load = reference::Load { url, connections, wallets, seconds, run };
        let pass = load.run()?;
        self.all.reference += pass.transactions;
        Ok(pass.figures)
    }
}

impl Way {
    fn name(self) -> String {
        match self {
            Self::Nodes { nodes, connections, items } => {
                format!("{nodes} nodes, {connections} connections, {items} items")
            }
            Self::Reference { connections } => format!("reference, {connections} connections"),
        }
    }

    /// Nodes, connections, and items of each request.
    fn columns(self) -> [String; 3] {
        match self {
            Self::Nodes { nodes, connections, items } => {
                [nodes, connections, items].map(|number| number.to_string())
            }
            Self::Reference { connections } => {
                ["reference".to_owned(), connections.to_string(), "1".to_owned()]
            }
        }
    }
}

/// Every cell stands beside the faster of the references.
fn add_rows(table: &mut Table, wallets: u32, cells: &[Cell]) {
    let rows = || {
        let medians = cells.iter().map(|cell| (cell, Figures::median(cell.passes.clone())));
        WAYS.into_iter().zip(medians)
    };
    let references = rows().filter(|(way, _)| matches!(way, Way::Reference { .. }));
    let fastest = references.map(|(_, (_, figures))| figures.each_second).max().unwrap_or(0);
    for (way, (cell, figures)) in rows() {
        let [nodes, connections, items] = way.columns();
        let counted = match way {
            Way::Nodes { .. } => [
                (cell.consumptions / cell.counts.transactions.max(1)).to_string(),
                cell.counts.conflicts.to_string(),
            ],
            Way::Reference { .. } => ["1".to_owned(), "0".to_owned()],
        };
        let [together, conflicts] = counted;
        table.row([
            wallets.to_string(),
            nodes,
            connections,
            items,
            figures.each_second.to_string(),
            milliseconds(figures.p50),
            milliseconds(figures.p99),
            together,
            conflicts,
            cell.refused.to_string(),
            fastest.to_string(),
            ratio(figures.each_second, fastest),
        ]);
    }
}

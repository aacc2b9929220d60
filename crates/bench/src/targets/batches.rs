//! Batches of a thousand, beside a bare loop that appends the same rows to SQLite.

use super::row::{Goal, Name, Row, Unit};
use super::sqlite::{Loop, Rows};
use super::{Bench, GRANTS, Side};
use crate::client::outcome::Outcome;
use crate::client::pass::{Pace, Shape};
use crate::output::tell;
use crate::server::Server;
use crate::workload::Among;

/// Consumptions of each request, and rows of each commit of the loop.
pub const ITEMS: usize = 1_000;
/// So many are enough to keep the writer busy.
pub const CONNECTIONS: usize = 4;

/// Measures it, if it is wanted.
pub fn measure(bench: &mut Bench<'_>) -> anyhow::Result<()> {
    if !bench.wants(Name::Batches) {
        return Ok(());
    }
    let wallets = bench.sizes.of_batches;
    let directory = bench.make("batches", wallets, GRANTS)?;
    let server = Server::start(&directory)?;
    let side = Side {
        name: "batches",
        server: &server,
        address: server.ledger,
        shape: Shape::batches(ITEMS, CONNECTIONS),
        among: Among::all(wallets),
        pace: Pace::Closed,
    };
    let mut of_ledger = Outcome::of(Pace::Closed);
    let mut of_loop = Vec::new();
    let mut reference = None;
    for _ in 0..bench.sizes.passes {
        bench.pass(&side, &mut of_ledger)?;
        server.embedded.write_behind();
        // After a pass the newest rows are those of its consumptions.
        let appending = match &mut reference {
            Some(appending) => appending,
            none => none.insert(Loop::make(&directory, Rows::of_ledger(&directory, ITEMS)?)?),
        };
        let rate = appending.run(bench.sizes.span.counted)?;
        tell(&format!("  the bare loop: {rate}/s"));
        of_loop.push(rate);
    }
    server.stop();
    drop(reference);
    of_loop.sort_unstable();
    bench.add(Row {
        name: Name::Batches,
        work: format!("batches of {ITEMS}, {CONNECTIONS} connections, {wallets} wallets"),
        unit: Unit::EachSecond,
        measured: of_ledger.figures().each_second,
        beside: "a bare loop on SQLite",
        reference: of_loop.get(of_loop.len() / 2).copied(),
        goal: Goal::HundredthsAtLeast(60),
        remark: None,
    });
    std::fs::remove_dir_all(directory)?;
    Ok(())
}

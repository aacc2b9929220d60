//! The same batches with the ledger on PostgreSQL, beside one transaction for each consumption.

use anyhow::Context as _;

use super::row::{Goal, Name, Row, Unit};
use super::{Bench, GRANTS, batches};
use crate::client::filling::fill;
use crate::client::live::Live;
use crate::client::pass::{Load, Pace, Shape};
use crate::figures::Figures;
use crate::output::tell;
use crate::postgres::database::Database;
use crate::postgres::nodes::Nodes;
use crate::postgres::reference;
use crate::workload::{API_KEY, Among};

/// Of the reference, each with one transaction at a time.
const CONNECTIONS: usize = 32;

/// Measures it, if it is wanted, and leaves the database empty.
pub fn measure(bench: &mut Bench<'_>, url: &str) -> anyhow::Result<()> {
    if !bench.wants(Name::Postgres) {
        return Ok(());
    }
    let database = Database::open(url)?;
    let measured = prepare(bench, url, &database);
    // Whatever was measured: what this run made goes, and only that.
    let cleared = database.clear();
    measured.and(cleared)
}

fn prepare(bench: &mut Bench<'_>, url: &str, database: &Database) -> anyhow::Result<()> {
    for warning in database.warnings()? {
        tell(&warning);
    }
    reference::make_tables(database, bench.sizes.of_batches)?;
    let nodes = Nodes::start(url, 1)?;
    let measured = alternate(bench, url, &nodes);
    nodes.close();
    measured
}

fn alternate(bench: &mut Bench<'_>, url: &str, nodes: &Nodes) -> anyhow::Result<()> {
    let (wallets, span) = (bench.sizes.of_batches, bench.sizes.span);
    let addresses = nodes.addresses();
    let node = *addresses.first().context("no node")?;
    tell(&format!("a database of {wallets} wallets of {GRANTS} grants each"));
    nodes.runtime()?.block_on(fill(node, API_KEY, wallets, GRANTS.into()))?;
    let (mut of_node, mut of_reference) = (Vec::new(), Vec::new());
    for _ in 0..bench.sizes.passes {
        let load = Load {
            addresses: &addresses,
            api_key: API_KEY,
            shape: Shape::batches(batches::ITEMS, batches::CONNECTIONS),
            among: Among::all(wallets),
            pace: Pace::Closed,
            span,
            run: bench.next_run(),
            live: Live::Hidden,
        };
        let figures = load.run()?.figures;
        tell(&format!("  batches on PostgreSQL: {}/s", figures.each_second));
        of_node.push(figures);
        let run = bench.next_run();
        let seconds = span.counted;
        let load = reference::Load { url, connections: CONNECTIONS, wallets, seconds, run };
        let figures = load.run()?.figures;
        tell(&format!("  one transaction for each: {}/s", figures.each_second));
        of_reference.push(figures);
    }
    bench.add(Row {
        name: Name::Postgres,
        work: format!("batches of {} on PostgreSQL, one node, {wallets} wallets", batches::ITEMS),
        unit: Unit::EachSecond,
        measured: Figures::median(of_node).each_second,
        beside: "a transaction for each, 32 connections",
        reference: Some(Figures::median(of_reference).each_second),
        goal: Goal::HundredthsAtLeast(1_000),
        remark: None,
    });
    Ok(())
}

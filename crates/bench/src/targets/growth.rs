//! What a consumption takes where there is much of something, beside where there is little of it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use scrip_ledger::Ledger as _;
use scrip_ledger::embedded::{Options, stats};

use super::row::{Goal, Name, Row, Unit, nanoseconds_each};
use super::{Bench, CONNECTIONS, GRANTS, Side, Sizes};
use crate::client::pass::{Pace, Shape};
use crate::client::writer::Mix;
use crate::output::tell;
use crate::server::Server;
use crate::store::load::{self, warm};
use crate::workload::Among;

/// A ledger, and what of it is in use.
#[derive(Clone, Copy)]
struct Used<'a> {
    server: &'a Server,
    name: &'static str,
    among: Among,
}

/// Measures all that is wanted and has ledgers of its own.
pub fn measure(bench: &mut Bench<'_>) -> anyhow::Result<()> {
    if bench.wants(Name::Grants) {
        grants(bench)?;
    }
    if bench.wants(Name::Rows) {
        rows(bench)?;
    }
    Ok(())
}

/// Many wallets known, beside few; as many in use.
pub fn known(bench: &mut Bench<'_>, many: &Server) -> anyhow::Result<()> {
    let Sizes { known, few, .. } = bench.sizes;
    let directory = bench.make("few", few, GRANTS)?;
    let server = Server::start(&directory)?;
    let large = Used { server: many, name: "many wallets known", among: Among::of(few, known) };
    let small = Used { server: &server, name: "few wallets known", among: Among::all(few) };
    let work = format!("{known} wallets known beside {few}, {few} of them in use");
    compare(bench, Name::Known, work, [large, small])?;
    server.stop();
    std::fs::remove_dir_all(directory)?;
    Ok(())
}

fn grants(bench: &mut Bench<'_>) -> anyhow::Result<()> {
    let Sizes { many_grants, of_grants, .. } = bench.sizes;
    let directories = [
        bench.make("many-grants", of_grants, many_grants)?,
        bench.make("few-grants", of_grants, GRANTS)?,
    ];
    let work = format!("{many_grants} live grants beside {GRANTS}, {of_grants} wallets");
    compare_alone(bench, Name::Grants, work, of_grants, &directories, ["many grants", "few grants"])
}

fn rows(bench: &mut Bench<'_>) -> anyhow::Result<()> {
    let Sizes { rows, few_rows, of_batches, .. } = bench.sizes;
    let directories =
        [bench.make("many-rows", of_batches, GRANTS)?, bench.make("few-rows", of_batches, GRANTS)?];
    for (directory, rows) in directories.iter().zip([rows, few_rows]) {
        top_up(bench, directory, of_batches, rows)?;
    }
    let work = format!("a ledger of {rows} rows beside {few_rows}, {of_batches} wallets");
    compare_alone(bench, Name::Rows, work, of_batches, &directories, ["many rows", "few rows"])
}

/// Consumes from all wallets until there are so many rows.
fn top_up(bench: &mut Bench<'_>, directory: &Path, wallets: u32, rows: u64) -> anyhow::Result<()> {
    let missing = rows.saturating_sub(stats(directory)?.rows);
    if missing == 0 {
        return Ok(());
    }
    tell(&format!("  {missing} rows more"));
    let (among, run) = (Among::all(wallets), bench.next_run());
    let items = usize::try_from(missing.min(1_000))?;
    let load = load::Load { callers: 4, items, among, run };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let ledger = load::open(directory, Options::default())?;
    let counted = Arc::new(AtomicU64::new(0));
    runtime.block_on(async {
        load.count(&ledger, &counted, move |done| done < missing).await?;
        ledger.close().await;
        anyhow::Ok(())
    })
}

/// Compares two ledgers that nothing else is measured of, which go afterwards.
fn compare_alone(
    bench: &mut Bench<'_>,
    name: Name,
    work: String,
    wallets: u32,
    directories: &[std::path::PathBuf; 2],
    [large, small]: [&'static str; 2],
) -> anyhow::Result<()> {
    let [of_large, of_small] = directories;
    let (of_large, of_small) = (Server::start(of_large)?, Server::start(of_small)?);
    let among = Among::all(wallets);
    let large = Used { server: &of_large, name: large, among };
    let small = Used { server: &of_small, name: small, among };
    compare(bench, name, work, [large, small])?;
    of_large.stop();
    of_small.stop();
    for directory in directories {
        std::fs::remove_dir_all(directory)?;
    }
    Ok(())
}

fn compare(
    bench: &mut Bench<'_>,
    name: Name,
    work: String,
    used: [Used<'_>; 2],
) -> anyhow::Result<()> {
    for Used { server, among, .. } in used {
        server.block_on(warm(&server.embedded, among))?;
    }
    let sides = used.map(|Used { server, name, among }| {
        let (address, shape) = (server.ledger, Shape::of(Mix::Single, CONNECTIONS));
        Side { name, server, address, shape, among, pace: Pace::Closed }
    });
    let outcomes = bench.alternate(&sides)?;
    let mut each = outcomes.iter().map(|of| nanoseconds_each(of.figures().each_second));
    bench.add(Row {
        name,
        work,
        unit: Unit::Nanoseconds,
        measured: each.next().unwrap_or_default(),
        beside: "the smaller one",
        reference: each.next(),
        goal: Goal::HundredthsAtMost(130),
        remark: None,
    });
    Ok(())
}

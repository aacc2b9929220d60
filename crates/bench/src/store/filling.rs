//! Makes the ledger that all parts measure: customers in batches, and a wallet of each by its
//! grants.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use scrip_core::limits::BATCH_MAX;
use scrip_ledger::embedded::{Embedded, Options};
use scrip_ledger::{Ledger as _, PRODUCTION, ProvidedKeys, Work, bootstrap};
use tokio::task::JoinSet;

use super::counts::Counts;
use super::{Sizes, load, orders};
use crate::output::{Table, tell};
use crate::workload::API_KEY;

/// Callers of imports; each waits for a batch.
const IMPORTERS: u32 = 4;
/// Callers of grants; so many share a commit.
const GRANTERS: u32 = 1_024;

/// What is made.
#[derive(Clone, Copy, Debug)]
pub struct Filling {
    /// Wallets.
    pub wallets: u32,
    /// Grants of each.
    pub grants: u16,
    /// Whether the grants end, in a year.
    pub ending: bool,
}

/// Makes it, and shows what is in memory when all is made.
pub async fn run(sizes: &Sizes, directory: &Path) -> anyhow::Result<()> {
    let mut table = Table::new(&Counts::COLUMNS);
    table.row(make(&sizes.filling(), directory).await?.row("all made"));
    table.print(&format!("Memory of a process that made {} wallets", sizes.wallets));
    Ok(())
}

/// Makes it in a runtime of its own, and lets go of the directory.
pub fn make_alone(filling: &Filling, directory: &Path) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(make(filling, directory))?;
    Ok(())
}

/// Makes it, and counts what is in memory when all is made.
pub async fn make(filling: &Filling, directory: &Path) -> anyhow::Result<Counts> {
    let ledger = load::open(directory, Options::default())?;
    let keys = ProvidedKeys { production: Some(API_KEY.to_owned()), sandbox: None };
    bootstrap(ledger.as_ref(), keys, |_| Ok(())).await?;
    execute(&ledger, orders::currency(), 0).await?;
    let customers = Progress::new("customers", u64::from(filling.wallets));
    let mut tasks = JoinSet::new();
    for lane in 0..IMPORTERS {
        let (ledger, customers, wallets) =
            (Arc::clone(&ledger), Arc::clone(&customers), filling.wallets);
        tasks.spawn(async move { import(&ledger, lane, wallets, &customers).await });
    }
    joined(tasks).await?;
    let grants = Progress::new("grants", u64::from(filling.wallets) * u64::from(filling.grants));
    let mut tasks = JoinSet::new();
    for lane in 0..GRANTERS {
        let (ledger, grants) = (Arc::clone(&ledger), Arc::clone(&grants));
        let filling = *filling;
        tasks.spawn(async move { grant(&ledger, lane, filling, &grants).await });
    }
    joined(tasks).await?;
    let counts = Counts::of(&ledger)?;
    ledger.close().await;
    Ok(counts)
}

async fn joined(mut tasks: JoinSet<anyhow::Result<()>>) -> anyhow::Result<()> {
    while let Some(finished) = tasks.join_next().await {
        finished??;
    }
    Ok(())
}

/// Carries out an order that nobody else has a salt of.
pub async fn execute(ledger: &Embedded, work: Work, number: u64) -> anyhow::Result<()> {
    let mut salt = [0; 16];
    salt[..8].copy_from_slice(&number.to_le_bytes());
    ledger.execute(orders::order(work, salt)).await?;
    Ok(())
}

async fn import(
    ledger: &Embedded,
    lane: u32,
    wallets: u32,
    progress: &Progress,
) -> anyhow::Result<()> {
    let batch = u32::try_from(BATCH_MAX)?;
    let step = usize::try_from(batch * IMPORTERS)?;
    for begin in (lane * batch..wallets).step_by(step) {
        let numbers = begin..wallets.min(begin + batch);
        let count = u64::from(numbers.end - numbers.start);
        execute(ledger, orders::customers(numbers), u64::from(begin)).await?;
        progress.add(count);
    }
    Ok(())
}

async fn grant(
    ledger: &Embedded,
    lane: u32,
    Filling { wallets, grants: each, ending }: Filling,
    progress: &Progress,
) -> anyhow::Result<()> {
    let ends = ending.then(|| ledger.now(PRODUCTION).a_year_later());
    for number in (lane..wallets).step_by(GRANTERS as usize) {
        // Not all in one instant, as they are not where people live.
        let ends = ends.map(|at| at.later(i64::from(number)));
        for which in 0..each {
            let salt = u64::from(number) << 16 | u64::from(which);
            execute(ledger, orders::grant(number, which, ends)?, salt).await?;
        }
        progress.add(u64::from(each));
    }
    Ok(())
}

/// Tells each tenth of a work that takes longer than a second.
struct Progress {
    what: &'static str,
    of: u64,
    done: AtomicU64,
    started: Instant,
}

impl Progress {
    fn new(what: &'static str, of: u64) -> Arc<Self> {
        Arc::new(Self { what, of, done: AtomicU64::new(0), started: Instant::now() })
    }

    fn add(&self, count: u64) {
        let before = self.done.fetch_add(count, Ordering::Relaxed);
        let tenth = |done: u64| done * 10 / self.of.max(1);
        let seconds = self.started.elapsed().as_secs();
        if seconds > 0 && tenth(before) != tenth(before + count) {
            tell(&format!("  {} of {} {}, {seconds} s", before + count, self.of, self.what));
        }
    }
}

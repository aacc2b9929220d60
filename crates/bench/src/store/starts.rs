//! How long a start takes, after a stop and after a kill at the worst moment. The files are in the
//! machine's cache, as they are after a restart of the process.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::bail;
use scrip_ledger::Ledger as _;
use scrip_ledger::embedded::{Embedded, Options};

use super::orders::{self, Writer};
use super::{Part, Sizes, victim};
use crate::output::{Table, milliseconds, tell};
use crate::workload::Among;

/// A start.
#[derive(Clone, Copy, Debug)]
pub struct Started {
    /// Rows that were in no snapshot when the process was killed.
    lag_rows: u64,
    /// Rows that the start read, for wallets or for names.
    rows_read: u64,
    /// How long opening took.
    opened: Duration,
    /// From the beginning until a consumption was answered.
    pub consumed: Duration,
    /// From the beginning until the balance of another wallet was answered, too.
    balanced: Duration,
}

/// What happened before a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// A stop.
    Stop,
    /// `kill -9` of a process that used the wallets in use.
    KillOfHot,
    /// `kill -9` of a process that used all wallets.
    KillOfAll,
}

/// Measures starts of each kind.
pub async fn run(sizes: &Sizes, directory: &Path, mut run: u64) -> anyhow::Result<()> {
    let mut table = Table::new(&[
        "before the start",
        "rows in no snapshot",
        "rows read",
        "open ms",
        "+ first consumption ms",
        "+ first balance ms",
        "slowest open ms",
    ]);
    let hot = format!("kill -9, {} wallets in use", sizes.hot);
    let all = format!("kill -9, all {} in use", sizes.wallets);
    let kinds = [("a stop", Before::Stop), (&hot, Before::KillOfHot), (&all, Before::KillOfAll)];
    for (name, before) in kinds {
        table.row(row(name, measure(sizes, directory, before, &mut run).await?)?);
    }
    table.print(&format!("Starts of a ledger of {} wallets", sizes.wallets));
    Ok(())
}

/// Measures starts of one kind, in the order of how long opening took.
pub async fn measure(
    sizes: &Sizes,
    directory: &Path,
    before: Before,
    run: &mut u64,
) -> anyhow::Result<Vec<Started>> {
    let mut starts = Vec::new();
    for _ in 0..sizes.passes {
        *run += 1;
        let lag_rows = match before {
            Before::Stop => 0,
            Before::KillOfHot => victim::kill(sizes, Part::VictimHot, directory, *run).await?,
            Before::KillOfAll => victim::kill(sizes, Part::VictimAll, directory, *run).await?,
        };
        let started = start(sizes, directory, lag_rows, *run).await?;
        tell(&format!("  after {before:?}: {started:?}"));
        starts.push(started);
    }
    starts.sort_by_key(|started| started.opened);
    Ok(starts)
}

async fn start(
    sizes: &Sizes,
    directory: &Path,
    lag_rows: u64,
    run: u64,
) -> anyhow::Result<Started> {
    let among = Among::of(sizes.hot, sizes.wallets);
    let order = Writer::new(among, run, 0).order(1)?;
    let asked = orders::wallet(among.number(among.count() / 2))?;
    let mut rows_read = 0;
    let begin = Instant::now();
    let ledger = Embedded::open(directory, Options::default(), |_, all| rows_read = all)?;
    let opened = begin.elapsed();
    ledger.execute(order).await?;
    let consumed = begin.elapsed();
    if ledger.balance(&asked).await?.is_none() {
        bail!("a wallet was forgotten: {asked:?}");
    }
    let balanced = begin.elapsed();
    ledger.close().await;
    Ok(Started { lag_rows, rows_read, opened, consumed, balanced })
}

/// The start with the median time, beside the slowest.
fn row(name: &str, starts: Vec<Started>) -> anyhow::Result<[String; 7]> {
    let (Some(median), Some(slowest)) = (starts.get(starts.len() / 2), starts.last()) else {
        bail!("no start was measured");
    };
    Ok([
        name.to_owned(),
        median.lag_rows.to_string(),
        median.rows_read.to_string(),
        milliseconds(median.opened),
        milliseconds(median.consumed),
        milliseconds(median.balanced),
        milliseconds(slowest.opened),
    ])
}

//! What a ledger takes of a processor while nobody asks for anything and nothing is due: as much
//! with many wallets as with few, or something goes through them.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use scrip_ledger::Ledger as _;
use scrip_ledger::embedded::Options;

use crate::output::{Table, ratio};
use crate::store::counts::{Counts, processor_time};
use crate::store::filling::{self, Filling};
use crate::store::{Sizes, load};
use crate::workload::Among;

/// Wallets of the ledger that the large one is compared with.
const FEW_WALLETS: u32 = 1_000;

/// The threads that read wallets end when they have nothing to read for so long, which is no part of
/// being idle.
const THREADS_END_AFTER: Duration = Duration::from_secs(11);

/// Measures it with few wallets and with all, in their records and in memory, and without the
/// scrubber, which is to go through them.
pub async fn run(sizes: &Sizes, directory: &Path) -> anyhow::Result<()> {
    let mut table =
        Table::new(&["wallets", "of them in memory", "scrubber", "processor ms each second"]);
    let parent = directory.parent().context("the ledger is in no directory")?;
    let few = tempfile::Builder::new().prefix("scrip-bench").tempdir_in(parent)?;
    let made = Filling { wallets: FEW_WALLETS.min(sizes.wallets), ..sizes.filling() };
    filling::make(&made, few.path()).await?;
    for (wallets, warmed, is_scrubbed, at) in [
        (made.wallets, 0, true, few.path()),
        (made.wallets, 0, false, few.path()),
        (sizes.wallets, 0, true, directory),
        (sizes.wallets, 0, false, directory),
        (sizes.wallets, sizes.hot, false, directory),
    ] {
        let mut options = Options::default();
        options.scrub_every = options.scrub_every.filter(|_| is_scrubbed);
        let ledger = load::open(at, options)?;
        if warmed > 0 {
            load::warm(&ledger, Among::of(warmed, wallets)).await?;
            tokio::time::sleep(THREADS_END_AFTER).await;
        }
        // What was done before is no part of being idle.
        load::settle(&ledger)?;
        let (began, before) = (Instant::now(), processor_time()?);
        tokio::time::sleep(sizes.idle).await;
        let (took, elapsed) = (processor_time()? - before, began.elapsed());
        table.row([
            wallets.to_string(),
            Counts::of(&ledger)?.wallets.to_string(),
            if is_scrubbed { "as it is" } else { "none" }.to_owned(),
            ratio(took.as_micros(), elapsed.as_millis()),
        ]);
        ledger.close().await;
    }
    table.print(&format!("An idle ledger, over {} s", sizes.idle.as_secs()));
    Ok(())
}

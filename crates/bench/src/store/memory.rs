//! Memory over time, while all wallets are consumed from and few may stay in memory.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use scrip_ledger::Ledger as _;
use scrip_ledger::embedded::{Embedded, Options};

use super::Sizes;
use super::counts::Counts;
use super::load::{self, Load};
use crate::output::{Table, mebibytes, tell};
use crate::workload::Among;

/// What was counted at an instant.
#[derive(Clone, Copy)]
struct Sample {
    at: Duration,
    consumed: u64,
    counts: Counts,
}

/// Watches the memory under load.
pub async fn run(sizes: &Sizes, directory: &Path, run: u64) -> anyhow::Result<()> {
    let options = Options { wallets_bytes_max: sizes.wallets_bytes_max, ..Options::default() };
    let ledger = load::open(directory, options)?;
    let among = Among::of(sizes.wallets, sizes.wallets);
    let load = Load { callers: 64, items: 1, among, run };
    let counted = Arc::new(AtomicU64::new(0));
    let (started, watched) = (Instant::now(), sizes.watched);
    let (loaded, samples) = tokio::join!(
        load.count(&ledger, &counted, move |_| started.elapsed() < watched),
        watch(&ledger, &counted, started, sizes),
    );
    loaded?;
    let samples = samples?;
    ledger.close().await;
    let title = format!(
        "{} s of single consumptions of all {} wallets, of which {} MiB may stay in memory",
        sizes.watched.as_secs(),
        sizes.wallets,
        sizes.wallets_bytes_max >> 20,
    );
    table(&samples).print(&title);
    Ok(())
}

async fn watch(
    ledger: &Embedded,
    counted: &AtomicU64,
    started: Instant,
    sizes: &Sizes,
) -> anyhow::Result<Vec<Sample>> {
    let sample = || {
        let consumed = counted.load(Ordering::Relaxed);
        anyhow::Ok(Sample { at: started.elapsed(), consumed, counts: Counts::of(ledger)? })
    };
    let mut samples = vec![sample()?];
    let mut next = sizes.sample_every;
    while next <= sizes.watched {
        tokio::time::sleep_until((started + next).into()).await;
        next += sizes.sample_every;
        let (before, after) = (samples.last().copied(), sample()?);
        if let Some(before) = before {
            tell(&format!("  {}", cells(before, after).join("  ")));
        }
        samples.push(after);
    }
    Ok(samples)
}

const COLUMNS: [&str; 8] = [
    "until second",
    "VmRSS MiB",
    "wallets",
    "their estimate MiB",
    "slices",
    "consumptions/s",
    "loaded/s",
    "dropped/s",
];

/// A sample, and the rates since another one.
fn cells(before: Sample, after: Sample) -> [String; COLUMNS.len()] {
    let rate = |before: u64, after: u64, from: Duration, until: Duration| {
        let count = u128::from(after.saturating_sub(before));
        (count * 1_000 / (until - from).as_millis().max(1)).to_string()
    };
    let each_second =
        |count: fn(&Sample) -> u64| rate(count(&before), count(&after), before.at, after.at);
    [
        after.at.as_secs().to_string(),
        mebibytes(after.counts.resident_bytes),
        after.counts.wallets.to_string(),
        mebibytes(after.counts.wallets_bytes),
        after.counts.slices.to_string(),
        each_second(|sample| sample.consumed),
        each_second(|sample| sample.counts.loaded),
        each_second(|sample| sample.counts.dropped),
    ]
}

/// The first sample under load, the one with most memory, the last one, and rates over all.
fn table(samples: &[Sample]) -> Table {
    let mut table = Table::new(&[&["sample"][..], &COLUMNS].concat());
    let pairs: Vec<_> = samples.windows(2).map(|pair| (pair[0], pair[1])).collect();
    let most = pairs.iter().max_by_key(|(_, after)| after.counts.resident_bytes).copied();
    let whole = samples.first().copied().zip(samples.last().copied());
    let shown = [
        ("first", pairs.first().copied()),
        ("most memory", most),
        ("last", pairs.last().copied()),
        ("rates over all", whole),
    ];
    for (name, pair) in shown {
        if let Some((before, after)) = pair {
            table.row([vec![name.to_owned()], cells(before, after).to_vec()].concat());
        }
    }
    table
}

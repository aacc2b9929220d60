//! How late what is due is written while nobody asks for anything, what it costs those who do, and
//! what an idle ledger takes.

mod idle;
mod orders;
mod watch;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::bail;
use scrip_core::{Credits, Event, Timestamp, WalletKey};
use scrip_ledger::embedded::{Embedded, Options};
use scrip_ledger::{Ledger as _, Subject, Work};
use tokio::task::JoinSet;

use super::orders::{Writer, wallet};
use super::{Sizes, filling, load};
use crate::figures::Figures;
use crate::output::{Table, milliseconds, tell};
use crate::workload::Among;
use orders::Kind;
use watch::{Watch, late, since};

/// Orders at one time, of those that make what is due.
const LANES: usize = 64;
/// Between two consumptions beside what is due in one instant.
const CONSUME_EVERY: Duration = Duration::from_millis(5);

/// Measures all of it.
pub async fn run(sizes: &Sizes, directory: &Path, run: u64) -> anyhow::Result<()> {
    let mut plan = Plan::of(sizes)?;
    idle::run(sizes, directory).await?;
    spread(sizes, directory, &mut plan).await?;
    at_once(sizes, directory, &mut plan, run).await
}

/// Where the wallets are when they become due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    InMemory,
    InRecords,
}

impl Found {
    const BOTH: [Self; 2] = [Self::InMemory, Self::InRecords];

    fn name(self) -> &'static str {
        match self {
            Self::InMemory => "in memory",
            Self::InRecords => "in records, after a stop",
        }
    }

    /// A ledger that knows what is due, with the wallets where they are to be.
    async fn open(
        self,
        directory: &Path,
        works: Vec<(u32, Vec<Work>)>,
    ) -> anyhow::Result<Arc<Embedded>> {
        let mut ledger = load::open(directory, Options::default())?;
        make(&ledger, works).await?;
        if self == Self::InRecords {
            ledger.close().await;
            drop(ledger);
            ledger = load::open(directory, Options::default())?;
        }
        Ok(ledger)
    }
}

/// Gives each wallet to one use; the wallet at the first place is for consumptions.
struct Plan {
    among: Among,
    next: u32,
}

impl Plan {
    fn of(sizes: &Sizes) -> anyhow::Result<Self> {
        let kinds = u32::try_from(Kind::ALL.len())?;
        let count = 1 + 2 * (kinds * sizes.due + sizes.due_at_once);
        if count > sizes.wallets {
            bail!("what is due needs {count} wallets");
        }
        Ok(Self { among: Among::of(count, sizes.wallets), next: 1 })
    }

    fn take(&mut self) -> u32 {
        self.next += 1;
        self.among.number(self.next - 1)
    }
}

/// Carries out the orders of each wallet in turn.
async fn make(ledger: &Arc<Embedded>, works: Vec<(u32, Vec<Work>)>) -> anyhow::Result<()> {
    let (mut tasks, mut works) = (JoinSet::new(), works.into_iter().peekable());
    while works.peek().is_some() || !tasks.is_empty() {
        if tasks.len() < LANES
            && let Some((number, works)) = works.next()
        {
            let ledger = Arc::clone(ledger);
            tasks.spawn(async move {
                for (work, which) in works.into_iter().zip(0..) {
                    let salt = 1 << 63 | u64::from(number) << 8 | which;
                    filling::execute(&ledger, work, salt).await?;
                }
                anyhow::Ok(())
            });
        } else if let Some(made) = tasks.join_next().await {
            made??;
        }
    }
    Ok(())
}

/// Work of every kind, spread over a while.
async fn spread(sizes: &Sizes, directory: &Path, plan: &mut Plan) -> anyhow::Result<()> {
    let mut table = Table::new(&[
        "kind",
        "wallets",
        "how many",
        "median ms late",
        "p99 ms late",
        "max ms late",
    ]);
    for found in Found::BOTH {
        let first = ahead(sizes)?;
        let (mut works, mut expected) = (Vec::new(), HashMap::new());
        let all = sizes.due as usize * Kind::ALL.len();
        let step = sizes.due_within / u32::try_from(all)?;
        for place in 0..all {
            // Kinds come due in turn.
            let kind = Kind::ALL[place % Kind::ALL.len()];
            let after = step * u32::try_from(place)?;
            let at = first.later(i64::try_from(after.as_millis())?);
            let number = plan.take();
            works.push((number, kind.works(number, sizes.grants, at)?));
            expected.insert(wallet(number)?, (kind, at));
        }
        let ledger = found.open(directory, works).await?;
        let mut times = wait_for_all(&ledger, directory, first, &expected).await?;
        for kind in Kind::ALL {
            let times = times.remove(&kind).unwrap_or_default();
            let count = times.len().to_string();
            let figures = Figures::of(times, 1, sizes.due_within);
            let shown = [figures.p50, figures.p99, figures.max].map(milliseconds);
            let names = [kind.name(), found.name()].map(str::to_owned);
            table.row(names.into_iter().chain([count]).chain(shown));
        }
        tell(&format!("  all was written, {}", found.name()));
        ledger.close().await;
    }
    let (within, wallets) = (sizes.due_within.as_secs(), sizes.wallets);
    table.print(&format!("What became due over {within} s in an idle ledger of {wallets} wallets"));
    Ok(())
}

/// Waits, and asks for nothing, until all is written that is due: how late each was.
async fn wait_for_all(
    ledger: &Embedded,
    directory: &Path,
    first: Timestamp,
    expected: &HashMap<WalletKey, (Kind, Timestamp)>,
) -> anyhow::Result<HashMap<Kind, Vec<Duration>>> {
    let last = expected.values().map(|(_, at)| *at).max().unwrap_or(Timestamp::NEVER);
    let told = expected.values().filter(|(kind, _)| kind.event().is_some()).count();
    let mut watch = Watch::begin(ledger, directory, first).await?;
    let mut times = HashMap::<Kind, Vec<Duration>>::new();
    let mut count = 0;
    // The last of the holds ends before the last of those that are told of.
    while count < told {
        watch.look(last).await?;
        let (seen, events) = watch.events().await?;
        for event in events {
            let Subject::Wallet { key, .. } = &event.subject else { continue };
            let Some((kind, at)) = expected.get(key) else { continue };
            if kind.event() == Some(event.subject.kind()) && event.at == *at {
                times.entry(*kind).or_default().push(late(seen, *at)?);
                count += 1;
            }
        }
    }
    watch.look(last).await?;
    for (seen, row) in watch.rows().await? {
        let Some((Kind::HoldTimeout, at)) = expected.get(&row.wallet) else { continue };
        if let Event::HoldExpired { .. } = row.row.event {
            times.entry(Kind::HoldTimeout).or_default().push(late(seen, *at)?);
            count += 1;
        }
    }
    if count != expected.len() {
        bail!("of {} that were due, {count} came", expected.len());
    }
    Ok(times)
}

/// Grants that end in one instant, and what a consumption of another wallet takes meanwhile.
async fn at_once(sizes: &Sizes, directory: &Path, plan: &mut Plan, run: u64) -> anyhow::Result<()> {
    let mut lateness =
        Table::new(&["wallets", "first ms late", "median ms late", "p99 ms late", "last ms late"]);
    let mut consumptions =
        Table::new(&["wallets", "consumptions", "how many", "p50 ms", "p99 ms", "max ms"]);
    for (found, run) in Found::BOTH.into_iter().zip(run..) {
        let at = ahead(sizes)?;
        let mut works = Vec::new();
        for _ in 0..sizes.due_at_once {
            let number = plan.take();
            works.push((number, vec![orders::ending(number, Credits::whole(1), at)?]));
        }
        let ledger = found.open(directory, works).await?;
        let mut watch = Watch::begin(&ledger, directory, at).await?;
        let consumer = Arc::new(Consumer::default());
        let consuming = tokio::spawn(Arc::clone(&consumer).run(Arc::clone(&ledger), run));
        let due = u64::from(sizes.due_at_once);
        while watch.look(at).await? < due + consumer.asked.load(Ordering::Acquire) {}
        consumer.is_done.store(true, Ordering::Release);
        let consumed = consuming.await??;
        let mut times = Vec::new();
        for (seen, row) in watch.rows().await? {
            if let Event::Expired(_) = row.row.event {
                times.push(late(seen, at)?);
            }
        }
        if times.len() as u64 != due {
            bail!("of {due} that were due, {} came", times.len());
        }
        let first = times.iter().min().copied().unwrap_or_default();
        let written = Figures::of(times, 1, CONSUME_EVERY);
        let shown = [first, written.p50, written.p99, written.max].map(milliseconds);
        lateness.row([found.name().to_owned()].into_iter().chain(shown));
        let (mut before, mut meanwhile) = (Vec::new(), Vec::new());
        for (asked, took) in consumed {
            match since(asked, at)? {
                None if since(asked + took, at)?.is_none() => before.push(took),
                Some(after) if after > written.max => {}
                _ => meanwhile.push(took),
            }
        }
        for (name, times) in [("before", before), ("meanwhile", meanwhile)] {
            let count = times.len().to_string();
            let figures = Figures::of(times, 1, CONSUME_EVERY);
            let shown = [figures.p50, figures.p99, figures.max].map(milliseconds);
            let names = [found.name(), name].map(str::to_owned);
            consumptions.row(names.into_iter().chain([count]).chain(shown));
        }
        ledger.close().await;
    }
    let (count, wallets) = (sizes.due_at_once, sizes.wallets);
    lateness.print(&format!("{count} grants that end in one instant, in a ledger of {wallets}"));
    consumptions.print("Single consumptions of another wallet by one caller beside that");
    Ok(())
}

fn ahead(sizes: &Sizes) -> anyhow::Result<Timestamp> {
    let at = watch::since_1970()? + sizes.due_ahead;
    Ok(Timestamp::from_milliseconds(i64::try_from(at.as_millis())?)?)
}

/// Consumes from one wallet, now and then.
#[derive(Default)]
struct Consumer {
    /// Consumptions that were asked for.
    asked: AtomicU64,
    is_done: AtomicBool,
}

impl Consumer {
    /// When each was asked for, since 1970, and how long it took.
    async fn run(
        self: Arc<Self>,
        ledger: Arc<Embedded>,
        run: u64,
    ) -> anyhow::Result<Vec<(Duration, Duration)>> {
        let mut writer = Writer::new(Among::of(1, 1), run, 0);
        let mut consumed = Vec::new();
        while !self.is_done.load(Ordering::Acquire) {
            let order = writer.order(1)?;
            self.asked.fetch_add(1, Ordering::AcqRel);
            let (at, asked) = (watch::since_1970()?, Instant::now());
            ledger.execute(order).await?;
            consumed.push((at, asked.elapsed()));
            tokio::time::sleep(CONSUME_EVERY).await;
        }
        Ok(consumed)
    }
}

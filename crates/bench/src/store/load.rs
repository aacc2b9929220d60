//! Callers in closed loops: each waits for its answer before it asks again.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::bail;
use scrip_ledger::embedded::{Embedded, Options};
use scrip_ledger::{Answer, Executed, Ledger as _};
use tokio::task::JoinSet;

use super::counts::Counts;
use super::orders::{self, Writer};
use crate::figures::Figures;
use crate::workload::Among;

/// Consumptions that callers ask for.
#[derive(Clone, Copy)]
pub struct Load {
    /// Callers, each with one order at a time.
    pub callers: u64,
    /// Consumptions of each order.
    pub items: usize,
    /// Wallets that are consumed from.
    pub among: Among,
    /// Tells the keys of this load from those of all others.
    pub run: u64,
}

impl Load {
    /// Goes on for a time, and keeps how long each order took.
    pub async fn measure(self, ledger: &Arc<Embedded>, time: Duration) -> anyhow::Result<Figures> {
        let mut tasks = JoinSet::new();
        let started = Instant::now();
        for caller in 0..self.callers {
            let ledger = Arc::clone(ledger);
            tasks.spawn(async move {
                let mut times = Vec::new();
                let answered = |took| {
                    times.push(took);
                    on_while(started.elapsed() < time)
                };
                self.call(&ledger, caller, answered).await?;
                anyhow::Ok(times)
            });
        }
        let mut times = Vec::new();
        while let Some(finished) = tasks.join_next().await {
            times.extend(finished??);
        }
        Ok(Figures::of(times, self.items, started.elapsed()))
    }

    /// Counts the consumptions, and goes on while their number allows it.
    pub async fn count(
        self,
        ledger: &Arc<Embedded>,
        counted: &Arc<AtomicU64>,
        goes_on: impl Fn(u64) -> bool + Clone + Send + Sync + 'static,
    ) -> anyhow::Result<()> {
        let mut tasks = JoinSet::new();
        for caller in 0..self.callers {
            let (ledger, counted) = (Arc::clone(ledger), Arc::clone(counted));
            let goes_on = goes_on.clone();
            tasks.spawn(async move {
                let items = self.items as u64;
                let answered =
                    |_| on_while(goes_on(counted.fetch_add(items, Ordering::Relaxed) + items));
                self.call(&ledger, caller, answered).await
            });
        }
        while let Some(finished) = tasks.join_next().await {
            finished??;
        }
        Ok(())
    }

    async fn call(
        self,
        ledger: &Embedded,
        caller: u64,
        mut answered: impl FnMut(Duration) -> ControlFlow<()>,
    ) -> anyhow::Result<()> {
        let mut writer = Writer::new(self.among, self.run, caller);
        loop {
            let order = writer.order(self.items)?;
            let asked = Instant::now();
            let executed = ledger.execute(order).await?;
            let took = asked.elapsed();
            match executed {
                Executed::Fresh(Answer::Consumed(_)) => {}
                Executed::Fresh(Answer::Batch(rejected)) if rejected.is_empty() => {}
                other => bail!("the answer is no consumption: {other:?}"),
            }
            if answered(took).is_break() {
                return Ok(());
            }
        }
    }
}

fn on_while(goes_on: bool) -> ControlFlow<()> {
    if goes_on { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
}

/// Opens the ledger of a part.
pub fn open(directory: &Path, options: Options) -> anyhow::Result<Arc<Embedded>> {
    Ok(Embedded::open(directory, options, |_, _| {})?)
}

/// Waits until all that is written behind is written, and all usage added up.
pub fn settle(ledger: &Embedded) -> anyhow::Result<()> {
    loop {
        ledger.write_behind();
        if Counts::of(ledger)?.usage_lag_rows == 0 {
            return Ok(());
        }
    }
}

/// Asks for each of these wallets once, so that it is in memory.
pub async fn warm(ledger: &Arc<Embedded>, among: Among) -> anyhow::Result<()> {
    const LANES: usize = 64;
    let mut tasks = JoinSet::new();
    for lane in 0..LANES as u32 {
        let ledger = Arc::clone(ledger);
        tasks.spawn(async move {
            for place in (lane..among.count()).step_by(LANES) {
                let wallet = orders::wallet(among.number(place))?;
                if ledger.balance(&wallet).await?.is_none() {
                    bail!("a wallet of the load has no rows: {wallet:?}");
                }
            }
            Ok(())
        });
    }
    while let Some(finished) = tasks.join_next().await {
        finished??;
    }
    Ok(())
}

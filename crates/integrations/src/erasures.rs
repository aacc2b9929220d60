//! Finishes erasures of customers that nobody finished who began them: whoever asked was a process that
//! ended, or could not reach the store.

use std::sync::Arc;
use std::time::{Duration, Instant};

use scrip_core::Timestamp;
use scrip_ledger::{Ledger, LedgerError, SYSTEM, all_environments, finish_erasures};
use tokio::sync::watch;

use crate::background::Background;
use crate::milliseconds;

/// When they are looked for.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How often.
    pub look_every: Duration,
    /// How long whoever began one is left to finish it, once this process runs.
    pub left_for: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { look_every: Duration::from_secs(30), left_for: Duration::from_secs(10 * 60) }
    }
}

/// Finishes erasures, until it is stopped.
pub struct Finisher(Background);

impl Finisher {
    /// Begins. Needs a runtime.
    #[must_use]
    pub fn start(ledger: Arc<dyn Ledger>, options: Options) -> Self {
        Self(Background::start(|stopped| run(ledger, options, stopped)))
    }

    /// Begins nothing more, and waits for what is under way, but no longer than this: the rest is for the
    /// next start.
    pub async fn stop(self, within: Duration) {
        self.0.stop(within).await;
    }
}

async fn run(ledger: Arc<dyn Ledger>, options: Options, mut stopped: watch::Receiver<bool>) {
    let (started, began) = (ledger.now(SYSTEM), Instant::now());
    while !*stopped.borrow() {
        // What was under way when this process began has nobody any more, unless another node has it.
        let left = milliseconds(began.elapsed()).saturating_sub(milliseconds(options.left_for));
        let begun_before = started.later(left.max(0));
        match look(ledger.as_ref(), begun_before).await {
            Ok(()) => {}
            Err(LedgerError::Closed) => return,
            Err(error) => tracing::error!(%error, "an erasure cannot be finished at present"),
        }
        tokio::select! {
            () = tokio::time::sleep(options.look_every) => {}
            _ = stopped.changed() => {}
        }
    }
}

async fn look(ledger: &dyn Ledger, begun_before: Timestamp) -> Result<(), LedgerError> {
    if !ledger.tells_the_world().await? {
        return Ok(());
    }
    for environment in all_environments(ledger).await? {
        let finished = finish_erasures(ledger, environment.number, begun_before).await?;
        if finished > 0 {
            tracing::info!(finished, "erasures that were left were finished");
        }
    }
    Ok(())
}

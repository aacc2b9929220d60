//! Forgets events that everybody was told of, and deliveries, when they are old.

use std::time::{Duration, Instant};

use scrip_core::EnvironmentId;
use scrip_ledger::{LedgerError, WebhookDelivery};

use super::keeper::Keeper;

/// Deliveries that are looked at in one step.
const STEP: usize = 100;

/// What is forgotten when.
pub(super) struct Retention {
    kept_milliseconds: i64,
    every: Duration,
    looked_at: Option<Instant>,
}

impl Retention {
    pub(super) fn new(kept: Duration, every: Duration) -> Self {
        let kept_milliseconds = i64::try_from(kept.as_millis()).unwrap_or(i64::MAX);
        Self { kept_milliseconds, every, looked_at: None }
    }

    /// Takes one step, if it is time for one. `told` is the position up to which every endpoint was
    /// told that is told of anything; none if there is no such endpoint.
    pub(super) async fn step(
        &mut self,
        keeper: &Keeper,
        environments: &[EnvironmentId],
        told: Option<u64>,
    ) -> Result<(), LedgerError> {
        if self.looked_at.is_some_and(|at| at.elapsed() < self.every) {
            return Ok(());
        }
        let mut is_more = self.forget_events(keeper, environments, told).await?;
        for environment in environments {
            is_more |= self.forget_deliveries(keeper, *environment).await?;
        }
        // What is left goes with the next rounds, a step with each.
        self.looked_at = (!is_more).then(Instant::now);
        Ok(())
    }

    async fn forget_events(
        &self,
        keeper: &Keeper,
        environments: &[EnvironmentId],
        told: Option<u64>,
    ) -> Result<bool, LedgerError> {
        let mut newest = 0;
        for environment in environments {
            newest = newest.max(keeper.newest_event(*environment).await?);
        }
        let known = keeper.event_marks().await?;
        let mut marks = known.clone();
        let now = keeper.now();
        marks.mark(now, newest);
        marks.forget(now, self.kept_milliseconds, told.unwrap_or(u64::MAX));
        if marks != known {
            // Before they go: whoever reads on behind one that went is told so.
            keeper.keep_event_marks(&marks).await?;
        }
        if marks.forgotten_up_to == 0 {
            return Ok(false);
        }
        Ok(keeper.forget_events(marks.forgotten_up_to).await? > 0)
    }

    /// Removes some of the oldest deliveries. What is still pending then is of an endpoint that is told
    /// of nothing, and its event goes too.
    async fn forget_deliveries(
        &self,
        keeper: &Keeper,
        environment: EnvironmentId,
    ) -> Result<bool, LedgerError> {
        let before = keeper.now().milliseconds().saturating_sub(self.kept_milliseconds);
        let oldest = keeper.oldest_deliveries(environment, STEP).await?;
        let old: Vec<String> = oldest
            .iter()
            .filter(|delivery| delivery.queued_at_milliseconds <= before)
            .map(|it| WebhookDelivery::record_id(&it.endpoint_id, &it.message_id))
            .collect();
        if old.is_empty() {
            return Ok(false);
        }
        keeper.forget_deliveries(environment, old).await?;
        Ok(true)
    }
}

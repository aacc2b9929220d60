//! Looks for what is to be done: what another process left, what is to be asked again, what waits.

use std::sync::Arc;
use std::time::Instant;

use scrip_ledger::{LedgerError, Pace};
use tokio::sync::mpsc;

use super::{Place, Shared};

/// Looks for what is to be done, and hands it over as fast as it is taken.
pub(super) struct Scout {
    shared: Arc<Shared>,
    found: mpsc::Sender<Place>,
    /// When it was last looked for what is to be done later.
    looked_later: Option<Instant>,
    /// Nothing was looked for yet: what nobody has tried was left by whoever ended before.
    is_first: bool,
}

impl Scout {
    pub(super) fn new(shared: Arc<Shared>, found: mpsc::Sender<Place>) -> Self {
        Self { shared, found, looked_later: None, is_first: true }
    }

    pub(super) async fn run(mut self) {
        let mut was_told_why = false;
        while !self.found.is_closed() {
            match self.look().await {
                Ok(()) => was_told_why = false,
                Err(LedgerError::Closed) => return,
                Err(error) if was_told_why => tracing::debug!(%error, "looking for payments"),
                Err(error) => {
                    tracing::warn!(%error, "payments wait: the ledger does not answer");
                    was_told_why = true;
                }
            }
            tokio::time::sleep(self.shared.options.look_every).await;
        }
    }

    async fn look(&mut self) -> Result<(), LedgerError> {
        let every = self.shared.options.look_later_every;
        let is_later_due = self.looked_later.is_none_or(|looked| looked.elapsed() >= every);
        for environment in self.shared.keeper.environments().await? {
            let mut todos = self.shared.keeper.todos(environment, Pace::Soon).await?;
            if is_later_due {
                todos.extend(self.shared.keeper.todos(environment, Pace::Later).await?);
            }
            let now = self.shared.keeper.now();
            for (invoice, todo) in todos {
                let is_left = self.is_first && todo.tries == 0;
                if is_left || todo.is_due(now) {
                    self.hand_over((environment, invoice)).await;
                }
            }
        }
        self.is_first = false;
        if is_later_due {
            self.looked_later = Some(Instant::now());
        }
        Ok(())
    }

    /// Waits until it is taken; if nobody takes anything any more, it ends soon.
    async fn hand_over(&self, place: Place) {
        let _ = self.found.send(place).await;
    }
}

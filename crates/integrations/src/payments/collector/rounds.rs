//! Has each invoice looked after by one errand at a time.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{self, JoinError, JoinSet};

use super::errand::{Ended, Errand};
use super::scout::Scout;
use super::{Place, Shared};

/// Invoices that are looked after at a time; of what was found, more waits.
const ERRANDS_MAX: usize = 1_000;

/// How long an invoice rests of which the ledger did not take what was said.
const REST: Duration = Duration::from_secs(60);

/// Somebody asks for an invoice to be looked after now, and may wait for what comes of it.
pub(super) struct Asked {
    pub place: Place,
    pub waiter: oneshot::Sender<()>,
}

/// An invoice that is being looked after.
struct Errands {
    /// Who is woken when something came of it, by being dropped.
    waiters: Vec<oneshot::Sender<()>>,
    /// Somebody asked for it since it was begun.
    is_asked_again: bool,
}

/// Who looks after what.
pub(super) struct Rounds {
    shared: Arc<Shared>,
    requests: mpsc::Receiver<Asked>,
    busy: HashMap<Place, Errands>,
    errands: HashMap<task::Id, Place>,
    /// Until when nobody looks after these by himself.
    resting: HashMap<Place, Instant>,
    stopped: watch::Receiver<bool>,
}

impl Rounds {
    pub(super) fn new(
        shared: Arc<Shared>,
        requests: mpsc::Receiver<Asked>,
        stopped: watch::Receiver<bool>,
    ) -> Self {
        let (busy, errands, resting) = (HashMap::new(), HashMap::new(), HashMap::new());
        Self { shared, requests, busy, errands, resting, stopped }
    }

    pub(super) async fn run(mut self) {
        // Dropped with this future, they end.
        let (mut running, mut scouting) = (JoinSet::new(), JoinSet::new());
        let (found, mut finds) = mpsc::channel(1);
        if self.shared.options.collects {
            scouting.spawn(Scout::new(Arc::clone(&self.shared), found).run());
        }
        loop {
            tokio::select! {
                _ = self.stopped.changed() => break,
                Some(asked) = self.requests.recv() => self.begin(asked, &mut running),
                Some(place) = finds.recv(), if self.busy.len() < ERRANDS_MAX => {
                    if !self.busy.contains_key(&place) && !self.rests(&place) {
                        self.spawn(place, false, &mut running);
                    }
                }
                Some(ended) = running.join_next_with_id() => self.end(ended, &mut running),
            }
        }
        scouting.shutdown().await;
        while running.join_next().await.is_some() {}
    }

    fn rests(&mut self, place: &Place) -> bool {
        let now = Instant::now();
        self.resting.retain(|_, until| *until > now);
        self.resting.contains_key(place)
    }

    fn begin(&mut self, asked: Asked, running: &mut JoinSet<Ended>) {
        let Asked { place, waiter } = asked;
        if let Some(errands) = self.busy.get_mut(&place) {
            errands.waiters.push(waiter);
            errands.is_asked_again = true;
            return;
        }
        self.spawn(place, true, running).waiters.push(waiter);
    }

    fn spawn(
        &mut self,
        place: Place,
        is_first: bool,
        running: &mut JoinSet<Ended>,
    ) -> &mut Errands {
        let (shared, stopped) = (Arc::clone(&self.shared), self.stopped.clone());
        let errand = Errand { shared, place, is_first, stopped };
        let id = running.spawn(errand.run()).id();
        self.errands.insert(id, place);
        let new = || Errands { waiters: Vec::new(), is_asked_again: false };
        let errands = self.busy.entry(place).or_insert_with(new);
        errands.is_asked_again = false;
        errands
    }

    fn end(&mut self, ended: Result<(task::Id, Ended), JoinError>, running: &mut JoinSet<Ended>) {
        let id = ended.map_or_else(
            |error| {
                tracing::error!(%error, "looking after a payment broke off");
                error.id()
            },
            |(id, ended)| {
                if ended.is_unwritten {
                    self.resting.insert(ended.place, Instant::now() + REST);
                }
                id
            },
        );
        let Some(place) = self.errands.remove(&id) else { return };
        if self.busy.get(&place).is_some_and(|errands| errands.is_asked_again) {
            self.spawn(place, false, running);
        } else {
            self.busy.remove(&place);
        }
    }
}

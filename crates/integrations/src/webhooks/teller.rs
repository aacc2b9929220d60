//! Who delivers: looks for endpoints and for what is new, and gives each endpoint a task.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use scrip_core::{EnvironmentId, Timestamp};
use scrip_ledger::{EventView, Ledger, LedgerError, WebhookEndpoint, WebhookStatus};
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::{self, JoinSet};

use super::addresses::Addresses;
use super::endpoint::Told;
use super::figures::Figures;
use super::keeper::Keeper;
use super::retention::Retention;
use super::schedule::Schedule;
use super::sender::Sender;
use crate::background::Background;

/// Requests for deliveries that wait for an endpoint's task; more are found again at the next round.
const REQUESTS_MAX: usize = 100;

/// It is looked for what is old once in so many times that it is looked for what is new.
const FORGET_EVERY: u32 = 120;

/// An event as its receivers see it.
#[derive(Clone, Debug)]
pub struct Payload {
    /// Its name: the same whenever it is sent.
    pub message_id: String,
    /// The body of the request.
    pub body: Bytes,
}

/// How events are written for their receivers.
pub trait Payloads: Send + Sync + 'static {
    /// An event, with the names of now.
    fn of_event(&self, view: &EventView) -> Payload;
    /// An event about nothing, which somebody asked for.
    fn of_test(&self, message_id: &str, at: Timestamp) -> Bytes;
}

/// How deliveries are made.
#[derive(Clone, Debug)]
pub struct Options {
    /// Who may be told.
    pub addresses: Arc<Addresses>,
    /// When what was not taken is sent again.
    pub schedule: Schedule,
    /// How long a request may take as a whole.
    pub within: Duration,
    /// An endpoint that took nothing for so long is disabled.
    pub disable_after: Duration,
    /// How long events and deliveries are kept.
    pub kept: Duration,
    /// How often it is looked for what is new.
    pub look_every: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            addresses: Arc::default(),
            schedule: Schedule::default(),
            within: Duration::from_secs(30),
            disable_after: Duration::from_secs(5 * 24 * 60 * 60),
            kept: Duration::from_secs(90 * 24 * 60 * 60),
            look_every: Duration::from_millis(500),
        }
    }
}

/// What all tasks share.
pub(super) struct Shared {
    pub keeper: Keeper,
    pub payloads: Arc<dyn Payloads>,
    pub sender: Sender,
    pub figures: Arc<Figures>,
    pub options: Options,
}

/// Delivers until it is stopped.
pub struct Teller {
    figures: Arc<Figures>,
    background: Background,
}

impl Teller {
    /// Begins to deliver the events of a store, if and as long as it is this node's turn. Needs a
    /// runtime. Fails if TLS cannot be set up.
    pub fn start(
        ledger: Arc<dyn Ledger>,
        payloads: Arc<dyn Payloads>,
        options: Options,
    ) -> Result<Self, String> {
        let sender = Sender::new(Arc::clone(&options.addresses), options.within)?;
        let keeper = Keeper::new(ledger);
        let figures = Arc::new(Figures::default());
        let counted = Arc::clone(&figures);
        let shared = Arc::new(Shared { keeper, payloads, sender, figures: counted, options });
        let rounds = Rounds {
            retention: Retention::new(
                shared.options.kept,
                shared.options.look_every * FORGET_EVERY,
            ),
            shared,
            tasks: BTreeMap::new(),
            ending: HashMap::new(),
            newest: BTreeMap::new(),
        };
        Ok(Self { figures, background: Background::start(|stopped| rounds.run(stopped)) })
    }

    /// What it counts about itself.
    #[must_use]
    pub fn figures(&self) -> Arc<Figures> {
        Arc::clone(&self.figures)
    }

    /// Begins no further request, and waits for those that are under way and for what became of them,
    /// but no longer than this: what is not known then is sent again some day.
    pub async fn stop(self, within: Duration) {
        if !self.background.stop(within).await {
            tracing::warn!("some webhook deliveries were cut: they did not end in time");
        }
    }
}

type Place = (EnvironmentId, String);

/// An endpoint's task, as its owner sees it. Dropped, it ends the task after what that has begun.
struct Task {
    id: task::Id,
    _owner: watch::Sender<()>,
    requests: mpsc::Sender<String>,
    wake: Arc<Notify>,
    /// The position up to which it is kept that the endpoint was told; 0 until that is known.
    told_up_to: Arc<AtomicU64>,
}

struct Rounds {
    shared: Arc<Shared>,
    retention: Retention,
    tasks: BTreeMap<Place, Task>,
    /// Tasks that end: an endpoint has one at a time.
    ending: HashMap<task::Id, Place>,
    /// The newest events that were seen.
    newest: BTreeMap<EnvironmentId, u64>,
}

impl Rounds {
    async fn run(mut self, mut stopped: watch::Receiver<bool>) {
        // Dropped with this future, it ends the tasks.
        let mut running = JoinSet::new();
        let mut was_told_why = false;
        while !*stopped.borrow() {
            match self.look(&mut running).await {
                Ok(()) => was_told_why = false,
                Err(LedgerError::Closed) => break,
                Err(error) if was_told_why => tracing::debug!(%error, "looking for webhooks"),
                Err(error) => {
                    tracing::warn!(%error, "webhooks wait: the ledger does not answer");
                    was_told_why = true;
                }
            }
            while let Some(ended) = running.try_join_next_with_id() {
                let id = ended.map_or_else(
                    |error| {
                        tracing::error!(%error, "a webhook endpoint's task broke off");
                        error.id()
                    },
                    |(id, ())| id,
                );
                self.ending.remove(&id);
                self.tasks.retain(|_, task| task.id != id);
            }
            let pause = tokio::time::sleep(self.shared.options.look_every);
            tokio::select! {
                () = pause => {}
                _ = stopped.changed() => {}
            }
        }
        self.tasks.clear();
        while running.join_next().await.is_some() {}
    }

    async fn look(&mut self, running: &mut JoinSet<()>) -> Result<(), LedgerError> {
        if !self.shared.keeper.is_ours().await? {
            self.end_all_but(&BTreeSet::new());
            return Ok(());
        }
        let environments = self.shared.keeper.environments().await?;
        let (mut live, mut told, mut told_in) = (BTreeSet::new(), None, Vec::new());
        for environment in &environments {
            let endpoints = self.shared.keeper.endpoints(*environment).await?;
            let is_told = |it: &(String, WebhookEndpoint)| it.1.status == WebhookStatus::Enabled;
            let endpoints: Vec<_> = endpoints.into_iter().filter(is_told).collect();
            if !endpoints.is_empty() {
                told_in.push(*environment);
            }
            for (id, endpoint) in endpoints {
                let place = (*environment, id);
                let position = self.tell(place.clone(), endpoint, running);
                told = Some(told.map_or(position, |least: u64| least.min(position)));
                live.insert(place);
            }
        }
        self.end_all_but(&live);
        for environment in told_in {
            self.pass_on(environment).await?;
        }
        let count = u64::try_from(self.tasks.len()).unwrap_or(u64::MAX);
        self.shared.figures.endpoints.set(count);
        self.retention.step(&self.shared.keeper, &environments, told).await
    }

    /// Ends the tasks of all other endpoints.
    fn end_all_but(&mut self, live: &BTreeSet<Place>) {
        let over: Vec<_> =
            self.tasks.keys().filter(|place| !live.contains(place)).cloned().collect();
        for place in over {
            if let Some(task) = self.tasks.remove(&place) {
                self.ending.insert(task.id, place);
            }
        }
    }

    /// Gives an endpoint a task, if it has none. The position up to which it was told of everything, as
    /// far as is known here.
    fn tell(&mut self, place: Place, endpoint: WebhookEndpoint, running: &mut JoinSet<()>) -> u64 {
        if let Some(task) = self.tasks.get(&place) {
            return task.told_up_to.load(Ordering::Relaxed);
        }
        if self.ending.values().any(|ending| *ending == place) {
            return 0;
        }
        let (owner, owned) = watch::channel(());
        let (requests, requests_of_task) = mpsc::channel(REQUESTS_MAX);
        let wake = Arc::new(Notify::new());
        let told_up_to = Arc::new(AtomicU64::new(0));
        let told = Told::new(
            Arc::clone(&self.shared),
            place.clone(),
            (endpoint, owned),
            requests_of_task,
            (Arc::clone(&wake), Arc::clone(&told_up_to)),
        );
        let id = running.spawn(told.run()).id();
        self.tasks.insert(place, Task { id, _owner: owner, requests, wake, told_up_to });
        0
    }

    /// Tells the tasks of an environment that there is something new, and what was asked for.
    async fn pass_on(&mut self, environment: EnvironmentId) -> Result<(), LedgerError> {
        let newest = self.shared.keeper.newest_event(environment).await?;
        if self.newest.insert(environment, newest) != Some(newest) {
            for (place, task) in &self.tasks {
                if place.0 == environment {
                    task.wake.notify_one();
                }
            }
        }
        for delivery in self.shared.keeper.requested(environment).await? {
            if let Some(task) = self.tasks.get(&(environment, delivery.endpoint_id)) {
                // A task that has too many finds the rest when it is told of them again.
                let _ = task.requests.try_send(delivery.message_id);
            }
        }
        Ok(())
    }
}

//! The task of one endpoint: sends it one event after the other.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use scrip_core::{EnvironmentId, Timestamp};
use scrip_ledger::{
    Attempt, EventView, LedgerError, NewRecord, WebhookDelivery, WebhookEndpoint, WebhookProgress,
    WebhookStatus, WebhookStop,
};
use tokio::sync::{Notify, mpsc, watch};

use super::health::Health;
use super::milliseconds;
use super::sender::{Message, Sent};
use super::teller::Shared;

/// What is kept to be sent again; beyond that nothing new is sent.
const PENDING_MAX: usize = 1_000;
/// Events that are read at a time.
const EVENTS: usize = 50;
/// Events that are none of the endpoint's affair, after which it is kept how far it is.
const SKIPPED_MAX: u64 = 1_000;
/// How long it rests when there is nothing to do, if nobody wakes it.
const REST: Duration = Duration::from_secs(30);
/// How long it waits when the ledger does not answer.
const LEDGER_PAUSE: Duration = Duration::from_secs(1);

/// An endpoint that is told of events.
pub(super) struct Told {
    shared: Arc<Shared>,
    environment: EnvironmentId,
    id: String,
    /// As it was when it was looked at last.
    endpoint: WebhookEndpoint,
    owner: watch::Receiver<()>,
    requests: mpsc::Receiver<String>,
    wake: Arc<Notify>,
    /// What of this others may know: how far of it is kept.
    told_up_to: Arc<AtomicU64>,
    /// How far it was told, and how far of that is kept.
    progress: WebhookProgress,
    kept: u64,
    /// What is to be sent again, by the names of the messages.
    pending: BTreeMap<String, Pending>,
    /// What was read and is not sent yet.
    events: VecDeque<EventView>,
    health: Health,
    is_over: bool,
}

/// Something that is to be sent again.
struct Pending {
    /// When, in milliseconds of real time.
    at: i64,
    /// Of its event, where that is known.
    position: Option<u64>,
}

impl Pending {
    /// As soon as can be.
    const AT_ONCE: Self = Self { at: 0, position: None };
}

/// What is to be done next.
enum Next {
    /// Something may be left.
    GoOn,
    /// Nothing before this instant of real time, unless somebody says so.
    RestUntil(Option<i64>),
}

impl Drop for Told {
    fn drop(&mut self) {
        let count = u64::try_from(self.pending.len()).unwrap_or(0);
        self.shared.figures.pending.subtract(count);
    }
}

impl Told {
    pub(super) fn new(
        shared: Arc<Shared>,
        (environment, id): (EnvironmentId, String),
        (endpoint, owner): (WebhookEndpoint, watch::Receiver<()>),
        requests: mpsc::Receiver<String>,
        (wake, told_up_to): (Arc<Notify>, Arc<AtomicU64>),
    ) -> Self {
        let position = endpoint.starts_after;
        Self {
            shared,
            environment,
            id,
            endpoint,
            owner,
            requests,
            wake,
            told_up_to,
            progress: WebhookProgress { position, failing_since_milliseconds: None },
            kept: position,
            pending: BTreeMap::new(),
            events: VecDeque::new(),
            health: Health::default(),
            is_over: false,
        }
    }

    /// Sends until nobody owns the task any more, or the endpoint is disabled.
    pub(super) async fn run(mut self) {
        self.tell().await;
        // What was none of its affair is not looked at again by whoever goes on.
        if self.progress.position > self.kept {
            let _ = self.keep(Vec::new()).await;
        }
    }

    async fn tell(&mut self) {
        let mut is_known = false;
        while !self.is_over && self.is_owned() {
            let next = match is_known {
                true => self.step().await,
                false => self.learn().await.map(|()| Next::GoOn),
            };
            match next {
                Ok(Next::GoOn) => is_known = true,
                Ok(Next::RestUntil(until)) => self.rest(until).await,
                Err(LedgerError::Closed) => return,
                Err(error) => {
                    tracing::warn!(%error, endpoint = self.id, "webhook deliveries wait");
                    tokio::time::sleep(LEDGER_PAUSE).await;
                }
            }
        }
    }

    fn is_owned(&self) -> bool {
        self.owner.has_changed().is_ok()
    }

    fn now(&self) -> Timestamp {
        self.shared.keeper.now()
    }

    /// Reads how far the endpoint was told and what it has to be sent again.
    async fn learn(&mut self) -> Result<(), LedgerError> {
        let keeper = &self.shared.keeper;
        if let Some(progress) = keeper.progress(self.environment, &self.id).await? {
            self.progress = progress;
            self.kept = progress.position;
        }
        let pending = keeper.pending(self.environment, &self.id, PENDING_MAX).await?;
        let read = |delivery: WebhookDelivery| {
            let at = delivery.next_attempt_at_milliseconds.unwrap_or(0);
            (delivery.message_id, Pending { at, position: delivery.position })
        };
        for (message_id, pending) in pending.into_iter().map(read) {
            self.send_later(message_id, pending);
        }
        self.tell_how_far();
        Ok(())
    }

    fn send_later(&mut self, message_id: String, pending: Pending) {
        if self.pending.insert(message_id, pending).is_none() {
            self.shared.figures.pending.add(1);
        }
    }

    fn forget(&mut self, message_id: &str) {
        if self.pending.remove(message_id).is_some() {
            self.shared.figures.pending.subtract(1);
        }
    }

    /// Says which events are of no use to the endpoint any more.
    fn tell_how_far(&self) {
        let first = self.pending.values().filter_map(|pending| pending.position).min();
        let before = first.map_or(u64::MAX, |position| position.saturating_sub(1));
        self.told_up_to.store(self.kept.min(before), Ordering::Relaxed);
    }

    async fn step(&mut self) -> Result<Next, LedgerError> {
        while let Ok(message_id) = self.requests.try_recv() {
            self.send_later(message_id, Pending::AT_ONCE);
        }
        let now = self.now().milliseconds();
        let first = self.pending.iter().min_by_key(|(_, pending)| pending.at);
        let first = first.map(|(id, pending)| (id.clone(), pending.at));
        if let Some((message_id, at)) = &first
            && *at <= now
        {
            self.send_again(message_id).await?;
            return Ok(Next::GoOn);
        }
        let again_at = first.map(|(_, at)| at);
        // With nothing left to be tried again, what is new is the trial.
        let trial_at = self.health.next_trial().filter(|_| !self.pending.is_empty());
        if let Some(trial_at) = trial_at.filter(|at| *at > now) {
            return Ok(Next::RestUntil(Some(again_at.map_or(trial_at, |at| at.min(trial_at)))));
        }
        if self.pending.len() < PENDING_MAX && self.send_new().await? {
            return Ok(Next::GoOn);
        }
        Ok(Next::RestUntil(again_at))
    }

    /// Waits for whatever comes first. Clocks may be set meanwhile: nobody waits for long.
    async fn rest(&mut self, until: Option<i64>) {
        let left = |at: i64| {
            let left = at.saturating_sub(self.now().milliseconds()).max(0);
            Duration::from_millis(left.unsigned_abs()).min(self.shared.options.look_every)
        };
        let pause = until.map_or(REST, left);
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = self.wake.notified() => {}
            _ = self.owner.changed() => {}
            requested = self.requests.recv() => {
                if let Some(message_id) = requested {
                    self.send_later(message_id, Pending::AT_ONCE);
                }
            }
        }
    }

    /// Sends the next event, if there is one; whether there was anything to do.
    async fn send_new(&mut self) -> Result<bool, LedgerError> {
        if self.events.is_empty() {
            let (environment, position) = (self.environment, self.progress.position);
            let found = self.shared.keeper.events_after(environment, position, EVENTS).await?;
            // Whatever it wants to be told of later concerns none of these.
            if !found.is_empty() && !self.look_at_endpoint().await? {
                return Ok(true);
            }
            self.events = found.into();
        }
        let Some(view) = self.events.front() else {
            // What was none of its affair is not looked at again by whoever goes on.
            if self.progress.position > self.kept {
                self.keep(Vec::new()).await?;
            }
            return Ok(false);
        };
        let event_type = view.event.subject.kind().as_str();
        let position = view.event.position;
        if !self.endpoint.is_told_of(event_type, position) {
            self.events.pop_front();
            self.progress.position = position;
            if position.saturating_sub(self.kept) >= SKIPPED_MAX {
                self.keep(Vec::new()).await?;
            }
            return Ok(true);
        }
        let payload = self.shared.payloads.of_event(view);
        if !self.look_at_endpoint().await? {
            return Ok(true);
        }
        self.events.pop_front();
        self.progress.position = position;
        let now = self.now().milliseconds();
        self.health.begin_trial(now);
        let mut delivery = WebhookDelivery::new(&self.id, payload.message_id, event_type, now);
        delivery.position = Some(position);
        let outcome = self.attempt(&mut delivery, payload.body).await;
        self.finish(delivery, outcome).await?;
        Ok(true)
    }

    /// Reads how the endpoint is now: what was answered to its owner holds for the next request.
    /// Whether it is still to be told.
    async fn look_at_endpoint(&mut self) -> Result<bool, LedgerError> {
        match self.shared.keeper.endpoint(self.environment, &self.id).await? {
            Some(endpoint) if endpoint.status == WebhookStatus::Enabled => self.endpoint = endpoint,
            _ => self.is_over = true,
        }
        Ok(!self.is_over)
    }

    /// Sends what was sent before, or what somebody asked for.
    async fn send_again(&mut self, message_id: &str) -> Result<(), LedgerError> {
        let keeper = &self.shared.keeper;
        let found = keeper.delivery(self.environment, &self.id, message_id).await?;
        let is_pending = |it: &WebhookDelivery| it.next_attempt_at_milliseconds.is_some();
        let Some(mut delivery) = found.filter(is_pending) else {
            self.forget(message_id);
            return Ok(());
        };
        let body = match delivery.position {
            None => {
                let at = Timestamp::from_milliseconds(delivery.queued_at_milliseconds);
                let at = at.unwrap_or_else(|_| self.now());
                Some(self.shared.payloads.of_test(message_id, at))
            }
            Some(position) => {
                let view = keeper.event_at(self.environment, position).await?;
                view.map(|view| self.shared.payloads.of_event(&view).body)
            }
        };
        if !self.look_at_endpoint().await? {
            return Ok(());
        }
        self.forget(message_id);
        let outcome = match body {
            Some(body) => self.attempt(&mut delivery, body).await,
            None => self.give_up(&mut delivery),
        };
        self.finish(delivery, outcome).await
    }

    /// An event that is not kept any more cannot be sent.
    fn give_up(&self, delivery: &mut WebhookDelivery) -> Option<WebhookStop> {
        let attempt = Attempt {
            at_milliseconds: self.now().milliseconds(),
            duration_milliseconds: 0,
            status_code: None,
            response: None,
            error: Some("the event is not kept any more".to_owned()),
        };
        delivery.tried(attempt, None);
        None
    }

    /// Sends a delivery and notes what became of it; why the endpoint is to be told nothing any
    /// more, if it is.
    async fn attempt(
        &mut self,
        delivery: &mut WebhookDelivery,
        body: Bytes,
    ) -> Option<WebhookStop> {
        let (begin, at) = (Instant::now(), self.now());
        let message = Message { id: &delivery.message_id, body };
        let sent = self.shared.sender.send(&self.endpoint, message, at).await;
        let took = milliseconds(begin.elapsed());
        let Sent { status_code, response, error, retry_after, is_gone } = sent;
        self.shared.figures.attempts.increment();
        if let Some(error) = &error {
            let (endpoint, message) = (&self.id, &delivery.message_id);
            tracing::info!(endpoint, message, error, "a webhook delivery was not taken");
            self.shared.figures.attempts_failed.increment();
        }
        let is_taken = error.is_none();
        let at_milliseconds = at.milliseconds();
        let attempt =
            Attempt { at_milliseconds, duration_milliseconds: took, status_code, response, error };
        let is_test = delivery.position.is_none();
        let tries = delivery.tries.saturating_add(1);
        let pause = self.shared.options.schedule.pause_after(tries, retry_after);
        // A test is for whoever waits for its outcome.
        let pause = pause.filter(|_| !is_test);
        let now = self.now().milliseconds();
        delivery.tried(attempt, pause.map(|pause| now.saturating_add(milliseconds(pause))));
        match (is_test, is_taken) {
            // It says nothing of how events are taken.
            (true, _) => None,
            (false, true) => {
                self.health.taken();
                self.progress.failing_since_milliseconds = None;
                None
            }
            (false, false) if is_gone => Some(WebhookStop::Gone),
            (false, false) => {
                self.is_hopeless(at_milliseconds, now).then_some(WebhookStop::Failing)
            }
        }
    }

    /// Counts a failure; whether there were enough of them for long enough.
    fn is_hopeless(&mut self, failed_at: i64, now: i64) -> bool {
        self.health.failed(now);
        let since = *self.progress.failing_since_milliseconds.get_or_insert(failed_at);
        let disable_after = milliseconds(self.shared.options.disable_after);
        self.health.is_bad() && now.saturating_sub(since) >= disable_after
    }

    /// Keeps what became of a delivery, and what follows for its endpoint.
    async fn finish(
        &mut self,
        delivery: WebhookDelivery,
        stop: Option<WebhookStop>,
    ) -> Result<(), LedgerError> {
        if let Some(at) = delivery.next_attempt_at_milliseconds {
            let position = delivery.position;
            self.send_later(delivery.message_id.clone(), Pending { at, position });
        }
        if stop.is_some() {
            // Enabled again, it has all the time again.
            self.progress.failing_since_milliseconds = None;
        }
        // It was sent: nothing goes on before it is kept that it was.
        while let Err(error) = self.keep(vec![delivery.record()]).await {
            if let Err(error) = self.bear_with(error).await {
                // Whoever goes on sends it again.
                self.progress.position = self.kept;
                return Err(error);
            }
        }
        let Some(stop) = stop else { return Ok(()) };
        while let Err(error) = self.shared.keeper.disable(self.environment, &self.id, stop).await {
            self.bear_with(error).await?;
        }
        let why = stop.as_str();
        tracing::warn!(endpoint = self.id, why, "a webhook endpoint is disabled");
        self.shared.figures.endpoints_disabled.increment();
        self.is_over = true;
        Ok(())
    }

    /// Waits a moment for the ledger; fails if there is nothing to wait for.
    async fn bear_with(&self, error: LedgerError) -> Result<(), LedgerError> {
        if matches!(error, LedgerError::Closed) || !self.is_owned() {
            return Err(error);
        }
        tracing::warn!(%error, endpoint = self.id, "what became of a webhook is not kept yet");
        tokio::time::sleep(LEDGER_PAUSE).await;
        Ok(())
    }

    /// Keeps records, and how far the endpoint was told.
    async fn keep(&mut self, mut records: Vec<NewRecord>) -> Result<(), LedgerError> {
        records.push(self.progress.record(&self.id));
        self.shared.keeper.put(self.environment, records).await?;
        self.kept = self.progress.position;
        self.tell_how_far();
        Ok(())
    }
}

//! What the ledger keeps of webhooks, as far as whoever delivers asks for it.

use std::sync::Arc;

use scrip_core::{EnvironmentId, Timestamp};
use scrip_ledger::{
    Answer, CreatedRange, EventMarks, EventQuery, EventView, Ledger, LedgerError, NewRecord,
    PageRequest, Point, Record, RecordKind, RecordPatch, RecordQuery, SYSTEM, Start,
    WebhookDelivery, WebhookEndpoint, WebhookProgress, WebhookStop, Work,
};
use serde_json::{Map, Value};

use crate::asking;

/// Deliveries that are asked for at a time.
const PAGE: usize = 100;

/// Asks the ledger.
#[derive(Clone)]
pub(super) struct Keeper(Arc<dyn Ledger>);

impl Keeper {
    pub(super) const fn new(ledger: Arc<dyn Ledger>) -> Self {
        Self(ledger)
    }

    /// Whether it is this node that delivers.
    pub(super) async fn is_ours(&self) -> Result<bool, LedgerError> {
        self.0.tells_the_world().await
    }

    /// Real time.
    pub(super) fn now(&self) -> Timestamp {
        self.0.now(SYSTEM)
    }

    /// Every environment.
    pub(super) async fn environments(&self) -> Result<Vec<EnvironmentId>, LedgerError> {
        asking::environments(self.0.as_ref()).await
    }

    /// The endpoints of an environment, by their identifiers.
    pub(super) async fn endpoints(
        &self,
        environment: EnvironmentId,
    ) -> Result<Vec<(String, WebhookEndpoint)>, LedgerError> {
        let kind = RecordKind::WebhookEndpoint;
        let found = self.all(environment, kind, Vec::new(), usize::MAX).await?;
        let read = |record: Record| Some((record.id.clone(), WebhookEndpoint::of(&record)?));
        Ok(found.into_iter().filter_map(read).collect())
    }

    /// An endpoint as it is now; none if it was deleted.
    pub(super) async fn endpoint(
        &self,
        environment: EnvironmentId,
        id: &str,
    ) -> Result<Option<WebhookEndpoint>, LedgerError> {
        let found = self.0.record(environment, RecordKind::WebhookEndpoint, id).await?;
        let live = found.filter(|record| record.archived_at.is_none());
        Ok(live.as_ref().and_then(WebhookEndpoint::of))
    }

    /// What an endpoint has to be sent still, at most so much of it.
    pub(super) async fn pending(
        &self,
        environment: EnvironmentId,
        endpoint: &str,
        most: usize,
    ) -> Result<Vec<WebhookDelivery>, LedgerError> {
        let matching = vec![(WebhookDelivery::PENDING_FOR, endpoint.to_owned())];
        self.deliveries(environment, matching, most).await
    }

    /// What somebody asked to be sent.
    pub(super) async fn requested(
        &self,
        environment: EnvironmentId,
    ) -> Result<Vec<WebhookDelivery>, LedgerError> {
        let matching = vec![(WebhookDelivery::REQUESTED, WebhookDelivery::WANTED.to_owned())];
        self.deliveries(environment, matching, PAGE).await
    }

    /// A delivery as it is now.
    pub(super) async fn delivery(
        &self,
        environment: EnvironmentId,
        endpoint: &str,
        message_id: &str,
    ) -> Result<Option<WebhookDelivery>, LedgerError> {
        let id = WebhookDelivery::record_id(endpoint, message_id);
        let found = self.0.record(environment, RecordKind::WebhookDelivery, &id).await?;
        Ok(found.as_ref().and_then(WebhookDelivery::of))
    }

    /// How far an endpoint was told; none if it was told of nothing yet.
    pub(super) async fn progress(
        &self,
        environment: EnvironmentId,
        endpoint: &str,
    ) -> Result<Option<WebhookProgress>, LedgerError> {
        let found = self.0.record(environment, RecordKind::WebhookProgress, endpoint).await?;
        Ok(found.as_ref().and_then(WebhookProgress::of))
    }

    /// The events behind a position, in their order, at most so many.
    pub(super) async fn events_after(
        &self,
        environment: EnvironmentId,
        position: u64,
        limit: usize,
    ) -> Result<Vec<EventView>, LedgerError> {
        let page = PageRequest { start: Start::After(Point::of_upward(position)), limit };
        let query = EventQuery { environment, kinds: Vec::new(), page };
        let found = self.0.events(query).await?;
        Ok(found.items.into_iter().map(|(_, view)| view).collect())
    }

    /// The event at a position, while it is kept.
    pub(super) async fn event_at(
        &self,
        environment: EnvironmentId,
        position: u64,
    ) -> Result<Option<EventView>, LedgerError> {
        scrip_ledger::event_at(self.0.as_ref(), environment, position).await
    }

    /// The position of the newest event; 0 before the first.
    pub(super) async fn newest_event(
        &self,
        environment: EnvironmentId,
    ) -> Result<u64, LedgerError> {
        scrip_ledger::newest_event(self.0.as_ref(), environment).await
    }

    /// Keeps records as they are given, all or none.
    pub(super) async fn put(
        &self,
        environment: EnvironmentId,
        records: Vec<NewRecord>,
    ) -> Result<(), LedgerError> {
        self.execute(environment, Work::PutRecords(records)).await.map(drop)
    }

    /// Which events are kept.
    pub(super) async fn event_marks(&self) -> Result<EventMarks, LedgerError> {
        let found = self.0.record(SYSTEM, RecordKind::EventMarks, EventMarks::ID).await?;
        Ok(found.as_ref().and_then(EventMarks::of).unwrap_or_default())
    }

    /// Says which events are kept from now on.
    pub(super) async fn keep_event_marks(&self, marks: &EventMarks) -> Result<(), LedgerError> {
        self.put(SYSTEM, vec![marks.record()]).await
    }

    /// Removes some of the events up to a position; how many.
    pub(super) async fn forget_events(&self, until: u64) -> Result<usize, LedgerError> {
        match self.execute(SYSTEM, Work::ForgetEvents(until)).await? {
            Answer::Forgotten(count) => Ok(count),
            _ => Ok(0),
        }
    }

    /// The oldest deliveries of an environment.
    pub(super) async fn oldest_deliveries(
        &self,
        environment: EnvironmentId,
        limit: usize,
    ) -> Result<Vec<WebhookDelivery>, LedgerError> {
        let query = RecordQuery {
            environment,
            kind: RecordKind::WebhookDelivery,
            matching: Vec::new(),
            created: CreatedRange::default(),
            archived: Some(false),
            page: PageRequest { start: Start::Before(Point::END), limit },
        };
        let found = self.0.records(query).await?.items;
        Ok(found.iter().filter_map(|(_, record)| WebhookDelivery::of(record)).collect())
    }

    /// Removes deliveries, by the identifiers of their records.
    pub(super) async fn forget_deliveries(
        &self,
        environment: EnvironmentId,
        ids: Vec<String>,
    ) -> Result<(), LedgerError> {
        let work = Work::ForgetRecords(RecordKind::WebhookDelivery, ids);
        self.execute(environment, work).await.map(drop)
    }

    /// An endpoint is told of nothing any more.
    pub(super) async fn disable(
        &self,
        environment: EnvironmentId,
        endpoint: &str,
        stop: WebhookStop,
    ) -> Result<(), LedgerError> {
        let why = Value::from(stop.as_str());
        let members = Map::from_iter([(WebhookEndpoint::DISABLED.to_owned(), why)]);
        let (kind, id) = (RecordKind::WebhookEndpoint, endpoint.to_owned());
        let patch = RecordPatch { kind, id, members };
        self.execute(environment, Work::ChangeWebhook(patch, 0)).await.map(drop)
    }

    async fn execute(&self, environment: EnvironmentId, work: Work) -> Result<Answer, LedgerError> {
        asking::execute(self.0.as_ref(), environment, work).await
    }

    async fn deliveries(
        &self,
        environment: EnvironmentId,
        matching: Vec<(&'static str, String)>,
        most: usize,
    ) -> Result<Vec<WebhookDelivery>, LedgerError> {
        let found = self.all(environment, RecordKind::WebhookDelivery, matching, most).await?;
        Ok(found.iter().filter_map(WebhookDelivery::of).collect())
    }

    /// The live records of a kind, page by page, newest first, until there are enough.
    async fn all(
        &self,
        environment: EnvironmentId,
        kind: RecordKind,
        matching: Vec<(&'static str, String)>,
        most: usize,
    ) -> Result<Vec<Record>, LedgerError> {
        asking::all(self.0.as_ref(), environment, kind, matching, most).await
    }
}

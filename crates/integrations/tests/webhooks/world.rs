//! A ledger whose time the test moves, and who delivers its events.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use scrip_core::Timestamp;
use scrip_integrations::webhooks::{Addresses, Options, Payload, Payloads, Teller};
use scrip_ledger::conformance::{Given, Made, Making, World as Books, everything, wallet};
use scrip_ledger::{
    CreatedRange, EventQuery, EventView, Memory, NewRecord, RecordKind, RecordQuery, SANDBOX,
    WebhookDelivery, WebhookEndpoint, WebhookSecret, WebhookStatus, Work,
};

/// What a test waits for comes long before.
const PATIENCE: Duration = Duration::from_secs(20);
pub const MINUTE: i64 = 60_000;
pub const HOUR: i64 = 60 * MINUTE;

pub struct World {
    pub books: Books,
    teller: Option<Teller>,
    grants: std::sync::atomic::AtomicUsize,
}

struct ByPosition;

impl Payloads for ByPosition {
    fn of_event(&self, view: &EventView) -> Payload {
        let message_id = format!("m{}", view.event.position);
        Payload { body: format!("{{\"id\":\"{message_id}\"}}").into(), message_id }
    }

    fn of_test(&self, message_id: &str, _: Timestamp) -> Bytes {
        message_id.to_owned().into()
    }
}

fn memory(given: Given) -> Making {
    Box::pin(async move {
        let ledger = Arc::new(Memory::with(given.clock, given.settings));
        Made { ledger, follows_given_clock: true, keep: Box::new(()) }
    })
}

impl World {
    /// One in which an endpoint is told of events from now on.
    pub async fn telling(url: &str) -> Self {
        let books = Books::new(&memory).await;
        let starts_after = books.told_so_far().await;
        let endpoint = WebhookEndpoint {
            url: url.to_owned(),
            description: None,
            event_types: Vec::new(),
            earlier_selections: Vec::new(),
            status: WebhookStatus::Enabled,
            secrets: vec![WebhookSecret {
                secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned(),
                retires_at_milliseconds: None,
            }],
            plain_secret: None,
            starts_after,
        };
        let (kind, id) = (RecordKind::WebhookEndpoint, "hook".to_owned());
        let new = NewRecord { kind, id, body: endpoint.body() };
        books.done(Work::CreateRecord(new)).await;
        let mut world = Self { books, teller: None, grants: 0.into() };
        world.begin();
        world
    }

    /// Begins to deliver.
    pub fn begin(&mut self) {
        let options = Options {
            addresses: Arc::new(Addresses::with(vec!["127.0.0.0/8".parse().unwrap()])),
            look_every: Duration::from_millis(10),
            ..Options::default()
        };
        let ledger = Arc::clone(&self.books.ledger);
        self.teller = Some(Teller::start(ledger, Arc::new(ByPosition), options).unwrap());
    }

    /// Stops delivering.
    pub async fn end(&mut self) {
        self.teller.take().unwrap().stop(PATIENCE).await;
    }

    /// Something happens; the name of its message.
    pub async fn happen(&self) -> String {
        let number = self.grants.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        self.books.grant(&wallet("ann/gold"), &format!("G{number}"), "1").await;
        format!("m{}", self.books.told_so_far().await)
    }

    /// All events of the environment that are kept, oldest first.
    pub async fn events(&self) -> Vec<EventView> {
        self.books.events_so_far().await
    }

    pub async fn endpoint(&self) -> WebhookEndpoint {
        let found = self.books.record(RecordKind::WebhookEndpoint, "hook").await;
        WebhookEndpoint::of(&found.unwrap()).unwrap()
    }

    pub async fn delivery(&self, message_id: &str) -> Option<WebhookDelivery> {
        let id = WebhookDelivery::record_id("hook", message_id);
        let found = self.books.record(RecordKind::WebhookDelivery, &id).await;
        found.map(|record| WebhookDelivery::of(&record).unwrap())
    }

    /// Waits until a delivery was tried so often.
    pub async fn tried(&self, message_id: &str, times: u32) -> WebhookDelivery {
        let what = format!("{message_id} tried {times} times");
        let tried = async || {
            let found = self.delivery(message_id).await;
            found.filter(|delivery| delivery.tries >= times)
        };
        until(&what, tried).await
    }
}

trait Told {
    async fn events_so_far(&self) -> Vec<EventView>;
    async fn told_so_far(&self) -> u64;
}

impl Told for Books {
    async fn events_so_far(&self) -> Vec<EventView> {
        let page = everything();
        let query = EventQuery { environment: SANDBOX, kinds: Vec::new(), page };
        let found = self.ledger.events(query).await.unwrap().items;
        found.into_iter().map(|(_, view)| view).collect()
    }

    async fn told_so_far(&self) -> u64 {
        self.events_so_far().await.last().map_or(0, |view| view.event.position)
    }
}

/// How many deliveries there are.
pub async fn count(world: &World) -> usize {
    let query = RecordQuery {
        environment: SANDBOX,
        kind: RecordKind::WebhookDelivery,
        matching: Vec::new(),
        created: CreatedRange::default(),
        archived: None,
        page: everything(),
    };
    world.books.ledger.records(query).await.unwrap().items.len()
}

/// Waits for something.
pub async fn until<T>(what: &str, mut found: impl AsyncFnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = found().await {
            return found;
        }
        assert!(begin.elapsed() < PATIENCE, "not {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Long enough for whatever would happen to have happened.
pub async fn a_moment() {
    tokio::time::sleep(Duration::from_millis(150)).await;
}

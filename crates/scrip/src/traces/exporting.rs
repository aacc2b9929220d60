//! How spans reach the collector: counted, bounded, and never at the cost of a request.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::Full;
use opentelemetry::Context;
use opentelemetry_http::{HttpClient, HttpError, Request, Response};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{BatchSpanProcessor, Span, SpanData, SpanExporter, SpanProcessor};
use scrip_integrations::{connecting, exchange};
use scrip_ledger::{Counter, Figure, counter};
use tokio::runtime::Handle;

/// What of an answer is read: a collector says little.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// How long a connection waits for the next batch.
const IDLE: Duration = Duration::from_secs(30);

/// What became of spans, and how the collector is.
#[derive(Debug, Default)]
pub struct Delivery {
    exported: Counter,
    failed: Counter,
    dropped: Counter,
    waiting: AtomicUsize,
    is_failing: AtomicBool,
    /// What the newest request that failed died of; its library says no more than that it did.
    cause: Mutex<Option<String>>,
}

impl Delivery {
    /// All numbers, always in the same order.
    pub fn figures(&self) -> [Figure; 3] {
        [
            counter(
                "scrip_spans_exported_total",
                "Spans that the collector of traces took.",
                &self.exported,
            ),
            counter(
                "scrip_spans_failed_total",
                "Spans that were lost because the collector of traces did not take them.",
                &self.failed,
            ),
            counter(
                "scrip_spans_dropped_total",
                "Spans that were lost because too many waited for the collector of traces.",
                &self.dropped,
            ),
        ]
    }

    /// Spans that wait, with those under way.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    fn taken(&self, spans: usize) {
        self.exported.add(spans as u64);
        if self.is_failing.swap(false, Ordering::Relaxed) {
            tracing::info!("the collector of traces takes them again");
        }
    }

    /// Says so for the first batch only: it may take long until somebody mends it.
    fn lost(&self, spans: usize, error: &str) {
        self.failed.add(spans as u64);
        let cause = self.cause.lock().unwrap_or_else(PoisonError::into_inner).take();
        if !self.is_failing.swap(true, Ordering::Relaxed) {
            let error = cause.as_deref().unwrap_or(error);
            tracing::warn!(error, "the collector of traces does not take them; they are lost");
        }
    }
}

/// Sends what it is given and counts it.
#[derive(Debug)]
pub struct Counting<E> {
    pub exporter: E,
    pub delivery: Arc<Delivery>,
}

impl<E: SpanExporter> SpanExporter for Counting<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        let result = self.exporter.export(batch).await;
        match &result {
            Ok(()) => self.delivery.taken(spans),
            Err(error) => self.delivery.lost(spans, &error.to_string()),
        }
        self.delivery.waiting.fetch_sub(spans, Ordering::Relaxed);
        result
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

/// Lets so many spans wait, and drops and counts the others: the library's own bound counts for nobody.
#[derive(Debug)]
pub struct Bounded {
    pub batches: BatchSpanProcessor,
    pub delivery: Arc<Delivery>,
    pub queue_max: usize,
}

impl SpanProcessor for Bounded {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.batches.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        if self.delivery.waiting.fetch_add(1, Ordering::Relaxed) >= self.queue_max {
            self.delivery.waiting.fetch_sub(1, Ordering::Relaxed);
            self.delivery.dropped.increment();
            return;
        }
        self.batches.on_end(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.batches.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.batches.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.batches.set_resource(resource);
    }
}

/// The client of this binary, as the library asks for one. Spans are sent by a thread that has no runtime;
/// requests are made in the server's.
#[derive(Debug)]
pub struct Posting {
    client: scrip_integrations::HttpClient,
    runtime: Handle,
    within: Duration,
    delivery: Arc<Delivery>,
}

impl Posting {
    /// A client whose requests take no longer than this.
    pub fn new(
        runtime: &Handle,
        within: Duration,
        delivery: &Arc<Delivery>,
    ) -> Result<Self, rustls::Error> {
        let client = connecting(IDLE)?;
        Ok(Self { client, runtime: runtime.clone(), within, delivery: Arc::clone(delivery) })
    }
}

#[async_trait]
impl HttpClient for Posting {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (client, within) = (self.client.clone(), self.within);
        let request = request.map(Full::new);
        let sent = async move { exchange(&client, request, within, ANSWER_BYTES_MAX).await };
        let sent = self.runtime.spawn(sent).await;
        let answered = sent.map_err(|_| "the server stops".to_owned()).flatten();
        answered.map_err(|error| {
            let mut cause = self.delivery.cause.lock().unwrap_or_else(PoisonError::into_inner);
            *cause = Some(error.clone());
            error.into()
        })
    }
}

//! Traces of requests, sent to a collector by OTLP, where one is configured; where none is, nothing of this
//! is on the way of a request.

mod configuration;
mod exporting;
mod requests;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::middleware::from_fn_with_state;
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, SdkTracer, SdkTracerProvider,
};
use scrip_api::{Figures, IdSource, RandomIds};
use scrip_ledger::SPANS;
use tokio::runtime::Handle;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::dynamic_filter_fn;
use tracing_subscriber::registry::LookupSpan;

use self::configuration::{Destination, destination};
use self::exporting::{Bounded, Counting, Delivery, Posting};
use self::requests::{Requests, TracedIds};
use crate::cli::TraceOptions;

/// How long a stop waits for a collector.
const STOP_WITHIN: Duration = Duration::from_secs(5);

/// Who makes spans and sends them.
pub struct Traces {
    provider: SdkTracerProvider,
    delivery: Arc<Delivery>,
}

/// Begins to send traces, if it is configured where to.
pub fn start(options: &TraceOptions, runtime: &Handle) -> anyhow::Result<Option<Traces>> {
    let destination = destination(options, |name| std::env::var(name).ok())?;
    destination.map(|destination| Traces::sent_to(&destination, runtime)).transpose()
}

impl Traces {
    fn sent_to(destination: &Destination, runtime: &Handle) -> anyhow::Result<Self> {
        let delivery = Arc::<Delivery>::default();
        let client = Posting::new(runtime, destination.within, &delivery);
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(client.context("TLS of traces")?)
            .with_endpoint(&destination.url)
            .with_protocol(Protocol::HttpBinary)
            .with_timeout(destination.within)
            .build()
            .context("traces")?;
        let exporter = Counting { exporter, delivery: Arc::clone(&delivery) };
        // What else is said of batches in the variables of OpenTelemetry is heard.
        let config = BatchConfigBuilder::default().with_max_queue_size(destination.queue_max);
        let batches = BatchSpanProcessor::builder(exporter).with_batch_config(config.build());
        let processor = Bounded {
            batches: batches.build(),
            delivery: Arc::clone(&delivery),
            queue_max: destination.queue_max,
        };
        let provider =
            SdkTracerProvider::builder().with_resource(resource()).with_span_processor(processor);
        Ok(Self { provider: provider.build(), delivery })
    }

    fn tracer(&self) -> SdkTracer {
        self.provider.tracer("scrip")
    }

    /// Makes spans of OpenTelemetry of those of other crates, within requests whose traces are made.
    pub fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        layer(self.tracer())
    }

    /// A router whose requests are traced.
    pub fn of_requests(&self, router: Router, has_tls: bool) -> Router {
        let scheme = if has_tls { "https" } else { "http" };
        let requests = Requests { tracer: self.tracer(), scheme };
        router.layer(from_fn_with_state(requests, requests::trace))
    }

    /// What is counted, behind what others count.
    pub fn figures(&self, others: Figures) -> Figures {
        let delivery = Arc::clone(&self.delivery);
        Arc::new(move || {
            let mut figures = others();
            figures.extend(delivery.figures());
            figures
        })
    }

    /// Sends what waits, as long as a stop may take.
    pub async fn stop(self) {
        let Self { provider, delivery } = self;
        let stopped =
            tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(STOP_WITHIN));
        // Whoever sends sees to it itself, unless it does not get to it.
        let _ = tokio::time::timeout(STOP_WITHIN, stopped).await;
        let spans = delivery.waiting();
        if spans > 0 {
            tracing::warn!(spans, "some spans were not sent before the stop");
        }
    }
}

/// Names requests: by their traces, where there are some.
pub fn ids(traces: Option<&Traces>) -> Arc<dyn IdSource> {
    match traces {
        Some(_) => Arc::new(TracedIds),
        None => Arc::new(RandomIds),
    }
}

fn layer<S>(tracer: SdkTracer) -> impl Layer<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    // Spans only: what is logged may name customers.
    let is_ours = |metadata: &Metadata<'_>| metadata.is_span() && metadata.target() == SPANS;
    let callsites = move |metadata: &'static Metadata<'static>| {
        if is_ours(metadata) { Interest::sometimes() } else { Interest::never() }
    };
    let filter = dynamic_filter_fn(move |metadata, _| is_ours(metadata) && requests::is_sampled())
        .with_callsite_filter(callsites)
        .with_max_level_hint(LevelFilter::TRACE);
    tracing_opentelemetry::layer()
        .with_tracer(tracer)
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false)
        .with_filter(filter)
}

/// What the variables of OpenTelemetry say that this is, or `scrip`.
fn resource() -> Resource {
    let told = Resource::builder().build();
    let mut resource = Resource::builder();
    let name = told.get(&"service.name".into());
    if name.is_none_or(|name| name.as_str().starts_with("unknown_service")) {
        resource = resource.with_service_name("scrip");
    }
    if told.get(&"service.version".into()).is_none() {
        let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        resource = resource.with_attribute(version);
    }
    resource.build()
}

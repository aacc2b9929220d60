//! What a request's span says, and what it never says.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use axum::routing::get;
use opentelemetry::trace::{SpanId, SpanKind, Status};
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{SimpleSpanProcessor, SpanData};
use scrip_api::{App, AppConfig};
use scrip_ledger::{Memory, ProvidedKeys, bootstrap};
use tower::ServiceExt as _;
use tracing_subscriber::layer::SubscriberExt as _;

use super::*;

const KEY: &str = "server-key-of-nobody-elses-business";
const CUSTOMER: &str = "customer-of-nobody-elses-business";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

/// Keeps spans in the order in which they ended.
#[derive(Clone, Debug, Default)]
struct Kept(Arc<Mutex<Vec<SpanData>>>);

impl opentelemetry_sdk::trace::SpanExporter for Kept {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.0.lock().unwrap().extend(batch);
        Ok(())
    }
}

/// An API whose requests are traced.
struct World {
    router: Router,
    kept: Kept,
    _subscriber: tracing::subscriber::DefaultGuard,
}

impl World {
    async fn new() -> Self {
        let ledger: Arc<dyn scrip_ledger::Ledger> = Arc::new(Memory::new());
        let keys = ProvidedKeys { production: Some(KEY.to_owned()), sandbox: None };
        bootstrap(ledger.as_ref(), keys, |_| Ok(())).await.unwrap();
        let app = App::new(ledger, Arc::new(TracedIds), AppConfig::default());
        app.set_ready(true);
        let failing = Router::new().route("/fails/{id}", get(|| async { StatusCode::BAD_GATEWAY }));
        Self::of(scrip_api::router(app).merge(failing))
    }

    fn of(router: Router) -> Self {
        let kept = Kept::default();
        let processor = SimpleSpanProcessor::new(kept.clone());
        let provider = SdkTracerProvider::builder().with_span_processor(processor).build();
        let traces = Traces { provider, delivery: Arc::default() };
        let subscriber = tracing_subscriber::registry().with(traces.layer());
        let router = traces.of_requests(router, false);
        Self { router, kept, _subscriber: tracing::subscriber::set_default(subscriber) }
    }

    async fn ask(&self, method: &str, path: &str, traceparent: &str, body: &str) -> Response<Body> {
        let mut request = Request::builder().method(method).uri(path).header("x-api-key", KEY);
        if !traceparent.is_empty() {
            request = request.header("traceparent", traceparent).header("tracestate", "a=b");
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        self.router.clone().oneshot(request).await.unwrap()
    }

    async fn make_customer(&self, traceparent: &str) -> Response<Body> {
        let body = format!("{{\"id\": \"{CUSTOMER}\", \"name\": \"Nobody\"}}");
        let made = self.ask("POST", "/api/v1/customers?secret=query", traceparent, &body).await;
        assert_eq!(made.status(), StatusCode::CREATED);
        made
    }

    fn spans(&self) -> Vec<SpanData> {
        std::mem::take(&mut *self.kept.0.lock().unwrap())
    }
}

fn attributes(span: &SpanData) -> Vec<String> {
    let each = span.attributes.iter().map(|it| format!("{}={}", it.key, it.value));
    let mut all: Vec<String> = each.collect();
    all.sort_unstable();
    all
}

fn trace_id(response: &Response<Body>) -> &str {
    response.headers()["x-trace-id"].to_str().unwrap()
}

#[tokio::test]
async fn a_request_is_a_span_of_its_callers_trace() {
    let world = World::new().await;
    let made = world.make_customer(&format!("00-{TRACE}-{PARENT}-01")).await;
    assert_eq!(trace_id(&made), TRACE);
    let spans = world.spans();
    let [ledger, request] = spans.as_slice() else { panic!("{spans:?}") };
    assert_eq!(request.name, "POST /api/v1/customers");
    assert_eq!(request.span_kind, SpanKind::Server);
    assert_eq!(request.span_context.trace_id().to_string(), TRACE);
    assert_eq!(request.parent_span_id.to_string(), PARENT);
    assert!(request.parent_span_is_remote);
    assert_eq!(request.span_context.trace_state().header(), "a=b");
    assert_eq!(request.status, Status::Unset);
    let expected = [
        "http.request.method=POST",
        "http.response.status_code=201",
        "http.route=/api/v1/customers",
        "url.scheme=http",
    ];
    assert_eq!(attributes(request), expected);
    assert_eq!(ledger.name, "ledger");
    assert_eq!(ledger.span_kind, SpanKind::Internal);
    assert_eq!(ledger.parent_span_id, request.span_context.span_id());
    assert_eq!(ledger.span_context.trace_id(), request.span_context.trace_id());
    assert_eq!(attributes(ledger), Vec::<String>::new());
}

#[tokio::test]
async fn a_request_without_a_trace_begins_one() {
    let world = World::new().await;
    for traceparent in
        ["", "00-nonsense-01", "00-00000000000000000000000000000000-00f067aa0ba902b7-01"]
    {
        let answer = world.ask("GET", "/api/v1/customers", traceparent, "").await;
        let spans = world.spans();
        let [request] = spans.as_slice() else { panic!("{spans:?}") };
        assert_eq!(request.parent_span_id, SpanId::INVALID);
        assert_eq!(trace_id(&answer), request.span_context.trace_id().to_string());
        assert_ne!(trace_id(&answer), TRACE);
    }
}

#[tokio::test]
async fn whoever_does_not_record_its_trace_is_heard() {
    let world = World::new().await;
    let made = world.make_customer(&format!("00-{TRACE}-{PARENT}-00")).await;
    assert_eq!(trace_id(&made), TRACE);
    assert!(world.spans().is_empty());
}

#[tokio::test]
async fn nothing_of_a_request_gets_into_its_span_but_method_and_route() {
    let world = World::new().await;
    world.make_customer("").await;
    let paths = [
        ("GET", format!("/api/v1/customers/{CUSTOMER}"), "GET /api/v1/customers/{id}", 200),
        ("GET", format!("/api/v1/customers/{CUSTOMER}/none"), "GET", 404),
        ("FETCH", format!("/api/v1/customers/{CUSTOMER}"), "HTTP /api/v1/customers/{id}", 405),
        ("GET", format!("/fails/{CUSTOMER}"), "GET /fails/{id}", 502),
    ];
    world.spans();
    for (method, path, name, status) in &paths {
        world.ask(method, path, "", "").await;
        let spans = world.spans();
        let span = spans.last().unwrap();
        let told = attributes(span);
        assert_eq!(span.name, *name);
        assert!(told.contains(&format!("http.response.status_code={status}")), "{told:?}");
        let is_error = matches!(span.status, Status::Error { .. });
        assert_eq!(is_error, *status >= 500);
        assert_eq!(told.contains(&format!("error.type={status}")), *status >= 500);
        let text = format!("{spans:?}");
        for secret in [KEY, CUSTOMER, "Nobody", "secret=query", "FETCH"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
}

#[tokio::test]
async fn probes_are_not_traced() {
    let world = World::new().await;
    assert_eq!(world.ask("GET", "/readyz", "", "").await.status(), StatusCode::OK);
    world.ask("GET", "/healthz", "", "").await;
    assert!(world.spans().is_empty());
}

/// A collector that takes nothing until it is told to.
#[derive(Debug)]
struct Slow {
    begun: Sender<usize>,
    go_on: Mutex<Receiver<OTelSdkResult>>,
}

impl opentelemetry_sdk::trace::SpanExporter for Slow {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.begun.send(batch.len()).unwrap();
        self.go_on.lock().unwrap().recv().unwrap()
    }
}

#[test]
fn what_waits_is_bounded_and_everything_is_counted() {
    let (begun, begins) = channel();
    let (go_on, going_on) = channel();
    let delivery = Arc::<Delivery>::default();
    let exporter = Slow { begun, go_on: Mutex::new(going_on) };
    let exporter = Counting { exporter, delivery: Arc::clone(&delivery) };
    let delay = Duration::from_millis(1);
    let config = BatchConfigBuilder::default().with_max_queue_size(8).with_scheduled_delay(delay);
    let batches = BatchSpanProcessor::builder(exporter).with_batch_config(config.build()).build();
    let processor = Bounded { batches, delivery: Arc::clone(&delivery), queue_max: 8 };
    let provider = SdkTracerProvider::builder().with_span_processor(processor).build();
    let tracer = provider.tracer("test");
    let figures = || delivery.figures().map(|figure| figure.value.to_string());
    let end_spans = |spans: usize| {
        for _ in 0..spans {
            drop(opentelemetry::trace::Tracer::start(&tracer, "span"));
        }
    };

    end_spans(1);
    let first = begins.recv().unwrap();
    assert_eq!(first, 1);
    // One is under way, seven fit beside it.
    end_spans(10);
    assert_eq!(figures(), ["0", "0", "3"]);
    go_on.send(Ok(())).unwrap();
    let mut failed = 0;
    while failed < 7 {
        failed += begins.recv().unwrap();
        go_on.send(Err(OTelSdkError::InternalFailure("no".to_owned()))).unwrap();
    }
    provider.shutdown().unwrap();
    assert_eq!(figures(), ["1", "7", "3"]);
    assert_eq!(delivery.waiting(), 0);
}

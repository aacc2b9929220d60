//! A span for each request, and its trace as the one that answers, rows and logs name.

use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::{
    FutureExt as _, SpanBuilder, SpanContext, SpanKind, SpanRef, Status, TraceContextExt as _,
    Tracer as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_http::HeaderExtractor;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracer;
use scrip_api::{IdSource, RandomIds};

/// Asked every few seconds by whoever watches the process; a trace of it tells nobody anything.
const PROBES: [&str; 2] = ["/healthz", "/readyz"];

/// Who makes the spans of requests.
#[derive(Clone)]
pub struct Requests {
    pub tracer: SdkTracer,
    pub scheme: &'static str,
}

/// The outermost layer of a router whose requests are traced. Nothing of a request gets into its span but its
/// method and its route: no path, query, header or body, for these name customers and carry keys.
pub async fn trace(State(requests): State<Requests>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map(MatchedPath::as_str);
    if route.is_some_and(|route| PROBES.contains(&route)) {
        return next.run(request).await;
    }
    let context = requests.begin(&request, route);
    let response = next.run(request).with_context(context.clone()).await;
    end(&context.span(), response.status());
    response
}

impl Requests {
    /// A span of the caller's trace, if there is one, or of a new one.
    fn begin(&self, request: &Request, route: Option<&str>) -> Context {
        let headers = HeaderExtractor(request.headers());
        let caller = TraceContextPropagator::new().extract_with_context(&Context::new(), &headers);
        // What nobody has heard of is for anybody to make up.
        let known = known(request.method());
        let name = match (known.unwrap_or("HTTP"), route) {
            (method, Some(route)) => format!("{method} {route}"),
            (method, None) => method.to_owned(),
        };
        let mut attributes = Vec::with_capacity(4);
        attributes.push(KeyValue::new("http.request.method", known.unwrap_or("_OTHER")));
        attributes.push(KeyValue::new("url.scheme", self.scheme));
        attributes.extend(route.map(|route| KeyValue::new("http.route", route.to_owned())));
        let span =
            SpanBuilder::from_name(name).with_kind(SpanKind::Server).with_attributes(attributes);
        let span = self.tracer.build_with_context(span, &caller);
        caller.with_span(span)
    }
}

/// A method of RFC 9110, or PATCH.
fn known(method: &Method) -> Option<&'static str> {
    let all = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
        Method::TRACE,
        Method::CONNECT,
    ];
    let names = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"];
    all.iter().zip(names).find_map(|(known, name)| (known == method).then_some(name))
}

/// A request that is the caller's mistake is no error of the server's.
fn end(span: &SpanRef<'_>, status: StatusCode) {
    span.set_attribute(KeyValue::new("http.response.status_code", i64::from(status.as_u16())));
    if status.is_server_error() {
        span.set_attribute(KeyValue::new("error.type", status.as_str().to_owned()));
        span.set_status(Status::error(""));
    }
    span.end();
}

/// Names requests by their traces.
pub struct TracedIds;

impl IdSource for TracedIds {
    fn fill(&self, bytes: &mut [u8]) {
        RandomIds.fill(bytes);
    }

    fn trace_id(&self) -> [u8; 16] {
        let of_span = |span: &SpanContext| span.trace_id().to_bytes();
        of_current(of_span).unwrap_or_else(|| self.sixteen())
    }

    fn span_id(&self) -> Option<[u8; 8]> {
        of_current(|span| span.span_id().to_bytes())
    }
}

fn of_current<T>(ask: impl FnOnce(&SpanContext) -> T) -> Option<T> {
    Context::map_current(|context| {
        let span = context.span();
        let span = span.span_context();
        span.is_valid().then(|| ask(span))
    })
}

/// Whether what is done now belongs to a request whose trace is made.
pub fn is_sampled() -> bool {
    Context::map_current(|context| context.span().span_context().is_sampled())
}

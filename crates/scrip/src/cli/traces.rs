//! Options of traces.

use clap::Args;

/// Traces, as OpenTelemetry has them.
#[derive(Args)]
pub struct TraceOptions {
    /// The collector that traces of requests are sent to, by OTLP over HTTP: `http://127.0.0.1:4318`, to which
    /// `/v1/traces` is added. `OTEL_EXPORTER_OTLP_ENDPOINT` and the other variables of OpenTelemetry are
    /// heard too. Off by default.
    #[arg(long, env = "SCRIP_OTLP_ENDPOINT", value_name = "URL")]
    pub otlp_endpoint: Option<String>,
}

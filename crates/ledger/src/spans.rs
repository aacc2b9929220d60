//! What spans of traces are told by.

/// The target of the spans that become part of a request's trace, where traces are made. They say nothing of any
/// customer. A span of another target stays within the logs.
pub const SPANS: &str = "scrip_spans";

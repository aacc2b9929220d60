//! What whoever delivers counts about itself; nothing of any endpoint.

use scrip_ledger::{Counter, Figure, Gauge, counter, gauge};

/// All that is counted.
#[derive(Debug, Default)]
pub struct Figures {
    /// Requests that were sent.
    pub attempts: Counter,
    /// Those of them that were not taken.
    pub attempts_failed: Counter,
    /// Endpoints that were disabled because they took nothing.
    pub endpoints_disabled: Counter,
    /// Endpoints that this node tells of events.
    pub endpoints: Gauge,
    /// What is to be sent to them again.
    pub pending: Gauge,
}

impl Figures {
    /// All numbers, always in the same order.
    #[must_use]
    pub fn snapshot(&self) -> Vec<Figure> {
        vec![
            counter(
                "scrip_webhook_attempts_total",
                "Requests that were sent to webhook endpoints.",
                &self.attempts,
            ),
            counter(
                "scrip_webhook_attempts_failed_total",
                "Requests to webhook endpoints that were not taken.",
                &self.attempts_failed,
            ),
            counter(
                "scrip_webhook_endpoints_disabled_total",
                "Webhook endpoints that were disabled because they took nothing.",
                &self.endpoints_disabled,
            ),
            gauge(
                "scrip_webhook_endpoints",
                "Webhook endpoints that this node tells of events.",
                &self.endpoints,
            ),
            gauge(
                "scrip_webhook_deliveries_pending",
                "Webhook deliveries that are to be sent again.",
                &self.pending,
            ),
        ]
    }
}

//! How `serve` tells endpoints of events.

use std::sync::Arc;
use std::time::Duration;

use scrip_api::UrlCheck;
use scrip_core::Timestamp;
use scrip_integrations::webhooks::{Addresses, Options, Payload, Payloads, Schedule, Teller};
use scrip_ledger::{EventView, Ledger};

use crate::cli::WebhookOptions;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Events as the API shows them.
struct AsTheApiShows {
    secret: [u8; 32],
}

impl Payloads for AsTheApiShows {
    fn of_event(&self, view: &EventView) -> Payload {
        let payload = scrip_api::event_payload(&self.secret, view);
        Payload { message_id: payload.message_id, body: payload.body.into() }
    }

    fn of_test(&self, message_id: &str, at: Timestamp) -> bytes::Bytes {
        scrip_api::test_payload(message_id, at).into()
    }
}

/// Which addresses may be told.
pub fn addresses(options: &WebhookOptions) -> Arc<Addresses> {
    Arc::new(Addresses::with(options.webhook_allow.clone()))
}

/// Refuses others where they are named.
pub fn url_check(addresses: &Arc<Addresses>) -> UrlCheck {
    let addresses = Arc::clone(addresses);
    UrlCheck(Arc::new(move |url| {
        addresses.check_url(url).map(drop).map_err(|error| error.to_string())
    }))
}

/// Begins to deliver, unless this node shall not.
pub fn start(
    options: &WebhookOptions,
    addresses: Arc<Addresses>,
    ledger: &Arc<dyn Ledger>,
) -> anyhow::Result<Option<Teller>> {
    if options.no_webhooks {
        return Ok(None);
    }
    let seconds = |seconds: &u32| Duration::from_secs((*seconds).into());
    let defaults = Options::default();
    let schedule = match options.webhook_retry_seconds.as_slice() {
        [] => defaults.schedule,
        pauses => Schedule::new(pauses.iter().map(seconds).collect()),
    };
    let options = Options {
        addresses,
        schedule,
        within: seconds(&options.webhook_timeout_seconds),
        disable_after: DAY * options.webhook_disable_days,
        kept: DAY * options.events_kept_days,
        look_every: defaults.look_every,
    };
    let payloads = Arc::new(AsTheApiShows { secret: ledger.secret() });
    let started = Teller::start(Arc::clone(ledger), payloads, options);
    started.map(Some).map_err(anyhow::Error::msg)
}

/// What the ledger counts about itself, and whoever delivers.
pub fn figures(ledger: &Arc<dyn Ledger>, teller: Option<&Teller>) -> scrip_api::Figures {
    let (ledger, told) = (Arc::clone(ledger), teller.map(Teller::figures));
    Arc::new(move || {
        let mut figures = ledger.figures();
        figures.extend(told.iter().flat_map(|told| told.snapshot()));
        figures
    })
}

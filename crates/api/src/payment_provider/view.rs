//! A payment provider as the API shows it: without its secrets.

use scrip_ledger::{DisputeHandling, PaymentProvider};

use crate::http::Numbers;
use crate::json::document;
use crate::openapi::Component;
use crate::openapi::schema::{self, choice, data, described, nullable, open, reference, required};

/// `{"data": provider}`.
/// `events_path` is where the environment's provider sends its events.
pub(super) fn body(events_path: &str, provider: &PaymentProvider) -> Vec<u8> {
    let stripe = match provider {
        PaymentProvider::Manual => None,
        PaymentProvider::Stripe(stripe) => Some(stripe),
    };
    let webhook_secret = stripe.and_then(|stripe| stripe.webhook_secret.as_deref());
    let events = stripe.map(|_| events_path);
    document(Numbers::AsNumbers, |writer| {
        writer.object(|members| {
            members.text("provider", provider.as_str());
            members.text_or_null("secretKeyHint", stripe.map(|it| hint(&it.secret_key)).as_deref());
            members.text_or_null("webhookSecretHint", webhook_secret.map(hint).as_deref());
            members.text_or_null("eventsPath", events);
            members.text_or_null("disputeHandling", stripe.map(|it| it.disputes.as_str()));
        });
    })
}

/// The end of a secret, by which its owner knows it; of a short one nothing.
fn hint(secret: &str) -> String {
    const SHOWN: usize = 4;
    const LENGTH_MIN: usize = 16;
    let end = (secret.len() >= LENGTH_MIN).then(|| secret.get(secret.len() - SHOWN..)).flatten();
    format!("…{}", end.unwrap_or_default())
}

pub(super) fn components() -> Vec<Component> {
    let hint = "The last characters of the secret";
    let events = "Where the provider is to send its events, under this server's address";
    let disputes = "When a dispute takes credits";
    let handling = DisputeHandling::NAMES.map(|(name, _)| name);
    let provider = open([
        required("provider", choice(["MANUAL", "STRIPE"])),
        required("secretKeyHint", described(nullable(schema::text()), hint)),
        required("webhookSecretHint", described(nullable(schema::text()), hint)),
        required("eventsPath", described(nullable(schema::text()), events)),
        required("disputeHandling", described(nullable(choice(handling)), disputes)),
    ]);
    vec![
        ("PaymentProvider", provider),
        ("PaymentProviderResponse", data(reference("PaymentProvider"))),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_is_the_end_of_what_is_long_enough() {
        let rows = [("sk_test_123456789abcd", "…abcd"), ("123456789012345", "…"), ("", "…")];
        for (secret, shown) in rows {
            assert_eq!(hint(secret), shown);
        }
    }
}

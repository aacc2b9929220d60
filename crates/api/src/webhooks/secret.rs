//! Secrets that deliveries are signed with.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use scrip_ledger::WebhookSecret;

use crate::http::Call;

/// A new one: 32 random bytes, as Standard Webhooks writes them.
pub(super) fn mint(call: &Call) -> WebhookSecret {
    let ids = call.app().ids();
    let bytes = [ids.sixteen(), ids.sixteen()].concat();
    let secret = format!("whsec_{}", STANDARD.encode(bytes));
    WebhookSecret { secret, retires_at_milliseconds: None }
}

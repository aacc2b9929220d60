//! Signatures of Standard Webhooks: <https://www.standardwebhooks.com>, version 1.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use scrip_core::Timestamp;
use scrip_ledger::WebhookSecret;
use sha2::Sha256;

/// What a secret's text begins with.
const PREFIX: &str = "whsec_";

/// The header of a delivery's signatures: one of each secret that signs now, so that a receiver that
/// knows any of them takes it. Empty if none can sign.
pub(super) fn signatures(
    secrets: &[WebhookSecret],
    now: Timestamp,
    message_id: &str,
    sent_at_seconds: i64,
    body: &[u8],
) -> String {
    let signing = secrets.iter().filter(|secret| secret.signs_at(now));
    let signed = signing.filter_map(|secret| {
        let key = STANDARD.decode(secret.secret.strip_prefix(PREFIX)?).ok()?;
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
        mac.update(format!("{message_id}.{sent_at_seconds}.").as_bytes());
        mac.update(body);
        Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
    });
    signed.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str, retires_at_milliseconds: Option<i64>) -> WebhookSecret {
        WebhookSecret { secret: text.to_owned(), retires_at_milliseconds }
    }

    /// The example of the specification's own text.
    #[test]
    fn the_published_example() {
        let secrets = [secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", None)];
        let signed = signatures(
            &secrets,
            Timestamp::from_milliseconds(0).unwrap(),
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            b"{\"test\": 2432232314}",
        );
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn an_old_secret_signs_until_it_retires() {
        let old = secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", Some(1_000));
        let secrets = [secret("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", None), old];
        let count = |now| {
            let now = Timestamp::from_milliseconds(now).unwrap();
            signatures(&secrets, now, "m", 1, b"").split(' ').count()
        };
        assert_eq!((count(999), count(1_000)), (2, 1));
    }
}

//! What Stripe tells by itself: signed, and taken for no more than a reason to ask
//! (docs.stripe.com/webhooks#verify-manually).

use hmac::{Hmac, KeyInit as _, Mac as _};
use scrip_core::Timestamp;
use serde::Deserialize;
use sha2::Sha256;

use super::objects::{Reference, checked};
use super::options::Secret;
use crate::payments::provider::{About, Heard, NotHeard};

/// How long a body may be.
const BODY_BYTES_MAX: usize = 256 * 1024;
/// How far from now a signature may have been made, in seconds.
const AGE_SECONDS_MAX: u64 = 300;
/// How many signatures are looked at: one of each secret, of which there are two while one is
/// rolled.
const SIGNATURES_MAX: usize = 16;

/// Checks what came in, and says what it is about.
pub(super) fn heard(
    secret: Option<&Secret>,
    signature: &str,
    body: &[u8],
    now: Timestamp,
) -> Result<Heard, NotHeard> {
    let secret = secret.ok_or(NotHeard::NoSecret)?;
    if body.len() > BODY_BYTES_MAX {
        return Err(NotHeard::TooLong);
    }
    let signed = Signed::parse(signature)?;
    if !signed.is_by(secret, body) {
        return Err(NotHeard::WrongSignature);
    }
    let seconds = now.milliseconds().div_euclid(1_000);
    if signed.at_seconds.abs_diff(seconds) > AGE_SECONDS_MAX {
        return Err(NotHeard::WrongAge);
    }
    let event: Event =
        serde_json::from_slice(body).map_err(|_| NotHeard::Malformed("the body is no event"))?;
    let about = about(&event);
    Ok(Heard { event: event.id, about })
}

/// A `Stripe-Signature`: when, and by whom.
struct Signed<'a> {
    /// As it was written, which is what was signed.
    at: &'a str,
    at_seconds: i64,
    signatures: Vec<[u8; 32]>,
}

impl<'a> Signed<'a> {
    fn parse(header: &'a str) -> Result<Self, NotHeard> {
        let parts = || header.split(',').filter_map(|part| part.trim().split_once('='));
        let at = parts().find(|(name, _)| *name == "t").map(|(_, value)| value);
        let at = at.ok_or(NotHeard::Malformed("the signature does not say when it was made"))?;
        let at_seconds = at.parse().map_err(|_| NotHeard::Malformed("that is no time"))?;
        let signatures: Vec<_> = parts()
            .filter(|(name, _)| *name == "v1")
            .take(SIGNATURES_MAX)
            .filter_map(|(_, hex)| digest(hex))
            .collect();
        if signatures.is_empty() {
            return Err(NotHeard::Malformed("there is no signature of the version 1"));
        }
        Ok(Self { at, at_seconds, signatures })
    }

    fn is_by(&self, secret: &Secret, body: &[u8]) -> bool {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.reveal().as_bytes()) else {
            return false;
        };
        mac.update(self.at.as_bytes());
        mac.update(b".");
        mac.update(body);
        // Each takes as long, whatever is right about it.
        let mut is_any = false;
        for signature in &self.signatures {
            is_any |= mac.clone().verify_slice(signature).is_ok();
        }
        is_any
    }
}

/// A digest from its 64 hexadecimal digits.
fn digest(hex: &str) -> Option<[u8; 32]> {
    let nibble =
        |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut bytes = [0; 32];
    if hex.len() != 64 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = nibble(*high)? << 4 | nibble(*low)?;
    }
    Some(bytes)
}

#[derive(Deserialize)]
struct Event {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    data: EventData,
}

#[derive(Deserialize)]
struct EventData {
    object: EventObject,
}

#[derive(Deserialize)]
struct EventObject {
    id: Option<String>,
    charge: Option<Reference>,
}

fn about(event: &Event) -> About {
    let object = &event.data.object;
    let kind = event.kind.as_str();
    let is_of = |family: &str| kind.starts_with(family);
    let id = || object.id.clone().filter(|id| checked(id).is_ok());
    if kind == "invoice.deleted" {
        // Only a draft can be deleted, and nobody knows it any more.
        About::Nothing
    } else if is_of("invoice.") {
        id().map_or(About::Nothing, About::Invoice)
    } else if kind == "charge.refunded" {
        id().map_or(About::Nothing, About::Charge)
    } else if is_of("refund.") || kind == "charge.refund.updated" || is_of("charge.dispute.") {
        let charge = object.charge.as_ref().map(|charge| charge.id().to_owned());
        charge.filter(|id| checked(id).is_ok()).map_or(About::Nothing, About::Charge)
    } else {
        About::Nothing
    }
}

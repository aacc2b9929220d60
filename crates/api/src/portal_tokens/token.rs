//! A token: what it opens, sealed with a key that only this store has.
//!
//! Nothing of it is stored. It names the customer's generation of tokens, so that all that were given can be
//! ended at once; the store's secret is drawn anew where a backup is restored, so none outlives that.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use scrip_core::{CustomerId, EnvironmentId, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::access::Part;
use super::theme::Theme;

/// By which people and scanners know what it is.
const PREFIX: &str = "portal_";
/// What is sealed is nothing else that is sealed with the same secret.
const PURPOSE: &[u8] = b"scrip portal token 1";

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PortalToken {
    pub environment: EnvironmentId,
    pub customer: CustomerId,
    /// Those that were given under another one are over.
    pub generation: u64,
    pub parts: Vec<Part>,
    /// By real time.
    pub expires_at: Timestamp,
    pub theme: Theme,
}

/// As it stands in the token. Its members stay short, for they are in an address.
#[derive(Deserialize, Serialize)]
struct Sealed {
    e: u32,
    c: String,
    g: u64,
    p: Vec<String>,
    x: i64,
    #[serde(default, skip_serializing_if = "Theme::is_plain")]
    t: Theme,
}

impl PortalToken {
    /// The token as it is given away.
    pub fn seal(&self, secret: &[u8; 32]) -> String {
        let sealed = Sealed {
            e: self.environment.0,
            c: self.customer.as_str().to_owned(),
            g: self.generation,
            p: self.parts.iter().map(|part| part.as_str().to_owned()).collect(),
            x: self.expires_at.milliseconds(),
            t: self.theme.clone(),
        };
        // Texts and numbers always become JSON.
        let payload = serde_json::to_vec(&sealed).unwrap_or_default();
        let seal = mac(secret, &payload).finalize().into_bytes();
        format!("{PREFIX}{}.{}", URL_SAFE_NO_PAD.encode(payload), URL_SAFE_NO_PAD.encode(seal))
    }

    /// What a token of this store says; none of anything else.
    pub fn open(secret: &[u8; 32], text: &str) -> Option<Self> {
        let (payload, seal) = text.strip_prefix(PREFIX)?.split_once('.')?;
        let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
        let seal = URL_SAFE_NO_PAD.decode(seal).ok()?;
        // In constant time.
        mac(secret, &payload).verify_slice(&seal).ok()?;
        let sealed: Sealed = serde_json::from_slice(&payload).ok()?;
        Some(Self {
            environment: EnvironmentId(sealed.e),
            customer: CustomerId::parse(&sealed.c).ok()?,
            generation: sealed.g,
            // What a later release calls a part opens nothing here.
            parts: sealed.p.iter().filter_map(|name| Part::named(name)).collect(),
            expires_at: Timestamp::from_milliseconds(sealed.x).ok()?,
            theme: sealed.t,
        })
    }
}

fn mac(secret: &[u8; 32], payload: &[u8]) -> Hmac<Sha256> {
    // Keys of every length are taken.
    let mac = Hmac::<Sha256>::new_from_slice(secret);
    let mac = mac.unwrap_or_else(|_| Hmac::new(&Default::default()));
    mac.chain_update(PURPOSE).chain_update(payload)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: [u8; 32] = [7; 32];

    fn token() -> PortalToken {
        PortalToken {
            environment: EnvironmentId(2),
            customer: CustomerId::parse("acme_1|x@y").unwrap(),
            generation: 3,
            parts: Part::ALL.to_vec(),
            expires_at: Timestamp::from_milliseconds(1_800_000_000_000).unwrap(),
            theme: Theme { accent_color: Some("#0055aa".to_owned()), ..Theme::default() },
        }
    }

    #[test]
    fn it_says_what_was_sealed() {
        for token in [token(), PortalToken { theme: Theme::default(), ..token() }] {
            let text = token.seal(&SECRET);
            assert_eq!(PortalToken::open(&SECRET, &text), Some(token));
            assert!(
                text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
            );
        }
    }

    #[test]
    fn nothing_else_is_opened() {
        let text = token().seal(&SECRET);
        assert_eq!(PortalToken::open(&[8; 32], &text), None);
        for place in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            // The last character of a part has bits that say nothing, which must be zero.
            assert_eq!(PortalToken::open(&SECRET, &changed), None, "{place}");
        }
        for other in ["", "portal_", "portal_.", "portal_e30.", &text[..text.len() - 1]] {
            assert_eq!(PortalToken::open(&SECRET, other), None, "{other}");
        }
    }
}

//! Secrets of keys: shown to whoever asked for them, and kept nowhere here.

use scrip_ledger::anchors::to_hex;
use scrip_ledger::{ApiKey, KeySecret, secret_hash};

use crate::http::Call;

/// Characters at its end by which a secret's owner knows it again.
const HINT_LENGTH: usize = 4;

/// A new secret. It is no `Debug`, so that no log gets to see it.
pub(crate) struct Minted {
    /// `server-` and 160 random bits.
    pub secret: Box<str>,
    /// What is stored of it.
    pub kept: KeySecret,
}

pub(crate) fn mint(call: &Call) -> Minted {
    let mut bits = [0; 20];
    call.app().ids().fill(&mut bits);
    let digits = to_hex(&bits);
    let hint = digits.get(digits.len() - HINT_LENGTH..).map(str::to_owned);
    let secret = format!("server-{digits}").into_boxed_str();
    let hash = secret_hash(secret.as_bytes());
    Minted { secret, kept: KeySecret { hash, hint, ends_at: None } }
}

/// What rows and logs call a key whose first secret this is.
pub(crate) fn key_id(first: &KeySecret) -> String {
    // Of the secret alone, whatever the environment.
    ApiKey::full(scrip_ledger::SYSTEM, false, first.clone()).id
}

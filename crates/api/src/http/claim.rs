//! How a request's answer is found again: by the client's `Idempotency-Key` (decision 14), or by
//! what the retries of the official SDKs have in common (decision 41).

use axum::http::HeaderMap;
use axum::http::request::Parts;
use scrip_ledger::{Claim, RememberBy};
use sha2::{Digest, Sha256};

use super::Caller;
use crate::error::ApiError;
use crate::limits::IDEMPOTENCY_KEY_BYTES_MAX;
use crate::places::is_of_account;

/// The claim of a request that carries an `Idempotency-Key`.
pub(super) fn claim(
    caller: &Caller,
    parts: &Parts,
    body: &[u8],
) -> Result<Option<Claim>, ApiError> {
    let mut keys = parts.headers.get_all("idempotency-key").iter();
    let Some(key) = keys.next() else {
        return Ok(None);
    };
    if keys.next().is_some() {
        return Err(ApiError::bad_input("Idempotency-Key must be given once"));
    }
    let key = key.as_bytes();
    if key.is_empty() || key.len() > IDEMPOTENCY_KEY_BYTES_MAX {
        return Err(ApiError::bad_input("Idempotency-Key must be 1 to 255 bytes long"));
    }
    // What is done to an environment is remembered beyond it: a reset gives it another number.
    let path = parts.uri.path();
    let environment = if is_of_account(path) { caller.home } else { caller.environment };
    let environment = environment.0.to_be_bytes();
    let method = parts.method.as_str().as_bytes();
    let scope = hash(&[&environment, method, path.as_bytes(), key]);
    Ok(Some(Claim { scope, body: Sha256::digest(body).into() }))
}

/// What a retry of an official SDK has in common with its first attempt.
pub(super) fn attempt(caller: &Caller, parts: &Parts, body: &[u8]) -> Option<RememberBy> {
    let retry_count = retry_count(&parts.headers)?;
    let path = parts.uri.path().as_bytes();
    // Nothing of before a reset answers what comes after it.
    let reset = caller.environment.0.to_be_bytes();
    let body: [u8; 32] = Sha256::digest(body).into();
    let scope = hash(&[caller.key_id.as_bytes(), path, &body, &reset]);
    Some(RememberBy::Attempt { scope, retry_count })
}

fn retry_count(headers: &HeaderMap) -> Option<u32> {
    headers.get("x-stainless-retry-count")?.to_str().ok()?.parse().ok()
}

/// Hashes parts with their lengths, so that they cannot run into each other.
fn hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.len().to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

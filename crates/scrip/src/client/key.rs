//! The key under which something is done once.

use hyper::header::HeaderValue;
use rand::Rng as _;

use super::failure::Failure;
use super::output::tell;

/// The key that was given, or a new one, which is told before anything is sent: whoever is interrupted
/// needs it.
pub fn given_or_new(given: Option<&str>) -> String {
    if let Some(given) = given {
        return given.to_owned();
    }
    let mut bytes = [0; 16];
    rand::rng().fill_bytes(&mut bytes);
    let key = format!("cli-{:032x}", u128::from_be_bytes(bytes));
    tell(&format!("--idempotency-key {key}"));
    key
}

/// The key as a header.
pub fn header(key: &str) -> Result<HeaderValue, Failure> {
    HeaderValue::from_bytes(key.as_bytes()).map_err(|_| {
        Failure::Usage("--idempotency-key must not have control characters".to_owned())
    })
}

//! Issuers of tokens on loopback, those who attack them, and people who sign in there.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod issuer;
mod sign_in;
mod tokens;

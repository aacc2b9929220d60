//! People who sign in, and those who would like to be them.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod elsewhere;
mod links;
mod passwords;
mod sessions;
mod world;

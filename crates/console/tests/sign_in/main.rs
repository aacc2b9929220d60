//! People who sign in, and those who would like to be them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod elsewhere;
mod environments;
mod links;
mod passwords;
mod sessions;
mod world;

//! Random histories by seed, played on every ledger beside the oracle.
//!
//! `history` makes them and tells them as text, `driver` asks a ledger in the oracle's words,
//! `check` compares, and `shrink` makes a failing history short. `faults` plays them on a disk that
//! fails, and `concurrent` calls the built binary from many threads. `stripe` stands in for Stripe.

pub mod check;
pub mod concurrent;
pub mod driver;
#[cfg(target_os = "linux")]
pub mod faults;
pub mod history;
pub mod run;
pub mod shrink;
pub mod stripe;

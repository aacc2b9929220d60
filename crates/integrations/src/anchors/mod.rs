//! Anchors: what was in the ledger is signed from time to time, with a key that is not in it, and kept
//! where whoever changes the ledger cannot reach (decision 32).
//!
//! `anchorer` gathers the heads of the wallets that change, and signs when it is time. Of the nodes on one
//! store one does, see [`Ledger::signs_anchors`]; should two think that it is their turn, the store takes
//! one anchor of each number. `export` writes anchors into a directory, on every node that has one.
//!
//! [`Ledger::signs_anchors`]: scrip_ledger::Ledger::signs_anchors

mod anchorer;
mod export;
mod gathered;

pub use anchorer::{Anchorer, Options};

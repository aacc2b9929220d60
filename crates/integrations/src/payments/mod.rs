//! Money for credits, collected by somebody who is good at it.
//!
//! `provider` is what is asked of whoever collects, in words of credits; `stripe` is one who does.
//! `collector` asks, again and again where need be, and writes what was answered to the ledger.

pub mod collector;
pub mod provider;
pub mod stripe;

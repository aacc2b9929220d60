//! Money for credits, collected by somebody who is good at it.
//!
//! `provider` is what is asked of whoever collects, in words of credits; `stripe` is one who does.

pub mod provider;
pub mod stripe;

//! A stand-in for Stripe: what of it sells credits, in memory, over HTTP.
//!
//! It keeps what it is told (`books`, with `customers`, `invoices` and `payments`), answers as
//! Stripe documents it (`routes`, `refusal`), does once what it is asked twice with the same key
//! (`keys`), and can be told to misbehave and to do what payers and banks do (`faults`, `control`,
//! `events`).
//!
//! It refuses every path and parameter that it does not know, and every parameter that it knows is
//! one of Stripe's of the version it speaks, so a misspelt one is found. Where Stripe lets more
//! through, it refuses more. What it does was read, never compared with Stripe: `docs/stripe.md`
//! names the sources.

mod books;
mod call;
mod control;
mod customers;
mod events;
mod faults;
mod invoices;
mod keys;
mod payments;
mod refusal;
mod routes;
mod server;

pub use events::signature;
pub use server::StandIn;

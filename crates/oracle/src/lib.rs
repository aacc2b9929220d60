//! A slow, obviously right model of credits.
//!
//! It keeps what was asked and accepted, as a list of facts, and recomputes a wallet from its
//! beginning for every question. It shares no code with the product: what both agree on was
//! understood twice.

mod answer;
mod request;

pub use answer::{
    Answer, Consumed, Denied, EventKind, GrantName, GrantState, GrantView, Part, RowView, Totals,
};
pub use request::{
    Amount, Change, Consume, Edit, Grant, GrantKind, Instant, Release, Request, Reserve, Short,
    WalletName,
};

//! A slow, obviously right model of credits.
//!
//! It keeps what was asked and accepted, as a list of facts, and recomputes a wallet from its
//! beginning for every question. It shares no code with the product: what both agree on was
//! understood twice.
//!
//! [`Oracle::ask`] decides a request, the reads tell what the wallet looks like, and
//! [`Oracle::touch`] tells the oracle that the product wrote what was due. The files: `facts` is
//! what is kept, `recompute` is how a wallet comes out of it, `decide` is what is accepted.

mod answer;
mod calendar;
mod decide;
mod facts;
mod keys;
mod oracle;
mod own_grants;
mod places;
mod recompute;
mod request;
mod settings;

pub use answer::{
    Answer, Consumed, Denied, EventKind, GrantName, GrantState, GrantView, Invoice, Part,
    Recharged, Recurs, Refunded, RowView, Totals,
};
pub use calendar::{months_later, next_month};
pub use oracle::{Oracle, made_id, overdraft_id};
pub use own_grants::{Money, Period, Price, Recharge, Recurring, Threshold};
pub use request::{
    Amount, Change, Consume, Edit, Extend, Grant, GrantKind, Instant, InvoiceRefund, Overdraft,
    Payment, Refund, Release, Request, Reserve, Short, Undone, WalletName,
};
pub use settings::{CREDIT, Settings};

//! Makes the core's decisions durable, and answers questions about them.
//!
//! One trait, [`Ledger`], and its implementations, which know nothing of each other. Whatever they
//! share (how an order becomes rows, how pages are cut) stands beside them.

mod bootstrap;
mod clock;
#[cfg(feature = "conformance")]
#[expect(clippy::unwrap_used, clippy::panic, reason = "a scenario fails by panicking")]
pub mod conformance;
pub mod embedded;
mod event;
mod figures;
mod history;
mod ledger;
mod memory;
mod order;
mod page;
mod published;
mod reading;
mod record;
mod reservations;
mod slot;
mod usage;
mod work;

pub use bootstrap::{InitialKey, PRODUCTION, ProvidedKeys, SANDBOX, bootstrap};
pub use clock::{Reading, SystemClock};
pub use event::{CurrencyChange, DomainEvent, EventKind, EventQuery, EventView, Subject};
pub use figures::{Figure, FigureKind, Unit, Value, prometheus_text};
pub use ledger::{ClaimGuard, ClaimState, Explained, Ledger, LedgerError, WalletAt};
pub use memory::Memory;
pub use order::{
    Answer, Claim, Consumed, CreateGrant, Executed, GrantRecord, GrantView, NewRecord, Order,
    OrderRefusal, Payment, PutRecurringGrant, RechargeView, RecordPatch, RecurringGrantView,
    Refunded, Rejected, Released, Remember, RememberBy, Render, ReservationView, Reserved, RowView,
    StoredAnswer, WalletConsume, WalletExtend, WalletRecharge, WalletRefund, WalletRelease,
    WalletReserve, Work,
};
pub use page::{
    CreatedRange, GrantQuery, Page, PageRequest, Point, RecordQuery, ReservationQuery, RowQuery,
    Start,
};
pub use record::{
    KeyHolder, OVERDRAFT_ALLOW, OVERDRAFT_DENY, OVERDRAFT_MEMBER, Record, RecordKind, SYSTEM,
    UNIT_COST_MEMBER, resource_record_id,
};
pub use usage::{USAGE_ROWS_MAX, UsageQuery, UsageSeries};
pub use work::Settings;

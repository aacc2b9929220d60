//! Makes the core's decisions durable, and answers questions about them.
//!
//! One trait, [`Ledger`], and its implementations, which know nothing of each other. Whatever they
//! share (how an order becomes rows, how pages are cut) stands beside them.

mod account;
pub mod anchors;
mod answer;
mod api_key;
mod audit;
mod bootstrap;
mod clock;
#[cfg(feature = "conformance")]
#[expect(clippy::unwrap_used, clippy::panic, reason = "a scenario fails by panicking")]
pub mod conformance;
mod copying;
mod counting;
mod customer_link;
pub mod embedded;
mod environment;
mod erasure;
mod event;
mod event_marks;
mod export;
mod fast_map;
mod figures;
mod hex;
mod history;
mod invoice;
mod ledger;
mod memory;
mod order;
mod packed_grant;
mod packed_slot;
mod page;
mod payments;
mod person;
pub mod postgres;
mod published;
mod queue;
mod reading;
mod record;
mod record_walk;
mod recurring;
mod reservations;
mod revenue;
mod seal;
mod slot;
mod spans;
mod usage;
mod verifying;
mod webhook;
mod work;

pub use account::{Account, PlaceName, all_accounts};
pub use answer::{
    Advanced, Answer, Consumed, Executed, GrantRecord, GrantView, RechargeView, Refunded, Rejected,
    Released, ReservationView, Reserved, RowView, StoredAnswer,
};
pub use api_key::{
    ApiKey, ApiKeyChange, ApiKeyDeed, KeyHolder, KeyKind, KeyRefusal, KeySecret, LastUse,
    Permissions, Scope, secret_hash,
};
pub use audit::{AuditChange, AuditEntry};
pub use bootstrap::{InitialKey, PRODUCTION, ProvidedKeys, SANDBOX, bootstrap};
pub use clock::{Reading, SystemClock};
pub use copying::{Copied, CopyError, Place, copy_store};
pub use counting::{Counter, Gauge, counter, gauge};
pub use customer_link::{CustomerLink, LinkChange, LinkDeed};
pub use environment::{
    Environment, EnvironmentChange, EnvironmentType, NewEnvironment, all_environments,
    environment_called, environment_numbered,
};
pub use erasure::{
    ErasePart, EraseStep, ErasedWallet, Erasure, ErasureState, begin_erasing, finish_erasures,
    go_on_erasing,
};
pub use event::{
    CurrencyChange, DomainEvent, EventKind, EventQuery, EventView, Subject, event_at, newest_event,
};
pub use event_marks::{EventMark, EventMarks};
pub use export::{ExportQuery, ExportSlice};
pub use figures::{Figure, FigureKind, Unit, Value, prometheus_text};
pub use invoice::{GrantInvoice, Invoice, InvoiceDetails, InvoiceId, InvoiceStatus, MoneyReturns};
pub use ledger::{ClaimGuard, ClaimState, Explained, Ledger, LedgerError, WalletAt};
pub use memory::Memory;
pub use order::{
    Claim, CreateGrant, DisputeHandling, INVOICE_DAYS_UNTIL_DUE, INVOICE_DAYS_UNTIL_DUE_MAX,
    InvoiceMoney, InvoiceRefund, NewRecord, Order, OrderRefusal, Payment, PortalTokenMade,
    ProviderDispute, PutRecurringGrant, RecordPatch, Remember, RememberBy, Render,
    RotateWebhookSecret, WalletConsume, WalletExtend, WalletRecharge, WalletRefund, WalletRelease,
    WalletReserve, Work,
};
pub use page::{
    CreatedRange, GrantQuery, Page, PageRequest, Point, RecordQuery, ReservationQuery, RowQuery,
    Start,
};
pub use payments::{
    Collection, CollectionMethod, CollectionOutcome, CollectionState, Intent, Pace,
    PaymentProvider, ProviderInvoice, ProviderKind, ProviderSaid, ProviderStanding, Stands,
    StripeSettings,
};
pub use person::{
    Email, Identity, InvalidEmail, LinkPurpose, LinkUse, Membership, PasswordHash, Person,
    PersonChange, PersonDeed, Role, SESSION_IDLE_SECONDS, SESSION_SECONDS, SESSIONS_MAX, Session,
    SignInLink, Visit, person_by_id, person_by_identity, person_of, session_of, sessions_of,
};
pub use record::{
    OVERDRAFT_ALLOW, OVERDRAFT_DENY, OVERDRAFT_MEMBER, Record, RecordKind, RecordTimes, SYSTEM,
    UNIT_COST_MEMBER, resource_record_id,
};
pub use record_walk::{each_record, every_record};
pub use recurring::RecurringGrantView;
pub use revenue::{
    ClosedMonth, GrantRevenue, Month, RevenueBetween, RevenueBooks, RevenueQuery, RevenueTotal,
};
pub use spans::SPANS;
pub use usage::{USAGE_ROWS_MAX, UsageQuery, UsageSeries};
pub use verifying::{Chains, Finding, Findings, VerifyError};
pub use webhook::{
    Attempt, DeliveryState, EarlierSelection, WebhookDelivery, WebhookEndpoint, WebhookProgress,
    WebhookSecret, WebhookStatus, WebhookStop,
};
pub use work::Settings;

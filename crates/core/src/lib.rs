//! The rules of credits.
//!
//! A [`Wallet`] is brought up to an instant and given a [`Command`]; the core answers with the
//! ledger rows that follow, or with a [`Refusal`]. Time, identifiers and randomness are arguments.
//! Nothing here waits, and nothing here knows how rows are stored or how they are spoken of.

mod apply;
mod chain;
mod check;
mod circumstances;
mod command;
mod contradiction;
mod credits;
mod decide;
mod departure;
mod event;
mod fingerprint;
mod grant;
mod hold;
mod ids;
pub mod limits;
mod money;
mod money_back;
mod notice;
mod packing;
mod recharge;
mod refund;
mod refusal;
mod renewal;
mod revenue;
mod row;
mod skimmed;
mod sorted;
mod texts;
mod time;
mod wallet;

pub use chain::{Digest, genesis};
pub use circumstances::Circumstances;
pub use command::{
    Command, Consume, EditGrant, Extend, GrantChange, HoldEnd, NewGrant, OnInsufficient,
    PaymentState, Release, Reserve, ReturnMoney, SetRenewal,
};
pub use contradiction::Contradiction;
pub use credits::{AmountError, Credits, Overflow, WrittenCredits};
pub use decide::{Broken, Decided, Outcome};
pub use event::{Event, EventType, Leg, RowPart};
pub use fingerprint::{Fingerprint, NameHash, NameKind};
pub use grant::{
    BurnRank, Grant, GrantNumber, GrantRef, GrantState, GrantStatus, GrantType, Priority,
};
pub use hold::{Hold, HoldNumber};
pub use ids::{
    CurrencyId, CustomerId, EnvironmentId, GrantId, IdempotencyKey, InvalidId, RecurringGrantId,
    ReservationId, ResourceId, WalletKey, bucket,
};
pub use money::{Money, MoneyAmount, MoneyCurrency};
pub use money_back::{Dispute, DisputeState, MoneyBack, Restored, Taken};
pub use notice::{
    ChargeOutcome, EXPIRING_AHEAD_MILLISECONDS, Fact, GrantFact, LIMIT_HUNDREDTHS, LOW_HUNDREDTHS,
    Notice,
};
pub use recharge::{GrantPeriod, Recharge, RechargeSetting, RechargeStop, Threshold};
pub use refund::{Move, Original, Refund, RefundRequest, Undone};
pub use refusal::{Entity, Refusal};
pub use renewal::{Cadence, Renewal, RenewalNumber, RenewalTerms};
pub use revenue::{Deed, Gone, MoneySum, Paid, Revenue, deeds_of};
pub use row::{Actor, Cause, HashedParts, Mark, Origin, PackedRow, Row, TraceId, UnreadableRow};
pub use skimmed::SkimmedRow;
pub use texts::{Address, Dimension, Dimensions, Salt, Texts, Words};
pub use time::{InvalidTimestamp, Microseconds, Timestamp};
pub use wallet::{Balance, Due, DueKind, Wallet};

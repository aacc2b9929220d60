//! What is answered, and what a wallet looks like.

use crate::{Amount, Instant, Money, Price, WalletName};

/// What an accepted request is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Nothing to compare.
    Done,
    /// The grant as it is now.
    Grant(GrantView),
    /// What was consumed.
    Consumed(Consumed),
    /// Items of a batch that the state refused, by their place from 0; all others happened.
    Batch(Vec<(usize, Denied)>),
    /// The reservation holds this, or held it: a repeat is answered like the first time.
    Reserved {
        /// What was set aside.
        amount: Amount,
        /// It is open.
        is_open: bool,
        /// When it ends, or ended, by itself.
        expires_at: Instant,
        /// The wallet's totals now.
        totals: Totals,
    },
    /// The reservation is settled; a repeat is answered with the first settlement.
    Released {
        /// What was set aside.
        amount: Amount,
        /// What the job took, by the first release.
        consumed: Amount,
        /// The wallet's totals now.
        totals: Totals,
    },
    /// What was given back.
    Refunded(Refunded),
    /// The invoice of which money was given back, as it was then.
    Invoice(Invoice),
    /// How a wallet recharges now.
    Recharge(Recharged),
    /// How a recurring grant goes on.
    Recurring(Recurs),
}

/// An invoice of which money was given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invoice {
    /// What was paid.
    pub total: Money,
    /// What was given back of it in all.
    pub refunded: Money,
}

/// A recurring grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recurs {
    /// What each period gives.
    pub amount: Amount,
    /// Where periods begin.
    pub anchor: Instant,
    /// When the next one begins; none once it ended.
    pub next: Option<Instant>,
}

/// A wallet's recharge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recharged {
    /// It is wanted, and nothing stopped it.
    pub is_on: bool,
    /// The price that holds for it.
    pub price: Option<Price>,
    /// What was charged in the calendar month.
    pub spent: Money,
}

/// A refund, new or repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refunded {
    /// What it gave back.
    pub amount: Amount,
    /// What all refunds of the consumption had given back with it.
    pub refunded: Amount,
    /// When it was made, the first time.
    pub at: Instant,
    /// The wallet's totals now.
    pub totals: Totals,
}

/// A consumption, new or repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Consumed {
    /// What was asked for, the first time.
    pub amount: Amount,
    /// The instant it is attributed to, by the first time.
    pub attributed_at: Instant,
    /// The wallet's totals now.
    pub totals: Totals,
}

/// The numbers of a wallet (spec 2.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// `usageLimit`: the amounts of all usable grants, but for what was taken back of them.
    pub granted: Amount,
    /// `currentUsage`: what usable grants, the overdraft included, have consumed and hold.
    pub used: Amount,
    /// Holds on usable grants, which are part of `used`.
    pub reserved: Amount,
    /// Holds on expired and voided grants, which are part of nothing.
    pub reserved_on_dead: Amount,
}

impl Totals {
    /// The balance; negative when overdrawn.
    #[must_use]
    pub const fn balance(self) -> Amount {
        self.granted - self.used
    }
}

/// Why a request is refused, in order of precedence (decision 55 and others).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Denied {
    /// The customer is unknown.
    CustomerNotFound,
    /// The currency is unknown.
    CurrencyNotFound,
    /// The grant is unknown.
    GrantNotFound,
    /// The reservation is unknown.
    ReservationNotFound,
    /// The consumption is unknown.
    ConsumptionNotFound,
    /// The recurring grant is unknown.
    RecurringNotFound,
    /// The grant is unknown, or was paid by no invoice.
    InvoiceNotFound,
    /// The customer is archived.
    CustomerArchived,
    /// The currency is archived.
    CurrencyArchived,
    /// The key, or the reservation's name, was used with another request.
    KeyReused,
    /// A customer or currency of this identifier exists.
    Duplicate,
    /// `expireAt` is not after `effectiveAt`.
    ExpireNotAfterEffective,
    /// `expireAt` is not in the future.
    ExpireInPast,
    /// `createdAt` is more than 5 minutes ahead.
    CreatedAtAhead,
    /// `createdAt` is more than 400 days back.
    CreatedAtTooOld,
    /// A reservation's end is not in the future, or more than 24 hours ahead.
    HoldEndOutOfRange,
    /// The test clock goes forward only.
    ClockBackward,
    /// The test clock moves a year at most.
    ClockTooFar,
    /// The recurring grant is another wallet's.
    RecurringMoved,
    /// A recharge would not know what its credits cost.
    RechargeWithoutPrice,
    /// A recharge would not lift its wallet above the threshold.
    TargetNotAboveThreshold,
    /// The grant was voided before.
    GrantVoided,
    /// An overdraft grant, or an expired one that is to be voided.
    GrantCannotBeVoided,
    /// The grant has expired and is to be changed.
    GrantExpired,
    /// The reservation was settled or has ended by itself.
    HoldEnded,
    /// There are not enough credits.
    Insufficient,
    /// So much is not left to be given back.
    RefundExceeds,
    /// So much money is not left to be given back.
    InvoiceRefundExceeds,
    /// Too many unfinished grants, open holds or refunds of one consumption (decision 30).
    TooMany,
    /// A sum would pass 10^18 (decision 5).
    SumTooLarge,
}

/// A grant's name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GrantName {
    /// The identifier that was asked for.
    Given(String),
    /// The wallet's overdraft of this number, from 1: its identifier is the product's own.
    Overdraft(u32),
    /// What the wallet's recharge bought, of this number, from 1.
    Recharge(u32),
    /// What the wallet's recurring grant of this name gave, of this number, from 1.
    Recurring(String, u32),
}

/// A grant's state (spec 2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantState {
    /// Not yet effective.
    Scheduled,
    /// It counts.
    Active,
    /// Its end has passed.
    Expired,
    /// Taken back, or an overdraft that is settled.
    Voided,
}

/// A grant as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantView {
    /// Where.
    pub wallet: WalletName,
    /// Its name.
    pub name: GrantName,
    /// Its state.
    pub state: GrantState,
    /// What was granted; 0 of an overdraft.
    pub amount: Amount,
    /// What was consumed of it; the deficit of an overdraft.
    pub consumed: Amount,
    /// What open reservations hold of it.
    pub held: Amount,
    /// What is gone of it without being consumed: expired, voided, taken back.
    pub lost: Amount,
    /// Its priority.
    pub priority: u8,
    /// Its beginning.
    pub effective_at: Instant,
    /// Its end.
    pub expire_at: Option<Instant>,
    /// When it was voided.
    pub voided_at: Option<Instant>,
}

/// The ten kinds of ledger rows (spec 1.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are the API's")]
pub enum EventKind {
    Granted,
    Expired,
    Consumed,
    Voided,
    Updated,
    TransferSource,
    TransferTarget,
    Reserved,
    ReservationReleased,
    ReservationExpired,
}

/// An element of a reservation's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its kind.
    pub kind: EventKind,
    /// The grant it stands on.
    pub grant: GrantName,
    /// Its signed net effect.
    pub amount: Amount,
}

/// A ledger row as the API shows it (decision 39).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowView {
    /// Its kind.
    pub kind: EventKind,
    /// The grant it stands on.
    pub grant: GrantName,
    /// Its signed net effect on the balance.
    pub amount: Amount,
    /// The instant it was recorded, or the exact instant of what was due.
    pub recorded_at: Instant,
    /// The instant it is attributed to.
    pub attributed_at: Instant,
    /// The sum of the wallet's rows up to this one.
    pub balance_after: Amount,
    /// The reservation it belongs to.
    pub reservation: Option<String>,
    /// The whole hold that a release ended.
    pub hold_returned: Option<Amount>,
    /// One element for each grant of a reservation's row.
    pub breakdown: Vec<Part>,
}

//! What is asked of the server, and what was seen of its answer.

use scrip_oracle::{Amount, Denied, EventKind, GrantName, GrantState, GrantView, Instant};
use scrip_oracle::{Answer, Request, RowView, Totals, WalletName};

use super::linearize::End;

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// It changes something.
    Write {
        /// What.
        request: Request,
        /// Its `Idempotency-Key`.
        key: Option<String>,
    },
    /// The entitlement check of a wallet, which is the read of its balance.
    Check {
        /// Of which wallet.
        wallet: WalletName,
        /// `requestedUsage`.
        requested: Option<Amount>,
    },
    /// The list of a wallet's grants.
    Grants(WalletName),
    /// The list of ledger rows; without a resource it shows all wallets of the customer.
    Rows(WalletName),
}

impl Call {
    /// It changes nothing.
    pub const fn is_read(&self) -> bool {
        !matches!(self, Self::Write { .. })
    }
}

/// What the answer said, as far as a model can foretell it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It was done.
    Done,
    /// Where the clock stands.
    Clock(Instant),
    /// A grant.
    Grant(SeenGrant),
    /// A consumption.
    Consumed {
        /// `amount`.
        amount: Amount,
        /// `timestamp`.
        attributed_at: Instant,
        /// `credit.usageLimit`.
        granted: Amount,
        /// `credit.currentUsage`.
        used: Amount,
    },
    /// The places and codes of a batch's refused items.
    Batch(Vec<(usize, &'static str)>),
    /// A refusal.
    Refused {
        /// The HTTP status.
        status: u16,
        /// `code`.
        code: String,
        /// The item of a batch that is named.
        item: Option<usize>,
    },
    /// A balance.
    Check {
        /// `accessDeniedReason`; none is granted.
        denied: Option<String>,
        /// The numbers.
        totals: Totals,
    },
    /// Grants, newest first.
    Grants(Vec<SeenGrant>),
    /// All rows, newest first, each with its wallet.
    Rows(Vec<(WalletName, SeenRow)>),
    /// Of a batch, seen from a wallet: it was refused for the sake of another.
    RefusedElsewhere,
}

/// A grant as it was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenGrant {
    /// Its name in the history; first the identifier, where only that was answered.
    pub name: String,
    /// `status`.
    pub status: String,
    /// `amount`.
    pub amount: Amount,
    /// `consumedAmount`.
    pub consumed: Amount,
    /// `priority`.
    pub priority: u8,
    /// `effectiveAt`.
    pub effective_at: Instant,
    /// `expireAt`.
    pub expire_at: Option<Instant>,
    /// `voidedAt`.
    pub voided_at: Option<Instant>,
}

/// A ledger row as it was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenRow {
    /// `eventType`.
    pub kind: String,
    /// The grant's name in the history; first its identifier.
    pub grant: String,
    /// `amount`.
    pub amount: Amount,
    /// `balanceAfter`.
    pub balance_after: Amount,
    /// `recordedAt`.
    pub recorded_at: Instant,
    /// `timestamp`.
    pub attributed_at: Instant,
}

/// A call that was made, with everything that is known of it.
#[derive(Clone, Debug)]
pub struct Noted {
    /// What was called.
    pub call: Call,
    /// By which thread.
    pub thread: usize,
    /// When.
    pub called: u64,
    /// How it ended.
    pub end: End<Seen>,
}

/// What a model's answer looks like from outside.
pub fn seen(request: &Request, answer: Result<Answer, Denied>) -> Seen {
    let answer = match answer {
        Ok(answer) => answer,
        Err(denied) => {
            let (status, code) = refusal(denied);
            return Seen::Refused { status, code: code.to_owned(), item: None };
        }
    };
    match (answer, request) {
        (Answer::Done, Request::MoveClock(to)) => Seen::Clock(*to),
        (Answer::Grant(grant), _) => Seen::Grant(seen_grant(&grant)),
        (Answer::Consumed(consumed), _) => Seen::Consumed {
            amount: consumed.amount,
            attributed_at: consumed.attributed_at,
            granted: consumed.totals.granted,
            used: consumed.totals.used,
        },
        (Answer::Batch(refused), _) => {
            Seen::Batch(refused.into_iter().map(|(at, denied)| (at, refusal(denied).1)).collect())
        }
        _ => Seen::Done,
    }
}

/// A model's grant as the API shows it.
pub fn seen_grant(grant: &GrantView) -> SeenGrant {
    let status = match grant.state {
        GrantState::Scheduled => "SCHEDULED",
        GrantState::Active => "ACTIVE",
        GrantState::Expired => "EXPIRED",
        GrantState::Voided => "VOIDED",
    };
    SeenGrant {
        name: name(&grant.name),
        status: status.to_owned(),
        amount: grant.amount,
        consumed: grant.consumed,
        priority: grant.priority,
        effective_at: grant.effective_at,
        expire_at: grant.expire_at,
        voided_at: grant.voided_at,
    }
}

/// A model's row as the API shows it.
pub fn seen_row(row: &RowView) -> SeenRow {
    SeenRow {
        kind: event_type(row.kind).to_owned(),
        grant: name(&row.grant),
        amount: row.amount,
        balance_after: row.balance_after,
        recorded_at: row.recorded_at,
        attributed_at: row.attributed_at,
    }
}

/// What the overdraft of this number is called.
pub fn overdraft_name(number: u32) -> String {
    format!("overdraft {number}")
}

fn name(grant: &GrantName) -> String {
    match grant {
        GrantName::Given(name) => name.clone(),
        GrantName::Recurring(id, number) => format!("{id} {number}"),
        GrantName::Recharge(number) => format!("recharge {number}"),
        GrantName::Overdraft(number) => overdraft_name(*number),
    }
}

const fn event_type(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Granted => "CREDITS_GRANTED",
        EventKind::Expired => "CREDITS_EXPIRED",
        EventKind::Consumed => "CREDITS_CONSUMED",
        EventKind::Voided => "CREDITS_VOIDED",
        EventKind::Updated => "CREDITS_UPDATED",
        EventKind::TransferSource => "CREDITS_CONSUMPTION_TRANSFER_SOURCE",
        EventKind::TransferTarget => "CREDITS_CONSUMPTION_TRANSFER_TARGET",
        EventKind::Reserved => "CREDITS_RESERVED",
        EventKind::ReservationReleased => "CREDITS_RESERVATION_RELEASED",
        EventKind::ReservationExpired => "CREDITS_RESERVATION_EXPIRED",
    }
}

/// The status and code of a refusal.
const fn refusal(denied: Denied) -> (u16, &'static str) {
    match denied {
        Denied::CustomerNotFound => (404, "CustomerNotFound"),
        Denied::CurrencyNotFound => (404, "CustomCurrencyNotFound"),
        Denied::GrantNotFound => (404, "CreditGrantNotFound"),
        Denied::ReservationNotFound => (404, "CreditReservationNotFound"),
        Denied::ConsumptionNotFound => (404, "CreditConsumptionNotFound"),
        Denied::RecurringNotFound => (404, "CreditRecurringGrantNotFound"),
        Denied::InvoiceNotFound => (404, "MissingBillingInvoiceError"),
        Denied::CustomerArchived | Denied::CurrencyArchived => (400, "EntityIsArchivedError"),
        Denied::KeyReused | Denied::Duplicate => (409, "DuplicatedEntityNotAllowed"),
        Denied::ExpireNotAfterEffective => (400, "ExpireAtMustBeLaterThanEffectiveAtError"),
        Denied::ExpireInPast
        | Denied::CreatedAtAhead
        | Denied::CreatedAtTooOld
        | Denied::HoldEndOutOfRange
        | Denied::RecurringMoved
        | Denied::RechargeWithoutPrice
        | Denied::TargetNotAboveThreshold
        | Denied::ClockBackward
        | Denied::ClockTooFar => (400, "BadUserInput"),
        Denied::GrantVoided => (400, "CreditGrantAlreadyVoided"),
        Denied::GrantCannotBeVoided => (400, "CreditGrantCannotBeVoided"),
        Denied::GrantExpired => (400, "CannotUpdateExpireAtForExpiredCreditGrantError"),
        Denied::Insufficient => (402, "InsufficientCredits"),
        Denied::HoldEnded
        | Denied::RefundExceeds
        | Denied::InvoiceRefundExceeds
        | Denied::TooMany => (400, "InvalidArgumentError"),
        Denied::SumTooLarge => (400, "AmountTooLarge"),
    }
}

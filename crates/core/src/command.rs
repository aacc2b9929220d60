//! What can be asked of a wallet. Every value here has passed its shape checks.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    Cadence, Credits, Dimensions, Fingerprint, Grant, GrantId, GrantRef, GrantType, IdempotencyKey,
    Mark, Money, MoneyAmount, Priority, RechargeSetting, RecurringGrantId, Refund, Refusal,
    RenewalTerms, ReservationId, Timestamp, Words,
};

/// A request to one wallet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Nothing but the passing of time.
    Advance,
    /// Make a grant.
    Grant(NewGrant),
    /// Take back what is left of a grant.
    Void {
        /// Which.
        id: GrantId,
        /// Its stored facts, if it left its wallet spent.
        spent: Option<Grant>,
    },
    /// Change a grant.
    Edit {
        /// Which, and how.
        edit: EditGrant,
        /// Its stored facts, if it left its wallet spent.
        spent: Option<Grant>,
    },
    /// The payment of a pending grant arrived.
    ConfirmPayment(GrantId),
    /// The charge of a recharge was declined: its grant ends, and the recharge stands still.
    FailRecharge {
        /// Its grant, which waits for its payment.
        id: GrantId,
        /// What it would have cost.
        cost: Money,
    },
    /// Burn credits.
    Consume(Consume),
    /// Set credits aside.
    Reserve(Reserve),
    /// Settle an open hold.
    Release(Release),
    /// Settle a reservation whose hold timed out: consume normally (decision 39).
    ReleaseLate {
        /// What to settle.
        release: Release,
        /// The first grant that backed the hold.
        first: GrantRef,
    },
    /// Let an open hold end at another instant.
    Extend(Extend),
    /// Give back what was consumed.
    Refund(Box<Refund>),
    /// Take back credits whose money went back.
    ReturnMoney(Box<ReturnMoney>),
    /// Save what the owner wants of the wallet's recharge.
    SetRecharge(RechargeSetting),
    /// Make a recurring grant, or change it from its next period on (decision 82).
    SetRenewal(SetRenewal),
    /// End a recurring grant; what it gave stays.
    RemoveRenewal(RecurringGrantId),
}

/// Whether a new grant has to wait for money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PaymentState {
    /// Nothing is collected, or it was paid already.
    Settled,
    /// Usable only once paid.
    Pending,
}

/// A grant to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewGrant {
    /// Minted by the caller.
    pub id: GrantId,
    /// Its kind; never an overdraft.
    pub grant_type: GrantType,
    /// Positive, at most [`crate::limits::AMOUNT_MAX`].
    pub amount: Credits,
    /// First criterion of the burn order.
    pub priority: Priority,
    /// From when on it counts; none is now.
    pub effective_at: Option<Timestamp>,
    /// Until when it counts; none is for ever.
    pub expire_at: Option<Timestamp>,
    /// Whether it waits for money.
    pub payment: PaymentState,
    /// What it cost.
    pub cost: Money,
    /// Name, comment, metadata.
    pub words: Words,
}

impl NewGrant {
    /// Refuses impossible times (decision 27), in the order of decision 60.
    pub fn check_times(&self, now: Timestamp) -> Result<(), Refusal> {
        check_expiry(self.expire_at, self.effective_at.unwrap_or(now), now)
    }
}

pub(crate) fn check_expiry(
    expire_at: Option<Timestamp>,
    effective_at: Timestamp,
    now: Timestamp,
) -> Result<(), Refusal> {
    match expire_at {
        Some(expire_at) if expire_at <= effective_at => Err(Refusal::ExpireNotAfterEffective),
        Some(expire_at) if expire_at <= now => Err(Refusal::ExpireInPast),
        _ => Ok(()),
    }
}

/// What changes of a grant (decision 27). Absent members stay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GrantChange {
    /// New display name.
    pub display_name: Option<String>,
    /// New comment; an inner none clears it.
    pub comment: Option<Option<String>>,
    /// New metadata, whole.
    pub metadata: Option<BTreeMap<String, String>>,
    /// New priority.
    pub priority: Option<Priority>,
    /// New last instant; an inner none is for ever.
    pub expire_at: Option<Option<Timestamp>>,
}

impl GrantChange {
    /// Nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A grant to be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditGrant {
    /// Which.
    pub id: GrantId,
    /// How.
    pub change: GrantChange,
}

/// What happens when the balance is short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OnInsufficient {
    /// The deficit goes to the overdraft grant (spec 2.5).
    Overdraft,
    /// Nothing is consumed.
    Reject,
}

/// Credits to be burned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consume {
    /// Positive, at most [`crate::limits::AMOUNT_MAX`].
    pub amount: Credits,
    /// Under which name it happens once.
    pub key: IdempotencyKey,
    /// The instant it is attributed to; none is now.
    pub created_at: Option<Timestamp>,
    /// What it was for.
    pub dimensions: Dimensions,
    /// What happens when the balance is short.
    pub on_insufficient: OnInsufficient,
}

impl Consume {
    /// Refuses an attribution too far from now (decision 32).
    pub fn check_times(&self, now: Timestamp) -> Result<(), Refusal> {
        use crate::limits::{
            ATTRIBUTION_AHEAD_MAX_MILLISECONDS as AHEAD, ATTRIBUTION_BACK_MAX_MILLISECONDS as BACK,
        };
        match self.created_at {
            Some(at) if at.since(now) > AHEAD => Err(Refusal::CreatedAtAhead),
            Some(at) if now.since(at) > BACK => Err(Refusal::CreatedAtTooOld),
            _ => Ok(()),
        }
    }

    /// What makes two requests with one key the same (decisions 13, 72).
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.meaning())
    }

    /// Whether both have one fingerprint.
    #[must_use]
    pub fn means_the_same(&self, other: &Self) -> bool {
        self.meaning() == other.meaning()
    }

    const fn meaning(&self) -> (Credits, Option<Timestamp>, &Dimensions, OnInsufficient) {
        (self.amount, self.created_at, &self.dimensions, self.on_insufficient)
    }
}

/// Credits to be set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reserve {
    /// Its name.
    pub reservation: ReservationId,
    /// Positive, at most [`crate::limits::AMOUNT_MAX`].
    pub amount: Credits,
    /// When it ends by itself.
    pub ends: HoldEnd,
    /// What the request was, for its repeats (decision 49).
    pub fingerprint: Fingerprint,
    /// The reservation's metadata.
    pub metadata: BTreeMap<String, String>,
}

/// When a hold ends by itself, as a request says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum HoldEnd {
    /// At an instant.
    At(Timestamp),
    /// So long after the request is decided.
    After {
        /// How long.
        milliseconds: i64,
    },
}

impl HoldEnd {
    /// The instant, for a request that is decided now: later than now, at most 24 hours ahead.
    pub fn instant(self, now: Timestamp) -> Result<Timestamp, Refusal> {
        let at = match self {
            Self::At(at) => at,
            Self::After { milliseconds } => now.later(milliseconds),
        };
        let is_in_range = at > now && at <= now.later(crate::limits::HOLD_MAX_MILLISECONDS);
        is_in_range.then_some(at).ok_or(Refusal::HoldExpiryOutOfRange)
    }
}

impl From<Timestamp> for HoldEnd {
    fn from(at: Timestamp) -> Self {
        Self::At(at)
    }
}

/// An open hold that shall end at another instant, later or sooner (decisions 69, 77).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extend {
    /// Which.
    pub reservation: ReservationId,
    /// When it ends by itself from now on.
    pub ends: HoldEnd,
}

/// A reservation to be settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// Which.
    pub reservation: ReservationId,
    /// What the job took; 0 gives everything back.
    pub consumed: Credits,
}

/// Money that was paid for a grant went back (decision 47).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnMoney {
    /// Which grant.
    pub id: GrantId,
    /// How much of what was paid for it.
    pub money: Money,
    /// How much of it in all.
    pub returned: MoneyAmount,
    /// How many of its credits are to be lost in all: what expired, was voided, or was taken before
    /// counts. Fewer than before takes nothing.
    pub target: Credits,
    /// Its stored facts, if it left its wallet.
    pub left: Option<Grant>,
    /// Under which name: the client's key, or the provider's event.
    pub key: IdempotencyKey,
    /// What the request was.
    pub fingerprint: Fingerprint,
}

impl ReturnMoney {
    /// Under which name it happens once.
    pub(crate) fn mark(&self) -> Mark {
        Mark { key: Some(self.key.clone()), fingerprint: self.fingerprint }
    }
}

/// A recurring grant to be made or changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetRenewal {
    /// The client's name for it.
    pub id: RecurringGrantId,
    /// What each period gives: positive, at most [`crate::limits::AMOUNT_MAX`].
    pub amount: Credits,
    /// How long a period is.
    pub cadence: Cadence,
    /// Where periods begin; none is now, or stays what it is.
    pub anchor: Option<Timestamp>,
    /// The grants' priority.
    pub priority: Priority,
}

impl SetRenewal {
    /// What it comes to, where the anchor was so or is now.
    pub(crate) fn terms(&self, anchor: Timestamp) -> RenewalTerms {
        let Self { id, amount, cadence, priority, .. } = self;
        let (id, anchor) = (id.clone(), self.anchor.unwrap_or(anchor));
        RenewalTerms { id, amount: *amount, cadence: *cadence, anchor, priority: *priority }
    }
}

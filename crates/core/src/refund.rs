//! Undoing a consumption (spec section 7): what is asked, and what the rows say of it so far.

use serde::{Deserialize, Serialize};

use crate::limits::REFUNDS_MAX;
use crate::{
    Credits, Dimensions, Event, Fingerprint, Grant, GrantRef, IdempotencyKey, Leg, Overflow,
    Refusal, ReservationId, Timestamp,
};

/// What a refund undoes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Undone {
    /// A consumption, by its key.
    Consumption(IdempotencyKey),
    /// What the release of a reservation consumed, its excess included.
    Reservation(ReservationId),
}

/// A refund as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundRequest {
    /// Under which name it happens once.
    pub key: IdempotencyKey,
    /// What it undoes.
    pub of: Undone,
    /// How much, positive; none is whatever is left of the consumption.
    pub amount: Option<Credits>,
}

impl RefundRequest {
    /// What makes two requests with one key the same (decision 13).
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&(&self.of, self.amount))
    }
}

/// A consumption as its rows tell of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Original {
    /// What each grant gave, in the order in which they gave it.
    pub legs: Vec<Leg>,
    /// The sum of its refunds so far.
    pub refunded: Credits,
    /// How many these were.
    pub refunds: usize,
    /// The instant it is attributed to.
    pub attributed_at: Timestamp,
    /// What it was for; empty too if that was erased.
    pub dimensions: Dimensions,
}

impl Original {
    /// The sum of the legs.
    pub fn amount(&self) -> Result<Credits, Overflow> {
        Credits::sum(self.legs.iter().map(|leg| leg.amount))
    }

    /// What of each leg a refund of so much undoes, the last leg first: the earlier refunds have
    /// undone the end of the consumption. Refused if not so much is left, or if there were too many
    /// refunds.
    pub fn undone_by(&self, amount: Option<Credits>) -> Result<Vec<Leg>, Refusal> {
        let left = self.amount()?.minus(self.refunded)?;
        if !left.is_positive() {
            return Err(Refusal::NothingToRefund);
        }
        if self.refunds >= REFUNDS_MAX {
            return Err(Refusal::TooMany {
                what: "refunds of one consumption",
                limit: REFUNDS_MAX,
            });
        }
        let (mut passed, mut missing) = (self.refunded, amount.unwrap_or(left));
        if missing > left {
            return Err(Refusal::RefundExceeds { left });
        }
        let mut undone = Vec::new();
        for leg in self.legs.iter().rev() {
            let before = leg.amount.min(passed);
            passed = passed.minus(before)?;
            let amount = leg.amount.minus(before)?.min(missing);
            missing = missing.minus(amount)?;
            if amount.is_positive() {
                undone.push(Leg { grant: leg.grant, amount });
            }
            if missing.is_zero() {
                break;
            }
        }
        Ok(undone)
    }
}

/// A refund, with what must be known of the past to decide it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// What is asked.
    pub request: RefundRequest,
    /// The consumption.
    pub original: Original,
    /// Where consumption moved that can no longer be given back where it was: of each grant the
    /// newest first, less what earlier refunds gave back against it. As many as can be needed; those
    /// that time brings before the refund are seen by the wallet itself.
    pub moves: Vec<Move>,
    /// The stored facts of the grants among the legs and moves that have left their wallet.
    pub left: Vec<Grant>,
}

/// Consumption that moved from one grant to another: from an overdraft to a grant that could bear it
/// (decision 11), or to an overdraft from a grant whose money went back (decision 47).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// Where it stood.
    pub from: GrantRef,
    /// Where it stands, and how much.
    pub to: Leg,
}

impl Move {
    /// What a row moved, if it moved consumption.
    #[must_use]
    pub const fn of(event: &Event) -> Option<Self> {
        match event {
            Event::Transferred { source, target, amount } => {
                Some(Self { from: *source, to: Leg { grant: *target, amount: *amount } })
            }
            Event::ReclaimedConsumed { grant, overdraft, amount } => {
                Some(Self { from: *grant, to: Leg { grant: *overdraft, amount: *amount } })
            }
            _ => None,
        }
    }
}

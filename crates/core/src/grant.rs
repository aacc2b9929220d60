//! A grant as its wallet knows it, and the order in which grants burn.

use serde::{Deserialize, Serialize};

use crate::{Credits, GrantId, Overflow, Timestamp};

/// A grant's place in its wallet's order of creation, from 1.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct GrantNumber(pub u32);

/// A grant as rows and legs name it: where the wallet finds it, and what the world calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct GrantRef {
    /// Its place in the wallet.
    pub number: GrantNumber,
    /// Its identifier.
    pub id: GrantId,
}

/// Where the credits come from. The order is the burn order's third criterion (decision 10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum GrantType {
    /// Given away.
    Promotional,
    /// Given anew each period.
    Recurring,
    /// Bought.
    Paid,
    /// What was consumed beyond all grants; made and ended by the wallet itself (decision 11).
    Overdraft,
}

/// The first criterion of the burn order: 0 to 100, lower burns first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Priority(u8);

impl Priority {
    /// The priority of a grant that names none (spec 1.1).
    pub const DEFAULT: Self = Self(50);
    /// The priority of an overdraft grant (decision 11).
    pub const LAST: Self = Self(100);

    /// A priority of the allowed range.
    #[must_use]
    pub const fn new(priority: u8) -> Option<Self> {
        if priority <= 100 { Some(Self(priority)) } else { None }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// Where a grant is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum GrantState {
    /// Its invoice or charge is open; it counts in no balance.
    PaymentPending,
    /// It waits for its first instant.
    Scheduled,
    /// It counts in the balance.
    Usable,
    /// Its last instant has passed.
    Expired {
        /// When.
        at: Timestamp,
    },
    /// It was taken back, or it was an overdraft that is settled.
    Voided {
        /// When.
        at: Timestamp,
    },
}

/// A grant's status as the API spells it (spec 2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum GrantStatus {
    /// Waits for its payment.
    PaymentPending,
    /// Usable.
    Active,
    /// Past its last instant.
    Expired,
    /// Taken back.
    Voided,
    /// Before its first instant.
    Scheduled,
}

/// What the rules need to know of a grant. Names, comments and metadata are the store's business.
///
/// Invariant, but for an overdraft: `amount = consumed + held + available + lost`, each ≥ 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Who it is.
    pub name: GrantRef,
    /// Its kind.
    pub grant_type: GrantType,
    /// First criterion of the burn order.
    pub priority: Priority,
    /// Credits given; 0 for an overdraft.
    pub amount: Credits,
    /// Credits consumed; the deficit for an overdraft.
    pub consumed: Credits,
    /// Credits held by open reservations.
    pub held: Credits,
    /// Credits that expired, were voided, or were taken back with their money.
    pub lost: Credits,
    /// From when on it counts, inclusive.
    pub effective_at: Timestamp,
    /// Until when it counts, exclusive; none is for ever.
    pub expire_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When a row last touched it.
    pub updated_at: Timestamp,
    /// Where it is in its life.
    pub state: GrantState,
}

impl Grant {
    /// What it gave and nobody took back: of a living grant, credits go only with their money.
    pub fn given(&self) -> Result<Credits, Overflow> {
        self.amount.minus(self.lost)
    }

    /// Credits that are neither consumed, held nor lost.
    pub fn unheld(&self) -> Result<Credits, Overflow> {
        if self.grant_type == GrantType::Overdraft {
            return Ok(Credits::ZERO);
        }
        self.amount.minus(self.consumed)?.minus(self.held)?.minus(self.lost)
    }

    /// What it adds to its wallet's balance: its unheld credits while it counts, and below zero what
    /// a live overdraft bears.
    pub fn available(&self) -> Result<Credits, Overflow> {
        match (self.is_usable(), self.grant_type) {
            (false, _) => Ok(Credits::ZERO),
            (true, GrantType::Overdraft) => self.consumed.negated(),
            (true, _) => self.unheld(),
        }
    }

    /// It counts in the balance.
    #[must_use]
    pub const fn is_usable(&self) -> bool {
        matches!(self.state, GrantState::Usable)
    }

    /// It ended, by expiry or by void.
    #[must_use]
    pub const fn is_dead(&self) -> bool {
        matches!(self.state, GrantState::Expired { .. } | GrantState::Voided { .. })
    }

    /// The status as the API spells it.
    #[must_use]
    pub const fn status(&self) -> GrantStatus {
        match self.state {
            GrantState::PaymentPending => GrantStatus::PaymentPending,
            GrantState::Scheduled => GrantStatus::Scheduled,
            GrantState::Usable => GrantStatus::Active,
            GrantState::Expired { .. } => GrantStatus::Expired,
            GrantState::Voided { .. } => GrantStatus::Voided,
        }
    }

    /// Its place in the burn order.
    #[must_use]
    pub fn rank(&self) -> BurnRank {
        BurnRank {
            priority: self.priority,
            expire_at: self.expire_at.unwrap_or(Timestamp::NEVER),
            grant_type: self.grant_type,
            effective_at: self.effective_at,
            created_at: self.created_at,
            number: self.name.number,
        }
    }
}

/// The burn order (spec 2.3, decision 10) as a total order without ties: the derived comparison
/// takes the fields as they stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BurnRank {
    priority: Priority,
    expire_at: Timestamp,
    grant_type: GrantType,
    effective_at: Timestamp,
    created_at: Timestamp,
    /// Which grant this is.
    pub number: GrantNumber,
}

//! A hold: credits set aside on certain grants while a job runs.

use serde::{Deserialize, Serialize};

use crate::{Leg, ReservationId, Timestamp};

/// A hold's place in its wallet's order of creation, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HoldNumber(pub u32);

/// An open reservation. Its legs keep the order fixed when it was placed (decision 39).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Its place in the wallet.
    pub number: HoldNumber,
    /// The client's name for it.
    pub reservation: ReservationId,
    /// When it was placed.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// What it holds, grant by grant; never empty, every amount positive.
    pub legs: Vec<Leg>,
}

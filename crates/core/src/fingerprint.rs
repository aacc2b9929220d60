//! Fingerprints of requests, and the hashed names under which they are found again.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{Digest, WalletKey, genesis, packing};

/// Sixteen bytes that stand for a parsed request: equal exactly when the requests mean the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint([u8; 16]);

impl Fingerprint {
    /// The fingerprint of the parts that matter.
    #[must_use]
    pub fn of(parts: &impl Serialize) -> Self {
        // Packing into memory fails only for types that cannot be packed at all; the parts of
        // every request can, and its tests say so.
        let bytes = packing::to_vec(parts).unwrap_or_default();
        Self(first_half(Sha256::digest(bytes).into()))
    }
}

/// What a name was given to. Names of different kinds never meet (decision 13).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum NameKind {
    /// A consumption's key.
    Consumption = 1,
    /// A refund's key.
    Refund = 2,
    /// A reservation's identifier.
    Reservation = 3,
    /// The identifier of a grant whose consumption moved: of an overdraft to the grants that took it
    /// over, of one whose money went back to an overdraft.
    Overdraft = 4,
    /// The name under which money of a grant went back.
    MoneyBack = 5,
}

/// Sixteen bytes that find a name of a wallet. A hit is confirmed by the full name in its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NameHash(pub [u8; 16]);

impl NameHash {
    /// The hash of a wallet's name.
    #[must_use]
    pub fn of(wallet: &WalletKey, kind: NameKind, name: &str) -> Self {
        Self::within(&genesis(wallet), kind, name)
    }

    /// The same, where the wallet's genesis is at hand.
    #[must_use]
    pub fn within(genesis: &Digest, kind: NameKind, name: &str) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(genesis.as_bytes());
        hasher.update([kind as u8]);
        hasher.update(name.as_bytes());
        Self(first_half(hasher.finalize().into()))
    }
}

fn first_half(hash: [u8; 32]) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&hash[..16]);
    half
}

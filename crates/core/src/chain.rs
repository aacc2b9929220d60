//! The hash chain of a wallet's rows.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::WalletKey;

/// A SHA-256 digest.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Wraps 32 bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Where a wallet's chain begins: a digest of its key, so that rows cannot move between wallets.
#[must_use]
pub fn genesis(wallet: &WalletKey) -> Digest {
    let mut hasher = Sha256::new();
    hasher.update(b"scrip wallet 1\0");
    hasher.update(wallet.environment.0.to_be_bytes());
    // Identifiers contain no zero byte, so the fields cannot run into each other.
    for part in [wallet.customer.as_str(), wallet.currency.as_str()] {
        hasher.update(part.as_bytes());
        hasher.update([0]);
    }
    if let Some(resource) = &wallet.resource {
        hasher.update(resource.as_str().as_bytes());
    }
    Digest(hasher.finalize().into())
}

/// The hash of a row: its predecessor's hash, its content and the digest of its words.
pub(crate) fn link(previous: Digest, content: &[u8], words: Option<Digest>) -> Digest {
    let mut hasher = Sha256::new();
    hasher.update(previous.0);
    hasher.update(content);
    if let Some(words) = words {
        hasher.update(words.0);
    }
    Digest(hasher.finalize().into())
}

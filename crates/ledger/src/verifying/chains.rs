//! Whether two stores hold the same wallets.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::packed_slot::pack_key;
use crate::slot::Slot;
use crate::work::StoreError;

/// What all wallets of a store come to: their keys, the last hashes of their chains, and all that
/// their rows add up to. The order of the wallets does not matter, nor where their rows lie. Two
/// stores that were verified and come to the same hold the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chains(u128);

impl Chains {
    /// Another wallet.
    pub fn add(&mut self, slot: &Slot) -> Result<(), StoreError> {
        let wallet = postcard::to_stdvec(&slot.wallet)
            .map_err(|error| StoreError::Failed(format!("packing a wallet: {error}")))?;
        let digest = Sha256::new()
            .chain_update(pack_key(slot.wallet.key()))
            .chain_update(slot.wallet.hash().as_bytes())
            .chain_update(wallet)
            .finalize();
        let mut half = [0; 16];
        half.copy_from_slice(&digest[..16]);
        self.0 = self.0.wrapping_add(u128::from_be_bytes(half));
        Ok(())
    }

    /// The wallets of both.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0.wrapping_add(other.0))
    }
}

impl fmt::Display for Chains {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

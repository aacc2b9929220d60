//! What a request finds that was made before: the wallet is only looked at.

use std::borrow::Cow;
use std::sync::Arc;

use scrip_core::{Command, Timestamp, Wallet, WalletKey};

use super::own_grants::circumstances;
use super::{Failure, Place, State, StoreError};
use crate::slot::Slot;

/// The wallet as it is now. What time brought since its last row is not written.
pub(super) fn seen_now<'a>(
    state: &mut dyn State,
    at: Place<'_>,
    slot: &'a Slot,
) -> Result<Cow<'a, Wallet>, Failure> {
    let circumstances = circumstances(state, at, slot, &Command::Advance)?;
    let later = slot.wallet.advanced_in(circumstances, state.now(at.environment))?;
    Ok(later.map_or(Cow::Borrowed(&slot.wallet), Cow::Owned))
}

/// Puts a wallet back as it was. One without rows was never taken out.
pub(super) fn put_back(state: &mut dyn State, slot: Arc<Slot>) -> Result<(), StoreError> {
    if slot.wallet.sequence() > 0 {
        state.save(slot, &[], &[], None)?;
    }
    Ok(())
}

/// The wallet's time: the clock's, or that of its last row if somebody set the clock back.
pub(super) fn wallet_time(
    state: &mut dyn State,
    at: Place<'_>,
    key: &WalletKey,
) -> Result<Timestamp, Failure> {
    let now = state.now(at.environment);
    let Some(slot) = state.load(key)? else { return Ok(now) };
    let time = slot.wallet.time_at(now);
    put_back(state, slot)?;
    Ok(time)
}

//! What follows from what was found in a wallet.
//!
//! The rows are the truth. If they are well, whatever is made of them is made again; if they are
//! not, the wallet takes no orders until they are.

use scrip_core::WalletKey;

use super::super::writer::Message;
use super::super::{Embedded, mend};
use super::wallet::Scrub;
use crate::LedgerError;
use crate::slot::Slot;
use crate::verifying::Stop;
use crate::work::StoreError;

impl Scrub {
    pub(super) fn draw_consequences(
        &self,
        ledger: &Embedded,
        ended: Result<(), Stop>,
        is_record_wrong: bool,
    ) -> Result<(), LedgerError> {
        let shared = &ledger.shared;
        let finding = match ended {
            Err(Stop::Interrupted(error)) => {
                tracing::warn!(wallet = self.number, %error, "a wallet was not scrubbed");
                return Ok(());
            }
            Err(Stop::Finding(finding)) => finding,
            Ok(()) => {
                shared.gauges.scrubbed_wallets.increment();
                if is_record_wrong {
                    self.write_again(ledger, None);
                }
                if shared.wallets.is_frozen(&self.key) {
                    ledger.ask_blocking(|reply| Message::Thaw(self.key.clone(), reply))?;
                }
                return Ok(());
            }
        };
        shared.gauges.scrubbed_wallets.increment();
        if !self.is_in_memory {
            // Only the record says where its rows are: they are sought one by one.
            return match mend::mend(&shared.directory, &self.key) {
                Ok(Some(slot)) => {
                    self.write_again(ledger, Some(slot));
                    Ok(())
                }
                Ok(None) => Ok(()),
                Err(StoreError::Corrupt(what)) => self.freeze(ledger, what),
                Err(error) => {
                    tracing::warn!(wallet = self.number, %error, "a wallet was not scrubbed");
                    Ok(())
                }
            };
        }
        let was_frozen = shared.wallets.is_frozen(&self.key);
        self.freeze(ledger, finding.to_string())?;
        // No order changes it any more. If its rows are well, they say how it should be, and the
        // next pass lets it take orders again.
        if !was_frozen && let Ok(Some(slot)) = mend::mend(&shared.directory, &self.key) {
            shared.gauges.snapshots_repaired.increment();
            shared.wallets.replace(slot);
            shared.keep.behind.again(self.key.clone());
        }
        Ok(())
    }

    /// The record is written again from memory, with the next round.
    fn write_again(&self, ledger: &Embedded, mended: Option<Slot>) {
        let shared = &ledger.shared;
        tracing::warn!(wallet = self.number, "a record in snapshots.db is made again");
        shared.gauges.snapshots_repaired.increment();
        let slot = mended.or_else(|| self.folded());
        if shared.wallets.make_dirty(&self.key, slot, self.dropped) {
            shared.keep.behind.again(self.key.clone());
        }
    }

    fn freeze(&self, ledger: &Embedded, why: String) -> Result<(), LedgerError> {
        let (number, key) = (self.number, &self.key);
        ledger.shared.gauges.scrub_findings.increment();
        tracing::error!(wallet = number, customer = %key.customer, why, "a wallet is wrong");
        let key = WalletKey::clone(key);
        ledger.ask_blocking(|reply| Message::Freeze(key, why, reply))
    }
}

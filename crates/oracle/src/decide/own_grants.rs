//! Settings of recharges.

use std::cmp::Ordering;

use crate::facts::What;
use crate::{Answer, Denied, Instant, Oracle, Recharge, Threshold};

impl Oracle {
    /// The price is fixed when the setting is saved (decision 78). An archived customer's can be
    /// saved, and does nothing (decision 48).
    pub(super) fn set_recharge(
        &mut self,
        asked: &Recharge,
        now: Instant,
    ) -> Result<Answer, Denied> {
        self.places.check_known(&asked.wallet)?;
        let mut setting = asked.clone();
        if setting.price.is_none() {
            setting.price = self.places.price(&asked.wallet.currency);
        }
        check_setting(&setting)?;
        let wallet_now = self.wallet_now(&asked.wallet, now);
        let wallet = self.keep(&asked.wallet, wallet_now, What::SetRecharge(setting))?;
        Ok(Answer::Recharge(wallet.recharged(wallet_now)))
    }
}

/// What is on must have a price, and a target that lifts the wallet above its threshold. What is
/// off may be left empty.
fn check_setting(setting: &Recharge) -> Result<(), Denied> {
    if setting.is_enabled && setting.price.is_none() {
        return Err(Denied::RechargeWithoutPrice);
    }
    let asks_nothing = matches!(setting.threshold, Threshold::Credits(0) | Threshold::Money(0));
    if !setting.is_enabled && setting.target == 0 && asks_nothing {
        return Ok(());
    }
    match setting.compared(setting.target) {
        Some(Ordering::Less | Ordering::Equal) => Err(Denied::TargetNotAboveThreshold),
        Some(Ordering::Greater) | None => Ok(()),
    }
}

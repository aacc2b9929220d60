//! Recharges and recurring grants.

use std::cmp::Ordering;

use crate::facts::What;
use crate::{Answer, Denied, Instant, Oracle, Recharge, Recurring, Recurs, Threshold, WalletName};

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

    /// One that is there can be changed while customer or currency is archived (decision 74), but
    /// not moved to another wallet (82). What is as it was is nothing new.
    pub(super) fn put_recurring(
        &mut self,
        asked: &Recurring,
        now: Instant,
    ) -> Result<Answer, Denied> {
        self.places.check_known(&asked.wallet)?;
        let known = self.find_recurring(&asked.id, now);
        if known.is_none() {
            self.places.check_grantable(&asked.wallet)?;
        }
        let wallet_now = self.wallet_now(&asked.wallet, now);
        let mut terms = asked.clone();
        let anchor = match &known {
            Some(known) if known.wallet != asked.wallet => return Err(Denied::RecurringMoved),
            Some(known) => known.anchor,
            None => Some(wallet_now),
        };
        terms.anchor = asked.anchor.or(anchor);
        let mut wallet = self.wallet(&asked.wallet, now);
        if known.is_none() && wallet.count_recurring() >= self.settings.recurring_grants {
            return Err(Denied::TooMany);
        }
        if known.as_ref() != Some(&terms) {
            wallet = self.keep(&asked.wallet, wallet_now, What::PutRecurring(terms))?;
        }
        let recurs = wallet.recurs(&asked.id).ok_or(Denied::RecurringNotFound)?;
        Ok(Answer::Recurring(recurs))
    }

    pub(super) fn remove_recurring(
        &mut self,
        wallet: &WalletName,
        id: &str,
        now: Instant,
    ) -> Result<Answer, Denied> {
        let recurs = self.wallet(wallet, now).recurs(id).ok_or(Denied::RecurringNotFound)?;
        let wallet_now = self.wallet_now(wallet, now);
        self.keep(wallet, wallet_now, What::RemoveRecurring(id.to_owned()))?;
        Ok(Answer::Recurring(Recurs { next: None, ..recurs }))
    }

    /// Names are unique in the environment, as long as nobody removes them.
    fn find_recurring(&self, id: &str, now: Instant) -> Option<Recurring> {
        let wallets = self.wallets().into_iter();
        wallets.map(|name| self.wallet(&name, now)).find_map(|wallet| wallet.recurring_terms(id))
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

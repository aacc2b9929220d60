//! Consumptions, alone and in batches.

use super::{MILLISECONDS_A_DAY, MILLISECONDS_A_MINUTE};
use crate::facts::What;
use crate::keys::earlier_consumption;
use crate::{Answer, Consume, Consumed, Denied, Instant, Oracle, Short};

/// How far a consumption may be attributed ahead (decision 32).
const FARTHEST_AHEAD: Instant = 5 * MILLISECONDS_A_MINUTE;
/// How far a consumption may be attributed back (decision 32).
const FARTHEST_BACK: Instant = 400 * MILLISECONDS_A_DAY;

impl Oracle {
    /// What is left out is what the currency says now, also where requests are compared (decision
    /// 72).
    pub(super) fn said(&self, asked: &Consume) -> Consume {
        let mut said = asked.clone();
        if asked.short == Short::Unsaid {
            let denies = self.places.denies_overdraft(&asked.wallet.currency);
            said.short = if denies { Short::Reject } else { Short::Overdraft };
        }
        said
    }

    pub(super) fn consume(&mut self, asked: &Consume, now: Instant) -> Result<Consumed, Denied> {
        self.places.check_usable(&asked.wallet)?;
        if let Some(first_at) = earlier_consumption(self.facts(&asked.wallet), asked)? {
            let totals = self.totals(&asked.wallet, now);
            let attributed_at = asked.created_at.unwrap_or(first_at);
            return Ok(Consumed { amount: asked.amount, attributed_at, totals });
        }
        self.check_attribution(asked, now)?;
        let available = self.wallet(&asked.wallet, now).available_in_all();
        if asked.short == Short::Reject && available < asked.amount {
            return Err(Denied::Insufficient);
        }
        let wallet_now = self.wallet_now(&asked.wallet, now);
        let wallet = self.keep(&asked.wallet, wallet_now, What::Consume(asked.clone()))?;
        let attributed_at = asked.created_at.unwrap_or(wallet_now);
        Ok(Consumed { amount: asked.amount, attributed_at, totals: wallet.totals() })
    }

    /// One item that is wrong in itself refuses all; an item that the state refuses is left out
    /// (decisions 52, 65 and 71).
    pub(super) fn batch(&mut self, items: &[Consume], now: Instant) -> Result<Answer, Denied> {
        for (place, item) in items.iter().enumerate() {
            self.places.check_usable(&item.wallet)?;
            for earlier in &items[..place] {
                let has_same_key = earlier.wallet == item.wallet && earlier.key == item.key;
                if has_same_key && earlier != item {
                    return Err(Denied::KeyReused);
                }
            }
            if earlier_consumption(self.facts(&item.wallet), item) == Ok(None) {
                self.check_attribution(item, now)?;
            }
        }
        let mut rejected = Vec::new();
        for (place, item) in items.iter().enumerate() {
            if let Err(denied) = self.consume(item, now) {
                rejected.push((place, denied));
            }
        }
        Ok(Answer::Batch(rejected))
    }

    fn check_attribution(&self, asked: &Consume, now: Instant) -> Result<(), Denied> {
        let Some(created_at) = asked.created_at else { return Ok(()) };
        let wallet_now = self.wallet_now(&asked.wallet, now);
        if created_at > wallet_now + FARTHEST_AHEAD {
            return Err(Denied::CreatedAtAhead);
        }
        if created_at < wallet_now - FARTHEST_BACK {
            return Err(Denied::CreatedAtTooOld);
        }
        Ok(())
    }
}

//! Reservations: made and settled.

use super::MILLISECONDS_A_DAY;
use crate::facts::What;
use crate::keys::earlier_reservation;
use crate::recompute::{Hold, Wallet};
use crate::{Answer, Denied, Extend, Instant, Oracle, Release, Reserve};

impl Oracle {
    /// A hold never overdraws (decision 20); of a refused one nothing is remembered (49).
    pub(super) fn reserve(&mut self, asked: &Reserve, now: Instant) -> Result<Answer, Denied> {
        self.places.check_usable(&asked.wallet)?;
        let wallet = self.wallet(&asked.wallet, now);
        if let Some(place) = earlier_reservation(self.facts(&asked.wallet), asked)? {
            return Ok(reserved(&wallet.holds[place], &wallet));
        }
        let wallet_now = self.wallet_now(&asked.wallet, now);
        check_end(asked.expires_at, wallet_now)?;
        if wallet.totals().balance() < asked.amount {
            return Err(Denied::Insufficient);
        }
        if wallet.open_holds() >= self.settings.open_holds {
            return Err(Denied::TooMany);
        }
        let wallet = self.keep(&asked.wallet, wallet_now, What::Reserve(asked.clone()))?;
        let place = wallet.holds.len() - 1;
        Ok(reserved(&wallet.holds[place], &wallet))
    }

    /// Goes on for archived customers (decision 74). To end when it ends anyway is nothing new.
    pub(super) fn extend(&mut self, asked: &Extend, now: Instant) -> Result<Answer, Denied> {
        self.places.check_known(&asked.wallet)?;
        let mut wallet = self.wallet(&asked.wallet, now);
        let place = wallet.holds.iter().position(|hold| hold.reservation == asked.reservation);
        let place = place.ok_or(Denied::ReservationNotFound)?;
        let wallet_now = self.wallet_now(&asked.wallet, now);
        check_end(asked.expires_at, wallet_now)?;
        let hold = &wallet.holds[place];
        if !hold.is_open {
            return Err(Denied::HoldEnded);
        }
        if hold.expires_at != asked.expires_at {
            let what = What::Extend { hold: place, expires_at: asked.expires_at };
            wallet = self.keep(&asked.wallet, wallet_now, what)?;
        }
        Ok(reserved(&wallet.holds[place], &wallet))
    }

    /// The first release counts, whatever a later one says (decisions 19 and 64). Goes on for
    /// archived customers (48).
    pub(super) fn release(&mut self, asked: &Release, now: Instant) -> Result<Answer, Denied> {
        self.places.check_known(&asked.wallet)?;
        let mut wallet = self.wallet(&asked.wallet, now);
        let hold = wallet.holds.iter().position(|hold| hold.reservation == asked.reservation);
        let hold = hold.ok_or(Denied::ReservationNotFound)?;
        let first = wallet.holds[hold].released;
        if first.is_none() {
            let wallet_now = self.wallet_now(&asked.wallet, now);
            let what = What::Release { hold, consumed: asked.consumed };
            wallet = self.keep(&asked.wallet, wallet_now, what)?;
        }
        Ok(Answer::Released {
            amount: wallet.holds[hold].amount,
            consumed: first.unwrap_or(asked.consumed),
            totals: wallet.totals(),
        })
    }
}

/// In the future, and 24 hours ahead at most.
fn check_end(expires_at: Instant, wallet_now: Instant) -> Result<(), Denied> {
    let is_in_range = expires_at > wallet_now && expires_at <= wallet_now + MILLISECONDS_A_DAY;
    if is_in_range { Ok(()) } else { Err(Denied::HoldEndOutOfRange) }
}

fn reserved(hold: &Hold, wallet: &Wallet) -> Answer {
    Answer::Reserved {
        amount: hold.amount,
        is_open: hold.is_open,
        expires_at: hold.expires_at,
        totals: wallet.totals(),
    }
}

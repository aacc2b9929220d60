//! What happens by itself: activations, expiries, hold timeouts (decisions 33 and 58), and a month
//! in which a recharge goes on (24).

use super::Wallet;
use crate::{GrantState, Instant};

/// Kinds of due events, in the order in which they happen at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Activation,
    /// Counts as an activation, after those of older grants (decision 76).
    Period,
    Expiry,
    HoldTimeout,
    RechargeMonth,
    Announcement,
}

impl Wallet {
    /// Lets everything happen that is due by an instant, each at its own.
    pub(crate) fn advance(&mut self, until: Instant) {
        while let Some((at, due, place)) = self.first_due() {
            if at > until {
                return;
            }
            match due {
                Due::Activation => self.activate(place, at),
                Due::Period => self.begin_period(place, at),
                Due::Expiry => self.expire(place, at),
                Due::HoldTimeout => self.time_out(place, at),
                Due::RechargeMonth => self.resume_recharge(),
                Due::Announcement => self.announce(place),
            }
            self.time = self.time.max(Some(at));
            if due != Due::Announcement {
                self.come_to_rest(at);
            }
        }
    }

    /// The earliest event to come: by instant, then by kind, then by order of creation.
    fn first_due(&self) -> Option<(Instant, Due, usize)> {
        let mut due = Vec::new();
        for (place, grant) in self.grants.iter().enumerate() {
            if grant.state == GrantState::Scheduled {
                due.push((grant.effective_at, Due::Activation, place));
            }
            if let Some(expire_at) = grant.expire_at
                && grant.is_usable()
            {
                due.push((expire_at, Due::Expiry, place));
            }
        }
        for (place, hold) in self.holds.iter().enumerate() {
            if hold.is_open {
                due.push((hold.expires_at, Due::HoldTimeout, place));
            }
        }
        for (place, at) in self.periods_to_come() {
            due.push((at, Due::Period, place));
        }
        if let Some(at) = self.recharge_resumes_at() {
            due.push((at, Due::RechargeMonth, 0));
        }
        for place in 0..self.grants.len() {
            if let Some(at) = self.announced_at(place) {
                due.push((at, Due::Announcement, place));
            }
        }
        due.into_iter().min()
    }
}

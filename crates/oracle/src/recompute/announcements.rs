//! That a grant is about to end is told some days ahead, once (section 7). Nothing follows from it,
//! but it has happened: the wallet's time does not go back behind it.

use super::Wallet;
use crate::{GrantState, Instant};

/// How long before its end.
const AHEAD: Instant = 7 * 24 * 60 * 60 * 1_000;

/// What is to be told of one grant.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Announcement {
    /// When its end is to be told, as long as it has credits to lose.
    at: Option<Instant>,
    /// It lay ahead when the grant was changed last, and was not told yet.
    is_ahead: bool,
}

impl Wallet {
    /// Looks which ends are to be told, after something happened at an instant.
    pub(super) fn plan_announcements(&mut self, at: Instant) {
        for grant in &mut self.grants {
            let is_left = grant.consumed + grant.lost < grant.amount;
            let loses = grant.state == GrantState::Active && is_left;
            let told_at = grant.expire_at.filter(|_| loses).map(|end| end - AHEAD);
            if told_at != grant.announcement.at {
                let is_ahead = told_at.is_some_and(|told_at| told_at > at);
                grant.announcement = Announcement { at: told_at, is_ahead };
            }
        }
    }

    /// When a grant's end is told.
    pub(super) fn announced_at(&self, grant: usize) -> Option<Instant> {
        let announcement = self.grants[grant].announcement;
        announcement.at.filter(|_| announcement.is_ahead)
    }

    pub(super) fn announce(&mut self, grant: usize) {
        self.grants[grant].announcement.is_ahead = false;
    }
}

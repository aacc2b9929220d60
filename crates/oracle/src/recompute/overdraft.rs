//! The overdraft: where a deficit stands, and how it is settled (spec 2.5, decision 11).

use super::announcements::Announcement;
use super::{Wallet, WalletGrant};
use crate::{EventKind, GrantName, GrantState, Instant};

/// It is burned after everything else.
const OVERDRAFT_PRIORITY: u8 = 100;

impl Wallet {
    fn live_overdraft(&self) -> Option<usize> {
        self.grants.iter().position(|grant| grant.kind.is_none() && grant.is_usable())
    }

    /// The live overdraft, made if there is none. No row tells of its making.
    pub(super) fn open_overdraft(&mut self, at: Instant) -> usize {
        if let Some(place) = self.live_overdraft() {
            return place;
        }
        let number = self.count_made(|name| matches!(name, GrantName::Overdraft(_)));
        self.grants.push(WalletGrant {
            name: GrantName::Overdraft(number),
            kind: None,
            state: GrantState::Active,
            amount: 0,
            consumed: 0,
            lost: 0,
            invoice: None,
            priority: OVERDRAFT_PRIORITY,
            created_at: at,
            effective_at: at,
            expire_at: None,
            voided_at: None,
            announcement: Announcement::default(),
        });
        self.grants.len() - 1
    }

    /// After every event: if there is a deficit, no usable grant has unheld credits. Consumption
    /// moves to the grants in burn order, a pair of rows for each.
    pub(super) fn settle_overdraft(&mut self, at: Instant) {
        let Some(overdraft) = self.live_overdraft() else { return };
        let (parts, _) = self.spread(self.grants[overdraft].consumed);
        for (place, part) in parts {
            self.move_consumption(overdraft, place, part, at);
        }
        if self.grants[overdraft].consumed == 0 {
            self.grants[overdraft].state = GrantState::Voided;
            self.grants[overdraft].voided_at = Some(at);
            self.row(EventKind::Voided, overdraft, 0, at);
        }
    }
}

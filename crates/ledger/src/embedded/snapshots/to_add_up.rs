//! Usage that is not added up yet, and when it is worth it.
//!
//! A day of a wallet is read and written for all rows of it that are added up together: the more they are,
//! the less each costs. A question reads the rows of its wallet that are not added up, so they must not
//! become many.

use std::time::{Duration, Instant};

use super::super::reach::Reach;
use super::at_hand::{AtHand, Next, USAGE_CHUNK};
use crate::slot::Position;
use crate::usage::NewlyUsed;

/// Rows of each wallet that are worth adding up with every round.
const ROWS_OF_A_WALLET: u64 = 8;
/// Fewer wait for so many rounds at most.
const ROUNDS: u32 = 6;

/// Usage that is behind.
pub(super) struct ToAddUp {
    /// The usage of all rows up to here is added up.
    added_up: Position,
    /// What rows used since then, as far as it need not be read.
    at_hand: AtHand,
    /// It cannot be added up: waiting for it helps nobody.
    fails: bool,
    /// Somebody waits for it.
    asked: bool,
    /// When it was added up last.
    done_at: Instant,
}

impl ToAddUp {
    /// All up to a row is added up. What is told from now on is of rows behind `end`.
    pub(super) fn after(added_up: Position, end: Position) -> Self {
        let (at_hand, done_at) = (AtHand::after(end), Instant::now());
        Self { added_up, at_hand, fails: false, asked: false, done_at }
    }

    /// More rows are durable, up to the end; none is known of what they used if that is not told.
    pub(super) fn extend(&mut self, used: Option<Vec<NewlyUsed>>, end: Position) {
        self.at_hand.extend(used, end);
    }

    /// It is to be added up with the next round.
    pub(super) const fn ask(&mut self) {
        self.asked = true;
    }

    /// Rows up to the end whose usage is not added up.
    pub(super) const fn rows(&self, end: Position) -> u64 {
        end.saturating_sub(self.added_up)
    }

    /// So many rows are at hand that it is worth not to wait for a round.
    pub(super) const fn is_worth_a_turn(&self) -> bool {
        self.at_hand.is_enough() && !self.fails
    }

    /// More rows are behind than may be, and they will be fewer.
    pub(super) const fn is_worth_waiting(&self, end: Position, rows_max: u64) -> bool {
        !self.fails && self.rows(end) >= rows_max
    }

    /// It is to be added up in the turn of a round that wrote so many wallets; rounds are so far apart.
    /// Whoever asked is told.
    pub(super) fn is_due(&mut self, end: Position, wallets: u64, every: Duration) -> bool {
        let rows = self.rows(end);
        std::mem::take(&mut self.asked)
            || rows >= USAGE_CHUNK as u64
            || rows >= wallets.saturating_mul(ROWS_OF_A_WALLET)
            || self.done_at.elapsed() >= every.saturating_mul(ROUNDS)
    }

    /// Where the usage behind a row comes from, up to which all is added up.
    pub(super) fn next(&mut self, added_up: Position, end: Reach) -> Next {
        self.at_hand.take(added_up, end)
    }

    /// All up to a row is added up.
    pub(super) fn is_done(&mut self, position: Position) {
        self.added_up = position;
        self.fails = false;
        self.done_at = Instant::now();
    }

    /// It cannot be added up. Whether the time before it could.
    pub(super) const fn failed(&mut self) -> bool {
        !std::mem::replace(&mut self.fails, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY: Duration = Duration::from_secs(5);

    #[test]
    fn it_waits_until_a_wallet_has_several_rows() {
        let chunk = USAGE_CHUNK as u64;
        for (rows, wallets, is_due) in [
            (100, 100, false),
            (799, 100, false),
            (800, 100, true),
            // One hot wallet.
            (8, 1, true),
            // A round that wrote nothing has nothing else to do.
            (1, 0, true),
            // Many wallets of few rows.
            (chunk - 1, 200_000, false),
            (chunk, 200_000, true),
        ] {
            let mut to_add_up = ToAddUp::after(1_000, 1_000);
            assert_eq!(to_add_up.is_due(1_000 + rows, wallets, EVERY), is_due, "{rows} {wallets}");
        }
    }

    #[test]
    fn it_waits_for_some_rounds_and_for_nobody_who_asks() {
        let mut to_add_up = ToAddUp::after(0, 0);
        assert!(!to_add_up.is_due(10, 10, EVERY));
        to_add_up.ask();
        assert!(to_add_up.is_due(10, 10, EVERY));
        assert!(!to_add_up.is_due(10, 10, EVERY), "asked once");
        to_add_up.done_at -= EVERY * ROUNDS;
        assert!(to_add_up.is_due(10, 10, EVERY));
        to_add_up.is_done(10);
        assert!(!to_add_up.is_due(20, 10, EVERY));
    }

    #[test]
    fn nobody_waits_for_what_fails() {
        let mut to_add_up = ToAddUp::after(0, 0);
        assert!(!to_add_up.is_worth_waiting(9, 10));
        assert!(to_add_up.is_worth_waiting(10, 10));
        assert!(to_add_up.failed());
        assert!(!to_add_up.failed(), "again");
        assert!(!to_add_up.is_worth_waiting(10, 10));
        to_add_up.is_done(0);
        assert!(to_add_up.is_worth_waiting(10, 10));
    }
}

//! What the newest rows used, kept until it is added up: whoever adds it up need not read these rows
//! again.
//!
//! It is dropped where there is too much of it, and where rows lose their words. Then rows are read.

use super::super::reach::Reach;
use crate::slot::Position;
use crate::usage::NewlyUsed;

/// Rows that are worth adding up together: the days of a wallet are read and written once for all of its
/// rows among them, and those of a hundred thousand wallets lie far apart in fewer.
pub(in crate::embedded) const USAGE_CHUNK: usize = 393_216;
/// More are not kept.
const MOST: usize = 2 * USAGE_CHUNK;
/// Room of a piece: what is kept grows piece by piece, so that nothing is moved while the writer waits.
const PIECE: usize = 1_024;

/// What the rows behind one used, up to the end of the durable ledger.
pub(in crate::embedded) struct AtHand {
    after: Position,
    /// In pieces.
    used: Vec<Vec<NewlyUsed>>,
    count: usize,
}

impl AtHand {
    /// Of the rows behind this one.
    pub(super) const fn after(position: Position) -> Self {
        Self { after: position, used: Vec::new(), count: 0 }
    }

    /// More rows are durable, up to the end; none is known of what they used if that is not told.
    pub(super) fn extend(&mut self, used: Option<Vec<NewlyUsed>>, end: Position) {
        match used {
            Some(used) if self.count.saturating_add(used.len()) <= MOST => self.keep(used),
            _ => *self = Self::after(end),
        }
    }

    fn keep(&mut self, mut used: Vec<NewlyUsed>) {
        self.count += used.len();
        match self.used.last_mut() {
            Some(last) if used.len() <= last.capacity() - last.len() => last.append(&mut used),
            _ if used.is_empty() => {}
            _ => {
                used.reserve_exact(PIECE.saturating_sub(used.len()));
                self.used.push(used);
            }
        }
    }

    /// It is worth adding up.
    pub(super) const fn is_enough(&self) -> bool {
        self.count >= USAGE_CHUNK
    }

    /// All of it, for somebody who has added everything up to a row.
    pub(super) fn take(&mut self, added_up: Position, end: Reach) -> Next {
        if self.after > added_up {
            return Next::Read(self.after);
        }
        let taken = std::mem::replace(self, Self::after(end.position));
        if taken.after == added_up {
            Next::AtHand(taken.used, end)
        } else {
            Next::Read(end.position)
        }
    }
}

/// Where what is to be added up next comes from.
pub(in crate::embedded) enum Next {
    /// It is here, up to a row.
    AtHand(Vec<Vec<NewlyUsed>>, Reach),
    /// Rows are to be read, up to this one at most.
    Read(Position),
}

#[cfg(test)]
mod tests {
    use scrip_core::{Credits, Digest, Dimensions, Timestamp};

    use super::*;

    fn used(position: Position) -> NewlyUsed {
        NewlyUsed {
            wallet: 1,
            position,
            at: Timestamp::from_milliseconds(0).unwrap(),
            amount: Credits::whole(1),
            counts: true,
            dimensions: Dimensions::default(),
        }
    }

    fn end(position: Position) -> Reach {
        Reach { position, hash: Digest::from_bytes([0; 32]) }
    }

    fn told(next: &Next) -> String {
        match next {
            Next::AtHand(used, end) => {
                let rows: Vec<_> = used.iter().flatten().map(|used| used.position).collect();
                format!("{rows:?} up to {}", end.position)
            }
            Next::Read(until) => format!("read up to {until}"),
        }
    }

    #[test]
    fn what_is_at_hand_is_told_once_and_without_a_gap() {
        let mut at_hand = AtHand::after(10);
        assert_eq!(told(&at_hand.take(10, end(10))), "[] up to 10");
        // The row 12 used nothing.
        at_hand.extend(Some(vec![used(11), used(13)]), 13);
        assert_eq!(told(&at_hand.take(7, end(13))), "read up to 10");
        assert_eq!(told(&at_hand.take(10, end(13))), "[11, 13] up to 13");
        at_hand.extend(Some(vec![used(14)]), 14);
        // What was taken before was not added up after all.
        assert_eq!(told(&at_hand.take(10, end(14))), "read up to 13");
        assert_eq!(told(&at_hand.take(13, end(14))), "[14] up to 14");
    }

    #[test]
    fn what_is_not_told_or_too_much_is_read() {
        let mut at_hand = AtHand::after(0);
        at_hand.extend(Some(vec![used(1)]), 1);
        at_hand.extend(None, 2);
        at_hand.extend(Some(vec![used(3)]), 3);
        assert_eq!(told(&at_hand.take(0, end(3))), "read up to 2");
        assert_eq!(told(&at_hand.take(2, end(3))), "[3] up to 3");

        let mut at_hand = AtHand::after(0);
        let most = Position::try_from(MOST).unwrap();
        at_hand.extend(Some((1..=most).map(used).collect()), most);
        assert!(at_hand.is_enough());
        at_hand.extend(Some(vec![used(most + 1)]), most + 1);
        assert!(!at_hand.is_enough());
        assert_eq!(told(&at_hand.take(0, end(most + 1))), format!("read up to {}", most + 1));
    }

    /// However few rows a commit has, and if it has none that used anything.
    #[test]
    fn small_commits_take_no_more_room_than_large_ones() {
        let mut at_hand = AtHand::after(0);
        let rows = 10 * Position::try_from(PIECE).unwrap();
        for position in 1..=rows {
            at_hand.extend(Some(vec![used(position)]), position);
            at_hand.extend(Some(Vec::new()), position);
        }
        assert_eq!(at_hand.used.iter().map(Vec::capacity).sum::<usize>(), 10 * PIECE);
        let all: Vec<_> = (1..=rows).collect();
        assert_eq!(told(&at_hand.take(0, end(rows))), format!("{all:?} up to {rows}"));
    }

    /// Somebody who is further than what is at hand counts no row twice.
    #[test]
    fn what_is_added_up_already_is_not_told_again() {
        let mut at_hand = AtHand::after(5);
        at_hand.extend(Some(vec![used(6), used(7)]), 7);
        assert_eq!(told(&at_hand.take(6, end(7))), "read up to 7");
        at_hand.extend(Some(vec![used(8)]), 8);
        assert_eq!(told(&at_hand.take(7, end(8))), "[8] up to 8");
    }
}

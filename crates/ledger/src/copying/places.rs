//! Where rows are in the target, by where they were.

use crate::slot::Position;

/// Both numberings ascend; they part only where the source has a gap. So what is kept is one pair
/// for each gap.
#[derive(Default)]
pub struct Places {
    /// Where a stretch without gaps begins: in the source, and in the target.
    stretches: Vec<(Position, Position)>,
    last: Option<(Position, Position)>,
}

impl Places {
    /// A row behind all others goes from one place to another.
    pub fn push(&mut self, from: Position, to: Position) {
        let follows = self.last.is_some_and(|(before, there)| from - before == to - there);
        if !follows {
            self.stretches.push((from, to));
        }
        self.last = Some((from, to));
    }

    /// Where a row is that was carried; 0 stays 0, which is no place.
    pub fn of(&self, from: Position) -> Option<Position> {
        if from == 0 {
            return Some(0);
        }
        if self.last.is_none_or(|(last, _)| from > last) {
            return None;
        }
        let at = self.stretches.partition_point(|(begin, _)| *begin <= from).checked_sub(1)?;
        let (begin, there) = self.stretches[at];
        let to = there + (from - begin);
        // A place in a gap is none.
        let next = self.stretches.get(at + 1).map_or(Position::MAX, |(_, next)| *next);
        (to < next).then_some(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_closed_and_lead_nowhere() {
        let mut places = Places::default();
        for (to, from) in (1..).zip([1, 2, 5, 6, 9]) {
            places.push(from, to);
        }
        let of = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map(|from| places.of(from));
        let expected =
            [Some(0), Some(1), Some(2), None, None, Some(3), Some(4), None, None, Some(5), None];
        assert_eq!(of, expected);
    }

    #[test]
    fn where_gaps_stay_nothing_is_kept() {
        let mut places = Places::default();
        for at in [3, 4, 9, 12] {
            places.push(at, at);
        }
        assert_eq!(places.stretches.len(), 1);
        assert_eq!((places.of(4), places.of(12)), (Some(4), Some(12)));
    }
}

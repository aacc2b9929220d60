//! Between which rows something was recorded.

use serde::{Deserialize, Serialize};

use crate::slot::Position;

/// How many stretches are told apart. What belongs to an hour is mostly recorded in it, and some of
/// it later: a few refunds must not make all rows since then be read.
const SPANS_MAX: usize = 8;

/// Stretches of rows, ascending; each begins and ends with a row that belongs to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Spans(Vec<(Position, Position)>);

impl Spans {
    /// Adds a row.
    pub fn add(&mut self, position: Position) {
        match self.0.last_mut() {
            Some((_, last)) if *last < position => self.0.push((position, position)),
            None => self.0.push((position, position)),
            // Rows are added in their order; one that is not is taken in all the same.
            Some(_) => return self.join(&Self(vec![(position, position)])),
        }
        self.shorten();
    }

    /// Adds the rows of others.
    pub fn join(&mut self, others: &Self) {
        self.0.extend(&others.0);
        self.0 = Self::joined(std::mem::take(&mut self.0));
        self.shorten();
    }

    /// The first and last row of each stretch.
    pub fn iter(&self) -> impl Iterator<Item = (Position, Position)> {
        self.0.iter().copied()
    }

    /// Stretches that overlap as one, so that no row is in two.
    pub fn joined(mut spans: Vec<(Position, Position)>) -> Vec<(Position, Position)> {
        spans.sort_unstable();
        let mut joined: Vec<(Position, Position)> = Vec::with_capacity(spans.len());
        for (first, last) in spans {
            match joined.last_mut() {
                Some(before) if first <= before.1 => before.1 = before.1.max(last),
                _ => joined.push((first, last)),
            }
        }
        joined
    }

    /// Closes the narrowest gaps.
    fn shorten(&mut self) {
        while self.0.len() > SPANS_MAX {
            let gaps = self.0.windows(2).map(|pair| pair[1].0 - pair[0].1);
            let narrowest = gaps.enumerate().min_by_key(|(_, gap)| *gap);
            let Some((place, _)) = narrowest else { return };
            let (_, last) = self.0.remove(place + 1);
            self.0[place].1 = last;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_row_stays_apart() {
        let mut spans = Spans::default();
        for position in (100..1_000).step_by(7) {
            spans.add(position);
        }
        spans.add(50_000);
        spans.add(900_000);
        let told: Vec<_> = spans.iter().collect();
        assert_eq!(told.len(), SPANS_MAX);
        assert_eq!(told[6..], [(50_000, 50_000), (900_000, 900_000)]);
        assert_eq!((told[0].0, told[5].1), (100, 996));
    }

    #[test]
    fn parts_come_together() {
        let (mut one, mut other) = (Spans::default(), Spans::default());
        for (spans, positions) in [(&mut one, [1, 5, 9]), (&mut other, [20, 30, 40])] {
            positions.into_iter().for_each(|position| spans.add(position));
        }
        one.join(&other);
        one.join(&Spans(vec![(4, 22)]));
        assert_eq!(one.iter().collect::<Vec<_>>(), [(1, 1), (4, 22), (30, 30), (40, 40)]);
        one.add(3);
        assert_eq!(one.iter().nth(1), Some((3, 3)));
    }
}

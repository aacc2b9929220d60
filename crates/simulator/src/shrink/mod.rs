//! Makes a failing history short: fewer steps, then smaller ones, as long as it fails alike.

mod simpler;

use crate::check::Disagreement;
use crate::history::{History, Step};
use scrip_oracle::Request;

/// A history that fails, and how.
pub struct Failing {
    /// The history.
    pub history: History,
    /// What is wrong with it.
    pub disagreement: Disagreement,
}

/// Makes a failing history short. `plays` plays one and answers how it fails; it is asked
/// `tries_max` times at most.
pub fn shrink(
    failing: Failing,
    tries_max: usize,
    plays: impl FnMut(&History) -> Option<Disagreement>,
) -> Failing {
    let mut shrinker = Shrinker { best: failing, tries_left: tries_max, plays };
    shrinker.cut_off();
    loop {
        let size = shrinker.best.history.to_string().len();
        shrinker.remove_steps();
        shrinker.remove_items();
        shrinker.simplify();
        let is_smaller = shrinker.best.history.to_string().len() < size;
        if !is_smaller || shrinker.tries_left == 0 {
            return shrinker.best;
        }
    }
}

struct Shrinker<F> {
    best: Failing,
    tries_left: usize,
    plays: F,
}

impl<F: FnMut(&History) -> Option<Disagreement>> Shrinker<F> {
    /// Takes a candidate if it fails in the same kind of thing.
    fn accept(&mut self, candidate: History) -> bool {
        if self.tries_left == 0 || candidate == self.best.history {
            return false;
        }
        self.tries_left -= 1;
        match (self.plays)(&candidate) {
            Some(found) if found.about == self.best.disagreement.about => {
                self.best = Failing { history: candidate, disagreement: found };
                true
            }
            _ => false,
        }
    }

    fn accept_steps(&mut self, steps: Vec<Step>) -> bool {
        let setup = self.best.history.setup.clone();
        self.accept(History { setup, steps })
    }

    /// What comes after the failing step is not needed.
    fn cut_off(&mut self) {
        if let Some(last) = self.best.disagreement.step {
            let steps = self.best.history.steps.iter().take(last + 1).cloned().collect();
            self.accept_steps(steps);
        }
    }

    /// Leaves out ever smaller stretches of steps.
    fn remove_steps(&mut self) {
        let mut length = self.best.history.steps.len().div_ceil(2).max(1);
        loop {
            // From the end, so that what a step needs goes after it.
            let mut end = self.best.history.steps.len();
            while end > 0 {
                let begin = end.saturating_sub(length);
                let mut steps = self.best.history.steps.clone();
                steps.drain(begin..end);
                self.accept_steps(steps);
                end = begin.min(self.best.history.steps.len());
            }
            if length == 1 {
                return;
            }
            length = length.div_ceil(2);
        }
    }

    /// Leaves out items of batches; a batch of one item is a consumption.
    fn remove_items(&mut self) {
        for place in 0..self.best.history.steps.len() {
            let mut index = self.items(place);
            while index > 0 {
                index -= 1;
                self.replace(place, |step| {
                    if let Step::Ask(Request::Batch(items)) = step {
                        items.remove(index);
                    }
                });
            }
            if self.items(place) == 1 {
                self.replace(place, |step| {
                    if let Step::Ask(Request::Batch(items)) = step
                        && let Some(item) = items.pop()
                    {
                        *step = Step::Ask(Request::Consume(item));
                    }
                });
            }
        }
    }

    fn items(&self, place: usize) -> usize {
        match self.best.history.steps.get(place) {
            Some(Step::Ask(Request::Batch(items))) => items.len(),
            _ => 0,
        }
    }

    fn replace(&mut self, place: usize, change: impl FnOnce(&mut Step)) -> bool {
        let mut steps = self.best.history.steps.clone();
        steps.get_mut(place).map(change);
        self.accept_steps(steps)
    }

    /// Plainer setups, instants and steps.
    fn simplify(&mut self) {
        for candidate in simpler::histories(&self.best.history) {
            self.accept(candidate);
        }
        for place in 0..self.best.history.steps.len() {
            // Each change that is taken makes place for others.
            while let Some(step) = self.best.history.steps.get(place).cloned() {
                let candidates = simpler::steps(&step).into_iter();
                let mut simpler = candidates.filter(|candidate| *candidate != step);
                if !simpler.any(|candidate| self.replace(place, |step| *step = candidate)) {
                    break;
                }
            }
        }
    }
}

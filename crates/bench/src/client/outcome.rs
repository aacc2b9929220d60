//! What several passes of one load measured.

use super::pass::{Pace, Pass};
use crate::figures::Figures;

/// All passes of one load.
#[derive(Clone, Debug)]
pub struct Outcome {
    pace: Pace,
    passes: Vec<Pass>,
}

impl Outcome {
    /// No pass yet.
    pub const fn of(pace: Pace) -> Self {
        Self { pace, passes: Vec::new() }
    }

    /// One more.
    pub fn add(&mut self, pass: Pass) {
        self.passes.push(pass);
    }

    /// The pass in the middle: of the rates, or, where the rate is given, of the latencies.
    pub fn figures(&self) -> Figures {
        let all: Vec<_> = self.passes.iter().map(|pass| pass.figures).collect();
        match self.pace {
            Pace::Closed => Figures::median(all),
            Pace::Open { .. } => Figures::median_of_tails(all),
        }
    }

    /// Requests, or pairs of them, whose time counts, in all passes.
    pub fn timed(&self) -> u64 {
        self.passes.iter().map(|pass| pass.timed).sum()
    }

    /// How often the server was too busy, in all passes.
    pub fn refused(&self) -> u64 {
        self.passes.iter().map(|pass| pass.refused).sum()
    }

    /// Requests that were due and not sent, in all passes.
    pub fn unsent(&self) -> u64 {
        self.passes.iter().map(|pass| pass.unsent).sum()
    }

    /// Whether more than half of the passes kept up with what was due.
    pub fn keeps_up(&self) -> bool {
        let kept = self.passes.iter().filter(|pass| pass.keeps_up).count();
        kept * 2 > self.passes.len()
    }
}

//! Playing many histories, and telling what came of them.

use std::fmt::Write as _;

use crate::check::{Disagreement, Tally, play};
use crate::driver::Target;
use crate::history::{History, generate};
use crate::shrink::{Failing, shrink};

/// How often a failing history is played to make it short.
const SHRINKING_TRIES_MAX: usize = 3_000;

/// A history that does not do what the oracle says.
pub struct Failure {
    /// Its seed.
    pub seed: u64,
    /// How many steps it was asked for with.
    pub steps: usize,
    /// The kind of ledger.
    pub target: &'static str,
    /// What was found first.
    pub first: Disagreement,
    /// The shortest history that fails alike.
    pub short: Failing,
}

/// Plays the history of a seed on all of these ledgers.
pub fn simulate(seed: u64, steps: usize, targets: &[&dyn Target]) -> Result<Tally, Box<Failure>> {
    let history = generate(seed, steps);
    let mut tally = Tally::default();
    for target in targets {
        match play(&history, *target, &mut |_, _| {}) {
            Ok(played) => tally.add(&played),
            Err(first) => {
                let short = shorten(&history, &first, *target);
                let target = target.name();
                return Err(Box::new(Failure { seed, steps, target, first, short }));
            }
        }
    }
    Ok(tally)
}

/// The shortest history that fails like this one.
#[must_use]
pub fn shorten(history: &History, first: &Disagreement, target: &dyn Target) -> Failing {
    let failing = Failing { history: history.clone(), disagreement: first.clone() };
    shrink(failing, SHRINKING_TRIES_MAX, |candidate| play(candidate, target, &mut |_, _| {}).err())
}

/// Every step of a seed's history with what came of it, and how it ended.
pub fn transcript(seed: u64, steps: usize, target: &dyn Target) -> (String, Option<Disagreement>) {
    let history = generate(seed, steps);
    let mut text = String::new();
    let played = play(&history, target, &mut |step, told| {
        // A string takes all that is written.
        let _ = writeln!(text, "{step}");
        if !told.is_empty() {
            let _ = writeln!(text, "    {told}");
        }
    });
    (text, played.err())
}

impl Failure {
    /// What a person needs: the seed, the command, the short history as a test.
    #[must_use]
    pub fn report(&self) -> String {
        let Self { seed, steps, target, first, short } = self;
        format!(
            "seed {seed} fails on {target}, {first}\n\n\
             Again: scrip-simulator --seed {seed} --steps {steps} --target {target}\n\n\
             {} steps are enough, {}\n\n{}",
            short.history.steps.len(),
            short.disagreement,
            as_test(*seed, target, &short.history)
        )
    }
}

/// A history as a test that can be pasted.
#[must_use]
pub fn as_test(seed: u64, target: &str, history: &History) -> String {
    let mut text = format!("#[test]\nfn seed_{seed}_on_{target}() {{\n    agrees(\n        \"\n");
    for line in history.to_string().lines() {
        let _ = writeln!(text, "        {line}");
    }
    text.push_str("        \",\n    );\n}\n");
    text
}

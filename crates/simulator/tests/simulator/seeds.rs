//! Some seconds of histories: those of fixed seeds, and of a fresh one.

use std::hash::{BuildHasher as _, RandomState};
use std::io::Write as _;
use std::time::{Duration, Instant};

use scrip_simulator::driver::{InDirectory, InMemory};
use scrip_simulator::run::simulate;

/// How long new histories of a fresh seed are begun.
const FRESH: Duration = Duration::from_secs(4);

fn agrees(seed: u64, steps: usize) {
    if let Err(failure) = simulate(seed, steps, &[&InMemory, &InDirectory]) {
        panic!("{}", failure.report());
    }
}

#[test]
fn fixed_seeds() {
    for seed in 1..=12 {
        agrees(seed, 120);
    }
    agrees(13, 600);
}

#[test]
fn a_fresh_seed() {
    let first = RandomState::new().hash_one("seed") >> 24;
    // Told at once, for whoever has to end this.
    writeln!(std::io::stderr(), "a fresh seed: {first}").unwrap();
    let begin = Instant::now();
    for seed in (first..).take_while(|_| begin.elapsed() < FRESH) {
        agrees(seed, 120);
    }
}

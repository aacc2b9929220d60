//! Lives on a disk that fails.

use super::*;

#[test]
fn what_was_acknowledged_outlives_many_lives() {
    let report = run(1, 60).unwrap();
    assert!(report.lives >= 60, "{report}");
    println!("{report}\n{:?}\n{:?}", report.faults, report.damages);
}

/// By hand: `SCRIP_FAULT_SEEDS=1..500 cargo test -p scrip-simulator --lib many_seeds -- --ignored --nocapture`.
#[test]
#[ignore = "as long as wanted"]
fn many_seeds() {
    let seeds = std::env::var("SCRIP_FAULT_SEEDS").unwrap();
    let (first, end) = seeds.split_once("..").unwrap();
    for seed in first.parse::<u64>().unwrap()..end.parse().unwrap() {
        match run(seed, 12) {
            Ok(report) => println!("{seed}: {report}"),
            Err(failure) => println!("FAILED {failure}"),
        }
    }
}

//! Lives on a disk that fails.

use super::*;

#[test]
fn what_was_acknowledged_outlives_many_lives() {
    let report = run(1, 60).unwrap();
    assert!(report.lives >= 60, "{report}");
    println!("{report}\n{:?}\n{:?}", report.faults, report.damages);
}

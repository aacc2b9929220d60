//! When what is written behind pauses.

use std::sync::Arc;
use std::thread;

use scrip_core::Digest;

use super::*;

const BOUNDS: Bounds = Bounds {
    every: Duration::MAX,
    wallets: 1_000,
    rows: 100,
    bytes: u64::MAX,
    usage_rows: u64::MAX,
};
/// What a transaction took, if the pause were as long as that.
const HOUR: Duration = Duration::from_secs(60 * 60);

fn behind() -> Behind {
    Behind::new(BOUNDS, Reach::START, 0)
}

/// So many rows more are durable.
fn commit(behind: &Behind, position: Position) {
    let reach = Reach { position, hash: Digest::from_bytes([1; 32]) };
    behind.committed(Vec::new(), reach, 0, Some(Vec::new()));
}

/// Whether there is a pause; of several tries, for this thread may be held up too.
fn pauses(behind: &Behind) -> bool {
    (0..5).all(|_| {
        let begin = Instant::now();
        behind.pause(HOUR);
        begin.elapsed() >= PAUSE_MAX
    })
}

#[test]
fn a_pause_is_a_multiple_of_what_took_long() {
    let begin = Instant::now();
    behind().pause(Duration::from_millis(10));
    assert!(begin.elapsed() >= Duration::from_millis(10) * PAUSES);
}

#[test]
fn there_is_no_pause_where_half_of_what_may_be_is_behind() {
    let behind = behind();
    commit(&behind, BOUNDS.rows / 2 - 1);
    assert!(pauses(&behind));
    commit(&behind, BOUNDS.rows / 2);
    assert!(!pauses(&behind));

    let bounds = Bounds { rows: u64::MAX, usage_rows: 100, ..BOUNDS };
    let behind = Behind::new(bounds, Reach::START, 0);
    commit(&behind, 49);
    assert!(pauses(&behind));
    commit(&behind, 50);
    assert!(!pauses(&behind), "of usage");
}

/// Of whoever asks for a turn, as the writer does when it has no room for names.
#[test]
fn there_is_no_pause_when_another_turn_is_wanted() {
    let behind = behind();
    assert!(pauses(&behind));
    behind.ask();
    assert!(!pauses(&behind));
    assert_eq!(behind.wait_for_turn(), Turn::Whole);
    assert!(pauses(&behind));
}

#[test]
fn there_is_no_pause_while_somebody_waits() {
    let behind = Arc::new(behind());
    assert!(pauses(&behind));
    let waits = Arc::clone(&behind);
    let waiting = thread::spawn(move || waits.ask_and_wait());
    while behind.lock().waiting == 0 {
        thread::yield_now();
    }
    assert!(!pauses(&behind));
    assert_eq!(behind.wait_for_turn(), Turn::Whole);
    assert!(!pauses(&behind), "its turn is not over");
    // The next turn is waited for when this one is over.
    let ends = Arc::clone(&behind);
    let next = thread::spawn(move || ends.wait_for_turn());
    waiting.join().unwrap();
    assert!(pauses(&behind), "nobody waits any more");
    behind.stop();
    assert_eq!(next.join().unwrap(), Turn::Last);
    assert!(!pauses(&behind), "at a stop");
}

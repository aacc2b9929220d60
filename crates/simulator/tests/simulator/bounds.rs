//! The bound of a wallet's sums, which is a thousand of the largest requests away.

use std::fmt::Write as _;

use scrip_simulator::check::play;
use scrip_simulator::driver::InMemory;
use scrip_simulator::history::{History, Step};

/// Plays a history and answers what came of its last requests.
fn last_answers(history: &str) -> Vec<String> {
    let history: History = history.parse().unwrap();
    let mut answers = Vec::new();
    let played = play(&history, &InMemory, &mut |step, told| {
        if matches!(step, Step::Ask(_)) {
            answers.push(told.to_owned());
        }
    });
    if let Err(disagreement) = played {
        panic!("{disagreement}");
    }
    answers.split_off(answers.len().saturating_sub(3))
}

const PLACES: &str = "customer ann create\ncurrency gold create\n";

#[test]
fn of_what_is_overdrawn() {
    let mut text = format!("{PLACES}batch\n");
    for number in 0..999 {
        writeln!(text, "- ann/gold k{number} 1000000000000000").unwrap();
    }
    text.push_str("consume ann/gold a 999999999999999.999999999\n");
    text.push_str("consume ann/gold b 0.000000002\n");
    text.push_str("consume ann/gold c 0.000000001\n");
    let answers = last_answers(&text);
    assert!(answers[0].starts_with("Consumed("), "{answers:?}");
    assert_eq!(answers[1], "SumTooLarge");
    assert!(answers[2].starts_with("Consumed("), "{answers:?}");
}

#[test]
fn of_what_is_granted() {
    let mut text = PLACES.to_owned();
    for number in 1..=999 {
        writeln!(text, "grant g{number} in ann/gold paid 1000000000000000").unwrap();
    }
    text.push_str("grant g2000 in ann/gold paid 999999999999999.999999999\n");
    text.push_str("grant g2001 in ann/gold paid 0.000000002\n");
    text.push_str("grant g2002 in ann/gold paid 0.000000001\n");
    let answers = last_answers(&text);
    assert!(answers[0].starts_with("Grant("), "{answers:?}");
    assert_eq!(answers[1], "SumTooLarge");
    assert!(answers[2].starts_with("Grant("), "{answers:?}");
}

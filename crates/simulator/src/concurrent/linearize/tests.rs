//! Histories of which it is known whether an order explains them.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::*;

/// A purse that burns once for each key.
#[derive(Clone, Default, Hash)]
struct Purse {
    balance: i64,
    keys: BTreeMap<&'static str, i64>,
}

#[derive(PartialEq, Eq)]
enum Ask {
    Read,
    Add(i64),
    Burn(&'static str, i64),
    /// Burns all or, if one key was used for another amount, nothing.
    Batch(Vec<(&'static str, i64)>),
}

use Ask::{Add, Batch, Burn, Read};

impl Purse {
    fn burn(&mut self, key: &'static str, amount: i64) -> bool {
        match self.keys.get(key) {
            Some(known) => *known == amount,
            None => {
                self.keys.insert(key, amount);
                self.balance -= amount;
                true
            }
        }
    }

    fn is_used_otherwise(&self, key: &str, amount: i64) -> bool {
        self.keys.get(key).is_some_and(|known| *known != amount)
    }

    /// The balance afterwards, or none if it was refused.
    fn ask(&mut self, ask: &Ask) -> Option<i64> {
        match ask {
            Read => {}
            Add(amount) => self.balance += amount,
            Burn(key, amount) => {
                if !self.burn(key, *amount) {
                    return None;
                }
            }
            Batch(items) => {
                if items.iter().any(|(key, amount)| self.is_used_otherwise(key, *amount)) {
                    return None;
                }
                for (key, amount) in items {
                    self.burn(key, *amount);
                }
            }
        }
        Some(self.balance)
    }
}

impl Model for Purse {
    type Call = Ask;
    type Answer = Option<i64>;

    fn step(&mut self, call: &Ask, answer: Option<&Option<i64>>) -> bool {
        let given = self.ask(call);
        answer.is_none_or(|answer| *answer == given)
    }

    fn read(&self, call: &Ask, answer: &Option<i64>) -> Option<bool> {
        matches!(call, Read).then_some(*answer == Some(self.balance))
    }

    fn digest(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }
}

type Call = Entry<Ask, Option<i64>>;

fn answered(called: u64, at: u64, call: Ask, balance: i64) -> Call {
    Entry { call, called, end: End::Answered { at, answer: Some(balance) } }
}

fn refused(called: u64, at: u64, call: Ask) -> Call {
    Entry { call, called, end: End::Answered { at, answer: None } }
}

fn open(called: u64, until: u64, call: Ask) -> Call {
    Entry { call, called, end: End::Open { until, is_watched: false } }
}

fn watched(called: u64, until: u64, call: Ask) -> Call {
    Entry { call, called, end: End::Open { until, is_watched: true } }
}

/// The balances in which the calls on an empty purse can end.
fn ends(calls: &[Call]) -> Vec<i64> {
    let found = endings(&[Purse::default()], calls).unwrap_or_default();
    let mut balances: Vec<_> = found.iter().map(|ending| ending.model.balance).collect();
    balances.sort_unstable();
    balances.dedup();
    balances
}

#[test]
fn calls_after_each_other_have_one_order() {
    let good = [answered(0, 1, Add(10), 10), answered(2, 3, Burn("a", 4), 6)];
    assert_eq!(ends(&good), [6]);
    let swapped = [answered(0, 1, Burn("a", 4), 6), answered(2, 3, Add(10), 10)];
    assert_eq!(ends(&swapped), [0; 0]);
}

#[test]
fn calls_at_the_same_time_have_the_order_that_explains_them() {
    let good = [
        answered(0, 9, Burn("a", 1), -6),
        answered(0, 9, Burn("b", 2), -2),
        answered(0, 9, Burn("c", 3), -5),
    ];
    assert_eq!(ends(&good), [-6]);
}

#[test]
fn a_lost_update_is_found() {
    // Both saw the balance without the other.
    let calls = [answered(0, 9, Burn("a", 1), -1), answered(0, 9, Burn("b", 2), -2)];
    assert_eq!(ends(&calls), [0; 0]);
}

#[test]
fn a_read_may_be_old_only_while_the_write_is_not_answered() {
    let during = [answered(0, 5, Add(10), 10), answered(4, 9, Read, 0)];
    assert_eq!(ends(&during), [10]);
    let after = [answered(0, 5, Add(10), 10), answered(6, 9, Read, 0)];
    assert_eq!(ends(&after), [0; 0]);
}

#[test]
fn a_read_that_saw_a_write_forbids_another_to_miss_it() {
    let write = || answered(0, 20, Add(10), 10);
    let good = [write(), answered(1, 2, Read, 0), answered(3, 4, Read, 10)];
    assert_eq!(ends(&good), [10]);
    let back = [write(), answered(1, 2, Read, 10), answered(3, 4, Read, 0)];
    assert_eq!(ends(&back), [0; 0]);
}

#[test]
fn a_second_burn_under_one_key_is_found() {
    let once = [answered(0, 9, Burn("a", 3), -3), answered(0, 9, Burn("a", 3), -3)];
    assert_eq!(ends(&once), [-3]);
    let twice = [answered(0, 9, Burn("a", 3), -3), answered(0, 9, Burn("a", 3), -6)];
    assert_eq!(ends(&twice), [0; 0]);
}

#[test]
fn a_refused_batch_leaves_nothing() {
    let batch = || Batch(vec![("b", 2), ("a", 9)]);
    let good = [answered(0, 1, Burn("a", 3), -3), refused(2, 3, batch()), answered(4, 5, Read, -3)];
    assert_eq!(ends(&good), [-3]);
    let phantom =
        [answered(0, 1, Burn("a", 3), -3), refused(2, 3, batch()), answered(4, 5, Read, -5)];
    assert_eq!(ends(&phantom), [0; 0]);
}

#[test]
fn a_batch_happens_at_once() {
    let batch = || answered(0, 9, Batch(vec![("a", 1), ("b", 2)]), -3);
    assert_eq!(ends(&[batch(), answered(1, 2, Read, 0), answered(3, 4, Read, -3)]), [-3]);
    assert_eq!(ends(&[batch(), answered(1, 2, Read, -1)]), [0; 0]);
}

#[test]
fn an_open_call_may_have_happened_or_not() {
    let calls = [open(0, u64::MAX, Burn("a", 3)), answered(5, 6, Add(1), 1)];
    assert_eq!(ends(&calls), [-2, 1]);
    let seen = [open(0, u64::MAX, Burn("a", 3)), answered(5, 6, Read, -3)];
    assert_eq!(ends(&seen), [-3]);
    let never = [open(0, u64::MAX, Burn("a", 3)), answered(5, 6, Read, -4)];
    assert_eq!(ends(&never), [0; 0]);
}

#[test]
fn an_open_call_does_not_happen_before_it_was_called() {
    let calls = [answered(0, 1, Read, -3), open(5, u64::MAX, Burn("a", 3))];
    assert_eq!(ends(&calls), [0; 0]);
}

#[test]
fn an_open_call_of_a_dead_server_does_not_happen_after_it() {
    let reads = [(6, 7, 0), (8, 9, -3)].map(|(from, to, at)| answered(from, to, Read, at));
    let [missed, found] = reads;
    let late = [open(0, u64::MAX, Burn("a", 3)), missed, found];
    assert_eq!(ends(&late), [-3]);
    let dead = [open(0, 5, Burn("a", 3)), answered(6, 7, Read, 0), answered(8, 9, Read, -3)];
    assert_eq!(ends(&dead), [0; 0]);
    // It happened before the end, or not at all.
    let alive = [open(0, 5, Burn("a", 3)), answered(6, 7, Read, -3)];
    assert_eq!(ends(&alive), [-3]);
}

#[test]
fn a_read_does_not_overtake_open_calls_of_a_dead_server() {
    // Both happened, and the read could not tell.
    let calls = [
        open(0, 5, Burn("a", 3)),
        open(0, 5, Add(3)),
        answered(6, 7, Read, 0),
        answered(8, 9, Burn("a", 3), 0),
    ];
    assert_eq!(ends(&calls), [0]);
}

#[test]
fn a_repeat_settles_an_open_call() {
    let calls = [open(0, u64::MAX, Burn("a", 3)), answered(5, 6, Burn("a", 3), -3)];
    assert_eq!(ends(&calls), [-3]);
}

#[test]
fn every_start_is_tried() {
    let starts = [0, 5].map(|balance| Purse { balance, ..Purse::default() });
    let found = endings(&starts, &[answered(0, 1, Read, 5)]).unwrap();
    let balances: Vec<_> = found.iter().map(|ending| ending.model.balance).collect();
    assert_eq!(balances, [5]);
}

#[test]
fn what_is_explained_is_told_up_to_the_first_riddle() {
    let calls = [
        answered(0, 1, Add(10), 10),
        answered(2, 3, Burn("a", 1), 9),
        answered(4, 5, Burn("b", 1), 7),
    ];
    let told = endings(&[Purse::default()], &calls).err();
    assert_eq!(told, Some(Unexplained::NoOrder(vec![0, 1])));
}

#[test]
fn endings_tell_what_happened() {
    let calls = [open(0, u64::MAX, Add(1)), answered(0, 1, Read, 0)];
    let found = endings(&[Purse::default()], &calls).unwrap();
    let mut happened: Vec<_> = found.iter().map(|ending| ending.happened).collect();
    happened.sort_unstable();
    assert_eq!(happened, [0b10, 0b11]);
}

#[test]
fn too_much_is_not_called_an_error_of_the_server() {
    let calls: Vec<_> = (0..129).map(|_| answered(0, 1, Read, 0)).collect();
    let told = endings(&[Purse::default()], &calls).err();
    assert_eq!(told, Some(Unexplained::TooMuch));
}

#[test]
fn an_open_call_that_changed_nothing_is_told_only_of_the_watched() {
    let known = || answered(0, 1, Burn("a", 3), -3);
    let happened = |calls: &[Call]| {
        let found = endings(&[Purse::default()], calls).unwrap();
        let mut happened: Vec<_> = found.iter().map(|ending| ending.happened).collect();
        happened.sort_unstable();
        happened
    };
    assert_eq!(happened(&[known(), open(2, 5, Burn("a", 3))]), [0b01]);
    assert_eq!(happened(&[known(), watched(2, 5, Burn("a", 3))]), [0b01, 0b11]);
}

#[test]
fn equal_open_calls_are_tried_once_each() {
    let calls =
        [open(0, 5, Add(1)), open(1, 5, Add(1)), open(2, 9, Add(1)), answered(10, 11, Read, 2)];
    assert_eq!(ends(&calls), [2]);
    let found = endings(&[Purse::default()], &calls).unwrap();
    // The first two are one; the third had more time.
    let mut happened: Vec<_> = found.iter().map(|ending| ending.happened).collect();
    happened.sort_unstable();
    assert_eq!(happened, [0b1011, 0b1101]);
}

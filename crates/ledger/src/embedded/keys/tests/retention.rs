//! Forgetting old slices.

use std::fs;

use super::super::{Problem, files};
use super::{SMALL, Store, change};

impl Store {
    /// Drops the slices up to the end of one, counted from zero.
    fn drop_through(&mut self, index: usize) {
        let end = self.keys.slices().iter().nth(index).unwrap().until();
        assert_eq!(self.keys.drop_slices(end), Ok(index + 1));
        self.expected.retain(|_, position| *position > end);
    }
}

#[test]
fn dropped_names_are_forgotten_and_the_others_are_not() {
    let mut store = Store::with_slices(12);
    let forgotten: Vec<_> = store.expected.clone().into_iter().collect();
    let generation = store.keys.slices().generation();
    store.drop_through(4);
    assert_eq!(store.keys.slices().generation(), generation + 1);
    store.check_all_found();
    for (name, position) in &forgotten {
        let expected = store.expected.get(name).copied();
        assert_eq!(store.keys.slices().find(name), Ok(expected), "the name at {position}");
    }
    assert_eq!(store.listing().len(), 7 * 2 + 1);
    let width = store.keys.stats().filter_bytes;
    (0..9).for_each(|_| store.add_slice());
    assert_eq!(store.keys.stats().filter_bytes, width, "free columns are used again");
    store.check_all_found();
    assert_eq!(store.reopen(), []);
    store.check_all_found();
}

#[test]
fn a_slice_is_kept_while_one_of_its_positions_must_be() {
    let store = Store::with_slices(3);
    let second_end = store.keys.slices().iter().nth(1).unwrap().until();
    assert_eq!(store.keys.drop_slices(second_end - 1), Ok(1));
    assert_eq!(store.keys.drop_slices(second_end - 1), Ok(0));
    assert_eq!(store.keys.slices().iter().count(), 2);
}

#[test]
fn a_column_that_is_used_again_holds_nothing_of_its_former_slice() {
    let mut store = Store::with_slices(8);
    let old: Vec<_> = store.expected.keys().copied().collect();
    store.drop_through(6);
    (0..3).for_each(|_| store.add_slice());
    let slices = store.keys.slices();
    let filter = slices.filter().unwrap();
    let in_vain = old.iter().filter(|name| !store.expected.contains_key(name)).filter(|name| {
        let probe = filter.probe(name);
        filter.candidates(&probe, 0) != 0
    });
    assert!(in_vain.count() < 40);
}

#[test]
fn when_all_is_dropped_nothing_is_paid_and_numbers_go_on() {
    let mut store = Store::with_slices(3);
    store.drop_through(2);
    assert_eq!(store.keys.stats().filter_bytes, 0);
    store.check_all_found();
    assert_eq!(store.reopen(), []);
    store.check_all_found();
    store.add_slice();
    store.check_all_found();
    assert_eq!(store.listing(), ["0000000004.column", "0000000004.keys", "dropped"]);
    assert_eq!(store.reopen(), []);
    store.check_all_found();
}

#[test]
fn a_drop_that_was_interrupted_is_finished_at_the_next_start() {
    let mut store = Store::with_slices(3);
    let first = fs::read(store.slice_path(1)).unwrap();
    store.drop_through(0);
    let after = store.listing();
    fs::write(store.slice_path(1), first).unwrap();
    assert_eq!(store.reopen(), []);
    assert_eq!(store.listing(), after);
    store.check_all_found();
}

#[test]
fn after_a_drop_a_missing_first_slice_is_still_a_gap() {
    let mut store = Store::with_slices(3);
    store.drop_through(0);
    let covered = store.keys.slices().iter().next().unwrap().after();
    fs::remove_file(store.slice_path(2)).unwrap();
    let problems = store.reopen();
    assert_eq!(problems[0], Problem::Missing { file: store.slice_path(2) });
    store.check_found_until(covered);
}

#[test]
fn what_says_where_kept_slices_begin_is_not_believed_when_it_changed() {
    let mut store = Store::with_slices(3);
    store.drop_through(0);
    let path = files::dropped_path(&store.path());
    let intact = fs::read(&path).unwrap();
    for place in 0..intact.len() {
        change(&path, |bytes| bytes[place] ^= 1);
        let problems = store.reopen();
        assert!(matches!(&problems[0], Problem::Damaged { file, .. } if *file == path));
        assert_eq!(store.keys.slices().covered_until(), 0, "all rows are read again");
        fs::write(&path, &intact).unwrap();
    }
    change(&path, |bytes| bytes.truncate(30));
    assert_eq!(store.reopen().len(), 4);
    fs::write(&path, &intact).unwrap();
    assert_eq!(store.reopen(), []);
    store.check_all_found();
}

#[test]
fn readers_of_an_older_generation_go_on() {
    let mut store = Store::with_slices(3);
    let older = store.keys.slices();
    let kept: Vec<_> = store.expected.clone().into_iter().collect();
    store.drop_through(1);
    (0..4).for_each(|_| store.add_slice());
    for (name, position) in kept.iter().filter(|(name, _)| store.expected.contains_key(name)) {
        assert_eq!(older.find(name), Ok(Some(*position)));
    }
    for slice in older.iter() {
        assert_eq!(slice.records().count(), SMALL.names_max, "removed, and still open");
    }
}

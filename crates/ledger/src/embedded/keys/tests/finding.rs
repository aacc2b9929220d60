//! What is remembered is found again.

use proptest::prelude::*;
use scrip_core::NameHash;

use super::super::layout;
use super::{SMALL, Store, name};

#[test]
fn all_names_are_found_and_no_others() {
    let mut store = Store::new();
    store.check_all_found();
    for slices in [1, 8, 9, 18] {
        while store.keys.slices().iter().count() < slices {
            store.add_slice();
        }
        store.check_all_found();
    }
    for absent in 1_000_000..1_002_000 {
        assert_eq!(store.keys.slices().find(&name(absent)), Ok(None));
    }
    assert_eq!(store.reopen(), []);
    store.check_all_found();
}

#[test]
fn of_two_slices_that_know_a_name_the_newer_counts() {
    // A slice that was dropped leaves its column to a newer one, so that the order of columns is
    // not that of age.
    let mut store = Store::with_slices(3);
    let first_end = store.keys.slices().iter().next().unwrap().until();
    let repeated = name(first_end + 1);
    assert_eq!(store.keys.drop_slices(first_end), Ok(1));
    let mut recent = store.next_table(100);
    let again = recent.until() + 1;
    recent.insert(repeated, again).unwrap();
    store.end = again;
    store.publish(&recent);
    assert_eq!(store.keys.slices().find(&repeated), Ok(Some(again)));
    store.reopen();
    assert_eq!(store.keys.slices().find(&repeated), Ok(Some(again)));
}

#[test]
fn a_full_store_in_little_memory_still_finds_everything() {
    for bytes_max in [SMALL.rows, SMALL.rows - 1, 1] {
        let mut store = Store::bounded(bytes_max);
        (0..12).for_each(|_| store.add_slice());
        store.check_found_until(store.end);
        let stats = store.keys.stats();
        store.reopen_bounded(bytes_max);
        store.check_all_found();
        assert_eq!(store.keys.stats(), stats, "a start folds as far as growth does");
        let least = SMALL.rows / 4 * 2;
        assert!(stats.filter_bytes <= bytes_max.max(least), "{stats:?}");
        store.reopen();
        store.check_all_found();
        assert_eq!(store.keys.stats().filter_bits_per_name, 18, "files are never folded");
    }
}

#[test]
fn names_that_begin_alike_are_told_apart_over_many_pages() {
    let mut store = Store::new();
    let mut recent = store.keys.new_recent(0);
    let alike = |number: u64| {
        let mut name = [9; 16];
        name[8..].copy_from_slice(&number.to_be_bytes());
        NameHash(name)
    };
    for number in 0..800 {
        recent.insert(alike(number * 2 + 1), number + 1).unwrap();
    }
    // One before all of them and one behind.
    recent.insert(NameHash([8; 16]), 801).unwrap();
    recent.insert(NameHash([10; 16]), 802).unwrap();
    store.end = 802;
    store.publish(&recent);
    let slices = store.keys.slices();
    let slice = slices.iter().next().unwrap();
    for number in 0..800 {
        assert_eq!(slice.find(&alike(number * 2 + 1)), Ok(Some(number + 1)));
        assert_eq!(slice.find(&alike(number * 2)), Ok(None));
    }
    assert_eq!(slice.find(&alike(1_601)), Ok(None));
    assert_eq!(slice.find(&NameHash([8; 16])), Ok(Some(801)));
    assert_eq!(slice.find(&NameHash([10; 16])), Ok(Some(802)));
    assert_eq!(slice.find(&NameHash([0; 16])), Ok(None));
    assert_eq!(slice.find(&NameHash([255; 16])), Ok(None));
    assert_eq!(store.reopen(), []);
    assert_eq!(store.keys.slices().find(&alike(1)), Ok(Some(1)));
}

#[test]
fn slices_of_any_number_of_names_are_found() {
    let page = layout::RECORDS_PER_PAGE;
    let mut store = Store::new();
    for names in [0, 1, 2, page - 1, page, page + 1, page * 2] {
        let mut recent = store.next_table(names);
        store.end += 1;
        recent.advance(store.end);
        store.publish(&recent);
        store.check_all_found();
    }
    assert_eq!(store.reopen(), []);
    store.check_all_found();
}

#[test]
fn records_come_in_order_and_complete() {
    let store = Store::with_slices(2);
    let slices = store.keys.slices();
    let mut all = Vec::new();
    for slice in slices.iter() {
        let records: Vec<_> = slice.records().map(Result::unwrap).collect();
        assert!(records.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert_eq!(records.len() as u64, slice.names());
        all.extend(records);
    }
    assert_eq!(all.len(), store.expected.len());
    assert!(all.iter().all(|(name, position)| store.expected.get(name) == Some(position)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn it_remembers_what_a_map_remembers(
        tables in prop::collection::vec(prop::collection::vec((0_u64..300, 1_u64..4), 0..300), 1..12),
        filter_bytes_max in 0_usize..1 << 17,
        reopened_after in 0_usize..12,
    ) {
        let mut store = Store::bounded(filter_bytes_max);
        for (index, table) in tables.into_iter().enumerate() {
            let mut recent = store.keys.new_recent(store.end);
            for (number, distance) in table {
                store.end += distance;
                recent.insert(name(number), store.end).unwrap();
                store.expected.insert(name(number), store.end);
            }
            recent.advance(store.end);
            store.publish(&recent);
            if index == reopened_after {
                prop_assert_eq!(store.reopen_bounded(filter_bytes_max), []);
            }
        }
        let slices = store.keys.slices();
        for number in 0..400 {
            let expected = store.expected.get(&name(number)).copied();
            prop_assert_eq!(slices.find(&name(number)), Ok(expected));
        }
    }
}

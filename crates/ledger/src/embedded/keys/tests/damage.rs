//! Files that are not what was written: each is named, and nothing of it is believed.

use std::fs;

use scrip_core::NameHash;

use super::super::layout::{Identity, PAGE_BYTES, Page, Record};
use super::super::{KeyStore, Problem, writing};
use super::{LEDGER, MUCH, SMALL, Store, StoreError, change, name};

/// Damages the third of five slices, and expects that what is behind it is not used either.
fn check_gap(damage: impl FnOnce(&Store)) -> Problem {
    let mut store = Store::with_slices(5);
    let second_end = store.keys.slices().iter().nth(1).unwrap().until();
    damage(&store);
    let mut problems = store.reopen();
    store.check_found_until(second_end);
    let behind = problems.split_off(1);
    let expected = [4, 5].map(|number| Problem::BehindGap { file: store.slice_path(number) });
    assert_eq!(behind, expected);
    let known = store.keys.reaches().iter().map(|reach| reach.until).max();
    assert_eq!(known, Some(store.end), "what cannot be used still tells of the ledger");
    check_rebuilt(&mut store);
    problems.remove(0)
}

/// The names are inserted again from the rows; then all is well.
fn check_rebuilt(store: &mut Store) {
    let mut missing: Vec<_> = store.expected.iter().map(|(name, at)| (*at, *name)).collect();
    missing.retain(|(at, _)| *at > store.keys.slices().covered_until());
    missing.sort_unstable();
    for part in missing.chunks(SMALL.names_max) {
        let mut recent = store.keys.new_recent(store.keys.slices().covered_until());
        part.iter().for_each(|(at, name)| recent.insert(*name, *at).unwrap());
        store.publish(&recent);
    }
    store.check_all_found();
    // What was written again is used, so that only leftovers are discarded.
    store.keys.discard_unused().unwrap();
    assert_eq!(store.reopen(), []);
    store.check_all_found();
}

#[test]
fn a_missing_slice_is_a_gap() {
    let problem = check_gap(|store| fs::remove_file(store.slice_path(3)).unwrap());
    assert!(matches!(&problem, Problem::Missing { file } if file.ends_with("0000000003.keys")));
}

#[test]
fn a_missing_first_slice_is_a_gap() {
    let mut store = Store::with_slices(3);
    fs::remove_file(store.slice_path(1)).unwrap();
    let problems = store.reopen();
    assert_eq!(problems[0], Problem::Missing { file: store.slice_path(1) });
    store.check_found_until(0);
    check_rebuilt(&mut store);
}

#[test]
fn many_missing_slices_are_one_gap() {
    let mut store = Store::with_slices(1);
    fs::copy(store.slice_path(1), store.slice_path(9_999_999_999)).unwrap();
    let problems = store.reopen();
    assert_eq!(problems.len(), 2);
    assert_eq!(problems[0], Problem::Missing { file: store.slice_path(2) });
    store.check_all_found();
    store.keys.discard_unused().unwrap();
    assert_eq!(store.reopen(), []);
    store.check_all_found();
}

#[test]
fn a_truncated_slice_is_a_gap() {
    for length in [0, 4095, 4096, 4096 * 7 - 1] {
        let problem = check_gap(|store| {
            change(&store.slice_path(3), |bytes| {
                assert_eq!(bytes.len(), 4096 * 7);
                bytes.truncate(length);
            });
        });
        assert!(matches!(problem, Problem::Length { .. }), "{length}: {problem}");
    }
    let problem = check_gap(|store| change(&store.slice_path(3), |bytes| bytes.push(0)));
    assert!(matches!(problem, Problem::Length { .. }), "{problem}");
}

#[test]
fn no_byte_of_a_header_can_change() {
    let mut store = Store::with_slices(2);
    let first_end = store.keys.slices().iter().next().unwrap().until();
    let path = store.slice_path(2);
    let intact = fs::read(&path).unwrap();
    for place in (0..180).chain([1000, 4063, 4064, 4095]) {
        change(&path, |bytes| bytes[place] ^= 1);
        let problems = store.reopen();
        assert_eq!(problems.len(), 1, "byte {place}");
        let is_expected = match place {
            8..12 => matches!(problems[0], Problem::UnknownVersion { .. }),
            _ => matches!(problems[0], Problem::Damaged { .. }),
        };
        assert!(is_expected, "byte {place}: {}", problems[0]);
        assert_eq!(store.keys.slices().covered_until(), first_end);
        fs::write(&path, &intact).unwrap();
    }
    assert_eq!(store.reopen(), []);
}

#[test]
fn a_slice_of_another_ledger_is_a_gap() {
    let problem = check_gap(|store| {
        let other = Store::with_slices(0);
        let opened = KeyStore::open_shaped(&other.path(), [8; 16], MUCH, SMALL).unwrap().0;
        for number in 1..=3 {
            let after = opened.slices().covered_until();
            let mut recent = opened.new_recent(after);
            recent.insert(name(number), after + 1).unwrap();
            let written = opened.write_slice(&recent, super::row_hash(after + 1)).unwrap();
            opened.publish(written).unwrap();
        }
        fs::copy(other.slice_path(3), store.slice_path(3)).unwrap();
    });
    assert!(matches!(problem, Problem::OtherLedger { .. }), "{problem}");
}

#[test]
fn a_slice_under_another_name_is_a_gap() {
    let problem = check_gap(|store| {
        fs::copy(store.slice_path(2), store.slice_path(3)).unwrap();
    });
    assert!(matches!(problem, Problem::Damaged { .. }), "{problem}");
}

#[test]
fn a_slice_that_begins_elsewhere_is_a_gap() {
    let problem = check_gap(|store| {
        let mut shifted = Store::new();
        let mut recent = shifted.keys.new_recent(0);
        recent.advance(1);
        shifted.end = 1;
        shifted.publish(&recent);
        shifted.add_slice();
        shifted.add_slice();
        fs::copy(shifted.slice_path(3), store.slice_path(3)).unwrap();
    });
    assert!(matches!(problem, Problem::NotContiguous { .. }), "{problem}");
}

#[test]
#[cfg(unix)]
fn a_slice_that_cannot_be_read_is_a_gap() {
    let problem = check_gap(|store| {
        fs::remove_file(store.slice_path(3)).unwrap();
        std::os::unix::fs::symlink("/nowhere/at/all", store.slice_path(3)).unwrap();
    });
    assert!(matches!(problem, Problem::Unreadable { .. }), "{problem}");
}

#[test]
fn a_page_that_changed_is_an_error_and_never_an_absence() {
    let store = Store::with_slices(1);
    let path = store.slice_path(1);
    let slices = store.keys.slices();
    let slice = slices.iter().next().unwrap();
    let records: Vec<_> = slice.records().map(Result::unwrap).collect();
    // A name, a position, the padding of the last page, a checksum.
    for place in [5, 170 * 24 - 3, 170 * 24 + 2, 4096 * 5 + 170 * 24 - 1] {
        change(&path, |bytes| bytes[PAGE_BYTES + place] ^= 1);
        let page = place / PAGE_BYTES;
        for (index, (name, position)) in records.iter().enumerate() {
            match slices.find(name) {
                Err(StoreError::Corrupt(_)) => assert_eq!(index / 170, page),
                found => assert_eq!((found, index / 170 == page), (Ok(Some(*position)), false)),
            }
        }
        assert!(slice.records().any(|record| record.is_err()));
        assert!(matches!(slice.check(), Err(Problem::Damaged { .. })), "byte {place}");
        change(&path, |bytes| bytes[PAGE_BYTES + place] ^= 1);
    }
    slice.check().unwrap();
}

#[test]
fn pages_cannot_change_places() {
    let store = Store::with_slices(2);
    let slices = store.keys.slices();
    let slice = slices.iter().next().unwrap();
    let names: Vec<_> = slice.records().map(|record| record.unwrap().0).collect();
    let is_damaged = || slice.check().is_err() && slice.find(&names[200]).is_err();
    let page = |bytes: &[u8], number: usize| -> Page {
        bytes[number * PAGE_BYTES..][..PAGE_BYTES].try_into().unwrap()
    };
    let path = store.slice_path(1);
    let intact = fs::read(&path).unwrap();
    let other = fs::read(store.slice_path(2)).unwrap();
    for foreign in [page(&intact, 3), page(&other, 2)] {
        change(&path, |bytes| bytes[2 * PAGE_BYTES..][..PAGE_BYTES].copy_from_slice(&foreign));
        assert!(is_damaged());
        fs::write(&path, &intact).unwrap();
    }
    assert!(!is_damaged());
}

#[test]
fn a_page_that_cannot_be_read_is_an_error_and_never_an_absence() {
    let store = Store::with_slices(1);
    let slices = store.keys.slices();
    change(&store.slice_path(1), |bytes| bytes.truncate(PAGE_BYTES * 2));
    let failed = store.expected.keys().filter(|name| slices.find(name).is_err()).count();
    assert_eq!(failed, SMALL.names_max - 170);
}

#[test]
fn a_column_that_is_missing_or_changed_is_made_again() {
    let mut store = Store::with_slices(5);
    let path = store.column_path(3);
    let intact = fs::read(&path).unwrap();
    let bits = intact.len() - 32 - 6 * 8;
    // The head, the bits, the fence, the checksum.
    for place in [0, 9, 13, 30, 50, 70, 80, bits - 1, bits, bits + 47, intact.len() - 1] {
        change(&path, |bytes| bytes[place] ^= 1);
        check_column_rebuilt(&mut store, &intact);
    }
    change(&path, |bytes| bytes.truncate(100));
    check_column_rebuilt(&mut store, &intact);
    change(&path, Vec::clear);
    check_column_rebuilt(&mut store, &intact);
    fs::remove_file(&path).unwrap();
    check_column_rebuilt(&mut store, &intact);
    fs::copy(store.column_path(2), &path).unwrap();
    check_column_rebuilt(&mut store, &intact);
}

fn check_column_rebuilt(store: &mut Store, intact: &[u8]) {
    let problems = store.reopen();
    assert_eq!(problems.len(), 1);
    assert!(matches!(problems[0], Problem::ColumnRebuilt { .. }), "{}", problems[0]);
    store.check_all_found();
    assert_eq!(fs::read(store.column_path(3)).unwrap(), intact);
    assert_eq!(store.reopen(), []);
}

#[test]
fn a_column_that_cannot_be_made_again_is_a_gap() {
    let problem = check_gap(|store| {
        fs::remove_file(store.column_path(3)).unwrap();
        change(&store.slice_path(3), |bytes| bytes[4096 * 3 + 20] ^= 8);
    });
    assert!(matches!(problem, Problem::Damaged { .. }), "{problem}");
}

#[test]
fn a_column_of_more_rows_is_made_again() {
    let store = Store::with_slices(2);
    let larger = super::Shape { rows: SMALL.rows * 2, ..SMALL };
    let (keys, problems) = KeyStore::open_shaped(&store.path(), LEDGER, MUCH, larger).unwrap();
    assert_eq!(problems.len(), 2);
    let store = Store { keys, ..store };
    store.check_all_found();
}

#[test]
fn what_a_crash_left_unfinished_is_removed() {
    let mut store = Store::with_slices(2);
    let before = store.listing();
    for leftover in ["0000000003.keys.tmp", "0000000003.column.tmp", "recent.keys.tmp"] {
        fs::write(store.path().join(leftover), b"half").unwrap();
    }
    fs::copy(store.column_path(2), store.column_path(3)).unwrap();
    assert_eq!(store.reopen(), []);
    assert_eq!(store.listing(), before);
    store.check_all_found();
}

/// A slice whose checksums are right, as a wrong program would write it.
fn check_refused(names: &[Record]) {
    let mut store = Store::with_slices(1);
    let intact = fs::read(store.slice_path(1)).unwrap();
    let mut recent = store.keys.new_recent(0);
    recent.advance(store.end);
    let identity = Identity { ledger_id: LEDGER, number: 1 };
    let hash = super::row_hash(store.end);
    let path = store.slice_path(1);
    writing::write_names(path, identity, &recent, names, hash).unwrap().0.place().unwrap();
    fs::remove_file(store.column_path(1)).unwrap();
    let problems = store.reopen();
    assert!(matches!(problems[..], [Problem::Damaged { .. }]), "{problems:?}");
    fs::write(store.slice_path(1), intact).unwrap();
    assert!(matches!(store.reopen()[..], [Problem::ColumnRebuilt { .. }]));
}

#[test]
fn names_out_of_order_and_positions_out_of_range_are_damage() {
    let [low, high] = [NameHash([1; 16]), NameHash([2; 16])];
    check_refused(&[(high, 1), (low, 2)]);
    check_refused(&[(low, 1), (low, 2)]);
    check_refused(&[(low, 0), (high, 2)]);
    check_refused(&[(low, 1), (high, 1_000_000)]);
}

#[test]
fn pages_of_another_writing_of_the_slice_are_damage() {
    let store = Store::with_slices(1);
    let mut other = Store::new();
    let mut recent = other.next_table(SMALL.names_max - 1);
    recent.insert(name(1_000_000), store.end).unwrap();
    other.publish(&recent);
    let pages = fs::read(other.slice_path(1)).unwrap().split_off(PAGE_BYTES);
    change(&store.slice_path(1), |bytes| bytes[PAGE_BYTES..].copy_from_slice(&pages));
    let slices = store.keys.slices();
    let checked = slices.iter().next().unwrap().check();
    assert!(checked.unwrap_err().to_string().contains("the content"));
}

#[test]
fn a_check_compares_the_column_with_the_names() {
    let store = Store::with_slices(1);
    let slices = store.keys.slices();
    fs::remove_file(store.column_path(1)).unwrap();
    assert!(slices.iter().next().unwrap().check().is_err());
    // One that is intact in itself and has another name's bits.
    let mut other = Store::new();
    let mut recent = other.next_table(SMALL.names_max - 1);
    recent.insert(name(1_000_000), store.end).unwrap();
    other.publish(&recent);
    fs::copy(other.column_path(1), store.column_path(1)).unwrap();
    assert!(slices.iter().next().unwrap().check().is_err());
}

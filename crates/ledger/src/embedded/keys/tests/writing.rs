//! Writing a slice when the disk does not let us.

use std::fs;

use super::super::files;
use super::{SMALL, Store, StoreError, row_hash};

/// A write fails, nothing is left of it, and it succeeds when it is tried again.
fn check_tried_again(
    prevent: impl FnOnce(&Store),
    allow: impl FnOnce(&Store),
    expected: impl FnOnce(&StoreError) -> bool,
) {
    let mut store = Store::with_slices(2);
    let before = store.listing();
    let covered = store.keys.slices().covered_until();
    let recent = store.next_table(SMALL.names_max);
    prevent(&store);
    let Err(error) = store.keys.write_slice(&recent, row_hash(store.end)) else {
        panic!("it was written");
    };
    assert!(expected(&error), "{error}");
    store.check_found_until(covered);
    allow(&store);
    assert_eq!(store.listing(), before);
    store.publish(&recent);
    store.check_all_found();
    assert_eq!(store.reopen(), []);
    store.check_all_found();
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_leaves_nothing_behind() {
    for file in ["0000000003.keys.tmp", "0000000003.column.tmp"] {
        let full = |store: &Store| {
            std::os::unix::fs::symlink("/dev/full", store.path().join(file)).unwrap();
        };
        let is_full = |error: &StoreError| *error == StoreError::DiskFull;
        check_tried_again(full, |_| {}, is_full);
    }
}

#[test]
fn a_file_that_cannot_be_placed_leaves_nothing_behind() {
    for number in [files::slice_path, files::column_path] {
        check_tried_again(
            |store| fs::create_dir(number(&store.path(), 3)).unwrap(),
            |store| fs::remove_dir(number(&store.path(), 3)).unwrap(),
            |error| matches!(error, StoreError::Failed(_)),
        );
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_does_not_cost_the_table_that_was_saved_before() {
    let mut store = Store::with_slices(1);
    let recent = store.next_table(10);
    store.keys.save_recent(&recent, row_hash(store.end)).unwrap();
    let full = store.path().join("recent.keys.tmp");
    std::os::unix::fs::symlink("/dev/full", full).unwrap();
    let saved = store.keys.save_recent(&recent, row_hash(store.end));
    assert_eq!(saved, Err(StoreError::DiskFull));
    let (loaded, problem) = store.keys.load_recent(store.end);
    assert_eq!((loaded.names(), problem), (10, None));
}

#[test]
fn a_column_that_cannot_be_kept_is_used_all_the_same() {
    let mut store = Store::with_slices(2);
    fs::remove_file(store.column_path(2)).unwrap();
    fs::create_dir(store.column_path(2)).unwrap();
    let problems = store.reopen();
    assert_eq!(problems.len(), 1);
    assert!(problems[0].to_string().contains("writing it again failed"), "{}", problems[0]);
    store.check_found_until(store.end);
}

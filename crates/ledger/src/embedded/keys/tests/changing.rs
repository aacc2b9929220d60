//! Readers beside the thread that makes generations.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::{MUCH, SMALL, Store, name, row_hash};

#[test]
fn a_written_slice_is_invisible_until_it_is_published() {
    let mut store = Store::with_slices(1);
    let before = store.keys.slices();
    let recent = store.next_table(SMALL.names_max);
    let written = store.keys.write_slice(&recent, row_hash(store.end)).unwrap();
    store.check_found_until(before.covered_until());
    let after = store.keys.publish(written).unwrap();
    assert_eq!(after.generation(), before.generation() + 1);
    assert_eq!(store.keys.slices().generation(), after.generation());
    store.check_all_found();
    let published = after.iter().last().unwrap();
    assert_eq!(published.row_hash(), row_hash(store.end));
    assert_eq!((published.number(), published.after()), (2, recent.after()));
    for (name, _) in recent.sorted() {
        assert_eq!(before.find(&name), Ok(None), "a generation never changes");
    }
}

#[test]
fn a_slice_that_was_written_and_not_published_is_found_at_the_next_start() {
    let mut store = Store::with_slices(1);
    let recent = store.next_table(SMALL.names_max);
    drop(store.keys.write_slice(&recent, row_hash(store.end)).unwrap());
    assert_eq!(store.reopen(), []);
    store.check_all_found();
}

#[test]
fn one_slice_is_published_once() {
    let mut store = Store::with_slices(1);
    let recent = store.next_table(SMALL.names_max);
    let one = store.keys.write_slice(&recent, row_hash(store.end)).unwrap();
    let other = store.keys.write_slice(&recent, row_hash(store.end)).unwrap();
    store.keys.publish(one).unwrap();
    assert!(store.keys.publish(other).is_err());
    store.check_all_found();
}

#[test]
fn readers_find_all_that_is_published_while_columns_are_added() {
    for bytes_max in [MUCH, SMALL.rows] {
        let mut store = Store::bounded(bytes_max);
        store.add_slice();
        let tables: Vec<_> = (0..10).map(|_| store.next_table(SMALL.names_max)).collect();
        let is_done = AtomicBool::new(false);
        let (keys, end) = (&store.keys, store.end);
        let read = || {
            let mut looked = 0_u64;
            while !is_done.load(Ordering::Acquire) || looked < 2_000 {
                let slices = keys.slices();
                looked += 1;
                let position = looked * 7_919 % end + 1;
                let is_named = !position.is_multiple_of(3);
                let is_covered = position <= slices.covered_until();
                let expected = Some(position).filter(|_| is_named && is_covered);
                assert_eq!(slices.find(&name(position)), Ok(expected));
            }
        };
        thread::scope(|scope| {
            let readers = [scope.spawn(read), scope.spawn(read)];
            for table in &tables {
                store.publish(table);
            }
            is_done.store(true, Ordering::Release);
            readers.into_iter().for_each(|reader| reader.join().unwrap());
        });
        store.check_all_found();
    }
}

//! Stopping and starting.

use scrip_core::Digest;

use super::super::{Problem, files};
use super::{SMALL, Store, name, row_hash};

fn check_holds(recent: &super::Recent, store: &Store) {
    for (name, position) in &store.expected {
        let expected = Some(*position).filter(|position| *position > recent.after());
        assert_eq!(recent.find(name), expected);
    }
}

#[test]
fn a_new_directory_is_empty() {
    let store = Store::new();
    let slices = store.keys.slices();
    assert_eq!(slices.covered_until(), 0);
    assert_eq!(slices.find(&name(1)), Ok(None));
    assert_eq!(store.keys.reaches(), []);
    assert_eq!(store.keys.stats().filter_bytes, 0, "nothing is paid for nothing");
    let (recent, problem) = store.keys.load_recent(0);
    assert_eq!((recent.names(), recent.until(), problem), (0, 0, None));
}

#[test]
fn every_file_says_how_far_the_ledger_reached() {
    let mut store = Store::with_slices(2);
    let recent = store.next_table(10);
    store.keys.save_recent(&recent, row_hash(store.end)).unwrap();
    store.reopen();
    let reaches: Vec<_> = store.keys.reaches().iter().collect();
    let slices = store.keys.slices();
    let ends: Vec<_> = slices.iter().map(super::super::Slice::until).collect();
    let told: Vec<_> = reaches.iter().map(|reach| (reach.until, reach.row_hash)).collect();
    let expected: Vec<_> =
        ends.into_iter().chain([store.end]).map(|end| (end, row_hash(end))).collect();
    assert_eq!(told, expected);
    assert_eq!(reaches[1].file, store.slice_path(2));
    assert_eq!(reaches[2].file, files::recent_path(&store.path()));
}

#[test]
fn the_recent_table_is_as_it_was_at_the_stop() {
    let mut store = Store::with_slices(2);
    let mut recent = store.next_table(500);
    store.end += 5;
    recent.advance(store.end);
    store.keys.save_recent(&recent, row_hash(store.end)).unwrap();
    for _ in 0..2 {
        assert_eq!(store.reopen(), []);
        let (loaded, problem) = store.keys.load_recent(store.end + 3);
        assert_eq!(problem, None);
        assert_eq!((loaded.after(), loaded.until()), (recent.after(), recent.until()));
        assert_eq!(loaded.names(), 500);
        check_holds(&loaded, &store);
    }
    assert_eq!(store.listing().iter().filter(|name| *name == "recent.keys").count(), 1);
}

#[test]
fn a_saved_table_is_replaced_by_the_next() {
    let mut store = Store::with_slices(1);
    let recent = store.next_table(10);
    store.keys.save_recent(&recent, row_hash(store.end)).unwrap();
    let mut longer = store.keys.new_recent(recent.after());
    recent.sorted().into_iter().for_each(|(name, at)| longer.insert(name, at).unwrap());
    longer.insert(name(1_000_000), store.end + 1).unwrap();
    store.keys.save_recent(&longer, row_hash(store.end + 1)).unwrap();
    let (loaded, problem) = store.keys.load_recent(store.end + 1);
    assert_eq!((loaded.names(), problem), (11, None));
}

#[test]
fn a_saved_table_that_became_a_slice_is_not_used() {
    let mut store = Store::with_slices(1);
    let recent = store.next_table(SMALL.names_max);
    store.keys.save_recent(&recent, row_hash(store.end)).unwrap();
    store.publish(&recent);
    store.reopen();
    let (loaded, problem) = store.keys.load_recent(store.end);
    assert!(matches!(problem, Some(Problem::NotContiguous { .. })), "{problem:?}");
    assert_eq!((loaded.names(), loaded.after()), (0, store.end));
    assert_eq!(loaded.until(), store.end);
}

#[test]
fn a_saved_table_ahead_of_the_ledger_is_not_used() {
    let mut store = Store::with_slices(1);
    let slices_end = store.end;
    let recent = store.next_table(10);
    store.keys.save_recent(&recent, row_hash(store.end)).unwrap();
    store.reopen();
    let (loaded, problem) = store.keys.load_recent(store.end - 1);
    let file = files::recent_path(&store.path());
    let expected = Problem::AheadOfLedger { file, until: store.end, end: store.end - 1 };
    assert_eq!(problem, Some(expected));
    assert_eq!((loaded.names(), loaded.until()), (0, slices_end));
}

#[test]
fn a_damaged_saved_table_is_not_used() {
    let mut store = Store::with_slices(1);
    let slices_end = store.end;
    let recent = store.next_table(500);
    store.keys.save_recent(&recent, Digest::from_bytes([1; 32])).unwrap();
    let path = files::recent_path(&store.path());
    let intact = std::fs::read(&path).unwrap();
    for place in [0, 9, 30, 4090, 4096, 4096 + 4085, 4096 * 2 + 17, intact.len() - 1] {
        super::change(&path, |bytes| bytes[place] ^= 4);
        store.reopen();
        let (loaded, problem) = store.keys.load_recent(store.end);
        assert!(problem.is_some(), "byte {place}");
        assert_eq!((loaded.names(), loaded.until()), (0, slices_end), "byte {place}");
        std::fs::write(&path, &intact).unwrap();
    }
    let (loaded, problem) = store.keys.load_recent(store.end);
    assert_eq!((loaded.names(), problem), (500, None));
}

#[test]
fn a_table_that_does_not_continue_the_slices_is_not_saved() {
    let mut store = Store::with_slices(1);
    let _lost = store.next_table(10);
    let behind = store.next_table(10);
    assert!(store.keys.save_recent(&behind, row_hash(store.end)).is_err());
    assert!(store.keys.write_slice(&behind, row_hash(store.end)).is_err());
    assert!(!store.listing().contains(&"recent.keys".to_owned()));
}

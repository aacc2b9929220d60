//! The sorted list against a plain map.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

impl Keyed for (u16, u32) {
    type Key = u16;
    fn key(&self) -> &u16 {
        &self.0
    }
}

type List = SortedList<(u16, u32)>;

#[derive(Clone, Debug)]
enum Change {
    Insert(u16, u32),
    Append(u32),
    Set(u16, u32),
    Remove(u16),
    RemoveFirst,
    Clone,
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let key = || 0..200_u16;
    let change = prop_oneof![
        4 => (key(), any::<u32>()).prop_map(|(key, value)| Change::Insert(key, value)),
        4 => any::<u32>().prop_map(Change::Append),
        2 => (key(), any::<u32>()).prop_map(|(key, value)| Change::Set(key, value)),
        4 => key().prop_map(Change::Remove),
        2 => Just(Change::RemoveFirst),
        1 => Just(Change::Clone),
    ];
    // Whole stretches of one change fill and drain chunks.
    let stretch = (change, 1..40_usize).prop_map(|(change, times)| vec![change; times]);
    prop::collection::vec(stretch, 1..60).prop_map(|stretches| stretches.concat())
}

fn step(list: &mut List, plain: &mut BTreeMap<u16, u32>, change: &Change, turn: u16) {
    let place = |key: u16| key.wrapping_add(turn) % 200;
    match *change {
        Change::Insert(key, value) => {
            list.insert((place(key), value));
            plain.insert(place(key), value);
        }
        Change::Append(value) => {
            let key = plain.last_key_value().map_or(0, |(key, _)| key + 1);
            list.insert((key, value));
            plain.insert(key, value);
        }
        Change::Set(key, value) => {
            let known = list.get_mut(&place(key)).map(|item| item.1 = value);
            assert_eq!(known.is_some(), plain.contains_key(&place(key)));
            plain.entry(place(key)).and_modify(|known| *known = value);
        }
        Change::Remove(key) => {
            let (is, was) = (list.remove(&place(key)), plain.remove(&place(key)));
            assert_eq!(is.map(|item| item.1), was);
        }
        Change::RemoveFirst => {
            let first = list.first().copied();
            assert_eq!(first, plain.pop_first());
            assert_eq!(first.and_then(|(key, _)| list.remove(&key)), first);
        }
        Change::Clone => {}
    }
}

fn compare(list: &List, plain: &BTreeMap<u16, u32>) {
    let items: Vec<(u16, u32)> = plain.iter().map(|(key, value)| (*key, *value)).collect();
    assert_eq!(list.iter().copied().collect::<Vec<_>>(), items);
    assert_eq!((list.len(), list.is_empty()), (items.len(), items.is_empty()));
    for key in 0..210 {
        assert_eq!(list.get(&key).map(|item| item.1), plain.get(&key).copied());
    }
    let evenly_cut = List::of_sorted(&items).unwrap();
    assert_eq!(*list, evenly_cut, "chunks do not count");
    let bytes = postcard::to_stdvec(list).unwrap();
    assert_eq!(bytes, postcard::to_stdvec(&items).unwrap(), "it is stored as a plain sequence");
    assert_eq!(&postcard::from_bytes::<List>(&bytes).unwrap(), list);
    check_chunks(list);
}

fn sizes(list: &List) -> Vec<usize> {
    (0..=list.sealed().len()).map(|number| list.chunk(number).len()).collect()
}

fn check_chunks(list: &List) {
    let sizes = sizes(list);
    assert!(list.is_empty() || sizes.iter().all(|size| (1..=CHUNK_MAX).contains(size)));
    assert_eq!(list.sealed.is_some(), sizes.len() > 1);
    let joined_in_time = sizes.windows(2).all(|pair| pair[0] + pair[1] > CHUNK_MAX / 2);
    assert!(joined_in_time, "two small chunks stand side by side: {sizes:?}");
}

proptest! {
    #[test]
    fn it_is_a_map_and_clones_stand_apart(changes in changes()) {
        let (mut list, mut plain) = (List::default(), BTreeMap::new());
        let mut kept = Vec::new();
        for (turn, change) in (0..=u16::MAX).zip(&changes) {
            step(&mut list, &mut plain, change, turn);
            if matches!(change, Change::Clone) && kept.len() < 8 {
                kept.push((list.clone(), plain.clone()));
            }
            if turn % 16 == 0 {
                compare(&list, &plain);
            }
        }
        compare(&list, &plain);
        for (list, plain) in &kept {
            compare(list, plain);
        }
    }
}

fn of(count: u16) -> List {
    let mut list = List::default();
    for key in 0..count {
        list.insert((key, 0));
    }
    list
}

/// A change copies its own chunk; all others stay those of the clone.
#[test]
fn a_change_copies_one_chunk() {
    let list = of(1_000);
    let mut changed = list.clone();
    changed.get_mut(&500).unwrap().1 = 7;
    changed.insert((1_000, 0));
    changed.remove(&40);
    let addresses = |list: &List| -> Vec<*const u8> {
        (0..=list.sealed().len()).map(|number| list.chunk(number).as_ptr().cast()).collect()
    };
    let (before, after) = (addresses(&list), addresses(&changed));
    let shared = after.iter().filter(|address| before.contains(address)).count();
    assert_eq!((after.len(), shared), (before.len(), before.len() - 3));
}

/// The list of chunks is shared as long as only the last chunk changes, however long it is.
#[test]
fn a_change_at_the_end_does_not_copy_the_list_of_chunks() {
    let list = of(1_000);
    let mut changed = list.clone();
    changed.insert((1_000, 0));
    changed.remove(&1_000);
    changed.get_mut(&999).unwrap().1 = 7;
    assert!(Arc::ptr_eq(list.sealed.as_ref().unwrap(), changed.sealed.as_ref().unwrap()));
}

/// What is not changed is not copied by a search for something to change.
#[test]
fn what_is_not_there_changes_nothing() {
    let list = of(1_000);
    let mut same = list.clone();
    assert_eq!(same.get_mut(&1_000), None);
    assert_eq!(same.remove(&1_000), None);
    assert!(Arc::ptr_eq(list.sealed.as_ref().unwrap(), same.sealed.as_ref().unwrap()));
    assert!(Arc::ptr_eq(list.last.as_ref().unwrap(), same.last.as_ref().unwrap()));
}

#[test]
fn what_is_appended_fills_chunks() {
    assert_eq!(sizes(&of(100)), [32, 32, 32, 4]);
}

/// However items leave, a list does not keep a chunk for each that is left.
#[test]
fn small_chunks_are_joined() {
    let leaving = |key: &u16| key % 32 != 7;
    let forward: Vec<u16> = (0..3_200).filter(leaving).collect();
    let backward = forward.iter().rev().copied().collect();
    for keys in [forward, backward] {
        let mut list = of(3_200);
        for key in &keys {
            list.remove(key);
        }
        assert_eq!(list.len(), 100);
        assert!(sizes(&list).len() <= 20, "{:?}", sizes(&list));
    }
}

#[test]
fn memory_is_that_of_the_chunks() {
    let item = size_of::<(u16, u32)>();
    assert_eq!(List::default().heap_bytes(), 0);
    assert_eq!(of(3).heap_bytes(), 16 + 3 * item);
    // Thirty-two chunks, all but the last behind a shared vector.
    let many = of(1_000);
    let places = many.sealed.as_ref().unwrap().capacity();
    let list = 16 + size_of::<Vec<Chunk<u8>>>() + places * size_of::<Chunk<u8>>();
    assert_eq!(many.heap_bytes(), 1_000 * item + 32 * 16 + list);
}

#[test]
fn lists_of_other_items_differ() {
    let mut other = of(40);
    other.get_mut(&7).unwrap().1 = 1;
    assert_ne!(of(40), other);
    assert_ne!(of(40), of(39));
    assert_eq!(of(40), of(40));
}

#[test]
fn a_list_prints_as_its_items() {
    assert_eq!(format!("{:?}", of(40)), format!("{:?}", of(40).iter().collect::<Vec<_>>()));
}

#[test]
fn items_out_of_order_are_no_list() {
    for items in [vec![(2_u16, 0_u32), (1, 0)], vec![(1, 0), (1, 0)]] {
        let bytes = postcard::to_stdvec(&items).unwrap();
        assert!(postcard::from_bytes::<List>(&bytes).is_err());
    }
}

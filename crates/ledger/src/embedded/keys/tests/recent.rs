//! The table of the newest names.

use std::collections::HashMap;

use proptest::prelude::*;

use super::super::recent::{NotTaken, Recent};
use super::name;

#[test]
fn a_full_table_takes_no_new_name_and_does_not_grow() {
    // Exactly what the places of the map allow, so that it would grow at the first name too many.
    let mut recent = Recent::new(896, 0);
    let room = recent.room();
    assert_eq!(room, 896);
    for position in 1..=896 {
        assert!(!recent.is_full());
        recent.insert(name(position), position).unwrap();
    }
    assert!(recent.is_full());
    assert_eq!(recent.insert(name(897), 897), Err(NotTaken::Full));
    assert_eq!((recent.names(), recent.until()), (896, 896), "as it was before");
    assert_eq!(recent.find(&name(897)), None);
    recent.insert(name(5), 900).unwrap();
    assert_eq!(recent.find(&name(5)), Some(900), "a known name still gets its new position");
    assert_eq!(recent.until(), 900);
    assert_eq!(recent.room(), room);
}

#[test]
fn the_range_is_exact() {
    let mut recent = Recent::new(10, 40);
    assert_eq!((recent.after(), recent.until()), (40, 40));
    let behind = Err(NotTaken::Behind { position: 40, after: 40 });
    assert_eq!(recent.insert(name(1), 40), behind);
    assert_eq!(recent.names(), 0);
    recent.insert(name(1), 43).unwrap();
    recent.insert(name(2), 41).unwrap();
    assert_eq!(recent.until(), 43);
    recent.advance(50);
    recent.advance(45);
    assert_eq!((recent.after(), recent.until()), (40, 50), "it never goes back");
}

#[test]
fn names_that_differ_in_one_byte_are_different_names() {
    let mut recent = Recent::new(1000, 0);
    let alike = |byte: usize, value: u8| {
        let mut name = name(0);
        name.0[byte] = value;
        name
    };
    let mut names: Vec<_> = (0..16).flat_map(|byte| (0..40).map(move |v| alike(byte, v))).collect();
    names.sort();
    names.dedup();
    for (name, position) in names.iter().zip(1..) {
        recent.insert(*name, position).unwrap();
    }
    for (name, position) in names.iter().zip(1..) {
        assert_eq!(recent.find(name), Some(position));
    }
}

proptest! {
    #[test]
    fn of_a_names_positions_the_newest_counts(
        inserted in prop::collection::vec((0_u64..40, 1_u64..1000), 0..200),
    ) {
        let mut recent = Recent::new(40, 0);
        let mut model = HashMap::new();
        for (number, position) in inserted {
            recent.insert(name(number), position).unwrap();
            let newest = model.entry(name(number)).or_insert(position);
            *newest = position.max(*newest);
        }
        for number in 0..40 {
            prop_assert_eq!(recent.find(&name(number)), model.get(&name(number)).copied());
        }
        let mut sorted: Vec<_> = model.into_iter().collect();
        sorted.sort();
        prop_assert_eq!(recent.sorted(), sorted);
    }
}

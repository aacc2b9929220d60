//! The filter and its columns.

use super::super::column::{Column, rows_of};
use super::super::filter::Filter;
use super::{MUCH, name};

const ROWS: usize = 1 << 12;
/// As full as a full slice's column.
const NAMES: u64 = ROWS as u64 * 896 / (1 << 14);

fn column(number: u64) -> Column {
    let mut column = Column::new(ROWS);
    (0..NAMES).for_each(|index| column.insert(&name(number * 1_000_000 + index)));
    column
}

/// The columns that may know a name.
fn candidates(filter: &Filter, number: u64) -> Vec<u64> {
    let probe = filter.probe(&name(number));
    let chunks = (0..filter.chunks()).map(|chunk| filter.candidates(&probe, chunk));
    let bits = chunks.enumerate().flat_map(|(chunk, bits)| {
        (0..64).filter(move |bit| bits >> bit & 1 == 1).map(move |bit| chunk as u64 * 64 + bit)
    });
    bits.collect()
}

fn check_knows(filter: &Filter, columns: impl Iterator<Item = u64>) {
    for column in columns {
        for index in (0..NAMES).step_by(10) {
            let found = candidates(filter, column * 1_000_000 + index);
            assert!(found.contains(&column), "name {index} of column {column}");
        }
    }
}

/// How many of 10,000 absent names a column does not deny.
fn asked_in_vain(filter: &Filter, column: u64) -> usize {
    (0..10_000).filter(|i| candidates(filter, 9_000_000_000 + i).contains(&column)).count()
}

#[test]
fn the_rows_of_a_name_differ_and_halve() {
    for number in 0..1000 {
        let mut rows = rows_of(&name(number), ROWS);
        for (row, folded) in rows.iter().zip(rows_of(&name(number), ROWS / 2)) {
            assert_eq!(row % (ROWS / 2), folded);
        }
        rows.sort_unstable();
        assert!(rows.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(rows[7] < ROWS);
    }
}

#[test]
fn columns_set_one_by_one_and_all_at_once_are_the_same() {
    for count in [1, 7, 8, 9, 16, 33, 64, 65, 130] {
        let at_once = Filter::new(ROWS, count, MUCH);
        for chunk in 0..at_once.chunks() {
            let numbers = (0..count as u64).skip(chunk * 64).take(64);
            at_once.set_chunk(chunk, numbers.map(column).collect());
        }
        let singly = Filter::new(ROWS, count, MUCH);
        (0..count).for_each(|index| singly.set(index, column(index as u64)));
        assert!(at_once.is_equal_to(&singly), "{count} columns");
        check_knows(&singly, 0..count as u64);
    }
}

#[test]
fn it_grows_from_eight_columns_to_as_many_as_needed() {
    let mut filter = Filter::new(ROWS, 1, MUCH);
    let mut widths = vec![filter.width()];
    for index in 0..200 {
        if index == filter.width() {
            filter = filter.widened(index + 1, MUCH);
            widths.push(filter.width());
            check_knows(&filter, 0..index as u64);
        }
        filter.set(index, column(index as u64));
        assert_eq!(filter.bytes(), ROWS * filter.width() / 8);
    }
    assert_eq!(widths, [8, 16, 32, 64, 128, 192, 256]);
    check_knows(&filter, 0..200);
    assert!(candidates(&filter, 5).len() < 5, "all columns know all names");
}

#[test]
fn folding_denies_nothing_and_asks_more_in_vain() {
    // The bounds stand around 2.5, 134 and 2,172 in ten thousand.
    for (bytes_max, rows, in_vain) in [
        (ROWS * 8, ROWS, 0..12),
        (ROWS * 8 - 1, ROWS / 2, 70..220),
        (ROWS * 4 - 1, ROWS / 4, 1500..2900),
        (1, ROWS / 4, 1500..2900),
    ] {
        let folded_at_once = Filter::new(ROWS, 64, bytes_max);
        folded_at_once.set_chunk(0, (0..40).map(column).collect());
        let unfolded = Filter::new(ROWS, 32, MUCH);
        (0..32).for_each(|index| unfolded.set(index, column(index as u64)));
        let folded_later = unfolded.widened(33, bytes_max);
        (32..40).for_each(|index| folded_later.set(index, column(index as u64)));
        assert!(folded_later.is_equal_to(&folded_at_once));
        assert_eq!(folded_later.rows(), rows);
        check_knows(&folded_later, 0..40);
        let wider = folded_later.widened(65, MUCH);
        assert_eq!(wider.rows(), rows, "what was folded stays folded");
        check_knows(&wider, 0..40);
        let found = asked_in_vain(&folded_later, 17);
        assert!(in_vain.contains(&found), "{found} in ten thousand, in {rows} rows");
    }
}

#[test]
fn a_cleared_column_is_empty_and_the_others_are_not() {
    for count in [3, 8, 9, 40, 64, 65, 130] {
        let filter = Filter::new(ROWS, count, MUCH);
        let without = Filter::new(ROWS, count, MUCH);
        let cleared = count / 2;
        for index in 0..count {
            filter.set(index, column(index as u64));
            if index != cleared {
                without.set(index, column(index as u64));
            }
        }
        filter.clear(cleared);
        assert!(filter.is_equal_to(&without), "{count} columns");
    }
}

#[test]
fn a_small_filter_is_small() {
    for (columns, bytes_max, bytes) in [
        (1, MUCH, ROWS),
        (8, MUCH, ROWS),
        (9, MUCH, ROWS * 2),
        (109, ROWS * 16, ROWS * 16),
        (109, ROWS * 16 - 1, ROWS * 8),
    ] {
        assert_eq!(Filter::new(ROWS, columns, bytes_max).bytes(), bytes);
    }
}

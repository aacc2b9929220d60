//! How many rows a page costs: a reader of a wallet's deep past must not read its way there.

use scrip_core::{Command, Event, EventType, GrantId};

use super::story::{
    Shelf, Story, asking, consume, grant, instant, key, release, reservation, reserve,
};
use super::{reads_max, steps_max};
use crate::history::{Head, newest_at, page};
use crate::{Point, RowQuery, Start};

const ROWS: u64 = 20_000;
const LIMIT: usize = 10;

/// Reads a page and tells the positions of its rows and how many rows were read for it.
fn read(shelf: &Shelf, heads: &[Head], query: RowQuery, start: Start) -> (Vec<u64>, usize) {
    let mut query = query;
    query.page.start = start;
    shelf.reads.set(0);
    let page = page(shelf, heads, &query).unwrap().unwrap();
    (page.items.iter().map(|(point, _)| point.position).collect(), shelf.reads.get())
}

/// A wallet of consumptions, a row each, each at an instant of its own or all at one.
fn consumptions(milliseconds_apart: i64) -> (Shelf, Head) {
    let (mut shelf, mut story) = (Shelf::default(), Story::new(1, key("gold", None)));
    for n in 0..ROWS - 1 {
        shelf.run(&mut story, &consume(n, 1), 1_000 + n as i64 * milliseconds_apart);
    }
    // The overdraft grant's own row is the first.
    assert_eq!(story.slot.wallet.sequence(), ROWS);
    (shelf, story.head())
}

/// A wallet of reservations and their releases, all of them notable, with so many consumptions
/// before each pair; one in the midst timed out, and one grant in so many pairs was voided.
fn pairs(void_every: u64, between: u64) -> (Shelf, Head) {
    let (mut shelf, mut story) = (Shelf::default(), Story::new(1, key("gold", None)));
    shelf.run(&mut story, &grant(0, 1_000_000_000, None), 0);
    for n in 1..ROWS / 2 {
        let now = n as i64;
        if n % void_every == 0 {
            shelf.run(&mut story, &grant(n, 5, None), now);
            shelf.run(&mut story, &Command::Void { id: GrantId::mint(1, n), spent: None }, now);
        }
        for time in 0..between {
            shelf.run(&mut story, &consume(n * between + time, 1), now);
        }
        shelf.run(&mut story, &reserve(n, 2, instant(now + 100)), now);
        if n != ROWS / 5 {
            shelf.run(&mut story, &release(n, 1), now);
        }
    }
    (shelf, story.head())
}

#[test]
fn any_place_is_a_few_reads_away() {
    for apart in [0, 1, 7] {
        let (shelf, head) = consumptions(apart);
        let (steps, heads) = (steps_max(&head), [head]);
        for place in [2, 3, 1_000, 4_095, 4_096, 4_097, 10_000, 16_383, 16_384, 19_000, ROWS] {
            let point = Point { position: place, part: 0 };
            let (older, reads) = read(&shelf, &heads, asking(&[], LIMIT), Start::After(point));
            let expected: Vec<u64> = (2..place).rev().take(LIMIT).collect();
            assert_eq!(older, expected);
            assert!(reads <= LIMIT + 4, "{reads} reads down from {place}");
            let (mut newer, reads) = read(&shelf, &heads, asking(&[], LIMIT), Start::Before(point));
            newer.reverse();
            let expected: Vec<u64> = (place + 1..=ROWS).take(LIMIT).collect();
            assert_eq!(newer, expected);
            assert!(reads <= steps + 2 * LIMIT, "{reads} reads up from {place}");
        }
        let (newest, reads) = read(&shelf, &heads, asking(&[], LIMIT), Start::Newest);
        assert_eq!((newest.len(), reads), (LIMIT, LIMIT + 1));
        let (oldest, reads) = read(&shelf, &heads, asking(&[], LIMIT), Start::Before(Point::END));
        assert_eq!(oldest, (2..12).rev().collect::<Vec<u64>>());
        assert!(reads <= steps + 2 * LIMIT, "{reads} reads up from the end");
    }
}

#[test]
fn an_instant_of_another_wallet_is_a_few_reads_away() {
    let (mut shelf, mut gold) = (Shelf::default(), Story::new(1, key("gold", None)));
    let mut silver = Story::new(2, key("silver", None));
    // The same rows behind each other: each instant stands twice.
    for n in 0..ROWS {
        shelf.run(&mut gold, &consume(n, 1), n as i64);
        shelf.run(&mut silver, &consume(n, 1), n as i64);
    }
    let heads = [gold.head(), silver.head()];
    let few = 3 * steps_max(&heads[0]) + 2 * LIMIT;
    // Behind two overdraft grants, gold's row of an instant has an odd position and silver's the
    // even one that follows; gold's is the newer.
    let newest_first = |pair: u64| [2 * pair + 1, 2 * pair + 2];
    for pair in [20, 1_000, 4_096, 10_001, 16_384, 19_000] {
        let [of_gold, of_silver] = newest_first(pair).map(|position| Point { position, part: 0 });
        let (older, reads) = read(&shelf, &heads, asking(&[], LIMIT), Start::After(of_gold));
        let expected: Vec<u64> =
            (2..=pair).rev().flat_map(newest_first).skip(1).take(LIMIT).collect();
        assert_eq!(older, expected);
        assert!(reads <= few, "{reads} reads down from {pair}");
        let (mut newer, reads) = read(&shelf, &heads, asking(&[], LIMIT), Start::Before(of_silver));
        newer.reverse();
        let expected: Vec<u64> = (pair..)
            .flat_map(|pair| newest_first(pair).into_iter().rev())
            .skip(1)
            .take(LIMIT)
            .collect();
        assert_eq!(newer, expected);
        assert!(reads <= few, "{reads} reads up from {pair}");
    }
}

#[test]
fn what_is_nowhere_costs_next_to_nothing() {
    let (shelf, head) = consumptions(1);
    let (steps, heads) = (steps_max(&head), [head]);
    for start in [Start::Newest, Start::Before(Point::END)] {
        for types in [EventType::CreditsGranted, EventType::CreditsVoided] {
            let (none, reads) = read(&shelf, &heads, asking(&[types], LIMIT), start);
            assert_eq!(none, [0; 0]);
            assert!(reads <= steps / 3, "{reads} reads");
        }
    }
}

#[test]
fn rare_grants_lead_to_each_other() {
    let (mut shelf, mut story) = (Shelf::default(), Story::new(1, key("gold", None)));
    for n in 0..ROWS {
        if n % 1_000 == 500 {
            shelf.run(&mut story, &grant(n, 5, None), n as i64);
        }
        shelf.run(&mut story, &consume(n, 1), n as i64);
    }
    let heads = [story.head()];
    for start in [Start::Newest, Start::Before(Point::END)] {
        let (found, reads) =
            read(&shelf, &heads, asking(&[EventType::CreditsGranted], LIMIT), start);
        assert_eq!(found.len(), LIMIT);
        // A grant is made, counts, and settles what was overdrawn.
        assert!(reads <= 10 * LIMIT, "{reads} reads");
    }
}

#[test]
fn one_row_among_many_notable_ones_is_found_from_either_side() {
    let (shelf, head) = pairs(u64::MAX, 0);
    let (steps, heads) = (steps_max(&head), [head]);
    let ended = asking(&[EventType::CreditsReservationExpired], LIMIT);
    let (found, reads) = read(&shelf, &heads, ended.clone(), Start::Newest);
    assert_eq!(found.len(), 1);
    assert!(reads <= 2 * steps + 8, "{reads} reads down");
    let starts = [1, found[0] - 1, found[0], found[0] + 1, 15_000, heads[0].last];
    for start in starts.map(|position| Point { position, part: 0 }) {
        let (older, reads) = read(&shelf, &heads, ended.clone(), Start::After(start));
        assert_eq!(older.is_empty(), found[0] >= start.position);
        assert!(reads <= 3 * steps + 16, "{reads} reads down from {start:?}");
        let (newer, reads) = read(&shelf, &heads, ended.clone(), Start::Before(start));
        assert_eq!(newer.is_empty(), found[0] <= start.position);
        assert!(reads <= 3 * steps + 16, "{reads} reads up from {start:?}");
    }
}

#[test]
fn rows_far_from_each_other_cost_a_way_each() {
    for between in [0, 1, 3] {
        let (shelf, head) = pairs(1_000, between);
        let heads = [head];
        let types = [EventType::CreditsVoided];
        let all: Vec<u64> = shelf
            .entries
            .iter()
            .filter(|entry| matches!(entry.row.event, Event::Voided(_)))
            .map(|entry| entry.position)
            .collect();
        assert_eq!(all.len(), 9);
        for start in [Start::Newest, Start::Before(Point::END)] {
            let (mut found, reads) = read(&shelf, &heads, asking(&types, 4), start);
            found.reverse();
            assert_eq!(found, if start == Start::Newest { &all[5..] } else { &all[..4] });
            assert!(reads <= reads_max(&heads, 4) / 3, "{reads} reads, {between} between");
        }
    }
}

#[test]
fn the_row_at_an_instant_is_a_few_reads_away() {
    let (shelf, head) = consumptions(1);
    let mut most = 0;
    for n in (0..ROWS as i64).step_by(7) {
        shelf.reads.set(0);
        let found = newest_at(&shelf, &head, instant(1_000 + n)).unwrap().unwrap();
        assert_eq!(found.row.recorded_at, instant(1_000 + n.min(ROWS as i64 - 2)));
        most = most.max(shelf.reads.get());
    }
    assert!(most <= steps_max(&head) * 3 / 4, "{most} reads");
}

#[test]
fn a_reservation_is_found_by_its_name() {
    let (shelf, head) = pairs(u64::MAX, 0);
    let heads = [head];
    for n in [1, ROWS / 5, ROWS / 2 - 1] {
        let query = RowQuery { reservation: Some(reservation(n)), ..asking(&[], LIMIT) };
        for start in [Start::Newest, Start::Before(Point::END)] {
            let (rows, reads) = read(&shelf, &heads, query.clone(), start);
            // What its owner wrote is read for the row that ended it.
            assert_eq!((rows.len(), reads), (2, 3));
        }
    }
}

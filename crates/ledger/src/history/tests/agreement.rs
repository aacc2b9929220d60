//! A page shows what a filter of all rows shows, whatever happened and whatever is asked.

use std::cmp::Reverse;
use std::collections::HashSet;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use scrip_core::{
    Command, CurrencyId, EditGrant, Event, EventType, GrantChange, GrantId, Priority, Release,
    ResourceId, RowPart, Timestamp,
};

use super::reads_max;
use super::story::{
    Shelf, Story, asking, consume, grant, instant, key, release, reservation, reserve,
};
use crate::history::{Head, newest_at, page};
use crate::{Point, RowQuery, Start};

/// What happens next in one of the wallets.
#[derive(Clone, Debug)]
enum Deed {
    Wait(i64),
    Consume { amount: i64, times: u64 },
    Grant { amount: i64, lasts: Option<i64> },
    Void { pick: usize },
    Edit { pick: usize, priority: u8 },
    Reserve { amount: i64, lasts: i64 },
    Release { pick: usize, consumed: i64 },
}

/// What somebody asks; rows and reservations are picked among those that exist.
#[derive(Clone, Debug)]
struct Question {
    types: Vec<EventType>,
    reservation: Option<u64>,
    wallets: [bool; 4],
    before: bool,
    cursor: Cursor,
    limit: usize,
}

#[derive(Clone, Debug)]
enum Cursor {
    None,
    Start,
    End,
    Row { pick: usize, part: u32 },
}

fn deed() -> impl Strategy<Value = Deed> {
    let lasts = || 1..40_i64;
    let times = prop_oneof![4 => 1..4_u64, 1 => 1..60_u64];
    prop_oneof![
        3 => (1..20_i64).prop_map(Deed::Wait),
        3 => (1..15_i64, times).prop_map(|(amount, times)| Deed::Consume { amount, times }),
        4 => (1..30_i64, prop::option::of(lasts()))
            .prop_map(|(amount, lasts)| Deed::Grant { amount, lasts }),
        1 => any::<usize>().prop_map(|pick| Deed::Void { pick }),
        1 => (any::<usize>(), 1..9_u8).prop_map(|(pick, priority)| Deed::Edit { pick, priority }),
        3 => (1..10_i64, lasts()).prop_map(|(amount, lasts)| Deed::Reserve { amount, lasts }),
        3 => (any::<usize>(), 0..12_i64)
            .prop_map(|(pick, consumed)| Deed::Release { pick, consumed }),
    ]
}

fn deeds() -> impl Strategy<Value = Vec<(usize, Deed)>> {
    let wallet = prop_oneof![3 => Just(0_usize), 1 => 0..4_usize];
    prop::collection::vec((wallet, deed()), 1..150)
}

fn question() -> impl Strategy<Value = Question> {
    let types = prop::collection::vec(prop::sample::select(EventType::ALL.to_vec()), 0..4);
    let cursor = prop_oneof![
        1 => Just(Cursor::None),
        1 => Just(Cursor::Start),
        2 => Just(Cursor::End),
        6 => (any::<usize>(), 0..3_u32).prop_map(|(pick, part)| Cursor::Row { pick, part }),
    ];
    let reservation = prop::option::weighted(0.2, 0..20_u64);
    let wallets = any::<[bool; 4]>();
    (types, reservation, wallets, any::<bool>(), cursor, 1..12_usize).prop_map(
        |(types, reservation, wallets, before, cursor, limit)| Question {
            types,
            reservation,
            wallets,
            before,
            cursor,
            limit,
        },
    )
}

/// Carries the deeds out in four wallets of a customer; the heads are looked up before the last
/// of them.
fn carry_out(deeds: &[(usize, Deed)], seen: usize) -> (Shelf, Vec<Head>) {
    let mut shelf = Shelf::default();
    let keys = [("gold", None), ("gold", Some("r1")), ("silver", None), ("silver", Some("r1"))];
    let mut stories: Vec<Story> =
        (1..).zip(keys).map(|(n, (currency, id))| Story::new(n, key(currency, id))).collect();
    let mut heads = None;
    let (mut now, mut grants, mut reservations) = (0, 0, 0);
    for (n, (wallet, deed)) in (1_u64..).zip(deeds) {
        if n > seen as u64 {
            heads.get_or_insert_with(|| stories.iter().map(Story::head).collect());
        }
        let story = &mut stories[*wallet];
        let command = match *deed {
            Deed::Wait(milliseconds) => {
                now += milliseconds;
                Command::Advance
            }
            Deed::Consume { amount, times } => {
                for time in 1..times {
                    shelf.run(story, &consume(n * 100 + time, amount), now);
                }
                consume(n * 100, amount)
            }
            Deed::Grant { amount, lasts } => {
                grants += 1;
                grant(grants, amount, lasts.map(|lasts| instant(now + lasts)))
            }
            Deed::Void { pick } => {
                Command::Void { id: GrantId::mint(1, picked(pick, grants)), spent: None }
            }
            Deed::Edit { pick, priority } => {
                let priority = Priority::new(priority);
                let change = GrantChange { priority, ..GrantChange::default() };
                let id = GrantId::mint(1, picked(pick, grants));
                Command::Edit { edit: EditGrant { id, change }, spent: None }
            }
            Deed::Reserve { amount, lasts } => {
                reservations += 1;
                reserve(reservations, amount, instant(now + lasts))
            }
            Deed::Release { pick, consumed } => {
                let n = picked(pick, reservations);
                late(&shelf, story, n, consumed).unwrap_or_else(|| release(n, consumed))
            }
        };
        shelf.run(story, &command, now);
    }
    let heads = heads.unwrap_or_else(|| stories.iter().map(Story::head).collect());
    (shelf, heads)
}

fn picked(pick: usize, count: u64) -> u64 {
    pick as u64 % count.max(1) + 1
}

/// The settlement of a reservation whose hold timed out.
fn late(shelf: &Shelf, story: &Story, n: u64, consumed: i64) -> Option<Command> {
    let is_it = |event: &Event, of_end: bool| match event {
        Event::Reserved { reservation: id, .. } => !of_end && *id == reservation(n),
        Event::HoldExpired { reservation: id, .. } => of_end && *id == reservation(n),
        _ => false,
    };
    let mut rows = shelf.entries.iter().filter(|entry| entry.wallet == story.slot.number);
    let reserved = rows.find(|entry| is_it(&entry.row.event, false))?;
    rows.find(|entry| is_it(&entry.row.event, true))?;
    let Event::Reserved { legs, .. } = &reserved.row.event else { return None };
    let release =
        Release { reservation: reservation(n), consumed: scrip_core::Credits::whole(consumed) };
    Some(Command::ReleaseLate { release, first: legs[0].grant })
}

type Place = (Reverse<Timestamp>, CurrencyId, Option<ResourceId>, Reverse<u64>, Reverse<u32>);

/// Every part of the rows that these heads know of, newest first.
fn parts(shelf: &Shelf, heads: &[Head]) -> Vec<(Place, Point, RowPart)> {
    let mut parts = Vec::new();
    for entry in &shelf.entries {
        let Some(head) = heads.iter().find(|head| head.number == entry.wallet) else { continue };
        if entry.position > head.last {
            continue;
        }
        for (part, shown) in (0..).zip(entry.row.event.parts().unwrap()) {
            let (at, sequence) = (Reverse(entry.row.recorded_at), Reverse(entry.row.sequence));
            let (currency, resource) = (head.key.currency.clone(), head.key.resource.clone());
            let place = (at, currency, resource, sequence, Reverse(part));
            parts.push((place, Point { position: entry.position, part }, shown));
        }
    }
    parts.sort_by(|a, b| a.0.cmp(&b.0));
    parts
}

/// Asks, and compares with a filter of all rows.
fn check(shelf: &Shelf, all_heads: &[Head], question: &Question) {
    let asked =
        all_heads.iter().zip(question.wallets).filter(|(head, asked)| *asked && head.last > 0);
    let heads: Vec<Head> = asked.map(|(head, _)| head.clone()).collect();
    let everything = parts(shelf, all_heads);
    let point = match question.cursor {
        Cursor::None => None,
        Cursor::Start => Some(Point::START),
        Cursor::End => Some(Point::END),
        Cursor::Row { .. } if everything.is_empty() => None,
        Cursor::Row { pick, part } => {
            let (_, point, _) = everything[pick % everything.len()];
            // Some rows have several parts, and some cursors name none of them.
            Some(Point { part: if part == 2 { point.part } else { part }, ..point })
        }
    };
    let mut query = asking(&question.types, question.limit);
    query.reservation = question.reservation.map(reservation);
    query.page.start = match point {
        None => Start::Newest,
        Some(point) if question.before => Start::Before(point),
        Some(point) => Start::After(point),
    };
    shelf.reads.set(0);
    let page = page(shelf, &heads, &query).unwrap();
    let reads = shelf.reads.get();
    let page = page.map(|page| {
        let items: Vec<_> =
            page.items.into_iter().map(|(point, view)| (point, view.part)).collect();
        (items, page.newer, page.older)
    });
    assert_eq!(page, expected(shelf, &heads, &query), "{query:?}");
    assert!(reads <= reads_max(&heads, question.limit), "{reads} reads for {query:?}");
}

type Shown = (Vec<(Point, RowPart)>, bool, bool);

/// The page that a filter of all rows gives.
fn expected(shelf: &Shelf, heads: &[Head], query: &RowQuery) -> Option<Shown> {
    let is_asked = |part: &RowPart| {
        (query.event_types.is_empty() || query.event_types.contains(&part.event_type))
            && (query.reservation.is_none() || query.reservation == part.reservation)
    };
    let mut matching = parts(shelf, heads);
    matching.retain(|(_, _, part)| is_asked(part));
    let limit = query.page.limit;
    // How many parts are newer than the cursor, and how many are not older.
    let (newer, up_to) = match query.page.start {
        Start::Newest | Start::After(Point::START) | Start::Before(Point::START) => (0, 0),
        Start::After(Point::END) | Start::Before(Point::END) => (matching.len(), matching.len()),
        Start::After(point) | Start::Before(point) => {
            let entry = &shelf.entries[usize::try_from(point.position).unwrap() - 1];
            let head = heads.iter().find(|head| head.number == entry.wallet)?;
            let (at, sequence) = (Reverse(entry.row.recorded_at), Reverse(entry.row.sequence));
            let (currency, resource) = (head.key.currency.clone(), head.key.resource.clone());
            let place = (at, currency, resource, sequence, Reverse(point.part));
            let newer = matching.partition_point(|part| part.0 < place);
            (newer, matching.partition_point(|part| part.0 <= place))
        }
    };
    let range = match query.page.start {
        Start::Newest | Start::After(_) => up_to..matching.len().min(up_to + limit),
        Start::Before(_) => newer.saturating_sub(limit)..newer,
    };
    let (any_newer, any_older) = match query.page.start {
        Start::Newest | Start::After(_) => (up_to > 0, range.end < matching.len()),
        Start::Before(_) => (range.start > 0, newer < matching.len()),
    };
    let items = matching[range].iter().map(|(_, point, part)| (*point, part.clone())).collect();
    Some((items, any_newer, any_older))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_page_shows_what_a_filter_of_all_rows_shows(
        deeds in deeds(),
        seen in 1..200_usize,
        questions in prop::collection::vec(question(), 30),
    ) {
        let (shelf, heads) = carry_out(&deeds, seen);
        for question in &questions {
            check(&shelf, &heads, question);
        }
    }

    #[test]
    fn the_row_at_an_instant_is_the_newest_that_is_not_later(
        deeds in deeds(),
        instants in prop::collection::vec(-1..800_i64, 30),
    ) {
        let (shelf, heads) = carry_out(&deeds, usize::MAX);
        for (head, at) in heads.iter().flat_map(|head| instants.iter().map(move |at| (head, at))) {
            let at = instant(*at);
            shelf.reads.set(0);
            let found = newest_at(&shelf, head, at).unwrap().map(|entry| entry.position);
            let mut of_wallet = shelf.entries.iter().filter(|entry| entry.wallet == head.number);
            let expected = of_wallet.rfind(|entry| entry.row.recorded_at <= at);
            prop_assert_eq!(found, expected.map(|entry| entry.position));
            prop_assert!(shelf.reads.get() <= super::steps_max(head));
        }
    }
}

#[test]
fn the_deeds_bring_rows_of_every_kind() {
    let mut runner = TestRunner::deterministic();
    let mut kinds = HashSet::new();
    let mut longest_of_one = 0;
    for _ in 0..40 {
        let deeds = deeds().new_tree(&mut runner).unwrap().current();
        let (shelf, heads) = carry_out(&deeds, usize::MAX);
        let parts = parts(&shelf, &heads);
        kinds.extend(parts.iter().map(|(_, _, part)| part.event_type));
        for n in 0..20 {
            let asked = Some(reservation(n));
            let of_one = parts.iter().filter(|(_, _, part)| part.reservation == asked);
            longest_of_one = longest_of_one.max(of_one.count());
        }
    }
    assert_eq!(kinds.len(), EventType::ALL.len(), "{kinds:?}");
    assert!(longest_of_one >= 3, "reserved, timed out and settled late");
}

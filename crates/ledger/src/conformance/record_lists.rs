//! The lists of customers, currencies and other records.

use super::world::{body, everything, instant, record};
use super::{Factory, SANDBOX, World, currencies, paging};
use crate::{
    CreatedRange, Page, PageRequest, Record, RecordKind, RecordPatch, RecordQuery, Start, Work,
};

const CUSTOMER: RecordKind = RecordKind::Customer;

/// Newest first by order of making, patched ones in their place.
pub async fn page_both_ways(make: &Factory<'_>) {
    let world = World::new(make).await;
    let mut expected = vec!["bob".to_owned(), "ann".to_owned()];
    for n in 0..9 {
        let id = format!("c{n}");
        world.done(Work::CreateRecord(record(CUSTOMER, &id, &[]))).await;
        world.done(currencies::create(&format!("metal{n}"), "Metal")).await;
        expected.insert(0, id);
    }
    let members = body(&[("name", "Changed")]);
    let patch = RecordPatch { kind: CUSTOMER, id: "c3".to_owned(), members };
    world.done(Work::PatchRecord(patch)).await;
    check(&world, &of(CUSTOMER), &expected).await;
}

/// By e-mail and name, exactly and as they are now; by when they were made.
pub async fn filter_by_secondary_keys_and_creation(make: &Factory<'_>) {
    let world = World::new(make).await;
    for day in 1..=8 {
        world.move_clock(&format!("2030-01-0{day}")).await;
        let name = ["Odd", "Even"][usize::from(day % 2 == 0)];
        let members = [("name", name), ("email", "all@example.com")];
        world.done(Work::CreateRecord(record(CUSTOMER, &format!("c{day}"), &members))).await;
    }
    // A zero is a character like any other.
    for (id, name) in [("c4", "Odd"), ("c8", "E\0en")] {
        let patch =
            RecordPatch { kind: CUSTOMER, id: id.to_owned(), members: body(&[("name", name)]) };
        world.done(Work::PatchRecord(patch)).await;
    }
    let (name, email) = (|name: &str| ("name", name.to_owned()), "email");
    let all = || (email, "all@example.com".to_owned());
    let after = CreatedRange { gte: Some(instant("2030-01-03")), ..CreatedRange::default() };
    let before = CreatedRange { lt: Some(instant("2029-12-31")), ..CreatedRange::default() };
    let any = CreatedRange::default();
    let rows = [
        (vec![name("Odd")], any, vec!["c7", "c5", "c4", "c3", "c1"]),
        (vec![name("Even"), all()], any, vec!["c6", "c2"]),
        (vec![name("E\0en"), all()], any, vec!["c8"]),
        (vec![name("E")], any, vec![]),
        (vec![name("Odd"), all()], after, vec!["c7", "c5", "c4", "c3"]),
        (vec![name("odd")], any, vec![]),
        (vec![(email, "all".to_owned())], any, vec![]),
        (vec![all()], any, vec!["c8", "c7", "c6", "c5", "c4", "c3", "c2", "c1"]),
        (vec![], before, vec![]),
    ];
    for (matching, created, expected) in rows {
        let query = RecordQuery { matching, created, ..of(CUSTOMER) };
        let expected: Vec<_> = expected.into_iter().map(str::to_owned).collect();
        check(&world, &query, &expected).await;
    }
}

/// Archived ones, live ones, or all.
pub async fn filter_by_archive_state(make: &Factory<'_>) {
    let world = World::new(make).await;
    for n in 0..7 {
        world.done(currencies::create(&format!("metal{n}"), "Metal")).await;
    }
    for n in [0, 3, 4] {
        world.done(currencies::archive(&format!("metal{n}"))).await;
    }
    world.done(currencies::create("metal3", "Again")).await;
    let live = ["metal3", "metal6", "metal5", "metal2", "metal1", "silver", "gold"];
    let archived = ["metal4", "metal3", "metal0"];
    let all = [
        "metal3", "metal6", "metal5", "metal4", "metal3", "metal2", "metal1", "metal0", "silver",
        "gold",
    ];
    for (asked, expected) in
        [(Some(false), &live[..]), (Some(true), &archived[..]), (None, &all[..])]
    {
        let query = RecordQuery { archived: asked, ..of(RecordKind::CustomCurrency) };
        let expected: Vec<_> = expected.iter().map(|id| (*id).to_owned()).collect();
        check(&world, &query, &expected).await;
    }
}

/// A list whose records stop matching ends where it ends now (decision 51).
pub async fn end_exactly_though_records_change(make: &Factory<'_>) {
    let world = World::new(make).await;
    for id in ["a", "b", "c"] {
        world.done(currencies::create(id, "Metal")).await;
    }
    for id in ["gold", "silver"] {
        world.done(currencies::archive(id)).await;
    }
    let live = |start| {
        let query = RecordQuery { archived: Some(false), ..of(RecordKind::CustomCurrency) };
        let page = PageRequest { start, limit: 1 };
        let records = world.ledger.records(RecordQuery { page, ..query });
        async { records.await.unwrap() }
    };
    let first = live(Start::Newest).await;
    let c = first.older_cursor().unwrap();
    let a = live(Start::Before(crate::Point::END)).await.newer_cursor().unwrap();
    let ends = |page: &Page<Record>| {
        let ids: Vec<_> = page.items.iter().map(|(_, record)| record.id.clone()).collect();
        (ids.concat(), page.newer, page.older)
    };
    assert_eq!(ends(&live(Start::After(c)).await), ("b".to_owned(), true, true));
    assert_eq!(ends(&live(Start::Before(a)).await), ("b".to_owned(), true, true));
    world.done(currencies::archive("c")).await;
    assert_eq!(ends(&live(Start::After(c)).await), ("b".to_owned(), false, true));
    world.done(currencies::archive("a")).await;
    assert_eq!(ends(&live(Start::After(c)).await), ("b".to_owned(), false, false));
    assert_eq!(ends(&live(Start::Before(a)).await), ("b".to_owned(), false, false));
}

fn of(kind: RecordKind) -> RecordQuery {
    RecordQuery {
        environment: SANDBOX,
        kind,
        matching: Vec::new(),
        created: CreatedRange::default(),
        archived: None,
        page: everything(),
    }
}

async fn check(world: &World, query: &RecordQuery, expected: &[String]) {
    let fetch = async |page| {
        let query = RecordQuery { page, ..query.clone() };
        world.ledger.records(query).await.unwrap()
    };
    paging::check(expected, &[1, 3, 100], fetch, |record: &Record| record.id.clone()).await;
}

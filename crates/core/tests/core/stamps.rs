//! What a row says beside its event: who asked, in which request, under which name, in which words.

use std::collections::BTreeMap;

use scrip_core::{
    Actor, Cause, Command, Consume, Dimension, EditGrant, Event, GrantChange, Mark, Row, Words,
};

use crate::world::{World, credits, instant, new_consumption, new_grant, new_hold, origin};

/// The row that a world's last command answers with.
fn own_row(world: &mut World, command: Command) -> Row {
    let outcome = world.execute(&command, instant("2026-01-02"));
    outcome.rows[outcome.own.unwrap()].row.clone()
}

/// A request's rows name its caller; what follows from them is the wallet's own doing.
#[test]
fn rows_name_who_asked() {
    let mut world = World::new();
    let now = instant("2026-01-02");
    world.execute(&Command::Consume(new_consumption("key", credits("5"))), now);
    world.execute(&Command::Grant(new_grant(1, credits("20"))), now);
    let asked = origin();
    for decided in &world.rows {
        let by_request = decided.row.cause == Cause::Request;
        assert_eq!(decided.row.actor == asked.actor, by_request);
        assert_eq!(decided.row.trace_id == asked.trace_id, by_request);
        assert_eq!(decided.row.actor == Actor::System, !by_request);
    }
    let kinds = world.rows.iter().filter(|decided| decided.row.cause == Cause::Request).count();
    assert_eq!((kinds, world.rows.len()), (4, 6), "two rows each; a transfer and a void follow");
}

#[test]
fn words_stand_on_the_row_of_their_request() {
    let mut world = World::new();
    let mut new = new_grant(1, credits("20"));
    let id = new.id;
    new.words = Words {
        display_name: Some("Welcome".to_owned()),
        comment: Some(Some("from sales".to_owned())),
        metadata: Some(BTreeMap::from([("plan".to_owned(), "pro".to_owned())])),
        ..Words::default()
    };
    let created = own_row(&mut world, Command::Grant(new.clone()));
    assert!(matches!(created.event, Event::GrantCreated { .. }));
    assert_eq!(created.texts.words(), Some(&new.words));

    let change = GrantChange {
        display_name: Some("Hello".to_owned()),
        comment: Some(None),
        metadata: Some(BTreeMap::new()),
        ..GrantChange::default()
    };
    let edited = own_row(
        &mut world,
        Command::Edit { edit: EditGrant { id, change: change.clone() }, spent: None },
    );
    let words = edited.texts.words().unwrap();
    assert_eq!(words.display_name, change.display_name);
    assert_eq!(words.comment, change.comment);
    assert_eq!(words.metadata, change.metadata);
}

/// What an accepted command answers with: its own row, also behind an opened overdraft, and for a
/// command that changes nothing a place where no row is.
#[test]
fn an_outcome_points_at_its_own_row() {
    let now = instant("2026-01-02");
    let mut world = World::new();
    let mut own = |command: Command| {
        let outcome = world.execute(&command, now);
        let own = outcome.own.unwrap();
        (own, outcome.rows.get(own).map(|decided| decided.row.event.clone()))
    };
    let advanced = own(Command::Advance);
    assert_eq!(advanced, (0, None));
    let overdrawn = own(Command::Consume(new_consumption("a", credits("5"))));
    assert!(matches!(overdrawn, (1, Some(Event::Consumed { .. }))));
    let plain = own(Command::Consume(new_consumption("b", credits("5"))));
    assert!(matches!(plain, (0, Some(Event::Consumed { .. }))));
    let new = new_grant(1, credits("20"));
    let id = new.id;
    let settling = own(Command::Grant(new));
    assert!(matches!(settling, (0, Some(Event::GrantCreated { .. }))));
    let unchanged =
        own(Command::Edit { edit: EditGrant { id, change: GrantChange::default() }, spent: None });
    assert_eq!(unchanged, (0, None));
}

/// The name, the attribution and the dimensions stand on the row of the consumption itself, also
/// when an overdraft had to be opened before it: there a repeat of the request looks for them.
#[test]
fn a_consumption_bears_its_name() {
    let now = instant("2026-01-02");
    let consume = Consume {
        created_at: Some(instant("2026-01-01")),
        dimensions: [("model", Dimension::Text("gpt".into()))].into(),
        ..new_consumption("key", credits("5"))
    };
    let mark = Mark { key: Some(consume.key.clone()), fingerprint: consume.fingerprint() };
    let mut world = World::new();
    world.execute(&Command::Consume(consume.clone()), now);
    let consumed = world.rows.iter().map(|decided| &decided.row);
    let (consumed, others): (Vec<_>, Vec<_>) =
        consumed.partition(|row| matches!(row.event, Event::Consumed { .. }));
    assert_eq!((consumed.len(), others.len()), (1, 1));
    assert_eq!(consumed[0].mark, Some(mark));
    assert_eq!(consumed[0].attributed_at, instant("2026-01-01"));
    assert_eq!(consumed[0].texts.words().unwrap().dimensions, consume.dimensions);
    assert_eq!((&others[0].mark, others[0].texts.words()), (&None, None));
}

#[test]
fn a_reservation_bears_its_fingerprint_and_metadata() {
    let now = instant("2026-01-02");
    let mut world = World::new();
    world.execute(&Command::Grant(new_grant(1, credits("10"))), now);
    let mut reserve = new_hold("job", credits("5"), now.later(1));
    reserve.metadata.insert("why".to_owned(), "because".to_owned());
    world.execute(&Command::Reserve(reserve.clone()), now);
    let row = &world.rows.last().unwrap().row;
    assert_eq!(row.mark, Some(Mark { key: None, fingerprint: reserve.fingerprint }));
    assert_eq!(row.texts.words().unwrap().metadata, Some(reserve.metadata));
}

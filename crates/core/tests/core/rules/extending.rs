//! An open hold ends at another instant: later or sooner, within a day from now (decisions 69, 77).

use scrip_core::{Command, Event, Extend, HoldEnd, Refusal, Release, Timestamp};

use crate::world::{World, credits, instant, new_grant, new_hold, refusal, reservation};

const HOUR: i64 = 3_600_000;

fn start() -> Timestamp {
    instant("2026-01-01")
}

fn extend(ends: impl Into<HoldEnd>) -> Command {
    Command::Extend(Extend { reservation: reservation("job"), ends: ends.into() })
}

/// A wallet of 100 credits in which 30 are held for an hour.
fn held() -> World {
    let mut world = World::new();
    world.execute(&Command::Grant(new_grant(1, credits("100"))), start());
    let hold = new_hold("job", credits("30"), start().later(HOUR));
    world.execute(&Command::Reserve(hold), start());
    world
}

#[test]
fn the_hold_ends_when_it_was_said_last() {
    for (ends, at) in [
        (HoldEnd::At(start().later(5 * HOUR)), start().later(5 * HOUR)),
        (HoldEnd::After { milliseconds: 2 * HOUR }, start().later(2 * HOUR + 1)),
        (HoldEnd::After { milliseconds: 1 }, start().later(2)),
    ] {
        let mut world = held();
        let before = world.wallet.balance().unwrap();
        let outcome = world.execute(&extend(ends), start().later(1));
        let row = &outcome.rows[outcome.own.unwrap()].row;
        let expires_at = at;
        let reservation = reservation("job");
        assert_eq!(row.event, Event::HoldExtended { reservation, expires_at });
        assert_eq!(row.event.parts().unwrap(), [], "no row of the API");
        let after = world.wallet.balance().unwrap();
        assert_eq!((after.used, after.available), (before.used, before.available));
        assert_eq!(after.valid_until, Some(at));
        world.execute(&Command::Advance, at.later(-1));
        assert_eq!(world.wallet.holds().count(), 1);
        let ended = world.execute(&Command::Advance, at);
        assert!(matches!(ended.rows[0].row.event, Event::HoldExpired { .. }));
        assert_eq!(ended.rows[0].row.recorded_at, at);
    }
}

#[test]
fn to_end_when_it_ends_anyway_writes_nothing() {
    let mut world = held();
    let outcome = world.execute(&extend(start().later(HOUR)), start().later(1));
    assert_eq!((outcome.rows.len(), outcome.own), (0, Ok(0)));
}

#[test]
fn an_end_out_of_range_is_refused() {
    let mut world = held();
    for ends in [
        HoldEnd::At(start()),
        HoldEnd::At(start().later(24 * HOUR + 1)),
        HoldEnd::After { milliseconds: 0 },
        HoldEnd::After { milliseconds: 24 * HOUR + 1 },
    ] {
        let outcome = world.execute(&extend(ends), start());
        assert_eq!(refusal(outcome), Refusal::HoldExpiryOutOfRange, "{ends:?}");
    }
    let latest = world.execute(&extend(HoldEnd::After { milliseconds: 24 * HOUR }), start());
    assert_eq!(latest.own, Ok(0));
}

#[test]
fn only_an_open_hold_is_extended() {
    let mut world = held();
    let release = Release { reservation: reservation("job"), consumed: credits("10") };
    world.execute(&Command::Release(release), start());
    let outcome = world.execute(&extend(start().later(HOUR)), start());
    assert!(matches!(refusal(outcome), Refusal::NotFound { .. }));
}

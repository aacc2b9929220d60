//! The promises, held against random histories. Conservation, the overdraft rule and the sums are
//! audited after every command by the world itself (see `world` and `books`).

use proptest::prelude::*;
use scrip_core::{Command, Credits, Event, GrantNumber, OnInsufficient, Outcome, Refusal, Wallet};

use crate::histories::{Life, Moment, histories};
use crate::world::{World, expected_burn, pairs};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn no_credit_is_lost_duplicated_or_unexplained(history in histories(40)) {
        Life::through(&history);
    }

    #[test]
    fn commands_do_what_the_published_order_says(history in histories(40)) {
        let mut life = Life::new();
        for moment in &history {
            obeys(&mut life, moment);
        }
    }

    #[test]
    fn time_and_versions_only_go_up(history in histories(40)) {
        let mut life = Life::new();
        for moment in &history {
            let before = life.world.wallet.balance().unwrap();
            let sequence = life.world.wallet.sequence();
            let command = life.command(moment);
            life.world.execute(&command, life.now);
            let after = life.world.wallet.balance().unwrap();
            let moved = life.world.wallet.sequence() > sequence;
            prop_assert!(after.updated_at >= before.updated_at);
            prop_assert!(after.version_microseconds >= before.version_microseconds);
            prop_assert!(!moved || after.version_microseconds > before.version_microseconds);
            let updated_at = after.updated_at.map_or(0, |at| at.microseconds());
            prop_assert!(after.version_microseconds >= updated_at);
        }
    }
}

/// Executes one moment and compares with what was worked out before it.
fn obeys(life: &mut Life, moment: &Moment) {
    let command = life.command(moment);
    life.world.execute(&Command::Advance, life.now);
    let before = life.world.wallet.clone();
    let outcome = life.world.execute(&command, life.now);
    match &command {
        Command::Consume(consume) => {
            let rejects = consume.on_insufficient == OnInsufficient::Reject;
            consumed(&before, consume.amount, rejects, &outcome);
        }
        Command::Reserve(reserve) => reserved(&before, reserve.amount, &outcome),
        Command::Release(release) => {
            if let Some(hold) = before.hold(&release.reservation) {
                let Event::Released { consumed, .. } = own_event(&outcome) else { panic!() };
                let total = Credits::sum(consumed.iter().map(|leg| leg.amount)).unwrap();
                assert_eq!(total, release.consumed);
                for (backing, leg) in hold.legs.iter().zip(consumed) {
                    assert_eq!(backing.grant, leg.grant, "charged in the order that was fixed");
                }
            } else {
                assert!(outcome.own.is_err());
            }
        }
        Command::ReleaseLate { release, .. } => {
            let Event::Released { consumed, returned, .. } = own_event(&outcome) else { panic!() };
            assert_eq!(*returned, Credits::ZERO);
            burned(&before, release.consumed, &pairs(consumed));
        }
        _ => {}
    }
}

fn consumed(before: &Wallet, amount: Credits, rejects: bool, outcome: &Outcome) {
    let available = before.balance().unwrap().available;
    match &outcome.own {
        Ok(_) => {
            let Event::Consumed { legs } = own_event(outcome) else { panic!() };
            assert!(available >= amount || !rejects);
            burned(before, amount, &pairs(legs));
        }
        Err(Refusal::InsufficientCredits { .. }) => assert!(rejects && available < amount),
        Err(refusal) => assert_eq!(refusal, &Refusal::CreatedAtTooOld),
    }
}

fn reserved(before: &Wallet, amount: Credits, outcome: &Outcome) {
    let available = before.balance().unwrap().available;
    match &outcome.own {
        Ok(_) => {
            let Event::Reserved { legs, .. } = own_event(outcome) else { panic!() };
            assert_eq!((pairs(legs), Credits::ZERO), expected_burn(before, amount));
        }
        Err(Refusal::InsufficientCredits { .. }) => assert!(available < amount),
        Err(refusal) => assert_eq!(refusal, &Refusal::HoldExpiryOutOfRange),
    }
}

/// The legs are those of the published order; what was missing stands last, on the overdraft.
fn burned(before: &Wallet, amount: Credits, legs: &[(GrantNumber, Credits)]) {
    let (expected, missing) = expected_burn(before, amount);
    assert_eq!(legs[..expected.len()], expected);
    let overdrawn: Vec<Credits> = legs[expected.len()..].iter().map(|leg| leg.1).collect();
    let expected: Vec<Credits> = [missing].into_iter().filter(|rest| rest.is_positive()).collect();
    assert_eq!(overdrawn, expected);
}

/// The event of the command itself, whatever had to come before it.
fn own_event(outcome: &Outcome) -> &Event {
    &outcome.rows[*outcome.own.as_ref().unwrap()].row.event
}

/// A history that is refused as a whole leaves nothing behind.
#[test]
fn a_wallet_without_rows_is_as_new() {
    let mut world = World::new();
    let now = crate::world::instant("2026-01-01");
    world.execute(&Command::Advance, now);
    world.execute(&Command::ConfirmPayment(scrip_core::GrantId::mint(0, 0)), now);
    assert_eq!(world.wallet, Wallet::new(crate::world::key()));
    assert_eq!(world.wallet.balance().unwrap().updated_at, None);
}

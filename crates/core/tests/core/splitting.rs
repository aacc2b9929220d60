//! Whoever looks, and how often, changes nothing: time passed in one step or in many brings the
//! same rows and the same wallet.

use proptest::prelude::*;
use scrip_core::{Command, Row, Wallet};

use crate::histories::{Life, histories};
use crate::world::origin;

const MINUTE_MILLISECONDS: i64 = 60 * 1_000;
const FAR_MINUTES: i64 = 90 * 24 * 60;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn many_steps_are_as_good_as_one(
        history in histories(30),
        mut looks in prop::collection::vec(0..FAR_MINUTES, 0..40),
    ) {
        let life = Life::through(&history);
        looks.push(FAR_MINUTES);
        let (whole, rows) = steps(&life, &[FAR_MINUTES]);
        looks.sort_unstable();
        let (split, split_rows) = steps(&life, &looks);
        prop_assert_eq!(&split_rows, &rows);
        prop_assert_eq!(&split, &whole);

        // Looking every time something is due is as good, too.
        let mut step_by_step = life.world.wallet.clone();
        let mut stepped = Vec::new();
        while let Some(due) = step_by_step.next_due() {
            let outcome = step_by_step.execute(&Command::Advance, due.at, &origin()).unwrap();
            prop_assert!(outcome.rows.iter().all(|decided| decided.row.recorded_at == due.at));
            stepped.extend(outcome.rows.into_iter().map(|decided| decided.row));
        }
        prop_assert_eq!(stepped, rows);
        prop_assert_eq!(step_by_step, whole);
    }

    /// A read folds exactly what a write would have written.
    #[test]
    fn reading_ahead_is_as_good_as_writing(history in histories(30), minutes in 0..FAR_MINUTES) {
        let life = Life::through(&history);
        let then = life.now.later(minutes * MINUTE_MILLISECONDS);
        let (written, rows) = steps(&life, &[minutes]);
        match life.world.wallet.advanced(then).unwrap() {
            Some(read) => {
                prop_assert!(!rows.is_empty());
                prop_assert_eq!(read.balance(), written.balance());
                prop_assert_eq!(read, written);
            }
            None => prop_assert_eq!(rows, Vec::new()),
        }
    }

    /// Until the instant that a balance names, nothing but a command changes it.
    #[test]
    fn a_balance_holds_until_it_says(history in histories(30)) {
        let life = Life::through(&history);
        let balance = life.world.wallet.balance().unwrap();
        if let Some(until) = balance.valid_until {
            let just_before = life.world.wallet.advanced(until.later(-1)).unwrap();
            prop_assert_eq!(just_before, None);
            prop_assert!(life.world.wallet.advanced(until).unwrap().is_some());
        }
    }
}

/// The wallet after looking at these minutes from now, and the rows that came.
fn steps(life: &Life, minutes: &[i64]) -> (Wallet, Vec<Row>) {
    let mut wallet = life.world.wallet.clone();
    let mut rows = Vec::new();
    for minutes in minutes {
        let then = life.now.later(minutes * MINUTE_MILLISECONDS);
        let outcome = wallet.execute(&Command::Advance, then, &origin()).unwrap();
        rows.extend(outcome.rows.into_iter().map(|decided| decided.row));
    }
    (wallet, rows)
}
